"""A recipe: everything that a training run is told, read from one TOML file (`recipes/*.toml`).

Each section belongs to one stage. Unknown keys are refused with the nearest known one, and so is a value that
its stage could not work with: a number below its least, a share above 1, one not finite.
"""

from __future__ import annotations

import difflib
import math
import os
import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from chatbot.errors import ConfigError, UsageError
from chatbot.model.artifact import STORAGE

STAGES = ("pretrain", "cvae", "chats", "preference", "matcher")  # that have steps; heads have epochs
RECIPES = Path(__file__).parent / "recipes"
_ONE_OR_MORE = (
    "encoder_tokens", "latent_dim", "head_dim", "length", "batch", "replies", "items", "contexts", "rivals",
    "passages",
)  # fmt: skip
# A turn has two markers and may have half a context, a reply has one.
_LEAST = {**dict.fromkeys(_ONE_OR_MORE, 1), "context_tokens": 3, "reply_tokens": 2}
_SHARES = {
    "aspect_score", "written_first", "written_last", "dialogue_share", "single_share", "autoencoder", "ramp",
    "word_dropout", "context_dropout", "swap", "label_smoothing", "default_probability", "posterior_share",
}  # fmt: skip
_MOST = {**dict.fromkeys(_SHARES, 1), "seed": 2**32 - 1}  # a seed times a step's number is a seed, too


@dataclass(frozen=True)
class Base:
    """Pretrained starting points: a hub id or a local folder each."""

    encoder: str = "sentence-transformers/all-MiniLM-L6-v2"
    decoder: str = "sentence-transformers/all-MiniLM-L6-v2"
    encoder_revision: str = "main"
    decoder_revision: str = "main"
    encoder_layers: int = 0  # keep the lowest n layers; 0 = all
    share_encoder: bool = True  # one trunk for prior and posterior
    frozen_encoder_layers: int = 0  # embeddings and the lowest n layers stay as they are


@dataclass(frozen=True)
class TextShape:
    """Lengths in tokens, and the size of a pruned word-piece vocabulary (0: keep the base's tokenizer)."""

    vocabulary: int = 12_000
    context_tokens: int = 160
    encoder_tokens: int = 96
    reply_tokens: int = 72
    positions: int = 320  # keep the first n position embeddings of a BERT-like base; 0 = all


@dataclass(frozen=True)
class Shape:
    latent_dim: int = 64
    memory_slots: int = 4
    head_dim: int = 128


@dataclass(frozen=True)
class Filter:
    """What leaves the training part before a run; see chatbot/train/filters.py."""

    min_words: int = 5  # of a labelled reply
    aspect_score: float = 0.1  # least probability of a labelled aspect, by a classifier; 0: not asked


@dataclass(frozen=True)
class Pretrain:
    """Language-model warm-up on plain and written text; the share of written text grows linearly."""

    steps: int = 2000
    batch: int = 20
    length: int = 160
    lr: float = 5e-4
    plain_each: int = 12_000  # texts from one plain file at the most
    written_first: float = 0.3
    written_last: float = 0.9
    dialogue_share: float = 0.4  # of the written text: dialogues in whole; the rest: one message, one reply


@dataclass(frozen=True)
class Cvae:
    """The ELBO stage. Shares are of all steps: autoencoder first, then noise and KL ramp up, then cycles."""

    steps: int = 2000
    replies: int = 128  # replies a step
    single_share: float = 1.0  # of the items with one reply (dialogues, chats), the share that an epoch takes
    together_times: int = 1  # times an epoch takes a message with replies in several aspects; 0: none
    lr: float = 3e-4
    encoder_lr: float = 1e-4
    new_lr: float = 1e-3  # layers that start from nothing
    autoencoder: float = 0.15
    ramp: float = 0.25
    cycles: int = 2
    kl: float = 0.5
    free_bits: float = 0.1
    aspect: float = 1.0
    distance: float = 0.05
    bow: float = 0.3
    word_dropout: float = 0.15
    context_dropout: float = 0.1
    noise_first: float = 0.1
    swap: float = 0.0  # share of replies decoded from the z of another reply with the same aspects
    posterior: bool = True  # False, an ablation: z never sees the reply


@dataclass(frozen=True)
class HeadFit:
    """Heads on the frozen space: epochs over cached Gaussians, fresh samples each epoch."""

    epochs: int = 12
    batch: int = 256
    lr: float = 1e-3
    weight_decay: float = 1e-2
    items: int = 6000  # encoded for the stage, drawn at random from the train part
    label_smoothing: float = 0.02
    neutral: float = 0.5  # weight of "uniform" for the attributes that a reply is not labelled with
    widen: float = 1.5  # standard deviations of the posterior noise in head training
    default_probability: float = 0.99


@dataclass(frozen=True)
class Chats:
    """Whole chats, with the z that a chat has. `steps` 0: none."""

    steps: int = 0
    passages: int = 24  # of a batch
    replies: int = 8  # of one passage at the most
    lr: float = 1e-4
    posterior_share: float = 0.35  # of the replies that have the posterior's z


