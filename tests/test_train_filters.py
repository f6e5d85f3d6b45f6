"""Filters take out what they name, from the training part alone, and count it."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from chatbot.model.text import Context
from chatbot.train import filters
from chatbot.train.corpus import Corpus
from chatbot.train.forms import Item, Labelled
from chatbot.train.recipe import Filter

GLAD, SAD = (("mood", "glad"),), (("mood", "sad"),)
SUN = "the sun is bright and warm today"
RAIN = "the rain is cold and grey today"


def item(kind: str, *replies: Labelled) -> Item:
    return Item(Context.of([], ["hello there"]), replies, kind)


def corpus(*items: Item) -> Corpus:
    return Corpus(parts={"train": list(items), "valid": list(items), "test": []}, dropped=Counter(old=1))


def texts(items: list[Item]) -> list[str]:
    return [reply.text for item in items for reply in item.replies]


def test_short_replies_go_where_an_aspect_should_show() -> None:
    said = corpus(
        item("parallel", Labelled("It is fine here now.", GLAD), Labelled("It is fine.", SAD)),
        item("dialogue", Labelled("Too short.", GLAD)),
        item("chat", Labelled("oh hi")),
    )
    kept = filters.apply(said, Filter(min_words=5, aspect_score=0))
    assert texts(kept.parts["train"]) == ["It is fine here now.", "oh hi"]
    assert kept.dropped == {"old": 1, "filter: reply under 5 words": 2}
    assert texts(kept.parts["valid"]) == texts(said.parts["valid"])  # what an evaluation asks stays
    assert said.dropped == {"old": 1}


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("Oh just go and die already, please.", True),
        ("You could KYS for all I care about it.", True),
        ("What the fuck is that thing over there.", True),
        ("My dog died and I could not stop crying.", False),
        ("The grape harvest is done; therapy helps me.", False),
        ("I will kill the lights and lock the door.", False),
        ("I hope you did not hurt yourself, my friend.", False),
        ("He is a knight who must die for the crown.", False),
    ],
)
def test_toxic_is_what_harms_not_what_is_sad(text: str, bad: bool) -> None:
    assert filters.toxic(text) is bad
    kept = filters.apply(corpus(item("chat", Labelled(text))), Filter())
    assert kept.dropped["filter: toxic"] == int(bad)


def test_a_listed_word_is_found_by_its_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "_SLURS", {hashlib.sha256(b"snark").hexdigest()[:8]})
    assert filters.toxic("You are a SNARK, you know.")
    assert not filters.toxic("You are a shark, you know.")


def test_a_reply_without_its_aspect_goes_and_the_curated_part_stays() -> None:
    curated = [
        item("parallel", Labelled(f"{SUN} {word}", GLAD), Labelled(f"{RAIN} {word}", SAD))
        for word in ("again", "friend", "outside", "yes", "now", "truly")
    ]
    liar = item("parallel", Labelled(f"{SUN} but no", SAD))  # wrong, but curated: the judge learned from it
    dialogues = [
        item("dialogue", Labelled(f"{RAIN} my dear", SAD)),
        item("dialogue", Labelled(f"{SUN} my dear", SAD)),
    ]
    line = item("role", Labelled(f"{SUN} my friend", SAD))  # of a chat: it may answer without its aspect
    kept = filters.apply(corpus(*curated, liar, *dialogues, line), Filter(aspect_score=0.3))
    assert f"{SUN} my dear" not in texts(kept.parts["train"])
    assert f"{RAIN} my dear" in texts(kept.parts["train"])
    assert f"{SUN} but no" in texts(kept.parts["train"])
    assert kept.dropped["filter: aspect score under 0.3"] == 1
    assert kept.dropped["filter: label of a chat's line, aspect score under 0.3"] == 1
    assert kept.parts["train"][-1] == item("role", Labelled(f"{SUN} my friend"))


def test_replies_that_show_several_aspects_go_whatever_their_kind() -> None:
    one, two = (
        item("role", Labelled("A b.", labels)) for labels in ((("a", "x"),), (("a", "x"), ("b", "y")))
    )
    assert filters.apart([one, two]) == [one]


def test_without_curated_replies_nothing_is_scored() -> None:
    said = corpus(item("dialogue", Labelled(SUN, SAD)))
    assert filters.apply(said, Filter(aspect_score=0.9)).parts["train"] == said.parts["train"]
