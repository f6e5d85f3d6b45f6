"""TOML: what is written is read back equal, whatever the texts hold; the layout is meant for people."""

from __future__ import annotations

import random
import time
import tomllib
from pathlib import Path

import pytest

from profiles import Profile, ProfileError
from profiles.toml import from_toml, renamed, to_toml

NASTY = [
    *"\"'\\\n\r\t\b\f#=[]{} ",
    "\x00",
    "\x1b",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "é",
    "e\u0301",
    "日本",
    "🙂",
]
NASTY += ['"""', "'''", "\r\n", "\\u0041", "name = 1\n[attributes]\n", "{{user}}"]


def _text(chance: random.Random) -> str:
    return "".join(chance.choices([*NASTY, "word", " "], k=chance.randint(1, 12)))


def _profile(chance: random.Random) -> Profile:
    def texts() -> list[str]:
        return [text for text in (_text(chance) for _ in range(chance.randint(0, 4))) if text.strip()]

    targets = [
        "lyrical",
        "a:1.5",
        "high*0.3+low*0.7",
        "grün:0",
        "a*1e-7+b:1e6",
        "1e5:0.1",
        "b:99.9%",
        "a+b:50%",
    ]
    attributes = {name: chance.choice(targets) for name in chance.sample(["style", "größe", "7", "a-b"], 2)}
    fields = ("description", "greeting", "scenario", "example_dialogue")
    lists = ("facts", "alternate_greetings", "tags")
    return Profile.parse(
        {"name": "bob", "attributes": attributes, "lorebook": [_entry(chance) for _ in range(3)]}
        | {field: _text(chance) for field in fields}
        | {field: texts() for field in lists}
    )


def _entry(chance: random.Random) -> dict[str, object]:
    keys = [_text(chance) for _ in range(chance.randint(0, 3))]
    content = _text(chance) + chance.choice(["", "\n", "'"]) + _text(chance) * chance.choice([1, 40])
    switches = {key: chance.random() < 0.5 for key in ("constant", "enabled", "case_sensitive", "use_regex")}
    numbers = {"order": chance.choice([0, -3, 2.5, 1e300]), "priority": chance.choice([0, 10**15])}
    return {"keys": keys, "secondary_keys": keys[1:], "content": content, **switches, **numbers}


def test_any_profile_survives_the_round_trip() -> None:
    chance = random.Random(11)
    for _ in range(60):
        profile = _profile(chance)
        text = to_toml(profile)
        assert from_toml(text, "bob") == profile
        assert from_toml(text.encode("utf-8").decode("utf-8"), "bob") == profile
        assert from_toml(renamed(text, "ann"), "ann") == profile.changed(name="ann")


def test_it_is_written_for_people() -> None:
    profile = Profile.parse(
        {
            "name": "gloomy-poet",
            "facts": ["I write at night.", 'I said "no".'],
            "greeting": "Come in.\nMind the stairs.",
            "tags": ["night", "rain"],
            "attributes": {
                "style": "lyrical",
                "attitude": "pessimistic:1.2",
                "mind": "emotional*3+critical:0.7",
                "openness": "open:90%",
            },
        }
    )
    assert to_toml(profile) == (
        'name = "gloomy-poet"\n'
        'greeting = """\nCome in.\nMind the stairs."""\n'
        'facts = [\n    "I write at night.",\n    "I said \\"no\\".",\n]\n'
        'tags = ["night", "rain"]\n'
        "\n"
        "[attributes]\n"
        'style = "lyrical"\n'
        'attitude = { aspect = "pessimistic", weight = 1.2 }\n'
        "mind = { aspects = { emotional = 0.75, critical = 0.25 }, weight = 0.7 }\n"
        'openness = { aspect = "open", strength = 0.9 }\n'
    )


def test_a_lorebook_is_written_for_people_too() -> None:
    entry = {"keys": ["moon", 'a "b"'], "content": "It's cheese.", "order": 2, "constant": True}
    long = {"keys": [r"\bmoon\b"], "content": 'Cheese.\n\nSays "I".\n', "use_regex": True, "enabled": False}
    profile = Profile.parse({"name": "bob", "attributes": {"style": "lyrical"}, "lorebook": [entry, long]})
    assert to_toml(profile) == (
        'name = "bob"\n\n[attributes]\nstyle = "lyrical"\n'
        "\n[[lorebook]]\n"
        'keys = ["moon", \'a "b"\']\n'
        'content = "It\'s cheese."\nconstant = true\norder = 2\n'
        "\n[[lorebook]]\n"
        "keys = ['\\bmoon\\b']\n"
        "content = '''\nCheese.\n\nSays \"I\".\n'''\nenabled = false\nuse_regex = true\n"
    )


def test_a_lorebook_of_2_megabytes_is_written_read_and_renamed_at_once() -> None:
    entries = [{"keys": [f"key {n}"], "content": f"{n}: " + "Ж мышь\n" * 80} for n in range(2000)]
    profile = Profile.parse({"name": "bob", "facts": ["I am [[lorebook]]"], "lorebook": entries})
    began = time.process_time()
    text = renamed(to_toml(profile), "ann")
    assert len(text.encode("utf-8")) > 2_000_000
    assert from_toml(text, "ann") == profile.changed(name="ann")
    assert time.process_time() - began < 3


def test_a_text_that_looks_like_a_lorebook_is_none() -> None:
    text = 'greeting = """\n[[lorebook]]\nname = 1"""\n\n[[lorebook]]\nkeys = ["x"]\n'
    assert from_toml(renamed(text, "ann"), "ann") == from_toml(text, "ann")


def test_a_profile_without_contents_is_one_line() -> None:
    assert to_toml(Profile(name="bob")) == 'name = "bob"\n'


def test_the_name_may_be_left_to_the_file() -> None:
    assert from_toml('greeting = "Hi"', "bob") == Profile(name="bob", greeting="Hi")


def test_a_name_that_is_not_the_files_is_refused() -> None:
    with pytest.raises(ProfileError) as caught:
        from_toml('name = "ann"', "bob")
    assert str(caught.value) == (
        "The key 'name' repeats the name of the profile, 'bob', not 'ann'. "
        'Write name = "bob"; to rename it: chatbot profile rename.'
    )


@pytest.mark.parametrize(
    "text",
    ["name = ", "= 1", "[a]\n[a]", "name = 'a'\nname = 'b'", "x = " + "[" * 100_000, "x = " + "1" * 5000],
)
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(ProfileError, match="A profile is TOML, and this is not: .* Correct that place."):
        from_toml(text, "bob")


def test_renaming_keeps_comments_layout_and_line_ends() -> None:
    text = '# mine\r\nname   = "bob" # him\r\n\r\ntags = [ "a",\r\n  "b" ] # two\r\n[attributes]\r\n'
    assert renamed(text, "ann") == text.replace('"bob"', '"ann"')


def test_renaming_gives_a_name_to_a_text_without_one() -> None:
    text = renamed('[attributes]\nstyle = "plain"\n', "ann")
    assert tomllib.loads(text) == {"name": "ann", "attributes": {"style": "plain"}}


def test_the_example_in_the_documentation_is_a_profile() -> None:
    page = (Path(__file__).parent.parent / "docs" / "profiles.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    ahab = from_toml(example, "captain-ahab")
    assert set(ahab.model_dump(exclude_defaults=True)) == set(Profile.model_fields)
    assert [str(target) for target in ahab.attributes.values()] == [
        *("lyrical", "pessimistic:90%", "emotional*0.8+critical*0.2:0.7"),
    ]
    assert from_toml(to_toml(ahab), "captain-ahab") == ahab
