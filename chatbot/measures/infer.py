"""What a text shows of its writer: aspects and their strengths, read by the posterior encoder and heads.

Every line is measured alone. An attribute's probabilities over the lines are the softmax of their mean
log-probability, with PRIOR more lines that say nothing mixed in: one line cannot make a character. Lines are
drawn anew (bootstrap) to see how far the result hangs on single ones; where the leading aspect could as well
be another, the attribute is left out. This is the model's own reading, made for replies: it hears how
something is said more than what, so short flat facts read as plain and reserved whatever they tell.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chatbot.errors import UsageError
from chatbot.model.text import Context
from chatbot.terminal import columns, counted, one_line
from profiles import Profile
from profiles.profile import MAX_FACT_LENGTH, MAX_FACTS

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine
    from storage import ConversationManager

PRIOR = 1.0  # lines without any sign that are mixed in
SURE = 0.55  # what the low end of the interval must reach
STRONGEST = 0.95  # the most that is asked of a persona
DRAWS = 400
MOST = 400  # lines that are read
ASKED = "Tell me about yourself."  # what a line without a context answers
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
Line = tuple[str, str]  # what was said before, and the line


@dataclass(frozen=True)
class Finding:
    """The leading aspect of an attribute, its probability with a 90 % interval, and whether it is kept."""

    attribute: str
    aspect: str
    probability: float
    low: float
    high: float
    sure: bool


def from_facts(facts: Sequence[str]) -> list[Line]:
    return [(ASKED, fact) for fact in facts if fact.strip()]


def from_text(text: str) -> list[Line]:
    """Its sentences, each by itself."""
    return [(ASKED, piece.strip()) for piece in _SENTENCE.split(text) if len(piece.split()) > 1]


def from_conversation(manager: ConversationManager, reference: str) -> list[Line]:
    """What the person said on the active path, each line behind what it answers.

    The other side of a duet stands where the person does, and its lines are a model's.
    """
    path = manager.path(manager.get(reference).id)
    before = [ASKED, *(message.text for message in path)]
    return [
        (earlier if earlier.strip() else ASKED, message.text)
        for earlier, message in zip(before, path, strict=False)
        if message.role == "user" and not message.generation and message.text.strip()
    ]


def read(engine: GenerationEngine, lines: Sequence[Line]) -> list[Finding]:
    """A finding for each attribute of the model, the surest first. UsageError when nothing was said."""
    if not lines:
        raise nothing()
    lines = lines[-MOST:]
    reader, _, _ = engine.parts
    contexts = [Context.of((), [before]) for before, _ in lines]
    measured = reader.measure(contexts, [line for _, line in lines])
    chance = random.Random(0)
    draws = [chance.choices(range(len(lines)), k=len(lines)) for _ in range(DRAWS)]
    found = [_finding(name, [line[name] for line in measured], draws) for name in engine.attributes]
    return sorted(found, key=lambda finding: -finding.low)


def nothing() -> UsageError:
    return UsageError("Nothing was said there. Give --fact, --text or --conversation with some words.")


def profile(name: str, findings: Sequence[Finding], facts: Sequence[str]) -> tuple[Profile, list[str]]:
    """A profile of what is sure, with the facts that fit into one; and a sentence on each that does not."""
    attributes = {
        finding.attribute: {
            "aspect": finding.aspect,
            "strength": round(min(finding.probability, STRONGEST), 2),
        }
        for finding in findings
        if finding.sure
    }
    facts = [fact for fact in facts if fact.strip()]
    short = [fact for fact in facts if len(fact) <= MAX_FACT_LENGTH]
    left = [
        f"Left out: {one_line(fact)[:60]}... (a fact has at most {MAX_FACT_LENGTH} characters)"
        for fact in facts
        if len(fact) > MAX_FACT_LENGTH
    ]
    left += [f"Left out: {one_line(fact)[:60]} (at most {MAX_FACTS} facts)" for fact in short[MAX_FACTS:]]
    return Profile.parse({"name": name, "facts": short[:MAX_FACTS], "attributes": attributes}), left


def told(findings: Sequence[Finding], lines: int) -> str:
    """A line for each attribute, then what is worth knowing of them."""
    cells = [("ATTRIBUTE", "ASPECT", "STRENGTH", "90 %", "")]
    for row in findings:
        span = f"{row.low:.2f} to {row.high:.2f}" if lines > 1 else "-"  # that of one line has no width
        names = one_line(row.attribute), one_line(row.aspect)
        cells.append((*names, f"{row.probability:.2f}", span, "" if row.sure else "uncertain"))
    count = counted(lines, "line") if lines <= MOST else f"the last {MOST} of {lines} lines"
    return "\n".join(
        (*columns(cells), f"Read from {count} by the model's own measure; what is uncertain is left out.")
    )


def as_fields(findings: Sequence[Finding], made: Profile, lines: int) -> dict[str, Any]:
    return {
        "lines": min(lines, MOST),
        "findings": [asdict(finding) for finding in findings],
        "profile": made.model_dump(mode="json"),
    }


def _finding(name: str, lines: Sequence[Mapping[str, float]], draws: Sequence[Sequence[int]]) -> Finding:
    whole = pooled(lines)
    aspect = max(whole, key=lambda a: whole[a])
    drawn = sorted(pooled([lines[i] for i in draw])[aspect] for draw in draws)
    low, high = drawn[len(drawn) // 20], drawn[-1 - len(drawn) // 20]
    return Finding(name, aspect, whole[aspect], low, high, len(lines) > 1 and low >= SURE)


def pooled(lines: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """softmax of the mean log-probability of each aspect, with PRIOR uniform lines among them."""
    share = len(lines) + PRIOR
    means = {aspect: sum(math.log(max(line[aspect], 1e-6)) for line in lines) / share for aspect in lines[0]}
    top = max(means.values())
    parts = {aspect: math.exp(value - top) for aspect, value in means.items()}
    return {aspect: part / sum(parts.values()) for aspect, part in parts.items()}
