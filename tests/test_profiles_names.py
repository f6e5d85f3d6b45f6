"""Names: what is allowed on every file system, what collides, what is proposed instead."""

from __future__ import annotations

import random

import pytest

from profiles.errors import ProfileNameError
from profiles.names import MAX_LENGTH, checked_name, did_you_mean, folded, shortened, slug

ALPHABET = 'aZ09-_. /\\:*?"<>|\x00\n\x7fé日本ß¹e\u0301\u200d\u202e~$'


@pytest.mark.parametrize("name", ["a", "gloomy-poet", "Bob_2", "7", "été", "日本", "हिन्दी", "a" * MAX_LENGTH])
def test_valid_names_stay_as_they_are(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "C:x", "a.b", "a b", "-a", "_a", "a\x00", "a\n", "~", "a" * 49]
    + ["con", "CON", "nul", "Aux", "prn", "com1", "COM0", "lpt9", "com¹", "a\u202eb", "a\u200db", "\u0301a"],
)
def test_names_that_are_unsafe_on_some_system_are_refused(name: str) -> None:
    with pytest.raises(ProfileNameError) as caught:
        checked_name(name)
    assert caught.value.exit_code == 2


def test_the_refusal_has_rule_value_and_remedy() -> None:
    with pytest.raises(ProfileNameError) as caught:
        checked_name("Captain Ahab")
    assert str(caught.value) == (
        "A profile name is 1 to 48 letters, digits, '-' or '_', and starts with a letter or a digit, "
        "not 'Captain Ahab'. Try 'Captain-Ahab'."
    )
    with pytest.raises(
        ProfileNameError, match="^Windows keeps the name 'NUL' for a device. Try 'NUL-persona'.$"
    ):
        checked_name("NUL")


def test_an_accent_written_apart_is_the_same_name() -> None:
    assert checked_name("e\u0301te\u0301") == "été"


def test_names_that_a_file_system_may_confuse_fold_together() -> None:
    assert folded("Bob") == folded("bOB")
    assert folded("É") == folded("e\u0301")
    assert folded("bob") != folded("bob2")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Captain Ahab", "Captain-Ahab"),
        ("  Zoë & Söhne!! ", "Zoë-Söhne"),
        ("CON", "CON-persona"),
        ("***", ""),
    ],
)
def test_a_title_becomes_a_name(title: str, name: str) -> None:
    assert slug(title) == name


def test_whatever_the_title_its_name_is_valid() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        name = slug("".join(chance.choices(ALPHABET, k=chance.randint(0, 70))))
        assert name == "" or checked_name(name) == name


def test_near_names_are_offered_and_far_ones_are_not() -> None:
    known = ["gloomy-poet", "sunny-baker"]
    assert did_you_mean("glomy-poet", known) == " Did you mean 'gloomy-poet'?"
    assert did_you_mean("Sunny-Baker", known) == " Did you mean 'sunny-baker'?"
    assert did_you_mean("xyz", known) == ""


def test_a_shown_value_is_one_short_line() -> None:
    assert shortened("a\nb") == "'a\\nb'"
    assert len(shortened("x" * 1000)) == 60
