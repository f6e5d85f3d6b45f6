"""A judge of another kind: a small transformer that reads words in their order.

Two layers of width 128 from nothing, over the words of the training text (rare and unknown words share hashed
places), with one output for every attribute. It sees what the n-gram judge sees, the judge's split, and can
be fooled by other things: where both agree, the figure does not hang on one kind of reader. Training stops
when the validation loss no longer falls, and each attribute's temperature is then fitted there (Guo et al.
2017). The same seed gives the same judge on the same machine.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chatbot.model.reading import alike
from chatbot.train.forms import Item, Labelled
from chatbot.train.judge import Attributes, labelled, shown_whole
from chatbot.train.metrics import tokens

WIDTH, LAYERS, LENGTH = 128, 2, 48
HASHED = 512  # places for words that are no entries of their own
OFTEN = 4  # a word that stands this often in the training text has an entry


@dataclass(frozen=True)
class Schedule:
    """How long to train: rounds of at most `replies` replies, ended when two in a row bring nothing."""

    rounds: int = 4
    replies: int = 16_000
    batch: int = 64
    rate: float = 3e-3
    dropped: float = 0.15  # words hidden in training
    seed: int = 0


class Network(nn.Module):
    """Ids (B, T) and their mask to the logits of all aspects of all attributes, (B, sum of K)."""

    def __init__(self, entries: int, outputs: int) -> None:
        super().__init__()
        self.words = nn.Embedding(entries, WIDTH, padding_idx=0)
        self.places = nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.02)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, 4, 2 * WIDTH, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(LAYERS)
        )
        self.out = nn.Linear(2 * WIDTH, outputs)
        nn.init.normal_(self.words.weight, std=0.1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self.words(ids) + self.places[: ids.shape[1]]
        for layer in self.layers:
            states = layer(states, src_key_padding_mask=~mask)
        kept = mask.unsqueeze(-1)
        mean = (states * kept).sum(1) / kept.sum(1)
        most = states.masked_fill(~kept, -1e4).amax(1)
        return self.out(torch.cat([mean, most], dim=1))


class TransformerJudge:
    """A trained network with its vocabulary; see the module."""

    def __init__(self, attributes: Attributes, vocabulary: Mapping[str, int]) -> None:
        self.attributes = attributes
        self._vocabulary = vocabulary
        self._sizes = [len(aspects) for aspects in attributes.values()]
        self._network = Network(1 + HASHED + len(vocabulary), sum(self._sizes))
        self._temperatures = torch.ones(len(attributes))

    @classmethod
    def train(
        cls,
        items: Sequence[Item],
        held_out: Sequence[Item],
        attributes: Mapping[str, tuple[str, ...]],
        *,
        schedule: Schedule | None = None,
        done: Callable[[], None] = lambda: None,
    ) -> TransformerJudge:
        """A judge of those attributes of which `items` show every aspect; stopped and calibrated on
        `held_out`; `done` hears of each round.

        Raises UsageError when there is no such attribute.
        """
        schedule = schedule or Schedule()
        replies = labelled(items, attributes)
        judged = shown_whole(replies, attributes)
        counts = Counter(word for reply in replies for word in tokens(reply.text))
        often = [word for word, count in counts.most_common() if count >= OFTEN]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(schedule.seed)
            judge = cls(judged, {word: 1 + HASHED + i for i, word in enumerate(often)})
            judge._fit(replies, labelled(held_out, judged) or replies, schedule, done)
        return judge

    def probabilities(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        logits = self._logits(texts).split(self._sizes, dim=1)
        scaled = (own / t for own, t in zip(logits, self._temperatures, strict=True))
        return {n: own.softmax(1).numpy() for n, own in zip(self.attributes, scaled, strict=True)}

    @torch.no_grad()
    def _logits(self, texts: Sequence[str]) -> Tensor:
        """(N, sum of K), in batches of like length."""
        self._network.eval()
        rows = [self._ids(text) for text in texts]
        found = torch.zeros(len(rows), sum(self._sizes))
        for chosen in alike(rows, 512):
            found[chosen] = self._network(*_batch([rows[i] for i in chosen]))
        return found

    def _ids(self, text: str) -> list[int]:
        known = self._vocabulary
        found = [known.get(w, 0) or 1 + zlib.crc32(w.encode()) % HASHED for w in tokens(text)[:LENGTH]]
        return found or [1]

    def _truth(self, replies: Sequence[Labelled]) -> Tensor:
        """For each reply and attribute the place of its aspect, -1 without one: (N, A)."""
        rows = [dict(reply.labels) for reply in replies]
        return torch.tensor(
            [
                [a.index(row[name]) if row.get(name) in a else -1 for name, a in self.attributes.items()]
                for row in rows
            ]
        )

    def _loss(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Mean cross-entropy of all labels."""
        parts = [
            F.cross_entropy(own, truth[:, i], ignore_index=-1, reduction="sum")
            for i, own in enumerate(logits.split(self._sizes, dim=1))
        ]
        return torch.stack(parts).sum() / (truth >= 0).sum().clamp_min(1)

    def _fit(
        self,
        replies: Sequence[Labelled],
        held_out: Sequence[Labelled],
        schedule: Schedule,
        done: Callable[[], None],
    ) -> None:
        rows, truth = [self._ids(reply.text) for reply in replies], self._truth(replies)
        checked = self._truth(held_out)
        optimizer = torch.optim.AdamW(self._network.parameters(), lr=schedule.rate, weight_decay=0.01)
        lowest, kept, since = float("inf"), dict[str, Tensor](), 0
        for number in range(schedule.rounds):
            for group in optimizer.param_groups:  # down to a tenth in the last round
                group["lr"] = schedule.rate * (1 - 0.9 * number / max(1, schedule.rounds - 1))
            self._round(rows, truth, schedule, optimizer)
            loss = float(self._loss(self._logits([r.text for r in held_out]), checked))
            done()
            if loss < lowest:
                lowest, since = loss, 0
                kept = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
            elif (since := since + 1) == 2:
                break
        self._network.load_state_dict(kept)
        self._calibrate(self._logits([r.text for r in held_out]), checked)

    def _round(
        self,
        rows: Sequence[list[int]],
        truth: Tensor,
        schedule: Schedule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """One pass over `schedule.replies` random replies, in batches of like length."""
        self._network.train()
        chosen = sorted(torch.randperm(len(rows)).tolist()[: schedule.replies], key=lambda i: len(rows[i]))
        starts = range(0, len(chosen), schedule.batch)
        for place in torch.randperm(len(starts)).tolist():
            picked = chosen[starts[place] : starts[place] + schedule.batch]
            ids, mask = _batch([rows[i] for i in picked])
            hidden = (torch.rand(ids.shape) < schedule.dropped) & mask
            loss = self._loss(self._network(ids.masked_fill(hidden, 1), mask), truth[picked])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
            optimizer.step()

    def _calibrate(self, logits: Tensor, truth: Tensor) -> None:
        """Each attribute's temperature of lowest held-out cross-entropy, 1/4 to 4."""
        grid = torch.logspace(-0.6, 0.6, 49)
        for i, own in enumerate(logits.split(self._sizes, dim=1)):
            rows = truth[:, i] >= 0
            if bool(rows.any()):
                losses = torch.stack([F.cross_entropy(own[rows] / t, truth[rows, i]) for t in grid])
                self._temperatures[i] = grid[losses.argmin()]


def _batch(rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Ids padded with 0 (B, T), and where they are real."""
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    return ids, ids > 0
