"""A reply on its way through the engine: asked for (Row), with its z (Start), said (saying.py), weighed
(candidates.py), and finished (Reply)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from chatbot.asked import Target
from chatbot.decoding.cue import Cue
from chatbot.model.choice import Choice
from chatbot.model.decoder import Prefix
from chatbot.model.text import Context

_CANDIDATE = 1_000_003  # seeds of a reply's candidates lie this far apart


@dataclass(frozen=True)
class Reply:
    """A finished reply. `trace` is JSON-able and says how it came about; its times are those of the batch.

    flow ("moved", "prior" or "failed: ...") · energy_before, energy_after · distance, evaluations, stopped,
    limited (chatbot/flow.py) · targets {attribute: {aspects, weight, probability_before, probability_after}},
    where the probability of an aspect vector v is exp(-KL(v || p)), and `strength` where one was asked for,
    else `goal`, the probability that the weight asks for, and `left`, what a weight below 1 leaves of the
    way (chatbot/guidance.py) ·
    measured {attribute: {aspect: p}} by the posterior encoder from the text · echo (ranking.py) ·
    tokens, finish ("end", "stop" or "length") · cut (words left out behind an earlier end, if there are) ·
    window (tokens of the context: used, total; turns) · seed, candidate · times in ms · with candidates:
    likelihood (mean log p of a token, nats) and match (the matcher's score, where the model has one) · model,
    model_digest, program (its version), device, dtype, sampling, flow_options, prefix and context (digests of
    its facts and turns): what a replay needs
    """

    text: str
    trace: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One reply to be found."""

    context: Context
    targets: Mapping[str, Target]
    seed: int
    candidate: int = 0

    @property
    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed + self.candidate * _CANDIDATE) % 2**63)


@dataclass(frozen=True)
class Start:
    """Rows whose z is found, ready to be decoded."""

    rows: Sequence[Row]
    z: Tensor  # (B, D)
    read: Prefix  # of the different contexts, and last of none; `owner` (B,) says which one is a row's
    owner: Tensor
    choice: Choice
    notes: list[dict[str, Any]]  # of the flow, one for each row
    cues: Sequence[Cue | None]  # for each row the fact that its message asks for
    shunned: Mapping[Context, Collection[str]]  # the words that a reply does better without
    times: dict[str, float]
    begun: float
    opening: Sequence[int] = ()  # ids that every reply begins with
    prefix: str = ""  # their text

    def select(self, places: Sequence[int]) -> Start:
        """The same with the rows at `places`, repeated or reordered."""
        rows, notes, cues = (
            [values[place] for place in places] for values in (self.rows, self.notes, self.cues)
        )
        index = torch.tensor(places, device=self.z.device)
        return replace(self, rows=rows, notes=notes, cues=cues, z=self.z[index], owner=self.owner[index])

    @property
    def nowhere(self) -> Tensor:
        """For every row (B,), the place of no context in `read`."""
        return torch.full_like(self.owner, len(self.read.lengths) - 1)
