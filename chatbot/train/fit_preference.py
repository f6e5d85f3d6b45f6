"""Fifth stage: the decoder learns from marks which replies make sense, and keeps to its z and its facts.

    L = -log sigmoid(beta (gain(w) - gain(l))) - c log p(w | C, z) / |w|
        -d log sigmoid(log p(w | C, z) - log p(w | C, z'))
        -d log sigmoid(log p(w | C, z) - log p(w | C', z)),    gain(r) = log p(r | C, z) - log p0(r | C, z)

w is a reply to the context C that was marked better than l, or shows what was asked of the persona where l
does not; z is that of a chat: drawn from the prior, moved by the flow to what was asked; p is the decoder,
p0 the decoder before the stage. That is direct preference optimisation (Rafailov et al. 2023, arXiv
2305.18290) with a term that keeps w likely (Pang et al. 2024, arXiv 2404.19733). Maximum likelihood spreads a
small model over all that might be said; this draws it together where it can speak sense. Alone it may forget
what a reply has to depend on, so the words of w must tell z from z', the same draw moved to the opposite of
what was asked, and, where w tells something of its facts, C from C', which has another character's. And as
what is preferred becomes narrower with every round, the model's own replies to the written corpus lose to
what was written there, whose spread it then comes nearer to (self-play fine-tuning: Chen et al. 2024, arXiv
2401.01335). Encoders and heads, and so the meaning of z, stay as they are.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from chatbot.errors import UsageError
from chatbot.model.artifact import Artifact
from chatbot.model.decoder import LatentDecoder
from chatbot.model.reading import Reader, pad
from chatbot.model.text import Context
from chatbot.model.words import telling_words
from chatbot.train import samples
from chatbot.train.corpus import Corpus
from chatbot.train.fit_chats import guided
from chatbot.train.forms import MARKS, WRITTEN_MARK, Marked
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import Preference, Recipe
from profiles import Target

SELF_PLAY = "self-play.jsonl"
_WORTH = (0.0, 1.0, 3.0, 3.0)  # how often a reply with each of MARKS is the better one of a pair
RIVALS = ("right", "meant", "grounded")  # the kinds of rivals, by the name of their share in the log
_RIGHT, _MEANT, _GROUNDED = range(len(RIVALS))


@dataclass(frozen=True)
class Choices:
    """A context, what is asked there, and its replies as ids with how well each was marked."""

    context: Context
    asked: tuple[tuple[str, str], ...]  # (attribute, aspect)
    replies: list[list[int]]
    marks: list[int]  # places in MARKS
    grounded: list[bool]  # whether the reply has a word of the facts that was not in the talk

    @property
    def better(self) -> list[int]:
        """The replies that were marked better than some other."""
        return [i for i, mark in enumerate(self.marks) if mark > min(self.marks)]

    def worse(self, than: int) -> list[int]:
        return [i for i, mark in enumerate(self.marks) if mark < self.marks[than]]


@dataclass(frozen=True)
class Pairs:
    """N replies to B choices, and P pairs of them.

    `contexts` are those of the choices, and then some with other facts; `context` and `latent` (N,) say in
    which of them and with which of the latents (2 B, D) each reply is said. `won` and `lost` (P,) are places
    among the replies, `kind` (P,) places in RIVALS.
    """

    choices: list[Choices]
    contexts: list[Context]
    replies: list[list[int]]
    context: Tensor
    latent: Tensor
    won: Tensor
    lost: Tensor
    kind: Tensor

    @property
    def compared(self) -> Tensor:
        """Places (M,) of the replies whose probability before the stage counts."""
        right = self.kind == _RIGHT
        return torch.cat([self.won[right], self.lost[right]]).unique()

    def only(self, places: Tensor) -> Pairs:
        """With the replies at `places` (M,) alone, and no pairs of them."""
        none = self.won[:0]
        replies = [self.replies[int(place)] for place in places]
        return Pairs(
            self.choices, self.contexts, replies, self.context[places], self.latent[places], none, none, none
        )


def check(corpus: Corpus, shape: Preference) -> None:
    """UsageError for marked replies that the stage could not learn from."""
    marked = corpus.marked["train"]
    differ = any(len(set(dict(row.replies).values())) > 1 for row in marked)
    if not differ and not (marked and shape.self_play):
        raise UsageError(
            "Preferences are learnt from replies to one message with different marks; the corpus holds none "
            "to train on. Add some, or set steps = 0 under [preference] in the recipe."
        )
    known = corpus.attributes
    for attribute, aspect in {
        label for rows in corpus.marked.values() for row in rows for label in row.asked
    }:
        if aspect not in known.get(attribute, ()):
            raise UsageError(
                f"Marked replies may ask for the aspects of the model alone; {attribute}/{aspect} is "
                "none of them. Write replies that show it, or take its marks out of the corpus."
            )


def encode(model: Artifact, marked: Sequence[Marked]) -> list[Choices]:
    """The marked replies as ids. A reply in which the posterior encoder does not find what was asked counts
    as the worst mark, however sensible it is; a context whose replies all count alike teaches nothing and is
    left out."""
    shape = model.manifest
    able = [
        (i, text)
        for i, row in enumerate(marked)
        if row.asked
        for text, mark in row.replies
        if mark != MARKS[0]
    ]
    measured = Reader(model).measure([marked[i].context for i, _ in able], [text for _, text in able])
    hidden = {
        (i, text)
        for (i, text), p in zip(able, measured, strict=True)
        if any(p[attribute][aspect] < max(p[attribute].values()) for attribute, aspect in marked[i].asked)
    }
    codec, limit = model.codec, shape.reply_tokens
    found: list[Choices] = []
    for i, row in enumerate(marked):
        said = dict(row.replies)  # what was said twice counts once
        ids = [codec.encode_reply(text, limit) for text in said]
        marks = [0 if (i, text) in hidden else MARKS.index(mark) for text, mark in said.items()]
        own = _told(row.context.facts) - _told(turn.text for turn in row.context.turns)
        grounded = [not own.isdisjoint(_told([text])) for text in said]
        found.append(Choices(row.context, row.asked, ids, marks, grounded))
    return [one for one in found if one.better]


def _told(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in telling_words(text)}


def draw(choices: Sequence[Choices], shape: Preference, random: np.random.Generator) -> Pairs:
    """Pairs from `shape.contexts` random contexts: of each one good reply against up to `shape.rivals` worse
    ones, and against itself with what it must not fit, where something is asked and where it tells a fact.

    Good replies are shorter than bad ones, and what is learnt from them is to say less (Park et al. 2024,
    arXiv 2403.19159): so the rivals are drawn by how near they come in length.
    """
    picks = random.choice(len(choices), size=min(shape.contexts, len(choices)), replace=False)
    picked = [choices[int(pick)] for pick in picks]
    contexts = [one.context for one in picked]
    said: list[tuple[list[int], int, int]] = []  # reply, context, latent
    pairs: list[tuple[int, int, int]] = []  # better, worse, kind
    for i, one in enumerate(picked):
        worth = np.array([_WORTH[one.marks[k]] for k in one.better])
        won = int(random.choice(one.better, p=worth / worth.sum()))
        worse = one.worse(won)
        near = np.array([1 / (1 + abs(len(one.replies[k]) - len(one.replies[won]))) for k in worse])
        rivals = [
            (one.replies[k], i, i, _RIGHT)
            for k in random.choice(
                worse, size=min(shape.rivals, len(worse)), replace=False, p=near / near.sum()
            )
        ]
        if one.asked:
            rivals.append((one.replies[won], i, len(picked) + i, _MEANT))
        if one.grounded[won]:
            others = [other.context.facts for other in picked if other.context.facts != one.context.facts]
            facts = others[int(random.integers(len(others)))] if others else ()
            rivals.append((one.replies[won], len(contexts), i, _GROUNDED))
            contexts.append(replace(one.context, facts=facts))
        place = len(said)
        said.append((one.replies[won], i, i))
        for reply, context, latent, kind in rivals:
            pairs.append((place, len(said), kind))
            said.append((reply, context, latent))
    replies, context, latent = zip(*said, strict=True)
    return Pairs(
        picked, contexts, list(replies), torch.tensor(context), torch.tensor(latent), *torch.tensor(pairs).T
    )


def latents(model: Artifact, choices: Sequence[Choices], generator: torch.Generator) -> Tensor:
    """z (2 B, D): a draw from the prior of each of B contexts moved to what is asked there, and then the same
    draws moved to the opposite."""
    noise = torch.randn(len(choices), model.manifest.latent_dim, generator=generator)
    asked = [{name: _target(aspect) for name, aspect in one.asked} for one in choices]
    opposite = [
        {
            name: _target(*(a for a in model.manifest.attributes[name] if a != aspect))
            for name, aspect in one.asked
        }
        for one in choices
    ]
    contexts = [one.context for one in choices]
    return guided(model, contexts * 2, [*asked, *opposite], noise.repeat(2, 1))


def _target(*aspects: str) -> Target:
    return Target(aspects={aspect: 1 / len(aspects) for aspect in aspects})


def log_probabilities(
    decoder: LatentDecoder, contexts: Sequence[list[int]], pairs: Pairs, z: Tensor
) -> tuple[Tensor, Tensor]:
    """log p of each reply (N,) in nats, from the ids of the contexts and z (2 B, D); and how many tokens it
    has (N,)."""
    context, context_mask = (t.to(z.device) for t in pad(contexts))
    reply, mask = (t.to(z.device) for t in pad(pairs.replies))
    prefix = decoder.prefill(context, context_mask).select(pairs.context.to(z.device))
    losses = decoder.reply_loss(prefix, z[pairs.latent.to(z.device)], reply, mask, shown=reply)
    return -losses, mask[:, 1:].sum(1)


def preference_loss(
    log_p: Tensor, before: Tensor, tokens: Tensor, pairs: Pairs, shape: Preference
) -> tuple[Tensor, dict[str, float]]:
    """The loss from log p (N,) now and before the stage (of `pairs.compared`; the rest may be anything), and
    its terms: for each kind of rival the share of pairs in which the better reply has gained more, or is
    likelier with what is its own."""
    won, lost, kind = (t.to(log_p.device) for t in (pairs.won, pairs.lost, pairs.kind))
    gained = log_p - before
    gap = torch.where(kind == _RIGHT, gained[won] - gained[lost], log_p[won] - log_p[lost])
    good = won.unique()
    preferred = F.softplus(-shape.beta * gap[kind == _RIGHT]).mean()
    likely = -(log_p[good] / tokens[good]).mean()
    told = F.softplus(-gap[kind != _RIGHT]).mean() if bool((kind != _RIGHT).any()) else gap.sum() * 0.0
    terms = {
        "loss_preferred": float(preferred.detach()),
        "loss_likely": float(likely.detach()),
        "loss_told": float(told.detach()),
    }
    for place, name in enumerate(RIVALS):
        if bool((kind == place).any()):
            terms[name] = float((gap.detach()[kind == place] > 0).float().mean())
    return preferred + shape.likely * likely + shape.told * told, terms


def self_play(model: Artifact, corpus: Corpus, recipe: Recipe, folder: Path) -> list[Marked]:
    """Messages of the written corpus, where what the model says loses to what was written."""
    if not recipe.preference.self_play:
        return []
    drawn = samples.draw(
        model, corpus.parts["train"], recipe.preference.self_play, recipe.seed, folder / SELF_PLAY
    )
    return [Marked(s.context, s.asked, ((s.written, WRITTEN_MARK), (s.said, MARKS[0]))) for s in drawn]


def fit(
    model: Artifact, corpus: Corpus, recipe: Recipe, folder: Path, device: torch.device
) -> dict[str, float]:
    """Train the decoder of `model` in place; nothing else changes. Returns how many contexts there were and
    the terms of the loss on held-out ones."""
    shape, decoder = recipe.preference, model.model.decoder
    model.model.to(device)
    marked = corpus.marked["train"] + self_play(model, corpus, recipe, folder)
    train = encode(model, marked)
    held_out = encode(model, corpus.marked["valid"] + corpus.marked["test"])
    if not train:  # the stages before took long, and their model speaks without this one
        return {"contexts": 0}
    first = copy.deepcopy(decoder).eval().requires_grad_(False)
    decoder.train().requires_grad_(True)
    stage = Stage("preference", folder, {"decoder": decoder}, [(decoder.parameters(), shape.lr)], shape.steps)

    def loss(choices: Sequence[Choices], step: int) -> tuple[Tensor, dict[str, float]]:
        pairs = draw(choices, shape, np.random.default_rng((recipe.seed, step)))
        z = latents(model, pairs.choices, torch.Generator().manual_seed(recipe.seed + step))
        budget = model.manifest.context_tokens
        contexts = [model.codec.encode_context(context, budget) for context in pairs.contexts]
        with autocast(recipe.autocast, device):
            log_p, tokens = log_probabilities(decoder, contexts, pairs, z)
            before, places = torch.zeros_like(log_p), pairs.compared
            with torch.no_grad():
                before[places.to(device)] = log_probabilities(first, contexts, pairs.only(places), z)[0]
        return preference_loss(log_p, before, tokens, pairs, shape)

    stage.run(lambda step: loss(train, step))
    model.model.eval()
    figures: dict[str, float] = {"contexts": len(train)}
    if held_out:
        with torch.no_grad():
            rounds = [loss(held_out, step)[1] for step in range(8)]
        for name in dict.fromkeys(name for terms in rounds for name in terms):
            values = [terms[name] for terms in rounds if name in terms]
            figures[f"held_out_{name}"] = float(np.mean(values))
    (folder / "preference.json").write_text(json.dumps(figures, indent=2) + "\n")
    return figures
