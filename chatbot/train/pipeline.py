"""The whole training run: corpus, tokenizer and warm-up, CVAE, heads, chats, preferences, matcher, artifact.

Every stage leaves its result in the work folder and is passed over when it is there, so the same command
goes on after a kill at any step. A work folder is of one run alone (`claim`). Evaluation is a command of its
own (`chatbot eval`), because it reads a finished artifact.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from tokenizers import Tokenizer
from transformers import PreTrainedModel

import chatbot
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.artifact import Artifact, Manifest
from chatbot.model.cvae import CVAELoss, DialogueCVAE
from chatbot.model.decoder import LatentDecoder
from chatbot.model.encoder import layers, max_positions
from chatbot.model.heads import Heads
from chatbot.model.matcher import Matcher
from chatbot.model.text import Codec
from chatbot.train import corpus as corpora
from chatbot.train import filters, fit_chats, fit_cvae, fit_heads, fit_matcher, fit_preference, pretrain
from chatbot.train.corpus import Corpus
from chatbot.train.loop import of_another_model, read_checkpoint, write_whole
from chatbot.train.recipe import Recipe
from profiles import ProfileError
from profiles.target import checked_word

console = Console(stderr=True)


def train(
    recipe: Recipe, corpus_folder: Path, work: Path, output: Path, *, plain: Path | None, device: str
) -> Manifest:
    """Run or resume all stages; write the model to `output` and return its manifest.

    Raises UsageError for a work folder of another run, for what cannot be built, and for a corpus that cannot
    be learnt from.
    """
    _check_folders(recipe)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    target = torch.device(device)
    corpus = corpora.load(corpus_folder, plain_folder=plain, plain_each=recipe.pretrain.plain_each)
    work.mkdir(parents=True, exist_ok=True)
    claim(work, recipe, corpus)
    labelled = corpus.attributes
    corpus = filters.apply(corpus, recipe.filter)
    for reason, count in corpus.dropped.items():
        first = corpus.strange.get(reason)
        what = f"line(s) of {reason} ({first})" if first else f"x {reason}"
        console.print(f"Left out, {count} {what}", markup=False, soft_wrap=True)
    _tell_aspects(corpus)
    _check_aspects(labelled, corpus.attributes)
    train = corpus.parts["train"] if recipe.cvae.together_times else filters.apart(corpus.parts["train"])
    valid = corpus.parts["valid"]
    _check_labels(replace(corpus, parts=corpus.parts | {"train": train}))
    (work / "corpus.json").write_text(json.dumps(corpus.report(), indent=2) + "\n")
    tokenizer, sources = _tokenizer(recipe, corpus, work, "decoder")
    encoder_tokenizer, encoder_sources = _tokenizer(recipe, corpus, work, "encoder")
    codec, encoder_codec = Codec(tokenizer), Codec(encoder_tokenizer)

    model = new_model(recipe, sources, encoder_sources, corpus.attributes)
    # Built now, for what cannot be is better known before the stages than after them.
    matcher = _new_matcher(recipe, model, encoder_sources) if recipe.matcher.layers else None
    if recipe.preference.steps:
        fit_preference.check(corpus, recipe.preference)
    if not (work / "pretrain.done").exists():
        console.print("Stage 1: language-model warm-up")
        pretrain.warm_up(model.decoder.lm, codec, corpus, recipe, work, target)
        (work / "pretrain.done").touch()
    else:
        load_warm_lm(model, work)

    torch.manual_seed(recipe.seed)  # as it is drawn after the warm-up, so it is where that was done before
    loss = CVAELoss(recipe.model.latent_dim, codec.size, codec.unknown)
    encoder = fit_cvae.Encoder(codec, encoder_codec, recipe.text, corpus.attributes)
    console.print("Stage 2: CVAE")
    fit_cvae.fit(model, loss, encoder, train, valid, recipe, work, target)

    console.print("Stage 3: heads")
    figures, weight = fit_heads.run(model, encoder, train, valid, recipe, work, target)
    for name, row in figures.items():
        console.print(f"  {name:<18} held-out accuracy {row['accuracy']:.3f}")
    manifest = replace(describe(recipe, model, corpus), default_weight=weight)
    words = pretrain.pieced_words(corpus, codec)
    made = Artifact(output, manifest, model.eval(), codec, encoder_codec, tuple(words))
    if recipe.chats.steps:
        console.print("Stage 4: chats")
        fit_chats.fit(made, train, valid, recipe, work, target)
    if recipe.preference.steps:
        console.print("Stage 5: preferences")
        preferred = fit_preference.fit(made, corpus, recipe, work, target)
        if "held_out_right" in preferred:
            console.print(
                f"  held-out pairs whose better reply gained more: {preferred['held_out_right']:.3f}"
            )
        if not preferred["contexts"]:
            console.print("  nothing was learnt: no reply that was marked better shows what was asked there")
    if matcher is not None:
        console.print("Stage 6: matcher")
        model.matcher = matcher
        matched = fit_matcher.fit(made, corpus, recipe, work, target)
        found = matched["found_of_ten"]
        console.print(
            f"  the written reply found among ten: {'not measured' if found is None else f'{found:.3f}'}"
        )
    return artifact.save(output, manifest, model.cpu(), tokenizer, encoder_tokenizer, words)


def claim(work: Path, recipe: Recipe, corpus: Corpus) -> None:
    """Write into the work folder which run it is of. Raises UsageError where stages of another have begun."""
    path, now = work / "run.json", _run(recipe, corpus)
    before = json.loads(path.read_text("utf-8")) if path.exists() else now
    changed = [
        f"{name} was {before.get(name)!r}, now is {now.get(name)!r}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    if changed and [*work.glob("*.pt"), *work.glob("train.jsonl")]:
        raise UsageError(
            f"A work folder is of one run; {str(work)!r} is of another: {'; '.join(changed)}. "
            "Give another --work, or delete this folder to begin anew."
        )
    if changed:  # the first start was refused before any stage; its tokenizers may be of another base
        for left in work.glob("*tokenizer*.json"):
            left.unlink()
    if changed or not path.exists():
        write_whole(path, json.dumps(now, indent=2) + "\n")


def _run(recipe: Recipe, corpus: Corpus) -> dict[str, Any]:
    """All that decides what a run makes, as JSON gives it back: the recipe's values by name, and digests."""
    found: dict[str, Any] = {
        "corpus digest": corpus.digest[:16],
        "plain text digest": corpus.plain_digest[:16],
    }
    for name, value in recipe.to_dict().items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        else:
            found[name] = value
    return json.loads(json.dumps(found))


