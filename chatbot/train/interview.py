"""Asking a model: every trial's reply, in batches, and how long a single reply takes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chatbot.decoding.sampling import Sampling
from chatbot.train.reading import Said
from chatbot.train.trials import Trial
from profiles import Target

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

# Told the name of a stage and its number of steps; gives a function that hears of steps that were done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def silent(name: str, steps: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda done: None)


@dataclass(frozen=True)
class Scope:
    """How much is asked: messages, rounds (each with seeds of its own), and how many replies at once.

    `variety`: replies with one candidate each for the measures of variety · `timed`: single replies whose
    time is taken · `judges`: "ngram" always reads; "transformer" too where it is named.
    """

    contexts: int = 200
    rounds: int = 1
    batch: int = 32
    sampling: Sampling = field(default_factory=Sampling)
    command: str = ""
    judges: tuple[str, ...] = ("ngram", "transformer")
    variety: int = 0
    timed: int = 20


def say(
    engine: GenerationEngine,
    asked: Sequence[Trial],
    scope: Scope,
    progress: Progress = silent,
    name: str = "Replies",
) -> list[Said]:
    """The engine's reply to every trial, in order."""
    said: list[Said] = []
    with progress(name, len(asked)) as advance:
        for start in range(0, len(asked), scope.batch):
            batch = asked[start : start + scope.batch]
            replies = engine.replies(
                [trial.context for trial in batch],
                [targets(trial) for trial in batch],
                scope.sampling,
                [trial.seed for trial in batch],
            )
            for trial, reply in zip(batch, replies, strict=True):
                reached = [t["probability_after"] for t in reply.trace.get("targets", {}).values()]
                flow, finish = str(reply.trace.get("flow", "")), str(reply.trace.get("finish", ""))
                said.append(Said(trial, reply.text, finish, flow, min(reached, default=None)))
            advance(len(batch))
    return said


def say_variety(
    engine: GenerationEngine, asked: Sequence[Trial], scope: Scope, progress: Progress = silent
) -> list[Said]:
    """The replies that variety is measured over: one candidate each, in larger batches."""
    sampling = replace(scope.sampling, candidates=1)
    wide = replace(scope, sampling=sampling, batch=scope.batch * max(1, scope.sampling.candidates))
    return say(engine, asked, wide, progress, "Variety") if asked else []


def targets(trial: Trial) -> dict[str, Target]:
    """What the trial asks for, in the engine's form."""
    pull: dict[str, Any] = {}
    if trial.kind == "strength":
        pull["probability"] = trial.strength
    elif trial.strength != 1.0:
        pull["weight"] = trial.strength
    return {a: Target(aspects={aspect: 1.0}, **pull) for a, aspect in trial.asked.items()}


def seconds_a_reply(
    engine: GenerationEngine,
    asked: Sequence[Trial],
    scope: Scope,
    candidates: int,
    progress: Progress = silent,
) -> dict[str, Any] | None:
    """Median and slowest time of single replies, each the best of `candidates`, after one that warms up."""
    sampling = replace(scope.sampling, candidates=candidates)
    times = []
    timed = asked[: scope.timed + 1]
    with progress(f"Latency {candidates}", len(timed)) as advance:
        for trial in timed:
            reply = engine.replies([trial.context], [targets(trial)], sampling, [trial.seed])[0]
            times.append(reply.trace["times"]["total_ms"] / 1e3)
            advance(1)
    if len(times) < 2:
        return None
    measured = times[1:]
    return {"median": statistics.median(measured), "slowest": max(measured), "replies": len(measured)}
