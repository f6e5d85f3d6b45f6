"""Contexts and replies through the networks: what the prior, the decoder and the posterior make of texts.

The one place beside training that pads ids into batches for a loaded model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from chatbot.errors import ModelError
from chatbot.model.artifact import Artifact
from chatbot.model.cvae import Gaussian
from chatbot.model.decoder import IGNORE, Prefix
from chatbot.model.matcher import Matcher
from chatbot.model.text import Codec, Context

BATCH = 8  # rows; with fewer a processor has not enough to do, with more too much of it is padding


def pad(rows: Iterable[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Rows of ids as (B, T), padded on the right with 0, and their mask (B, T)."""
    rows = list(rows)
    width = max(1, max(len(row) for row in rows))
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[i, : len(row)] = 1
    return ids, mask


def alike(rows: Sequence[Sequence[int]], size: int = BATCH) -> Iterator[list[int]]:
    """The places of all rows in batches of at most `size`, the shortest first: what is read side by side is
    padded to the longest of its batch alone."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    for begin in range(0, len(order), size):
        yield order[begin : begin + size]


def match_scores(
    matcher: Matcher,
    codec: Codec,
    lengths: tuple[int, int],
    contexts: Iterable[Context],
    replies: Iterable[str],
) -> Tensor:
    """The matcher's scores (B, N) of every context with every reply, each cut to its one of `lengths`."""
    device = matcher.scale.device
    before = pad(codec.encode_context(context, lengths[0]) for context in contexts)
    after = pad(codec.encode_reply(reply, lengths[1]) for reply in replies)
    return matcher.scores(
        matcher.contexts(*(t.to(device) for t in before)), matcher.replies(*(t.to(device) for t in after))
    )


class Reader:
    """Reads texts with one loaded model, on the device where that model is."""

    def __init__(self, model: Artifact) -> None:
        self._artifact = model
        self._device = next(model.model.parameters()).device

    @torch.inference_mode()
    def prior(self, contexts: Sequence[Context]) -> Gaussian:
        """p(z|C) of each context, (B, D) in float32."""
        shape = self._artifact.manifest
        codec = self._artifact.encoder_codec
        ids, mask = pad(codec.encode_context(context, shape.encoder_tokens) for context in contexts)
        prior = self._artifact.model.prior(ids.to(self._device), mask.to(self._device))
        prior = Gaussian(prior.mean.float(), prior.log_var.float())
        if not bool((prior.mean + prior.std).isfinite().all()):
            raise ModelError(
                f"The prior of model {shape.name!r} must be finite and is not: its weights are damaged, or "
                "the number format is too small. Copy the model again, or set model.dtype = 'float32'."
            )
        return prior

    @torch.inference_mode()
    def prefix(self, contexts: Sequence[Context], *, blank: bool = False) -> Prefix:
        """The decoder's memory of each context; with `blank` a last row has that of none: of the lone [END]
        that context dropout leaves in training."""
        codec, budget = self._artifact.codec, self._artifact.manifest.context_tokens
        rows = [codec.encode_context(context, budget) for context in contexts]
        ids, mask = pad([*rows, [codec.end]] if blank else rows)
        return self._artifact.model.decoder.prefill(ids.to(self._device), mask.to(self._device))

    @torch.inference_mode()
    def likelihood(
        self,
        prefix: Prefix,
        owner: Tensor,
        z: Tensor,
        replies: Sequence[Sequence[int]],
        opening: Sequence[int] = (),
    ) -> list[float]:
        """Mean log p(token | C, z) of each reply's ids (without [BOT]), in nats: B replies, z (B, D), and
        `owner` (B,), the places of their contexts in `prefix`.

        The ids of an `opening`, with which every reply begins, are heard and do not count.
        """
        codec, decoder = self._artifact.codec, self._artifact.model.decoder
        z, found = z.to(decoder.memory.weight.dtype), torch.empty(len(replies), device=self._device)
        rows = [[codec.bot, *opening, *row] for row in replies]
        for at in alike(rows):
            ids, mask = (t.to(self._device) for t in pad(rows[place] for place in at))
            counted = ids.clone()
            counted[:, 1 : 1 + len(opening)] = IGNORE
            losses = decoder.reply_loss(prefix.select(owner[at]), z[at], counted, mask, shown=ids)
            found[at] = -losses / (mask[:, 1:].sum(1) - len(opening))
        return found.tolist()

    @torch.inference_mode()
    def matches(self, contexts: Sequence[Context], replies: Sequence[str]) -> list[float] | None:
        """How well each reply answers its context, in nats up to a constant for each context; None where the
        model has no matcher."""
        matcher, shape = self._artifact.model.matcher, self._artifact.manifest
        if matcher is None:
            return None
        apart = list(dict.fromkeys(contexts))
        lengths = (shape.encoder_tokens, shape.reply_tokens)
        scores = match_scores(matcher, self._artifact.encoder_codec, lengths, apart, replies)
        owner = torch.tensor([apart.index(context) for context in contexts], device=scores.device)
        return scores.gather(0, owner.unsqueeze(0))[0].tolist()

    @torch.inference_mode()
    def posterior(self, contexts: Sequence[Context], replies: Sequence[str]) -> Gaussian:
        """q(z|C,r) of each context and reply, (B, D)."""
        shape = self._artifact.manifest
        codec = self._artifact.encoder_codec
        before = [codec.encode_context(context, shape.encoder_tokens) for context in contexts]
        after = [codec.encode_reply(reply, shape.reply_tokens) for reply in replies]
        rows = [a + b for a, b in zip(before, after, strict=True)]
        found = torch.empty(2, len(rows), shape.latent_dim, device=self._device)
        for at in alike(rows):
            ids, mask = pad(rows[place] for place in at)
            reply_mask, _ = pad([0] * len(before[place]) + [1] * len(after[place]) for place in at)
            read = self._artifact.model.posterior(*(t.to(self._device) for t in (ids, mask, reply_mask)))
            found[:, at] = torch.stack([read.mean, read.log_var])
        return Gaussian(*found)

    @torch.inference_mode()
    def measure(
        self, contexts: Sequence[Context], replies: Sequence[str]
    ) -> list[dict[str, dict[str, float]]]:
        """The heads at the posterior mean of each reply: attribute -> aspect -> probability."""
        attributes = self._artifact.manifest.attributes
        logits = self._artifact.model.heads(self.posterior(contexts, replies).mean.float())
        found = {name: values.softmax(-1).tolist() for name, values in logits.items()}
        return [
            {name: dict(zip(attributes[name], found[name][row], strict=True)) for name in found}
            for row in range(len(replies))
        ]
