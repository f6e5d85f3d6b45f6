"""The judges: they learn what can be learned, stay at chance where nothing can, and say how good they are."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from chatbot.errors import UsageError
from chatbot.model.text import Context
from chatbot.train import judge as judging
from chatbot.train import panel
from chatbot.train.coherence import Coherence
from chatbot.train.corpus import Corpus
from chatbot.train.forms import Item, Labelled
from chatbot.train.judge import Judge

MOOD = {"mood": ("glad", "sad", "cross")}
SIGNS = {"glad": "what a lovely", "sad": "I weep over this", "cross": "take away that"}
THINGS = [
    f"{a} {b}" for a in ("old", "new", "wet", "red", "odd") for b in ("hat", "cup", "dog", "map", "key")
]


def moody(number: int, aspects: tuple[str, ...] = MOOD["mood"]) -> list[Item]:
    """One message with a reply for each aspect, `number` times over."""
    return [
        Item(
            Context.of([], [f"Look at number {i}."]),
            tuple(Labelled(f"{SIGNS[a]} {THINGS[i % len(THINGS)]} {i}.", (("mood", a),)) for a in aspects),
            "parallel",
        )
        for i in range(number)
    ]


def test_a_judge_learns_a_separable_corpus_and_says_so() -> None:
    items = moody(40)
    judge = Judge.train(items[:25], MOOD)
    report = judging.report(judge, items[25:])["mood"]
    assert report["accuracy"]["value"] == 1.0
    assert report["accuracy"]["count"] == 45
    assert report["accuracy"]["groups"] == 15
    assert report["calibration_error"] < 0.1


def test_probabilities_stand_in_the_order_of_the_models_aspects() -> None:
    judge = Judge.train(moody(20), {"mood": ("sad", "cross", "glad")})
    probabilities = judge.probabilities(["I weep over this hat.", "What a lovely cup."])["mood"]
    assert probabilities.shape == (2, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1.0)
    assert probabilities.argmax(1).tolist() == [0, 2]
    assert judge.probabilities([])["mood"].shape == (0, 3)


def test_the_second_judge_learns_from_the_validation_part_alone() -> None:
    """There what is glad elsewhere is called sad, and so on."""
    turned = dict(zip(MOOD["mood"], MOOD["mood"][1:] + MOOD["mood"][:1], strict=True))
    corpus = Corpus()
    corpus.parts["train"] = moody(30)
    corpus.parts["valid"] = [
        replace(item, replies=tuple(replace(r, labels=(("mood", turned[r.aspect]),)) for r in item.replies))
        for item in moody(30)
    ]
    judges = panel.train(corpus, MOOD, ("ngram",))
    read = {name: judge.probabilities([*SIGNS.values()])["mood"].argmax(1) for name, judge in judges.items()}
    assert read["judge"].tolist() == [0, 1, 2]
    assert read["second"].tolist() == [1, 2, 0]


def test_shuffled_labels_teach_nothing() -> None:
    shuffle = random.Random(0)
    items = [
        Item(
            item.context,
            tuple(Labelled(r.text, (("mood", shuffle.choice(MOOD["mood"])),)) for r in item.replies),
            item.kind,
        )
        for item in moody(120)
    ]
    report = judging.report(Judge.train(items[:60], MOOD), items[60:])["mood"]
    assert report["accuracy"]["value"] == pytest.approx(1 / 3, abs=0.12)


def test_attributes_that_the_corpus_does_not_show_whole_are_not_judged() -> None:
    items = moody(10)
    assert Judge.train(items, {**MOOD, "style": ("plain", "lyrical")}).attributes == MOOD
    with pytest.raises(UsageError, match="every aspect of mood"):
        Judge.train(moody(10, ("glad", "sad")), MOOD)


def test_unlabelled_and_other_replies_are_passed_over() -> None:
    items = [
        *moody(20),
        Item(Context.of([], ["Hm."]), (Labelled("what a lovely mess"),), "chat"),
        Item(Context.of([], ["Hm?"]), (Labelled("take it", (("style", "plain"),)),), "dialogue"),
    ]
    assert judging.report(Judge.train(items, MOOD), items)["mood"]["accuracy"]["count"] == 60


def things(first: int, number: int) -> list[Item]:
    """Messages about a thing, whose replies speak of what goes with it: never of the thing itself."""
    pairs = [("dog", "barks"), ("ship", "sails"), ("soup", "simmers"), ("clock", "ticks"), ("bird", "sings")]
    pairs += [
        ("fire", "burns"),
        ("rain", "pours"),
        ("snow", "melts"),
        ("train", "departs"),
        ("flag", "waves"),
    ]
    pairs += [("ball", "bounces"), ("door", "creaks"), ("star", "twinkles"), ("river", "flows")]
    chosen = [(i, *pairs[i % len(pairs)]) for i in range(first, first + number)]
    return [
        Item(
            Context.of([], [f"Tell me about the {thing} {i}."]),
            (Labelled(f"It {verb} all day and nobody minds."),),
            "chat",
        )
        for i, thing, verb in chosen
    ]


def test_coherence_learns_which_words_answer_which_though_none_are_shared() -> None:
    model = Coherence.train(things(0, 84), things(84, 28))
    report = model.report(things(112, 42))
    assert report["beaten"]["value"] > 0.9
    # Rivals may be about the same thing (of 13 others 2 or so are): a tie with these, never a win.
    assert report["first"]["value"] > 0.0


def test_coherence_of_replies_to_other_messages_is_chance() -> None:
    model = Coherence.train(things(0, 84), things(84, 28))
    items = things(112, 14)
    contexts = [item.context for item in items]
    right = [item.replies[0].text for item in items]
    crossed = right[5:] + right[:5]
    same = ["all"] * len(items)
    assert model.ranked(contexts, right, same)["first"]["value"] > 0.9
    assert model.ranked(contexts, crossed, same)["first"]["value"] < 0.2
    assert model.ranked(contexts, ["Yes."] * len(items), same)["beaten"]["value"] == 0.5


def test_rivals_show_the_same_aspects_as_the_reply() -> None:
    """Ten replies with two aspects have nine rivals, in whatever order these stand; nine plain ones none."""
    model = Coherence.train(things(0, 84), things(84, 28))
    both = [("style", "lyrical"), ("mind", "critical")]
    items = things(112, 19)
    for i in range(10):
        labels = tuple(both if i % 2 else reversed(both))
        items[i] = replace(items[i], replies=(replace(items[i].replies[0], labels=labels),))
    assert model.report(items)["first"]["count"] == 10


def test_intervals_of_coherence_are_drawn_by_conversation() -> None:
    """Two turns of one conversation are no two cases."""
    model = Coherence.train(things(0, 84), things(84, 28))
    items = things(112, 14)
    later = [
        replace(item, context=Context.of([], [item.context.turns[0].text, "I see.", f"And you, {i}?"]))
        for i, item in enumerate(items)
    ]
    found = model.report(items + later)["first"]
    assert (found["count"], found["groups"]) == (28, 14)


def test_replies_without_nine_rivals_are_not_ranked() -> None:
    model = Coherence.train(things(0, 84), things(84, 28))
    few = things(112, 9)
    assert model.report(few) == {"first": None, "beaten": None}
