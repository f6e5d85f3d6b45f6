"""First stage: the tokenizer, and a language model warmed up on plain and written dialogue.

`build_tokenizer` keeps a base's tokenizer and adds the markers, or prunes an uncased word-piece vocabulary to
what the corpus uses. `build_lm` loads any causal LM of transformers; a BERT gets a causal mask and an output
head made of its own embeddings. `warm_up` trains it on packed rows of text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.utils import logging

from chatbot.errors import UsageError
from chatbot.model.text import MARKERS, Codec, Turn
from chatbot.model.typesetting import CASE_MARKERS
from chatbot.train.corpus import Corpus
from chatbot.train.forms import Item, Plain, texts
from chatbot.train.loop import Stage, autocast, write_whole
from chatbot.train.recipe import Pretrain, Recipe

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CONTRACTIONS = ("'s", "'t", "'ll", "'re", "'ve", "'d", "'m", "'clock", "'all")
_DROPOUTS = (
    "hidden_dropout_prob", "attention_probs_dropout_prob",  # BERT
    "resid_pdrop", "embd_pdrop", "attn_pdrop",  # GPT-2
    "attention_dropout",  # Llama and its kin
    "dropout",  # DistilBERT, OPT
)  # fmt: skip
# Short rows: on a CPU the fused kernel's backward pass costs more than the plain products (measured, 1.25
# to 1).
_ATTENTION = "eager" if not torch.cuda.is_available() else "sdpa"
_WHOLE = 1 << 10  # tokens: more than any dialogue has
_WORDS = r"'(?:s|t|ll|re|ve|d|m|clock|all)(?![A-Za-z])|[^\W_]+|[^\w\s]|_"


def build_tokenizer(
    base: str, revision: str, vocabulary: int, lines: Iterable[str]
) -> tuple[Tokenizer, list[int]]:
    """The tokenizer and, for each of its ids, the base's id to copy the embedding from (-1: a new token)."""
    tokenizer = _tokenizer_of(base, revision)
    if vocabulary == 0:
        known = tokenizer.get_vocab_size()
        tokenizer.add_special_tokens([AddedToken(m, normalized=False) for m in MARKERS])
        return tokenizer, [*range(known), *[-1] * (tokenizer.get_vocab_size() - known)]
    pieces = tokenizer.get_vocab()
    if not isinstance(tokenizer.model, models.WordPiece):
        raise UsageError(
            f"Only a word-piece vocabulary can be pruned; {base!r} has another. Set vocabulary = 0 in [text]."
        )
    full = _word_pieces(pieces)
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(full.encode(line).tokens)
    letters = sorted(p for p in pieces if len(p.removeprefix("##")) == 1 and p.isascii())
    fixed = [*SPECIAL, *MARKERS, *CASE_MARKERS, *CONTRACTIONS, *letters, "“", "”", "–", "…"]
    if vocabulary < len(fixed):
        raise UsageError(
            f"A pruned vocabulary has its markers, letters and marks, {len(fixed)} in all; got {vocabulary}. "
            "Raise vocabulary in [text], or set it to 0."
        )
    kept = list(dict.fromkeys([*fixed, *(p for p, _ in counts.most_common(vocabulary))]))[:vocabulary]
    pruned = _word_pieces({piece: i for i, piece in enumerate(kept)})
    pruned.add_special_tokens([AddedToken(m, normalized=False) for m in (*SPECIAL, *MARKERS, *CASE_MARKERS)])
    return pruned, [pieces.get(piece, -1) for piece in kept]


def _tokenizer_of(base: str, revision: str) -> Tokenizer:
    """A base's own. UsageError where it has none: transformers then often makes one that knows nothing."""
    try:
        tokenizer: Tokenizer = AutoTokenizer.from_pretrained(base, revision=revision).backend_tokenizer
        if {"[UNK]", "<unk>"}.issuperset(tokenizer.encode("a", add_special_tokens=False).tokens):
            raise ValueError("it knows no letter")
    except ValueError as error:
        raise UsageError(
            f"A base must come with its tokenizer; that of {base!r} cannot be read ({error}). "
            "Save it into the same folder."
        ) from error
    return tokenizer


