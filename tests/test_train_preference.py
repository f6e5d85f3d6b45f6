"""Learning from marks: the loss by hand, what a pair is, z as in a chat, what the stage does to a model."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.text import Context
from chatbot.train import fit_preference, pipeline
from chatbot.train.corpus import Corpus, Marked
from chatbot.train.fit_preference import Choices, Pairs, draw, preference_loss
from chatbot.train.recipe import Preference

SHAPE = Preference(steps=30, contexts=4, rivals=2, draws=2, lr=2e-3, beta=0.5, likely=0.25)


def pairs(won: list[int], lost: list[int]) -> Pairs:
    return Pairs(
        [[1]], torch.zeros(3, dtype=torch.long), torch.zeros(3, 2), [[1]] * 3, *map(torch.tensor, (won, lost))
    )


def test_the_loss_by_hand() -> None:
    now, before = torch.tensor([-2.0, -5.0, -9.0]), torch.tensor([-4.0, -4.0, -8.5])
    loss, terms = preference_loss(now, before, torch.tensor([2, 1, 3]), pairs([0, 0], [1, 2]), SHAPE)
    gaps = (2.0 - -1.0, 2.0 - -0.5)
    preferred = sum(math.log1p(math.exp(-0.5 * gap)) for gap in gaps) / 2
    assert terms["loss_preferred"] == pytest.approx(preferred)
    assert terms["loss_likely"] == pytest.approx(
        2.0 / 2
    )  # the good reply once, however many it is better than
    assert terms["right"] == 1.0
    assert float(loss) == pytest.approx(preferred + 0.25 * 1.0)


def test_before_the_first_step_nothing_is_preferred() -> None:
    same = torch.tensor([-2.0, -5.0, -9.0])
    _, terms = preference_loss(same, same, torch.ones(3), pairs([0], [1]), SHAPE)
    assert terms["loss_preferred"] == pytest.approx(math.log(2))


def test_a_pair_is_of_one_context_one_z_and_two_marks() -> None:
    # Each reply's only id says its context and its mark: 10 * context + mark.
    choices = [
        Choices([c], torch.full((1, 3), float(c)), [[10 * c + mark] for mark in (0, 2, 1, 0)], [0, 2, 1, 0])
        for c in range(1, 6)
    ]
    for seed in range(20):
        found = draw(choices, SHAPE, np.random.default_rng(seed))
        assert len({context[0] for context in found.contexts}) == SHAPE.contexts
        for won, lost in zip(found.won.tolist(), found.lost.tolist(), strict=True):
            (better,), (worse,) = found.replies[won], found.replies[lost]
            assert better // 10 == worse // 10
            assert better % 10 > worse % 10
            context = found.contexts[int(found.owner[won])][0]
            assert context == better // 10 == int(found.owner[lost] >= 0) * context
            assert (found.z[won] == context).all()
            assert (found.z[lost] == context).all()


def marked(things: tuple[str, ...]) -> list[Marked]:
    """Of two replies that the tiny model knows, the short plain one is wanted whatever is asked."""
    return [
        Marked(
            Context.of([], [f"Tell me of the {thing}."]),
            (("attitude", "optimistic"),),
            (
                (f"Yes. I know the {thing}. It is here.", "y"),
                (f"Oh {thing}, a soft silver river of stars.", "n"),
            ),
        )
        for thing in things
    ]


def test_z_is_drawn_as_in_a_chat_and_replies_marked_alike_are_left_out(trained: Path) -> None:
    model = artifact.load(trained / "model")
    alike = Marked(Context.of([], ["hi"]), (), (("Yes.", "n"), ("No.", "n")))
    (one,) = fit_preference.encode(model, [alike, *marked(("rain",))], 3, 5)
    assert one.z.shape == (3, 8)
    assert len(one.z.unique(dim=0)) == 3
    found = model.model.heads(one.z)["attitude"].softmax(-1)
    place = model.manifest.attributes["attitude"].index("optimistic")
    assert (found[:, place] > 0.95).all()
    assert [model.codec.decode(ids) for ids in one.replies] == [
        text for text, _ in marked(("rain",))[0].replies
    ]
    assert one.better == [0]
    assert one.worse(0) == [1]


def test_what_was_marked_better_becomes_likelier_and_only_the_decoder_changes(
    trained: Path, tmp_path: Path
) -> None:
    model = artifact.load(trained / "model")
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    corpus = Corpus()
    corpus.marked["train"], corpus.marked["valid"] = marked(tiny.THINGS[:9]), marked(tiny.THINGS[9:])
    recipe = replace(tiny.recipe(trained / "base"), preference=SHAPE)
    figures = fit_preference.fit(model, corpus, recipe, tmp_path, torch.device("cpu"))
    assert figures["right"] == 1.0
    assert figures["contexts"] == 9
    assert json.loads((tmp_path / "preference.json").read_text()) == figures
    changed = {
        name for name, value in model.model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed
    assert all(name.startswith("decoder.") for name in changed)


def test_a_recipe_with_preferences_needs_marks(trained: Path, tmp_path: Path) -> None:
    recipe = replace(tiny.recipe(trained / "base"), preference=SHAPE)
    corpus = tmp_path / "corpus"
    shutil.copytree(trained / "corpus", corpus)
    (corpus / "marked.jsonl").unlink()
    with pytest.raises(UsageError, match="holds none to train on"):
        pipeline.train(recipe, corpus, tmp_path / "w", tmp_path / "m", plain=None, device="cpu")


def test_the_pipeline_takes_the_stage_in(trained: Path) -> None:
    figures = json.loads((trained / "work" / "preference.json").read_text())
    assert figures["contexts"] > 8
    rows = [json.loads(line) for line in (trained / "work" / "train.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["stage"] == "preference"] == [8]
