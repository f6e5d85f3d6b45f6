"""Figures of an evaluation: how often the judge reads what was asked, and how good the text is otherwise.

Everything here is arithmetic on replies that were already given. Intervals are 95 % bootstrap intervals over
messages, so that the many replies to one message do not count as many independent cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chatbot.train import metrics
from chatbot.train.judge import Judge
from chatbot.train.metrics import Figure, KnownText, figure
from chatbot.train.trials import Trial

LONG = 8  # replies of more words than this are looked for in the training text
MOST = 1000  # replies that a measure of variety is taken over


@dataclass(frozen=True)
class Said:
    """A reply to a trial. `reached`: the lowest probability of an asked aspect in the latent space."""

    trial: Trial
    text: str
    finish: str
    flow: str
    reached: float | None = None


class Reading:
    """Replies as one judge reads them."""

    def __init__(self, said: Sequence[Said], judge: Judge) -> None:
        self.said = list(said)
        self.attributes = judge.attributes
        self.probabilities = judge.probabilities([reply.text for reply in said])
        self._base = {
            (reply.trial.message, reply.trial.round): i
            for i, reply in enumerate(said)
            if reply.trial.kind == "base"
        }

    def rows(self, kind: str, name: str | None = None) -> list[int]:
        """Replies of one kind, to one request where it is named, whose asked attributes can all be judged."""
        return [
            i
            for i, reply in enumerate(self.said)
            if reply.trial.kind == kind
            and name in (None, reply.trial.name)
            and reply.trial.asked.keys() <= self.attributes.keys()
        ]

    def unguided(self, rows: Sequence[int]) -> list[int]:
        """The replies with all weights 0 to the same messages and seeds."""
        return [self._base[self.said[i].trial.message, self.said[i].trial.round] for i in rows]

    def messages(self, rows: Sequence[int]) -> list[int]:
        return [self.said[i].trial.message for i in rows]

    def asked(self, rows: Sequence[int], read: Sequence[int]) -> tuple[list[list[bool]], list[list[float]]]:
        """Whether each aspect that a row asks for is the likeliest in the reply `read`, and how likely."""
        right: list[list[bool]] = []
        likely: list[list[float]] = []
        for row, reply in zip(rows, read, strict=True):
            pairs = [
                (self.probabilities[attribute][reply], self.attributes[attribute].index(aspect))
                for attribute, aspect in self.said[row].trial.asked.items()
            ]
            right.append([int(p.argmax()) == wanted for p, wanted in pairs])
            likely.append([float(p[wanted]) for p, wanted in pairs])
        return right, likely


def control(reading: Reading, rows: Sequence[int]) -> dict[str, Figure | None]:
    """Judged accuracy and mean probability of what was asked, the same for weights 0, and the gain."""
    right, likely = reading.asked(rows, rows)
    plain_right, plain_likely = reading.asked(rows, reading.unguided(rows))
    groups = reading.messages(rows)
    means = [[float(np.mean(row)) for row in table] for table in (right, likely, plain_right, plain_likely)]
    return {
        "accuracy": figure(means[0], groups),
        "probability": figure(means[1], groups),
        "unguided_accuracy": figure(means[2], groups),
        "unguided_probability": figure(means[3], groups),
        "gain": figure([own - plain for own, plain in zip(means[0], means[2], strict=True)], groups),
    }


def single(reading: Reading) -> dict[str, Any]:
    """Each aspect alone, each attribute over its aspects, and the mean over all attributes."""
    rows = reading.rows("aspect")
    by_aspect: dict[str, list[int]] = {}
    by_attribute: dict[str, list[int]] = {}
    for i in rows:
        name = reading.said[i].trial.name
        by_aspect.setdefault(name, []).append(i)
        by_attribute.setdefault(name.split("/")[0], []).append(i)
    return {
        "all": control(reading, rows),
        "attributes": {name: control(reading, chosen) for name, chosen in by_attribute.items()},
        "aspects": {name: control(reading, chosen) for name, chosen in by_aspect.items()},
    }


def combined(reading: Reading) -> dict[str, Any] | None:
    """Several attributes at once: the mean, the worst attribute and combination, how often all are right."""
    rows = reading.rows("combination")
    if not rows:
        return None
    names = list(dict.fromkeys(reading.said[i].trial.name for i in rows))
    each = {name: _at_once(reading, reading.rows("combination", name)) for name in names}
    attributes = list(dict.fromkeys(a for i in rows for a in reading.said[i].trial.asked))
    alone = {name: _one_of_many(reading, rows, name) for name in attributes}
    return {
        "all": _at_once(reading, rows),
        "attributes": alone,
        "combinations": each,
        "worst_attribute": min(alone, key=lambda name: alone[name]["value"]),
        "worst_combination": min(each, key=lambda name: each[name]["accuracy"]["value"]),
    }


def _at_once(reading: Reading, rows: Sequence[int]) -> dict[str, Any]:
    groups = reading.messages(rows)
    right, _ = reading.asked(rows, rows)
    plain, _ = reading.asked(rows, reading.unguided(rows))
    return {
        **control(reading, rows),
        "all_right": figure([all(row) for row in right], groups),
        "unguided_all_right": figure([all(row) for row in plain], groups),
    }


def _one_of_many(reading: Reading, rows: Sequence[int], attribute: str) -> Any:
    chosen = [i for i in rows if attribute in reading.said[i].trial.asked]
    right, _ = reading.asked(chosen, chosen)
    places = [list(reading.said[i].trial.asked).index(attribute) for i in chosen]
    return figure([row[k] for row, k in zip(right, places, strict=True)], reading.messages(chosen))


def cross_effects(reading: Reading) -> dict[str, dict[str, float]]:
    """Asked attribute -> judged attribute -> how far asking moves it (total variation, 0 to 1).

    The distance between the judge's mean distribution with the request and without, averaged over aspects.
    Only the diagonal should be large; written replies are not clean either (`written_cross_effects`).
    """
    pairs: dict[str, list[tuple[list[int], list[int]]]] = {}
    for name in dict.fromkeys(reading.said[i].trial.name for i in reading.rows("aspect")):
        rows = reading.rows("aspect", name)
        pairs.setdefault(name.split("/")[0], []).append((rows, reading.unguided(rows)))
    return {
        asked: {
            judged: float(np.mean([_moved(values[rows], values[plain]) for rows, plain in found]))
            for judged, values in reading.probabilities.items()
        }
        for asked, found in pairs.items()
    }


def written_cross_effects(judge: Judge, texts: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, Any]:
    """The same matrix for written replies: each aspect's against the replies of all aspects together."""
    judged = {name: judge.probabilities(list(replies)) for name, replies in texts.items()}
    if not judged:
        return {}
    everything = {a: np.concatenate([p[a] for p in judged.values()]) for a in judge.attributes}
    return {
        asked: {
            attribute: float(
                np.mean([_moved(p[attribute], whole) for (owner, _), p in judged.items() if owner == asked])
            )
            for attribute, whole in everything.items()
        }
        for asked in dict.fromkeys(owner for owner, _ in judged)
    }


