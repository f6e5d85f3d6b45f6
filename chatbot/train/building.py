"""A model before its first step, from pretrained bases, and its manifest; tells what cannot be built."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

import chatbot
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.artifact import Manifest
from chatbot.model.cvae import DialogueCVAE
from chatbot.model.decoder import LatentDecoder
from chatbot.model.encoder import layers, max_positions
from chatbot.model.heads import Heads
from chatbot.model.matcher import Matcher
from chatbot.model.text import Codec
from chatbot.train import bases, fit_matcher
from chatbot.train.corpus import Corpus
from chatbot.train.forms import texts
from chatbot.train.loop import write_whole
from chatbot.train.recipe import Recipe


def tokenizer(recipe: Recipe, corpus: Corpus, work: Path, part: str) -> tuple[Tokenizer, list[int]]:
    """The tokenizer of the encoder or of the decoder, built once; the same base gives the same tokenizer."""
    base, revision = getattr(recipe.base, part), getattr(recipe.base, f"{part}_revision")
    name = "tokenizer" if part == "decoder" or base == recipe.base.decoder else "encoder-tokenizer"
    path = work / f"{name}.json"
    kept = path.with_suffix(".sources.json")  # where its embeddings come from; written last
    if not kept.exists():
        made, sources = bases.build_tokenizer(base, revision, recipe.text.vocabulary, _lines(corpus))
        path.write_text(made.to_str(pretty=True), encoding="utf-8")
        write_whole(kept, json.dumps(sources))
    return Tokenizer.from_file(str(path)), json.loads(kept.read_text())


def _lines(corpus: Corpus) -> Iterable[str]:
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


def new_model(
    recipe: Recipe, sources: list[int], encoder_sources: list[int], attributes: dict[str, tuple[str, ...]]
) -> DialogueCVAE:
    """Encoders and decoder from their pretrained bases; everything else from nothing.

    Raises UsageError for names, layers and lengths that do not fit.
    """
    base, text, shape = recipe.base, recipe.text, recipe.model
    torch.manual_seed(recipe.seed)
    try:
        lm = bases.build_lm(base.decoder, base.decoder_revision, sources, text.positions)
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
    _check_encoder(base.encoder, model)
    return model


@torch.no_grad()
def _check_encoder(base: str, model: DialogueCVAE) -> None:
    """UsageError for an encoder that needs more than tokens."""
    ids = torch.zeros(2, 3, dtype=torch.long)
    try:
        model.eval().prior(ids, torch.ones_like(ids))
    except Exception as error:  # each kind of model has its own way to fail
        raise UsageError(
            f"The encoder must give a state to each token that it reads, and {base!r} does not ({error}). "
            "Name another base.encoder, such as bert-base-uncased."
        ) from error


@torch.no_grad()
def _check_decoder(base: str, decoder: LatentDecoder) -> None:
    """UsageError for a language model that cannot go on from what it has read, that sees what comes, or to
    which the padding behind a short context is so many tokens."""
    decoder.eval()
    z, reply = torch.zeros(2, decoder.memory.in_features), torch.tensor([[0, 1, 2], [0, 1, 3]])
    ones = torch.ones_like(reply)
    try:
        read = decoder.prefill(reply, ones)
        one, other = decoder.logits(read.select(torch.tensor([0, 0])), z, reply, ones)
        padded = decoder.logits(read.until(torch.tensor([1, 1])), z, reply, ones)
        alone = decoder.logits(decoder.prefill(reply[:, :1], ones[:, :1]), z, reply, ones)
    except Exception as error:  # each kind of model has its own way to fail
        reason = f"cannot keep keys and values ({error})"
    else:
        reason = "sees the tokens that come next"
        if torch.allclose(one[:2], other[:2], atol=1e-4):
            if torch.allclose(padded, alone, rtol=1e-3, atol=1e-3):
                return
            reason = "counts padding among the tokens that it has read"
    raise UsageError(
        f"The decoder must be a causal language model with a key-value cache, and {base!r} {reason}. "
        "Name another base.decoder, such as gpt2."
    )


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
    return bases.build_encoder(base.encoder, base.encoder_revision, sources, count, recipe.text.positions)


def new_matcher(recipe: Recipe, model: DialogueCVAE, sources: list[int]) -> Matcher:
    shape = recipe.matcher
    donor = _encoder(recipe, sources, shape.shared + shape.layers)
    return fit_matcher.start(model.prior_encoder, donor, shape.shared)


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
