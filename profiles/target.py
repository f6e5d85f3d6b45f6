"""Target: what one attribute is asked to be, an aspect vector and how strongly, in all its written forms."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from profiles.errors import ProfileError
from profiles.names import did_you_mean, shortened

HEAVIEST = 20.0  # the most that is typed or turned to; files may say more
_WORD = re.compile(r"[^\W_][\w-]{0,39}")
MOST_WEIGHT = 1e6  # beside a weight of 1 no more can be told apart
_KEYS = ("aspect", "aspects", "weight", "strength")
_FIELD = "probability"  # a strength under its name in a stored snapshot
_FORMS = (
    'Write "pessimistic", "pessimistic:90%", "pessimistic:1.2" or { aspects = { emotional = 0.8, '
    "critical = 0.2 } }."
)


class Target(BaseModel):
    """What one attribute is asked to be: an aspect vector and how strongly it pulls.

    `aspects` are shares above 0 that sum to 1. How strongly is said in one of two ways, or left to the model:
    `weight` is lambda, 0 to MOST_WEIGHT: 0 is "not guided", up to 1 it is the share of the way to the model's
    own strength (chatbot/guidance.py), above 1 it pulls harder than others. `probability`, between 0 and 1,
    is how probable the asked aspects are to be in the reply: what people call a strength.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    aspects: dict[str, float]
    weight: float | None = None
    probability: float | None = None

    @classmethod
    def parse(cls, value: object) -> Target:
        """From "pessimistic", "pessimistic:90%", "pessimistic:1.2", "emotional*0.8+critical*0.2:0.7", a
        mapping such as {"aspect": "pessimistic", "strength": 0.9}, or a Target."""
        return value if isinstance(value, Target) else cls(**_fields(value))

    @classmethod
    def typed(cls, text: str) -> Target:
        """As `parse`, of what a person types as a dial, where 90 is meant for 90%."""
        target = cls.parse(text)
        if target.weight is not None and target.weight > HEAVIEST:
            given = f"{HEAVIEST:g} at the most where it is typed, not as in {shortened(text)}"
            raise ProfileError(f"A weight is {given}. A strength is 90%.")
        return target

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object) -> dict[str, Any]:
        return _fields(value)

    def __str__(self) -> str:
        """The text that `parse` reads back without loss."""
        names = list(self.aspects)
        if len(names) > 1:
            names = [f"{name}*{share!r}" for name, share in self.aspects.items()]
        strength = "" if self.weight is None else f":{self.weight!r}"
        if self.probability is not None:  # moved by two decimals, not multiplied: it is read back exactly
            strength = f":{Decimal(repr(self.probability)).scaleb(2).normalize():f}%"
        return "+".join(names) + strength

    def written(self) -> dict[str, Any]:
        """The mapping that `parse` reads back, with what is said alone and in the words of files."""
        fields = self.model_dump(exclude_none=True)
        return {("strength" if key == _FIELD else key): value for key, value in fields.items()}


def checked_word(kind: str, name: object) -> str:
    """The name of an attribute or an aspect; ProfileError when it is not one word."""
    if isinstance(name, str) and _WORD.fullmatch(name):
        return name
    raise ProfileError(
        f"The name of an {kind} has 1 to 40 letters, digits, '-' or '_' and starts with a letter or a digit, "
        f"not {shortened(name)}. {_FORMS}"
    )


def _fields(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        value = _from_text(value)
    if not isinstance(value, Mapping):
        raise ProfileError(f"A target is a text or a table, not {shortened(value)}. {_FORMS}")
    for key in value:
        if key not in (*_KEYS, _FIELD):
            near = did_you_mean(str(key), _KEYS)
            raise ProfileError(f"A target has no key {shortened(key)}.{near} It has: {', '.join(_KEYS)}.")
    if ("aspect" in value) == ("aspects" in value):
        raise ProfileError(
            f"A target has one of 'aspect' and 'aspects', not {shortened(dict(value))}. {_FORMS}"
        )
    aspects = {checked_word("aspect", value["aspect"]): 1.0} if "aspect" in value else value["aspects"]
    return {"aspects": _shares(aspects), **_pull(value)}


def _pull(value: Mapping[str, Any]) -> dict[str, float | None]:
    """The weight and the probability of a mapping, of which one at most is said."""
    said = [key for key in ("weight", "strength", _FIELD) if value.get(key) is not None]
    if len(said) > 1:
        raise ProfileError(
            f"A target has a weight or a strength, not both as in {shortened(dict(value))}. Leave one out."
        )
    strength = value.get("strength") if value.get(_FIELD) is None else value[_FIELD]
    return {"weight": _weight(value.get("weight")), _FIELD: _probability(strength)}


def _from_text(text: str) -> dict[str, Any]:
    shares, colon, pull = text.partition(":")
    aspects: dict[str, float] = {}
    for share in shares.split("+"):
        name, star, amount = (part.strip() for part in share.partition("*"))
        if name in aspects:
            raise ProfileError(f"An aspect is named once, but {shortened(text)} has {name!r} twice. {_FORMS}")
        aspects[name] = _number(amount, text) if star else 1.0
    if pull.strip().endswith("%"):
        return {"aspects": aspects, "strength": _number(f"{pull.strip().removesuffix('%').strip()}e-2", text)}
    return {"aspects": aspects} | ({"weight": _number(pull, text)} if colon else {})


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        given = text.strip().removesuffix("e-2")
        message = f"A weight is a number, not {shortened(given)} in {shortened(whole)}. {_FORMS}"
        raise ProfileError(message) from None


def _shares(aspects: object) -> dict[str, float]:
    """The aspect vector with sum 1. A vector that has it already is kept to the last bit."""
    if not isinstance(aspects, Mapping) or not aspects:
        raise ProfileError(f"'aspects' is a table of one or more, not {shortened(aspects)}. {_FORMS}")
    shares = {checked_word("aspect", name): real(share) for name, share in aspects.items()}
    total = sum(shares.values())
    if not (all(share > 0 for share in shares.values()) and total < math.inf):
        raise ProfileError(
            f"The weight of an aspect is a number above 0, not as in {shortened(dict(aspects))}. "
            "Leave out an aspect that is not wanted."
        )
    if not math.isclose(total, 1.0, rel_tol=1e-9):
        shares = {name: share / total for name, share in shares.items()}
    if not all(shares.values()):
        raise ProfileError(f"One aspect vanishes beside another in {shortened(dict(aspects))}. Leave it out.")
    return shares


def _weight(value: object) -> float | None:
    if value is None or 0 <= real(value) <= MOST_WEIGHT:
        return None if value is None else real(value)
    raise ProfileError(
        f"A weight is a number, 0 or more, not {shortened(value)}. 1 is normal, 0 is no pull, "
        f"{MOST_WEIGHT:.0f} is the most."
    )


def _probability(value: object) -> float | None:
    if value is None or 0 < real(value) < 1:
        return None if value is None else real(value)
    raise ProfileError(
        f"A strength is a probability between 0 and 1, not {shortened(value)}. 0.9, or 90%, is strong."
    )


def real(value: object) -> float:
    """The number as a float; nan for what is no number, so that every comparison refuses it."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