def _tokenizer(recipe: Recipe, corpus: Corpus, work: Path, part: str) -> tuple[Tokenizer, list[int]]:
    """The tokenizer of the encoder or of the decoder, built once; the same base gives the same tokenizer."""
    base, revision = getattr(recipe.base, part), getattr(recipe.base, f"{part}_revision")
    name = "tokenizer" if part == "decoder" or base == recipe.base.decoder else "encoder-tokenizer"
    path = work / f"{name}.json"
    kept = path.with_suffix(".sources.json")  # written last
    if not kept.exists():
        lines = pretrain.corpus_lines(corpus)
        tokenizer, sources = pretrain.build_tokenizer(base, revision, recipe.text.vocabulary, lines)
        pretrain.save_tokenizer(tokenizer, sources, path)
    return Tokenizer.from_file(str(path)), json.loads(kept.read_text())


def new_model(
    recipe: Recipe, sources: list[int], encoder_sources: list[int], attributes: dict[str, tuple[str, ...]]
) -> DialogueCVAE:
    """Encoders and decoder from their pretrained bases; everything else from nothing.

    Raises UsageError for names, layers and lengths that do not fit.
    """
    base, text, shape = recipe.base, recipe.text, recipe.model
    torch.manual_seed(recipe.seed)
    try:
        lm = pretrain.build_lm(base.decoder, base.decoder_revision, sources, text.positions)
        model = DialogueCVAE(
            _encoder(recipe, encoder_sources),
            None if base.share_encoder else _encoder(recipe, encoder_sources),
            LatentDecoder(lm, shape.latent_dim, shape.memory_slots),
            Heads(attributes, shape.latent_dim, shape.head_dim),
            shape.latent_dim,
        )
        if base.frozen_encoder_layers:
            layers(model.prior_encoder)
    except ValueError as error:
        raise UsageError(f"The model of this recipe and this corpus cannot be built. {error}") from error
    _check_lengths(recipe, model)
    _check_decoder(base.decoder, model.decoder)
    return model


