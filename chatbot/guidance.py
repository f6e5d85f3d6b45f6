"""From the prior and what a persona asks for to z, with a note of how it went.

A flow that fails costs the guidance, never the reply: z is then the prior's sample and the note says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from chatbot.asked import Target, apart, aspect_vector
from chatbot.energy import Energy
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
    weight has 1. What 1 means is thus the same on every model, whatever the scale of its heads. A weight
    below 1 also goes only its share of the way (`_aims`): the model's own strength is far more than it takes
    to get there, so that lambda alone would be a switch.
    When a batch fails, every row is tried alone, so that none pays for another.
    """
    start = prior.sample(eps)
    asked = Energy.of(heads, targets, logits=options.logits)
    full = min(options.target_probability, FlowOptions.target_probability)  # with 1 nothing has an end
    aims = _aims(targets, asked.named(start), full)
    energy = asked.asking(aims)
    energy = replace(energy, weights=strength * energy.weights)
    goals = [
        {name: _goal(target, aim[name], full) for name, target in wanted.items()}
        for wanted, aim in zip(targets, aims, strict=True)
    ]
    try:
        moved = flow(energy.guided(), prior.mean, prior.std, eps, options)
    except FlowError as error:
        if len(targets) == 1:
            flows = [f"failed: {str(error).rstrip('.')}"]
            return start, _notes(asked, targets, goals, start, start, flows)
        alone = [
            guide(heads, [row], prior.select(i), eps[i], strength=strength, options=options)
            for row, i in zip(targets, torch.arange(len(targets), device=eps.device).split(1), strict=True)
        ]
        return torch.cat([z for z, _ in alone]), [notes[0] for _, notes in alone]
    guided = (energy.weights > 0).any(-1).tolist()
    flows = ["moved" if yes else "prior" for yes in guided]
    notes = _notes(asked, targets, goals, start, moved.z, flows)
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


@dataclass(frozen=True)
class _Aim:
    """A target as the flow has it: the aspect vector to be reached from where it starts."""

    aspects: Mapping[str, float]
    weight: float | None
    probability: float | None = None


def _aims(
    targets: Targets, starts: Sequence[Mapping[str, Mapping[str, float]]], full: float
) -> list[dict[str, Target]]:
    """The targets, each weight w below 1 put into the vector: v' ~ p0^(1 - w) v^w.

    p0 are the probabilities at the start, v what the full weight reaches: the asked aspects with probability
    `full`. For one aspect its log-odds lie the share w of the way from those of p0 to those of `full`; so a
    small weight leaves z nearly alone, and none pulls it back. A strength says itself how far.
    """
    return [
        {name: _aim(target, start[name], full) for name, target in wanted.items()}
        for wanted, start in zip(targets, starts, strict=True)
    ]


def _aim(target: Target, p0: Mapping[str, float], full: float) -> Target:
    w = target.weight
    if w is None or not 0 < w < 1 or target.probability is not None or met(target.aspects, p0) >= full:
        return target
    v = aspect_vector(target.aspects, full, list(p0))
    between = {aspect: p0[aspect] ** (1 - w) * v[aspect] ** w for aspect in p0}
    total = sum(between.values())
    return _Aim({aspect: share / total for aspect, share in between.items()}, w)


def _goal(target: Target, aim: Target, full: float) -> dict[str, float]:
    """How well a target with a weight is to be `met`, and if that is a part of the way, how far it leaves p
    from v (1/2 sum |v - p|); one with a strength is met where p is v."""
    if target.probability is not None:
        return {"strength": target.probability}
    if aim is target:
        return {"goal": full}
    return {"goal": met(target.aspects, aim.aspects), "left": apart(target.aspects, aim.aspects)}


def _found(target: Target, p: Mapping[str, float]) -> float:
    """How well p meets a target: one aspect by its own probability, a mixture with a strength by the vector
    that has the strength in it, which is where the flow goes."""
    if target.probability is None or len(target.aspects) == 1:
        return met(target.aspects, p)
    return met(aspect_vector(target.aspects, target.probability, list(p)), p)


def _notes(
    energy: Energy,
    targets: Targets,
    goals: Sequence[Mapping[str, Note]],
    before: Tensor,
    after: Tensor,
    flows: Sequence[str],
) -> list[Note]:
    """What there is to say of each row's way from z `before` to z `after` (B, D)."""
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
                    "weight": 1.0 if target.weight is None else float(target.weight),
                    **goals[i][name],
                    "probability_before": _found(target, heads[0][i][name]),
                    "probability_after": _found(target, heads[1][i][name]),
                }
                for name, target in wanted.items()
            },
        }
        for i, wanted in enumerate(targets)
    ]
