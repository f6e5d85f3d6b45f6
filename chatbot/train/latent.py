"""The latent space in two dimensions: where posterior means of held-out replies lie, by aspect.

For each attribute the first axis is the direction that tells its aspects apart best (Fisher's discriminant,
with the covariance pulled towards a multiple of the identity); the second is the direction of the largest
variance at right angles to it. Axes are found on one half of the replies and the points are the other half,
so what is seen apart is apart, not fitted. `separated` says how far: the area under the ROC curve of the
first axis, .5 for two aspects that lie on top of each other; of more, of two of them on the average.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from chatbot.train.forms import Item

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

SHRINKAGE = 0.1
MOST = 80  # points of an aspect that are kept for the picture


def views(engine: GenerationEngine, items: Sequence[Item], limit: int = 3000) -> dict[str, Any]:
    """Attribute -> {"points": {aspect: [[x, y], ...]}, "separated": AUC} of labelled replies of `items`."""
    pairs = [(item.context, reply) for item in items for reply in item.replies if reply.labels]
    picks = np.random.default_rng(0).permutation(len(pairs))[:limit].tolist()
    pairs = [pairs[i] for i in picks]
    posterior = engine.parts[0].posterior([c for c, _ in pairs], [r.text for _, r in pairs])
    means = posterior.mean.cpu().numpy().astype(np.float64)
    found: dict[str, Any] = {}
    for attribute, aspects in engine.attributes.items():
        labels = [dict(reply.labels).get(attribute) for _, reply in pairs]
        rows = [i for i, label in enumerate(labels) if label in aspects]
        half = len(rows) // 2
        places = np.array([aspects.index(str(labels[i])) for i in rows], dtype=int)
        classes = range(len(aspects))
        if any((part == k).sum() < 2 for part in (places[:half], places[half:]) for k in classes):
            continue
        axes = plane(means[rows[:half]], places[:half])
        seen, shown = means[rows[half:]] @ axes, places[half:]
        found[attribute] = {
            "points": {
                aspect: np.round(seen[shown == k][:MOST], 3).tolist() for k, aspect in enumerate(aspects)
            },
            "separated": separated([seen[shown == k, 0] for k in classes]),
        }
    return found


def plane(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Two orthonormal axes (D, 2) for points (N, D) with labels (N,): the discriminant, then variance."""
    first = discriminant(points, labels)
    rest = points - points.mean(0)
    rest = rest - np.outer(rest @ first, first)
    return np.stack([first, principal(rest)[:, 0]], axis=1)


def discriminant(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The unit direction (D,) along which the means of the labels lie farthest apart for the spread within.

    Points towards the higher labels.
    """
    overall = points.mean(0)
    centres = np.stack([points[labels == k].mean(0) for k in np.unique(labels)])
    within = points - centres[np.searchsorted(np.unique(labels), labels)]
    covariance = within.T @ within / len(points)
    scale = np.trace(covariance) / len(overall) or 1.0
    regular = (1 - SHRINKAGE) * covariance + SHRINKAGE * scale * np.eye(len(overall))
    if len(centres) == 2:
        direction = np.linalg.solve(regular, centres[1] - centres[0])
    else:
        between = (centres - overall).T @ (centres - overall)
        values, vectors = np.linalg.eig(np.linalg.solve(regular, between))
        direction = np.real(vectors[:, np.argmax(np.real(values))])
        direction = direction * (np.sign((centres[-1] - centres[0]) @ direction) or 1.0)
    return direction / np.linalg.norm(direction)


def principal(points: np.ndarray) -> np.ndarray:
    """The directions (D, K) of the largest variance of points (N, D), the largest first."""
    return np.linalg.svd(points - points.mean(0), full_matrices=False)[2].T


def separated(values: Sequence[np.ndarray]) -> float:
    """The area between two classes, or the mean over all pairs of more, whichever way they lie."""
    areas = [area(one, other) for one, other in combinations(values, 2)]
    return areas[0] if len(areas) == 1 else float(np.mean([max(a, 1 - a) for a in areas]))


def area(low: np.ndarray, high: np.ndarray) -> float:
    """The chance that one of `high` lies above one of `low`: the area under the ROC curve."""
    above = (high[:, None] > low[None]).mean() + 0.5 * (high[:, None] == low[None]).mean()
    return float(above)
