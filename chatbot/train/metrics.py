"""Measures of text, and how sure one can be of them. Pure functions; no model, no file.

Two conventions stand side by side. The sound ones are the default. Those named `paper_...` repeat the
research code of arXiv 2310.18342, so that its tables can be compared: its BLEU counts characters, its
Distinct divides every n by the number of words, its self-BLEU splits at blanks. All shares are between 0
and 1.

Sources: BLEU: Papineni et al. 2002, smoothing method 1 of Chen & Cherry 2014 · ROUGE-L: Lin 2004 · Distinct:
Li et al. 2016 · MTLD: McCarthy & Jarvis 2010 · self-BLEU: Zhu et al. 2018 · calibration error: Guo et al.
2017 · bootstrap: Efron 1979.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypedDict

import numpy as np

TOKEN = r"\w+(?:'\w+)*|[^\w\s]"
_EPSILON = 0.1  # what smoothing method 1 puts in place of no match


class Figure(TypedDict):
    """A mean with its 95 % bootstrap interval. `count` values in `groups` groups that were drawn together."""

    value: float
    low: float
    high: float
    count: int
    groups: int


def tokens(text: str) -> list[str]:
    """Lower-cased words and punctuation marks."""
    return re.findall(TOKEN, text.lower().replace("’", "'"))


def words(text: str) -> list[str]:
    """Lower-cased words; "don't" is one."""
    return [token for token in tokens(text) if token[0].isalnum() or token[0] == "_"]


def ngrams(items: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(items[i : i + n]) for i in range(len(items) - n + 1)]


# Certainty


def figure(
    values: Iterable[float], groups: Iterable[Hashable] | None = None, *, seed: int = 0, draws: int = 1000
) -> Figure | None:
    """Mean and bootstrap interval. Values of one group (replies to one message) are drawn together.

    None where there are no values: a figure that was not measured has no number.
    """
    array = np.asarray(list(values), dtype=np.float64)
    if not len(array):
        return None
    names = range(len(array)) if groups is None else list(groups)
    index = {name: i for i, name in enumerate(dict.fromkeys(names))}
    owner = np.array([index[name] for name in names])
    sums = np.bincount(owner, weights=array, minlength=len(index))
    counts = np.bincount(owner, minlength=len(index))
    picks = np.random.default_rng(seed).multinomial(
        len(index), np.full(len(index), 1 / len(index)), size=draws
    )
    low, high = np.quantile((picks @ sums) / (picks @ counts), [0.025, 0.975])
    return Figure(
        value=float(array.mean()), low=float(low), high=float(high), count=len(array), groups=len(index)
    )


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, *, bins: int = 10) -> float:
    """Expected calibration error of probabilities (N, K) for true classes (N,), in bins of equal width."""
    found = reliability(probabilities, truth, bins=bins)
    return sum(count * abs(sure - right) for sure, right, count in found) / len(truth)


def reliability(
    probabilities: np.ndarray, truth: np.ndarray, *, bins: int = 10
) -> list[tuple[float, float, int]]:
    """Mean confidence, accuracy and number of cases of each bin of equal width that has any."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[rows].mean()), float(right[rows].mean()), int(rows.sum()))
        for rows in (place == b for b in range(bins))
        if rows.any()
    ]


# Variety


