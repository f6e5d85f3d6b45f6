"""The dialogue CVAE: prior p(z|C), posterior q(z|C,r), decoder p(r|C,z), heads f_i(z), and their losses.

    L = -E_q log p(r|C,z) + beta KL(q(z|C,r) || p(z|C)) + w_C L_C + w_D L_D + w_B L_bow

    L_VAE  the ELBO (Kingma & Welling 2014; conditional: Sohn et al. 2015; dialogue: Zhao et al. 2017), free
           bits on the batch mean of each dimension (Li et al. 2019, arXiv 1909.00868)
    L_C    cross-entropy of the heads on posterior samples (MIRACLE, arXiv 2310.18342, Eq. 4)
    L_D    distance between the attributes' mean latents, so that their regions meet (Eq. 5)
    L_bow  the reply's words from z alone (Zhao et al. 2017, arXiv 1703.10960): a job the context cannot do

B contexts and N >= B replies; `owner` (N,) says to which context a reply belongs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from chatbot.model.decoder import LatentDecoder
from chatbot.model.encoder import branch, build_encoder, mean_pool
from chatbot.model.heads import Heads
from chatbot.model.matcher import Matcher


@dataclass(frozen=True)
class Gaussian:
    """A diagonal Gaussian over z: mean and log variance, both (B, D)."""

    mean: Tensor
    log_var: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, D)."""
        return torch.exp(0.5 * self.log_var)

    def sample(self, noise: Tensor) -> Tensor:
        """mean + std * noise, all (B, D)."""
        return self.mean + self.std * noise

    def select(self, rows: Tensor) -> Gaussian:
        """Of other rows (N,), repeated or reordered."""
        return Gaussian(self.mean.index_select(0, rows), self.log_var.index_select(0, rows))

    def kl(self, other: Gaussian) -> Tensor:
        """KL(self || other) per row and dimension (B, D), in nats."""
        ratio = (self.log_var - other.log_var).exp()
        shift = (self.mean - other.mean) ** 2 / other.log_var.exp()
        return 0.5 * (ratio + shift - 1 + other.log_var - self.log_var)


class GaussianHead(nn.Module):
    """Pooled states (B, W) to a Gaussian by a two-layer MLP (the paper's Eq. 1).

    Pooled states of a pretrained encoder share one large mean; they are standardised first (running
    statistics in evaluation), or every text starts at the same point and z collapses before training has
    begun.
    """

    LOG_VAR_RANGE = (-7.0, 1.5)

    def __init__(self, width: int, latent_dim: int, log_var: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, 2 * latent_dim)
        with torch.no_grad():
            self.output.weight[latent_dim:] *= 0.1
            self.output.bias[:latent_dim] = 0.0
            self.output.bias[latent_dim:] = log_var

    def forward(self, pooled: Tensor) -> Gaussian:
        mean, log_var = self.output(F.silu(self.hidden(self.norm(pooled.float())))).float().chunk(2, dim=-1)
        return Gaussian(mean, log_var.clamp(*self.LOG_VAR_RANGE))


@dataclass(frozen=True)
class Batch:
    """Ids and masks, padded on the right. `enc_*` in the encoder's ids, the others in the decoder's.

    context, context_mask (B, T) · enc_context, enc_context_mask (B, Te)
    reply, reply_mask (N, R): [BOT] ... [END]
    enc_pair, enc_pair_mask, enc_reply_mask (N, P): context then reply, and where the reply stands
    owner (N,) · aspects (N, A): for each attribute the index of the reply's aspect, -1 where unlabelled
    """

    context: Tensor
    context_mask: Tensor
    enc_context: Tensor
    enc_context_mask: Tensor
    reply: Tensor
    reply_mask: Tensor
    enc_pair: Tensor
    enc_pair_mask: Tensor
    enc_reply_mask: Tensor
    owner: Tensor
    aspects: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(**{name: value.to(device) for name, value in self.__dict__.items()})


@dataclass(frozen=True)
class LossWeights:
    """Weights of the loss terms at one step. `noise` scales the posterior's deviation (0: autoencoder)."""

    kl: float = 1.0
    free_bits: float = 0.1
    aspect: float = 1.0
    distance: float = 0.05
    bow: float = 0.3
    noise: float = 1.0
    word_dropout: float = 0.0
    context_dropout: float = 0.0
    swap: float = 0.0  # share of replies that are decoded from the z of another with the same aspects
    posterior: bool = True  # False: z comes from the prior, which does not see the reply (an ablation)