@dataclass(frozen=True)
class Preference:
    """What the decoder learns from marked replies. `steps` 0: nothing."""

    steps: int = 0
    contexts: int = 16  # of a batch, one better reply each
    rivals: int = 2  # worse replies to each
    lr: float = 3e-5
    beta: float = 0.1  # how far the decoder may go from where it began; more is less far
    likely: float = 0.5  # weight of the better reply's own likelihood
    told: float = 0.3  # weight of telling its z and its facts from its words
    self_play: int = 0  # messages of the written corpus, where its own reply is the worse one


@dataclass(frozen=True)
class MatcherFit:
    """The matcher: its shape, and what stands in a batch. `layers` 0: a model without one."""

    layers: int = 0  # of its own, above `shared` ones of the prior's encoder
    shared: int = 0
    steps: int = 700
    lr: float = 2e-4
    new_lr: float = 5e-4  # what the base does not have
    dialogues: int = 12  # dialogues of the written corpus, with up to `lines` lines each
    lines: int = 4
    single: int = 32  # single messages, and lines of dialogues that show one aspect
    plain: int = 20  # plain dialogues
    sampled: int = 32  # written replies against the model's own
    samples: int = 3000  # drawn before the stage
    marked: int = 0  # contexts with marked replies
    ranked: float = 1.5  # weight of telling their better replies from the worse


@dataclass(frozen=True)
class Recipe:
    name: str = "embedded"
    seed: int = 17
    storage: str = "int8"  # int8, bf16 or fp32
    threads: int = 0  # 0: torch's own choice
    autocast: bool = True  # bf16
    base: Base = field(default_factory=Base)
    filter: Filter = field(default_factory=Filter)
    text: TextShape = field(default_factory=TextShape)
    model: Shape = field(default_factory=Shape)
    pretrain: Pretrain = field(default_factory=Pretrain)
    cvae: Cvae = field(default_factory=Cvae)
    heads: HeadFit = field(default_factory=HeadFit)
    chats: Chats = field(default_factory=Chats)
    preference: Preference = field(default_factory=Preference)
    matcher: MatcherFit = field(default_factory=MatcherFit)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def load(reference: str) -> Recipe:
    """A recipe by name (of a shipped one) or by path. Raises ConfigError with the rule and the value."""
    path = Path(reference) if reference.endswith(".toml") else RECIPES / f"{reference}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise ConfigError(f"A recipe must be one of {known}, or a path to a .toml file; got {reference!r}.")
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except ValueError as error:  # of the form, or bytes that are no UTF-8
        raise ConfigError(f"{path}: not valid TOML: {error}.") from error
    return _fill(Recipe(), data, str(path))


def _fill(default: Any, data: dict[str, Any], where: str) -> Any:
    """`default` with the values of `data`, checked key by key against the dataclass."""
    known = {f.name: getattr(default, f.name) for f in fields(default)}
    changes: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(known)}."
            raise ConfigError(f"{where}: unknown key {key!r}.{hint}")
        current = known[key]
        if isinstance(value, dict) and is_dataclass(current):
            changes[key] = _fill(current, value, f"{where} [{key}]")
            continue
        if isinstance(current, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(current):
            raise ConfigError(f"{where}: {key} must be {type(current).__name__}; got {value!r}.")
        changes[key] = _possible(key, value, where)
    return replace(default, **changes)


def _possible(key: str, value: Any, where: str) -> Any:
    """The value itself, in a base's path with `~` for the home; ConfigError for one that its stage could not
    work with."""
    if key in ("encoder", "decoder"):
        return os.path.expanduser(value)
    if key == "storage" and value not in STORAGE:
        raise ConfigError(f"{where}: storage must be one of {', '.join(STORAGE)}; got {value!r}.")
    if isinstance(value, (int, float)):
        least, most = _LEAST.get(key, 0), _MOST.get(key, math.inf)
        if not least <= value <= most or value == math.inf:
            end = f"to {most}" if key in _MOST else "or more"
            raise ConfigError(f"{where}: {key} must be a number of {least} {end}; got {value!r}.")
    return value


def adjust(recipe: Recipe, *, base: str | None, steps: list[str], seed: int | None) -> Recipe:
    """A recipe with the values of command-line flags. `steps` holds entries like "cvae=N"."""
    if base is not None:
        base = _possible("encoder", base, "--base")
        recipe = replace(recipe, base=replace(recipe.base, encoder=base, decoder=base))
    for entry in steps:
        stage, _, count = entry.partition("=")
        if stage not in STAGES or not count.isdecimal() or int(count) < 1:
            raise UsageError(
                f"--steps must be STAGE=N with N of 1 or more and STAGE one of {', '.join(STAGES)}; "
                f"got {entry!r}."
            )
        recipe = replace(recipe, **{stage: replace(getattr(recipe, stage), steps=int(count))})
    return recipe if seed is None else replace(recipe, seed=_possible("seed", seed, "--seed"))
