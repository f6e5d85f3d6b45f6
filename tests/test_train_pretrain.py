"""The warm-up's rows: dialogues are read once, and a row depends on the seed and the step alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import tiny
from chatbot.model import artifact
from chatbot.model.text import Context
from chatbot.train import corpus as corpora
from chatbot.train.forms import Item, Labelled
from chatbot.train.pretrain import PackedText, pool_shares, warm_up, whole_dialogues
from chatbot.train.recipe import Pretrain


def item(facts: list[str], *lines: str) -> Item:
    return Item(Context.of(facts, lines[:-1]), (Labelled(lines[-1]),), "chat")


def test_of_a_dialogue_the_item_with_all_turns_stays_for_each_speaker() -> None:
    lines = ["hi", "hello", "who are you?", "a cook", "where?", "here"]
    a, b = ["I eat."], ["I cook."]
    items = [item(b if end % 2 else a, *lines[: end + 1]) for end in range(1, len(lines))]
    other = item([], "hi", "good day")
    many = Item(Context.of([], ["hi"]), (Labelled("one"), Labelled("two")), "parallel")
    found = whole_dialogues([*items, other, many])
    assert {(i.context.facts, len(i.context.turns), i.replies[0].text) for i in found} == {
        (("I cook.",), 5, "here"),
        (("I eat.",), 4, "where?"),
        ((), 1, "good day"),
    }


def test_replies_to_branching_moments_all_stay() -> None:
    """Two dialogues that begin alike, and the same moment answered twice: none holds another."""
    items = [
        item([], "hi", "hello"),
        item([], "hi", "hello", "who?", "a cook"),
        item([], "hi", "hello", "where?", "here", "since when?", "May"),
        item([], "hi", "go away"),
    ]
    assert whole_dialogues([*items, items[1]]) == items[1:]


def test_rows_are_packed_from_one_pool_each_and_depend_on_the_step_alone() -> None:
    pools = [[[1, 1, 1], [1, 1]], [[2, 2, 2, 2]], [[3]]]
    rows = PackedText(pools, length=6, seed=4).rows(9, 300, [0.5, 0.5, 0.0])
    assert rows.shape == (300, 7)
    assert torch.equal(rows.min(1).values, rows.max(1).values)
    assert set(rows[:, 0].tolist()) == {1, 2}
    assert 0.4 < float((rows[:, 0] == 1).float().mean()) < 0.6
    assert torch.equal(rows, PackedText(pools, length=6, seed=4).rows(9, 300, [0.5, 0.5, 0.0]))


def test_the_written_share_grows_and_the_shares_are_all() -> None:
    shape = Pretrain(written_first=0.2, written_last=0.6, dialogue_share=0.25)
    assert pool_shares(shape, 0.5) == pytest.approx({"plain": 0.6, "single": 0.3, "dialogues": 0.1})
    assert sum(pool_shares(shape, 1.0).values()) == 1.0


def test_rows_of_the_pools_that_are_there_where_a_recipe_begins_with_plain_text_alone(
    trained: Path, tmp_path: Path
) -> None:
    recipe = tiny.recipe(trained / "base")
    first = replace(recipe, pretrain=replace(recipe.pretrain, written_first=0.0, steps=1))
    made = artifact.load(trained / "model")
    found = corpora.load(trained / "corpus")
    warm_up(made.model.decoder.lm, made.codec, found, first, tmp_path, torch.device("cpu"))
    assert (tmp_path / "pretrain.pt").exists()
