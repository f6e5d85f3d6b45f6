"""Figures of an evaluation: how often the judge reads what was asked, and how good the text is otherwise.

Everything here is arithmetic on replies that were already given. Intervals are 95 % bootstrap intervals over
messages, so that the many replies to one message do not count as many independent cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chatbot.train import metrics
from chatbot.train.judge import TextJudge
from chatbot.train.metrics import Figure, KnownText, figure
from chatbot.train.reading import Reading

LONG = 8  # replies of more words than this are looked for in the training text
BIG_FIVE = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
MOST = 1000  # replies that a measure of variety is taken over


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
    """Each aspect alone, each attribute over its aspects, the mean over all, and over the Big Five."""
    rows = reading.rows("aspect")
    by_aspect: dict[str, list[int]] = {}
    by_attribute: dict[str, list[int]] = {}
    for i in rows:
        name = reading.said[i].trial.name
        by_aspect.setdefault(name, []).append(i)
        by_attribute.setdefault(name.split("/")[0], []).append(i)
    five = [i for name in BIG_FIVE for i in by_attribute.get(name, [])]
    return {
        "all": control(reading, rows),
        "big_five": control(reading, five),
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
    alone = {}
    for name in attributes:
        pairs = _attribute_right(reading, rows, name)
        alone[name] = figure([right for _, right in pairs], [message for message, _ in pairs])
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


def alone_and_together(reading: Reading) -> dict[str, Any]:
    """Each attribute of the combinations asked alone and asked with the others, on the same messages.

    The paper's Table 9; `cost` is what asking together takes away, paired by message.
    """
    together = reading.rows("combination")
    where = set(reading.messages(together))
    found: dict[str, Any] = {}
    for name in dict.fromkeys(a for i in together for a in reading.said[i].trial.asked):
        rows = [i for i in reading.rows("aspect") if name in reading.said[i].trial.asked]
        rows = [i for i in rows if reading.said[i].trial.message in where]
        both = {"alone": _attribute_right(reading, rows, name)}
        both["together"] = _attribute_right(reading, together, name)
        means = [_by_message(values) for values in both.values()]
        found[name] = {kind: figure([v for _, v in p], [m for m, _ in p]) for kind, p in both.items()}
        found[name]["cost"] = figure([means[0][m] - means[1][m] for m in means[0] if m in means[1]])
    return found


def _attribute_right(reading: Reading, rows: Sequence[int], attribute: str) -> list[tuple[int, bool]]:
    """(message, whether that attribute's asked aspect is read) of each of the rows that ask for it."""
    chosen = [i for i in rows if attribute in reading.said[i].trial.asked]
    right, _ = reading.asked(chosen, chosen)
    places = [list(reading.said[i].trial.asked).index(attribute) for i in chosen]
    messages = reading.messages(chosen)
    return [(m, row[k]) for m, row, k in zip(messages, right, places, strict=True)]


def _by_message(pairs: Sequence[tuple[int, bool]]) -> dict[int, float]:
    values: dict[int, list[bool]] = {}
    for message, value in pairs:
        values.setdefault(message, []).append(value)
    return {message: float(np.mean(found)) for message, found in values.items()}


def rounds(reading: Reading) -> dict[str, list[float]]:
    """The main figures of each round, that is of each set of seeds alone."""
    found: dict[str, list[float]] = {}
    for number in sorted({reply.trial.round for reply in reading.said}):
        one = reading.only(number)
        if one.rows("aspect"):
            found.setdefault("one at a time", []).append(single(one)["all"]["accuracy"]["value"])
        if together := combined(one):
            values = {
                "together, average": together["all"]["accuracy"],
                "together, all right": together["all"]["all_right"],
                "together, worst attribute": together["attributes"][together["worst_attribute"]],
                "together, worst combination": together["combinations"][together["worst_combination"]][
                    "accuracy"
                ],
                "together, without the flow": together["all"]["unguided_accuracy"],
            }
            for name, value in values.items():
                found.setdefault(name, []).append(value["value"])
    return found


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


def written_cross_effects(judge: TextJudge, texts: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, Any]:
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
    full = _on_the_curve(reading)
    points = {0.0: (full, reading.unguided(full)), 1.0: (full, full)}
    for strength, rows in _by_strength(reading, "curve").items():
        points[strength] = (rows, rows)
    return [_point(reading, strength, *points[strength]) for strength in sorted(points)] if full else []


def asked_probability(reading: Reading) -> list[dict[str, Any]]:
    """The same where the strength is asked for as a probability of the aspect."""
    found = _by_strength(reading, "strength")
    return [_point(reading, strength, found[strength], found[strength]) for strength in sorted(found)]


def _on_the_curve(reading: Reading) -> list[int]:
    """The replies at full strength to the requests of the curve."""
    said = reading.said
    same = {(said[i].trial.message, said[i].trial.round, said[i].trial.name) for i in reading.rows("curve")}
    rows = reading.rows("aspect")
    return [i for i in rows if (said[i].trial.message, said[i].trial.round, said[i].trial.name) in same]


def _by_strength(reading: Reading, kind: str) -> dict[float, list[int]]:
    found: dict[float, list[int]] = {}
    for i in reading.rows(kind):
        found.setdefault(reading.said[i].trial.strength, []).append(i)
    return found


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
        "mtld": metrics.mtld([word for text in drawn for word in metrics.words(text)]),
        "copied": figure([known.holds(texts[i]) for i in long], [groups[i] for i in long]),
        "known_5grams": float(np.mean(shares)) if shares else None,
    }


def paper_columns(reading: Reading, candidates: int) -> dict[str, Any] | None:
    """What the paper's main table holds, by the definitions of its code, over at most 1,000 replies.

    Those of the trials for variety where there are any, of one candidate each, else those to combinations,
    each chosen among `candidates`. BLEU and ROUGE are taken over the replies whose request was also written
    to, the rest over all.
    """
    further = reading.rows("variety")
    rows = further or reading.rows("combination")
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:MOST].tolist()]
    if not rows:
        return None
    _, likely = reading.asked(rows, rows)
    texts = [reading.said[i].text for i in rows]
    pairs = [(reading.said[i].text, w) for i in rows if (w := reading.said[i].trial.written)]
    own, written = [text for text, _ in pairs], [text for _, text in pairs]
    return {
        "replies": len(rows),
        "messages": len(set(reading.messages(rows))),
        "candidates": 1 if further else candidates,
        "personalization": float(np.mean([np.mean(row) for row in likely])),
        "bleu": metrics.paper_bleu(own, written) if pairs else None,
        "corpus_bleu": metrics.corpus_bleu(own, written) if pairs else None,
        "rouge": metrics.paper_rouge(own, written) if pairs else None,
        "distinct": metrics.paper_distinct(texts),
        "self_bleu": metrics.paper_self_bleu(texts),
    }
