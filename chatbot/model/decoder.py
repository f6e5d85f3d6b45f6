"""The decoder p(r | C, z): any causal LM of transformers, and the one file that knows how z enters it.

    context ids            m memory slots      [BOT] reply ids
    plain embeddings       M z                 embeddings + A z
    `---- no z here ----'  `------ z only from here on ------'

z enters after the context, as m soft-prefix embeddings and as an offset on every reply embedding. The
context's keys and values therefore depend on no z: one prefill serves every persona, dial position and
alternative, in training (sixteen replies to one message) as in chat. Both entrances are `inputs_embeds`, so
GPT-2, Llama, Qwen or a BERT run as decoder take them alike.

This module knows nothing of priors, heads or energies.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, DynamicCache, PretrainedConfig, PreTrainedModel

from chatbot.model.encoder import first_position, max_positions

IGNORE = -100


@dataclass
class Prefix:
    """A context that the language model has read: its cache, mask (B, T) and true lengths (B,)."""

    cache: DynamicCache
    mask: Tensor
    lengths: Tensor

    def select(self, rows: Tensor) -> Prefix:
        """The same contexts for other rows (N,), repeated or reordered; the original stays usable."""
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(_layers(self.cache)):
            cache.update(keys.index_select(0, rows), values.index_select(0, rows), layer)
        return Prefix(cache, self.mask.index_select(0, rows), self.lengths.index_select(0, rows))

    def until(self, lengths: Tensor) -> Prefix:
        """The same rows up to their first `lengths` (B,) tokens: what a causal model has read there depends
        on nothing behind. The cache is shared, so that the original is used up with it."""
        places = torch.arange(self.mask.shape[1], device=self.mask.device)
        return Prefix(self.cache, self.mask * (places < lengths.unsqueeze(1)), lengths)


def _layers(cache: DynamicCache) -> Iterator[tuple[Tensor, Tensor]]:
    layers: list[Any] = cache.layers  # of several classes, all with keys and values once they were filled
    for layer in layers:
        yield layer.keys, layer.values


class LatentDecoder(nn.Module):
    """A causal language model conditioned on z (B, D) behind its context."""

    def __init__(self, lm: PreTrainedModel, latent_dim: int, memory_slots: int) -> None:
        super().__init__()
        self.lm = lm
        self.width: int = lm.get_input_embeddings().weight.shape[1]  # type: ignore[union-attr]
        self.first = first_position(lm)
        self.memory_slots = memory_slots
        self.memory = nn.Linear(latent_dim, memory_slots * self.width)
        self.offset = nn.Linear(latent_dim, self.width, bias=False)
        scale = float(self.embed.weight.detach().std())  # type: ignore[union-attr]
        nn.init.normal_(self.memory.weight, std=2 * scale / latent_dim**0.5)
        nn.init.normal_(self.offset.weight, std=scale / latent_dim**0.5)
        nn.init.zeros_(self.memory.bias)

    @classmethod
    def from_config(cls, config: PretrainedConfig, latent_dim: int, memory_slots: int) -> LatentDecoder:
        """An untrained one."""
        return cls(AutoModelForCausalLM.from_config(config), latent_dim, memory_slots)

    @property
    def embed(self) -> nn.Module:
        """Token ids (B, T) to embeddings (B, T, W)."""
        return self.lm.get_input_embeddings()

    @property
    def max_positions(self) -> int:
        """How many tokens the language model can read, context, memory and reply: no more than a window that
        slides."""
        windows = (getattr(self.lm.config, name, None) for name in ("sliding_window", "window_size"))
        return min([max_positions(self.lm), *filter(None, windows)])

    def prefill(self, ids: Tensor, mask: Tensor) -> Prefix:
        """Read contexts `ids` (B, T), padded on the right where `mask` (B, T) is 0."""
        positions = (mask.cumsum(1) - 1).clamp(min=0) + self.first
        out = self.lm(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=DynamicCache(),
            use_cache=True,
        )
        return Prefix(out.past_key_values, mask, mask.sum(1))

    def logits(self, prefix: Prefix, z: Tensor, reply: Tensor, reply_mask: Tensor) -> Tensor:
        """Next-token logits (B, R, V) at every position of `reply` (B, R), which starts with [BOT].

        Consumes `prefix`: its cache then also holds the memory and the reply.
        """
        slots = self.memory(z).view(len(z), self.memory_slots, self.width)
        tokens = self.embed(reply) + self.offset(z).unsqueeze(1)
        embeds = torch.cat([slots.to(tokens.dtype), tokens], dim=1)  # (B, m + R, W)
        ones = prefix.mask.new_ones(len(z), self.memory_slots)
        mask = torch.cat([prefix.mask, ones, reply_mask], dim=1)
        places = prefix.lengths.unsqueeze(1) + torch.arange(embeds.shape[1], device=z.device)
        out = self.lm(
            inputs_embeds=embeds,
            attention_mask=mask,
            # A short reply behind a long context is padded to where there may be no place.
            position_ids=places.clamp(max=self.max_positions - 1) + self.first,
            past_key_values=prefix.cache,
            use_cache=True,
            logits_to_keep=reply.shape[1],
        )
        prefix.mask, prefix.lengths = mask, prefix.lengths + embeds.shape[1]
        return out.logits[:, -reply.shape[1] :]

    def step(self, prefix: Prefix, z: Tensor, token: Tensor) -> Tensor:
        """Logits (B, V) after one more reply token (B,) on a prefix that already holds memory and [BOT]."""
        embeds = self.embed(token.unsqueeze(1)) + self.offset(z).unsqueeze(1)
        prefix.mask = torch.cat([prefix.mask, prefix.mask.new_ones(len(z), 1)], dim=1)
        out = self.lm(
            inputs_embeds=embeds,
            attention_mask=prefix.mask,
            position_ids=prefix.lengths.unsqueeze(1) + self.first,
            past_key_values=prefix.cache,
            use_cache=True,
        )
        prefix.lengths = prefix.lengths + 1
        return out.logits[:, -1]

    def reply_loss(
        self, prefix: Prefix, z: Tensor, reply: Tensor, reply_mask: Tensor, *, shown: Tensor
    ) -> Tensor:
        """Cross-entropy (B,) of each reply in nats, summed over its tokens; padding counts nothing.

        `reply` (B, R) are the true ids; `shown` (B, R) the ids that the decoder sees as input (the same, or
        with words dropped: Bowman et al. 2016, arXiv 1511.06349).
        """
        logits = self.logits(prefix, z, shown[:, :-1], reply_mask[:, :-1])
        labels = reply[:, 1:].masked_fill(reply_mask[:, 1:] == 0, IGNORE)
        losses = F.cross_entropy(
            logits.float().reshape(-1, logits.shape[-1]),
            labels.reshape(-1),
            ignore_index=IGNORE,
            reduction="none",
        )
        return losses.view(labels.shape).sum(1)

    @torch.inference_mode()
    def generate(
        self,
        prefix: Prefix,
        z: Tensor,
        *,
        bot: int,
        end: int,
        limit: int,
        choose: Callable[[Tensor, Tensor], Tensor],
        opening: Sequence[int] = (),
        paired: bool = False,
    ) -> Generator[Tensor, None, None]:
        """Yield the next reply ids (B,) one step at a time, for at most `limit` tokens after `opening`, ids
        with which every reply begins.

        `choose(logits (B, V), history (B, t)) -> (B,)` picks the tokens. A row that has said `end` goes on
        with `end`; iteration stops when every row has. When half of the rows have, the language model hears
        the others alone. Closing the generator stops the work.

        Where it is `paired`, prefix and z have 2 B rows, and `choose` gets the logits of all (2 B, V): the
        second half hears the same words as the first, with another context and z, for a contrast.
        """
        halves = 2 if paired else 1
        rows = len(z) // halves
        history = torch.tensor([[bot, *opening]], device=z.device).repeat(rows, 1)
        begun = history.repeat(halves, 1)
        logits = self.logits(prefix, z, begun, torch.ones_like(begun))[:, -1]
        done = torch.zeros(rows, dtype=torch.bool, device=z.device)
        read = torch.arange(len(z), device=z.device)  # the rows that the language model still hears
        for count in range(limit):
            token = choose(logits, history).masked_fill(done, end)
            yield token
            done = done | (token == end)
            going = halves * int((~done).sum())
            full = int(prefix.lengths.max()) >= self.max_positions
            if not going or count + 1 == limit or full:
                return
            history = torch.cat([history, token.unsqueeze(1)], dim=1)
            if 2 * going <= len(read):
                rest = (~done).repeat(halves)[read].nonzero().squeeze(1)
                prefix, z, read = prefix.select(rest), z[rest], read[rest]
            logits = logits.index_copy(0, read, self.step(prefix, z, token.repeat(halves)[read]))
