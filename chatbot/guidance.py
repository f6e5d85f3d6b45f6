"""From the prior and what a persona asks for to z, with a note of how it went.

A flow that fails costs the guidance, never the reply: z is then the prior's sample and the note says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from chatbot.energy import Energy, Target
from chatbot.errors import FlowError
from chatbot.flow import FlowOptions, flow
from chatbot.model.cvae import Gaussian
from chatbot.model.heads import Heads

Targets = Sequence[Mapping[str, Target]]
Note = dict[str, Any]


def guide(
    heads: Heads,
    targets: Targets,
    prior: Gaussian,
    eps: Tensor,
    *,
    strength: float,
    options: FlowOptions,
) -> tuple[Tensor, list[Note]]:
    """z (B, D) for the targets of each row, from the prior's noise eps (B, D), and a JSON-able note of each.

    lambda = strength * weight: weights are in units of the model's own strength, and a target that names no
    weight has 1. What 1 means is thus the same on every model, whatever the scale of its heads.
    When a batch fails, every row is tried alone, so that none pays for another.
    """
    asked = Energy.of(heads, targets, logits=options.logits)
    energy = replace(asked, weights=strength * asked.weights)
    start = prior.sample(eps)
    try:
        moved = flow(energy, prior.mean, prior.std, eps, options)
    except FlowError as error:
        if len(targets) == 1:
            return start, _notes(asked, targets, start, start, [f"failed: {str(error).rstrip('.')}"])
        alone = [
            guide(heads, [row], prior.select(i), eps[i], strength=strength, options=options)
            for row, i in zip(targets, torch.arange(len(targets), device=eps.device).split(1), strict=True)
        ]
        return torch.cat([z for z, _ in alone]), [notes[0] for _, notes in alone]
    guided = (energy.weights > 0).any(-1).tolist()
    notes = _notes(asked, targets, start, moved.z, ["moved" if yes else "prior" for yes in guided])
    for i, note in enumerate(notes):
        note["distance"] = round(float(moved.distance[i]), 4)
        note["evaluations"] = moved.evaluations
        note["stopped"], note["limited"] = bool(moved.stopped[i]), bool(moved.limited[i])
    return moved.z, notes


def met(wanted: Mapping[str, float], p: Mapping[str, float]) -> float:
    """How well probabilities p meet an aspect vector v, 0 to 1: exp(-KL(v || p)); p itself for one aspect."""
    total = sum(wanted.values())
    shares = {aspect: share / total for aspect, share in wanted.items() if share > 0}
    gap = sum(share * math.log(share / max(p[aspect], 1e-30)) for aspect, share in shares.items())
    return min(1.0, math.exp(-gap))


def _notes(
    energy: Energy, targets: Targets, before: Tensor, after: Tensor, flows: Sequence[str]
) -> list[Note]:
    """What there is to say of each row's way from z `before` to z `after` (B, D)."""
    names = list(energy.attributes)
    energies = energy(before).tolist(), energy(after).tolist()
    heads = energy.named(before), energy.named(after)
    return [
        {
            "flow": flows[i],
            "energy_before": energies[0][i],
            "energy_after": energies[1][i],
            "targets": {
                name: {
                    "aspects": dict(target.aspects),
                    "weight": float(energy.weights[i, names.index(name)]),
                    **({} if target.probability is None else {"strength": target.probability}),
                    "probability_before": met(target.aspects, heads[0][i][name]),
                    "probability_after": met(target.aspects, heads[1][i][name]),
                }
                for name, target in wanted.items()
            },
        }
        for i, wanted in enumerate(targets)
    ]
