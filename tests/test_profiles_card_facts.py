"""Facts and words for the character in the free text of cards, as people write them."""

from __future__ import annotations

import pytest

from profiles import cards
from profiles.card_facts import MOST, found_in
from profiles.traits import aspects_in, lexicon
from test_profiles_cards import V1, as_json

PROSE = """{{char}} is a 34-year-old lighthouse keeper who lives on a small island
off the coast of Maine. She is tall and
has red hair. She has a dog named Biscuit. {{user}} is her guest. She hates {{user}}'s shoes.

Likes: coffee, storms, old books
Dislikes: Tourists, Small talk
Backstory: She was raised by her aunt. Her aunt is rich. She never speaks of it."""
CALLS = """[Character("Captain Thorne") {Age("47") Gender("Male") Occupation("Pirate captain")
Hair("Long" + "Black") Eyes("grey eyes") Likes("rum" + "gold") Personality("cruel" + "cunning")
Species("human")}]"""
MARKDOWN = """**Name:** Luna Park
**Age:** in her thirties
* **Occupation:** Art student
- **Home:** a flat above the bakery, Porto
\N{BULLET} Hometown: Braga
Pets: cat, an old tortoise
Hobbies: chess
Fears = spiders, the dark
Appearance: tall, silver hair, violet eyes
Birthday: May 4
Languages: Portuguese and English
Weapon: none"""
PLIST = "[Ayumi's personality= kind, clumsy; Ayumi's likes= cats; age= 19]"


@pytest.mark.parametrize(
    ("title", "text", "facts"),
    [
        (
            "Marla Quint",
            PROSE,
            [
                "My name is Marla Quint.",
                "I am 34 years old.",
                "I am a lighthouse keeper.",
                "I live on a small island off the coast of Maine.",
                "I am tall.",
                "I have red hair.",
                "I have a dog named Biscuit.",
                "You are my guest.",
                "I hate your shoes.",
                "I like coffee, storms and old books.",
                "I do not like tourists or small talk.",
                "I was raised by my aunt.",
                "My aunt is rich.",
            ],
        ),
        (
            "Captain Thorne",
            CALLS,
            [
                "My name is Captain Thorne.",
                "I am 47 years old.",
                "I am a pirate captain.",
                "I have long, black hair.",
                "I have grey eyes.",
                "I like rum and gold.",
                "I am a man.",
                "I am a human.",
            ],
        ),
        (
            "Luna",
            MARKDOWN,
            [
                "My name is Luna.",
                "I am an art student.",
                "I live in a flat above the bakery, Porto.",
                "I come from Braga.",
                "I have a cat and an old tortoise.",
                "My hobby is chess.",
                "I am afraid of spiders and the dark.",
                "I have silver hair and violet eyes.",
                "My birthday is May 4.",
                "I speak Portuguese and English.",
            ],
        ),
        (
            "Zephyr",
            '{"name": "Zephyr", "age": 300, "species": "wind spirit",\n"likes": ["kites", "gossip"], '
            '"x": "I lie."}',
            ["My name is Zephyr.", "I am 300 years old.", "I am a wind spirit.", "I like kites and gossip."],
        ),
        ("Nyx", "Home: A loft, Berlin", ["My name is Nyx.", "I live in a loft, Berlin."]),
        (
            "Elena",
            "<age>29</age><job>Dancer</job><background>Elena was born in Rome. She fled.</background>",
            ["My name is Elena.", "I am 29 years old.", "I am a dancer.", "I was born in Rome."],
        ),
        (
            "Kaito",
            "### Likes\n- Kendo\n- Stray cats\n### Weapons\n- Swords\nEyes:\n* amber",
            ["My name is Kaito.", "I like kendo and stray cats.", "I have amber eyes."],
        ),
        (
            "Dr. Hart",
            "You are Dr. Hart. You live in Boston with your two daughters. {{user}} is your patient.",
            ["My name is Dr. Hart.", "I live in Boston with my two daughters."],
        ),
        (
            "Hope",
            'Description("Works at a coffee shop" + "Has a crush on {{user}}")\nLikes cats. Lives in Rome.',
            [
                "My name is Hope.",
                "I work at a coffee shop.",
                "I have a crush on you.",
                "I like cats.",
                "I live in Rome.",
            ],
        ),
        (
            "Ann",
            "Tom's age: 30\nMum's job: nurse\nAnn's age: 20\nTom: Hi. I am old.\n<START>\nAnn: I am ill.",
            ["My name is Ann.", "I am 20 years old."],
        ),
        (
            "Theodore 'Teddy' Black",
            "## Overview\nTeddy is 6'2\" tall.\n## Background\nHe gets up at 3 a.m. to bake bread.",
            ["My name is Theodore 'Teddy' Black.", "I am 6'2 tall.", "I get up at 3 a.m. to bake bread."],
        ),
        ("Ann", "Name: Beth\nAge: 30\nName: Ann\nAge: 20", ["My name is Ann.", "I am 20 years old."]),
        (
            "Ann",
            "Age: 1,200\nOccupation: retired\nHair: none\nPets: none",
            ["My name is Ann.", "I am 1,200 years old.", "I am retired."],
        ),
        ("Ann", 'He said, "I hate you. I do." I cook well.', ["My name is Ann.", "I cook well."]),
        ("Ann", "Never speak for {{user}}. Ann will describe the NPCs.", ["My name is Ann."]),
        ("Ayumi", PLIST, ["My name is Ayumi.", "I like cats.", "I am 19 years old."]),
        (
            "Rin \N{HERB}",  # a picture beside the name is no part of it
            '[ character: "Rin"; age: "23"; {{char}}\'s job: "nurse" ]',
            ["My name is Rin.", "I am 23 years old.", "I am a nurse."],
        ),
        (
            "Rin",
            "name: Rin\nhair: brown\nlikes:\n  - stars\n  - tea\njob: nurse",
            ["My name is Rin.", "I have brown hair.", "I like stars and tea.", "I am a nurse."],
        ),
        ("", "I bake bread. {{char}} is old.", ["I bake bread."]),
        ("", "", []),
    ],
)
def test_facts_of_a_card(title: str, text: str, facts: list[str]) -> None:
    assert list(found_in(title, "", text).facts) == facts
    assert list(found_in(title, text, "").facts) == facts


