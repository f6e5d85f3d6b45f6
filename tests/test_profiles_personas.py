"""The built-in personas: valid, distinct, in simple words, and made of what the embedded model has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from profiles import Profile, ProfileStore
from profiles.store import BUILTIN

ATTRIBUTES = {
    "style": {"lyrical", "plain"},
    "attitude": {"optimistic", "pessimistic"},
    "mind": {"critical", "emotional"},
} | {
    trait: {"high", "low"}
    for trait in ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
}
NAMES = sorted(path.stem for path in BUILTIN.glob("*.toml"))


def _load(name: str) -> Profile:
    return ProfileStore(Path("nowhere")).load(name)


def test_there_is_a_choice() -> None:
    assert len(NAMES) >= 12
    asked = {(a, aspect) for name in NAMES for a, t in _load(name).attributes.items() for aspect in t.aspects}
    assert asked == {
        (a, aspect) for a, aspects in ATTRIBUTES.items() for aspect in aspects
    }  # each in somebody


@pytest.mark.parametrize("name", NAMES)
def test_a_persona_is_complete_and_simple(name: str) -> None:
    profile = _load(name)
    assert profile.name == name
    assert profile.description
    assert profile.greeting
    assert profile.tags
    assert 1 <= len(profile.alternate_greetings) <= 2
    assert profile.facts[0].startswith(("I am a", "I am the"))  # what people ask first: who, name and age
    assert profile.facts[-2].startswith("My name is ")
    assert re.fullmatch(r"I am [a-z-]+ years old\.", profile.facts[-1])
    assert 6 <= len(profile.facts) <= 7
    for fact in profile.facts:
        assert len(fact.split()) < 12
        assert fact.startswith(("I ", "My ", "The "))
        assert fact.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_its_character_is_clear_and_known_to_the_model(name: str) -> None:
    attributes = _load(name).attributes
    assert 2 <= len(attributes) <= 4
    for attribute, target in attributes.items():
        assert set(target.aspects) <= ATTRIBUTES[attribute]
        assert target.weight is not None
        assert 0.8 <= target.weight <= 1.5
        assert max(target.aspects.values()) >= 0.8


def test_no_two_are_alike() -> None:
    profiles = [_load(name) for name in NAMES]
    for pick in ("description", "greeting", "tags"):
        assert len({getattr(profile, pick) for profile in profiles}) == len(profiles)
    said = [t for p in profiles for t in (*p.facts, *p.alternate_greetings)]
    repeated = {text for text in said if said.count(text) > 1}
    assert not repeated
    signs = {tuple(sorted((a, max(t.aspects)) for a, t in p.attributes.items())) for p in profiles}
    assert len(signs) == len(profiles)