def _word_pieces(vocab: dict[str, int]) -> Tokenizer:
    """An uncased word-piece tokenizer that keeps `'s` and its kind whole."""
    for contraction in CONTRACTIONS:
        vocab = vocab if contraction in vocab else {**vocab, contraction: len(vocab)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=40))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    words = pre_tokenizers.Split(Regex(_WORDS), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), words])
    return tokenizer


def build_lm(base: str, revision: str, sources: Sequence[int], positions: int) -> PreTrainedModel:
    """A causal language model from `base`, its embeddings rearranged to the tokenizer's ids (see
    `sources`).
    """
    config = _config(base, revision)
    config.is_decoder = True  # or all of the BERT family see what comes next
    # Of a BERT it would warn that there is no output head, which _bert_head makes.
    lm = _loaded(AutoModelForCausalLM, base, revision, config, quiet=config.model_type == "bert")
    _rearrange(lm, sources)
    if config.model_type == "bert":
        _bert_head(lm)
        _cut_positions(lm, positions)
    return lm


def build_encoder(
    base: str, revision: str, sources: Sequence[int], layers: int, positions: int
) -> PreTrainedModel:
    """A bidirectional encoder from `base` with its lowest `layers` layers (0: all)."""
    config = _config(base, revision)
    if layers > config.num_hidden_layers:
        raise UsageError(
            f"An encoder takes its layers from its base; {base!r} has {config.num_hidden_layers}, and the "
            f"recipe asks for {layers}. Lower encoder_layers, or the layers of [matcher]."
        )
    if layers:
        config.num_hidden_layers = layers
    pooling = {"add_pooling_layer": False} if config.model_type in ("bert", "roberta") else {}
    # Of the layers that are left out it would make a long table.
    encoder = _loaded(AutoModel, base, revision, config, quiet=bool(layers), **pooling)
    _rearrange(encoder, sources)
    if config.model_type == "bert":
        _cut_positions(encoder, positions)
    return encoder


def _loaded(
    kind: Any, base: str, revision: str, config: PretrainedConfig, *, quiet: bool, **more: bool
) -> Any:
    loudness = logging.get_verbosity()
    if quiet:
        logging.set_verbosity_error()
    model = kind.from_pretrained(base, revision=revision, config=config, dtype=torch.float32, **more)
    logging.set_verbosity(loudness)
    return model


def _config(base: str, revision: str) -> PretrainedConfig:
    """The base's shape without dropout: on a CPU it halves the speed, and word dropout does its work here."""
    config = AutoConfig.from_pretrained(base, revision=revision, attn_implementation=_ATTENTION)
    for name in _DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, 0.0)
    return config


@torch.no_grad()
def _rearrange(model: Any, sources: Sequence[int]) -> None:
    """Give the embedding matrix, and an output head's that is not tied to it, one row for each id of the
    tokenizer; new tokens start at the mean row."""
    before = [table.detach().clone() for table in _tables(model)]
    rows = torch.tensor(sources)
    model.resize_token_embeddings(len(sources), mean_resizing=False)
    for old, table in zip(before, _tables(model), strict=True):
        generator = torch.Generator().manual_seed(0)
        new = old[rows.clamp(min=0)]
        fresh = old.mean(0) + 0.5 * old.std() * torch.randn(len(sources), old.shape[1], generator=generator)
        table.copy_(torch.where(rows.unsqueeze(1) >= 0, new, fresh))


def _tables(model: Any) -> list[Tensor]:
    """The weights of the embeddings, and of the output head where they are others."""
    found = (model.get_input_embeddings(), model.get_output_embeddings())
    return list({id(part.weight): part.weight for part in found if part is not None}.values())


