"""The lorebook: which entries a conversation calls up, in what order, and that no key takes long."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chatbot.lore_keys import pattern
from chatbot.lorebook import active, lore
from profiles import LoreEntry, Profile
from profiles.lore import entries_of


def entry(*keys: str, content: str = "Told.", **fields: Any) -> LoreEntry:
    return LoreEntry(keys=keys, content=content, **fields)


@pytest.mark.parametrize(
    ("told", "asked", "text"),
    [
        (True, entry("moon", "sun"), "The MOON rises"),
        (False, entry("moon"), "The sun rises"),
        (False, entry("moon", enabled=False), "moon"),
        (True, entry("Moon", case_sensitive=True), "Moon"),
        (False, entry("Moon", case_sensitive=True), "moon"),
        (True, entry("straße"), "In der STRASSE"),
        (True, entry("Dragon\N{RIGHT SINGLE QUOTATION MARK}s Keep"), "to the dragon's keep"),
        (True, entry("cafe\u0301", case_sensitive=True), "a caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
        (True, entry(constant=True), ""),
        (False, entry(), "moon"),
        (False, entry("", " "), "moon"),
        (True, entry("moon", secondary_keys=("night", "day")), "A moon by day"),
        (False, entry("moon", secondary_keys=("night",)), "A moon by day"),
        (False, entry("moon", content="@@dont_activate\nTold."), "moon"),
        (True, entry("moon", content="@@activate\nTold."), "sun"),
        (True, entry("moon", content="@@depth 4\n@@@role user\nTold."), "moon"),
        (False, entry("moon", content="@@activate"), "moon"),
        (True, entry(r"\bmoons?\b", use_regex=True), "Two Moons"),
        (False, entry(r"\bmoon\b", use_regex=True), "moonlight"),
        (False, entry(r"/moon/", use_regex=True), "MOON"),
        (True, entry(r"/mo{2}n/i", use_regex=True), "MOON"),
        (False, entry("(moon", use_regex=True), "(moon"),
        (False, entry("moon", use_regex=True, case_sensitive=True), "Moon"),
        (True, entry("moon", use_regex=True, secondary_keys=("night",)), "moon"),
        (True, entry("/mo{2}n/i"), "MOON"),
        (False, entry("/moon/"), "MOON"),
        (True, entry("moon", secondary_keys=("/nights?/",)), "moon at night"),
        (False, entry("moon", secondary_keys=("/nights?/",)), "moon by day"),
        (True, entry("/r/Moon"), "See /r/moon."),
        (True, entry("/home/user"), "In /home/user"),
        (True, entry("mo.n+"), "MO.N+"),
        (False, entry("mo.n"), "moon"),
    ],
)
def test_an_entry_is_told_when_its_keys_are_spoken_of(told: bool, asked: LoreEntry, text: str) -> None:
    assert active([asked], [text], 50) == (["Told."] if told else [])


@pytest.mark.parametrize("mark", ["selectiveLogic", "display_index"])
@pytest.mark.parametrize(
    ("told", "text", "raw"),
    [
        (True, "I like C++.", {"keys": ["C++"]}),
        (True, "elara (queen) comes", {"keys": ["Elara (queen)"]}),
        (True, "It is $100.", {"keys": ["$100"]}),
        (False, "hello there", {"keys": ["[REDACTED]"]}),
        (True, "Two MOONS", {"keys": ["C++", "/moons?/i"]}),
        (False, "the king of Spain", {"keys": ["king"], "secondary_keys": ["France"], "selective": True}),
        (True, "the king of France", {"keys": ["king"], "secondary_keys": ["France"], "selective": True}),
        (True, "the king of Spain", {"keys": ["king"], "secondary_keys": ["France"], "selective": False}),
    ],
)
def test_bare_keys_of_sillytavern_are_texts(told: bool, text: str, raw: dict[str, Any], mark: str) -> None:
    raw |= {"content": "Told.", "use_regex": True, "extensions": {mark: 0}}
    assert active(entries_of({"entries": [raw]})[0], [text], 50) == ["Told."] * told


@pytest.mark.parametrize(
    ("logic", "told"), [(0, "011"), (1, "110"), (2, "100"), (3, "001"), (None, "011"), ([], "011")]
)  # AND ANY, NOT ALL, NOT ANY, AND ALL; told where none, one and both of the secondary keys are there
def test_secondary_keys_are_asked_for_as_sillytavern_does(logic: object, told: str) -> None:
    own = {"key": ["king"], "keysecondary": ["France", "old"], "selectiveLogic": logic}
    card = {
        "keys": own["key"],
        "secondary_keys": own["keysecondary"],
        "extensions": {"selectiveLogic": logic},
    }
    texts = ("the king of Spain", "the king of France", "the old king of France")
    for raw in (own, card):
        entries, _ = entries_of({"entries": [raw | {"content": "Told."}]})
        assert "".join(str(len(active(entries, [text], 50))) for text in texts) == told


def test_the_last_messages_are_searched_alone() -> None:
    entries = [entry("moon"), entry("sun", content="Sun.")]
    assert active(entries, ["moon", "a", "b", "sun"], 50) == ["Told.", "Sun."]
    assert active(entries, ["moon", "a", "b", "c", "sun"], 50) == ["Sun."]
    assert active(entries, ["moon" + "x" * 1000], 50) == []
    assert active(entries, [], 50) == []


def test_insertion_order_places_and_priority_decides() -> None:
    entries = [
        entry(constant=True, content="three words here", order=2),
        entry(constant=True, content="also three words", order=1, priority=5),
        entry(constant=True, content="first of equals", order=1, priority=5),
    ]
    assert active(entries, [], 9) == ["also three words", "first of equals", "three words here"]
    assert active(entries, [], 6) == ["also three words", "first of equals"]
    assert active(entries, [], 3) == ["also three words"]
    assert active(entries, [], 0) == []


def test_a_long_entry_gives_its_first_sentences() -> None:
    long = entry(constant=True, content="The moon is made. Of very old cheese. " * 20)
    assert active([long], [], 8) == ["The moon is made. Of very old cheese."]
    assert active([long], [], 7) == ["The moon is made."]
    assert active([long], [], 3) == ["The moon is"]
    assert active([entry(constant=True, content="Small.", priority=1), long], [], 4) == ["Small."]


def test_what_a_profile_tells_has_its_macros_filled_in() -> None:
    lorebook = [
        {"keys": ["{{user}}"], "content": "{{char}} knows\n {{user}}."},
        {"keys": ["x"], "content": "{{// nothing}}"},
    ]
    profile = Profile.parse({"name": "bob", "display_name": "Bob B.", "lorebook": lorebook})
    assert lore(profile, ["I am ada", "x"], "Ada") == ("Bob B. knows Ada.",)
    assert lore(profile, ["I am nobody"], "Ada") == ()
    assert lore(Profile(name="bob"), ["Ada"], "Ada") == ()


def test_a_macro_is_not_cut_where_the_room_ends() -> None:
    told = {"constant": True, "content": f"It was {{{{pick:{','.join(['a day in May'] * 30)}}}}}."}
    assert lore(Profile.parse({"name": "bob", "lorebook": [told]}), [], "Ada") == ("It was a day in May.",)


@pytest.mark.parametrize(
    ("key", "expression"),
    [
        ("king.*castle", "king.{0,50}castle"),
        ("a+?b", "a{1,50}?b"),
        ("(ab|c)?d", "(?:ab|c){0,1}d"),
        ("(?:ab)+", "(?:ab){1,50}"),
        ("a{2}b{1,}c{1,3}", "a{2,2}b{1,50}c{1,3}"),
        (r"\w\d\s\b\.\(", r"\w\d\s\b\.\("),
        (r"[a-z\]]é 日", r"[a-z\]]é\ 日"),
        ("x{y}", r"x\{y\}"),
        ("^a$", "^a$"),
    ],
)
def test_a_key_is_a_regular_expression_with_an_end(key: str, expression: str) -> None:
    found = pattern(key, False)
    assert found is not None
    assert found.expression.pattern == expression


@pytest.mark.parametrize(
    "key",
    [
        *("(a+)+b", "(a|aa)+b", "(a*)*", "(a{1,9}){9}", ".*.*.*x", "a?a?a?a?a?a?a?a?a?a?a?a?a?a?", "x" * 201),
        *("(", ")", "a)", "[", "[a", "a**", "*a", "a{3,2}", "a++", "\\", "[z-a]", "a{2}{3}", "[[a]"),
        *("|".join(["a*b*"] * 4), "(" + "|".join(["a*b*"] * 4) + ")"),  # each alternative alone may be tried
        *(r"(a)\1", "(?=a)", "(?i)a", "(?P<n>a)", r"\x41", r"\A", "/a/y", "a{1,999}{1,999}"),
    ],
)
def test_a_key_that_could_take_long_or_is_no_expression_matches_nothing(key: str) -> None:
    assert pattern(key, False) is None
    assert active([entry(key, use_regex=True)], ["aaa" + key], 50) == []


def test_no_lorebook_takes_long() -> None:
    worst = [entry(f".*.*x{n}", use_regex=True) for n in range(500)]
    large = [entry(*(f"key {n} {k}" for k in range(3)), content="Ж" * 500) for n in range(4000)]
    began = time.process_time()
    assert active(worst, ["a" * 5000] * 9, 50) == []
    assert active(large, ["Of key 77 2 and more."] * 4, 100) == ["Ж" * 500]
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    "slow",
    [
        entry("hi", content="@@\n" * 400_000 + "Told."),
        entry("{{random:" + "{{user}}," * 10_000 + "}}"),
        entry("{{random:a,b}}" * 3_500),
        entry(*["{{pick:a}}" * 300] * 1_000),
        entry("/" + "a" * 1_000_000),
    ],
    ids=["orders", "choices", "draws", "keys", "slashes"],
)
def test_no_entry_takes_long(slow: LoreEntry) -> None:
    profile = Profile(name="a", lorebook=(slow, entry("{{user}}", content="Heard.")))
    began = time.process_time()
    assert lore(profile, ["hi ada"], "Ada")[-1] == "Heard."
    assert time.process_time() - began < 2
