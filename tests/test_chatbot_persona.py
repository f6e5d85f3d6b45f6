"""A profile as it speaks: names, facts, greetings, examples, and what it is told of the user."""

from __future__ import annotations

import pytest

from chatbot import persona
from chatbot.persona import Said
from profiles import Profile


def test_the_speaker_is_the_displayed_name() -> None:
    ahab = Profile(name="captain-ahab", display_name="Captain Ahab")
    assert persona.spoken("{{char}} <BOT> {{user}}", ahab, "Ada") == "Captain Ahab Captain Ahab Ada"
    assert persona.spoken("{{char}} {{user}}", Profile(name="ahab"), "") == "ahab friend"


def test_facts_and_greetings_are_filled_in_and_blank_ones_left_out() -> None:
    bob = Profile(
        name="bob",
        facts=("I am {{char}}.", "{{// nothing}}"),
        scenario="{{user}}\nis here.",
        greeting="Hi {{user}}.",
        alternate_greetings=("{{comment:x}} ", "Yo."),
    )
    assert persona.facts(bob, "Ada") == ("I am bob.", "Ada is here.")
    assert persona.own_facts(bob.changed(facts=("I am {{char}}.", "I am bob.")), "") == ("I am bob.",)
    assert persona.greetings(bob, "Ada") == ("Hi Ada.", "Yo.")


def test_what_is_drawn_stays_the_same_through_a_run_and_follows_the_chance() -> None:
    bob = Profile(name="bob", greeting="{{roll:1000000}}")
    assert persona.greetings(bob, "") == persona.greetings(bob, "")
    assert persona.greetings(bob, "", chance="1") != persona.greetings(bob, "", chance="2")


def test_only_the_beginning_of_a_long_scenario_reaches_the_model() -> None:
    one, two = "It was a dark night in {{user}}'s town. ", "The rain fell on the old roofs! "
    bob = Profile(name="bob", facts=("I am Bob.",), scenario=(one + two) * 9)
    scenario = "It was a dark night in Ada's town. The rain fell on the old roofs! " * 3
    assert len(scenario.strip()) == 200
    assert persona.facts(bob, "Ada") == ("I am Bob.", scenario.strip())


@pytest.mark.parametrize(
    ("text", "limit", "said"),
    [
        ("One. Two. Three.", 9, "One. Two."),
        ("One. Two. Three.", 8, "One."),
        ("One.\n\nTwo", 5, "One."),
        ("One two three", 9, "One two"),
        ("Onetwothree", 5, "Onetw"),
        ("一。二。三。", 4, "一。二。"),
        ("Dr. Day waits. Mrs. Day is out.", 16, "Dr. Day waits."),
        ("  Short  ", 5, "Short"),
        ("", 5, ""),
    ],
)
def test_an_opening_is_whole_sentences_or_else_words(text: str, limit: int, said: str) -> None:
    assert persona.opening(text, limit) == said


def test_examples_are_read_by_their_speakers() -> None:
    ada = Profile(
        name="ada",
        display_name="Ada L.",
        example_dialogue=(
            "Told before.\n<START>\n{{user}}: Hi {{char}}.\n{{char}}: Hello\n  there, {{user}}.\n\n"
            "<start>\nTold again.\n<BOT>: Yes: no.\nAda L.: Mm.\nYou: Why?\nBen: So.\n"
            "user: A\nbot: B\nadamant: C\nOld Nell: Ha.\nShe left.\n{{char}}:\n"
        ),
    )
    assert persona.examples(ada, "Ben") == (
        Said("user", "Hi Ada L.."),
        Said("bot", "Hello there, Ben."),
        Said("bot", "Yes: no."),
        Said("bot", "Mm."),
        Said("user", "Why?"),
        Said("user", "So."),
        Said("user", "A"),
        Said("bot", "B adamant: C"),
    )
    assert persona.examples(Profile(name="ada"), "") == ()
    assert persona.examples(Profile(name="ada", example_dialogue="No speaker: none"), "") == ()


def test_facts_of_the_user_become_sentences() -> None:
    written = [
        "lives in Oslo",
        "The user has a dog.",
        "I love tea",
        "  ",
        "My cat is old!",
        "is Ibsen's heir.",
        "we have two cats",
    ]
    assert persona.user_facts("Ada", written) == (
        "The user is called Ada.",
        "The user lives in Oslo.",
        "The user has a dog.",
        'The user says: "I love tea."',
        'The user says: "My cat is old!"',
        "The user is Ibsen's heir.",
        'The user says: "we have two cats."',
    )
    assert persona.user_facts(" ", []) == ()
