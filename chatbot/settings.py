"""What can be set: one dataclass for each section of the settings, with the rule that each value must obey.

`config.toml` says what every setting does; chatbot/config.py reads and checks them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from typing import Any


def setting(
    default: Any, *, choices: tuple[str, ...] = (), low: float = -math.inf, high: float = math.inf
) -> Any:
    """A dataclass field with the rule that its value must obey; `low` and `high` are allowed values."""
    return field(default=default, metadata={"choices": choices, "low": low, "high": high})


def broken_rule(entry: Field[Any], value: Any) -> str:
    """What a value of the field's own type must be and is not; "" where it may be."""
    choices, low, high = (entry.metadata[name] for name in ("choices", "low", "high"))
    if choices and value not in choices:
        return f"one of {', '.join(choices)}"
    if type(value) in (int, float) and not low <= value <= high:
        return f"{low:g} or more" if high == math.inf else f"from {low:g} to {high:g}"
    return ""


@dataclass(frozen=True)
class ModelConfig:
    path: str = setting("embedded")
    device: str = setting("auto", choices=("auto", "cpu", "cuda", "mps"))
    dtype: str = setting("auto", choices=("auto", "float32", "bfloat16", "float16"))


# Names of solvers: "log-" in the time in which the flow is slow at its end (chatbot/flow.py).
FIXED = ("euler", "midpoint", "heun2", "heun3", "rk4")
ADAPTIVE = ("dopri5", "dopri8", "bosh3", "adaptive_heun")
ALIASES = {"heun": "heun2", "log-heun": "log-heun2"}
PRIOR_TERMS = ("none", "eq19")
COORDINATES = ("auto", "whitened", "plain")
METHODS = (*(f"log-{name}" for name in FIXED), *FIXED, *ADAPTIVE, *ALIASES)


@dataclass(frozen=True)
class FlowConfig:
    method: str = setting("log-heun", choices=METHODS)
    steps: int = setting(8, low=1, high=10_000)
    prior_term: str = setting("none", choices=PRIOR_TERMS)
    target_probability: float = setting(0.997, low=1e-9, high=1.0)
    trust_radius: float = setting(6.0, low=0.0)
    beta_min: float = setting(0.1, low=0.0)
    beta_max: float = setting(20.0, low=0.0)
    max_evaluations: int = setting(2000, low=1)
    rtol: float = setting(1e-3, low=1e-12)
    atol: float = setting(1e-3, low=1e-12)
    coordinates: str = setting("auto", choices=COORDINATES)
    logits: bool = setting(False)


@dataclass(frozen=True)
class SamplingConfig:
    temperature: float = setting(0.5, low=0.0, high=10.0)
    top_p: float = setting(0.9, low=0.0, high=1.0)
    repetition_penalty: float = setting(1.1, low=0.1, high=10.0)
    no_repeat_ngram: int = setting(3, low=0)
    presence_penalty: float = setting(2.0, low=0.0, high=100.0)
    fact_bonus: float = setting(2.5, low=0.0, high=100.0)
    max_tokens: int = setting(60, low=1)
    candidates: int = setting(8, low=1, high=256)
    brevity: float = setting(0.4, low=0.0, high=100.0)
    spread: float = setting(0.3, low=0.0, high=3.0)
    contrast: float = setting(0.5, low=0.0, high=4.0)
    stop: tuple[str, ...] = setting(())
    seed: int = setting(-1, low=-1, high=2**63 - 1)


@dataclass(frozen=True)
class ChatConfig:
    profile: str = setting("gloomy-poet")
    preset: str = setting("")
    user_name: str = setting("")
    user_facts: tuple[str, ...] = setting(())
    measures: bool = setting(False)
    incognito: bool = setting(False)


@dataclass(frozen=True)
class MeasuresConfig:
    drift_threshold: float = setting(0.4, low=0.0, high=1.0)
    drift_window: int = setting(4, low=1)
    hold: bool = setting(False)
    hold_limit: float = setting(4.0, low=1.0)


@dataclass(frozen=True)
class MemoryConfig:
    enabled: bool = setting(True)
    recall: bool = setting(True)


@dataclass(frozen=True)
class StorageConfig:
    path: str = setting("")


@dataclass(frozen=True)
class ProfilesConfig:
    path: str = setting("")


@dataclass(frozen=True)
class TuiConfig:
    theme: str = setting("dusk")
    animations: bool = setting(True)
    compact: bool = setting(False)
    emphasis: bool = setting(True)
    vim_keys: bool = setting(False)
    restore_tabs: bool = setting(False)
    keys: Mapping[str, str] = field(default_factory=dict, metadata={"choices": (), "low": 0, "high": 0})
