"""How far a weight goes: a share of the way, in log-odds, from where z starts to the model's own strength."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor

from chatbot import guidance
from chatbot.energy import Energy
from chatbot.errors import FlowError
from chatbot.flow import FlowOptions, FlowResult, flow
from chatbot.guidance import Note, guide, met
from chatbot.measures import drift
from chatbot.model.cvae import Gaussian
from chatbot.model.heads import Heads
from profiles import Target

NAMES = ("style", "mood", "mind")
FULL = math.log(0.99 / 0.01)


def linear_heads() -> Heads:
    """Three heads with two aspects each; the log-odds of the first are 2 z[0], 2 z[1], 2 z[2]."""
    heads = Heads(dict.fromkeys(NAMES, ("yes", "no")), 4, 2)
    with torch.no_grad():
        for i, name in enumerate(NAMES):
            head = heads.head(name)
            head.hidden.weight.zero_()
            head.hidden.weight[:, i] = torch.tensor([2.0, -2.0])
            head.hidden.bias.zero_()
            head.output.weight.copy_(torch.tensor([[0.5, -0.5], [-0.5, 0.5]]))  # silu(x) - silu(-x) = x
            head.output.bias.zero_()
    return heads


def guided(targets: dict[str, Target], start: Tensor, **options: float) -> tuple[Tensor, Note]:
    """z (4,) and its note, from a prior N(0, I)."""
    prior = Gaussian(torch.zeros(1, 4), torch.zeros(1, 4))
    chosen = FlowOptions(**{"target_probability": 0.99, "trust_radius": math.inf, **options})  # type: ignore[arg-type]
    z, notes = guide(linear_heads(), [targets], prior, start[None], strength=64.0, options=chosen)
    return z[0], notes[0]


@pytest.mark.parametrize("weight", [0.02, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("start", [-1.5, 0.0, 1.0])
def test_a_weight_is_a_share_of_the_way(weight: float, start: float) -> None:
    z, note = guided({"mood": Target.parse(f"yes:{weight}")}, torch.tensor([0.3, start, -0.2, 0.1]))
    wanted = (1 - weight) * 2 * start + weight * FULL
    assert 2 * float(z[1]) == pytest.approx(wanted, abs=0.4)  # the row ends a little before
    assert 2 * float(z[1]) <= wanted + 0.01
    assert z[[0, 2, 3]].tolist() == pytest.approx([0.3, -0.2, 0.1], abs=1e-6)
    asked = note["targets"]["mood"]
    assert asked["goal"] == pytest.approx(1 / (1 + math.exp(-wanted)), abs=1e-5)
    assert asked["weight"] == pytest.approx(weight)


def test_weights_of_one_combination_go_each_its_own_way() -> None:
    targets = {"style": Target.parse("yes"), "mood": Target.parse("no:0.5"), "mind": Target.parse("yes:0.2")}
    z, note = guided(targets, torch.zeros(4))
    assert 2 * float(z[0]) >= FULL - 0.01
    assert -2 * float(z[1]) == pytest.approx(0.5 * FULL, abs=0.3)
    assert 2 * float(z[2]) == pytest.approx(0.2 * FULL, abs=0.3)
    assert [note["targets"][name]["goal"] for name in NAMES] == [
        0.99,
        pytest.approx(0.909, abs=1e-3),
        pytest.approx(0.715, abs=1e-3),
    ]


@pytest.mark.parametrize("start", [2.2, 4.0])  # p = .988, .9997
@pytest.mark.parametrize("weight", [0.1, 0.9])
def test_a_weight_does_not_pull_back_what_is_there(start: float, weight: float) -> None:
    z, _ = guided({"mood": Target.parse(f"yes:{weight}")}, torch.tensor([0.0, start, 0.0, 0.0]))
    assert float(z[1]) >= start - 0.001


def test_where_nothing_stops_the_flow_a_weight_is_still_a_share() -> None:
    z, note = guided({"mood": Target.parse("yes:0.25")}, torch.zeros(4), target_probability=1.0)
    assert 2 * float(z[1]) == pytest.approx(0.25 * math.log(0.997 / 0.003), abs=0.1)
    assert note["targets"]["mood"]["goal"] == pytest.approx(0.81, abs=0.01)


def test_the_trace_has_the_weight_as_it_was_asked_for() -> None:
    _, note = guided({"mood": Target.parse("yes:0.8"), "mind": Target.parse("no")}, torch.zeros(4))
    assert [note["targets"][name]["weight"] for name in ("mood", "mind")] == [0.8, 1.0]


def test_weight_one_and_more_go_all_the_way_and_a_strength_says_how_far() -> None:
    for text in ("yes", "yes:1", "yes:3"):
        z, note = guided({"mood": Target.parse(text)}, torch.zeros(4))
        assert 2 * float(z[1]) >= FULL - 0.01
        assert note["targets"]["mood"]["goal"] == 0.99
    z, note = guided({"mood": Target.parse("yes:80%")}, torch.zeros(4))
    assert 1 / (1 + math.exp(-2 * float(z[1]))) == pytest.approx(0.8, abs=0.03)
    assert "goal" not in note["targets"]["mood"]
    assert note["targets"]["mood"]["strength"] == 0.8


def test_a_mixed_aspect_vector_keeps_its_shares_and_goes_a_share_of_the_way() -> None:
    z, note = guided({"mood": Target.parse("yes*0.8+no*0.2:0.5")}, torch.zeros(4))
    odds = 0.5 * math.log(0.99 * 0.8 + 0.005) - 0.5 * math.log(0.99 * 0.2 + 0.005)
    assert 2 * float(z[1]) == pytest.approx(odds, abs=0.15)
    p = 1 / (1 + math.exp(-odds))
    asked = note["targets"]["mood"]
    assert asked["goal"] == pytest.approx(met({"yes": 0.8, "no": 0.2}, {"yes": p, "no": 1 - p}), abs=1e-5)
    assert asked["left"] == pytest.approx(abs(0.8 - p), abs=1e-5)
    assert drift.distances({"targets": {"mood": asked}, "measured": {"mood": {"yes": p, "no": 1 - p}}}) == {
        "mood": pytest.approx(0.0, abs=1e-5)
    }


def test_a_mixture_with_a_strength_is_measured_against_where_the_flow_goes() -> None:
    z, note = guided({"mood": Target.parse("yes*0.8+no*0.2:50%")}, torch.zeros(4))
    asked = note["targets"]["mood"]
    p = 1 / (1 + math.exp(-2 * float(z[1])))
    assert p == pytest.approx(0.65, abs=0.05)  # 0.5 * (0.8, 0.2), and of the other half both get as much
    both = {"yes": 0.65, "no": 0.35}
    assert asked["probability_before"] == pytest.approx(met(both, {"yes": 0.5, "no": 0.5}))
    assert asked["probability_after"] == pytest.approx(met(both, {"yes": p, "no": 1 - p}), abs=1e-5)
    assert asked["probability_after"] > 0.99


def test_one_aspect_with_a_strength_is_told_by_its_own_probability() -> None:
    z, note = guided({"mood": Target.parse("yes:80%")}, torch.zeros(4))
    asked = note["targets"]["mood"]
    assert asked["probability_before"] == pytest.approx(0.5)
    assert asked["probability_after"] == pytest.approx(1 / (1 + math.exp(-2 * float(z[1]))), abs=1e-5)


def test_what_is_left_of_the_way_to_one_aspect() -> None:
    _, note = guided({"mood": Target.parse("yes:0.5")}, torch.zeros(4))
    assert note["targets"]["mood"]["left"] == pytest.approx(1 / (1 + math.exp(0.5 * FULL)), abs=1e-5)


def test_a_note_says_what_ended_the_flow() -> None:
    ends = {
        radius: guided({"mood": Target.parse("yes")}, torch.zeros(4), trust_radius=radius)[1]
        for radius in (0.5, math.inf)
    }
    assert {radius: (note["stopped"], note["limited"]) for radius, note in ends.items()} == {
        0.5: (False, True),
        math.inf: (True, False),
    }
    assert guided({}, torch.zeros(4))[1]["flow"] == "prior"


def test_raw_logits_are_gone_up_at_the_speed_of_lambda() -> None:
    """The logit of "yes" is z[1], whose slope is 1 everywhere."""
    options = FlowOptions(logits=True, target_probability=1.0, trust_radius=math.inf)
    prior = Gaussian(torch.zeros(1, 4), torch.zeros(1, 4))
    wanted = {"mood": Target.parse("yes")}
    z, _ = guide(linear_heads(), [wanted], prior, torch.zeros(1, 4), strength=0.1, options=options)
    assert z[0].tolist() == pytest.approx([0, 0.1 * options.total_time, 0, 0], abs=1e-5)


def test_a_flow_that_fails_with_nothing_asked_for_costs_no_reply() -> None:
    """Eq. 19 moves z also where there is no energy, and so can fail there."""
    prior = Gaussian(torch.zeros(2, 4), torch.full((2, 4), -7.0))
    start = torch.randn(2, 4)
    options = FlowOptions(prior_term="eq19", max_evaluations=3)
    z, notes = guide(linear_heads(), [{}, {}], prior, start, strength=1.0, options=options)
    torch.testing.assert_close(z, prior.sample(start))
    assert all(re.match("failed: .*may take 3 evaluations.*largest weight 0", n["flow"]) for n in notes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight", [1e4, 1e5, 1e6])
def test_a_mixture_with_a_huge_weight_is_met_or_costs_the_guidance_alone(weight: float, seed: int) -> None:
    start = torch.randn(4, generator=torch.Generator().manual_seed(seed))
    z, note = guided({"mood": Target(aspects={"yes": 0.3, "no": 0.7}, weight=weight)}, start)
    met = float(torch.sigmoid(2 * z[1])) == pytest.approx(0.3, abs=0.025)
    assert met if note["flow"] == "moved" else torch.equal(z, start)


def test_lambda_is_strength_times_weight_for_rows_that_are_tried_alone_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[list[list[float]]] = []

    def alone(energy: Energy, *rest: Any) -> FlowResult:
        seen.append(energy.weights.tolist())
        if len(energy.weights) > 1:
            raise FlowError("It failed.")
        return flow(energy, *rest)

    monkeypatch.setattr(guidance, "flow", alone)
    prior = Gaussian(torch.zeros(2, 4), torch.zeros(2, 4))
    targets = [
        {"style": Target.parse("yes"), "mood": Target.parse("no:0.5")},
        {"mind": Target.parse("yes:3")},
    ]
    guide(linear_heads(), targets, prior, torch.zeros(2, 4), strength=64.0, options=FlowOptions())
    both = [[64.0, 32.0, 0.0], [0.0, 0.0, 192.0]]
    assert seen == [both, [[64.0, 32.0]], [[192.0]]]  # of the guided attributes alone