@torch.no_grad()
def _check_decoder(base: str, decoder: LatentDecoder) -> None:
    """UsageError for a language model that cannot go on from what it has read, or that sees what comes."""
    decoder.eval()
    z, reply = torch.zeros(2, decoder.memory.in_features), torch.tensor([[0, 1, 2], [0, 1, 3]])
    ones = torch.ones_like(reply)
    try:
        one, other = decoder.logits(decoder.prefill(reply, ones).select(torch.tensor([0, 0])), z, reply, ones)
    except Exception as error:  # each kind of model has its own way to fail
        reason = f"cannot keep keys and values ({error})"
    else:
        if torch.allclose(one[:2], other[:2], atol=1e-4):
            return
        reason = "sees the tokens that come next"
    raise UsageError(
        f"The decoder must be a causal language model with a key-value cache, and {base!r} {reason}. "
        "Name another base.decoder, such as gpt2."
    )


def _check_folders(recipe: Recipe) -> None:
    """UsageError for a base that can only be a folder, and is none."""
    for base in (recipe.base.encoder, recipe.base.decoder):
        path = base.startswith(("/", ".", "~")) or base.count("/") > 1
        if path and not Path(base).is_dir():
            raise UsageError(f"A base must be a hub id or a folder that exists; got {base!r}.")


def _check_labels(corpus: Corpus) -> None:
    """UsageError where the corpus has too few labelled replies to fit heads on and to calibrate them."""
    known = {(name, aspect) for name, aspects in corpus.attributes.items() for aspect in aspects}
    train, valid = (
        sum(not known.isdisjoint(reply.labels) for item in corpus.parts[part] for reply in item.replies)
        for part in ("train", "valid")
    )
    if len(corpus.parts["train"]) < 2 or not train or not valid:
        raise UsageError(
            "Training needs labelled replies to two or more messages, and held-out ones to a message in its "
            f"valid part, where one message in 25 goes; the corpus has {train} in the train part and {valid} "
            "in the valid part. Add messages with labelled replies."
        )


def _check_aspects(labelled: dict[str, tuple[str, ...]], kept: dict[str, tuple[str, ...]]) -> None:
    """UsageError for an aspect that no persona could ask for, by its name or for want of replies."""
    for attribute, aspect in ((name, aspect) for name, aspects in labelled.items() for aspect in aspects):
        try:
            checked_word("attribute", attribute)
            checked_word("aspect", aspect if aspect != "off" else "")
        except ProfileError as error:
            raise UsageError(
                "Attributes and aspects are named by one word each, of at most 40 letters, digits, - and _, "
                "and no aspect is 'off', which turns a dial off; "
                f"the corpus has replies for {f'{attribute}/{aspect}'!r}. Rename it there."
            ) from error
        if aspect not in kept.get(attribute, ()):
            raise UsageError(
                f"Every aspect needs replies to learn it from; all of {attribute}/{aspect} were left out. "
                "Add other replies, take the label out of the corpus, or change [filter] in the recipe."
            )