class DialogueCVAE(nn.Module):
    """Prior and posterior encoders (one shared trunk or two), decoder, heads, and a matcher or none."""

    def __init__(
        self,
        prior_encoder: PreTrainedModel,
        posterior_encoder: PreTrainedModel | None,
        decoder: LatentDecoder,
        heads: Heads,
        latent_dim: int,
    ) -> None:
        super().__init__()
        self.prior_encoder = prior_encoder
        self.posterior_encoder = posterior_encoder  # None: the prior's trunk serves both
        self.decoder = decoder
        self.heads = heads
        self.matcher: Matcher | None = None  # see `add_matcher`
        width = int(prior_encoder.config.hidden_size)
        self.prior_head = GaussianHead(width, latent_dim, log_var=0.0)
        self.posterior_head = GaussianHead(2 * width, latent_dim, log_var=-3.0)

    @classmethod
    def from_configs(
        cls,
        encoder: PretrainedConfig,
        decoder: PretrainedConfig,
        *,
        attributes: dict[str, tuple[str, ...]],
        latent_dim: int,
        memory_slots: int,
        head_dim: int,
        share_encoder: bool,
    ) -> DialogueCVAE:
        """An untrained model of this shape; weights come from an artifact or from training."""
        return cls(
            build_encoder(encoder),
            None if share_encoder else build_encoder(encoder),
            LatentDecoder.from_config(decoder, latent_dim, memory_slots),
            Heads(attributes, latent_dim, head_dim),
            latent_dim,
        )

    def add_matcher(self, shared: int, layers: int) -> Matcher:
        """An untrained matcher on the prior encoder's lowest `shared` layers, with `layers` of its own."""
        self.matcher = Matcher(branch(self.prior_encoder, shared, layers))
        return self.matcher

    def prior(self, ids: Tensor, mask: Tensor) -> Gaussian:
        """p(z|C) from encoder ids (B, T)."""
        states = self.prior_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.prior_head(mean_pool(states, mask))

    def average_latent(self) -> Tensor:
        """The prior's mean (1, D) at the average context, whose pooled state the prior head's norm keeps: a z
        that says nothing in particular."""
        average = self.prior_head.norm.running_mean
        if average is None:
            raise ValueError("The prior head must keep running statistics; it has none.")
        return self.prior_head(average.unsqueeze(0)).mean

    def posterior(self, ids: Tensor, mask: Tensor, reply_mask: Tensor) -> Gaussian:
        """q(z|C,r) from encoder ids (N, P) of context and reply; `reply_mask` marks the reply.

        Context and reply are pooled apart: the reply is short, and one common mean would drown it.
        """
        encoder = self.posterior_encoder if self.posterior_encoder is not None else self.prior_encoder
        states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        pooled = [mean_pool(states, mask * (1 - reply_mask)), mean_pool(states, reply_mask)]
        return self.posterior_head(torch.cat(pooled, dim=-1))


