"""Fourth stage: whether a reply answers its context, on the frozen encoder.

Every written reply stands beside replies to other messages that show the same aspects, so that neither style
nor mood gives the true one away; the loss is the cross-entropy of finding it among them (noise-contrastive:
van den Oord et al. 2018, arXiv 1807.03748). The encoder is frozen: its pooled states are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from chatbot.model.cvae import DialogueCVAE
from chatbot.model.reading import pad
from chatbot.train.corpus import Item
from chatbot.train.fit_cvae import EncodedItem, Encoder
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import MatchFit, Recipe

NEVER = -1e4  # the logit of a rival that is no rival: it answers the same message


def run(
    model: DialogueCVAE,
    encoder: Encoder,
    train: Sequence[Item],
    valid: Sequence[Item],
    recipe: Recipe,
    folder: Path,
    device: torch.device,
) -> float:
    """Train `model.match` in place; the held-out share of replies that come before all their rivals."""
    shape = recipe.match
    model.to(device).eval()
    seen = states(model, encoder, train, shape, recipe, device)
    held_out = states(model, encoder, valid, shape, recipe, device)
    model.match.train()
    pooled, same = seen
    steps = shape.epochs * max(1, len(pooled) // shape.batch)
    stage = Stage("match", folder, {"match": model.match}, [(model.match.parameters(), shape.lr)], steps)

    def step(number: int) -> tuple[Tensor, dict[str, float]]:
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + number)
        rows = torch.randint(len(pooled), (shape.batch,), generator=generator).to(device)
        loss = F.cross_entropy(logits(model, pooled[rows], same[rows]), torch.zeros_like(rows))
        return loss, {"loss": float(loss.detach())}

    stage.run(step, log_every=100)
    model.match.eval()
    with torch.no_grad():
        first = logits(model, *held_out).argmax(1) == 0
    return float(first.float().mean())


def logits(model: DialogueCVAE, pooled: Tensor, same: Tensor) -> Tensor:
    """(N, 1 + R) of pooled states (N, 1 + R, 2 W), the true reply first; `same` (N, R) marks no rivals."""
    found = model.match(pooled.flatten(0, 1)).view(pooled.shape[:2])
    return torch.cat([found[:, :1], found[:, 1:].masked_fill(same, NEVER)], dim=1)


@torch.no_grad()
def states(
    model: DialogueCVAE,
    encoder: Encoder,
    items: Sequence[Item],
    shape: MatchFit,
    recipe: Recipe,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Pooled states (N, 1 + R, 2 W) of up to `shape.items` replies and their rivals, and which rivals answer
    the same message (N, R) bool.
    """
    random = np.random.default_rng(recipe.seed)
    drawn = [items[i] for i in random.permutation(len(items))[: shape.items]]
    chosen = [int(random.integers(len(item.replies))) for item in drawn]
    encoded = [encoder.item(item) for item in drawn]
    groups: dict[object, list[int]] = {}
    for i, item in enumerate(drawn):
        groups.setdefault(item.replies[chosen[i]].labels, []).append(i)
    rivals = [
        random.choice(groups[item.replies[chosen[i]].labels], shape.rivals).tolist()
        for i, item in enumerate(drawn)
    ]
    pairs = [(i, j) for i, others in enumerate(rivals) for j in (i, *others)]
    pooled = _pooled(model, encoded, chosen, pairs, recipe, device)
    messages = [item.context.turns[-1].text for item in drawn]
    same = [[messages[i] == messages[j] for j in others] for i, others in enumerate(rivals)]
    return pooled.view(len(drawn), 1 + shape.rivals, -1), torch.tensor(same, device=device)


def _pooled(
    model: DialogueCVAE,
    encoded: Sequence[EncodedItem],
    chosen: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    recipe: Recipe,
    device: torch.device,
    batch: int = 128,
) -> Tensor:
    """Pooled states (P, 2 W) of the pairs (context of item i, chosen reply of item j)."""
    parts = [(encoded[i].enc_context, encoded[j].enc_replies[chosen[j]]) for i, j in pairs]
    found: Tensor | None = None
    order = sorted(range(len(parts)), key=lambda k: len(parts[k][0]) + len(parts[k][1]))
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        ids, mask = pad(parts[k][0] + parts[k][1] for k in rows)
        reply_mask, _ = pad([0] * len(parts[k][0]) + [1] * len(parts[k][1]) for k in rows)
        with autocast(recipe.autocast, device):
            pooled = model.pooled_pair(ids.to(device), mask.to(device), reply_mask.to(device)).float()
        found = pooled.new_empty(len(parts), pooled.shape[1]) if found is None else found
        found[rows] = pooled
    if found is None:
        raise ValueError("There must be at least one reply to learn from; there is none.")
    return found
