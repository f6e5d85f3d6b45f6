"""How an arc is written: points of a turn and a strength, for an attribute that the profile asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping

from profiles.errors import ProfileError
from profiles.names import did_you_mean, shortened
from profiles.target import MOST_WEIGHT, Target, real

Points = tuple[tuple[float, float], ...]

_FORM = "Write attitude = [[1, 0.2], [10, 0.9]]: from turn 1 to turn 10."


def points_of(arc: object) -> dict[str, Points]:
    """The arcs of a mapping such as {"attitude": [[1, 0.2], [10, 0.9]]}."""
    if not isinstance(arc, Mapping):
        raise ProfileError(f"An arc is a table of attributes, not {shortened(arc)}. {_FORM}")
    return {str(name): _points(str(name), points) for name, points in arc.items()}


def check(arc: Mapping[str, Points], attributes: Mapping[str, Target]) -> None:
    """Raise ProfileError when an arc is of an attribute not asked for, or of strengths it cannot have."""
    for name, points in arc.items():
        if name not in attributes:
            near = did_you_mean(name, tuple(attributes))
            raise ProfileError(
                f"An arc is of an attribute that the profile asks for, and {name!r} is none.{near} "
                f"Write it under [attributes] too."
            )
        strength = attributes[name].probability is not None
        for turn, value in points:
            if not (0 < value < 1 if strength else 0 <= value <= MOST_WEIGHT):
                rule = "strengths between 0 and 1" if strength else f"weights, 0 to {MOST_WEIGHT:.0f}"
                raise ProfileError(
                    f"The arc of {name!r} has {rule}, as the attribute has, not {value:g} at turn {turn:g}. "
                    f"{_FORM}"
                )


def _points(name: str, points: object) -> Points:
    pairs = tuple(points) if isinstance(points, list | tuple) else ()
    if not pairs or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise ProfileError(f"The arc of {name!r} is a list of points, not {shortened(points)}. {_FORM}")
    for value in (value for pair in pairs for value in pair):
        if not math.isfinite(real(value)):
            raise ProfileError(f"A point of an arc is two numbers, not {shortened(value)} ({name}). {_FORM}")
    turns = [pair[0] for pair in pairs]
    if turns[0] < 1 or any(after <= before for before, after in zip(turns, turns[1:], strict=False)):
        raise ProfileError(
            f"The turns of an arc begin at 1 or later and grow, not {shortened(turns)} ({name}). {_FORM}"
        )
    return tuple((float(turn), float(value)) for turn, value in pairs)
