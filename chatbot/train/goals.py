"""What the embedded model is meant to reach, as data, and whether an evaluation shows that it does.

The paper's figures are those of arXiv 2310.18342, Table 1 and 9 (other data and another judge: an anchor, no
yardstick). A goal is *met* when the measured value is, *surely* met when its whole interval is. A figure of
one message has no interval: whatever is drawn from it is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.train import markdown

Found = Mapping[str, Any] | None  # a Figure, or {"value": ...} alone


@dataclass(frozen=True)
class Goal:
    """A figure with its bound, in the unit that is shown: at least `low` or at most `high`."""

    name: str
    read: Callable[[Mapping[str, Any]], Found]
    low: float | None = None
    high: float | None = None
    paper: float | None = None
    scale: float = 100.0  # from the figure's own unit to the one that is shown
    informative: bool = False  # depends on the machine
    slack: float = 0.05  # by which two evaluations may differ, in the shown unit; at least by rounding

    @property
    def wanted(self) -> str:
        return f"at least {self.low:g}" if self.high is None else f"at most {self.high:g}"


@dataclass(frozen=True)
class Standing:
    """A goal as an evaluation finds it, in the shown unit; `met` is None where nothing was measured."""

    goal: Goal
    value: float | None
    low: float | None = None
    high: float | None = None
    single: bool = False  # it rests on one message

    @property
    def met(self) -> bool | None:
        return None if self.value is None else self._within(self.value)

    @property
    def surely(self) -> bool:
        return all(end is not None and self._within(end) for end in (self.low, self.high))

    def _within(self, value: float) -> bool:
        goal = self.goal
        return (goal.low is None or value >= goal.low) and (goal.high is None or value <= goal.high)


def standings(result: Mapping[str, Any]) -> list[Standing]:
    """Every goal against one evaluation."""
    return [_standing(goal, result) for goal in GOALS]


def table(result: Mapping[str, Any]) -> str:
    """Every goal with what the evaluation found, as a section of Markdown."""
    rows = [
        [
            found.goal.name,
            found.goal.wanted,
            "-" if found.goal.paper is None else f"{found.goal.paper:g}",
            shown(found),
            "not measured" if found.met is None else ("yes" if found.met else "no"),
            "yes" if found.surely else "",
        ]
        for found in standings(result)
    ]
    aspects = Counter(name.partition("/")[0] for name in result["control"]["single"].get("aspects", ()))
    halves = (
        "With the weights at 0 every share of aspects is 50 by construction, since each is asked for as "
        "often as its opposite: what lies above is the flow's."
    )
    return markdown.section(
        "Goals",
        markdown.table(["goal", "wanted", "paper", "measured", "met", "by its whole interval"], rows),
        "The time depends on the machine and on what else it does. Distinct and self-BLEU are measured over "
        "replies of one candidate each (--distinct 1000). The paper's figures are of other data and another "
        f"judge. {halves if set(aspects.values()) <= {2} else ''}".strip(),
    )


def shown(found: Standing) -> str:
    digits = 2 if found.goal.scale == 1.0 else 1
    if found.low is None or found.high is None:
        return markdown.number(found.value, digits)
    return f"{found.value:.{digits}f} ({found.low:.{digits}f}-{found.high:.{digits}f})"


def _standing(goal: Goal, result: Mapping[str, Any]) -> Standing:
    try:
        found = goal.read(result)
    except (KeyError, TypeError):  # not part of this evaluation, or of an older one
        found = None
    if not found or found.get("value") is None:
        return Standing(goal, None)
    single = found.get("groups", 2) < 2
    ends = (None, None) if single else (found.get("low"), found.get("high"))
    low, high = (None if end is None else goal.scale * end for end in ends)
    return Standing(goal, goal.scale * found["value"], low, high, single)


def _together(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return result["control"]["combined"]


def _worst(figures: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return min(figures, key=lambda figure: figure["value"])


def _of_many(result: Mapping[str, Any], key: str) -> Found:
    """A measure of variety, which fewer replies would flatter, and a choice among candidates would change."""
    paper = result["control"]["paper"]
    drawn = paper["replies"] >= 1000 and paper.get("candidates", 1) == 1  # older evaluations do not say
    return {"value": paper[key]} if drawn else None


GOALS = (
    Goal("several at once, average", lambda r: _together(r)["all"]["accuracy"], low=95, paper=92.75),
    Goal(
        "several at once, worst attribute",
        lambda r: _worst(list(_together(r)["attributes"].values())),
        low=93,
        paper=91.86,
    ),
    Goal(
        "several at once, worst combination",
        lambda r: _worst([f["accuracy"] for f in _together(r)["combinations"].values()]),
        low=88,
    ),
    Goal("several at once, all right", lambda r: _together(r)["all"]["all_right"], low=85),
    Goal("Big Five one at a time, average", lambda r: r["control"]["single"]["big_five"]["accuracy"], low=90),
    Goal("coherence: first of 10 replies", lambda r: r["text"]["guided"]["coherence"]["first"], low=75),
    Goal(
        "Distinct (paper's definition, 1,000 replies)",
        lambda r: _of_many(r, "distinct"),
        low=71,
        paper=70.94,
        slack=1.5,
    ),
    Goal(
        "self-BLEU (paper's definition, 1,000 replies)",
        lambda r: _of_many(r, "self_bleu"),
        high=8.9,
        paper=8.90,
        slack=1.5,
    ),
    Goal("copied replies of more than 8 words", lambda r: r["text"]["guided"]["copied"], high=3),
    Goal("facts asked directly", lambda r: r["facts"]["told"], low=90),
    Goal(
        "seconds for one reply, 4 candidates",
        lambda r: {"value": r["latency"]["of_four"]["median"]},
        high=1.0,
        scale=1.0,
        informative=True,
    ),
    Goal(
        "seconds for one reply, as many candidates as are set",
        lambda r: {"value": r["latency"]["as_set"]["median"]},
        high=1.0,
        scale=1.0,
        informative=True,
    ),
)
