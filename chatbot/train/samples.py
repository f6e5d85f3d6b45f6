"""The model's own replies to messages of the written corpus, drawn once by the engine that speaks in chats.

What was written there and what the model says in its place differ in what the model has yet to learn: the
decoder learns from them (fit_preference.py), and so does the matcher (fit_matcher.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.model.artifact import Artifact
from chatbot.model.text import Context, Turn
from chatbot.train.forms import Item
from profiles import Target

_BATCH = 24  # drawn at once
_UNASKED = 0.25  # of the samples no aspect is asked


@dataclass(frozen=True)
class Sample:
    """A context, the (attribute, aspect) pairs that were asked for, the reply that was written, and what the
    model said."""

    context: Context
    asked: tuple[tuple[str, str], ...]
    written: str
    said: str


def draw(model: Artifact, items: Sequence[Item], count: int, seed: int, path: Path) -> list[Sample]:
    """`count` samples, one candidate each, to random replies of the items; less those in which the model said
    nothing or just what was written. They are kept in `path`, from which a killed run goes on."""
    samples = _read(path, count)
    engine = GenerationEngine(model)
    written = [(item.context, reply) for item in items for reply in item.replies]
    with path.open("a", encoding="utf-8") as file, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("samples", total=count, completed=len(samples))
        while len(samples) < count:
            random = np.random.default_rng((seed, len(samples)))
            places = random.integers(len(written), size=min(_BATCH, count - len(samples)))
            some = [written[int(place)] for place in places]
            asked = [reply.labels if random.random() >= _UNASKED else () for _, reply in some]
            said = engine.replies(
                [context for context, _ in some],
                [{name: Target(aspects={aspect: 1.0}) for name, aspect in labels} for labels in asked],
                Sampling(candidates=1),
                random.integers(2**32, size=len(some)).tolist(),
            )
            for (context, reply), labels, own in zip(some, asked, said, strict=True):
                samples.append(Sample(context, labels, reply.text, own.text))
                file.write(json.dumps(asdict(samples[-1])) + "\n")
            file.flush()
            progress.update(task, completed=len(samples))
    return [sample for sample in samples[:count] if sample.said and sample.said != sample.written]


def _read(path: Path, count: int) -> list[Sample]:
    """The samples of an earlier run; of one that was killed the whole batches, as the rest is drawn anew."""
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    whole = [line for line in lines if line.endswith("\n")]
    if len(whole) < count:
        whole = whole[: len(whole) // _BATCH * _BATCH]
    if len(whole) < len(lines):
        path.write_text("".join(whole), encoding="utf-8")
    return [_sample(json.loads(line)) for line in whole]


def _sample(row: dict[str, Any]) -> Sample:
    turns = tuple(Turn(turn["role"], turn["text"]) for turn in row["context"]["turns"])
    asked = tuple((name, aspect) for name, aspect in row["asked"])
    return Sample(Context(tuple(row["context"]["facts"]), turns), asked, row["written"], row["said"])
