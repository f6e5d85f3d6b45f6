"""Third stage: the heads on the frozen latent space, calibrated, and the model's default strength.

The heads are the energy, so two things matter beyond accuracy. They must be sensible wherever the flow
goes, not only where posteriors lie: training samples are drawn with widened noise. And their probabilities
must mean what they say, because people set strengths as probabilities: each head's temperature is fitted on
held-out replies (Guo et al. 2017, arXiv 1706.04599).

A reply is labelled with one attribute, or a few, and neutral in the others. Left out of the other heads'
training it would get whatever they extrapolate: a merry reply counted as 99 % anxious, and a flow that is
asked for anxiety then has nothing to do. So every reply also asks the other heads for their uniform
distribution (`neutral`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from chatbot.energy import Energy
from chatbot.flow import FlowOptions, flow
from chatbot.model.cvae import DialogueCVAE, Gaussian
from chatbot.model.heads import Heads
from chatbot.train.fit_cvae import Encoder
from chatbot.train.forms import Item
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import HeadFit, Recipe
from profiles import Target


@dataclass(frozen=True)
class Latents:
    """Posteriors and priors (N, D) of labelled replies; `aspects` (N, A) as in Batch."""

    posterior: Gaussian
    prior: Gaussian
    aspects: Tensor


@torch.no_grad()
def latents(
    model: DialogueCVAE, encoder: Encoder, items: Sequence[Item], recipe: Recipe, device: torch.device
) -> Latents:
    """Encode every labelled reply once. A model without a posterior has its prior alone."""
    model.eval()
    columns: dict[str, list[Tensor]] = {"pm": [], "pv": [], "m": [], "v": [], "aspects": []}
    encoded = sorted((encoder.item(item) for item in items), key=lambda e: len(e.enc_context))
    for start in range(0, len(encoded), 16):
        batch = encoder.batch(encoded[start : start + 16]).to(device)
        with autocast(recipe.autocast, device):
            posterior = prior = model.prior(batch.enc_context, batch.enc_context_mask).select(batch.owner)
            if recipe.cvae.posterior:
                posterior = model.posterior(batch.enc_pair, batch.enc_pair_mask, batch.enc_reply_mask)
        keep = (batch.aspects >= 0).any(1)
        found = (posterior.mean, posterior.log_var, prior.mean, prior.log_var, batch.aspects)
        for name, tensor in zip(columns, found, strict=True):
            columns[name].append(tensor[keep].float() if tensor.is_floating_point() else tensor[keep])
    pm, pv, m, v, aspects = (torch.cat(column) for column in columns.values())
    return Latents(Gaussian(pm, pv), Gaussian(m, v), aspects)


def fit(
    heads: Heads, train: Latents, valid: Latents, shape: HeadFit, folder: Path, seed: int
) -> dict[str, dict[str, float]]:
    """Train and calibrate `heads` in place. Returns held-out figures for each attribute."""
    device = train.aspects.device
    heads.to(device).train()
    steps = shape.epochs * max(1, len(train.aspects) // shape.batch)
    stage = Stage(
        "heads",
        folder,
        {"heads": heads},
        [(heads.parameters(), shape.lr)],
        steps,
        weight_decay=shape.weight_decay,
    )

    def step(number: int) -> tuple[Tensor, dict[str, float]]:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
        rows = torch.randint(len(train.aspects), (shape.batch,), generator=generator).to(device)
        width = 1 + (shape.widen - 1) * torch.rand(shape.batch, 1, generator=generator).to(device)
        noise = torch.randn(shape.batch, train.posterior.mean.shape[1], generator=generator).to(device)
        z = train.posterior.select(rows).sample(width * noise)
        loss = labelled_loss(heads(z), train.aspects[rows], shape)
        return loss, {"loss": float(loss.detach())}

    stage.run(step, log_every=100)
    heads.eval()
    calibrate(heads, valid)
    return report(heads, valid)


def labelled_loss(logits: dict[str, Tensor], aspects: Tensor, shape: HeadFit) -> Tensor:
    """Mean cross-entropy of each row under its own attributes' heads, and to uniform under the others."""
    total = aspects.new_zeros((), dtype=torch.float32)
    others = max(1, len(logits) - 1)
    for index, values in enumerate(logits.values()):
        own = aspects[:, index] >= 0
        smoothing = shape.label_smoothing
        if bool(own.any()):
            total = total + F.cross_entropy(
                values[own], aspects[own, index], label_smoothing=smoothing, reduction="sum"
            )
        if shape.neutral:
            uniform = -F.log_softmax(values[~own], dim=-1).mean(-1)
            total = total + shape.neutral / others * uniform.sum()
    return total / len(aspects)


