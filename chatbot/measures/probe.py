"""Whether a persona is what it asks to be: everyday messages put to it, its replies measured.

The measure is the model's own posterior encoder and heads, read from the text alone: it tells whether the
words show what was asked as this model understands it, and it is no independent judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot import persona
from chatbot.arc import arced
from chatbot.errors import UsageError
from chatbot.measures import drift
from chatbot.model.text import Context
from chatbot.terminal import columns, counted, one_line
from chatbot.train.metrics import Figure, figure
from profiles import Profile, Target

if TYPE_CHECKING:
    from chatbot.decoding.sampling import Sampling
    from chatbot.engine import GenerationEngine

BATCH = 12  # messages answered at once
NOTE = "The measure is the model's own reading of its words, not an independent judge's."


@dataclass(frozen=True)
class Row:
    """One attribute: how far replies are as asked, 1 - total variation, which is p for a single aspect."""

    attribute: str
    asked: str
    fit: Figure
    inside: bool


@dataclass(frozen=True)
class Report:
    profile: str
    profile_digest: str
    model: str
    model_digest: str
    messages: int
    replies: int  # to each message
    seed: int
    band: float
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        return all(row.inside for row in self.rows)


def messages() -> list[str]:
    """The messages that every test uses; their order and words are part of the measure."""
    return json.loads(Path(__file__).with_name("probes.json").read_text(encoding="utf-8"))


def targets(profile: Profile) -> dict[str, Target]:
    """What is asked of the first reply; UsageError where that is nothing."""
    wanted = arced(profile.attributes, profile.arc, 1)
    guided = {name: target for name, target in wanted.items() if target.weight != 0}
    if not guided:
        raise UsageError(f"A test needs attributes, and {profile.name} asks for none. Set one and try again.")
    return guided


def run(
    engine: GenerationEngine,
    profile: Profile,
    sampling: Sampling,
    *,
    replies: int,
    seed: int,
    band: float,
    asked: Sequence[str] | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> Report:
    """Put every message to the persona `replies` times, each as the first of a conversation.

    Reply k to message i has seed + i + 1000 k.
    """
    guided = targets(profile)
    engine.check(guided)
    asked = messages() if asked is None else asked
    facts = persona.facts(profile, "", persona.chance_of(seed))
    rounds = [(i, seed + i + 1000 * turn) for turn in range(replies) for i in range(len(asked))]
    fits: list[dict[str, float]] = []
    for start in range(0, len(rounds), BATCH):
        batch = rounds[start : start + BATCH]
        contexts = [Context.of(facts, [asked[i]]) for i, _ in batch]
        found = engine.replies(contexts, [guided] * len(batch), sampling, [own for _, own in batch])
        fits += [drift.distances(reply.trace) for reply in found]
        advance(len(batch))
    groups = [i for i, _ in rounds]
    return Report(
        profile=profile.name,
        profile_digest=profile.digest(),
        model=engine.name,
        model_digest=engine.digest,
        messages=len(asked),
        replies=replies,
        seed=seed,
        band=band,
        rows=tuple(_row(name, target, fits, groups, band) for name, target in guided.items()),
    )


def told(report: Report) -> str:
    """A head, a line for each attribute, and what the measure is worth."""
    each = counted(report.replies, "reply")
    cells = [("ATTRIBUTE", "ASKED", "MEAN", "95 %", "")]
    for row in report.rows:
        span = f"{row.fit['low']:.2f} to {row.fit['high']:.2f}"
        verdict = "inside" if row.inside else f"OUT: below {report.band:.2f}"
        cells.append((one_line(row.attribute), row.asked, f"{row.fit['value']:.2f}", span, verdict))
    model = f"{one_line(report.model)} {report.model_digest}"
    head = f"{report.profile} on {model}: {report.messages} messages, {each} each, seed {report.seed}"
    return "\n".join((head, *columns(cells), NOTE))


def as_fields(report: Report) -> dict[str, Any]:
    return asdict(report) | {"passed": report.passed, "note": NOTE}


def _row(
    name: str, target: Target, gaps: Sequence[Mapping[str, float]], groups: Sequence[int], band: float
) -> Row:
    fit = figure([1 - gap[name] for gap in gaps], groups)
    assert fit is not None  # there are messages
    return Row(name, str(target), fit, fit["value"] >= band)