def _moved(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.mean(0) - other.mean(0)).sum()) / 2


def curve(reading: Reading) -> list[dict[str, Any]]:
    """Asked strength against what came of it, on the same messages and aspects at every point.

    `latent`: mean probability that the flow reached in the latent space; the judge's figures are of the text.
    """
    rows = reading.rows("curve")
    same = {
        (reading.said[i].trial.message, reading.said[i].trial.round, reading.said[i].trial.name) for i in rows
    }
    full = [
        i
        for i in reading.rows("aspect")
        if (reading.said[i].trial.message, reading.said[i].trial.round, reading.said[i].trial.name) in same
    ]
    points = {0.0: (full, reading.unguided(full)), 1.0: (full, full)}
    for strength in sorted({reading.said[i].trial.strength for i in rows}):
        chosen = [i for i in rows if reading.said[i].trial.strength == strength]
        points[strength] = (chosen, chosen)
    return [_point(reading, strength, *points[strength]) for strength in sorted(points)] if full else []


def _point(reading: Reading, strength: float, rows: Sequence[int], read: Sequence[int]) -> dict[str, Any]:
    right, likely = reading.asked(rows, read)
    groups = reading.messages(rows)
    reached = [r for i in read if (r := reading.said[i].reached) is not None]
    return {
        "strength": strength,
        "latent": float(np.mean(reached)) if reached else None,
        "accuracy": figure([row[0] for row in right], groups),
        "probability": figure([row[0] for row in likely], groups),
    }


def text_quality(
    texts: Sequence[str], groups: Sequence[int], known: KnownText, *, count: int
) -> dict[str, Any]:
    """Length, variety over `count` replies drawn at random, and what was copied from the training text."""
    picks: list[int] = np.random.default_rng(0).permutation(len(texts))[:count].tolist()
    drawn = [texts[i] for i in picks]
    long = [i for i, text in enumerate(texts) if len(metrics.words(text)) > LONG]
    overlaps = [known.overlap(texts[i]) for i in picks]
    shares = [share for share in overlaps if share is not None]
    return {
        "replies": len(texts),
        "words": figure([len(metrics.words(text)) for text in texts], groups),
        "drawn": len(drawn),
        "distinct": {str(n): metrics.distinct(drawn, n) for n in (1, 2, 3)},
        "self_bleu": metrics.self_bleu(drawn),
        "copied": figure([known.holds(texts[i]) for i in long], [groups[i] for i in long]),
        "known_5grams": float(np.mean(shares)) if shares else None,
    }


def paper_columns(reading: Reading) -> dict[str, Any] | None:
    """What the paper's main table holds, by the definitions of its code, over the replies to combinations."""
    rows = [i for i in reading.rows("combination") if reading.said[i].trial.written]
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:MOST].tolist()]
    if not rows:
        return None
    _, likely = reading.asked(rows, rows)
    texts = [reading.said[i].text for i in rows]
    written = [reading.said[i].trial.written for i in rows]
    return {
        "replies": len(rows),
        "personalization": float(np.mean([np.mean(row) for row in likely])),
        "bleu": metrics.paper_bleu(texts, written),
        "corpus_bleu": metrics.corpus_bleu(texts, written),
        "rouge_l": metrics.mean_rouge_l(texts, written),
        "distinct": metrics.paper_distinct(texts),
        "self_bleu": metrics.self_bleu(texts),
    }
