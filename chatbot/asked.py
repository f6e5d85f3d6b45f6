"""What a target asks of an attribute, as one probability for each of its aspects. Comes without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chatbot.errors import UnknownNameError


class Target(Protocol):
    """What one attribute is asked to be: weights of its aspects (sum 1), how probable they are to become
    (None: as probable as the flow makes them), and lambda, None for 1."""

    @property
    def aspects(self) -> Mapping[str, float]: ...
    @property
    def weight(self) -> float | None: ...
    @property
    def probability(self) -> float | None: ...


def check_targets(targets: Mapping[str, Target], attributes: Mapping[str, Sequence[str]]) -> None:
    """Raise UnknownNameError, with the near names, for an attribute or aspect that is none of a model's."""
    for name, target in targets.items():
        if name not in attributes:
            raise UnknownNameError("attribute", name, attributes)
        for aspect in target.aspects:
            if aspect not in attributes[name]:
                raise UnknownNameError(f"aspect of {name}", aspect, attributes[name])


def apart(v: Mapping[str, float], p: Mapping[str, float]) -> float:
    """Total variation of v and p, 1/2 sum |v - p|, over the aspects of p: 0 to 1."""
    return sum(abs(v.get(aspect, 0.0) - share) for aspect, share in p.items()) / 2


def aspect_vector(
    aspects: Mapping[str, float], probability: float | None, known: Sequence[str]
) -> dict[str, float]:
    """v over the `known` aspects of an attribute: the asked ones share `probability`, the others the rest.

    Without a probability the asked ones share 1. Where all are asked, the rest goes to all of them alike.
    """
    total = sum(aspects.values())
    asked = {aspect: aspects.get(aspect, 0.0) / total for aspect in known}
    if probability is None:
        return asked
    others = [aspect for aspect in known if not asked[aspect]] or list(known)
    return {
        aspect: probability * share + (1 - probability) * (aspect in others) / len(others)
        for aspect, share in asked.items()
    }
