"""Does a reply answer its context? A classifier on the encoder's pooled states of the two.

It ranks the candidates of a reply (chatbot/engine.py) and guides nothing: z, the energy and the flow do not
know it. The states are those that the posterior has computed anyway.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Match(nn.Module):
    """Pooled states of context and reply (N, 2 W) -> logits (N,): higher for a reply to this context."""

    def __init__(self, width: int, hidden: int = 256) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2 * width, affine=False)
        self.context = nn.Linear(width, hidden)
        self.reply = nn.Linear(width, hidden)
        self.hidden = nn.Linear(2 * width + 2 * hidden, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, pooled: Tensor) -> Tensor:
        states = self.norm(pooled.float())
        context, reply = states.chunk(2, dim=-1)
        a, b = self.context(context), self.reply(reply)
        joined = torch.cat([states, a * b, (a - b).abs()], dim=-1)
        return self.output(F.dropout(F.silu(self.hidden(joined)), 0.2, self.training)).squeeze(-1)
