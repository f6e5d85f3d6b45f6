"""The judges of an evaluation together: trained, measured on written replies, and held against each other.

    judge        n-grams, learned from the training part
    second       n-grams, learned from the validation part alone, which the model has never spoken
    transformer  reads words in their order; learned from the training part, stopped on the validation part

The first learned from the replies that the model was trained on, so a model that copies flatters it. Where
the second agrees, copying is not what makes the figures; where the third agrees, the kind of reader is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.errors import UsageError, suggestion
from chatbot.train import judge as judging
from chatbot.train import trials
from chatbot.train.corpus import Corpus
from chatbot.train.interview import Progress, silent
from chatbot.train.judge import Judge, TextJudge
from chatbot.train.metrics import figure
from chatbot.train.reading import Reading, Said
from chatbot.train.trials import Trial

KINDS = ("ngram", "transformer")


def chosen(text: str) -> tuple[str, ...]:
    """The kinds named in "ngram,transformer". Raises UsageError for another, or without the first."""
    kinds = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"A judge is one of {', '.join(KINDS)}, not {kind!r}.{suggestion(kind, KINDS)}")
    if "ngram" not in kinds:
        raise UsageError(f"The n-gram judge reads in every evaluation; got {text!r}. Add ngram.")
    return kinds


def train(
    corpus: Corpus,
    attributes: Mapping[str, tuple[str, ...]],
    kinds: Sequence[str] = KINDS,
    progress: Progress = silent,
) -> dict[str, TextJudge]:
    """The judges by name. The second is left out where the validation part does not show every aspect."""
    found: dict[str, TextJudge] = {}
    with progress("Judges", 2 * len(attributes)) as advance:
        found["judge"] = Judge.train(corpus.parts["train"], attributes, done=lambda: advance(1))
        with suppress(UsageError):
            found["second"] = Judge.train(corpus.parts["valid"], attributes, done=lambda: advance(1))
    if "transformer" in kinds:
        from chatbot.train.transformer import Schedule, TransformerJudge  # torch comes with it

        schedule = Schedule()
        with progress("Reader", schedule.rounds) as advance:
            train, valid = corpus.parts["train"], corpus.parts["valid"]
            found["transformer"] = TransformerJudge.train(
                train, valid, attributes, schedule=schedule, done=lambda: advance(1)
            )
    return found


def report(judges: Mapping[str, TextJudge], corpus: Corpus, folder: Path) -> dict[str, Any]:
    """How well each judge reads written replies new to it: single ones, and those with several aspects.

    The second judge is asked about the test part, like the transformer, which was stopped on the validation
    part; the first about the validation part.
    """
    found: dict[str, Any] = {}
    for name, judge in judges.items():
        unseen = corpus.parts["valid" if name == "judge" else "test"]
        found[name] = {"attributes": judging.report(judge, unseen), "combinations": None}
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
            found[name]["combinations"] = {
                "accuracy": figure([float(np.mean(row)) for row in right], groups),
                "all_right": figure([all(row) for row in right], groups),
            }
    return found


def agreement(readings: Mapping[str, Reading]) -> dict[str, Any]:
    """How often each other judge names the same aspect as the first, of what replies were asked for.

    With Cohen's kappa over all answers of an attribute, averaged over attributes: agreement beyond chance.
    """
    first = readings["judge"]
    rows = [*first.rows("aspect"), *first.rows("combination")]
    found: dict[str, Any] = {}
    for name, other in readings.items():
        shared = first.attributes.keys() & other.attributes.keys()
        if name == "judge" or not shared or not rows:
            continue
        named = {
            a: (first.probabilities[a].argmax(1), other.probabilities[a].argmax(1)) for a in sorted(shared)
        }
        same = [
            (first.said[i].trial.message, named[a][0][i] == named[a][1][i])
            for i in rows
            for a in first.said[i].trial.asked
            if a in named
        ]
        found[name] = {
            "same": figure([value for _, value in same], [message for message, _ in same]),
            "kappa": float(np.mean([kappa(one[rows], two[rows]) for one, two in named.values()])),
        }
    return found


def kappa(one: np.ndarray, two: np.ndarray) -> float:
    """Cohen's kappa of two lists of names: 1 is full agreement, 0 what chance gives."""
    names = np.union1d(one, two)
    chance = sum(float((one == name).mean() * (two == name).mean()) for name in names)
    return float(((one == two).mean() - chance) / (1 - chance)) if chance < 1 else 1.0
