"""Axes of the latent space on clouds whose axes are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chatbot.engine import GenerationEngine
from chatbot.train import corpus as corpora
from chatbot.train import latent
from chatbot.train.latent import area, discriminant, plane, principal

RANDOM = np.random.default_rng(5)


def test_the_discriminant_lies_along_the_difference_of_two_round_clouds() -> None:
    labels = np.repeat([0, 1], 300)
    points = RANDOM.normal(size=(600, 5))
    points[labels == 1, 3] += 2.0
    found = discriminant(points, labels)
    assert np.linalg.norm(found) == pytest.approx(1.0)
    assert found[3] > 0.98  # towards the second label


def test_the_discriminant_turns_away_from_a_direction_that_varies_much_within() -> None:
    # Means differ as much on both axes, but the first is ten times as wide: only the second tells.
    labels = np.repeat([0, 1], 400)
    points = RANDOM.normal(size=(800, 2)) * [10.0, 1.0]
    points[labels == 1] += 1.0
    assert abs(discriminant(points, labels)[1]) > 5 * abs(discriminant(points, labels)[0])


def test_three_labels_in_a_row_lie_along_one_axis() -> None:
    labels = np.repeat([0, 1, 2], 200)
    points = RANDOM.normal(size=(600, 4))
    points[:, 1] += 3.0 * labels
    assert discriminant(points, labels)[1] > 0.98


def test_principal_directions_come_in_the_order_of_their_variance() -> None:
    points = RANDOM.normal(size=(500, 3)) * [1.0, 9.0, 3.0] + 100
    first, second = principal(points)[:, 0], principal(points)[:, 1]
    assert abs(first[1]) > 0.99
    assert abs(second[2]) > 0.99


def test_the_plane_is_at_right_angles() -> None:
    points, labels = RANDOM.normal(size=(60, 6)), np.repeat([0, 1], 30)
    axes = plane(points, labels)
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-9)


def test_the_area_counts_pairs_and_a_tie_is_half() -> None:
    assert area(np.array([0.0, 1.0]), np.array([0.5, 2.0])) == 3 / 4
    assert area(np.array([1.0]), np.array([1.0])) == 0.5
    three = [np.array([place]) for place in (4.0, 0.0, 8.0)]
    assert latent.separated(three) == 1  # whichever way they lie


def test_a_trained_model_keeps_the_aspects_apart(trained: Path) -> None:
    engine = GenerationEngine.load(trained / "model", device="cpu")
    items = corpora.load(trained / "corpus").parts["train"]
    found = latent.views(engine, items)
    assert set(found) == set(engine.attributes)
    for attribute, view in found.items():
        assert set(view["points"]) == set(engine.attributes[attribute])
        assert view["separated"] > 0.9
        assert all(len(point) == 2 for points in view["points"].values() for point in points)
