"""First stage: a language model warmed up on packed rows of plain and written dialogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from chatbot.model.text import Codec, Turn
from chatbot.train.corpus import Corpus
from chatbot.train.forms import Item, Plain
from chatbot.train.loop import Stage, autocast
from chatbot.train.recipe import Pretrain, Recipe

_WHOLE = 1 << 10  # tokens: more than any dialogue has


def plain_ids(codec: Codec, plain: Plain) -> list[int]:
    """A plain dialogue with speaker markers, or prose as bare lines."""
    if plain.dialogue:
        turns = (Turn("bot" if i % 2 else "user", line) for i, line in enumerate(plain.lines))
        return [i for turn in turns for i in codec.encode_turn(turn)]
    return [i for line in plain.lines for i in (*codec.encode(line), codec.end)]


def whole_dialogues(items: Iterable[Item]) -> list[Item]:
    """The items with one reply that no other one contains: of a dialogue's items the last has all its turns.

    Taken one by one, a dialogue of n turns would be read n times, the beginning each time.
    """
    # Where both sides are the speaker in turn, each side's items have its own facts.
    told = {
        (item.context.facts, (*item.context.turns, Turn("bot", item.replies[0].text))): item
        for item in items
        if len(item.replies) == 1
    }
    begun = {(facts, turns[:end]) for facts, turns in told for end in range(1, len(turns))}
    return [item for key, item in told.items() if key not in begun]


def item_ids(codec: Codec, item: Item, budget: int) -> list[list[int]]:
    """One sequence for each reply of an item: context, then the reply as in chat, without z."""
    context = codec.encode_context(item.context, budget)
    return [context + codec.encode_reply(reply.text, 1 << 10) for reply in item.replies]


class PackedText:
    """Rows of a fixed length, packed from sequences drawn at random; a row depends on (seed, step) alone."""

    def __init__(self, pools: Sequence[list[list[int]]], length: int, seed: int) -> None:
        self.pools = [_ragged(pool) for pool in pools]
        self.length, self.seed = length, seed

    def rows(self, step: int, count: int, shares: Sequence[float] | np.ndarray) -> Tensor:
        """(count, length + 1) ids, each row from one pool; `shares` are the pools' probabilities."""
        random = np.random.default_rng((self.seed, step))
        out = np.empty((count, self.length + 1), dtype=np.int64)
        for row in range(count):
            filled = 0
            flat, starts = self.pools[int(random.choice(len(self.pools), p=shares))]
            while filled <= self.length:
                pick = int(random.integers(len(starts) - 1))
                piece = flat[starts[pick] : starts[pick + 1]][: self.length + 1 - filled]
                out[row, filled : filled + len(piece)] = piece
                filled += len(piece)
        return torch.from_numpy(out)


def _ragged(sequences: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *(len(s) for s in sequences)])
    return np.fromiter((i for s in sequences for i in s), dtype=np.int32, count=int(starts[-1])), starts


def warm_up(
    lm: PreTrainedModel, codec: Codec, corpus: Corpus, recipe: Recipe, folder: Path, device: torch.device
) -> None:
    """Train `lm` in place on plain text, single messages with their replies, and whole dialogues."""
    shape, budget = recipe.pretrain, recipe.text.context_tokens
    items = corpus.parts["train"]
    pools = {
        "plain": [plain_ids(codec, text) for text in corpus.plain],
        "single": [ids for item in items if len(item.replies) > 1 for ids in item_ids(codec, item, budget)],
        "dialogues": [ids for item in whole_dialogues(items) for ids in item_ids(codec, item, _WHOLE)],
    }
    pools = {name: pool for name, pool in pools.items() if pool}
    data = PackedText(list(pools.values()), shape.length, recipe.seed)
    held_out = [ids for item in corpus.parts["valid"] for ids in item_ids(codec, item, budget)]
    valid = PackedText([held_out or [*pools.values()][-1]], shape.length, recipe.seed).rows(
        0, shape.batch, [1.0]
    )
    nn.Module.to(lm, device).train()  # before the stage, whose optimizer takes up its state where they are
    stage = Stage("pretrain", folder, {"lm": lm}, [(lm.parameters(), shape.lr)], shape.steps)

    def step(number: int) -> tuple[Tensor, dict[str, float]]:
        shares = pool_shares(shape, number / shape.steps)
        wanted = np.array([shares[name] for name in pools])
        wanted = wanted if wanted.any() else np.ones(len(pools))  # none of what there is was wanted
        rows = data.rows(number, shape.batch, wanted / wanted.sum()).to(device)
        with autocast(recipe.autocast, device):
            loss = next_token_loss(lm, rows)
        terms = {"loss": float(loss.detach())}
        if (number + 1) % 100 == 0:
            terms["valid"] = evaluate(lm, valid.to(device), recipe.autocast)
        return loss, terms

    stage.run(step)


def pool_shares(shape: Pretrain, done: float) -> dict[str, float]:
    """The share of rows from each pool when `done` (0 to 1) of the steps are; a pool may be missing."""
    written = shape.written_first + (shape.written_last - shape.written_first) * done
    return {
        "plain": 1 - written,
        "single": written * (1 - shape.dialogue_share),
        "dialogues": written * shape.dialogue_share,
    }


def next_token_loss(lm: PreTrainedModel, rows: Tensor) -> Tensor:
    """Mean cross-entropy in nats a token of rows (B, T + 1)."""
    logits = lm(input_ids=rows[:, :-1], use_cache=False).logits
    return F.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


@torch.no_grad()
def evaluate(lm: PreTrainedModel, rows: Tensor, bf16: bool) -> float:
    lm.eval()
    with autocast(bf16, rows.device):
        loss = float(next_token_loss(lm, rows))
    lm.train()
    return loss
