"""Fourth stage: the decoder learns to talk from whole chats, with the z that it will have in them.

    L = - sum_k log p(r_k | C_k, z_k) / sum_k |r_k|

In the CVAE stage z is the posterior's, which has read the reply. In a chat nobody has: z is drawn from the
prior and moved by the flow to what is asked of the persona. So are most z_k here; the others stay the
posterior's, so that z goes on telling what no label says. Encoders and heads, and so the meaning of z, stay
as they are.

A chat is read once. No z is seen by what stands in the context (decoder.py), so the keys and values of a
chat's last context serve all its replies, each up to where its own context ends (`Prefix.until`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from chatbot.decoding.sampling import Sampling
from chatbot.flow import FlowOptions
from chatbot.guidance import Targets, guide
from chatbot.model.artifact import Artifact
from chatbot.model.reading import Reader, pad
from chatbot.model.text import Codec, Context
from chatbot.train.forms import Item
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import Chats, Recipe
from profiles import Target

_EVERY = 100  # steps from one look at held-out text to the next
_HELD_OUT = 48  # passages


@dataclass(frozen=True)
class Said:
    """A reply as ids, in a passage whose first `end` tokens are its context."""

    ids: list[int]
    end: int
    context: Context
    text: str
    asked: tuple[tuple[str, str], ...]  # (attribute, aspect)


@dataclass(frozen=True)
class Passage:
    """The ids of the longest context, and the replies that were given in it."""

    ids: list[int]
    replies: tuple[Said, ...]


def passages(items: Sequence[Item], codec: Codec, context_tokens: int, reply_tokens: int) -> list[Passage]:
    """The items of a corpus as passages: of each chat the last lines that fit `context_tokens`, then what
    comes before them, to its beginning. A line too short to show an aspect is asked to show the chat's."""
    return [passage for chat in _chats(items) for passage in _cut(chat, codec, context_tokens, reply_tokens)]


