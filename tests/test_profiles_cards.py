"""Character cards: twenty made-up ones of all versions through every format, with nothing lost on the way."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from card_files import DATA, END, HEAD, chunk, packed, unpacked
from profiles import CardError, LoreEntry, Profile, ProfileStore, Target, cards, lore, png

NOW = 1_800_000_000
PICTURE = HEAD + DATA + chunk(b"tEXt", b"Title\0A face") + END
V1 = {
    "name": "Ada",
    "description": "d",
    "personality": "p",
    "scenario": "s",
    "first_mes": "f",
    "mes_example": "m",
}
V2_FIELDS = V1 | {
    "creator_notes": "For people.",
    "system_prompt": "{{original}}",
    "post_history_instructions": "",
    "alternate_greetings": ["a", "b"],
    "tags": ["x", "y"],
    "creator": "me",
    "character_version": "1",
    "extensions": {},
}
LORE = {
    "keys": ["k"],
    "content": "@@depth 4\n@@@role user\nThe moon is cheese.\n@@not a decorator",
    "extensions": {"x/y": 1},
    "enabled": True,
    "insertion_order": 1,
    "unknown": None,
}
BOOK = {"extensions": {}, "entries": [LORE], "name": "Moon", "unknown": {"deep": [1, 2.5, None]}}


def v2(**fields: Any) -> dict[str, Any]:
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": V2_FIELDS | fields}


def v3(**fields: Any) -> dict[str, Any]:
    data = V2_FIELDS | {"group_only_greetings": [], "extensions": {}} | fields
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}


CARDS: dict[str, dict[str, Any]] = {
    "version 1": V1,
    "version 1 with a name alone": {"name": "Ada"},
    "Agnai's own": {
        "name": "Ada",
        "description": "For people.",
        "persona": {"kind": "wpp", "attributes": {"job": ["nurse"], "likes": ["tea", "rain"]}},
        "greeting": "f",
        "sampleChat": "m",
        "characterBook": {"entries": [{"keywords": ["k"], "entry": "c", "weight": 2}]},
    },
    "version 1 with unknown keys": V1
    | {"avatar": "none", "chat": "x", "talkativeness": "0.5", "metadata": {"v": 1}},
    "version 1 with fields of later versions": V1
    | {"nickname": "Addie", "character_book": BOOK, "source": ["https://example.org/1"], "creation_date": 1},
    "before version 1": {
        "char_name": "Ada",
        "char_persona": "d",
        "char_greeting": "f",
        "example_dialogue": "m",
        "world_scenario": "s",
        "other": [1],
    },
    "version 2": v2(),
    "version 2 of SillyTavern": {
        **V1,
        **v2(extensions={"talkativeness": "0.5", "fav": False, "depth_prompt": {"prompt": "", "depth": 4}}),
        "avatar": "none",
        "create_date": "2024-1-1",
        "creatorcomment": "",
        "fav": True,
        "tags": ["x", "y"],
    },
    "version 2 with a lorebook that lacks extensions": v2(character_book={"entries": [LORE]}),
    "version 2 with a lorebook of another shape": v2(character_book={"entries": {"0": LORE}}),
    "version 2 with a strange lorebook": v2(
        character_book={
            "entries": [
                {"keys": "a, b", "content": 5, "insertion_order": "1", "priority": True, "constant": "yes"},
                {"keys": [None, " ", "c\ud83d"], "insertion_order": 10**400},
                {
                    "keys": ["d"],
                    "secondary_keys": ["e"],
                    "selective": False,
                    "enabled": False,
                    "content": "x\r\ny",
                },
                {},
            ]
        }
    ),
    "a name of many words": v2(name="  Ada\n  Augusta   King, Countess of Lovelace " + "x" * 100),
    "version 2 with nothing but data": {"data": {"name": "Ada"}},
    "version 2 with wrong types": v2(
        first_mes=None, scenario=5, tags="x, y ,,z", alternate_greetings="only", extensions=None
    ),
    "version 2 with other types": v2(tags={"a": 1}, alternate_greetings=[None, " ", "x"], description=["d"]),
    "letters of all kinds": v2(
        name="Зоя 日本", description="é🙂\u2028\x85\x7f", first_mes="\x1b[31m\r\nred\0"
    ),
    "half a surrogate pair": v2(first_mes="\ud83d", extensions={"\udc00": 1}),
    "numbers": v2(extensions={"big": 10**300, "small": 1e-300, "minus": -0.0, "float": 1.0, "int": 1}),
    "our own attributes": v2(
        extensions={
            "chatbot/attributes": {
                "style": {"aspects": {"lyrical": 1.0}, "weight": 1.2},
                "mind": {"aspects": {"emotional": 0.8, "critical": 0.2}},
                "attitude": {"aspect": "pessimistic", "strength": 0.9},
            },
            "chatbot/arc": {"attitude": [[1, 0.2], [10, 0.9]]},
            "chatbot/facts": ["I am Ada.", "I count."],
            "risuai": {"x": 1},
        }
    ),
    "our own keys misused": v2(
        extensions={
            "chatbot/attributes": {"a b": "x", "style": {"aspct": 1}},
            "chatbot/arc": {"mind": [[1, 1]], "style": 5},
            "chatbot/facts": 5,
        }
    ),
    "version 3": v3(
        nickname="Addie",
        creator_notes_multilingual={"de": "Für Leute."},
        source=["https://example.org/1"],
        group_only_greetings=["g"],
        creation_date=1,
        modification_date=2,
        assets=[{"type": "x_map", "uri": "https://example.org/m.png", "name": "m", "ext": "png", "more": 1}],
        character_book={**BOOK, "entries": [LORE | {"use_regex": True}]},
    ),
    "version 3 with withheld dates": v3(creation_date=0, modification_date=0),
    "version 3.1": v3(future={"x": 1}) | {"spec_version": "3.1", "top": "level"},
    "version 4": v3() | {"spec": "chara_card_v4", "spec_version": "4.0"},
    "a lorebook of 2 MB": v2(
        character_book={
            "extensions": {},
            "entries": [LORE | {"id": n, "content": "Ж" * 500} for n in range(2000)],
        }
    ),
}
EXACT = [name for name, card in CARDS.items() if card.get("spec") == "chara_card_v2"]


def as_json(card: object) -> bytes:
    return json.dumps(card).encode("ascii")


def as_png(card: object, keyword: bytes = b"chara") -> bytes:
    return HEAD + DATA + chunk(b"tEXt", keyword + b"\0" + base64.b64encode(as_json(card))) + END


def as_charx(card: object) -> bytes:
    return packed({"card.json": as_json(card), "assets/other/other/x.bin": b"\0\1", "app.json": b"{}"})


def lost(before: Any, after: Any, place: str = "") -> list[str]:
    """Where `after` lacks or contradicts something that is in `before`."""
    if isinstance(before, dict) and isinstance(after, dict):
        gone = [f"{place}/{key}" for key in before if key not in after]
        return gone + [
            x for key in before if key in after for x in lost(before[key], after[key], f"{place}/{key}")
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            x for n, pair in enumerate(zip(before, after, strict=True)) for x in lost(*pair, f"{place}/{n}")
        ]
    return [] if type(before) is type(after) and before == after else [place]


CHANGED_ON_PURPOSE = {"/spec", "/spec_version", "/data/modification_date"}


@pytest.mark.parametrize("wrap", [as_json, as_png, as_charx])
@pytest.mark.parametrize("form", cards.FORMATS)
@pytest.mark.parametrize("name", CARDS)
def test_nothing_is_lost_from_any_format_to_any_other(name: str, form: str, wrap: Any) -> None:
    original = cards.read(wrap(CARDS[name]))
    assert original.card == CARDS[name]
    profile, _ = original.profile()
    data, warnings = cards.write(profile, form, original, NOW)
    again = cards.read(data)
    assert again.form == form
    assert set(lost(CARDS[name], again.card)) <= CHANGED_ON_PURPOSE
    assert again.profile()[0] == profile
    assert warnings == []


@pytest.mark.parametrize("name", EXACT)
def test_an_unchanged_version_2_card_comes_out_equal(name: str) -> None:
    original = cards.read(as_png(CARDS[name]))
    profile, _ = original.profile()
    assert json.loads(cards.write(profile, "json", original, NOW)[0]) == CARDS[name]
    picture, _ = cards.write(profile, "png", original, NOW)
    assert json.loads(base64.b64decode(png.texts(picture)["chara"])) == CARDS[name]


def test_what_a_card_says_becomes_a_profile() -> None:
    profile, warnings = cards.read(as_json(CARDS["our own attributes"])).profile()
    assert warnings == []
    assert profile == Profile(
        name="Ada",
        description="d",
        facts=("I am Ada.", "I count."),
        greeting="f",
        alternate_greetings=("a", "b"),
        scenario="s",
        example_dialogue="m",
        tags=("x", "y"),
        attributes={
            "style": Target.parse("lyrical:1.2"),
            "mind": Target(aspects={"emotional": 0.8, "critical": 0.2}),
            "attitude": Target(aspects={"pessimistic": 1.0}, probability=0.9),
        },
        arc={"attitude": ((1.0, 0.2), (10.0, 0.9))},
    )


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("before version 1", {"name": "Ada", "description": "d", "greeting": "f", "scenario": "s"}),
        ("Agnai's own", {"description": "job: nurse\nlikes: tea, rain", "greeting": "f"}),
        (
            "Agnai's own",
            {"example_dialogue": "m", "lorebook": (LoreEntry(keys=("k",), content="c", order=2),)},
        ),
        (
            "version 2 with wrong types",
            {"greeting": "", "scenario": "5", "tags": ("x", "y", "z"), "alternate_greetings": ("only",)},
        ),
        ("version 2 with other types", {"tags": (), "alternate_greetings": ("x",), "description": ""}),
        ("version 2 with nothing but data", {"name": "Ada", "greeting": "", "tags": ()}),
        ("letters of all kinds", {"name": "Зоя-日本", "greeting": "\x1b[31m\nred\0"}),
        ("half a surrogate pair", {"greeting": "?"}),
        ("version 2", {"name": "Ada", "display_name": "", "lorebook": ()}),
        ("letters of all kinds", {"display_name": "Зоя 日本"}),
        (
            "a name of many words",
            {
                "name": "Ada-Augusta-King-Countess-of-Lovelace-xxxxxxxxxx",
                "display_name": "Ada Augusta King, Countess of Lovelace " + "x" * 61,
            },
        ),
        ("version 3", {"name": "Addie", "facts": ("My name is Addie.",)}),
    ],
)
def test_reading_is_lenient(name: str, fields: dict[str, Any]) -> None:
    profile, _ = cards.read(as_json(CARDS[name])).profile()
    assert {key: getattr(profile, key) for key in fields} == fields


def test_facts_are_short_sentences_told_in_the_first_person() -> None:
    card = V1 | {
        "personality": "Kind, brave. I like tea. My dog is old!\n{{char}} sings. I {{user}}.",
        "description": 'I like tea.\nShe said "I am here." I live in a house that is so very big that nobody '
        "has ever counted all its windows. I'm a nurse. W++ [I am]. It rains.",
    }
    profile, _ = cards.read(as_json(card)).profile()
    assert profile.facts == (
        *("My name is Ada.", "I like tea.", "My dog is old!", "I sing.", "I'm a nurse."),
    )


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (CARDS["version 3.1"], "this one says 'chara_card_v3' '3.1'"),
        (CARDS["version 4"], "this one says 'chara_card_v4' '4.0'"),
        (v2() | {"spec_version": 2}, "this one says 'chara_card_v2' 2"),
        (v3() | {"spec_version": "new"}, "'new'"),
        (
            CARDS["our own keys misused"],
            "The attribute 'a b' of the card was left out. The name of an attribute",
        ),
        (CARDS["our own keys misused"], "The arc 'mind' of the card was left out. An arc is of an attribute"),
        (
            v2(description="x" * 50_001),
            "A profile takes 50000 characters of a text; description in the card has more.",
        ),
    ],
)
def test_what_is_doubtful_is_warned_of(card: dict[str, Any], words: str) -> None:
    profile, warnings = cards.read(as_json(card)).profile()
    assert profile.name == "Ada"
    assert words in " ".join(warnings)


def test_only_changed_fields_are_written() -> None:
    card = CARDS["version 2 of SillyTavern"]
    original = cards.read(as_json(card))
    profile = original.profile()[0].changed(greeting="New.", attributes={"style": "lyrical:1.2"}, tags=["z"])
    exported = json.loads(cards.write(profile, "json", original, NOW)[0])
    attributes = {"style": {"aspects": {"lyrical": 1.0}, "weight": 1.2}}
    extensions = card["data"]["extensions"] | {"chatbot/attributes": attributes}
    data = card["data"] | {"first_mes": "New.", "tags": ["z"], "extensions": extensions}
    assert exported == card | {"first_mes": "New.", "tags": ["z"], "data": data}
    assert cards.read(as_json(exported)).profile()[0] == profile


@pytest.mark.parametrize("name", CARDS)
def test_every_change_survives(name: str) -> None:
    original = cards.read(as_json(CARDS[name]))
    changed = Profile.parse(
        {
            "name": "bob",
            "description": "1",
            "facts": [],
            "greeting": "2\n{{user}}",
            "alternate_greetings": ["3"],
            "scenario": "4",
            "example_dialogue": "5",
            "tags": ["6"],
            "attributes": {"mind": "a*3+b:0.5"},
            "arc": {"mind": [[1, 0], [3.5, 2]]},
            "lorebook": [{"keys": ["k"], "content": "7", "priority": 3}],
        }
    )
    for form in cards.FORMATS:
        for profile in (changed, Profile(name="bob"), original.profile()[0].changed(facts=["I am new."])):
            data, _ = cards.write(profile, form, original, NOW)
            assert cards.read(data).profile()[0] == profile


def test_a_changed_early_card_agrees_with_itself() -> None:
    original = cards.read(as_json(CARDS["before version 1"]))
    profile = original.profile()[0].changed(name="bob", greeting="New.")
    exported = json.loads(cards.write(profile, "json", original, NOW)[0])
    assert (exported["char_name"], exported["data"]["name"]) == ("bob", "bob")
    assert (exported["char_greeting"], exported["data"]["first_mes"]) == ("New.", "New.")


def test_a_lorebook_becomes_entries() -> None:
    profile, _ = cards.read(as_json(CARDS["version 2 with a strange lorebook"])).profile()
    assert profile.lorebook == (
        LoreEntry(keys=("a", "b")),
        LoreEntry(keys=("c?",)),
        LoreEntry(keys=("d",), enabled=False, content="x\ny"),
        LoreEntry(),
    )
    profile, _ = cards.read(as_json(CARDS["version 3"])).profile()
    assert profile.lorebook == (LoreEntry(keys=("k",), content=LORE["content"], use_regex=True, order=1),)
    profile, _ = cards.read(as_json(CARDS["version 2 with a lorebook of another shape"])).profile()
    assert profile.lorebook == (LoreEntry(keys=("k",), content=LORE["content"], order=1),)


def test_only_changed_entries_of_a_lorebook_are_written() -> None:
    second = LORE | {"keys": ["sun"], "content": "Hot.", "id": 7}
    card = v2(character_book={**BOOK, "entries": [LORE, second]})
    original = cards.read(as_json(card))
    profile, _ = original.profile()
    sun = profile.lorebook[1].model_copy(update={"content": "Very hot."})
    new = LoreEntry(keys=("star",), secondary_keys=("far",), content="Small.", order=2)

    def book(*entries: LoreEntry) -> Any:
        data = cards.write(profile.changed(lorebook=entries), "json", original, NOW)[0]
        return json.loads(data)["data"]["character_book"]

    assert book(profile.lorebook[0], sun)["entries"] == [LORE, second | {"content": "Very hot."}]
    assert book(sun, new)["entries"][0] == second | {"content": "Very hot."}
    longer = book(new, *profile.lorebook)
    assert longer["entries"][1:] == [LORE, second]
    assert longer["entries"][0] == {
        "extensions": {},
        "keys": ["star"],
        "secondary_keys": ["far"],
        "content": "Small.",
        "comment": "",
        "constant": False,
        "enabled": True,
        "case_sensitive": False,
        "use_regex": False,
        "priority": 0,
        "insertion_order": 2,
        "selective": True,
    }
    assert {key: value for key, value in longer.items() if key != "entries"} == {
        key: value for key, value in BOOK.items() if key != "entries"
    }


def test_an_entry_of_sillytavern_says_there_what_it_said() -> None:
    raw = LORE | {"keys": ["C++", "/so/"], "use_regex": True, "secondary_keys": ["x"]}
    raws = [raw | {"extensions": marks} for marks in ({"display_index": 0, "selectiveLogic": 2}, {}, [])]
    original = cards.read(as_json(v3(character_book={"entries": raws})))
    profile, _ = original.profile()
    assert [(entry.use_regex, entry.secondary_keys) for entry in profile.lorebook] == [
        (False, ("x",)), (True, ("x",)), (True, ("x",))
    ]  # fmt: skip
    edited = [entry.model_copy(update={"content": "New."}) for entry in profile.lorebook]
    again = cards.read(cards.write(profile.changed(lorebook=edited), "json", original, NOW)[0])
    written = [raw | {"content": "New."} for raw in raws]
    assert again.card["data"]["character_book"]["entries"] == written
    assert again.profile()[0].lorebook == tuple(edited)
    assert edited[0].secondary == "none"
    edited = [edited[0].model_copy(update={"secondary": "all"})]
    again = cards.read(cards.write(profile.changed(lorebook=edited), "json", original, NOW)[0])
    marks = {"extensions": {"display_index": 0, "selectiveLogic": 3}}
    assert again.card["data"]["character_book"]["entries"] == [written[0] | marks]


def test_an_entry_of_a_lorebook_keeps_what_only_other_programs_know() -> None:
    moon = LORE | {"secondary_keys": ["night"], "selective": False, "insertion_order": "9", "priority": None}
    raws = [moon, *(LORE | {"keys": [], "content": "", "id": n} for n in range(3))]
    original = cards.read(as_json(v2(character_book={"entries": raws})))
    first, *blanks = original.profile()[0].lorebook
    edited = first.model_copy(update={"content": "Rock."})
    for more in ([], [LoreEntry(keys=("new",))]):
        profile = original.profile()[0].changed(lorebook=(*more, edited, *blanks))
        again = cards.read(cards.write(profile, "json", original, NOW)[0])
        entries = again.card["data"]["character_book"]["entries"]
        assert entries[len(more) :] == [moon | {"content": "Rock."}, *raws[1:]]
        assert again.profile()[0] == profile


def test_a_lorebook_in_the_words_of_sillytavern_is_read_and_written() -> None:
    oslo = {"key": ["Oslo"], "keysecondary": ["rain"], "order": 7}
    bergen = {"keys": ["Bergen"], "disable": True, "extensions": {"case_sensitive": True}}
    original = cards.read(as_json(v2(character_book={"entries": {"0": oslo, "1": bergen}})))
    profile, _ = original.profile()
    assert profile.lorebook == (
        LoreEntry(keys=("Oslo",), secondary_keys=("rain",), order=7),
        LoreEntry(keys=("Bergen",), enabled=False, case_sensitive=True),
    )
    edited = profile.changed(lorebook=[{"keys": ["Voss"], "content": n} for n in "ab"])
    again, _ = cards.read(cards.write(edited, "json", original, NOW)[0]).profile()
    assert again.lorebook == edited.lorebook


def test_a_lorebook_beyond_the_limits_is_used_in_part_and_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lore, "MAX_LORE", 100)
    entries = [{"keys": ["k"], "content": "x" * 48} for _ in range(3)]
    original = cards.read(as_json(v2(character_book={"entries": entries})))
    profile, warnings = original.profile()
    assert len(profile.lorebook) == 2
    assert warnings == [
        "A profile takes 10000 entries and 100 characters of a lorebook; of the card's 3 entries 2 are used."
    ]
    assert json.loads(cards.write(profile, "json", original, NOW)[0]) == original.card
    changed = profile.changed(lorebook=[{"content": "y"}, *profile.lorebook[1:]])
    written = json.loads(cards.write(changed, "json", original, NOW)[0])["data"]["character_book"]
    assert written["entries"] == [entries[0] | {"content": "y", "keys": []}, *entries[1:]]


def test_the_name_of_the_file_is_no_business_of_the_card() -> None:
    original = cards.read(as_json(v2(name="Captain Ahab")))
    profile, _ = original.profile("ahab")
    assert (profile.name, profile.display_name, profile.speaker) == ("ahab", "Captain Ahab", "Captain Ahab")
    assert json.loads(cards.write(profile, "json", original, NOW)[0]) == original.card
    called = profile.changed(display_name="Old Ahab")
    assert json.loads(cards.write(called, "json", original, NOW)[0])["data"]["name"] == "Old Ahab"
    new = json.loads(cards.write(called, "json", None, NOW)[0])
    assert new["data"]["name"] == "Old Ahab"


def test_a_new_card_is_complete() -> None:
    profile = Profile.parse(
        {"name": "bob", "facts": ["I am Bob.", "I nap."], "attributes": {"style": "plain:90%"}}
    )
    extensions = {
        "chatbot/attributes": {"style": {"aspects": {"plain": 1.0}, "strength": 0.9}},
        "chatbot/facts": ["I am Bob.", "I nap."],
    }
    data = {
        **dict.fromkeys(V2_FIELDS, ""),
        "name": "bob",
        "personality": "I am Bob.\nI nap.",
        "alternate_greetings": [],
        "tags": [],
        "extensions": extensions,
    }
    card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    assert json.loads(cards.write(profile, "json", None, NOW)[0]) == card
    dates = {"creation_date": NOW, "modification_date": NOW, "group_only_greetings": []}
    newer = {"spec": "chara_card_v3", "spec_version": "3.0", "data": data | dates}
    picture, _ = cards.write(profile, "png", None, NOW)
    texts = {key: json.loads(base64.b64decode(text)) for key, text in png.texts(picture).items()}
    assert texts == {"chara": card, "ccv3": newer}
    assert json.loads(unpacked(cards.write(profile, "charx", None, NOW)[0])["card.json"]) == newer


def test_every_built_in_persona_survives_every_format() -> None:
    store = ProfileStore(Path("nowhere"))
    for name in store.names():
        profile = store.load(name)
        for form in cards.FORMATS:
            assert cards.read(cards.write(profile, form, None, NOW)[0]).profile() == (profile, [])


def test_the_picture_stays_byte_for_byte() -> None:
    source = png.with_texts(PICTURE, {"chara": base64.b64encode(as_json(v2())).decode()})
    original = cards.read(source)
    data, _ = cards.write(original.profile()[0].changed(greeting="New."), "png", original, NOW)
    assert png.with_texts(data, {"chara": None, "ccv3": None}) == PICTURE
    assert set(png.texts(data)) == {"title", "chara", "ccv3"}


def test_version_3_is_preferred_and_its_copy_for_older_programs_is_simpler() -> None:
    card = CARDS["version 3"]
    data, _ = cards.write(cards.read(as_json(card)).profile()[0], "png", cards.read(as_json(card)), NOW)
    older = json.loads(base64.b64decode(png.texts(data)["chara"]))
    assert older["spec"] == "chara_card_v2"
    assert older["spec_version"] == "2.0"
    assert set(older["data"]) == {*V2_FIELDS, "character_book"}
    assert older["data"]["creator_notes"] == f"For people.\n\n{cards.NOTICE}"
    (entry,) = older["data"]["character_book"]["entries"]
    assert entry["content"] == "The moon is cheese.\n@@not a decorator"
    newer = cards.read(data).card
    assert newer["data"]["character_book"]["entries"][0]["content"] == LORE["content"]
    both = (
        HEAD
        + as_png(v2(name="Old"))[len(HEAD + DATA) : -len(END)]
        + as_png(v3(name="New"), b"ccv3")[len(HEAD) :]
    )
    assert cards.read(both).profile()[0].name == "New"
    empty = png.with_texts(both, {"ccv3": ""})
    assert cards.read(empty).profile()[0].name == "Old"


def test_dates_are_set_unless_withheld() -> None:
    for name, expected in (("version 3", (1, NOW)), ("version 3 with withheld dates", (0, 0))):
        original = cards.read(as_json(CARDS[name]))
        data = json.loads(cards.write(original.profile()[0], "json", original, NOW)[0])["data"]
        assert (data["creation_date"], data["modification_date"]) == expected


def test_version_3_gets_what_it_demands() -> None:
    original = cards.read(as_json(CARDS["version 2 with a lorebook that lacks extensions"]))
    card = json.loads(unpacked(cards.write(original.profile()[0], "charx", original, NOW)[0])["card.json"])
    assert card["data"]["group_only_greetings"] == []
    assert card["data"]["character_book"] == {"extensions": {}, "entries": [LORE | {"use_regex": False}]}


@pytest.mark.parametrize("card", [v2(), v3(assets=[]), v3(assets=None)])
def test_pictures_move_between_png_and_charx(card: dict[str, Any]) -> None:
    original = cards.read(as_png(card))
    profile = original.profile()[0]
    data, warnings = cards.write(profile, "charx", original, NOW)
    assert warnings == []
    assert unpacked(data)["assets/icon/images/main.png"] == HEAD + DATA + END
    boxed = cards.read(data)
    assert boxed.card["data"]["assets"] == [
        {"type": "icon", "uri": "embeded://assets/icon/images/main.png", "name": "main", "ext": "png"}
    ]
    back, warnings = cards.write(profile, "png", boxed, NOW)
    assert warnings == []
    assert cards.read(back).card["data"]["assets"] == [cards.DEFAULT_ICON]
    assert png.with_texts(back, {"chara": None, "ccv3": None}) == HEAD + DATA + END


def test_what_stays_behind_is_told() -> None:
    assets = [
        {"type": "emotion", "uri": "embeded://a/joy.png", "name": "joy", "ext": "png"},
        "odd",
        {"uri": 5},
    ]
    boxed = cards.read(as_charx(v3(assets=assets)))
    for form in ("json", "png"):
        _, warnings = cards.write(boxed.profile()[0], form, boxed, NOW)
        assert warnings == ["This file of the card stays behind: embeded://a/joy.png"]
    assert cards.write(boxed.profile()[0], "charx", boxed, NOW)[1] == []


def test_other_files_in_a_charx_stay() -> None:
    boxed = cards.read(as_charx(v3()))
    data, _ = cards.write(boxed.profile()[0].changed(greeting="New."), "charx", boxed, NOW)
    files = unpacked(data)
    assert files.pop("card.json")
    assert files == {"assets/other/other/x.bin": b"\0\1", "app.json": b"{}"}


def test_a_charx_behind_a_picture_is_read() -> None:
    assert cards.read(b"\xff\xd8\xff\xe0JFIF" + as_charx(v3())).card == v3()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "this is none"),
        (b"\xff\xd8\xff\xe0JFIF", "this is none"),
        (b"RIFF\0\0\0\0WEBP", "this is none"),
        (b"{", "this is none"),
        (b"[" * 200_000, "this is none"),
        (b'{"name": NaN}', "this is none"),
        (b'{"name": 1e999}', "this is none"),
        (b'{"name": ' + b"9" * 5000 + b"}", "this is none"),
        (b"[]", "one JSON object"),
        (b"{}", "has a name, and this object has none"),
        (b'{"spec": "chara_card_v2", "data": 5}', "has a name, and this object has none"),
        (b'{"spec": "lorebook_v3", "data": {"entries": []}}', "this is a lorebook"),
        (PICTURE, "A PNG card has the card in it, and this file has none"),
        (PICTURE[:40], "cut short"),
        (HEAD + chunk(b"tEXt", b"chara\0A") + END, "base64"),
        (HEAD + chunk(b"tEXt", b"chara\0e30=") + END, "has a name"),
        (packed({"other.json": b"{}"}), "A CHARX card has the card in it, and this file has none"),
        (b"PK\x03\x04rubbish", "The CHARX cannot be read"),
    ],
)
def test_what_is_no_card_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(CardError) as caught:
        cards.read(data)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "MAX_JSON", 1000)
    large = v2(description="x" * 1000)
    for data in (as_json(large), as_png(large), as_charx(large)):
        with pytest.raises(CardError, match="at most 1000 bytes"):
            cards.read(data)
    monkeypatch.setattr(cards, "MAX_FILE", 10)
    with pytest.raises(CardError, match="A card file has at most 10 bytes, not 11"):
        cards.read(b"x" * 11)


def test_base64_without_padding_or_with_line_ends_is_read() -> None:
    text = base64.encodebytes(as_json(v2())).rstrip(b"=\n")
    assert cards.read(HEAD + chunk(b"tEXt", b"chara\0" + text) + END).card == v2()
    assert cards.read(json.dumps(v2()).encode("utf-16")).card == v2()


def test_a_name_without_letters_needs_another() -> None:
    card = cards.read(as_json(v2(name="***")))
    with pytest.raises(CardError) as caught:
        card.profile()
    assert (
        str(caught.value)
        == "A profile's name has a letter or a digit, the card's is '***'. Give one: --name."
    )
    profile, _ = card.profile("star")
    assert profile.name == "star"
    assert json.loads(cards.write(profile, "json", card, NOW)[0]) == v2(name="***")


def test_the_store_keeps_the_file_as_it_was(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    card = cards.read(as_png(v3()))
    (tmp_path / "Ada.card.json").write_bytes(b"of a forgotten profile")
    store.save_with_card(card.profile()[0], card.source, card.form)
    assert {path.name for path in tmp_path.iterdir()} == {"Ada.toml", "Ada.card.png", ".lock"}
    assert store.card("ada") == card.source
    large = cards.read(as_png(CARDS["a lorebook of 2 MB"]))
    store.save_with_card(large.profile("large")[0], large.source, large.form)
    assert store.load("large") == large.profile("large")[0]
    assert len(store.load("large").lorebook) == 2000
    exported = cards.write(store.load("large"), "json", cards.read(store.card("large") or b""), NOW)[0]
    assert json.loads(exported) == CARDS["a lorebook of 2 MB"]
    assert store.load("Ada") == card.profile()[0]
    assert store.card("gloomy-poet") is None
