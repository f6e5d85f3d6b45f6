"""The judge: reads from a reply alone which aspect of each attribute it shows.

Word 1-2-grams and character 2-5-grams, one logistic regression for each attribute. A judge shares nothing
with the heads that guide the flow but the written labels: no weights, no encoder, and it sees text, never a
latent. What it says of a model is worth what it says of written replies, so its own held-out accuracy and
calibration come first in every report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from chatbot.errors import UsageError
from chatbot.train.corpus import Item, Labelled
from chatbot.train.metrics import TOKEN, Figure, calibration_error, figure

REGULARISATION = 30.0  # inverse strength; of 3, 10 and 30 the best calibrated on held-out replies


@dataclass(frozen=True)
class Judge:
    """One classifier for each attribute, over features that all of them share."""

    attributes: dict[str, tuple[str, ...]]
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
        replies = [reply for item in items for reply in item.replies if reply.attribute in attributes]
        judged = {
            name: aspects
            for name, aspects in attributes.items()
            if set(aspects) <= {reply.aspect for reply in replies if reply.attribute == name}
        }
        if not judged:
            raise UsageError(
                f"A judge learns from labelled replies; the corpus has none that show every aspect of "
                f"{', '.join(attributes)}. Give the corpus that the model was trained on."
            )
        features = _features(len(replies))
        rows: Any = features.fit_transform([reply.text for reply in replies])
        classifiers: dict[str, LogisticRegression] = {}
        for name, aspects in judged.items():
            chosen = [i for i, reply in enumerate(replies) if reply.attribute == name]
            classifier = LogisticRegression(C=REGULARISATION, max_iter=500)
            classifiers[name] = classifier.fit(rows[chosen], _truth(replies, chosen, aspects))
            done()
        return cls(judged, features, classifiers)

    def probabilities(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Attribute -> (N, K): how likely the judge holds each aspect, in the order of `attributes`."""
        if not texts:
            return {name: np.zeros((0, len(aspects))) for name, aspects in self.attributes.items()}
        rows = self.features.transform(list(texts))
        return {name: classifier.predict_proba(rows) for name, classifier in self.classifiers.items()}

    def report(self, items: Iterable[Item]) -> dict[str, dict[str, Any]]:
        """Accuracy and calibration error for each attribute, on written replies that were held out."""
        pairs = [(item.context.turns[0].text, reply) for item in items for reply in item.replies]
        replies = [reply for _, reply in pairs]
        judged = self.probabilities([reply.text for reply in replies])
        report: dict[str, dict[str, Any]] = {}
        for name, aspects in self.attributes.items():
            chosen = [i for i, r in enumerate(replies) if r.attribute == name and r.aspect in aspects]
            truth = _truth(replies, chosen, aspects)
            own = judged[name][chosen]
            accuracy: Figure | None = figure(own.argmax(1) == truth, [pairs[i][0] for i in chosen])
            report[name] = {
                "accuracy": accuracy,
                "calibration_error": calibration_error(own, truth) if chosen else None,
            }
        return report


def _features(count: int) -> FeatureUnion:
    """Rare n-grams are left out of a large training set, where they only cost time."""
    rare = 1 if count < 1000 else 3
    shared: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32}
    word = TfidfVectorizer(token_pattern=TOKEN, ngram_range=(1, 2), min_df=min(rare, 2), **shared)
    letter = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=rare, **shared)
    return FeatureUnion([("word", word), ("letter", letter)])


def _truth(replies: Sequence[Labelled], chosen: Sequence[int], aspects: tuple[str, ...]) -> np.ndarray:
    return np.array([aspects.index(replies[i].aspect) for i in chosen], dtype=int)
