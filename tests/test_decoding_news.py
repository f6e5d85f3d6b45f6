"""Which lines tell good and bad news, and which words are out of place as an answer to them."""

from __future__ import annotations

import pytest

from chatbot.decoding.news import GLAD, SORRY, misplaced, tells


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
    ],
)
def test_bad_news_shun_the_words_of_joy(line: str) -> None:
    assert tells(line) == -1
    assert misplaced(line) == GLAD
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
    assert misplaced(line) == SORRY
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
    assert misplaced(line) == frozenset()
