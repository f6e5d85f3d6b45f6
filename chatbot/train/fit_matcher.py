"""Sixth stage: the matcher, which tells the reply that was written to a context from others.

Every context of a batch has to find its own reply among all replies of the batch, and every reply its context
(InfoNCE: van den Oord et al. 2018, arXiv 1807.03748). What is easy teaches little, so lines of the same
dialogue stand in one batch, with the same speaker and the same facts; and the model's own samples, drawn once
by the engine that will be asked for candidates, stand against the written replies.

A matcher that knows written replies alone finds what is near, and of a model's own replies those that are
near are no more often sense than the others. So it learns from marks, too: of two replies to one context the
one that was marked better scores higher (Bradley and Terry's model), and every context finds its best reply
among those of others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import PreTrainedModel

from chatbot.errors import UsageError
from chatbot.model.artifact import Artifact
from chatbot.model.encoder import branch, layers
from chatbot.model.matcher import Matcher
from chatbot.model.reading import match_scores
from chatbot.model.text import Codec, Context, Turn
from chatbot.train import samples
from chatbot.train.corpus import Corpus
from chatbot.train.forms import CHATS, MARKS, Item, Marked, Plain
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import MatcherFit, Recipe, TextShape

T = TypeVar("T")

_RIVALS = 9  # as the evaluation's discriminator has it
SAMPLES = "samples.jsonl"
_PLAIN_TURNS = 3  # of a plain dialogue, the context
_LISTED = 7  # marked replies of a context
_HELD_OUT = 200  # contexts with marked replies
_WORTH: dict[str, int] = dict(zip(MARKS, (0, 1, 2, 2), strict=True))


@dataclass(frozen=True)
class Pair:
    """A context, the reply that was written to it, and what the model said there (None: not asked)."""

    context: Context
    reply: str
    sample: str | None = None


@dataclass(frozen=True)
class Choice:
    """A context, replies to it, one of the best first, and what each is worth by its mark."""

    context: Context
    replies: tuple[str, ...]
    worth: tuple[int, ...]


class Choices:
    """Batch number n of marked replies, `count` contexts of which some reply was marked better than another.
    Depends on (seed, n) alone."""

    def __init__(self, marked: Iterable[Marked], count: int, seed: int) -> None:
        read = ((one.context, [(text, _WORTH[mark]) for text, mark in one.replies]) for one in marked)
        self.rows = [(context, said) for context, said in read if len({worth for _, worth in said}) > 1]
        self.count, self.seed = count, seed

    def __getitem__(self, step: int) -> list[Choice]:
        random = np.random.default_rng((self.seed, step, 1))
        return [self._choice(*row, random) for row in _some(self.rows, self.count, random)]

    @staticmethod
    def _choice(context: Context, said: list[tuple[str, int]], random: np.random.Generator) -> Choice:
        most = max(worth for _, worth in said)
        best = _some([one for one in said if one[1] == most], 1, random)
        shown = best + _some([one for one in said if one != best[0]], _LISTED - 1, random)
        return Choice(context, *zip(*shown, strict=True))


class Pairs:
    """Batch number n of an endless run: some dialogues with several lines each, single messages, samples, and
    plain dialogues. Depends on (seed, n) alone."""

    def __init__(
        self,
        items: Iterable[Item],
        plain: Iterable[Plain],
        samples: Sequence[Pair],
        shape: MatcherFit,
        seed: int,
    ) -> None:
        dialogues: dict[tuple[tuple[str, ...], Turn], list[Item]] = {}
        self.single: list[Item] = []
        for item in items:
            if item.kind in CHATS:
                dialogues.setdefault((item.context.facts, item.context.turns[0]), []).append(item)
            else:
                self.single.append(item)
        self.dialogues = list(dialogues.values())
        self.plain = [text.lines for text in plain if text.dialogue and len(text.lines) > 1]
        self.samples, self.shape, self.seed = samples, shape, seed

    def __getitem__(self, step: int) -> list[Pair]:
        """Those with a sample come last."""
        random = np.random.default_rng((self.seed, step))
        shape = self.shape
        pairs = [
            self._pair(item, random)
            for dialogue in _some(self.dialogues, shape.dialogues, random)
            for item in _some(dialogue, shape.lines, random)
        ]
        pairs += [self._pair(item, random) for item in _some(self.single, shape.single, random)]
        for lines in _some(self.plain, shape.plain, random):
            end = int(random.integers(1, len(lines)))
            pairs.append(Pair(Context.of((), lines[max(0, end - _PLAIN_TURNS) : end]), lines[end]))
        return pairs + _some(self.samples, shape.sampled, random)

    @staticmethod
    def _pair(item: Item, random: np.random.Generator) -> Pair:
        return Pair(item.context, item.replies[int(random.integers(len(item.replies)))].text)


def _some(things: Sequence[T], count: int, random: np.random.Generator) -> list[T]:
    """Up to `count` different ones."""
    picked = random.choice(len(things), size=min(count, len(things)), replace=False) if things else []
    return [things[int(i)] for i in picked]


class Scoring:
    """Texts through a matcher under training."""

    def __init__(self, matcher: Matcher, codec: Codec, text: TextShape) -> None:
        self.matcher, self.codec, self.text = matcher, codec, text

    def scores(self, contexts: Iterable[Context], replies: Iterable[str]) -> Tensor:
        """Every context with every reply (B, N)."""
        lengths = (self.text.encoder_tokens, self.text.reply_tokens)
        return match_scores(self.matcher, self.codec, lengths, contexts, replies)

    def loss(self, pairs: Sequence[Pair]) -> tuple[Tensor, dict[str, float]]:
        """InfoNCE both ways, and a written reply against the sample in its place, in nats."""
        samples = [pair.sample for pair in pairs if pair.sample is not None]
        scores = self.scores((p.context for p in pairs), [*(p.reply for p in pairs), *samples])
        count = len(pairs)
        scores = scores.masked_fill(_as_right(pairs).to(scores.device), -1e4)
        own = torch.arange(count, device=scores.device)
        terms = {
            "replies": F.cross_entropy(scores, own),
            "contexts": 0.5 * F.cross_entropy(scores[:, :count].T, own),
        }
        if samples:
            rows = own[-len(samples) :]
            gap = scores[rows, rows] - scores[rows, rows + len(samples)]
            terms["samples"] = F.softplus(-gap).mean()
        first = float((scores.detach().argmax(1) == own).float().mean())
        log = {f"loss_{name}": float(term.detach()) for name, term in terms.items()}
        return torch.stack(list(terms.values())).sum(), log | {"first": first}

    def marked_loss(self, choices: Sequence[Choice]) -> tuple[dict[str, Tensor], float]:
        """`ranked`: -log sigmoid(s(C, better) - s(C, worse)) over the pairs of each context, twice for n
        against y; `best`: InfoNCE of each context among the best replies of all; in nats. And the share of
        pairs that are told right."""
        scores = self.scores((one.context for one in choices), [r for one in choices for r in one.replies])
        sizes = [len(one.replies) for one in choices]
        owner = torch.arange(len(choices)).repeat_interleave(torch.tensor(sizes))
        worth = torch.tensor([worth for one in choices for worth in one.worth])
        own = scores[owner.to(scores.device), torch.arange(len(owner), device=scores.device)]
        gap = own[:, None] - own
        apart = ((worth[:, None] - worth).clamp(min=0) * (owner[:, None] == owner)).to(scores.device)
        ranked = (F.softplus(-gap) * apart).sum() / apart.sum()
        firsts = torch.tensor([0, *sizes[:-1]]).cumsum(0).to(scores.device)
        pairs = [Pair(one.context, one.replies[0]) for one in choices]
        rivals = scores[:, firsts].masked_fill(_as_right(pairs).to(scores.device), -1e4)
        best = F.cross_entropy(rivals, torch.arange(len(choices), device=scores.device))
        return {"ranked": ranked, "best": best}, float((gap.detach()[apart > 0] > 0).float().mean())

    @torch.no_grad()
    def found(self, items: Iterable[Item], limit: int, seed: int) -> float | None:
        """Share of up to `limit` written replies that come before nine written to other first messages, with
        the same labels; None where none has nine such rivals."""
        random = np.random.default_rng(seed)
        written = [(item.context, reply) for item in items for reply in item.replies]
        same: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for i, (_, reply) in enumerate(written):
            same.setdefault(reply.labels, []).append(i)
        tried, right = 0, 0
        for i in random.permutation(len(written)).tolist():
            context, reply = written[i]
            others = [
                written[j][1].text
                for j in same[reply.labels]
                if written[j][0].turns[0].text != context.turns[0].text
            ]
            if len(others) < _RIVALS:
                continue
            scores = self.scores([context], [reply.text, *_some(others, _RIVALS, random)])[0]
            right += bool((scores[0] > scores[1:]).all())
            tried += 1
            if tried == limit:
                break
        return right / tried if tried else None


def _as_right(pairs: Sequence[Pair]) -> Tensor:
    """(B, B + samples): what is no rival of a row's reply, because it is the same text or answers the same
    message."""
    samples = [pair.sample for pair in pairs if pair.sample is not None]
    names: dict[object, int] = {}
    texts = [names.setdefault(text, len(names)) for text in (*(pair.reply for pair in pairs), *samples)]
    asked = [names.setdefault((p.context.facts, p.context.turns[-1]), len(names)) for p in pairs]
    text, message = torch.tensor(texts), torch.tensor(asked)
    same = text[: len(pairs), None] == text
    same[:, : len(pairs)] |= message[:, None] == message
    return same & ~torch.eye(len(pairs), len(texts), dtype=torch.bool)


def start(trunk: PreTrainedModel, donor: PreTrainedModel, shared: int) -> Matcher:
    """A matcher on the lowest `shared` layers of `trunk`; its own start as those of `donor` above them.

    Raises UsageError for encoders that cannot share layers.
    """
    try:
        upper = layers(donor)[shared:]
        matcher = Matcher(branch(trunk, shared, len(upper)))
    except ValueError as error:
        raise UsageError(f"The matcher of this recipe cannot be built. {error}") from error
    for own, given in zip(layers(matcher.encoder)[shared:], upper, strict=True):
        own.load_state_dict(given.state_dict())
    return matcher


def fit(
    model: Artifact, corpus: Corpus, recipe: Recipe, folder: Path, device: torch.device
) -> dict[str, float | None]:
    """Train the matcher of `model` in place; its shared layers stay as they are. Returns held-out figures."""
    matcher, shape = model.model.matcher, recipe.matcher
    if matcher is None:
        raise ValueError("The model must have a matcher to be trained; this one has none.")
    drawn = samples.draw(model, corpus.parts["train"], shape.samples, recipe.seed, folder / SAMPLES)
    sampled = [Pair(one.context, one.written, one.said) for one in drawn]
    pairs = Pairs(corpus.parts["train"], corpus.plain, sampled, shape, recipe.seed)
    if not pairs[0]:
        raise UsageError(
            "The matcher learns from messages and replies; of those in the corpus the recipe takes none. "
            "Raise dialogues, single, plain or sampled under [matcher]."
        )
    choices = Choices(corpus.marked["train"], shape.marked, recipe.seed)
    unseen = Choices(corpus.marked["valid"] + corpus.marked["test"], _HELD_OUT, recipe.seed)
    matcher.to(device).train()
    inherited = {id(p) for p in model.model.prior_encoder.parameters()}
    new = [*matcher.context_side.parameters(), *matcher.reply_side.parameters()]
    new += [*matcher.plausible.parameters(), matcher.scale]
    upper = [p for p in matcher.encoder.parameters() if id(p) not in inherited]
    model.model.requires_grad_(False)
    for parameter in (*new, *upper):
        parameter.requires_grad_(True)
    scoring = Scoring(matcher, model.encoder_codec, recipe.text)
    groups = [(upper, shape.lr), (new, shape.new_lr)]
    stage = Stage("matcher", folder, {"matcher": matcher}, groups, shape.steps)

    def found(limit: int) -> float | None:
        matcher.eval()
        with autocast(recipe.autocast, device):
            share = scoring.found(corpus.parts["valid"], limit, recipe.seed)
        matcher.train()
        return share

    def told_right() -> float | None:
        """Of pairs of marked replies to contexts that are not learnt from."""
        matcher.eval()
        with autocast(recipe.autocast, device), torch.no_grad():
            share = scoring.marked_loss(some)[1] if (some := unseen[0]) else None
        matcher.train()
        return share

    def step(number: int) -> tuple[Tensor, dict[str, float]]:
        with autocast(recipe.autocast, device):
            loss, terms = scoring.loss(pairs[number])
            if some := choices[number]:
                marked, terms["told_right"] = scoring.marked_loss(some)
                loss = loss + shape.ranked * marked["ranked"] + marked["best"]
                terms |= {f"loss_{name}": float(term.detach()) for name, term in marked.items()}
        if (number + 1) % 200 == 0 and (share := found(200)) is not None:
            terms["found_of_ten"] = share
        return loss, terms

    stage.run(step)
    figures = {"found_of_ten": found(500), "samples": len(sampled), "marks_told_right": told_right()}
    model.model.eval().requires_grad_(True)
    (folder / "matcher.json").write_text(json.dumps(figures, indent=2) + "\n")
    return figures
