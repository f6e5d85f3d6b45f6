"""Whether a message asks what is known of the one who says it."""

from __future__ import annotations

import pytest

from chatbot.memory.nearness import asks_of_user


@pytest.mark.parametrize(
    "line",
    [
        "What is my name?",
        "whats my name",
        "whos my wife",
        "whens my birthday",
        "so where do i live",
        "which city do I live in",
        "how old am i",
        "You know where I live?",
        "do you remember my name",
        "tell me where i live",
        "did i ever tell you my name",
        "say my name",
    ],
)
def test_it_asks(line: str) -> None:
    assert asks_of_user(line)


@pytest.mark.parametrize(
    "line",
    [
        "I forgot my umbrella at work, what now",
        "I know my dog hates rain",
        "I don't know my neighbours",
        "When I come home I am tired",
        "I remember when my dog Rex was small",
        "what I like is my garden",
        "what a day, my feet hurt",
        "What should I do with my dog?",
    ],
)
def test_it_only_says(line: str) -> None:
    assert not asks_of_user(line)
