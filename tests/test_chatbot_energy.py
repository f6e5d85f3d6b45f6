from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from chatbot.energy import Energy, aspect_vector
from chatbot.errors import UnknownNameError
from chatbot.model.heads import Heads

ATTRIBUTES = {"style": ("lyrical", "plain"), "mood": ("glad", "sad", "calm"), "mind": ("stern", "tender")}
DIM = 6


@dataclass(frozen=True)
class Aim:
    aspects: dict[str, float] = field(default_factory=dict)
    weight: float | None = None
    probability: float | None = None


MIXED: list[dict[str, Aim]] = [
    {"style": Aim({"lyrical": 1.0}, 1.5), "mood": Aim({"calm": 1.0})},
    {"mood": Aim({"glad": 0.7, "sad": 0.3}, 128.0)},
    {},
    {"style": Aim({"plain": 1.0}, 0.0), "mind": Aim({"stern": 1.0}, 0.4)},
]


@pytest.fixture
def heads() -> Heads:
    torch.manual_seed(0)
    heads = Heads(ATTRIBUTES, DIM, 11).double()
    for i, name in enumerate(ATTRIBUTES):
        heads.head(name).temperature.fill_(0.8 + 0.3 * i)
    return heads


def reference(heads: Heads, targets: list[dict[str, Aim]], z: Tensor, *, logits: bool) -> Tensor:
    """The definition, row by row and aspect by aspect."""
    rows = []
    for row, wanted in enumerate(targets):
        total = z[row].sum() * 0
        for name, aim in wanted.items():
            scores = heads(z[row : row + 1])[name][0]
            scores = scores if logits else scores.log_softmax(-1)
            weight = 1.0 if aim.weight is None else aim.weight
            for aspect, share in aim.aspects.items():
                total = total - weight * share * scores[ATTRIBUTES[name].index(aspect)]
        rows.append(total)
    return torch.stack(rows)


@pytest.mark.parametrize("logits", [False, True])
def test_energy_and_gradient_equal_the_definition_and_autograd(heads: Heads, logits: bool) -> None:
    z = (2 * torch.randn(4, DIM, dtype=torch.float64)).requires_grad_()
    expected = reference(heads, MIXED, z, logits=logits)
    (gradient,) = torch.autograd.grad(expected.sum(), z)
    energy = Energy.of(heads, MIXED, logits=logits)
    with torch.inference_mode():
        assert torch.allclose(energy(z), expected, rtol=1e-12)
        assert torch.allclose(energy.gradient(z), gradient, rtol=1e-10, atol=1e-12)


def test_aspect_vector_shares_the_probability() -> None:
    moods = ATTRIBUTES["mood"]
    assert aspect_vector({"sad": 2.0}, None, moods) == {"glad": 0.0, "sad": 1.0, "calm": 0.0}
    assert aspect_vector({"sad": 1.0}, 0.8, moods) == pytest.approx({"glad": 0.1, "sad": 0.8, "calm": 0.1})
    two = aspect_vector({"sad": 3.0, "calm": 1.0}, 0.8, moods)
    assert two == pytest.approx({"glad": 0.2, "sad": 0.6, "calm": 0.2})
    every = aspect_vector({"glad": 1.0, "sad": 1.0, "calm": 2.0}, 0.4, moods)
    assert every == pytest.approx({"glad": 0.3, "sad": 0.3, "calm": 0.4})


def test_the_energy_of_a_probability_is_least_where_the_head_gives_it(heads: Heads) -> None:
    asked = Energy.of(heads, [{"style": Aim({"lyrical": 1.0}, 1.0, 0.7)}])
    z = 20 * torch.randn(4000, 1, DIM, dtype=torch.float64)
    energies, p = asked(z)[:, 0], asked.probabilities(z)["style"][:, 0, 0]
    least = -0.7 * math.log(0.7) - 0.3 * math.log(0.3)  # the entropy of (0.7, 0.3)
    torch.testing.assert_close(energies, -(0.7 * p.log() + 0.3 * (1 - p).log()))
    assert float(energies.min()) >= least
    assert float((p[energies.argmin()] - 0.7).abs()) < 0.05


def test_rows_do_not_feel_each_other(heads: Heads) -> None:
    z = torch.randn(4, DIM, dtype=torch.float64)
    together = Energy.of(heads, MIXED)
    for row in range(4):
        alone = Energy.of(heads, MIXED[row : row + 1])
        index = slice(row, row + 1)
        assert torch.allclose(alone(z[index]), together(z)[index], rtol=1e-13)
        assert torch.allclose(alone.gradient(z[index]), together.gradient(z)[index], rtol=1e-13)
        assert torch.allclose(together.rows(index).gradient(z[index]), alone.gradient(z[index]), rtol=1e-13)


def test_energy_and_gradient_of_unguided_row_are_exactly_zero(heads: Heads) -> None:
    energy = Energy.of(heads, [{}, {"style": Aim({"plain": 1.0}, 0.0)}])
    z = torch.randn(2, DIM, dtype=torch.float64)
    assert energy(z).eq(0).all()
    assert energy.gradient(z).eq(0).all()
    assert energy.divergence(z).eq(0).all()


