from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from chatbot.model.heads import Head, Heads

ATTRIBUTES = {"style": ("lyrical", "plain"), "mood": ("glad", "sad", "calm"), "mind": ("stern", "tender")}


def test_logits_of_every_attribute_in_order() -> None:
    heads = Heads(ATTRIBUTES, latent_dim=5, hidden_dim=7)
    logits = heads(torch.randn(4, 5))
    assert list(logits) == ["style", "mood", "mind"]
    assert [tuple(values.shape) for values in logits.values()] == [(4, 2), (4, 3), (4, 2)]


def test_head_is_output_of_silu_of_hidden_divided_by_temperature() -> None:
    head = Head(5, 7, 3)
    head.temperature.fill_(2.0)
    z = torch.randn(4, 5)
    h = z @ head.hidden.weight.T + head.hidden.bias
    expected = (F.silu(h) @ head.output.weight.T + head.output.bias) / 2.0
    assert torch.allclose(head(z), expected, atol=1e-6)


def test_temperature_is_saved_and_never_trained() -> None:
    heads = Heads(ATTRIBUTES, 5, 7)
    assert "heads.mood.temperature" in heads.state_dict()
    assert all("temperature" not in name for name, _ in heads.named_parameters())


@pytest.mark.parametrize("name", ["values", "Style", "a.b", "", "train", "training", "1st"])
def test_name_that_no_module_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="named with letters from a to z"):
        Heads({name: ("a", "b")}, 5, 7)


@pytest.mark.parametrize("aspects", [(), ("glad",), ("glad", "glad")])
def test_attribute_needs_two_different_aspects(aspects: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="two or more different aspects"):
        Heads({"mood": aspects}, 5, 7)


def test_no_attribute_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one attribute"):
        Heads({}, 5, 7)
