"""Arcs: how strongly an attribute is asked for, turn by turn, so that a persona changes as a talk goes on.

An arc is a list of points (turn, strength): before the first and after the last it is constant, between two
it is a straight line. Turn 1 is the reply to the user's first message. The strength is a probability where
the profile gives the attribute one, and a weight where it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from profiles import Target
from storage import Message

Points = Sequence[tuple[float, float]]


def arced(targets: Mapping[str, Target], arc: Mapping[str, Points], turn: int) -> dict[str, Target]:
    """The targets as they are at a turn; what has no arc, and what is asked of nobody, stays as it is."""
    found = dict(targets)
    for name, points in arc.items():
        if target := targets.get(name):
            key = "weight" if target.probability is None else "strength"
            found[name] = Target.parse({"aspects": target.aspects, key: at(points, turn)})
    return found


def at(points: Points, turn: float) -> float:
    """The value of an arc at a turn, by linear interpolation."""
    before = [point for point in points if point[0] <= turn]
    after = [point for point in points if point[0] > turn]
    if not before or not after:
        return (before or after)[-1 if before else 0][1]
    (t0, v0), (t1, v1) = before[-1], after[0]
    return v0 + (v1 - v0) * (turn - t0) / (t1 - t0)


def turn_of(path: Iterable[Message]) -> int:
    """Which turn the reply that follows a path is."""
    return max(1, sum(message.role == "user" for message in path))
