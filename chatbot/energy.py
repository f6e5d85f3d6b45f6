"""The energy that the flow descends, with its gradient in closed form.

    E(z) = - sum_i lambda_i <v_i, log softmax f_i(z)>

    i         attribute; f_i its head (two-layer SiLU network, chatbot/model/heads.py) with K_i aspects
    v_i       aspect vector of the target, sums to 1; a single aspect is a one-hot vector, and one that is
              asked for with probability P has P there and the rest on the others: E_i is least at exactly P
    lambda_i  weight >= 0; 0 leaves attribute i out, exactly

Every row of a batch has its own v and lambda and its own energy: nothing is averaged or mixed over the batch
(the published sampler lost a `squeeze` there and so multiplied lambda by the batch size). `logits=True`
takes <v_i, f_i(z)> instead, Eq. 8 of arXiv 2310.18342 read literally; it has no end and serves ablation.

With p = softmax f(z), a = silu(h), h = W z + b and f = (V a + c) / temperature the gradient is

    dE/dz = W^T ( silu'(h) * V^T ( lambda (p - v) ) )

and all heads are stacked into one W and one block-diagonal V: two products forward, two back, no autograd,
so it also runs under `torch.inference_mode`. Shapes: B rows, D latent, H hidden of all heads together,
A attributes, K aspects of the largest attribute; smaller ones are padded with logits that are never chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import torch
from torch import Tensor
from torch.nn import functional as F

from chatbot.asked import Target, aspect_vector, check_targets
from chatbot.model.heads import Heads

_NEVER = -1e30  # the logit of a padding aspect: probability 0, and finite, so that 0 * log p stays 0


@dataclass(frozen=True)
class Energy:
    """E(z) of a batch of targets over one set of heads; see the module. Make one with `Energy.of`."""

    attributes: dict[str, tuple[str, ...]]
    hidden_weight: Tensor  # (H, D)
    hidden_bias: Tensor  # (H,)
    output_weight: Tensor  # (A * K, H), block-diagonal, divided by the temperatures
    output_bias: Tensor  # (A * K,), likewise
    vectors: Tensor  # (B, A, K): v
    weights: Tensor  # (B, A): lambda
    logits: bool = False

    @classmethod
    def of(
        cls,
        heads: Heads,
        targets: Sequence[Mapping[str, Target]],
        *,
        logits: bool = False,
    ) -> Energy:
        """The energy of one mapping attribute -> target per row; an attribute not named is not guided, and a
        target that names no weight has 1.

        Raises UnknownNameError for an attribute or aspect that the heads do not have. Heads in half
        precision are computed in float32.
        """
        hidden_weight, hidden_bias, output_weight, output_bias = _stack(heads)
        vectors, weights = _targets(heads.attributes, targets, output_weight)
        return cls(
            attributes=heads.attributes,
            hidden_weight=hidden_weight,
            hidden_bias=hidden_bias,
            output_weight=output_weight,
            output_bias=output_bias,
            vectors=vectors,
            weights=weights,
            logits=logits,
        )

    def asking(self, targets: Sequence[Mapping[str, Target]]) -> Energy:
        """The energy of other targets over the same heads."""
        vectors, weights = _targets(self.attributes, targets, self.output_weight)
        return replace(self, vectors=vectors, weights=weights)

    def guided(self) -> Energy:
        """The same energy over the heads alone that some row guides; the others only cost time."""
        kept = (self.weights > 0).any(0)  # (A,)
        scores = kept.repeat_interleave(self.vectors.shape[-1])
        units = self.output_weight[scores].ne(0).any(0)  # (H,)
        return replace(
            self,
            attributes=dict(compress(self.attributes.items(), kept.tolist())),
            hidden_weight=self.hidden_weight[units],
            hidden_bias=self.hidden_bias[units],
            output_weight=self.output_weight[scores][:, units],
            output_bias=self.output_bias[scores],
            vectors=self.vectors[:, kept],
            weights=self.weights[:, kept],
        )

    def rows(self, index: Tensor | slice) -> Energy:
        """The energy of some of the rows."""
        return replace(self, vectors=self.vectors[index], weights=self.weights[index])

    def __call__(self, z: Tensor) -> Tensor:
        """E of z (..., B, D): (..., B)."""
        scores = self._scores(self._hidden(z))
        scores = scores if self.logits else scores.log_softmax(-1)
        return -(self.weights * (self.vectors * scores).sum(-1)).sum(-1)

    def gradient(self, z: Tensor) -> Tensor:
        """dE/dz of z (..., B, D): (..., B, D)."""
        hidden = self._hidden(z)
        if self.logits:
            pull = -self.vectors.expand(*z.shape[:-1], *self.vectors.shape[-2:])
        else:
            pull = self._scores(hidden).softmax(-1) - self.vectors
        pull = (self.weights.unsqueeze(-1) * pull).flatten(-2)  # (..., B, A * K)
        return (pull @ self.output_weight * _silu_slope(hidden)) @ self.hidden_weight

    def log_probabilities(self, z: Tensor) -> Tensor:
        """log softmax of every head at z (..., B, D): (..., B, A, K); padding aspects are about -1e30."""
        return self._scores(self._hidden(z)).log_softmax(-1)

    def probabilities(self, z: Tensor) -> dict[str, Tensor]:
        """softmax of every head at z (..., B, D): attribute -> (..., B, K_i)."""
        p = self.log_probabilities(z).exp()
        return {name: p[..., i, : len(a)] for i, (name, a) in enumerate(self.attributes.items())}

    def named(self, z: Tensor) -> list[dict[str, dict[str, float]]]:
        """The probabilities at z (B, D) as plain data: for each row attribute -> aspect -> p."""
        p = self.log_probabilities(z).exp().tolist()
        return [
            {name: dict(zip(a, row[i], strict=False)) for i, (name, a) in enumerate(self.attributes.items())}
            for row in p  # the last entries of a short row are padding
        ]

    def divergence(self, z: Tensor) -> Tensor:
        """KL(v_i || p_i) in nats at z (..., B, D): (..., B, A); 0 where the weight is 0.

        How far a target still is, whatever its vector and weight; -log p for a single aspect.
        """
        own = torch.special.xlogy(self.vectors, self.vectors)
        gap = (own - self.vectors * self.log_probabilities(z)).sum(-1)
        return torch.where(self.weights > 0, gap.clamp_min(0), 0)

    def reached(self, z: Tensor, probability: float) -> Tensor:
        """Whether every guided target is reached at z (..., B, D): bool (..., B). Never where none is.

        A single aspect is with `probability`. A distribution is within a tenth of as many nats: about its
        least point the divergence is flat, and p would still be far from v. With 1 nothing ever is.
        """
        single = self.vectors.amax(-1) == 1
        within = -math.log(probability) * torch.where(single, 1.0, 0.1)
        near = (self.divergence(z) <= within).all(-1)
        return near & (self.weights > 0).any(-1) & (probability < 1)

    def steepness(self, z: Tensor, scale: Tensor) -> Tensor:
        """kappa = sum_i lambda_i max_kl |J_k - J_l|^2 at z (B, D): (B,), with J_k = scale * d f_ik / dz.

        The rate at which margins grow while the targets are far; `scale` (B, D) is the coordinates' unit.
        0 for raw logits, whose flow does not slow down.
        """
        if self.logits:
            return torch.zeros_like(z[:, 0])
        jacobian = self._jacobian(z, scale)
        apart = (jacobian.unsqueeze(3) - jacobian.unsqueeze(2)).square().sum(-1)  # (B, A, K, K)
        return (self.weights * apart.flatten(2).amax(-1)).sum(-1)

    def relax(self, z: Tensor, scale: Tensor, drift: Tensor, step: Tensor) -> Tensor:
        """(1 + step M^T M)^-1 drift at z, all (B, D) but step (B, 1): the drift made linearly implicit.

        M^T M is the Gauss-Newton Hessian of E in units of `scale`,
        M_ik = sqrt(lambda_i p_ik) (J_ik - E_p J_i)
        with J = scale * df/dz. M has a row for each aspect only, so one small system is solved (Woodbury).
        Raw logits have no such Hessian and leave the drift as it is.
        """
        if self.logits:
            return drift
        p = self.log_probabilities(z).exp().unsqueeze(-1)
        jacobian = self._jacobian(z, scale)
        centred = jacobian - (p * jacobian).sum(2, keepdim=True)
        rows = ((self.weights[..., None, None] * p).sqrt() * centred).flatten(1, 2)  # M (B, A * K, D)
        step = step.unsqueeze(-1)
        system = torch.eye(rows.shape[1], dtype=z.dtype, device=z.device) + step * (rows @ rows.mT)
        inner = torch.linalg.solve(system, step * (rows @ drift.unsqueeze(-1)))
        return drift - (rows.mT @ inner).squeeze(-1)

    def _jacobian(self, z: Tensor, scale: Tensor) -> Tensor:
        """scale * d (f_ik - f_i0) / dz at z (B, D): (B, A, K, D). Differences are all that p depends on."""
        slope = self.output_weight * _silu_slope(self._hidden(z)).unsqueeze(1)  # (B, A * K, H)
        jacobian = (slope @ self.hidden_weight * scale.unsqueeze(1)).unflatten(1, self.vectors.shape[1:])
        real = self.output_bias.unflatten(0, self.vectors.shape[1:]) > _NEVER / 2
        return (jacobian - jacobian[:, :, :1]) * real.unsqueeze(-1)

    def _hidden(self, z: Tensor) -> Tensor:
        return z @ self.hidden_weight.T + self.hidden_bias

    def _scores(self, hidden: Tensor) -> Tensor:
        """Calibrated logits (..., B, A, K)."""
        flat = F.silu(hidden) @ self.output_weight.T + self.output_bias
        return flat.unflatten(-1, self.vectors.shape[-2:])


def _silu_slope(hidden: Tensor) -> Tensor:
    gate = hidden.sigmoid()
    return gate * (1 + hidden * (1 - gate))


def _stack(heads: Heads) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """All heads as one: hidden (H, D), (H,) and block-diagonal output (A * K, H), (A * K,)."""
    single = [heads.head(name) for name in heads.attributes]
    first = single[0].hidden.weight.detach()
    dtype = first.dtype if first.dtype in (torch.float32, torch.float64) else torch.float32
    most = max(len(aspects) for aspects in heads.attributes.values())
    total = sum(head.hidden.out_features for head in single)
    weight = torch.zeros(len(single), most, total, dtype=dtype, device=first.device)
    bias = torch.full((len(single), most), _NEVER, dtype=dtype, device=first.device)
    start = 0
    for i, head in enumerate(single):
        count, width = head.output.out_features, head.hidden.out_features
        temperature = head.temperature.to(dtype)
        weight[i, :count, start : start + width] = head.output.weight.detach().to(dtype) / temperature
        bias[i, :count] = head.output.bias.detach().to(dtype) / temperature
        start += width
    hidden_weight = torch.cat([head.hidden.weight.detach().to(dtype) for head in single])
    hidden_bias = torch.cat([head.hidden.bias.detach().to(dtype) for head in single])
    return hidden_weight, hidden_bias, weight.flatten(0, 1), bias.flatten()


def _targets(
    attributes: Mapping[str, tuple[str, ...]],
    targets: Sequence[Mapping[str, Target]],
    like: Tensor,
) -> tuple[Tensor, Tensor]:
    """Aspect vectors (B, A, K) and weights (B, A) of the targets, of the type and on the device of `like`."""
    names = list(attributes)
    most = max(len(aspects) for aspects in attributes.values())
    vectors = torch.zeros(len(targets), len(names), most, dtype=torch.float64)
    weights = torch.zeros(len(targets), len(names), dtype=torch.float64)
    for row, wanted in enumerate(targets):
        check_targets(wanted, attributes)
        for name, target in wanted.items():
            i = names.index(name)
            vector = aspect_vector(target.aspects, target.probability, attributes[name])
            vectors[row, i, : len(vector)] = torch.tensor(list(vector.values()), dtype=torch.float64)
            weights[row, i] = 1.0 if target.weight is None else target.weight
    # The vector of an attribute that is not guided stays 0; so does its weight.
    return vectors.to(like.dtype).to(like.device), weights.to(like.dtype).to(like.device)