@torch.no_grad()
def _bert_head(lm: Any) -> None:
    """An output head from nothing: identity transform, then the tied embeddings at half their scale."""
    predictions = lm.cls.predictions
    nn.init.eye_(predictions.transform.dense.weight)
    nn.init.zeros_(predictions.transform.dense.bias)
    nn.init.constant_(predictions.transform.LayerNorm.weight, 0.5)
    nn.init.zeros_(predictions.transform.LayerNorm.bias)
    nn.init.zeros_(predictions.bias)
    lm.tie_weights()


@torch.no_grad()
def _cut_positions(model: Any, positions: int) -> None:
    """Keep the first `positions` absolute position embeddings of a BERT (0: all)."""
    if not positions or positions >= model.config.max_position_embeddings:
        return
    embeddings = (model.bert if hasattr(model, "bert") else model).embeddings
    weight = embeddings.position_embeddings.weight[:positions].clone()
    embeddings.position_embeddings = nn.Embedding.from_pretrained(weight, freeze=False)
    embeddings.position_ids = torch.arange(positions).unsqueeze(0)
    embeddings.token_type_ids = torch.zeros(1, positions, dtype=torch.long)
    model.config.max_position_embeddings = positions


def plain_ids(codec: Codec, plain: Plain) -> list[int]:
    """A plain dialogue with speaker markers, or prose as bare lines."""
    if plain.dialogue:
        turns = (Turn("bot" if i % 2 else "user", line) for i, line in enumerate(plain.lines))
        return [i for turn in turns for i in codec.encode_turn(turn)]
    return [i for line in plain.lines for i in (*codec.encode(line), codec.end)]


def whole_dialogues(items: Iterable[Item]) -> list[Item]:
    """The items with one reply that no other one contains: of a dialogue's items the last has all its turns.

    Taken one by one, a dialogue of n turns would be read n times, the beginning each time.
    """
    # Where both sides are the speaker in turn, each side's items have its own facts.
    told = {
        (item.context.facts, (*item.context.turns, Turn("bot", item.replies[0].text))): item
        for item in items
        if len(item.replies) == 1
    }
    begun = {(facts, turns[:end]) for facts, turns in told for end in range(1, len(turns))}
    return [item for key, item in told.items() if key not in begun]


def item_ids(codec: Codec, item: Item, budget: int) -> list[list[int]]:
    """One sequence for each reply of an item: context, then the reply as in chat, without z."""
    context = codec.encode_context(item.context, budget)
    return [context + codec.encode_reply(reply.text, 1 << 10) for reply in item.replies]


class PackedText:
    """Rows of a fixed length, packed from sequences drawn at random; a row depends on (seed, step) alone."""

    def __init__(self, pools: Sequence[list[list[int]]], length: int, seed: int) -> None:
        self.pools = [_ragged(pool) for pool in pools]
        self.length, self.seed = length, seed

    def rows(self, step: int, count: int, shares: Sequence[float] | np.ndarray) -> Tensor:
        """(count, length + 1) ids, each row from one pool; `shares` are the pools' probabilities."""
        random = np.random.default_rng((self.seed, step))
        out = np.empty((count, self.length + 1), dtype=np.int64)
        for row in range(count):
            filled = 0
            flat, starts = self.pools[int(random.choice(len(self.pools), p=shares))]
            while filled <= self.length:
                pick = int(random.integers(len(starts) - 1))
                piece = flat[starts[pick] : starts[pick + 1]][: self.length + 1 - filled]
                out[row, filled : filled + len(piece)] = piece
                filled += len(piece)
        return torch.from_numpy(out)


def _ragged(sequences: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *(len(s) for s in sequences)])
    return np.fromiter((i for s in sequences for i in s), dtype=np.int32, count=int(starts[-1])), starts


