"""The Big Five of a persona, by 50 statements: which of a statement and its opposite it would rather say.

Each trait has ten statements with an opposite each, half of them keyed low. For every question ("Tell me
about yourself.") and seed the persona's z is found, and with it the mean log-likelihood of a token of both
texts. Their difference, less the same difference for nobody (no targets, the same noise), is how far the
persona leans; taken for sentences of LENGTH tokens it is a log-odds, and its probability times 100 the score.
50 is nobody. Facts are left out: their words make statements likelier that share them, whoever speaks.

Likelihoods are used and not the measured aspects of replies because those are what the persona was steered
by: they would only repeat the profile. What the decoder would say is one step further away, and it separates:
on the embedded model, personas asked for high openness stand above 50 and those asked for low below it, and
so for all five. The traits are not apart there: openness, extraversion, agreeableness and neuroticism rise
and fall together, so a score says most beside the scores of other personas. It is the model's own measure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.arc import arced
from chatbot.decoding.sampling import Sampling
from chatbot.model.text import Context
from chatbot.terminal import counted, one_line
from chatbot.train.metrics import Figure, figure
from profiles import Profile, Target

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

QUESTIONS = ("Tell me about yourself.", "What sort of person are you?")
READINGS = 2 * len(QUESTIONS)  # for each sample, as the persona and as nobody
LENGTH = 10  # tokens of a statement, about
WIDTH = 40  # of a bar
NOTE = "50 is the model as nobody. The measure is the model's own, not an independent judge's."
Statement = tuple[str, str, str]  # "high" or "low", the statement, its opposite


@dataclass(frozen=True)
class Result:
    """Scores from 0 to 100 with 95 % intervals over the statements."""

    profile: str
    profile_digest: str
    model: str
    model_digest: str
    samples: int
    seed: int
    scores: dict[str, Figure]


def statements() -> dict[str, list[Statement]]:
    """Trait -> its statements."""
    return json.loads(Path(__file__).with_name("statements.json").read_text(encoding="utf-8"))


def run(
    engine: GenerationEngine,
    profile: Profile,
    *,
    samples: int,
    seed: int,
    asked: Mapping[str, Sequence[Statement]] | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> Result:
    """Score what the profile's targets of the first turn make of the model."""
    asked = statements() if asked is None else asked
    targets = arced(profile.attributes, profile.arc, 1)
    engine.check(targets)
    seeds = range(seed, seed + samples)
    own = _leanings(engine, asked, targets, seeds, advance)
    nobody = _leanings(engine, asked, {}, seeds, advance)
    scores = {}
    for trait in asked:
        points = [
            100 / (1 + math.exp(-LENGTH * (a - b))) for a, b in zip(own[trait], nobody[trait], strict=True)
        ]
        found = figure(points, seed=seed)
        assert found is not None  # every trait has statements
        scores[trait] = found
    return Result(profile.name, profile.digest(), engine.name, engine.digest, samples, seed, scores)


def told(result: Result) -> str:
    """A bar for each trait, in plain characters."""
    wide = max(map(len, result.scores))
    lines = []
    for trait, score in result.scores.items():
        filled = round(score["value"] / 100 * WIDTH)
        bar = "#" * filled + "-" * (WIDTH - filled)
        span = f"({score['low']:.0f} to {score['high']:.0f})"
        lines.append(f"{trait:<{wide}}  {bar}  {score['value']:3.0f}  {span}")
    model = f"{one_line(result.model)} {result.model_digest}"
    head = f"{result.profile} on {model}: {counted(result.samples, 'sample')}, seed {result.seed}"
    return "\n".join((head, *lines, NOTE))


def as_fields(result: Result) -> dict[str, Any]:
    return asdict(result) | {"note": NOTE}


def _leanings(
    engine: GenerationEngine,
    asked: Mapping[str, Sequence[Statement]],
    targets: Mapping[str, Target],
    seeds: Sequence[int],
    advance: Callable[[int], None],
) -> dict[str, list[float]]:
    """How much likelier the high text of each pair is than the low one, in nats a token."""
    pairs = [
        (first, second) if key == "high" else (second, first)
        for rows in asked.values()
        for key, first, second in rows
    ]
    texts = [text for pair in pairs for text in pair]
    rows: list[list[float]] = []
    for question in QUESTIONS:
        context = Context.of((), [question])
        for row in engine.weigh(context, targets, texts, Sampling(candidates=1), seeds):
            rows.append(row)
            advance(1)
    leanings = iter(sum(row[i] - row[i + 1] for row in rows) / len(rows) for i in range(0, len(texts), 2))
    return {trait: [next(leanings) for _ in own] for trait, own in asked.items()}
