"""The transformer as a judge: it learns what can be learned, and the same seed is the same judge."""

from __future__ import annotations

import numpy as np
import pytest

from chatbot.errors import UsageError
from chatbot.model.text import Context
from chatbot.train import judge as judging
from chatbot.train import panel
from chatbot.train.forms import Item, Labelled
from chatbot.train.transformer import Schedule, TransformerJudge

THINGS = [f"{one}{two}" for one in ("rain", "sun", "tea", "sea") for two in ("boat", "house", "song", "hat")]
SAYS = {"glad": "what a lovely {}", "sad": "the {} is lost and gone"}
DIALS = {"mood": ("glad", "sad"), "length": ("long", "short")}


def items(numbers: range) -> list[Item]:
    """One message each, with replies that show one mood, and one that shows a mood and a length."""
    found = []
    for i in numbers:
        thing = THINGS[i % len(THINGS)]
        replies = [Labelled(text.format(thing), (("mood", name),)) for name, text in SAYS.items()]
        long = f"{SAYS['glad'].format(thing)} as i have said again and again"
        replies.append(Labelled(long, (("mood", "glad"), ("length", "long"))))
        replies.append(Labelled(SAYS["sad"].format(thing), (("mood", "sad"), ("length", "short"))))
        found.append(Item(Context.of([], [f"Number {i}."]), tuple(replies), "parallel"))
    return found


FAST = Schedule(rounds=3, replies=200, batch=16)


@pytest.fixture(scope="module")
def judge() -> TransformerJudge:
    return TransformerJudge.train(items(range(40)), items(range(40, 50)), DIALS, schedule=FAST)


def test_it_learns_every_attribute_of_replies_with_one_label_or_several(judge: TransformerJudge) -> None:
    report = judging.report(judge, items(range(50, 60)))
    assert report["mood"]["accuracy"]["value"] == 1.0
    assert report["mood"]["accuracy"]["count"] == 40
    assert report["length"]["accuracy"]["value"] == 1.0
    assert report["length"]["accuracy"]["count"] == 20


def test_probabilities_are_those_of_each_text_alone(judge: TransformerJudge) -> None:
    texts = [
        "what a lovely hat",
        "the hat is lost and gone and will not come back to me",
        "unheard words",
        "",
    ]
    together = judge.probabilities(texts)["mood"]
    np.testing.assert_allclose(together.sum(1), 1.0, rtol=1e-5)
    for i, text in enumerate(texts):
        np.testing.assert_allclose(judge.probabilities([text])["mood"][0], together[i], rtol=1e-3)
    assert judge.probabilities([])["mood"].shape == (0, 2)


def test_the_same_seed_gives_the_same_judge_and_leaves_other_chance_alone() -> None:
    import torch

    short = Schedule(rounds=1, replies=32, batch=16)
    torch.manual_seed(3)
    one = TransformerJudge.train(items(range(10)), [], DIALS, schedule=short)
    drawn = torch.rand(1)
    two = TransformerJudge.train(items(range(10)), [], DIALS, schedule=short)
    text = ["the boat is lost"]
    np.testing.assert_array_equal(one.probabilities(text)["mood"], two.probabilities(text)["mood"])
    torch.manual_seed(3)
    assert torch.rand(1) == drawn


def test_attributes_that_are_not_shown_whole_are_not_judged() -> None:
    with pytest.raises(UsageError, match="every aspect of style"):
        TransformerJudge.train(items(range(4)), [], {"style": ("plain", "lyrical")})


def test_kappa_is_agreement_beyond_chance() -> None:
    # 3 of 4 the same; one names 0 three times, the other twice: chance 3/4 * 2/4 + 1/4 * 2/4 = 1/2.
    assert panel.kappa(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])) == pytest.approx(
        (3 / 4 - 1 / 2) / (1 / 2)
    )
    assert panel.kappa(np.array([0, 0]), np.array([0, 0])) == 1.0


def test_kinds_of_judges_are_named() -> None:
    assert panel.chosen("ngram, transformer") == ("ngram", "transformer")
    with pytest.raises(UsageError, match="Did you mean 'transformer'"):
        panel.chosen("ngram,transformers")
    with pytest.raises(UsageError, match="Add ngram"):
        panel.chosen("transformer")
