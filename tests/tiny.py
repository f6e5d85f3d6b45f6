"""A real model of some 30,000 parameters, trained by the real pipeline in seconds, for every test that
needs one.

The little language has two attributes whose aspects use different words, so that anyone can check by eye
whether a reply shows the aspect it was asked for.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from chatbot.train import recipe as recipes
from chatbot.train.recipe import Recipe

THINGS = ("rain", "sun", "cat", "dog", "tea", "bread", "work", "home", "sea", "road", "moon", "song")
REPLIES = {
    "attitude/optimistic": "Good, the {} will be fine and happy.",
    "attitude/pessimistic": "Bad, the {} will be lost and sad.",
    "style/lyrical": "Oh {}, a soft silver river of stars.",
    "style/plain": "Yes. I know the {}. It is here.",
}
ASKS = ("I like the {}.", "Tell me of the {}.", "What about the {}?", "The {} again.")


def write_corpus(folder: Path) -> Path:
    """Parallel items in the corpus's own form: one message, one reply for each aspect."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "facts": [f"I have a {thing}."] if i % 2 else [],
            "turns": [ask.format(thing)],
            "replies": {name: text.format(thing) for name, text in REPLIES.items()},
        }
        for i, ask in enumerate(ASKS)
        for thing in THINGS
    ]
    marked = [
        {
            "facts": [],
            "turns": [f"My {thing}."],
            "labels": ["style/plain"],
            "marked": [[REPLIES["style/plain"].format(thing), "y"], [f"Here the the {thing} yes yes.", "n"]],
        }
        for thing in THINGS
    ]
    for name, lines in (("parallel", rows), ("marked", marked)):
        text = "\n".join(json.dumps(row) for row in lines) + "\n"
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def write_base(folder: Path) -> Path:
    """An untrained BERT of 2 layers x 32 with a word-piece vocabulary, as a local base model folder."""
    words = {
        w for text in (*REPLIES.values(), *ASKS, "I have a {}.") for w in text.lower().format("").split()
    }
    words |= {w.strip(".,?") for w in words} | set(THINGS) | set(".,?!'-:")
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [str(d) for d in range(10)]
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *sorted(words | set(letters)),
        *(f"##{x}" for x in letters),
    ]
    tokenizer = Tokenizer(
        models.WordPiece({p: i for i, p in enumerate(dict.fromkeys(pieces))}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=160,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def recipe(base: Path) -> Recipe:
    """The embedded recipe at toy size."""
    full = recipes.load("embedded")
    return replace(
        full,
        name="tiny",
        autocast=False,
        threads=1,
        base=replace(
            full.base, encoder=str(base), decoder=str(base), encoder_layers=2, frozen_encoder_layers=0
        ),
        text=replace(
            full.text, vocabulary=400, context_tokens=64, encoder_tokens=48, reply_tokens=24, positions=128
        ),
        model=replace(full.model, latent_dim=8, memory_slots=2, head_dim=16),
        pretrain=replace(full.pretrain, steps=60, batch=8, length=48, lr=5e-3),
        cvae=replace(
            full.cvae,
            steps=240,
            replies=32,
            lr=3e-3,
            encoder_lr=3e-3,
            new_lr=5e-3,
            autoencoder=0.35,
            aspect=2.0,
            bow=1.0,
        ),
        heads=replace(full.heads, epochs=40, batch=64, lr=5e-3),
        chats=replace(full.chats, steps=8, passages=8, lr=1e-4),
        preference=replace(full.preference, steps=8, contexts=8, lr=1e-4),
        matcher=replace(
            full.matcher, layers=1, shared=1, steps=30, lr=3e-3, new_lr=5e-3, samples=48, marked=6
        ),
    )


def hurried(base: Path, *, steps: int) -> Recipe:
    """The same for tests that ask how a run goes, not what it learns: few steps, and no marks needed."""
    full = recipe(base)
    return replace(
        full,
        pretrain=replace(full.pretrain, steps=steps),
        cvae=replace(full.cvae, steps=steps),
        heads=replace(full.heads, epochs=1),
        chats=replace(full.chats, steps=0),
        preference=replace(full.preference, steps=0),
    )


def train(folder: Path) -> Path:
    """Train the tiny model into `folder/model` and return that folder; `folder/work` keeps logs and
    checkpoints.
    """
    from chatbot.train import pipeline

    base = write_base(folder / "base")
    corpus = write_corpus(folder / "corpus")
    output = folder / "model"
    pipeline.train(recipe(base), corpus, folder / "work", output, plain=None, device="cpu")
    return output
