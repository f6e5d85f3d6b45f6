"""An evaluation against an earlier one: does each headline figure lie within what the earlier one found?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import UsageError
from chatbot.terminal import clean
from chatbot.train import goals


@dataclass(frozen=True)
class Row:
    """One headline figure then and now. `agrees` is None where one of the two was not measured, or rests on
    one message, which says nothing of how far it could be off."""

    goal: goals.Goal
    then: goals.Standing
    now: goals.Standing

    @property
    def agrees(self) -> bool | None:
        """Whether the new value lies in the earlier one's interval, or that in the new one's."""
        if self.then.value is None or self.now.value is None or self.then.single or self.now.single:
            return None
        return self._holds(self.then, self.now.value) or self._holds(self.now, self.then.value)

    def _holds(self, found: goals.Standing, value: float) -> bool:
        assert found.value is not None
        low = found.value if found.low is None else found.low
        high = found.value if found.high is None else found.high
        return low - self.goal.slack <= value <= high + self.goal.slack


def read(folder: Path) -> dict[str, Any]:
    """The evaluation that came with a model. Raises UsageError when there is none."""
    path = folder / "eval.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        if not isinstance(found, dict) or not found.keys() >= {"model_digest", "corpus_digest"}:
            raise ValueError("it is no evaluation")
        return found
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--compare holds an evaluation against the one that came with the model; {str(path)!r} cannot "
            f"be read ({error}). Write it first with: chatbot eval --seal"
        ) from None


def rows(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Row]:
    """Every headline figure that does not depend on the machine."""
    pairs = zip(goals.standings(then), goals.standings(now), strict=True)
    return [Row(one.goal, one, two) for one, two in pairs if not one.goal.informative]


def text(found: list[Row], then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The comparison, a line for each figure."""
    lines = [
        f"{_WORDS[row.agrees]:<12}  {row.goal.name:<48}  then {goals.shown(row.then):<20}"
        f"  now {goals.shown(row.now)}"
        for row in found
    ]
    if then["model_digest"] != now["model_digest"]:
        lines.append(f"Note: other weights then ({then['model_digest']}) than now ({now['model_digest']}).")
    if then["corpus_digest"] != now["corpus_digest"]:
        lines.append("Note: the corpus has changed since, so the messages may be others.")
    return clean("\n".join(lines))


_WORDS = {True: "agrees", False: "DIFFERS", None: "not compared"}
