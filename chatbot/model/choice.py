"""Which token comes next: the rules of sampling, for a batch whose rows have chance of their own.

Every row brings its own uniform numbers, one for each token, so that what it says depends neither on its
neighbours nor on how many they are. This module knows ids and logits, no text and no networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from chatbot.model.spelling import Spelling, Words

FEW = 128  # tokens that are looked at before the whole vocabulary is
PLAUSIBLE = 0.1  # least share of the likeliest token's probability, under a contrast

_COLDEST = 1e-6  # a temperature; below, a logit over it is more than a float32 holds


@dataclass(frozen=True)
class Wanted:
    """Words of which a row should say one: lexical biasing, as speech recognizers do it for names (shallow
    fusion: Zhao et al. 2019, Interspeech).

    `first` (B, V) is 1 for the first ids of a row's words. `rest` (K, 3) are a row, an id of one of its
    words, and the id that comes next in that word. Each gains `bonus` nats.
    """

    first: Tensor
    rest: Tensor
    bonus: float

    @classmethod
    def of(
        cls, rows: Sequence[Sequence[Sequence[int]]], size: int, bonus: float, device: torch.device
    ) -> Wanted:
        """From the ids of the words of each row, for a vocabulary of `size`."""
        first = torch.zeros(len(rows), size, device=device)
        rest = []
        for row, spelled in enumerate(rows):
            for ids in spelled:
                first[row, ids[:1]] = 1.0
                rest += [(row, *pair) for pair in pairwise(ids)]
        return cls(first, torch.tensor(rest, dtype=torch.long, device=device).reshape(-1, 3), bonus)

    def next(self, said: Tensor) -> Tensor:
        """1 (B, V) for the ids that the words need next, by what each row has said (B, t). One word is
        enough: where one was begun, no other is."""
        found = self.first * (self.first.gather(1, said).sum(1, keepdim=True) == 0)
        if said.shape[1]:
            row, before, after = self.rest.unbind(1)
            begun = said[row, -1] == before
            found[row[begun], after[begun]] = 1.0
        return found


@dataclass(frozen=True)
class Spell:
    """The spelling of a batch: each row may say the words of its own context, `own` (B), too."""

    spelling: Spelling
    own: Sequence[Words]

    def refused(self, said: Tensor) -> Tensor:
        """True (B, V) for the ids that must not come, by what each row has said (B, t)."""
        rows = zip(said.tolist(), self.own, strict=True)
        return torch.stack([self.spelling.refused(row, own) for row, own in rows]).to(said.device)


@dataclass(frozen=True)
class Choice:
    """Picks a token id for every row; `LatentDecoder.generate` calls it.

    `temperature` 0 takes the likeliest. `repetition_penalty` divides the probability of a token that the
    reply already holds. `no_repeat_ngram` n lets no run of n tokens come twice in a reply (0: any may).
    The logits of `worn` (B, V) tokens, and of the one said just before, lose `presence_penalty` nats; those
    that `wanted` words need next gain theirs. All three come before contrast and temperature, which multiply
    their nats by (1 + contrast) / temperature.
    `banned` ids (N,) never come, nor what would `spell` no word; `end` does not come first, that is right
    after the `opening` tokens that the reply was given. `chance` (B, limit) is uniform in [0, 1). With a
    `contrast` above 0 the logits are of 2 B rows, the second half of what the first is set off against (see
    `contrasted`).
    """

    temperature: float
    top_p: float
    repetition_penalty: float
    no_repeat_ngram: int
    banned: Tensor
    end: int
    chance: Tensor
    worn: Tensor | None = None
    presence_penalty: float = 0.0
    wanted: Wanted | None = None
    spell: Spell | None = None
    opening: int = 0
    contrast: float = 0.0

    def __call__(self, logits: Tensor, history: Tensor) -> Tensor:
        """Next ids (B,) from logits and what each row has said, [BOT] first: history (B, 1 + t)."""
        said = history[:, 1:]
        if self.contrast:
            own, other = logits.float().chunk(2)
            logits = contrasted(self._allowed(own, said), other, self.contrast)
        else:
            logits = self._allowed(logits.float(), said)
        if self.temperature == 0:
            return logits.argmax(-1)
        return self._draw(logits, self.chance[:, said.shape[1] - self.opening])

    def _allowed(self, logits: Tensor, said: Tensor) -> Tensor:
        logits = logits.index_fill(-1, self.banned, -math.inf)
        if self.spell is not None:
            logits = logits.masked_fill(self.spell.refused(said), -math.inf)
        if said.shape[1] == self.opening:
            logits = logits.index_fill(-1, self.banned.new_tensor([self.end]), -math.inf)
        if self.repetition_penalty != 1:
            present = torch.zeros_like(logits).scatter_(1, said, 1.0)
            logits = logits - math.log(self.repetition_penalty) * present
        if self.presence_penalty:
            worn = torch.zeros_like(logits) if self.worn is None else self.worn.expand_as(logits)
            logits = logits - self.presence_penalty * worn.scatter(1, said[:, -1:], 1.0)
        if self.wanted is not None:
            logits = logits + self.wanted.bonus * self.wanted.next(said)
        if 0 < self.no_repeat_ngram <= said.shape[1]:
            left = logits.masked_fill(self._would_repeat(said, logits.shape[-1]), -math.inf)
            # A begun word may have one continuation alone: better said again than not at all.
            logits = torch.where(left.isneginf().all(-1, keepdim=True), logits, left)
        return logits

    def _would_repeat(self, said: Tensor, size: int) -> Tensor:
        """Tokens (B, V) that would end a run of n tokens that stands in `said` already."""
        n = self.no_repeat_ngram
        runs = said.unfold(1, n, 1)  # (B, t - n + 1, n)
        same = (runs[..., :-1] == said[:, None, said.shape[1] - n + 1 :]).all(-1)
        counts = torch.zeros(len(said), size, device=said.device)
        return counts.scatter_add_(1, runs[..., -1], same.float()) > 0

    def _draw(self, logits: Tensor, chance: Tensor) -> Tensor:
        """The token at which the summed probability of the likeliest passes each row's chance (B,)."""
        p, order = self._likeliest((logits / max(self.temperature, _COLDEST)).softmax(-1))
        inside = p.cumsum(-1) - p < self.top_p
        inside[:, 0] = True
        mass = (p * inside).cumsum(-1)
        place = (mass <= chance.unsqueeze(-1) * mass[:, -1:]).sum(-1, keepdim=True)
        place = torch.minimum(place, inside.sum(-1, keepdim=True) - 1)
        return order.gather(-1, place).squeeze(-1)

    def _likeliest(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (B, K) and ids, the likeliest first, of as many as reach top_p in every row; of two
        that are as likely the lower id comes first.

        Few do as a rule, and to sort a whole vocabulary takes as long as half a step of a small model.
        """
        if p.shape[-1] > FEW:
            some, ids = p.topk(FEW, dim=-1)
            # Those as likely as the last one may have others like them that were left out.
            if bool(((some * (some > some[:, -1:])).sum(-1) >= self.top_p).all()):
                ids = ids.sort(dim=-1).values
                some, order = p.gather(-1, ids).sort(stable=True, dim=-1, descending=True)
                return some, ids.gather(-1, order)
        return p.sort(stable=True, dim=-1, descending=True)


def contrasted(own: Tensor, other: Tensor, scale: float) -> Tensor:
    """log a + scale (log a - log b) from logits of a and b, all (B, V); -inf in a: must not come.

    What would be said anywhere becomes less likely, what this context and this z call for more so:
    classifier-free guidance of text (Sanchez et al. 2023, arXiv 2306.17806), context-aware decoding (Shi et
    al. 2023, arXiv 2305.14739). The contrast is loud where both are small, so a token far less likely than
    the likeliest that may come stays out (Li et al. 2022, arXiv 2210.15097).
    """
    own, other = own.log_softmax(-1), other.log_softmax(-1)
    least = own.amax(-1, keepdim=True) + math.log(PLAUSIBLE)
    return (own + scale * (own - other)).masked_fill(own < least, -math.inf)