def _tell_aspects(corpus: Corpus) -> None:
    """Print what there is to learn: a misspelt label is an aspect of its own."""
    replies = (reply for item in corpus.parts["train"] for reply in item.replies)
    shown = Counter(label for reply in replies for label in set(reply.labels))
    for name, aspects in corpus.attributes.items():
        counts = (f"{aspect} {shown[name, aspect]}" for aspect in aspects)
        console.print(f"Replies that show {name}: {', '.join(counts)}", markup=False, soft_wrap=True)


def _check_lengths(recipe: Recipe, model: DialogueCVAE) -> None:
    """UsageError where encoder or decoder has less positions than the recipe's lengths need."""
    text, slots = recipe.text, recipe.model.memory_slots
    decoder, encoder = model.decoder.max_positions, max_positions(model.prior_encoder)
    for part, positions, names, needed in (
        ("decoder", decoder, "length", recipe.pretrain.length),
        (
            "decoder",
            decoder,
            "context_tokens + memory_slots + reply_tokens",
            text.context_tokens + slots + text.reply_tokens,
        ),
        ("encoder", encoder, "encoder_tokens + reply_tokens", text.encoder_tokens + text.reply_tokens),
    ):
        if needed > positions:
            raise UsageError(
                f"The lengths of a recipe must fit its bases: the {part} has {positions} positions, and "
                f"{names} is {needed}. Lower it, or raise positions under [text] where the base has more."
            )


def _encoder(recipe: Recipe, sources: list[int], layers: int | None = None) -> PreTrainedModel:
    """The base's encoder with as many layers as the recipe gives the prior's, or with `layers`."""
    base = recipe.base
    count = base.encoder_layers if layers is None else layers
    return pretrain.build_encoder(base.encoder, base.encoder_revision, sources, count, recipe.text.positions)


def _new_matcher(recipe: Recipe, model: DialogueCVAE, sources: list[int]) -> Matcher:
    shape = recipe.matcher
    donor = _encoder(recipe, sources, shape.shared + shape.layers)
    return fit_matcher.start(model.prior_encoder, donor, shape.shared)


def load_warm_lm(model: DialogueCVAE, work: Path) -> None:
    """Put the warmed-up language model of an earlier run into `model`."""
    state = read_checkpoint(work / "pretrain.pt")
    try:
        model.decoder.lm.load_state_dict(state["modules"]["lm"])
    except (KeyError, RuntimeError) as error:
        raise of_another_model(work / "pretrain.pt") from error


def describe(recipe: Recipe, model: DialogueCVAE, corpus: Corpus) -> Manifest:
    """The manifest of a freshly trained model."""
    base, text, shape = recipe.base, recipe.text, recipe.model
    return Manifest(
        name=recipe.name,
        attributes=corpus.attributes,
        encoder=artifact.config_dict(model.prior_encoder.config),
        decoder=artifact.config_dict(model.decoder.lm.config),
        latent_dim=shape.latent_dim,
        memory_slots=shape.memory_slots,
        head_dim=shape.head_dim,
        share_encoder=base.share_encoder,
        context_tokens=text.context_tokens,
        encoder_tokens=text.encoder_tokens,
        reply_tokens=text.reply_tokens,
        storage=recipe.storage,
        default_probability=recipe.heads.default_probability,
        matcher_layers=recipe.matcher.layers,
        matcher_shared=recipe.matcher.shared,
        bases={
            "encoder": f"{_public(base.encoder)}@{base.encoder_revision}",
            "decoder": f"{_public(base.decoder)}@{base.decoder_revision}",
        },
        corpus_digest=corpus.digest,
        seed=recipe.seed,
        code_version=chatbot.__version__,
        recipe=_without_paths(recipe),
    )


def _public(base: str) -> str:
    """A hub id as it is; of a local folder only its name, so that no machine's paths end up in a model."""
    return Path(base).name if Path(base).is_dir() else base


def _without_paths(recipe: Recipe) -> dict[str, object]:
    base = replace(recipe.base, encoder=_public(recipe.base.encoder), decoder=_public(recipe.base.decoder))
    return replace(recipe, base=base).to_dict()
