from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatbot.decoding.cue import NEAR, Cue, answering, asked_fact, asks
from chatbot.decoding.ranking import ASKED, merit
from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.model.reading import Reader
from chatbot.model.text import Context

FACTS = ("I have a cat called Ash.", "I carve little birds out of wood.", "I live alone.")
TALK = Context.of(FACTS, ["Hi.", "Good evening.", "Do you have a hobby, or birds?"])


def reader(*scores: float, asked: list[Any] | None = None) -> Reader:
    """A reader whose matcher gives these scores, and says in `asked` what it was asked."""

    def matches(contexts: Sequence[Context], replies: Sequence[str]) -> list[float] | None:
        if asked is not None:
            asked.append((tuple(contexts), tuple(replies)))
        return list(scores) or None

    return cast(Reader, SimpleNamespace(matches=matches))


def test_the_fact_that_the_matcher_takes_for_an_answer_is_asked_for() -> None:
    asked: list[Any] = []
    found = asked_fact(reader(1.0, NEAR + 0.123, NEAR, asked=asked), TALK)
    assert found == Cue(1, NEAR + 0.123, ("carve", "little", "wood"))  # the message has the birds already
    assert asked == [((Context(turns=TALK.turns[-1:]),) * 3, FACTS)]  # the message alone, every fact


@pytest.mark.parametrize(
    ("scores", "context"),
    [
        ((1.0, NEAR - 0.01, 2.0), TALK),  # no fact is an answer
        ((), TALK),  # a model without matcher
        ((NEAR,), Context((), TALK.turns)),  # a persona without facts
        ((NEAR, NEAR, NEAR), Context.of(FACTS, ["I love your little birds."])),  # nothing is asked
    ],
)
def test_no_fact_is_asked_for(scores: tuple[float, ...], context: Context) -> None:
    assert asked_fact(reader(*scores), context) is None


@pytest.mark.parametrize(
    "line",
    [
        "Your cat?",
        "do you have a cat",
        "so what do you do",
        "nice! where do you live",
        "don't you have a dog",
        "tell me about your cat",
        "I wonder what you carve.",
        "whats your job",
        "hows ur ship",
        "lol what do you do",
        "r u married",
        "did she ever love you",
        "what kind of ship is it",
        "your name is?",
        "and ur name",
        "\u4f60\u4f4f\u5728\u54ea\u91cc\uff1f",
    ],
)
def test_a_line_asks(line: str) -> None:
    assert asks(line)


@pytest.mark.parametrize(
    "line",
    [
        "what a day",
        "how nice",
        "when I was small we had cats",
        "I know what you do.",
        "I cannot come.",
        "how kind of you",
        "your name is funny",
        "i like your name",
        "ok",
        "",
    ],
)
def test_a_line_only_says(line: str) -> None:
    assert not asks(line)


ROLE, NAME, AGE = ("lighthouse", "keeper"), ("Finn",), ("forty", "years")


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("tell me about yourself", 1, ROLE),
        ("so describe yourself!", 1, ROLE),
        ("Who are you?", 1, (*ROLE, *NAME)),
        ("hey who r u lol", 1, (*ROLE, *NAME)),
        ("who am i talking to", 1, (*ROLE, *NAME)),
        ("and ur name", 0, NAME),  # asks, without a mark and not as a question begins
        ("what do people call you?", 0, NAME),
        ("how old r u", 3, AGE),
        ("who are you talking to?", 4, ("dog", "Bob")),  # the nearest
        ("tell me about your garden", 4, ("dog", "Bob")),
        ("can i call you tomorrow?", 4, ("dog", "Bob")),
    ],
)
def test_what_people_ask_first_is_answered_by_the_facts_of_a_form(
    line: str, place: int, words: tuple[str, ...]
) -> None:
    def matches(contexts: Sequence[Context], replies: Sequence[str]) -> list[float]:
        return [NEAR if "dog" in reply else 1.0 for reply in replies]  # the dog lies nearest to any line

    facts = [
        "My name is Finn.", "I am a lighthouse keeper.", "I am the last one.", "I am forty-one years old.",
        "My dog is called Bob.",
    ]  # fmt: skip
    found = asked_fact(cast(Reader, SimpleNamespace(matches=matches)), Context.of(facts, [line]))
    assert found == Cue(place, NEAR if place == 4 else 1.0, words)


@pytest.mark.parametrize(
    "fact", ["People call me Bean.", "call me Bean", "I'm called Bean.", "MY NAME IS Bean"]
)
def test_a_name_is_told_in_many_forms(fact: str) -> None:
    reader = cast(Reader, SimpleNamespace(matches=lambda contexts, replies: [0.0 for _ in replies]))
    assert asked_fact(reader, Context.of(["I call my cat Tea.", fact], ["your name?"])) == Cue(
        1, 0.0, ("Bean",)
    )


def test_facts_that_answer_come_the_best_first() -> None:
    assert list(answering(reader(NEAR, NEAR - 1, NEAR + 1, NEAR), "Hi?", [*FACTS, "I sing."]).items()) == [
        (2, NEAR + 1),
        (0, NEAR),
        (3, NEAR),
    ]


def test_a_reply_answers_with_any_new_word_of_the_fact() -> None:
    cue = Cue(1, 9.123, ("Ash", "cat"))
    assert cue.answered("It is called ash!") == {"place": 1, "score": 9.12, "said": True}
    assert not cue.answered("It is called Ashley.")["said"]
    assert not Cue(1, 9.0).answered("It is.")["said"]


def test_a_candidate_that_says_the_fact_is_worth_more() -> None:
    trace = {"targets": {}, "likelihood": -1.0, "tokens": 6, "echo": 0.0, "finish": "end"}
    said, unsaid = ({**trace, "asked_fact": {"said": said}} for said in (True, False))
    text = "It is as it always was."
    assert merit(text, said) - merit(text, unsaid) == pytest.approx(ASKED)
    assert merit(text, unsaid) == pytest.approx(merit(text, trace))


def test_the_engine_says_the_words_of_the_fact(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = GenerationEngine.load(tiny_model, device="cpu")
    context = Context.of(["I have a cat.", "I like the rain."], ["What do you like?"])
    monkeypatch.setattr("chatbot.engine.asked_fact", lambda *_: Cue(1, 9.0, ("rain",)))
    free = Sampling(temperature=0.0, max_tokens=12, candidates=1, contrast=0.0, fact_bonus=0.0)
    said = engine.reply(context, {}, free)
    assert "rain" not in said.text
    assert "asked_fact" not in said.trace
    told = engine.reply(context, {}, replace(free, fact_bonus=100.0))
    assert told.text.lower().split()[0].startswith("rain")
    assert told.trace["asked_fact"] == {"place": 1, "score": 9.0, "said": True}
