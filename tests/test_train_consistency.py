"""The rules for facts, on replies that a person has judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatbot.train import consistency, trials
from chatbot.train.consistency import answered, claims, contradicts
from chatbot.train.metrics import words


@pytest.mark.parametrize(
    ("question", "answers", "kind", "reply", "wrong"),
    [
        ("What is your name?", ["martin"], "name", "I am Martin.", False),
        ("What is your name?", ["martin"], "name", "My name is Rosa.", True),
        ("What is your name?", ["martin"], "name", "I am tired of names.", False),
        ("What is your name?", ["martin"], "name", "Is your name Rosa?", False),
        ("What do you do?", ["nurse", "hospital"], "job", "I bake bread. I am a baker.", True),
        ("What do you do?", ["nurse", "hospital"], "job", "I work at the hospital with a baker.", False),
        ("What do you do?", ["nurse"], "job", "You look like a baker, and I like that.", False),
        ("Do you have any pets?", ["dog"], "animal", "No, none.", True),
        ("Do you have any pets?", ["dog"], "animal", "I have never had one.", True),
        ("Do you have any pets?", ["dog"], "animal", "I do, and I love it.", False),
        ("Do you have any pets?", ["dog"], "animal", "A cat, and she is old.", True),
        ("How old are you?", ["thirty", "30"], "number", "Old enough, thank you.", False),
        ("How old are you?", ["thirty", "30"], "number", "I am fifty.", True),
        ("do you live in a town?", ["farm"], "home", "I know the town.", False),  # the question's own word
    ],
)
def test_contradictions(question: str, answers: list[str], kind: str, reply: str, wrong: bool) -> None:
    assert contradicts(reply, question, answers, kind) is wrong


@pytest.mark.parametrize(
    ("reply", "claimed"),
    [
        ("I am a baker too, and I sleep little.", True),
        ("My bread is still warm.", True),
        ("You bake bread every day? I would not.", False),
        ("A baker gets up early.", False),  # of nobody in particular
        ("I am a nurse. Bread sounds good.", False),
        ("I like that your bread is warm.", False),
    ],
)
def test_claims_of_the_users_facts(reply: str, claimed: bool) -> None:
    assert claims(reply, ["baker", "bread"]) is claimed


def test_an_answer_holds_one_of_the_words_whole() -> None:
    assert answered("Tea, please!", ["tea"])
    assert not answered("I am a teacher.", ["tea"])


def test_every_kind_has_its_values_and_the_right_answer_is_of_the_kind() -> None:
    path = Path(consistency.__file__).parent / "fact_values.json"
    known = json.loads(path.read_text("utf-8"))
    for row in trials.questions():
        kind = row.get("kind")
        assert kind is None or kind == "name" or kind in known, row


def test_what_tells_a_leak_stands_in_the_users_message_and_not_in_the_personas_facts() -> None:
    for row in trials.leaks():
        assert set(row["claims"]) & set(words(row["told"])), row
        assert not set(row["claims"]) & set(words(" ".join([*row["facts"], row["hidden"]]))), row
