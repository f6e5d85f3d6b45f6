"""The words of each pole of a trait: the n-grams that tell them apart, in a model's replies and the corpus's.

Log-odds with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words"): for counts
y of an n-gram among n of one pole and y', n' of the other, with a prior a proportional to its count in both,

    delta = log((y + a) / (n + a0 - y - a)) - log((y' + a) / (n' + a0 - y' - a))
    z     = delta / sqrt(1 / (y + a) + 1 / (y' + a))

A large |z| is a difference that is large for how often the n-gram was seen. Holding a model's telling n-grams
against the corpus's follows PersonalityChat: `shared` is the share of them that lean the same way there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chatbot.train.corpus import Corpus
from chatbot.train.metrics import ngrams, words
from chatbot.train.reading import Said

PRIOR = 500.0  # the prior's weight in counts of n-grams
ORDERS = (1, 2)
MOST = 8  # telling n-grams of each pole


def log_odds(one: Mapping[str, int], other: Mapping[str, int], prior: float = PRIOR) -> dict[str, float]:
    """n-gram -> z: above 0 where it speaks for `one`, below for `other`."""
    both = Counter(one) + Counter(other)
    total, n, m = sum(both.values()), sum(one.values()), sum(other.values())
    found: dict[str, float] = {}
    for gram, count in both.items():
        a = prior * count / total
        y, x = one.get(gram, 0) + a, other.get(gram, 0) + a
        rest, left = n + prior - y, m + prior - x
        if rest > 0 and left > 0:
            found[gram] = (math.log(y / rest) - math.log(x / left)) / math.sqrt(1 / y + 1 / x)
    return found


def counts(texts: Iterable[str]) -> Counter[str]:
    """How many of the texts have each n-gram of words: a text that repeats itself counts once."""
    found: Counter[str] = Counter()
    for text in texts:
        own = words(text)
        found.update({" ".join(gram) for n in ORDERS for gram in ngrams(own, n)})
    return found


def traits(
    said: Sequence[Said], corpus: Corpus, attributes: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, Any]]:
    """For each attribute with two poles: the telling n-grams of each, of the model and of the corpus."""
    spoken = _by_label(
        (label, reply.text)
        for reply in said
        if reply.trial.kind == "aspect"
        for label in reply.trial.asked.items()
    )
    written = _by_label(
        (label, reply.text)
        for item in corpus.parts["train"]
        for reply in item.replies
        for label in reply.labels
    )
    found: dict[str, dict[str, Any]] = {}
    for attribute, aspects in attributes.items():
        pair = [(attribute, aspect) for aspect in aspects]
        if len(pair) == 2 and all(label in spoken and label in written for label in pair):
            one, two = pair
            model = log_odds(counts(spoken[one]), counts(spoken[two]))
            corpora = log_odds(counts(written[one]), counts(written[two]))
            found[attribute] = {
                "model": {aspects[0]: _top(model, 1), aspects[1]: _top(model, -1)},
                "corpus": {aspects[0]: _top(corpora, 1), aspects[1]: _top(corpora, -1)},
                "shared": _shared(model, corpora),
            }
    return found


def _by_label(pairs: Iterable[tuple[tuple[str, str], str]]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for label, text in pairs:
        found.setdefault(label, []).append(text)
    return found


def _top(scores: Mapping[str, float], sign: int) -> list[tuple[str, float]]:
    best = sorted(scores, key=lambda gram: (-sign * scores[gram], gram))[:MOST]
    return [(gram, round(scores[gram], 2)) for gram in best if sign * scores[gram] > 0]


def _shared(model: Mapping[str, float], corpora: Mapping[str, float]) -> float | None:
    """Of the model's 100 most telling n-grams the share that lean the same way in the corpus."""
    best = sorted(model, key=lambda gram: (-abs(model[gram]), gram))[:100]
    known = [gram for gram in best if gram in corpora]
    return sum(model[g] * corpora[g] > 0 for g in known) / len(best) if best else None
