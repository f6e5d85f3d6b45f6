"""Second stage: the dialogue CVAE on the written corpus.

The schedule (`LossWeights` of a step): first an autoencoder with little noise and no KL, so that the decoder
learns to need z; then noise and KL ramp up; then the KL weight runs in cycles (Fu et al. 2019, arXiv
1903.10145). Training with noise and KL from the first step collapses: z ends up unused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from chatbot.model.cvae import Batch, CVAELoss, DialogueCVAE, LossWeights, named_right, swapped
from chatbot.model.encoder import layers as encoder_layers
from chatbot.model.reading import pad
from chatbot.model.text import Codec
from chatbot.train.forms import Item, Labelled
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import Cvae, Recipe, TextShape


@dataclass(frozen=True)
class EncodedItem:
    """An item as ids: the context twice (decoder's and encoder's ids), and its replies."""

    context: list[int]
    enc_context: list[int]
    replies: list[list[int]]
    enc_replies: list[list[int]]
    aspects: list[list[int]]  # for each reply and attribute, the index of its aspect; -1 where unlabelled
    kind: str


class Encoder:
    """Items to ids to batches, by the codecs and lengths of one model."""

    def __init__(
        self, codec: Codec, encoder_codec: Codec, text: TextShape, attributes: dict[str, tuple[str, ...]]
    ) -> None:
        self.codec, self.encoder_codec, self.text = codec, encoder_codec, text
        self.attributes = attributes

    def item(self, item: Item) -> EncodedItem:
        text = self.text
        return EncodedItem(
            context=self.codec.encode_context(item.context, text.context_tokens),
            enc_context=self.encoder_codec.encode_context(item.context, text.encoder_tokens),
            replies=[self.codec.encode_reply(r.text, text.reply_tokens) for r in item.replies],
            enc_replies=[self.encoder_codec.encode_reply(r.text, text.reply_tokens) for r in item.replies],
            aspects=[self._aspects(reply) for reply in item.replies],
            kind=item.kind,
        )

    def _aspects(self, reply: Labelled) -> list[int]:
        labels = dict(reply.labels)
        return [
            aspects.index(labels[name]) if labels.get(name) in aspects else -1
            for name, aspects in self.attributes.items()
        ]

    def batch(self, items: Sequence[EncodedItem]) -> Batch:
        """All replies of `items` in one batch."""
        context, context_mask = pad(item.context for item in items)
        enc_context, enc_context_mask = pad(item.enc_context for item in items)
        reply, reply_mask = pad(ids for item in items for ids in item.replies)
        pairs = [(item.enc_context, ids) for item in items for ids in item.enc_replies]
        enc_pair, enc_pair_mask = pad(before + ids for before, ids in pairs)
        enc_reply_mask, _ = pad([0] * len(before) + [1] * len(ids) for before, ids in pairs)
        owner = [i for i, item in enumerate(items) for _ in item.replies]
        aspects = torch.tensor([row for item in items for row in item.aspects])
        return Batch(
            context, context_mask, enc_context, enc_context_mask, reply, reply_mask, enc_pair, enc_pair_mask,
            enc_reply_mask, torch.tensor(owner), aspects,
        )  # fmt: skip


def epoch_batches(
    items: Sequence[EncodedItem], replies: int, seed: int, epoch: int, single_share: float = 1.0
) -> list[list[int]]:
    """Indices of one epoch's batches of about `replies` replies; items of like shape stand together.

    Of the items with a single reply, whose long contexts cost most, each epoch takes a random `single_share`.

    Batches mix nothing but lengths: within a batch, items have a like number of replies and like lengths,
    so that little padding is computed. The order of batches is random. Depends on (seed, epoch) alone.
    """
    random = np.random.default_rng((seed, epoch))
    noise = random.random(len(items))
    shape = [
        (len(item.replies) > 1, (len(item.context) + max(map(len, item.replies))) // 12, noise[i])
        for i, item in enumerate(items)
    ]
    batches: list[list[int]] = []
    current: list[int] = []
    count = 0
    taken = [i for i, many in enumerate(shape) if many[0] or random.random() < single_share]
    taken = taken if len(taken) > 1 else list(range(len(items)))
    for index in sorted(taken, key=shape.__getitem__):
        size = len(items[index].replies)
        # A lone context has no spread to be standardised by: a batch has two at the least ...
        full = len(current) > 1 and count + size > replies
        if current and (full or shape[index][0] != shape[current[-1]][0]):
            batches.append(current)
            current, count = [], 0
        current.append(index)
        count += size
    batches.append(current)
    joined: list[list[int]] = []
    for batch in batches:
        # ... and where one is left over, it joins those before it, or those behind the first.
        if joined and 1 in (len(batch), len(joined[-1])):
            joined[-1] = joined[-1] + batch
        else:
            joined.append(batch)
    return [joined[i] for i in random.permutation(len(joined))]


class Batches:
    """Batch number n of an endless run over epochs, for any n."""

    def __init__(
        self, items: Sequence[EncodedItem], replies: int, seed: int, single_share: float = 1.0
    ) -> None:
        self.items, self.replies, self.seed, self.single_share = items, replies, seed, single_share
        self._epoch = -1
        self._order: list[list[int]] = []
        self._per_epoch = len(epoch_batches(items, replies, seed, 0, single_share))

    def __getitem__(self, step: int) -> list[EncodedItem]:
        epoch, number = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = epoch_batches(self.items, self.replies, self.seed, epoch, self.single_share)
        return [self.items[i] for i in self._order[number % len(self._order)]]


def schedule(shape: Cvae, step: int) -> LossWeights:
    """The loss weights at `step`: autoencoder, ramp, then cycles of half a ramp and half a plateau."""
    done = step / max(1, shape.steps)
    if done < shape.autoencoder:
        noise, kl = shape.noise_first, 0.0
    elif done < shape.autoencoder + shape.ramp:
        progress = (done - shape.autoencoder) / shape.ramp
        noise, kl = shape.noise_first + (1 - shape.noise_first) * progress, shape.kl * progress
    else:
        rest = 1 - shape.autoencoder - shape.ramp
        phase = (done - shape.autoencoder - shape.ramp) / rest * shape.cycles % 1.0 if shape.cycles else 1.0
        noise, kl = 1.0, shape.kl * min(1.0, 0.5 + phase) if shape.cycles > 1 else shape.kl
    return LossWeights(
        kl=kl,
        free_bits=shape.free_bits,
        aspect=shape.aspect,
        distance=shape.distance,
        bow=shape.bow,
        noise=noise,
        word_dropout=shape.word_dropout,
        context_dropout=shape.context_dropout,
        swap=shape.swap,
        posterior=shape.posterior,
    )


def parameter_groups(
    model: DialogueCVAE, loss: CVAELoss, recipe: Recipe
) -> list[tuple[list[nn.Parameter], float]]:
    """Three rates: the language model, the encoders, and everything that starts from nothing."""
    encoders = [model.prior_encoder] + ([model.posterior_encoder] if model.posterior_encoder else [])
    for encoder in encoders:
        freeze(encoder, recipe.base.frozen_encoder_layers)
    encoder_parameters = [p for encoder in encoders for p in encoder.parameters()]
    lm_parameters = list(model.decoder.lm.parameters())
    taken = {id(p) for p in (*encoder_parameters, *lm_parameters)}
    new = [p for p in (*model.parameters(), *loss.parameters()) if id(p) not in taken]
    shape = recipe.cvae
    return [(lm_parameters, shape.lr), (encoder_parameters, shape.encoder_lr), (new, shape.new_lr)]


def freeze(encoder: nn.Module, layers: int) -> None:
    """Keep embeddings and the lowest `layers` layers of a BERT-like encoder as they are (0: train all)."""
    if layers:
        lowest = encoder_layers(encoder)[:layers]
        for module in (encoder.embeddings, *lowest):
            module.requires_grad_(False)  # type: ignore[union-attr]


def fit(
    model: DialogueCVAE,
    loss: CVAELoss,
    encoder: Encoder,
    train: Sequence[Item],
    valid: Sequence[Item],
    recipe: Recipe,
    folder: Path,
    device: torch.device,
) -> None:
    """Train `model` in place; the log also gets the validation terms of `evaluate`."""
    shape = recipe.cvae
    encoded = [
        item
        for item in map(encoder.item, train)
        for _ in range(shape.together_times if item.kind == "together" else 1)
    ]
    batches = Batches(encoded, shape.replies, recipe.seed, shape.single_share)
    held_out = [encoder.item(item) for item in valid]
    model.to(device).train()
    loss.to(device)
    groups = parameter_groups(model, loss, recipe)
    stage = Stage("cvae", folder, {"model": model, "loss": loss}, groups, shape.steps)

    def step(number: int) -> tuple[Tensor, dict[str, float]]:
        weights = schedule(shape, number)
        batch = encoder.batch(batches[number]).to(device)
        with autocast(recipe.autocast, device):
            total, terms = loss(model, batch, weights)
        terms |= {"beta": weights.kl, "noise": weights.noise}
        if (number + 1) % 200 == 0 and held_out:
            with autocast(recipe.autocast, device):
                terms |= evaluate(model, encoder, held_out, device)
        return total, terms

    stage.run(step)


@torch.no_grad()
def evaluate(
    model: DialogueCVAE,
    encoder: Encoder,
    items: Sequence[EncodedItem],
    device: torch.device,
    limit: int = 512,
) -> dict[str, float]:
    """Held-out measures of whether z is used, per reply token in nats (lower is better) and head accuracy.

    valid_ce: z from the posterior mean · valid_ce_prior: z sampled from the prior · valid_ce_shuffled: z of
    another reply · valid_ce_swapped: z of another reply with the same aspects. The decoder uses z when the
    third is clearly above the first; where the fourth is too, z also says what is spoken of.
    """
    model.eval()
    generator = torch.Generator().manual_seed(0)
    sums = dict.fromkeys(("valid_ce", "valid_ce_prior", "valid_ce_shuffled", "valid_ce_swapped"), 0.0)
    tokens, right, labelled = 0, 0, 0
    for batch in (b.to(device) for b in _held_out_batches(encoder, items, limit)):
        posterior = model.posterior(batch.enc_pair, batch.enc_pair_mask, batch.enc_reply_mask)
        prior = model.prior(batch.enc_context, batch.enc_context_mask).select(batch.owner)
        noise = torch.randn(prior.mean.shape, generator=generator).to(device)
        shuffled = posterior.mean[torch.randperm(len(posterior.mean), generator=generator).to(device)]
        same = swapped(posterior.mean, batch.aspects, 1.0)
        for name, z in zip(sums, (posterior.mean, prior.sample(noise), shuffled, same), strict=True):
            prefix = model.decoder.prefill(batch.context, batch.context_mask).select(batch.owner)
            ce = model.decoder.reply_loss(prefix, z, batch.reply, batch.reply_mask, shown=batch.reply)
            sums[name] += float(ce.sum())
        tokens += int(batch.reply_mask[:, 1:].sum())
        found = named_right(model.heads, posterior.mean, batch.aspects)
        right, labelled = right + found[0], labelled + found[1]
    model.train()
    return {name: value / tokens for name, value in sums.items()} | {"valid_heads": right / max(1, labelled)}


def _held_out_batches(encoder: Encoder, items: Sequence[EncodedItem], limit: int) -> Iterable[Batch]:
    """The first `limit` replies in batches of about 64."""
    current: list[EncodedItem] = []
    count = taken = 0
    for item in items:
        current.append(item)
        count += len(item.replies)
        if count >= 64:
            yield encoder.batch(current)
            taken += count
            current, count = [], 0
        if taken >= limit:
            return
    if current:
        yield encoder.batch(current)