def _chats(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items that stand one behind the other and go on with the same talk, together."""
    chat: list[Item] = []
    for item in items:
        if chat and not _goes_on(chat[-1].context, item.context):
            yield chat
            chat = []
        chat.append(item)
    if chat:
        yield chat


def _goes_on(before: Context, after: Context) -> bool:
    longer = len(after.turns) > len(before.turns)
    return longer and before.facts == after.facts and after.turns[: len(before.turns)] == before.turns


def _cut(chat: Sequence[Item], codec: Codec, context_tokens: int, reply_tokens: int) -> Iterator[Passage]:
    asked = next((reply.labels for item in chat for reply in item.replies if reply.labels), ())
    left = list(chat)
    while left:
        last = left[-1].context
        ids = codec.encode_context(last, context_tokens)
        places = [place for place, i in enumerate(ids, 1) if i == codec.end]  # where each turn has ended
        unseen = len(last.turns) - len(places)
        ends = dict(enumerate(places, unseen + 1))  # how many turns there were by then
        inside = [item for item in left if len(item.context.turns) in ends]
        left = left[: len(left) - len(inside)]
        said = tuple(
            Said(
                codec.encode_reply(reply.text, reply_tokens),
                ends[len(item.context.turns)],
                item.context,
                reply.text,
                reply.labels or asked,
            )
            for item in inside
            for reply in item.replies
        )
        yield Passage(ids, said)


def draw(found: Sequence[Passage], shape: Chats, random: np.random.Generator) -> list[Passage]:
    """`shape.passages` of them, each as likely as it has replies, with `shape.replies` of these at most."""
    size = np.array([min(shape.replies, len(passage.replies)) for passage in found], dtype=float)
    picks = random.choice(len(found), min(shape.passages, len(found)), replace=False, p=size / size.sum())
    return [_some(found[int(pick)], shape.replies, random) for pick in picks]


def _some(passage: Passage, most: int, random: np.random.Generator) -> Passage:
    if len(passage.replies) <= most:
        return passage
    places = np.sort(random.choice(len(passage.replies), most, replace=False))
    return replace(passage, replies=tuple(passage.replies[int(place)] for place in places))


def latents(
    model: Artifact, said: Sequence[Said], posterior_share: float, generator: torch.Generator
) -> Tensor:
    """z (N, D) of each reply: as in a chat, and for a random `posterior_share` of them the posterior's."""
    told = torch.rand(len(said), generator=generator) < posterior_share
    noise = torch.randn(len(said), model.manifest.latent_dim, generator=generator)
    z = torch.empty_like(noise)
    if read := [one for one, yes in zip(said, told.tolist(), strict=True) if yes]:
        posterior = Reader(model).posterior([one.context for one in read], [one.text for one in read])
        z[told] = posterior.sample(noise[told].to(posterior.mean.device)).cpu()
    if moved := [one for one, yes in zip(said, told.tolist(), strict=True) if not yes]:
        targets = [{name: Target(aspects={aspect: 1.0}) for name, aspect in one.asked} for one in moved]
        z[~told] = guided(model, [one.context for one in moved], targets, noise[~told]).cpu()
    return z.to(next(model.model.parameters()).device)


def guided(model: Artifact, contexts: Sequence[Context], targets: Targets, noise: Tensor) -> Tensor:
    """z (N, D) as in a chat: what `noise` (N, D) draws from each context's prior, moved to its targets."""
    apart = {context: place for place, context in enumerate(dict.fromkeys(contexts))}
    prior = Reader(model).prior(list(apart))
    owner = torch.tensor([apart[context] for context in contexts], device=prior.mean.device)
    z, _ = guide(
        model.model.heads,
        targets,
        prior.select(owner),
        Sampling().spread * noise.to(owner.device),
        strength=model.manifest.default_weight,
        options=FlowOptions(),
    )
    return z.detach()


def nats(model: Artifact, found: Sequence[Passage], z: Tensor) -> tuple[Tensor, Tensor]:
    """-log p (N,) of every reply of the passages, in nats, given z (N, D); and its tokens (N,)."""
    decoder, said = model.model.decoder, [one for passage in found for one in passage.replies]
    context, mask = (t.to(z.device) for t in pad(passage.ids for passage in found))
    reply, reply_mask = (t.to(z.device) for t in pad(one.ids for one in said))
    owner = torch.tensor([i for i, passage in enumerate(found) for _ in passage.replies], device=z.device)
    ends = torch.tensor([one.end for one in said], device=z.device)
    prefix = decoder.prefill(context, mask).select(owner).until(ends)
    losses = decoder.reply_loss(prefix, z, reply, reply_mask, shown=reply)
    return losses, reply_mask[:, 1:].sum(1)


def fit(
    model: Artifact,
    train: Sequence[Item],
    valid: Sequence[Item],
    recipe: Recipe,
    folder: Path,
    device: torch.device,
) -> None:
    """Train the decoder of `model` in place; the log also gets the nats a token of held-out passages."""
    shape, decoder, text = recipe.chats, model.model.decoder, recipe.text
    model.model.to(device).eval()
    found, held_out = (
        passages(items, model.codec, text.context_tokens, text.reply_tokens) for items in (train, valid)
    )
    decoder.train().requires_grad_(True)
    stage = Stage("chats", folder, {"decoder": decoder}, [(decoder.parameters(), shape.lr)], shape.steps)

    def loss(some: Sequence[Passage], seed: int) -> Tensor:
        said = [one for passage in some for one in passage.replies]
        z = latents(model, said, shape.posterior_share, torch.Generator().manual_seed(seed))
        with autocast(recipe.autocast, device):
            losses, tokens = nats(model, some, z)
        return losses.sum() / tokens.sum()

    def step(number: int) -> tuple[Tensor, dict[str, float]]:
        total = loss(draw(found, shape, np.random.default_rng((recipe.seed, number))), recipe.seed + number)
        terms = {"loss": float(total.detach())}
        if (number + 1) % _EVERY == 0 and held_out:
            same = draw(held_out, replace(shape, passages=_HELD_OUT), np.random.default_rng(recipe.seed))
            decoder.eval()
            with torch.no_grad():
                terms["valid_ce"] = float(loss(same, recipe.seed))
            decoder.train()
        return total, terms

    stage.run(step)
    model.model.eval()
