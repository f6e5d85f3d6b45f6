"""The evaluation of a model: replies to held-out messages, read by judges that never guided anything.

    corpus -> judges (train part), coherence (train part) -> their own held-out figures, first
    engine -> replies to every trial (chatbot/train/trials.py) -> figures (chatbot/train/figures.py) -> a dict

Two judges read every reply. The first learned from the replies that the model was trained on, so a model that
copies flatters it; the second learned from the validation part alone, which the model has never spoken. Where
they agree, copying is not what makes the figures.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import chatbot
from chatbot.errors import UsageError
from chatbot.sampling import Sampling
from chatbot.train import corpus as corpora
from chatbot.train import figures, metrics, trials
from chatbot.train.coherence import Coherence
from chatbot.train.corpus import Corpus, Item
from chatbot.train.figures import Reading, Said
from chatbot.train.judge import Judge
from chatbot.train.metrics import figure
from chatbot.train.trials import Message, Trial
from profiles import Target

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

FORMAT = 1

# Told the name of a stage and its number of steps; gives a function that hears of steps that were done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def silent(name: str, steps: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda done: None)


@dataclass(frozen=True)
class Scope:
    """How much is asked: messages, rounds (each with seeds of its own), and how many replies at once."""

    contexts: int = 200
    rounds: int = 1
    batch: int = 32
    sampling: Sampling = field(default_factory=Sampling)
    command: str = ""


def run(engine: GenerationEngine, folder: Path, scope: Scope, progress: Progress = silent) -> dict[str, Any]:
    """Evaluate a model on a corpus folder; the result is JSON-able (`tables.py` shows it).

    Raises UsageError where the corpus holds nothing that was held out.
    """
    begun = time.perf_counter()
    corpus = corpora.load(folder)
    held_out = trials.messages(corpus, folder, scope.contexts)
    if not held_out:
        raise UsageError(
            f"An evaluation asks messages that were held out of training; {str(folder)!r} holds none. "
            "Give a corpus with a larger parallel set, or one with combinations."
        )
    judges = train_judges(corpus, engine.attributes, progress)
    with progress("Coherence", 1) as advance:
        coherence = Coherence.train(corpus.parts["train"], corpus.parts["valid"])
        advance(1)
    judged_on = {
        "judges": _judge_report(judges, corpus, folder),
        "coherence": coherence.report(corpus.parts["test"]),
    }
    said = say(engine, trials.plan(held_out, engine.attributes, rounds=scope.rounds), scope, progress)
    with progress("Figures", 3) as advance:
        reading = Reading(said, judges["judge"])
        result: dict[str, Any] = {**judged_on, "control": _control(reading, judges["judge"], held_out)}
        advance(1)
        result["second_judge"] = _second(said, judges.get("second"))
        advance(1)
        result |= {"text": _text(said, held_out, corpus, coherence), "facts": facts(said)}
        advance(1)
    return {
        **_frame(engine, corpus, scope, said, len(held_out)),
        **result,
        "seconds": time.perf_counter() - begun,
    }


def train_judges(
    corpus: Corpus, attributes: dict[str, tuple[str, ...]], progress: Progress = silent
) -> dict[str, Judge]:
    """The judge, and where the validation part suffices a second one that shares no text with the model."""
    with progress("Judges", 2 * len(attributes)) as advance:
        found = {"judge": Judge.train(corpus.parts["train"], attributes, done=lambda: advance(1))}
        try:
            found["second"] = Judge.train(corpus.parts["valid"], attributes, done=lambda: advance(1))
        except UsageError:  # a small corpus: not every aspect is in its validation part
            advance(len(attributes))
    return found


def _judge_report(judges: dict[str, Judge], corpus: Corpus, folder: Path) -> dict[str, Any]:
    """How well each judge reads written replies new to it: single ones, and those with several aspects."""
    unseen = {"judge": corpus.parts["valid"], "second": corpus.parts["test"]}
    report: dict[str, Any] = {}
    for name, judge in judges.items():
        report[name] = {"attributes": judge.report(unseen[name]), "combinations": None}
        written = [
            Said(Trial("combination", i, 0, message.context, asked), text, "end", "written")
            for i, message in enumerate(trials.combinations(folder))
            for key, text in message.combined.items()
            if (asked := trials.parse(key, judge.attributes))
        ]
        if written:
            reading = Reading(written, judge)
            right, _ = reading.asked(range(len(written)), range(len(written)))
            groups = reading.messages(range(len(written)))
            report[name]["combinations"] = {
                "accuracy": figure([float(np.mean(row)) for row in right], groups),
                "all_right": figure([all(row) for row in right], groups),
            }
    return report


def say(engine: GenerationEngine, asked: Sequence[Trial], scope: Scope, progress: Progress) -> list[Said]:
    """The engine's reply to every trial, in order."""
    said: list[Said] = []
    with progress("Replies", len(asked)) as advance:
        for start in range(0, len(asked), scope.batch):
            batch = asked[start : start + scope.batch]
            replies = engine.replies(
                [trial.context for trial in batch],
                [_targets(trial, engine.default_weight) for trial in batch],
                scope.sampling,
                [trial.seed for trial in batch],
            )
            for trial, reply in zip(batch, replies, strict=True):
                reached = [t["probability_after"] for t in reply.trace.get("targets", {}).values()]
                flow, finish = str(reply.trace.get("flow", "")), str(reply.trace.get("finish", ""))
                said.append(Said(trial, reply.text, finish, flow, min(reached, default=None)))
            advance(len(batch))
    return said


