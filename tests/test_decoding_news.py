"""Which lines tell good and bad news, and which words are out of place as an answer to them."""

from __future__ import annotations

import pytest

from chatbot.decoding.news import GLAD, SORRY, misplaced, tells
from chatbot.model.text import Turn


def said(*lines: str) -> tuple[Turn, ...]:
    """The user's lines, each but the last answered."""
    turns = (turn for line in lines for turn in (Turn("user", line), Turn("bot", "Oh.")))
    return tuple(turns)[:-1]


@pytest.mark.parametrize(
    "line",
    [
        "my dog died yesterday",
        "I lost my job last month.",
        "we lost",
        "i slept badly",
        "i can't sleep",
        "my grandmother is in the hospital",
        "nobody came to my party",
        "My boss shouted at me. I don't know why.",
        "i failed my exam. what should i do?",
        "i almost drowned once",
        "i miss him",
        "my flight was cancelled",
    ],
)
def test_bad_news_shun_the_words_of_joy(line: str) -> None:
    assert tells(line) == -1
    assert misplaced(said(line)) == GLAD
    assert {"wonderful", "done", "jumps"} <= GLAD


@pytest.mark.parametrize(
    "line",
    [
        "i got the job!",
        "We won the game",
        "it's my birthday today",
        "my friend came back",
        "I found my keys again",
    ],
)
def test_good_news_shun_the_words_of_sorrow(line: str) -> None:
    assert tells(line) == 1
    assert misplaced(said(line)) == SORRY
    assert not SORRY & GLAD


@pytest.mark.parametrize(
    "line",
    [
        "hello there",
        "are you sick?",
        "did your dog die?",
        "you look sad",
        "i am sick, and you?",
        "i am not sick anymore",
        "i almost lost my keys",
        "he won't answer",
        "i lost weight",
        "it's my birthday and i am so lonely",  # both
        "I won. Then I lost my ticket.",
        "if i failed, my father would laugh",
        "",
    ],
)
def test_what_is_neither_or_not_sure_shuns_nothing(line: str) -> None:
    assert tells(line) == 0
    assert misplaced(said(line)) == frozenset()


def test_news_last_for_one_line_that_tells_and_asks_nothing() -> None:
    assert misplaced(said("my dog died", "he was old")) == GLAD
    assert misplaced(said("i got the job!", "i start on monday")) == SORRY
    assert misplaced(said("my dog died", "he was old", "we buried him")) == frozenset()
    assert misplaced(said("my dog died", "do you like soup?")) == frozenset()
    assert misplaced(said("my dog died", "i am not sad anymore")) == frozenset()
    assert misplaced(said("my dog died", "but i got the job!")) == SORRY
    assert misplaced(()) == frozenset()
