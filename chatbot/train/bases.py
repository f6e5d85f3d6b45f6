"""Pretrained bases, made to fit: a tokenizer with the markers, a causal language model, an encoder.

A tokenizer stays as it is but for the markers, or is pruned to the word pieces that the corpus uses. A BERT
becomes a language model by a causal mask and an output head made of its own embeddings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
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
from chatbot.model.text import MARKERS
from chatbot.model.typesetting import CASE_MARKERS

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
    with _reading(base):
        tokenizer: Tokenizer = AutoTokenizer.from_pretrained(base, revision=revision).backend_tokenizer
        if {"[UNK]", "<unk>"}.issuperset(tokenizer.encode("a", add_special_tokens=False).tokens):
            raise ValueError("its tokenizer knows no letter")
    return tokenizer


@contextmanager
def _reading(base: str) -> Iterator[None]:
    """UsageError for a base that cannot be read."""
    try:
        yield
    except Exception as error:  # of many kinds, by what is missing
        # Behind its first sentence there may stand all kinds of models that there are.
        why = " ".join(str(error).split()).partition(". ")[0].removesuffix(".")
        raise UsageError(
            "A base must be a hub id within reach, or a folder with config.json, weights and tokenizer, of a "
            f"kind that transformers knows for its part; {base!r} cannot be read ({why}). Name another."
        ) from error


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
    try:
        with _reading(base):
            return kind.from_pretrained(base, revision=revision, config=config, dtype=torch.float32, **more)
    finally:
        logging.set_verbosity(loudness)


def _config(base: str, revision: str) -> PretrainedConfig:
    """The base's shape without dropout: on a CPU it halves the speed, and word dropout does its work here."""
    with _reading(base):
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
