"""Judges: what reads from a reply alone which aspect of each attribute it shows.

This file has the rule for all judges (`TextJudge`), the report on how far one can be trusted, and the judge
of n-grams: words, word pairs and 2 to 5 letters, one logistic regression for each attribute. The other kind,
a small transformer, is in chatbot/train/transformer.py. A judge shares nothing with the heads that guide the
flow but the written labels: no weights, no encoder, and it sees text, never a latent. What it says of a model
is worth what it says of written replies, so its own held-out accuracy and calibration come first in every
report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from chatbot.errors import UsageError
from chatbot.train.forms import Item, Labelled
from chatbot.train.metrics import TOKEN, calibration_error, figure, reliability

REGULARISATION = 30.0  # inverse strength; of 3, 10 and 30 the best calibrated on held-out replies
Attributes = dict[str, tuple[str, ...]]


class TextJudge(Protocol):
    """Attribute -> (N, K): how likely each aspect is, in the order of `attributes`."""

    @property
    def attributes(self) -> Attributes: ...
    def probabilities(self, texts: Sequence[str]) -> dict[str, np.ndarray]: ...


@dataclass(frozen=True)
class Judge:
    """One classifier for each attribute, over n-gram features that all of them share."""

    attributes: Attributes
    features: FeatureUnion
    classifiers: dict[str, LogisticRegression]

    @classmethod
    def train(
        cls,
        items: Sequence[Item],
        attributes: Mapping[str, tuple[str, ...]],
        *,
        done: Callable[[], None] = lambda: None,
    ) -> Judge:
        """A judge of those attributes of which `items` show every aspect; `done` hears of each.

        Raises UsageError when there is none.
        """
        replies = labelled(items, attributes)
        judged = shown_whole(replies, attributes)
        features = _features(len(replies))
        rows: Any = features.fit_transform([reply.text for reply in replies])
        classifiers: dict[str, LogisticRegression] = {}
        for name, aspects in judged.items():
            chosen, truth = truth_of(replies, name, aspects)
            classifier = LogisticRegression(C=REGULARISATION, max_iter=500)
            classifiers[name] = classifier.fit(rows[chosen], truth)
            done()
        return cls(judged, features, classifiers)

    def probabilities(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        if not texts:
            return {name: np.zeros((0, len(aspects))) for name, aspects in self.attributes.items()}
        rows = self.features.transform(list(texts))
        return {name: classifier.predict_proba(rows) for name, classifier in self.classifiers.items()}


def labelled(items: Iterable[Item], attributes: Mapping[str, tuple[str, ...]]) -> list[Labelled]:
    """The replies of `items` that show an aspect of one of `attributes`."""
    return [r for item in items for r in item.replies if any(name in attributes for name, _ in r.labels)]


def shown_whole(replies: Sequence[Labelled], attributes: Mapping[str, tuple[str, ...]]) -> Attributes:
    """Those of `attributes` of which the replies show every aspect. Raises UsageError when there is none."""
    shown = {label for reply in replies for label in reply.labels}
    judged = {n: tuple(a) for n, a in attributes.items() if {(n, aspect) for aspect in a} <= shown}
    if not judged:
        raise UsageError(
            f"A judge learns from labelled replies; the corpus has none that show every aspect of "
            f"{', '.join(attributes)}. Give the corpus that the model was trained on with --corpus."
        )
    return judged


def truth_of(
    replies: Sequence[Labelled], attribute: str, aspects: tuple[str, ...]
) -> tuple[list[int], np.ndarray]:
    """The rows that are labelled with the attribute, and the place of each one's aspect."""
    pairs = [(i, dict(reply.labels).get(attribute)) for i, reply in enumerate(replies)]
    kept = [(i, aspects.index(aspect)) for i, aspect in pairs if aspect in aspects]
    return [i for i, _ in kept], np.array([place for _, place in kept], dtype=int)


def report(judge: TextJudge, items: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """Accuracy, calibration error and reliability for each attribute, on written replies held out."""
    pairs = [(item.context.turns[0].text, reply) for item in items for reply in item.replies]
    replies = [reply for _, reply in pairs]
    judged = judge.probabilities([reply.text for reply in replies])
    found: dict[str, dict[str, Any]] = {}
    for name, aspects in judge.attributes.items():
        chosen, truth = truth_of(replies, name, aspects)
        own = judged[name][chosen]
        found[name] = {
            "accuracy": figure(own.argmax(1) == truth, [pairs[i][0] for i in chosen]),
            "calibration_error": calibration_error(own, truth) if chosen else None,
            "reliability": reliability(own, truth),
        }
    return found


def _features(count: int) -> FeatureUnion:
    """Rare n-grams are left out of a large training set, where they only cost time."""
    rare = 1 if count < 1000 else 3
    shared: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32}
    word = TfidfVectorizer(token_pattern=TOKEN, ngram_range=(1, 2), min_df=min(rare, 2), **shared)
    letter = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=rare, **shared)
    return FeatureUnion([("word", word), ("letter", letter)])
