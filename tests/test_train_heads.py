"""The heads' loss by hand, and temperatures and default weights on heads whose log-odds are linear in z."""

from __future__ import annotations

import math

import pytest
import torch

from chatbot.flow import FlowOptions
from chatbot.model.cvae import Gaussian
from chatbot.model.heads import Heads
from chatbot.train.fit_heads import Latents, calibrate, default_weight, labelled_loss
from chatbot.train.recipe import HeadFit


def line(slope: float) -> Heads:
    """One head with two aspects, the log-odds of the first of which are `slope` z[0]."""
    heads = Heads({"mood": ("yes", "no")}, 4, 2)
    with torch.no_grad():
        head = heads.head("mood")
        head.hidden.weight.zero_()
        head.hidden.weight[:, 0] = torch.tensor([slope, -slope])
        head.hidden.bias.zero_()
        head.output.weight.copy_(torch.tensor([[0.5, -0.5], [-0.5, 0.5]]))  # silu(x) - silu(-x) = x
        head.output.bias.zero_()
    return heads


def test_a_reply_asks_its_own_heads_for_its_aspects_and_all_others_for_none() -> None:
    torch.manual_seed(0)
    logits = {name: torch.randn(2, 2, dtype=torch.float64) for name in "abc"}
    aspects = torch.tensor([[0, -1, -1], [-1, 1, 0]])
    log = {name: values.log_softmax(-1) for name, values in logits.items()}
    own = -(log["a"][0, 0] + log["b"][1, 1] + log["c"][1, 0])
    evenly = -(log["a"][0].mean() + log["b"][1].mean() + log["c"][1].mean())
    other = -(log["b"][0].mean() + log["c"][0].mean() + log["a"][1].mean())
    found = labelled_loss(logits, aspects, HeadFit(label_smoothing=0.0, neutral=0.6))
    assert float(found) == pytest.approx(float(own + 0.6 * other / 2) / 2, rel=1e-5)
    smooth = labelled_loss(logits, aspects, HeadFit(label_smoothing=0.2, neutral=0.0))
    assert float(smooth) == pytest.approx(float(0.8 * own + 0.2 * evenly) / 2, rel=1e-5)


@pytest.mark.parametrize("slope", [2.0, 3.0])
def test_the_temperature_undoes_what_a_head_says_too_loudly(slope: float) -> None:
    torch.manual_seed(0)
    mean = torch.randn(4000, 4)
    aspects = (torch.rand(4000) > mean[:, 0].sigmoid()).long()[:, None]  # the log-odds are z[0]
    still = Gaussian(mean, torch.full_like(mean, -30.0))
    heads = line(slope)
    calibrate(heads, Latents(still, still, aspects))
    assert float(heads.head("mood").temperature) == pytest.approx(slope, rel=0.1)


@pytest.mark.parametrize("probability", [0.8, 0.99])
def test_the_default_weight_brings_19_of_20_draws_of_the_prior_there(probability: float) -> None:
    """With log-odds m = 2 z[0] the flow has m' = 4 lambda / (1 + e^m), so that m + e^m grows by 4 lambda T;
    one draw in twenty starts below m = -2 * 1.645."""
    nothing = torch.zeros(400, 4)
    prior, posterior = Gaussian(nothing, nothing), Gaussian(nothing, nothing - 30.0)
    held_out = Latents(posterior, prior, torch.zeros(400, 1, dtype=torch.long))
    start, goal = -2 * 1.645, math.log(probability / (1 - probability))
    needed = (goal + math.exp(goal) - start - math.exp(start)) / (4 * FlowOptions().total_time)
    found = default_weight(line(2.0), held_out, probability)
    assert found == max(1.0, 2.0 ** math.ceil(math.log2(needed)))
