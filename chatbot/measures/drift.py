"""How far a persona strays from what was asked of it, reply by reply, and a hand that holds it.

The distance of one attribute is the total variation between the asked aspect vector v and the measured
probabilities p, 1/2 sum |v - p|: 0 is as asked, 1 the very opposite. Where a weight asks for a part of the
way, what it leaves of the way is no distance. The drift of a reply is the mean over its guided attributes,
each counting alike. Both come from the stored trace; no model is needed. What is measured is the model's own
reading of its words, not an independent judge's.

A conversation is past the threshold when the mean drift of its last `window` replies is above it; before
there are that many replies it never is, because a single one says little.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chatbot.asked import apart, aspect_vector
from chatbot.config import MeasuresConfig
from profiles import Target
from profiles.target import MOST_WEIGHT

LEVELS = "▁▂▃▄▅▆▇█"  # from 0 to 1
NEAR = 0.15  # drift up to which a reply is as asked
TREND = 0.02  # change of drift in each reply from which it is told
STEP = 1.25  # how much one step raises a weight that is to hold
Trace = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """When a drift is too far: see the settings [measures]. `limit` is the most a weight is multiplied by."""

    threshold: float = MeasuresConfig.drift_threshold
    window: int = MeasuresConfig.drift_window
    limit: float = MeasuresConfig.hold_limit

    @classmethod
    def of(cls, settings: MeasuresConfig) -> Rule:
        return cls(settings.drift_threshold, settings.drift_window, settings.hold_limit)


@dataclass(frozen=True)
class Point:
    """One reply: the distance of each guided attribute from what was asked, 0 to 1."""

    message_id: int
    distances: dict[str, float]

    @property
    def drift(self) -> float:
        return _mean(self.distances.values())


@dataclass(frozen=True)
class Series:
    """The replies of a path, oldest first, that asked for something and were measured."""

    points: tuple[Point, ...]
    rule: Rule

    @cached_property
    def values(self) -> list[float]:
        return [point.drift for point in self.points]

    @cached_property
    def moving(self) -> list[float]:
        """At each reply the mean of the last `window` drifts, or of all there are."""
        return [_mean(self.values[max(0, i - self.rule.window) : i]) for i in range(1, len(self.values) + 1)]

    @property
    def slope(self) -> float:
        """Change of drift in each reply, by least squares; 0 for less than two replies."""
        places, middle = range(len(self.values)), (len(self.values) - 1) / 2
        spread = sum((place - middle) ** 2 for place in places)
        return sum((p - middle) * value for p, value in zip(places, self.values, strict=True)) / (spread or 1)

    @property
    def attributes(self) -> dict[str, float]:
        """The mean distance of each attribute over the last `window` replies."""
        last = self.points[-self.rule.window :]
        names = dict.fromkeys(name for point in last for name in point.distances)
        return {name: _mean(p.distances[name] for p in last if name in p.distances) for name in names}

    @property
    def past(self) -> bool:
        return self._past(len(self.values))

    @property
    def crossed(self) -> bool:
        """Whether the last reply is the one that led past the threshold: the moment to say so, once."""
        return self.past and not self._past(len(self.values) - 1)

    def _past(self, count: int) -> bool:
        return count >= self.rule.window and self.moving[count - 1] > self.rule.threshold


def distances(trace: Trace | None) -> dict[str, float]:
    """The distance of each guided attribute that was measured; what is not as this program writes it is none:
    a trace may come from elsewhere."""
    measured, found = tables(trace, "measured"), {}
    for name, target in tables(trace, "targets").items():
        p, aspects, figures = numbers(measured.get(name)), numbers(target.get("aspects")), numbers(target)
        if p and sum(aspects.values()) > 0 and target.get("weight") != 0:
            v = aspect_vector(aspects, figures.get("strength"), list(p))
            found[name] = max(0.0, apart(v, p) - figures.get("left", 0.0))
    return found


def tables(trace: Trace | None, key: str) -> dict[str, Trace]:
    """The tables that stand under a key of a trace; anything else there is passed over."""
    outer = (trace or {}).get(key)
    items = outer.items() if isinstance(outer, Mapping) else ()
    return {name: inner for name, inner in items if isinstance(inner, Mapping)}


def numbers(table: object) -> dict[str, float]:
    """The numbers of a table that shares, weights and factors can be; anything else is passed over."""
    items = table.items() if isinstance(table, Mapping) else ()
    return {name: number for name, number in items if isinstance(number, int | float) and 0 <= number < 1e6}


def own(role: str, speaker: str) -> bool:
    """Whether the persona itself said a message: what somebody else replied, by name, is not its drift."""
    return role == "bot" and not speaker


def series(replies: Iterable[tuple[int, Trace | None]], rule: Rule) -> Series:
    """The drift of replies, each given as its message's number and its trace."""
    found = ((number, distances(trace)) for number, trace in replies)
    return Series(tuple(Point(number, gaps) for number, gaps in found if gaps), rule)