@pytest.mark.parametrize(
    ("targets", "kept"), [(MIXED[:3], ["style", "mood"]), (MIXED[1:3], ["mood"]), ([{}], [])]
)
def test_the_guided_heads_alone_have_the_same_energy(
    heads: Heads, targets: list[dict[str, Aim]], kept: list[str]
) -> None:
    z = 2 * torch.randn(len(targets), DIM, dtype=torch.float64)
    whole = Energy.of(heads, targets)
    energy, step = whole.guided(), torch.full_like(z[:, :1], 0.3)
    assert (list(energy.attributes), len(energy.hidden_bias)) == (kept, 11 * len(kept))
    assert torch.allclose(energy(z), whole(z), rtol=1e-12)
    assert torch.allclose(energy.gradient(z), whole.gradient(z), rtol=1e-10, atol=1e-12)
    assert torch.allclose(energy.relax(z, z, z, step), whole.relax(z, z, z, step), rtol=1e-10)
    assert torch.allclose(energy.steepness(z, z), whole.steepness(z, z), rtol=1e-10)
    raw = Energy.of(heads, targets, logits=True).guided()
    assert raw.steepness(z, z).tolist() == [0.0] * len(targets)


def test_probabilities_are_the_heads_softmax_without_padding(heads: Heads) -> None:
    z = torch.randn(5, DIM, dtype=torch.float64)
    probabilities = Energy.of(heads, [{}]).probabilities(z)
    for name, logits in heads(z).items():
        assert torch.allclose(probabilities[name], logits.softmax(-1), rtol=1e-12)


def test_leading_dimensions_broadcast(heads: Heads) -> None:
    z = torch.randn(3, 4, DIM, dtype=torch.float64)
    energy = Energy.of(heads, MIXED)
    for i in range(3):
        assert torch.allclose(energy(z)[i], energy(z[i]))
        assert torch.allclose(energy.gradient(z)[i], energy.gradient(z[i]))


def test_divergence_is_minus_log_p_of_a_single_aspect_and_kl_of_a_vector(heads: Heads) -> None:
    z = torch.randn(4, DIM, dtype=torch.float64)
    energy = Energy.of(heads, MIXED)
    p = energy.probabilities(z)
    gap = energy.divergence(z)
    assert gap[0, 1].item() == pytest.approx(-math.log(p["mood"][0, 2]))
    glad, sad = p["mood"][1, 0].item(), p["mood"][1, 1].item()
    assert gap[1, 1].item() == pytest.approx(0.7 * math.log(0.7 / glad) + 0.3 * math.log(0.3 / sad))


def test_steepness_is_weight_times_squared_gradient_of_the_margin(heads: Heads) -> None:
    z = torch.randn(1, DIM, dtype=torch.float64, requires_grad=True)
    scale = torch.rand(1, DIM, dtype=torch.float64) + 0.5
    expected = 0.0
    for name, weight in (("style", 2.0), ("mind", 0.5)):
        logits = heads(z)[name][0]
        (slope,) = torch.autograd.grad(logits[0] - logits[1], z)
        expected += weight * (slope * scale).square().sum().item()
    targets = [{"style": Aim({"plain": 1.0}, 2.0), "mind": Aim({"stern": 1.0}, 0.5)}]
    energy = Energy.of(heads, targets)
    assert energy.steepness(z.detach(), scale).item() == pytest.approx(expected)
    assert Energy.of(heads, targets, logits=True).steepness(z.detach(), scale).item() == 0


def test_relax_solves_with_the_hessian_where_heads_are_linear(heads: Heads) -> None:
    """For linear logits the Gauss-Newton Hessian is the Hessian: compare with autograd and a dense solve."""
    with torch.no_grad():
        for head in (heads.head(name) for name in ATTRIBUTES):
            head.hidden.weight.mul_(1e-4)  # SiLU near 0 is x / 2
            head.hidden.bias.zero_()
            head.output.weight.mul_(4e4)
    targets = [{"style": Aim({"plain": 1.0}, 2.0), "mood": Aim({"glad": 0.7, "sad": 0.3}, 5.0)}]
    energy = Energy.of(heads, targets)
    scale, drift = torch.rand(2, 1, DIM, dtype=torch.float64) + 0.5
    z, step = torch.randn(1, DIM, dtype=torch.float64), torch.tensor([[0.7]], dtype=torch.float64)
    curvature: Any = torch.autograd.functional.hessian(lambda x: energy(x).sum(), z)
    hessian = curvature.reshape(DIM, DIM)
    system = torch.eye(DIM, dtype=torch.float64) + 0.7 * torch.diag(scale[0]) @ hessian @ torch.diag(scale[0])
    expected = torch.linalg.solve(system, drift[0])
    assert torch.allclose(energy.relax(z, scale, drift, step)[0], expected, rtol=1e-2, atol=1e-3)
    literal = Energy.of(heads, targets, logits=True)
    assert torch.equal(literal.relax(z, scale, drift, step), drift)


def test_padding_aspects_do_not_count_as_steep(heads: Heads) -> None:
    """An attribute of two aspects beside one of three: the third logit does not exist."""
    only = Heads({"style": ATTRIBUTES["style"]}, DIM, 11).double()
    only.load_state_dict({k: v for k, v in heads.state_dict().items() if k.startswith("heads.style.")})
    z = torch.randn(3, DIM, dtype=torch.float64)
    targets = [{"style": Aim({"plain": 1.0}, 1.0)}] * 3
    many, single = Energy.of(heads, targets), Energy.of(only, targets)
    assert torch.allclose(many.steepness(z, torch.ones_like(z)), single.steepness(z, torch.ones_like(z)))


def test_half_precision_heads_are_computed_in_float32(heads: Heads) -> None:
    energy = Energy.of(heads.to(torch.bfloat16), MIXED)
    assert energy.gradient(torch.randn(4, DIM)).dtype == torch.float32


@pytest.mark.parametrize(
    ("targets", "hint"),
    [({"styl": Aim({"plain": 1.0})}, "'style'"), ({"style": Aim({"plane": 1.0})}, "'plain'")],
)
def test_unknown_name_is_refused_with_the_near_one(heads: Heads, targets: dict[str, Aim], hint: str) -> None:
    with pytest.raises(UnknownNameError, match=hint):
        Energy.of(heads, [targets])