def _targets(trial: Trial, default_weight: float) -> dict[str, Target]:
    weight = None if trial.strength == 1.0 else trial.strength * default_weight
    return {a: Target(aspects={aspect: 1.0}, weight=weight) for a, aspect in trial.asked.items()}


def _control(reading: Reading, judge: Judge, held_out: Sequence[Message]) -> dict[str, Any]:
    written: dict[tuple[str, str], list[str]] = {}
    for message in held_out:
        for (attribute, aspect), text in message.single.items():
            if attribute in judge.attributes:
                written.setdefault((attribute, aspect), []).append(text)
    return {
        "single": figures.single(reading),
        "combined": figures.combined(reading),
        "cross_effects": figures.cross_effects(reading),
        "written_cross_effects": figures.written_cross_effects(judge, written),
        "curve": figures.curve(reading),
        "paper": figures.paper_columns(reading),
    }


def _second(said: Sequence[Said], judge: Judge | None) -> dict[str, Any] | None:
    """The main figures by the second judge."""
    if judge is None:
        return None
    reading = Reading(said, judge)
    return {"single": figures.single(reading), "combined": figures.combined(reading)}


def _text(
    said: Sequence[Said], held_out: Sequence[Message], corpus: Corpus, coherence: Coherence
) -> dict[str, Any]:
    """Text quality of guided, combined and unguided replies, and of the written ones as a yardstick."""
    groups = {"unguided": "base", "guided": "aspect", "combined": "combination"}
    found = {name: [reply for reply in said if reply.trial.kind == kind] for name, kind in groups.items()}
    found["written"] = [
        Said(Trial("written", i, 0, message.context, {attribute: aspect}), text, "end", "written")
        for i, message in enumerate(held_out)
        for (attribute, aspect), text in message.single.items()
    ]
    found = {name: replies for name, replies in found.items() if replies}
    known = metrics.KnownText(_lines(corpus.parts["train"]))
    drawn = min(figures.MOST, *(len(replies) for replies in found.values()))
    return {
        name: {
            **figures.text_quality(
                [r.text for r in replies], [r.trial.message for r in replies], known, count=drawn
            ),
            "finished": figure([r.finish == "end" for r in replies], [r.trial.message for r in replies]),
            "flow_moved": float(np.mean([r.flow == "moved" for r in replies])),
            "coherence": coherence.ranked(
                [r.trial.context for r in replies],
                [r.text for r in replies],
                [(r.trial.name, r.trial.round) for r in replies],
            ),
        }
        for name, replies in found.items()
    }


def _lines(items: Sequence[Item]) -> list[str]:
    """Every line of the training text, each once."""
    return list(dict.fromkeys(corpora.texts(items)))


def facts(said: Sequence[Said]) -> dict[str, Any]:
    """Questions about a fact: the share of replies with a key word; with the facts hidden it is guessing."""
    names = {"told": "fact", "told_and_guided": "fact-guided", "hidden": "fact-hidden"}
    rows = {name: [reply for reply in said if reply.trial.kind == kind] for name, kind in names.items()}
    return {name: figure([answered(reply) for reply in replies]) for name, replies in rows.items()}


def answered(reply: Said) -> bool:
    """Whether the reply holds one of the words of a right answer."""
    return not set(reply.trial.answers).isdisjoint(metrics.words(reply.text))


def _frame(
    engine: GenerationEngine, corpus: Corpus, scope: Scope, said: Sequence[Said], messages: int
) -> dict[str, Any]:
    """What one must know to do it again."""
    sampling = replace(scope.sampling, seed=None)
    return {
        "format": FORMAT,
        "command": scope.command,
        "version": chatbot.__version__,
        "python": platform.python_version(),
        "model": engine.name,
        "model_digest": engine.digest,
        "corpus_digest": corpus.digest,
        "messages": messages,
        "rounds": scope.rounds,
        "seeds": f"round * {trials.SEED_STRIDE} + message, rounds 0 to {scope.rounds - 1}",
        "replies": len(said),
        "default_weight": engine.default_weight,
        "sampling": {name: value for name, value in asdict(sampling).items() if name != "seed"},
    }
