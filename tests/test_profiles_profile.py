"""Profile: validation in sentences, and a digest that means equality."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from profiles import Profile, ProfileError, Target

FULL: dict[str, Any] = {
    "name": "gloomy-poet",
    "description": "A poet.",
    "facts": ["I live above a closed bookshop.", "I write at night."],
    "greeting": "Come in.",
    "alternate_greetings": ["You are late.", "Sit."],
    "scenario": "A cold room.",
    "example_dialogue": "<START>\nuser: Hi\nbot: Ah.",
    "tags": ["poetry"],
    "attributes": {"style": "lyrical", "mind": {"aspects": {"emotional": 4, "critical": 1}, "weight": 0.7}},
}


def test_a_full_profile_is_read() -> None:
    profile = Profile.parse(FULL)
    assert profile.facts == ("I live above a closed bookshop.", "I write at night.")
    assert profile.attributes["mind"] == Target(aspects={"emotional": 0.8, "critical": 0.2}, weight=0.7)


def test_a_name_is_enough() -> None:
    profile = Profile(name="bob")
    assert profile.model_dump() == {
        "name": "bob",
        "display_name": "",
        "description": "",
        "facts": (),
        "greeting": "",
        "alternate_greetings": (),
        "scenario": "",
        "example_dialogue": "",
        "tags": (),
        "attributes": {},
        "arc": {},
        "sampling": {},
        "lorebook": (),
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"fatcs": ["x"]},
            "A profile has no key 'fatcs'. Did you mean 'facts'? It has: name, display_name, description, "
            "facts, greeting, alternate_greetings, scenario, example_dialogue, tags, attributes, arc, "
            "sampling, lorebook.",
        ),
        ({"name": "CON"}, "Windows keeps the name 'CON' for a device. Try 'CON-persona'."),
        ({"greeting": 5}, "greeting: this is a text, not 5. Put it in quotes."),
        ({"facts": "x"}, 'facts: this is a list of texts, not \'x\'. Write facts = ["...", "..."].'),
        ({"facts": ["x", 1]}, "facts, entry 2: this is a text, not 1. Put it in quotes."),
        ({"tags": ["a", " \n"]}, "tags: An entry has words, but entry 2 is blank. Leave it out."),
        ({"facts": ["x"] * 21}, "facts: At most 20 facts, not 21. Keep those that matter most."),
        (
            {"facts": ["x" * 201]},
            "facts: A fact has at most 200 characters, not 201: '" + "x" * 56 + "... "
            "Split it into short sentences.",
        ),
        (
            {"attributes": "style"},
            "attributes: this is a table, not 'style'. Write [attributes] and below it name = value lines.",
        ),
        (
            {"attributes": {"style": {"aspct": "lyrical"}}},
            "attributes, style: A target has no key 'aspct'. Did you mean 'aspect' or 'aspects'? "
            "It has: aspect, aspects, weight, strength.",
        ),
        (
            {"attributes": {"style": "lyrical", "facts": ["I am a poet."]}},
            "'facts' is a key of the profile, but it stands below [attributes] and so belongs there. "
            "Write it above the first line in brackets.",
        ),
        (
            {"sampling": {"temperature": {"low": 1}}},
            "sampling: A value is a number, a text or a list of them, but 'temperature' is {'low': 1}. Write "
            "temperature = 0.7, for instance.",
        ),
        (
            {"sampling": 1},
            "sampling: this is a table, not 1. Write [sampling] and below it name = value lines.",
        ),
        (
            {"lorebook": [{}, {"kyes": ["x"]}]},
            "An entry of a lorebook has no key 'kyes'. Did you mean 'keys'? It has: keys, secondary_keys, "
            "secondary, content, comment, constant, enabled, case_sensitive, use_regex, order, priority.",
        ),
        (
            {"lorebook": {"keys": ["x"]}},
            "lorebook: this is a list of tables, not {'keys': ['x']}. Write [[lorebook]] above each.",
        ),
        (
            {"lorebook": ["x"]},
            "lorebook, entry 1: this is a table, not 'x'. Write [[lorebook]] and below it key = value lines.",
        ),
        (
            {"lorebook": [{"keys": "x"}]},
            'lorebook, entry 1, keys: this is a list of texts, not \'x\'. Write keys = ["...", "..."].',
        ),
        (
            {"lorebook": [{"order": "first"}]},
            "lorebook, entry 1, order: this is a number, not 'first'. Write order = 10.",
        ),
        (
            {"lorebook": [{"content": "\ud800"}]},
            "lorebook, entry 1, content: A text is valid Unicode, not '\\ud800'. Write it again.",
        ),
        (
            {"display_name": "Captain\nAhab"},
            "display_name: A displayed name is one line of at most 100 characters without white space around "
            "it, not 'Captain\\nAhab'. Shorten it.",
        ),
        ({"scenario": "\ud800"}, "scenario: A text is valid Unicode, not '\\ud800'. Write it again."),
        ({"facts": ["\udfff!"]}, "facts: A text is valid Unicode, not '\\udfff!'. Write it again."),
    ],
)
def test_a_fault_is_told_as_rule_value_and_remedy(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ProfileError) as caught:
        Profile.parse(FULL | change)
    assert str(caught.value).replace("....", "...") == sentence
    assert caught.value.exit_code == 2


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ProfileError) as caught:
        Profile.parse({"facts": "x", "greeting": 5})
    assert str(caught.value).startswith('A profile needs a name. Write name = "my-persona". facts: ')
    assert "greeting: this is a text, not 5." in str(caught.value)


@pytest.mark.parametrize("data", [None, 5, "bob", ["name"]])
def test_what_is_no_table_is_refused(data: object) -> None:
    with pytest.raises(
        ProfileError, match=r"A profile is a table of keys and values, not .* Write key = value lines"
    ):
        Profile.parse(data)


def test_an_attribute_name_is_one_word() -> None:
    with pytest.raises(ProfileError, match="name of an attribute .* not 'my style'"):
        Profile.parse({"name": "a", "attributes": {"my style": "x"}})


def test_it_survives_json() -> None:
    profile = Profile.parse(FULL)
    assert Profile.parse(json.loads(json.dumps(profile.model_dump(mode="json")))) == profile


def test_a_changed_copy_is_checked_and_the_original_stays() -> None:
    profile = Profile.parse(FULL)
    assert profile.changed(name="ann").name == "ann"
    assert profile.name == "gloomy-poet"
    with pytest.raises(ProfileError, match="no key 'nmae'"):
        profile.changed(nmae="x")
    with pytest.raises(ValidationError):
        profile.name = "x"  # type: ignore[misc]


def test_the_digest_is_that_of_the_canonical_json() -> None:
    # printf '%s' '{"name":"bob"}' | sha256sum, computed outside of Python; what is not said is left out
    assert Profile(name="bob").digest() == "91a73e713f3ccae0"


def test_the_digest_tells_profiles_apart_and_forgets_the_order_of_attributes() -> None:
    profile = Profile.parse(FULL)
    turned = FULL | {"attributes": dict(reversed(FULL["attributes"].items()))}
    assert Profile.parse(turned).digest() == profile.digest()
    for field in ("description", "greeting", "scenario", "example_dialogue"):
        assert profile.changed(**{field: "other"}).digest() != profile.digest()
    assert profile.changed(facts=profile.facts[::-1]).digest() != profile.digest()
    assert profile.changed(attributes={"style": "lyrical:1.0"}).digest() != profile.digest()
