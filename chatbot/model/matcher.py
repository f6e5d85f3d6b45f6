"""Does a reply answer its context? A dual encoder that chooses among the candidates of a reply.

    s(C, r) = exp(t) <c(C), r(r)> + p(r)

c and r are unit vectors: one encoder reads both sides, each side has a projection of its own (response
selection by dual encoders: Henderson et al. 2017, arXiv 1705.00652; ConveRT, arXiv 1911.03688). p is how
plausible the reply is by itself. Trained to tell the written reply from other people's and from the model's
own samples, it stands for the residual that the decoder has not learnt (Deng et al. 2020, arXiv 2004.11714).

It shares embeddings and lowest layers with the prior's encoder, which training keeps as they were.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from chatbot.model.encoder import mean_pool


class Matcher(nn.Module):
    """Scores of replies to contexts, from the encoder's ids."""

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder
        width = int(encoder.config.hidden_size)
        self.context_side = nn.Linear(width, width)
        self.reply_side = nn.Linear(width, width)
        self.plausible = nn.Linear(width, 1)
        self.scale = nn.Parameter(torch.tensor(3.0))
        with torch.no_grad():
            for side in (self.context_side, self.reply_side):
                nn.init.eye_(side.weight)
                nn.init.zeros_(side.bias)
            nn.init.zeros_(self.plausible.weight)
            nn.init.zeros_(self.plausible.bias)

    def contexts(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors (B, W) of contexts (B, T)."""
        return F.normalize(self.context_side(self._pooled(ids, mask)).float(), dim=-1)

    def replies(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (N, W) of replies (N, R) with their markers, and how plausible each is (N,)."""
        pooled = self._pooled(ids, mask)
        vectors = F.normalize(self.reply_side(pooled).float(), dim=-1)
        return vectors, self.plausible(pooled).float().squeeze(-1)

    def scores(self, contexts: Tensor, replies: tuple[Tensor, Tensor]) -> Tensor:
        """Every context with every reply (B, N), in nats up to a constant for each context; in float32."""
        vectors, plausible = replies
        with torch.autocast(contexts.device.type, enabled=False):
            return self.scale.float().exp() * contexts @ vectors.T + plausible

    def _pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return mean_pool(states, mask)
