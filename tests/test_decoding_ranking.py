"""The best candidate: persona, fluency, a match, no echo, a proper end."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chatbot.decoding.ranking import CURT, MATCH, PERSONA, echo, merit
from chatbot.model.text import Context
from chatbot.model.words import worn_words

RAIN = "The rain is lost again."


def trace(*, likelihood: float, sad: float, **more: Any) -> dict[str, Any]:
    targets = {
        "attitude": {"aspects": {"pessimistic": 1.0}, "weight": 1.0},
        "style": {"aspects": {"lyrical": 1.0}, "weight": 0.0},
    }
    measured = {
        "attitude": {"optimistic": 1 - sad, "pessimistic": sad},
        "style": {"lyrical": 0.01, "plain": 0.99},
    }
    marks = {"likelihood": likelihood, "finish": "end", "echo": 0.0, "tokens": 4}
    return {"targets": targets, "measured": measured, **marks, **more}


def test_merit_is_persona_and_fluency() -> None:
    good = trace(likelihood=-1.0, sad=0.9)
    best = merit(RAIN, good)
    # -1 for each of four tokens, over the root of four; the unguided style does not count.
    assert best == pytest.approx(-2.0 + PERSONA * math.log(0.9))
    worse = [
        (RAIN, trace(likelihood=-1.0, sad=0.4)),
        (RAIN, trace(likelihood=-2.0, sad=0.9)),
        (RAIN, trace(likelihood=-1.0, sad=0.9, echo=0.5)),
        (RAIN, trace(likelihood=-1.0, sad=0.9, tokens=9)),
        (RAIN, trace(likelihood=-1.0, sad=0.9, finish="length")),
        ("The rain is", trace(likelihood=-1.0, sad=0.9, finish="length")),
        ("Rain.", good),
    ]
    assert all(best > merit(*other) for other in worse)


def test_a_match_counts_where_there_is_one() -> None:
    marks = {"likelihood": -1.0, "sad": 0.9}
    better = merit(RAIN, trace(**marks, match=3.0)) - merit(RAIN, trace(**marks, match=1.0))
    assert better == pytest.approx(2 * MATCH)
    assert merit(RAIN, trace(**marks, match=0.0)) == merit(RAIN, trace(**marks))


def test_short_is_good_and_curt_is_not() -> None:
    marks = trace(likelihood=-1.0, sad=0.9)
    brief = marks | {"sampling": {"brevity": 2.0}}
    best = merit(RAIN, marks)
    assert [merit(text, marks) - best for text in ("Rain.", "The rain.", "The rain is lost.")] == [
        pytest.approx(-4 * CURT),
        pytest.approx(-3 * CURT),
        pytest.approx(-CURT),
    ]
    assert merit(RAIN, brief) == merit("so " * 9, brief) == merit("so " * 40, marks) == best
    assert merit("so " * 12, brief) == pytest.approx(best - 3 * 2.0)


def test_a_target_counts_by_its_weight_and_no_further_than_its_goal() -> None:
    marks = trace(likelihood=0.0, sad=0.6)
    marks["targets"]["attitude"] |= {"weight": 0.5, "goal": 0.8}
    assert merit(RAIN, marks) == pytest.approx(0.5 * PERSONA * math.log(0.6 / 0.8))
    enough, more = (trace(likelihood=0.0, sad=sad) for sad in (0.8, 0.99))
    for found in (enough, more):
        found["targets"]["attitude"] |= {"weight": 0.5, "goal": 0.8}
    assert merit(RAIN, enough) == merit(RAIN, more) == pytest.approx(0.0)


def test_a_target_counts_no_further_than_its_strength() -> None:
    enough, more = (trace(likelihood=0.0, sad=sad) for sad in (0.7, 0.99))
    for found in (enough, more):
        found["targets"]["attitude"] |= {"strength": 0.7}
    assert merit(RAIN, more) < merit(RAIN, enough) == pytest.approx(0.0)


def test_what_is_not_there_at_all_costs_no_more_than_next_to_nothing() -> None:
    none, little = (trace(likelihood=0.0, sad=sad) for sad in (0.0, 1e-4))
    assert merit(RAIN, none) == pytest.approx(merit(RAIN, little))


def test_several_attributes_count_as_one_persona() -> None:
    one = trace(likelihood=0.0, sad=0.5)
    both = trace(likelihood=0.0, sad=0.5)
    both["targets"]["style"]["weight"] = 1.0  # measured 0.01
    assert merit(RAIN, both) == pytest.approx(PERSONA / 2 * (math.log(0.5) + math.log(0.01)))
    assert merit(RAIN, one) == pytest.approx(PERSONA * math.log(0.5))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("It is quiet, so cold.", 0.5),  # "it", "is" and "so" may come again; the user asks about the cold
        ("It is quiet by the window.", 0.5),
        ("A quiet lighthouse.", 0.5),  # its facts may be told again
        ("Hello, my dog.", 0.5),  # "hello" is the user's word
        ("A boat and a boat.", 0.5),  # said before in the text itself
        ("No.", 0.0),
    ],
)
def test_echo_is_the_share_of_words_that_the_persona_said_before(text: str, share: float) -> None:
    lines = ["hello there", "The lighthouse is quiet and cold, said the dog.", "are you cold?"]
    worn = worn_words(Context.of(["I keep a lighthouse."], lines))
    assert echo(worn, text) == share