# --- telling it


def sparkline(values: Sequence[float], width: int = 16) -> str:
    """The last `width` values as blocks; the lowest stands for 0, the highest for 1."""
    return "".join(LEVELS[min(int(value * len(LEVELS)), len(LEVELS) - 1)] for value in values[-width:])


def in_words(found: Series) -> str:
    """'near what was asked, moving away'"""
    if not found.points:
        return "nothing was asked or measured"
    now = found.moving[-1]
    away = "as asked" if now <= NEAR else "near what was asked"
    away = away if now <= found.rule.threshold else "away from what was asked"
    trend = "moving away" if found.slope > TREND else "coming back" if found.slope < -TREND else "steady"
    return f"{away}, {trend}" if len(found.points) > 1 else away


def sentence(found: Series) -> str:
    """'Near what was asked, moving away: 0.21 over the last 4 replies; attitude 0.32, mind 0.10.'"""
    words = in_words(found)
    if found.points:
        gaps = ", ".join(f"{name} {gap:.2f}" for name, gap in found.attributes.items())
        count = min(found.rule.window, len(found.points))
        over = "one reply" if count == 1 else f"the last {count} replies"
        words += f": {found.moving[-1]:.2f} over {over}; {gaps}"
    return f"{words[0].upper()}{words[1:]}."


def short(found: Series) -> str:
    """'drift ▁▂▃ 0.21' for a bar, '' while there is no curve: before the second reply."""
    if len(found.points) < 2:
        return ""
    return f"drift {sparkline(found.values, 8)} {found.moving[-1]:.2f}"


def warning(found: Series) -> str:
    """One sentence at the moment when the threshold is passed, '' at any other."""
    if not found.crossed:
        return ""
    name, gap = max(found.attributes.items(), key=lambda pair: pair[1])
    return (
        f"The persona drifts: {found.moving[-1]:.2f} over the last {found.rule.window} replies, most of it "
        f"in {name} ({gap:.2f}). Turn that dial up, or set measures.hold = true."
    )


# --- holding it


def raised(targets: Mapping[str, Target], traces: Sequence[Trace], rule: Rule) -> dict[str, float]:
    """How many times its own weight each attribute is to pull with now; what is 1 is left out.

    `traces` are those of the path, oldest first. The factor of the last reply (its trace's "hold") goes one
    step up while the mean distance of the attribute is past the threshold, and one step down when it is not.
    Replies that were asked for something else do not count. A target with a strength says how far and
    not how hard, so it is left alone, and so is one that is off.

    A weight below 1 goes farther by this. Above 1 weights matter against each other: the flow stops where
    every target is reached, so an attribute gains what others lose.
    """
    found = {name: _factor(name, target, traces, rule) for name, target in targets.items()}
    return {name: round(factor, 6) for name, factor in found.items() if factor > 1}


def held(
    targets: Mapping[str, Target], traces: Sequence[Trace], rule: Rule
) -> tuple[dict[str, Target], dict[str, float]]:
    """The targets with the weights that hold them, and the factors of `raised` for the trace."""
    factors = raised(targets, traces, rule)
    heavier = {
        name: Target(aspects=target.aspects, weight=min(factors[name] * _weight(target), MOST_WEIGHT))
        for name, target in targets.items()
        if name in factors
    }
    return {**targets, **heavier}, factors


def _factor(name: str, target: Target, traces: Sequence[Trace], rule: Rule) -> float:
    if target.weight == 0 or target.probability is not None:
        return 1.0
    alike = [trace for trace in traces if _aspects_weighed(trace, name) == target.aspects][-rule.window :]
    gaps = [gap for trace in alike if (gap := distances(trace).get(name)) is not None]
    factor = numbers(alike[-1].get("hold")).get(name, 1.0) if alike else 1.0
    drifts = len(gaps) >= rule.window and _mean(gaps) > rule.threshold
    return min(factor * STEP, rule.limit) if drifts else max(factor / STEP, 1.0)


def _weight(target: Target) -> float:
    return 1.0 if target.weight is None else target.weight


def _aspects_weighed(trace: Trace, name: str) -> Mapping[str, float] | None:
    """The aspects that a reply was asked for with a weight; a strength may have asked for their opposite."""
    asked = tables(trace, "targets").get(name, {})
    return None if asked.get("strength") is not None else asked.get("aspects")


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values) if values else 0.0
