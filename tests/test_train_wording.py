"""Telling n-grams: log-odds worked out by hand, and the whole on a toy language."""

from __future__ import annotations

import math

import pytest

from chatbot.model.text import Context
from chatbot.train import wording
from chatbot.train.corpus import Corpus
from chatbot.train.forms import Item, Labelled
from chatbot.train.reading import Said
from chatbot.train.trials import Trial
from chatbot.train.wording import counts, log_odds


def test_log_odds_by_hand() -> None:
    # A prior of 8 over 8 counts gives each word 4: 7 of 12 against 5 of 12.
    found = log_odds({"a": 3, "b": 1}, {"a": 1, "b": 3}, prior=8)
    z = (math.log(7 / 5) - math.log(5 / 7)) / math.sqrt(1 / 7 + 1 / 5)
    assert found == {"a": pytest.approx(z), "b": pytest.approx(-z)}


def test_equal_shares_tell_nothing_whatever_the_lengths() -> None:
    assert log_odds({"a": 10, "b": 30}, {"a": 1, "b": 3}) == {"a": pytest.approx(0), "b": pytest.approx(0)}


def test_the_prior_keeps_rare_words_from_the_top() -> None:
    one = {"often": 90, "once": 1, "rest": 909}
    other = {"often": 30, "once": 0, "rest": 970}
    found = log_odds(one, other)
    assert found["often"] > 3 > found["once"] > 0


def test_a_word_counts_once_in_a_text() -> None:
    assert counts(["no no no", "no, yes"]) == {"no": 2, "no no": 1, "no yes": 1, "yes": 1}


def test_traits_hold_the_models_words_against_the_corpus() -> None:
    labels = {"high": "we will go out tonight", "low": "i stay at home alone"}
    context = Context.of([], ["Hm."])
    replies = tuple(Labelled(text, (("extraversion", name),)) for name, text in labels.items())
    corpus = Corpus()
    corpus.parts["train"] = [Item(context, replies, "parallel")] * 4
    said = [
        Said(Trial("aspect", i, 0, context, {"extraversion": name}), text, "end", "moved")
        for i in range(4)
        for name, text in labels.items()
    ]
    found = wording.traits(said, corpus, {"extraversion": ("high", "low"), "openness": ("high", "low")})
    assert set(found) == {"extraversion"}
    assert {gram for gram, _ in found["extraversion"]["model"]["low"]} <= counts([labels["low"]]).keys()
    assert found["extraversion"]["model"] == found["extraversion"]["corpus"]
    assert found["extraversion"]["shared"] == 1.0
