"""The CVAE's mathematics against closed forms and against torch's own distributions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from chatbot.model.cvae import Batch, CVAELoss, Gaussian, GaussianHead, LossWeights, swapped
from chatbot.model.encoder import mean_pool
from chatbot.model.heads import Heads
from chatbot.model.reading import pad
from chatbot.train.fit_cvae import Batches, EncodedItem, epoch_batches, schedule
from chatbot.train.recipe import Cvae


def gaussian(seed: int) -> Gaussian:
    random = torch.Generator().manual_seed(seed)
    return Gaussian(torch.randn(5, 3, generator=random), 0.5 * torch.randn(5, 3, generator=random))


def test_kl_equals_torch_distributions() -> None:
    q, p = gaussian(0), gaussian(1)
    torch.testing.assert_close(q.kl(p), kl_divergence(Normal(q.mean, q.std), Normal(p.mean, p.std)))


def test_kl_of_itself_is_zero() -> None:
    q = gaussian(0)
    torch.testing.assert_close(q.kl(q), torch.zeros(5, 3))


def test_the_head_at_its_average_input_is_what_zero_becomes_after_the_norm() -> None:
    torch.manual_seed(0)
    head = GaussianHead(6, 3, log_var=0.0)
    for _ in range(200):
        head(torch.randn(64, 6) * 2 + 5)
    head.eval()
    average = head.norm.running_mean
    assert average is not None
    torch.testing.assert_close(average, torch.full((6,), 5.0), atol=0.3, rtol=0)
    expected = head.output(torch.nn.functional.silu(head.hidden(torch.zeros(1, 6))))[:, :3]
    torch.testing.assert_close(head(average.unsqueeze(0)).mean, expected)


def test_mean_pool_passes_over_padding_and_empty_rows() -> None:
    states = torch.tensor([[[1.0], [3.0], [100.0]], [[7.0], [7.0], [7.0]]])
    mask = torch.tensor([[1, 1, 0], [0, 0, 0]])
    torch.testing.assert_close(mean_pool(states, mask), torch.tensor([[2.0], [0.0]]))


def test_the_elbo_by_hand() -> None:
    torch.manual_seed(0)
    n, d = 6, 3
    p = Gaussian(torch.randn(n, d), 0.5 * torch.randn(n, d))
    gap = torch.tensor([0.05, 1.0, 1.0]) * torch.randn(n, d)  # one unit is nearly the prior's
    q = Gaussian(p.mean + gap, p.log_var + torch.tensor([0.0, 0.0, -1.0]))
    heard: list[torch.Tensor] = []

    def reply_loss(prefix: Any, z: torch.Tensor, ids: Any, mask: Any, shown: Any) -> torch.Tensor:
        heard.append(z)
        return torch.arange(float(n))

    decoder = SimpleNamespace(
        prefill=lambda ids, mask: SimpleNamespace(select=lambda rows: None), reply_loss=reply_loss
    )
    model: Any = SimpleNamespace(
        prior=lambda *_: p, posterior=lambda *_: q, decoder=decoder, heads=lambda z: {}
    )
    ones = torch.ones(n, 4, dtype=torch.long)  # a marker and three tokens
    batch = Batch(*[*[ones] * 9, torch.arange(n), torch.full((n, 1), -1)])
    weights = LossWeights(kl=0.5, free_bits=0.1, aspect=0, distance=0, bow=0, noise=0.0)
    total, log = CVAELoss(d, 9, 0)(model, batch, weights)
    assert torch.equal(heard[0], q.mean)  # without noise an autoencoder
    kl = kl_divergence(Normal(q.mean, q.std), Normal(p.mean, p.std)).mean(0)
    assert (kl < 0.1).tolist() == [True, False, False]
    free = 0.1 + float(kl[1:].sum())
    assert log["loss_reconstruction"] == pytest.approx(sum(range(n)) / (3 * n))
    assert log["loss_kl"] == pytest.approx(0.5 * n * free / (3 * n), rel=1e-5)
    assert float(total.detach()) == pytest.approx(log["loss_kl"] + log["loss_reconstruction"], rel=1e-5)
    assert "head_accuracy" not in log  # nothing is labelled, and NaN would be no JSON


def test_aspects_and_words_cost_their_mean_cross_entropy() -> None:
    """Over all labels, and over all tokens behind the marker but padding."""
    torch.manual_seed(0)
    z, loss, heads = (
        torch.randn(2, 3),
        CVAELoss(3, 9, 0),
        Heads({"a": ("x", "y"), "b": ("p", "q", "r")}, 3, 4),
    )
    ids, mask = pad([[1, 5, 6, 2], [1, 7, 2]])
    batch: Any = SimpleNamespace(reply=ids, reply_mask=mask, aspects=torch.tensor([[1, -1], [0, 2]]))
    model: Any = SimpleNamespace(heads=heads)
    a, b, words = (logits.log_softmax(-1) for logits in (*heads(z).values(), loss.bow(z)))
    torch.testing.assert_close(loss.aspect_loss(model, z, batch), -(a[0, 1] + a[1, 0] + b[1, 2]) / 3)
    said = words[0, [5, 6, 2]].sum() + words[1, [7, 2]].sum()
    torch.testing.assert_close(loss.bow_loss(z, batch), -said / 5)


def labels(*attributes: int) -> torch.Tensor:
    """Batch.aspects of replies that show the first aspect of one of two attributes, or (-1) of none."""
    return torch.tensor([[0 if attribute == i else -1 for i in range(2)] for attribute in attributes])


def test_distance_loss_is_zero_for_meeting_attributes_and_the_distance_for_others() -> None:
    means = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    together = CVAELoss.distance_loss(means, labels(0, 0, 1, 1))
    assert float(together) == pytest.approx(0.0, abs=2e-3)
    apart = CVAELoss.distance_loss(means, labels(0, 1, 0, 1))  # centres (.5,.5) and (-.5,-.5)
    scale = float(means.std(0)[0])
    assert float(apart) == pytest.approx(2**0.5 / scale, rel=1e-3)


def test_distance_loss_knows_unlabelled_rows() -> None:
    means = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    assert float(CVAELoss.distance_loss(means, labels(-1, -1, 0, 0))) == 0.0


def test_distance_loss_counts_a_reply_for_each_attribute_that_it_shows() -> None:
    means = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 3.0]])
    aspects = torch.tensor([[0, -1], [1, 0], [-1, 1]])  # the second shows both
    scaled = means / means.std(0)
    expected = (scaled[:2].mean(0) - scaled[1:].mean(0)).norm()
    torch.testing.assert_close(CVAELoss.distance_loss(means, aspects), expected, rtol=1e-4, atol=1e-4)


def test_a_swapped_latent_comes_from_a_reply_with_the_same_aspects() -> None:
    aspects = torch.tensor([[0, -1], [1, -1], [-1, -1], [0, 2]]).repeat_interleave(20, dim=0)
    order = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    group = torch.arange(4).repeat_interleave(20)[order]
    z = torch.stack([group.float(), torch.arange(80.0)], dim=1)
    torch.manual_seed(0)
    found = swapped(z, aspects[order], 1.0)
    assert torch.equal(found[:, 0], z[:, 0])
    assert sorted(found[:, 1].tolist()) == z[:, 1].tolist()  # each row is given once
    assert float((found[:, 1] != z[:, 1]).float().mean()) > 0.8
    assert torch.equal(swapped(z, aspects[order], 0.0), z)


def test_schedule_is_autoencoder_then_ramp_then_cycles() -> None:
    shape = Cvae(steps=1000, autoencoder=0.2, ramp=0.2, cycles=2, kl=0.5, noise_first=0.1)
    first, ramp, start, top, again = (schedule(shape, step) for step in (0, 300, 400, 560, 701))
    assert (first.kl, first.noise) == (0.0, 0.1)
    assert ramp.kl == pytest.approx(0.25)
    assert ramp.noise == pytest.approx(0.55)
    assert start.kl == pytest.approx(0.25)
    assert top.kl == 0.5
    assert again.kl == pytest.approx(0.25, rel=0.01)
    assert top.noise == again.noise == 1.0


def test_pad_and_mask() -> None:
    ids, mask = pad([[1, 2, 3], [4]])
    assert ids.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def items(count: int) -> list[EncodedItem]:
    return [
        EncodedItem(
            [1] * (3 + i % 7), [1] * 3, [[1, 2]] * (1 + 3 * (i % 2)), [[1, 2]] * (1 + 3 * (i % 2)), [], "x"
        )
        for i in range(count)
    ]


def test_an_epoch_holds_every_item_once_and_depends_on_its_number_alone() -> None:
    batches = epoch_batches(items(50), 8, seed=1, epoch=0)
    assert sorted(i for batch in batches for i in batch) == list(range(50))
    assert batches == epoch_batches(items(50), 8, seed=1, epoch=0)
    assert batches != epoch_batches(items(50), 8, seed=1, epoch=1)


def test_batches_can_be_read_from_any_step() -> None:
    run = Batches(items(50), 8, seed=1)
    forward = [run[step] for step in range(40)]
    again = Batches(items(50), 8, seed=1)
    assert again[33] == forward[33]
    assert again[2] == forward[2]