class CVAELoss(nn.Module):
    """All loss terms of one batch; holds the bag-of-words layer, which training alone uses."""

    def __init__(self, latent_dim: int, vocabulary: int, unknown: int) -> None:
        super().__init__()
        self.bow = nn.Sequential(nn.Linear(latent_dim, 256), nn.SiLU(), nn.Linear(256, vocabulary))
        self.unknown = unknown

    def forward(
        self, model: DialogueCVAE, batch: Batch, weights: LossWeights
    ) -> tuple[Tensor, dict[str, float]]:
        """Total loss (scalar, nats a token for the ELBO part) and every term as a float for the log."""
        prior = model.prior(batch.enc_context, batch.enc_context_mask).select(batch.owner)
        posterior = prior
        if weights.posterior:
            posterior = model.posterior(batch.enc_pair, batch.enc_pair_mask, batch.enc_reply_mask)
        z = posterior.sample(weights.noise * torch.randn_like(posterior.mean))
        heard = swapped(z, batch.aspects, weights.swap)
        tokens = batch.reply_mask[:, 1:].sum().float()

        context_mask = _drop_rows(batch.context_mask, weights.context_dropout)
        prefix = model.decoder.prefill(batch.context, context_mask).select(batch.owner)
        shown = self._drop_words(batch.reply, weights.word_dropout)
        losses = model.decoder.reply_loss(prefix, heard, batch.reply, batch.reply_mask, shown=shown)
        reconstruction = losses.sum()

        kl = posterior.kl(prior).mean(0)  # (D,)
        kl_free = kl.clamp(min=weights.free_bits).sum() * len(z)
        terms = {
            "reconstruction": reconstruction / tokens,
            "kl": weights.kl * kl_free / tokens,
            "aspect": weights.aspect * self.aspect_loss(model, z, batch),
            "distance": weights.distance * self.distance_loss(posterior.mean, batch.aspects),
            "bow": weights.bow * self.bow_loss(z, batch),
        }
        total = torch.stack([term.float() for term in terms.values()]).sum()
        log = {f"loss_{name}": float(term.detach()) for name, term in terms.items()}
        log |= {
            "loss": float(total.detach()),
            "kl_nats": float(kl.sum().detach()),
            "active_units": int((posterior.mean.detach().var(0) > 0.01).sum()),
        }
        right, labelled = named_right(model.heads, z, batch.aspects)
        return total, log | ({"head_accuracy": right / labelled} if labelled else {})

    def aspect_loss(self, model: DialogueCVAE, z: Tensor, batch: Batch) -> Tensor:
        """L_C (Eq. 4): mean cross-entropy of each attribute's head on the replies labelled with it."""
        losses: list[Tensor] = []
        for index, logits in enumerate(model.heads(z).values()):
            rows = batch.aspects[:, index] >= 0
            if bool(rows.any()):
                truth = batch.aspects[rows, index]
                losses.append(F.cross_entropy(logits[rows].float(), truth, reduction="sum"))
        labelled = int((batch.aspects >= 0).sum())
        return torch.stack(losses).sum() / labelled if losses else z.sum() * 0.0

    @staticmethod
    def distance_loss(means: Tensor, aspects: Tensor) -> Tensor:
        """L_D (Eq. 5): Euclidean distance between every pair of attributes' mean latents.

        In units of the batch's standard deviation, so that shrinking all of z cannot satisfy it.
        """
        scaled = means / means.detach().std(0).clamp(min=1e-3) if len(means) > 1 else means
        shown = (rows for rows in (aspects >= 0).unbind(1) if bool(rows.any()))
        present = [scaled[rows].mean(0) for rows in shown]
        if len(present) < 2:
            return means.sum() * 0.0
        centres = torch.stack(present)  # (A, D)
        rows, columns = torch.triu_indices(len(present), len(present), offset=1).unbind()
        return ((centres[rows] - centres[columns]) ** 2).sum(-1).add(1e-6).sqrt().mean()

    def bow_loss(self, z: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy of the reply's own tokens under one softmax from z, in nats a token."""
        log_probs = F.log_softmax(self.bow(z).float(), dim=-1)  # (N, V)
        mask = batch.reply_mask[:, 1:].float()
        return -(log_probs.gather(1, batch.reply[:, 1:]) * mask).sum() / mask.sum()

    def _drop_words(self, reply: Tensor, rate: float) -> Tensor:
        """Replace input tokens after [BOT] by the unknown token, so that the decoder leans on z."""
        if not rate:
            return reply
        drop = torch.rand(reply.shape, device=reply.device) < rate
        drop[:, 0] = False
        return reply.masked_fill(drop, self.unknown)


@torch.no_grad()
def named_right(heads: Heads, z: Tensor, aspects: Tensor) -> tuple[int, int]:
    """How many labels (N, A) of replies the heads name from z (N, D), and how many there are."""
    right = 0
    for index, logits in enumerate(heads(z).values()):
        rows = aspects[:, index] >= 0
        right += int((logits[rows].argmax(-1) == aspects[rows, index]).sum())
    return right, int((aspects >= 0).sum())


def swapped(z: Tensor, aspects: Tensor, share: float) -> Tensor:
    """z (N, D) with a random `share` of rows replaced by the z of a row with the same aspects (N, A).

    What two replies to different messages have in common is their aspect. A decoder that is as often given
    another reply's z learns to take the aspect from z and what is spoken of from the context: after the flow,
    z has the aspect that is asked for and the content of no reply at all. (Rows that share a latent because
    they share a label: Bouchacourt et al. 2018, arXiv 1705.08841.)
    """
    if not share:
        return z
    # On the CPU: not every device has float64.
    group = torch.unique(aspects.cpu(), dim=0, return_inverse=True)[1].double()
    # Two random orders that both keep groups together: the row at one place of one answers that of the other.
    first, second = ((group + 0.5 * torch.rand_like(group)).argsort() for _ in range(2))
    partner = torch.empty_like(first).scatter_(0, first, second).to(z.device)
    chosen = torch.rand(len(z), 1, device=z.device) < share
    return torch.where(chosen, z[partner], z)


def _drop_rows(mask: Tensor, rate: float) -> Tensor:
    """Hide whole contexts, all but their last token (a row must attend to something)."""
    if not rate:
        return mask
    hidden = torch.zeros_like(mask)
    last = (mask.sum(1, keepdim=True) - 1).clamp(min=0)
    hidden.scatter_(1, last, 1)
    drop = torch.rand(len(mask), 1, device=mask.device) < rate
    return torch.where(drop, hidden, mask)