def warm_up(
    lm: PreTrainedModel, codec: Codec, corpus: Corpus, recipe: Recipe, folder: Path, device: torch.device
) -> None:
    """Train `lm` in place on plain text, single messages with their replies, and whole dialogues."""
    shape, budget = recipe.pretrain, recipe.text.context_tokens
    items = corpus.parts["train"]
    pools = {
        "plain": [plain_ids(codec, text) for text in corpus.plain],
        "single": [ids for item in items if len(item.replies) > 1 for ids in item_ids(codec, item, budget)],
        "dialogues": [ids for item in whole_dialogues(items) for ids in item_ids(codec, item, _WHOLE)],
    }
    pools = {name: pool for name, pool in pools.items() if pool}
    data = PackedText(list(pools.values()), shape.length, recipe.seed)
    held_out = [ids for item in corpus.parts["valid"] for ids in item_ids(codec, item, budget)]
    valid = PackedText([held_out or [*pools.values()][-1]], shape.length, recipe.seed).rows(
        0, shape.batch, [1.0]
    )
    nn.Module.to(lm, device).train()  # before the stage, whose optimizer takes up its state where they are
    stage = Stage("pretrain", folder, {"lm": lm}, [(lm.parameters(), shape.lr)], shape.steps)

    def step(number: int) -> tuple[Tensor, dict[str, float]]:
        shares = pool_shares(shape, number / shape.steps)
        wanted = np.array([shares[name] for name in pools])
        wanted = wanted if wanted.any() else np.ones(len(pools))  # none of what there is was wanted
        rows = data.rows(number, shape.batch, wanted / wanted.sum()).to(device)
        with autocast(recipe.autocast, device):
            loss = next_token_loss(lm, rows)
        terms = {"loss": float(loss.detach())}
        if (number + 1) % 100 == 0:
            terms["valid"] = evaluate(lm, valid.to(device), recipe.autocast)
        return loss, terms

    stage.run(step)


def pool_shares(shape: Pretrain, done: float) -> dict[str, float]:
    """The share of rows from each pool when `done` (0 to 1) of the steps are; a pool may be missing."""
    written = shape.written_first + (shape.written_last - shape.written_first) * done
    return {
        "plain": 1 - written,
        "single": written * (1 - shape.dialogue_share),
        "dialogues": written * shape.dialogue_share,
    }


def next_token_loss(lm: PreTrainedModel, rows: Tensor) -> Tensor:
    """Mean cross-entropy in nats a token of rows (B, T + 1)."""
    logits = lm(input_ids=rows[:, :-1], use_cache=False).logits
    return F.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


@torch.no_grad()
def evaluate(lm: PreTrainedModel, rows: Tensor, bf16: bool) -> float:
    lm.eval()
    with autocast(bf16, rows.device):
        loss = float(next_token_loss(lm, rows))
    lm.train()
    return loss


def save_tokenizer(tokenizer: Tokenizer, sources: list[int], path: Path) -> None:
    """The tokenizer and, beside it, where its embeddings came from (a resumed run needs both)."""
    path.write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
    write_whole(path.with_suffix(".sources.json"), json.dumps(sources))


def corpus_lines(corpus: Corpus) -> Iterable[str]:
    """All written text and every fourth plain text, for vocabulary counts."""
    for items in corpus.parts.values():
        yield from texts(items)
    for plain in corpus.plain[::4]:
        yield from plain.lines


def pieced_words(corpus: Corpus, codec: Codec) -> list[str]:
    """The words that two replies have at least, and the tokenizer in several word pieces, in order; none with
    a tokenizer that knows no such pieces."""
    if codec.cased:
        return []
    replies = {reply.text for items in corpus.parts.values() for item in items for reply in item.replies}
    counts = Counter(word for text in replies for word in set(re.findall(r"[^\W\d_]+", text.lower())))
    return sorted(word for word, count in counts.items() if count > 1 and len(codec.encode(word)) > 1)