def distinct(texts: Iterable[str], n: int) -> float:
    """Different n-grams of words over all n-grams. Falls with the number of texts: compare equal numbers."""
    grams = [gram for text in texts for gram in ngrams(words(text), n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def mtld(items: Sequence[str], *, threshold: float = 0.72) -> float | None:
    """Measure of textual lexical diversity: the mean length of runs that keep their share of different words.

    A run ends when its different words over its words fall to `threshold` or below; what is left at the end
    counts as the part of a run that its own share has come down. Mean of reading forwards and backwards.
    None for a text that never repeats itself: it has no run at all (McCarthy & Jarvis 2010).
    """
    ways = [_runs(items, threshold), _runs(items[::-1], threshold)]
    return sum(len(items) / runs for runs in ways) / 2 if items and all(ways) else None


def _runs(items: Sequence[str], threshold: float) -> float:
    runs, seen, length = 0.0, set[str](), 0
    for item in items:
        seen.add(item)
        length += 1
        if len(seen) / length <= threshold:
            runs, seen, length = runs + 1, set[str](), 0
    return runs + (1 - len(seen) / length) / (1 - threshold) if length else runs


def paper_distinct(texts: Sequence[str]) -> float:
    """n = 1, 2, 3 over the number of *words*, mean of the whole and of the single texts."""
    split = [text.split() for text in texts if text.split()]
    if not split:
        return 0.0
    total = sum(map(len, split))
    whole = [len({gram for row in split for gram in ngrams(row, n)}) / total for n in (1, 2, 3)]
    single = [len(set(ngrams(row, n))) / len(row) for row in split for n in (1, 2, 3)]
    return (sum(whole) / 3 + sum(single) / len(single)) / 2


def self_bleu(
    texts: Sequence[str],
    *,
    references: int = 150,
    seed: int = 0,
    split: Callable[[str], list[str]] = tokens,
) -> float:
    """Mean word BLEU-4 of each text against `references` random others: high where all texts are alike."""
    if len(texts) < 2:
        return 0.0
    counted = [_counts(split(text), 4) for text in texts]
    random = np.random.default_rng(seed)
    scores: list[float] = []
    for i, own in enumerate(counted):
        others = random.choice(len(texts) - 1, size=min(references, len(texts) - 1), replace=False)
        scores.append(_bleu(own, [counted[j + (j >= i)] for j in others], (0.25,) * 4))
    return sum(scores) / len(scores)


def paper_self_bleu(texts: Sequence[str]) -> float:
    """The same of what stands between blanks: case counts, and "yes." is not "yes". About half as high."""
    return self_bleu(texts, split=lambda text: text.split(" "))


# Likeness to a reference


def bleu(
    candidate: Sequence[str], references: Sequence[Sequence[str]], weights: Sequence[float] = (0.25,) * 4
) -> float:
    """Sentence BLEU over any items, with smoothing method 1 and the nearest reference's length."""
    order = len(weights)
    return _bleu(_counts(candidate, order), [_counts(reference, order) for reference in references], weights)


def paper_bleu(candidates: Sequence[str], references: Sequence[str]) -> float:
    """Mean of sentence BLEU-1 to BLEU-4 over *characters*: high even for replies that are not related."""
    orders = [(1.0,), (0.5, 0.5), (0.33, 0.33, 0.33), (0.25,) * 4]
    pairs = [(list(own), list(other)) for own, other in zip(candidates, references, strict=True)]
    return _mean([bleu(own, [other], weights) for own, other in pairs for weights in orders])


def corpus_bleu(candidates: Sequence[str], references: Sequence[str]) -> float:
    """BLEU-4 of words and marks over the whole set, one reference each, without smoothing."""
    hits, totals, own_length, other_length = [0] * 4, [0] * 4, 0, 0
    for candidate, reference in zip(candidates, references, strict=True):
        own, other = _counts(tokens(candidate), 4), _counts(tokens(reference), 4)
        own_length, other_length = own_length + own[0].total(), other_length + other[0].total()
        for n in range(4):
            hits[n] += (own[n] & other[n]).total()
            totals[n] += own[n].total()
    if not all(hits):
        return 0.0
    precision = math.exp(sum(math.log(h / t) for h, t in zip(hits, totals, strict=True)) / 4)
    return precision * _brevity(own_length, other_length)


def rouge_l(candidate: str, reference: str) -> float:
    """F1 of the longest common subsequence of words."""
    own, other = words(candidate), words(reference)
    row = [0] * (len(other) + 1)
    for item in own:
        diagonal = 0
        for j, match in enumerate(other, start=1):
            diagonal, row[j] = row[j], diagonal + 1 if item == match else max(row[j], row[j - 1])
    return 2 * row[-1] / (len(own) + len(other)) if row[-1] else 0.0


def paper_rouge(candidates: Sequence[str], references: Sequence[str]) -> float:
    """Mean of ROUGE-1, ROUGE-2 and ROUGE-L (F1 of words); the research code also stems them."""
    pairs = [(words(own), words(other)) for own, other in zip(candidates, references, strict=True)]
    shared = [_rouge_n(own, other, n) for own, other in pairs for n in (1, 2)]
    longest = [rouge_l(own, other) for own, other in zip(candidates, references, strict=True)]
    return (2 * _mean(shared) + _mean(longest)) / 3


def _rouge_n(own: Sequence[str], other: Sequence[str], n: int) -> float:
    left, right = Counter(ngrams(own, n)), Counter(ngrams(other, n))
    return 2 * (left & right).total() / max(1, left.total() + right.total())


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _counts(items: Sequence[str], order: int) -> list[Counter[tuple[str, ...]]]:
    return [Counter(ngrams(items, n)) for n in range(1, order + 1)]


def _bleu(
    own: list[Counter[tuple[str, ...]]],
    references: list[list[Counter[tuple[str, ...]]]],
    weights: Sequence[float],
) -> float:
    """BLEU of n-gram counts (one counter for each n)."""
    total = 0.0
    for n, weight in enumerate(weights):
        hits = sum(min(count, max(r[n][gram] for r in references)) for gram, count in own[n].items())
        if not hits and not n:
            return 0.0
        total += weight * math.log((hits or _EPSILON) / max(1, own[n].total()))
    length = own[0].total()
    nearest = min((r[0].total() for r in references), key=lambda other: (abs(other - length), other))
    return math.exp(total) * _brevity(length, nearest)


def _brevity(own: int, other: int) -> float:
    return 1.0 if own > other else math.exp(1 - other / own) if own else 0.0


# Copying


class KnownText:
    """What stands in a training text, word for word; case and punctuation do not count."""

    SPAN = 5

    def __init__(self, lines: Iterable[str]) -> None:
        split = [words(line) for line in dict.fromkeys(lines)]
        self._text = "\n".join(f" {' '.join(row)} " for row in split)
        self._spans = {hash(gram) for row in split for gram in ngrams(row, self.SPAN)}

    def holds(self, text: str) -> bool:
        """Whether all words of the text stand there in one run."""
        own = words(text)
        return all(hash(gram) in self._spans for gram in ngrams(own, self.SPAN)) and (
            f" {' '.join(own)} " in self._text
        )

    def overlap(self, text: str) -> float | None:
        """The share of the text's 5-grams of words that stand there; None for a shorter text."""
        grams = ngrams(words(text), self.SPAN)
        return sum(hash(gram) in self._spans for gram in grams) / len(grams) if grams else None