def test_no_more_facts_than_a_profile_has_room_for() -> None:
    found = found_in("Ada", "", " ".join(f"I have {number} dogs." for number in range(100)))
    assert len(found.facts) == MOST


@pytest.mark.parametrize(
    ("personality", "description", "aspects"),
    [
        (
            "grumpy, sarcastic, reserved",
            "",
            {"attitude": "pessimistic", "agreeableness": "low", "extraversion": "low"},
        ),
        ("", "She is shy and anxious.", {"extraversion": "low", "neuroticism": "high"}),
        ("", CALLS, {"agreeableness": "low"}),
        ("", PLIST, {"agreeableness": "high", "conscientiousness": "low"}),
        ("", "Ada + robot + kind + lazy", {"agreeableness": "high", "conscientiousness": "low"}),
        ("not shy, never rude", "", {}),
        ("anything but shy, used to be kind", "", {}),
        ("short tempered", "", {"agreeableness": "low"}),
        ("", "Ada has sharp teeth. Ada is afraid of cruel men.", {}),
        ("shy, loud", "", {}),
        ("a kind of ghost", "", {}),
        ("Ada hates the rude and lazy people of her village.", "", {}),
        ("lyrical", "", {"style": "lyrical"}),
        ("", "Her sister is rude.", {}),
    ],
)
def test_dials_of_a_card(personality: str, description: str, aspects: dict[str, str]) -> None:
    name = next((name for name in ("Ayumi", "Thorne") if name in description), "Ada")
    assert aspects_in(found_in(name, personality, description).character) == aspects


def test_three_dials_at_most_those_with_most_words() -> None:
    text = ["shy, quiet, timid, gloomy, bitter, rude, mean, lazy, curious"]
    assert list(aspects_in(text)) == ["extraversion", "attitude", "agreeableness"]


def test_a_word_is_not_under_both_aspects_of_an_attribute() -> None:
    for word, aspects in lexicon().items():
        attributes = [attribute for attribute, _ in aspects]
        assert len(attributes) == len(set(attributes)), word


def test_what_was_read_from_the_words_is_not_written_into_the_card() -> None:
    card = V1 | {"personality": "shy, anxious", "description": "Ada is a nurse."}
    original = cards.read(as_json(card))
    profile, warnings = original.profile()
    assert not warnings or all("Cards of version" in warning for warning in warnings)
    assert {name: str(target) for name, target in profile.attributes.items()} == {
        "extraversion": "low",
        "neuroticism": "high",
    }
    exported = cards.read(cards.write(profile, "json", original, now=1)[0])
    assert exported.card["data"]["extensions"] == {}
    assert exported.profile()[0] == profile
    without, _ = cards.read(cards.write(profile.changed(attributes={}), "json", original, now=1)[0]).profile()
    assert without.attributes == {}


@pytest.mark.parametrize(
    "piece", ["a", "(", '"', ": ", "Likes: ", ";", "a(", '("', "* ", "she is shy, ", "\u5c0f", " + "]
)
def test_any_text_is_read_in_linear_time(piece: str) -> None:
    found = found_in("Ada", piece * 20_000, piece * 20_000)
    assert "My name is Ada." in found.facts