@torch.no_grad()
def calibrate(heads: Heads, valid: Latents) -> None:
    """Set each head's temperature to the one of lowest held-out cross-entropy on posterior samples."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(valid.posterior.mean.shape, generator=generator).to(valid.aspects.device)
    z = valid.posterior.sample(noise)
    grid = torch.logspace(
        -0.3, 0.7, 81, device=z.device
    )  # 0.5 to 5: a head that is always right stays finite
    for index, name in enumerate(heads.attributes):
        rows = valid.aspects[:, index] >= 0
        head = heads.head(name)
        head.temperature.fill_(1.0)
        if not bool(rows.any()):
            continue
        logits = head(z[rows])
        losses = torch.stack([F.cross_entropy(logits / t, valid.aspects[rows, index]) for t in grid])
        head.temperature.fill_(float(grid[losses.argmin()]))


@torch.no_grad()
def report(heads: Heads, valid: Latents) -> dict[str, dict[str, float]]:
    """Held-out accuracy, cross-entropy and temperature of each head at the posterior mean."""
    figures: dict[str, dict[str, float]] = {}
    for index, (name, logits) in enumerate(heads(valid.posterior.mean).items()):
        rows = valid.aspects[:, index] >= 0
        if not bool(rows.any()):
            continue
        figures[name] = {
            "accuracy": float((logits[rows].argmax(-1) == valid.aspects[rows, index]).float().mean()),
            "cross_entropy": float(F.cross_entropy(logits[rows], valid.aspects[rows, index])),
            "temperature": float(heads.head(name).temperature),
            "count": int(rows.sum()),
        }
    return figures


@torch.no_grad()
def default_weight(
    heads: Heads, valid: Latents, probability: float, *, share: float = 0.95, seed: int = 0
) -> float:
    """The smallest lambda of 1, 2, 4, ... 256 at which `share` of prior samples reach `probability`.

    Each sample is asked for one random aspect; the flow runs without early stop.
    """
    generator = torch.Generator().manual_seed(seed)
    count = min(512, len(valid.aspects))
    rows = torch.randperm(len(valid.aspects), generator=generator)[:count].to(valid.aspects.device)
    prior = valid.prior.select(rows)
    eps = torch.randn(prior.mean.shape, generator=generator).to(prior.mean.device)
    names, options = list(heads.attributes), FlowOptions(target_probability=1.0)
    asked: list[tuple[str, str]] = []
    for index in torch.randint(len(names), (count,), generator=generator).tolist():
        aspects = heads.attributes[names[index]]
        asked.append((names[index], aspects[len(asked) % len(aspects)]))
    for weight in (2.0**exponent for exponent in range(9)):
        wanted = [{name: Target(aspects={aspect: 1.0}, weight=weight)} for name, aspect in asked]
        energy = Energy.of(heads, wanted)
        z = flow(energy, prior.mean, prior.std, eps, options).z
        found = (-energy.divergence(z).sum(-1)).exp()  # of the one aspect that is asked
        if float((found >= probability).float().mean()) >= share:
            return weight
    return 256.0


def run(
    model: DialogueCVAE,
    encoder: Encoder,
    train: Sequence[Item],
    valid: Sequence[Item],
    recipe: Recipe,
    folder: Path,
    device: torch.device,
) -> tuple[dict[str, dict[str, float]], float]:
    """The whole stage. Returns the held-out report and the default weight."""
    model.to(device)
    random = np.random.default_rng(recipe.seed)
    drawn = set(random.permutation(len(train))[: recipe.heads.items].tolist())
    chosen = [item for i, item in enumerate(train) if i in drawn or item.kind == "together"]
    seen = latents(model, encoder, chosen, recipe, device)
    held_out = latents(model, encoder, valid, recipe, device)
    figures = fit(model.heads, seen, held_out, recipe.heads, folder, recipe.seed)
    weight = default_weight(model.heads, held_out, recipe.heads.default_probability)
    (folder / "heads.json").write_text(
        json.dumps({"heads": figures, "default_weight": weight}, indent=2) + "\n"
    )
    return figures, weight
