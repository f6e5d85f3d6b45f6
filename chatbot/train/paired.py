"""Two ways of replying held against each other on the same messages, requests and seeds.

Every measure is a number for each case (message, round, request). A difference is taken case by case, and its
interval is a bootstrap over messages: what a message has of its own cancels out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chatbot.train import metrics, panel
from chatbot.train.coherence import Coherence
from chatbot.train.consistency import answered
from chatbot.train.corpus import Corpus
from chatbot.train.interview import Progress, silent
from chatbot.train.judge import TextJudge
from chatbot.train.metrics import Figure, figure
from chatbot.train.reading import Reading, Said

Case = tuple[int, int, str]
Values = dict[str, dict[Case, float]]  # measure -> case -> value


@dataclass(frozen=True)
class Readers:
    """Who reads the replies: judges, and the discriminator of coherence."""

    judges: Mapping[str, TextJudge]
    coherence: Coherence

    @classmethod
    def train(
        cls,
        corpus: Corpus,
        attributes: Mapping[str, tuple[str, ...]],
        kinds: Sequence[str],
        progress: Progress = silent,
    ) -> Readers:
        """Judges and discriminator from a corpus, as an evaluation has them, less the second judge."""
        judges = panel.train(corpus, attributes, kinds, progress)
        judges.pop("second", None)
        with progress("Coherence", 1) as advance:
            coherence = Coherence.train(corpus.parts["train"], corpus.parts["valid"])
            advance(1)
        return cls(judges, coherence)

    def values(self, said: Sequence[Said]) -> Values:
        """Every measure of every case that has it. MTLD is one value for each message."""
        found: Values = {}
        for name, judge in self.judges.items():
            reading = Reading(said, judge)
            by = "" if name == "judge" else f" ({name})"
            for kind, label in (("aspect", "one at a time"), ("combination", "together")):
                rows = reading.rows(kind)
                right, _ = reading.asked(rows, rows)
                cases = [_case(said[i]) for i in rows]
                found[label + by] = {c: float(np.mean(r)) for c, r in zip(cases, right, strict=True)}
                if kind == "combination":
                    found["all right" + by] = {c: float(all(r)) for c, r in zip(cases, right, strict=True)}
        guided = [reply for reply in said if reply.reached is not None]
        found["reached in z"] = {_case(r): float(r.reached or 0.0) for r in guided}
        found["coherence"] = self._coherent(said)
        facts = [reply for reply in said if reply.trial.kind == "fact"]
        found["facts"] = {_case(r): float(answered(r.text, r.trial.answers)) for r in facts}
        found["MTLD"] = _mtld(said)
        found["words"] = {_case(r): float(len(metrics.words(r.text))) for r in said}
        return {name: values for name, values in found.items() if values}

    def _coherent(self, said: Sequence[Said]) -> dict[Case, float]:
        chosen = [reply for reply in said if reply.trial.kind in ("base", "aspect", "combination")]
        contexts, texts = [r.trial.context for r in chosen], [r.text for r in chosen]
        requests = [(r.trial.kind, r.trial.name, r.trial.round) for r in chosen]
        rows, _, beaten = self.coherence.wins(contexts, texts, requests) if chosen else ([], [], [])
        return {_case(chosen[i]): value for i, value in zip(rows, beaten, strict=True)}


def _case(reply: Said) -> Case:
    return reply.trial.message, reply.trial.round, f"{reply.trial.kind} {reply.trial.name}"


def _mtld(said: Sequence[Said]) -> dict[Case, float]:
    """Of all replies to a message together, one after the other."""
    together: dict[Case, list[str]] = {}
    for reply in said:
        if reply.trial.kind in ("aspect", "combination"):
            case = (reply.trial.message, reply.trial.round, "")
            together.setdefault(case, []).extend(metrics.words(reply.text))
    values = {case: metrics.mtld(words) for case, words in together.items()}
    return {case: value for case, value in values.items() if value is not None}


def difference(one: Mapping[Case, float], other: Mapping[Case, float]) -> Figure | None:
    """Mean of one less the other over the cases that both have, its interval over messages."""
    shared = [case for case in one if case in other]
    return figure([one[case] - other[case] for case in shared], [case[0] for case in shared])


def average(values: Mapping[Case, float]) -> Figure | None:
    return figure(values.values(), [case[0] for case in values])


def sure(found: Mapping[str, Any] | None) -> bool:
    """Whether a difference's whole interval lies on one side of 0; that of one message has no width."""
    return found is not None and found["groups"] > 1 and (found["low"] > 0 or found["high"] < 0)


# Unit of each measure in tables: shares in per cent, the rest as it is.
PLAIN = frozenset({"MTLD", "words"})


def shown(measure: str, found: Mapping[str, float] | None, *, signed: bool = False) -> str:
    """A figure of a measure with its interval, signed where it is a difference."""
    if found is None:
        return "-"
    scale = 1.0 if measure in PLAIN else 100.0
    value, low, high = (scale * found[key] for key in ("value", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})" if signed else f"{value:.1f} ({low:.1f} to {high:.1f})"
