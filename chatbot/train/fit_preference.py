"""Fourth stage: the decoder learns from marks which of its replies make sense.

    L = -log sigmoid(beta ((log p(w) - log p0(w)) - (log p(l) - log p0(l)))) - c log p(w) / |w|

w was marked better than l in the same context, p is the decoder with the z of a chat (drawn from the prior,
moved by the flow to what was asked of the persona), p0 the decoder before the stage (direct preference
optimisation: Rafailov et al. 2023, arXiv 2305.18290; the last term keeps w likely: Pang et al. 2024, arXiv
2404.19733). Maximum likelihood spreads a small model over all that might be said; this draws it together
where it can speak sense. Encoders and heads, and so the meaning of z, stay as they are.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from chatbot.flow import FlowOptions
from chatbot.guidance import guide
from chatbot.model.artifact import Artifact
from chatbot.model.decoder import LatentDecoder
from chatbot.model.reading import Reader, pad
from chatbot.sampling import Sampling
from chatbot.train.corpus import MARKS, Corpus, Marked
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import Preference, Recipe
from profiles import Target

_TOGETHER = 64  # contexts whose z is found at once
_WORTH = (0.0, 1.0, 3.0, 3.0)  # how often a reply with each of MARKS is the better one of a pair


@dataclass(frozen=True)
class Choices:
    """A context as ids with its latents z (S, D), and its replies as ids with how well each was marked."""

    context: list[int]
    z: Tensor
    replies: list[list[int]]
    marks: list[int]  # places in MARKS

    @property
    def better(self) -> list[int]:
        """The replies that were marked better than some other."""
        return [i for i, mark in enumerate(self.marks) if mark > min(self.marks)]

    def worse(self, than: int) -> list[int]:
        return [i for i, mark in enumerate(self.marks) if mark < self.marks[than]]


@dataclass(frozen=True)
class Pairs:
    """B contexts, N replies as ids; `owner` (N,) and z (N, D) say where each belongs. `won` and `lost` (P,)
    are places among the replies."""

    contexts: list[list[int]]
    owner: Tensor
    z: Tensor
    replies: list[list[int]]
    won: Tensor
    lost: Tensor


def encode(model: Artifact, marked: Sequence[Marked], draws: int, seed: int) -> list[Choices]:
    """The marked replies with `draws` latents for each context, as a chat would draw them; a context whose
    replies are all marked alike teaches nothing and is left out."""
    shape, codec, reader = model.manifest, model.codec, Reader(model)
    useful = [row for row in marked if len({mark for _, mark in row.replies}) > 1]
    latents: list[Tensor] = []
    generator = torch.Generator().manual_seed(seed)
    device = next(model.model.parameters()).device
    for start in range(0, len(useful), _TOGETHER):
        rows = [row for row in useful[start : start + _TOGETHER] for _ in range(draws)]
        prior = reader.prior([row.context for row in rows])
        noise = torch.randn(prior.mean.shape, generator=generator).to(device)
        z, _ = guide(
            model.model.heads,
            [{name: Target(aspects={aspect: 1.0}) for name, aspect in row.asked} for row in rows],
            prior,
            Sampling().spread * noise,
            strength=shape.default_weight,
            options=FlowOptions(),
        )
        latents += z.detach().cpu().split(draws)
    found: list[Choices] = []
    for row, z in zip(useful, latents, strict=True):
        marks = dict(row.replies)  # what was said twice counts once
        ids = [codec.encode_reply(text, shape.reply_tokens) for text in marks]
        context = codec.encode_context(row.context, shape.context_tokens)
        found.append(Choices(context, z, ids, [MARKS.index(mark) for mark in marks.values()]))
    return found


def draw(choices: Sequence[Choices], shape: Preference, random: np.random.Generator) -> Pairs:
    """Pairs from `shape.contexts` random contexts: one good reply each, up to `shape.rivals` worse ones, all
    with the same z."""
    contexts: list[list[int]] = []
    owner: list[int] = []
    latents: list[Tensor] = []
    replies: list[list[int]] = []
    pairs: list[tuple[int, int]] = []
    for pick in random.choice(len(choices), size=min(shape.contexts, len(choices)), replace=False):
        one = choices[int(pick)]
        worth = np.array([_WORTH[one.marks[i]] for i in one.better])
        won = int(random.choice(one.better, p=worth / worth.sum()))
        worse = one.worse(won)
        lost = random.choice(worse, size=min(shape.rivals, len(worse)), replace=False).tolist()
        z = one.z[int(random.integers(len(one.z)))]
        place = len(replies)
        pairs += [(place, place + 1 + i) for i in range(len(lost))]
        for i in (won, *lost):
            replies.append(one.replies[i])
            owner.append(len(contexts))
            latents.append(z)
        contexts.append(one.context)
    won_places, lost_places = torch.tensor(pairs).T
    return Pairs(contexts, torch.tensor(owner), torch.stack(latents), replies, won_places, lost_places)


def log_probabilities(decoder: LatentDecoder, pairs: Pairs, device: torch.device) -> tuple[Tensor, Tensor]:
    """log p of each reply (N,) in nats, and how many tokens it has (N,)."""
    context, context_mask = (t.to(device) for t in pad(pairs.contexts))
    reply, mask = (t.to(device) for t in pad(pairs.replies))
    prefix = decoder.prefill(context, context_mask).select(pairs.owner.to(device))
    losses = decoder.reply_loss(prefix, pairs.z.to(device), reply, mask, shown=reply)
    return -losses, mask[:, 1:].sum(1)


def preference_loss(
    log_p: Tensor, before: Tensor, tokens: Tensor, pairs: Pairs, shape: Preference
) -> tuple[Tensor, dict[str, float]]:
    """The loss from log p (N,) now and before the stage, and its terms; `right` is the share of pairs in
    which the better reply has gained more."""
    won, lost = pairs.won.to(log_p.device), pairs.lost.to(log_p.device)
    gained = log_p - before
    gap = gained[won] - gained[lost]
    good = won.unique()
    preferred = F.softplus(-shape.beta * gap).mean()
    likely = -(log_p[good] / tokens[good]).mean()
    terms = {
        "loss_preferred": float(preferred.detach()),
        "loss_likely": float(likely.detach()),
        "right": float((gap.detach() > 0).float().mean()),
    }
    return preferred + shape.likely * likely, terms


def fit(
    model: Artifact, corpus: Corpus, recipe: Recipe, folder: Path, device: torch.device
) -> dict[str, float]:
    """Train the decoder of `model` in place; nothing else changes. Returns held-out figures: `right`, the
    share of pairs in which the better reply gained more, and `likely`, nats a token of the better ones."""
    shape, decoder = recipe.preference, model.model.decoder
    model.model.to(device)
    train = encode(model, corpus.marked["train"], shape.draws, recipe.seed)
    held_out = encode(model, corpus.marked["valid"] + corpus.marked["test"], 1, recipe.seed)
    if not train:
        raise ValueError("Preferences are learnt from marked replies; the training part holds none.")
    first = copy.deepcopy(decoder).eval().requires_grad_(False)
    decoder.train().requires_grad_(True)
    stage = Stage("preference", folder, {"decoder": decoder}, [(decoder.parameters(), shape.lr)], shape.steps)

    def loss(pairs: Pairs) -> tuple[Tensor, dict[str, float]]:
        with autocast(recipe.autocast, device):
            with torch.no_grad():
                before, tokens = log_probabilities(first, pairs, device)
            log_p, _ = log_probabilities(decoder, pairs, device)
        return preference_loss(log_p, before, tokens, pairs, shape)

    stage.run(lambda step: loss(draw(train, shape, np.random.default_rng((recipe.seed, step)))))
    model.model.eval()
    figures: dict[str, float] = {"contexts": len(train)}
    if held_out:
        with torch.no_grad():
            rounds = [
                loss(draw(held_out, shape, np.random.default_rng((recipe.seed, step))))[1]
                for step in range(8)
            ]
        figures["right"] = float(np.mean([terms["right"] for terms in rounds]))
        figures["likely"] = float(np.mean([terms["loss_likely"] for terms in rounds]))
    (folder / "preference.json").write_text(json.dumps(figures, indent=2) + "\n")
    return figures
