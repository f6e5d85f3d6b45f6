"""SillyTavern chats: every dialect is read, and what was read is written again as it was, key by key."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import to_json
from storage import ConversationManager, Message, Reading, RefusedValueError, sillytavern, transfer
from storage.branches import Tree
from storage.foreign import Origin

pytestmark = pytest.mark.usefixtures("utc")

OLD = {"user_name": "Zoë", "character_name": "Élise 🌙", "create_date": "2023-6-19 @14h 20m 01s 5ms",
       "chat_metadata": {"note_prompt": "", "note_depth": 4, "variables": {"mood": "grey"}}}  # fmt: skip
NEW = {"chat_metadata": {"integrity": "0b9a6bd0-7b3c-4f63-9d3a-000000000000", "tainted": True},
       "user_name": "unused", "character_name": "unused"}  # fmt: skip


def said(name: str, mes: Any, *, user: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "is_user": user, "is_system": False, "send_date": "2025-03-01T10:20:30.456Z",
            "mes": mes, "extra": {}, **more}  # fmt: skip


def info(second: int, **extra: Any) -> dict[str, Any]:
    moment = f"2025-03-01T10:20:{second}.000Z"
    return {"send_date": moment, "gen_started": moment, "gen_finished": None, "extra": extra}


CHATS: dict[str, list[dict[str, Any]]] = {
    "old header, English dates": [
        OLD,
        {"name": "Élise 🌙", "is_user": False, "is_name": True, "send_date": "June 19, 2023 2:20pm",
         "mes": "*waves* 你好", "force_avatar": "img/ai4.png"},
        {"name": "Zoë", "is_user": True, "is_name": True, "send_date": "June 19, 2023 2:21pm", "mes": "Hi!"},
    ],
    "new header, swipes": [
        NEW,
        said("Élise 🌙", "Hello.", swipes=["Hello.", "Go away.", "…"], swipe_id=0, swipe_info=[]),
        said("Zoë", "Who are you?", user=True, extra={"isSmallSys": False, "token_count": 4}),
        said("Élise 🌙", "A poet.", swipes=["A man", "A poet.", ""], swipe_id=1, gen_started=None,
             swipe_info=[info(31, api="x"), info(32, model="m", token_count=7), info(33)],
             extra={"model": "m", "reasoning": "Well.", "image_swipes": ["a.png"]}),
    ],
    "no header, group chat": [
        said("Ann", "One.", original_avatar="ann.png", force_avatar="/thumb?ann.png"),
        said("Bo", "Two.", original_avatar="bo.png", extra={"gen_id": 1718600000000}),
        said("Bo", "Three.", original_avatar="bo.png"),
        said("Zoë", "Four.", user=True),
    ],
    "hidden, narrated, commented": [
        NEW,
        said("Zoë", "Secret.", user=True, is_system=True),
        said("System", "Night falls.", extra={"type": "narrator", "isSmallSys": True}, swipes_info=[{}]),
        said("Note", "remember this", is_system=True, extra={"type": "comment"}),
        said("SillyTavern System", "Group joined", is_system=True, extra={"bookmark_link": "Branch #1"}),
        said("Élise 🌙", "Yes."),
    ],
    "Chub": [
        {"user_name": "Anon", "character_name": "Élise 🌙"},
        {"name": "Élise 🌙", "is_user": False, "send_date": 1718600000123, "mes": {"message": "Hm?", "id": 5},
         "swipes": [{"message": "Hm?", "id": 5}, {"message": "Oh."}, "plain"], "swipe_id": 0},
        {"name": "Anon", "is_user": True, "send_date": "1718600001123", "mes": {"message": "Hi"}},
    ],
    "dates of every kind": [
        {**NEW, "create_date": 1718600000000},
        said("A", "a", send_date=1718600000000), said("A", "b", send_date="2024-7-12@01h31m37s"),
        said("A", "c", send_date="2024-07-12@01h31m37s123ms"), said("A", "d", send_date=None),
        said("A", "e", send_date="2024-7-15 @14h 56m 50s 682ms"), said("A", "f", send_date="the day after"),
        said("A", "g", send_date=""), said("A", "h", send_date=17.5),
    ],
    "swipe_id out of range, missing, no number": [
        said("A", "one", swipes=["one", "two"], swipe_id=7), said("A", "one", swipes=["one", "two"]),
        said("A", "one", swipes=["one", "two"], swipe_id="1"), said("A", "x", swipes=["x"], swipe_id=None),
        said("A", "one", swipes=["one", "two"], swipe_id=-1), said("A", "one", swipes=["one"], swipe_id=True),
        said("A", "no swipes", swipe_id=3), said("A", "empty", swipes=[], swipe_id=0, swipe_info=[]),
    ],
    "the text is none of the swipes": [
        NEW, said("A", "edited", swipes=["one", "two"], swipe_id=1, swipe_info=[info(40), info(41)]),
        said("A", "edited", swipes=["one", "two"], swipe_id=5),
    ],
    "lengths that differ, values of other kinds": [
        said("A", "x", swipes=["x", "y"], swipe_id=0, swipe_info=[info(40), info(41), info(42)]),
        said("A", "x", swipes=["x", "y", "z"], swipe_id=2, swipe_info=[info(40)]),
        said("A", "z", swipes=["x", "y", "z"], swipe_id=2, swipe_info={"0": None}),
        said("A", "z", swipes="x", swipe_info=None, swipe_id=1),
        said("A", "x", swipes=["x", None, 5, ["y"]], swipe_id=0, swipe_info=[None, "x", 3]),
    ],
    "missing and unknown fields": [
        {"mes": "alone"}, {"name": "A"}, {"is_user": True, "mes": None, "what": {"is": [1, 2.5, "😀"]}},
        {"name": 5, "is_user": "yes", "mes": 12, "is_system": "true"}, {"mes": ["list"], "extra": []},
        {"swipes": ["b", "c"], "swipe_id": 1}, {"mes": {"text": "no message"}, "title": None, "extra": None},
    ],
}  # fmt: skip


def lines(values: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values).encode()


def brought(manager: ConversationManager, data: bytes, name: str = "chat.jsonl", **names: str) -> Reading:
    return transfer.store(manager, transfer.read(data, name, **names))


def written(manager: ConversationManager, conversation_id: str) -> list[dict[str, Any]]:
    text = transfer.exported(manager, conversation_id, "sillytavern")
    assert not text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")]


def spoken(messages: list[Message]) -> list[tuple[str, str, str]]:
    return [(message.role, message.speaker, message.text) for message in messages]


# --- round trips


@pytest.mark.parametrize("chat", CHATS.values(), ids=list(CHATS))
def test_import_and_export_again_gives_the_same_lines(
    manager: ConversationManager, chat: list[dict[str, Any]]
) -> None:
    reading = brought(manager, lines(chat))
    assert (reading.form, reading.unreadable, reading.warnings) == ("sillytavern", 0, ())
    assert written(manager, reading.conversation.id) == chat
    # ... and even the keys in their order
    assert transfer.exported(manager, reading.conversation.id, "sillytavern").encode() == lines(chat)
    listed = brought(manager, json.dumps(chat, indent=2).encode())  # as other programs write them
    assert (listed.unreadable, written(manager, listed.conversation.id)) == (0, chat)


@pytest.mark.parametrize("chat", CHATS.values(), ids=list(CHATS))
def test_it_travels_through_our_own_json_unharmed(
    manager: ConversationManager, chat: list[dict[str, Any]]
) -> None:
    document = to_json(manager, brought(manager, lines(chat)).conversation.id)
    data = json.dumps(document).encode()
    manager.delete(document["conversation"]["id"])
    assert written(manager, brought(manager, data, "x.json").conversation.id) == chat


@pytest.mark.parametrize("chat", CHATS.values(), ids=list(CHATS))
def test_another_swipe_chosen_and_chosen_back_gives_the_same_lines(
    manager: ConversationManager, chat: list[dict[str, Any]]
) -> None:
    made = brought(manager, lines(chat)).conversation.id
    for message in manager.path(made):
        for other in manager.siblings(message.id):
            manager.select(other.id)
            written(manager, made)
        manager.select(message.id)
    assert written(manager, made) == chat


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)  # halves of letters cannot be stored
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner), max_leaves=6
)
SAYINGS = TEXTS | st.fixed_dictionaries({"message": TEXTS}, optional={"id": VALUES}) | VALUES
LINES = st.fixed_dictionaries(
    {"mes": SAYINGS},
    optional={
        "name": TEXTS | VALUES,
        "is_user": st.booleans() | VALUES,
        "is_system": st.booleans() | VALUES,
        "send_date": TEXTS | st.integers(0, 2**42) | VALUES,
        "extra": st.fixed_dictionaries({}, optional={"type": st.just("narrator") | VALUES}) | VALUES,
        "swipes": st.lists(SAYINGS, max_size=4) | VALUES,
        "swipe_id": st.integers(-1, 5) | VALUES,
        "swipe_info": st.lists(st.fixed_dictionaries({}, optional={"send_date": TEXTS}) | VALUES) | VALUES,
        "anything": VALUES,
    },
)


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES, min_size=1, max_size=4), st.booleans())
def test_whatever_stands_in_the_lines_comes_out_again(chat: list[dict[str, Any]], headed: bool) -> None:
    chat = [NEW, *chat] if headed else chat
    reading = sillytavern.read(lines(chat), Origin())
    assert reading.unreadable == 0
    text = sillytavern.write(Tree(reading.conversation, reading.messages))
    assert [json.loads(line) for line in text.split("\n")] == chat


def test_bom_blank_lines_windows_line_ends_and_a_broken_last_line(manager: ConversationManager) -> None:
    chat = CHATS["new header, swipes"]
    data = b"\xef\xbb\xbf" + lines(chat).replace(b"\n", b"\r\n\r\n") + b'\r\n{"name": "Zo\xc3'
    reading = brought(manager, data)
    assert reading.unreadable == 1
    assert reading.warnings == (
        "Line 8 is no message that can be read and left out; everything else is there.",
    )
    assert written(manager, reading.conversation.id) == chat


def test_of_a_key_that_a_line_has_twice_the_last_counts(manager: ConversationManager) -> None:
    reading = brought(manager, b'{"name": "Ann", "is_user": false, "mes": "One.", "mes": "Two."}')
    assert [message.text for message in reading.messages] == ["Two."]


@pytest.mark.parametrize(
    "broken",
    [
        b'{"mes": "a', b"garbage", b"\xff\xfe\x00", b"5", b'["mes"]', b'{"note": "neither name nor text"}',
        b'{"mes": NaN}', b'{"mes": "x", "extra": ' + b"[" * 50_000, b'{"mes": "x", "n": 1e999}',
        b'{"mes": "x", "deep": ' + b'{"a":' * 70 + b"1" + b"}" * 71, b'{"mes": 1' + b"0" * 5000 + b"}",
    ],
    ids=["cut", "garbage", "bytes", "number", "list", "other", "nan", "bomb", "infinite", "deep", "long"],
)  # fmt: skip
def test_a_line_that_cannot_be_read_never_costs_the_chat(manager: ConversationManager, broken: bytes) -> None:
    chat = CHATS["no header, group chat"]
    whole = lines(chat).split(b"\n")
    for place in range(len(whole) + 1):
        data = b"\n".join([*whole[:place], broken, *whole[place:]])
        reading = brought(manager, data)
        assert reading.unreadable == 1
        assert f"Line {place + 1} is" in reading.warnings[0]
        assert written(manager, reading.conversation.id) == chat


def test_many_broken_lines_are_counted(manager: ConversationManager) -> None:
    data = b"\n".join([lines(CHATS["Chub"])] + [b"{"] * 12)
    (warning,) = brought(manager, data).warnings
    assert warning.startswith("12 lines (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, ...) are no message")


def test_a_header_that_was_cut_off_loses_only_itself(manager: ConversationManager) -> None:
    data = b'{"user_name": "Zo\n' + lines(CHATS["new header, swipes"][1:])
    made = brought(manager, data).conversation
    assert len(manager.path(made.id)) == 3
    assert made.extra is not None
    assert (made.extra["user_name"], made.extra["character_name"]) == ("Zoë", "Élise 🌙")


@pytest.mark.parametrize("data", [b"", b"\n\n", lines([NEW]), b'{"mes": "x"', b"\xff\xfe\x00\x00", b"{}\n{}"])
def test_a_file_without_a_message_is_refused(manager: ConversationManager, data: bytes) -> None:
    with pytest.raises(RefusedValueError, match="A SillyTavern chat has one JSON object a line") as refused:
        brought(manager, data)
    assert refused.value.exit_code == 2
    assert manager.list(include_empty=True) == []


# --- what becomes of it here


def test_swipes_are_alternatives_and_the_active_one_is_on_the_path(manager: ConversationManager) -> None:
    made = brought(manager, lines(CHATS["new header, swipes"])).conversation.id
    path = manager.path(made)
    assert spoken(path) == [("bot", "", "Hello."), ("user", "", "Who are you?"), ("bot", "", "A poet.")]
    assert [m.text for m in manager.siblings(path[2].id)] == ["A man", "A poet.", ""]
    assert [m.created_at.second for m in manager.siblings(path[2].id)] == [31, 32, 33]
    assert [m.text for m in manager.siblings(path[0].id)] == ["Hello.", "Go away.", "…"]
    assert [hit.snippet for hit in manager.search("go away")] == ["Go away."]
    # stepping to another greeting and back comes back to the end of the chat
    manager.select(manager.siblings(path[0].id)[1].id)
    assert [m.text for m in manager.select(path[0].id)] == ["Hello.", "Who are you?", "A poet."]


def test_hidden_and_narrated_lines(manager: ConversationManager) -> None:
    made = brought(manager, lines(CHATS["hidden, narrated, commented"])).conversation
    assert [(m.role, m.speaker, m.hidden) for m in manager.path(made.id)] == [
        ("user", "", True),
        ("narrator", "System", False),
        ("narrator", "Note", True),
        ("bot", "SillyTavern System", True),
        ("bot", "", False),
    ]
    assert made.profile_name == "Élise 🌙"


def test_names_come_from_the_messages_and_the_most_frequent_speaker_is_the_character(
    manager: ConversationManager,
) -> None:
    made = brought(manager, lines(CHATS["no header, group chat"])).conversation
    assert (made.profile_name, made.profile) == ("Bo", {"name": "Bo"})
    assert [m.speaker for m in manager.path(made.id)] == ["Ann", "", "", ""]
    other = brought(manager, lines(CHATS["no header, group chat"]), character="Ann").conversation
    assert [m.speaker for m in manager.path(other.id)] == ["", "Bo", "Bo", ""]


def test_the_user_can_be_named_where_the_file_does_not_say_who_it_is(manager: ConversationManager) -> None:
    chat = [{"name": "Ann", "mes": "Hello"}, {"name": "Zoë", "mes": "Hi"}]
    made = brought(manager, lines(chat), user="Zoë").conversation
    assert spoken(manager.path(made.id)) == [("bot", "", "Hello"), ("user", "", "Hi")]
    assert written(manager, made.id) == chat


@pytest.mark.parametrize(
    ("is_user", "ada", "bob"),
    [
        ({}, "user", "bot"),
        ({"is_user": None}, "user", "bot"),
        ({"is_user": 1}, "user", "user"),
        ({"is_user": "true"}, "user", "user"),
        ({"is_user": True}, "user", "user"),
        ({"is_user": False}, "bot", "bot"),
        ({"is_user": 0}, "bot", "bot"),
        ({"is_user": "false"}, "bot", "bot"),
        ({"is_user": {}}, "bot", "bot"),
    ],
)
def test_a_line_is_the_users_by_its_mark_or_else_by_the_name_in_the_header(
    manager: ConversationManager, is_user: dict[str, Any], ada: str, bob: str
) -> None:
    header = {"user_name": "Ada", "character_name": "Bob"}
    chat = [header, {"name": "Bob", **is_user, "mes": "Hi"}, {"name": "Ada", **is_user, "mes": "Hello"}]
    made = brought(manager, lines(chat)).conversation
    assert [message.role for message in manager.path(made.id)] == [bob, ada]
    assert written(manager, made.id) == chat
    nobody = brought(manager, lines([NEW, *chat[1:]])).conversation
    assert [message.role for message in manager.path(nobody.id)] == [bob, bob]
    named = brought(manager, lines(chat), user="Bob").conversation
    assert manager.path(named.id)[0].role == ("user" if is_user in ({}, {"is_user": None}) else bob)


def test_times_go_on_from_the_message_before_where_they_cannot_be_read(manager: ConversationManager) -> None:
    made = brought(manager, lines(CHATS["dates of every kind"])).conversation
    moments = [f"{m.created_at:%Y-%m-%d %H:%M:%S.%f}"[:-3] for m in manager.path(made.id)]
    assert moments == [
        "2024-06-17 04:53:20.000",
        "2024-07-12 01:31:37.000",
        "2024-07-12 01:31:37.123",
        "2024-07-12 01:31:37.123",
        "2024-07-15 14:56:50.682",
        "2024-07-15 14:56:50.682",
        "2024-07-15 14:56:50.682",
        "1970-01-01 00:00:00.017",
    ]
    assert f"{made.created_at:%Y-%m-%d %H:%M:%S}" == "2024-06-17 04:53:20"
    assert f"{made.updated_at:%Y-%m-%d %H:%M:%S}" == "2024-07-15 14:56:50"


def test_a_text_that_is_none_of_the_swipes_is_an_alternative_too(manager: ConversationManager) -> None:
    chat = CHATS["the text is none of the swipes"]
    made = brought(manager, lines(chat)).conversation.id
    path = manager.path(made)
    assert [m.text for m in path] == ["edited", "edited"]
    assert [m.text for m in manager.siblings(path[1].id)] == ["one", "two", "edited"]
    manager.select(manager.siblings(path[1].id)[1].id)
    assert written(manager, made)[2]["swipes"] == ["one", "two", "edited"]
    assert written(manager, made)[2]["swipe_id"] == 1


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("A rainy evening.jsonl", "A rainy evening"),
        ("Élise 🌙 - 2025-03-01@10h20m30s.jsonl", "Who are you?"),
        ("Élise - 2023-6-19 @14h 20m 01s 5ms imported.jsonl", "Who are you?"),
        ("", "Who are you?"),
    ],
)
def test_the_title(manager: ConversationManager, name: str, title: str) -> None:
    assert brought(manager, lines(CHATS["new header, swipes"]), name).conversation.title == title


# --- what was added here


def test_a_chat_of_ours_follows_the_newest_dialect(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={}, model="embedded").id
    manager.add_message(made, role="narrator", text="Rain.", hidden=True)
    question = manager.add_message(made, role="user", text="Who are you?")
    for text in ("A man", "A poet.\n"):
        reply = manager.begin_reply(made, parent_id=question.id)
        manager.finish_reply(reply.id, text=text, state="complete", generation={"tokens": 3, "seed": 1})
    manager.select(manager.siblings(reply.id)[0].id)
    rain, asked, first = manager.path(made)
    dates = [f"{m.created_at.isoformat(timespec='milliseconds')[:-6]}Z" for m in (rain, asked, first, reply)]
    by = {"api": "chatbot", "model": "embedded", "token_count": 3}
    assert written(manager, made) == [
        {"chat_metadata": {}, "user_name": "unused", "character_name": "unused"},
        {"name": "Narrator", "is_user": False, "is_system": True, "send_date": dates[0], "mes": "Rain.",
         "extra": {"type": "narrator"}},
        {"name": "You", "is_user": True, "is_system": False, "send_date": dates[1], "mes": "Who are you?",
         "extra": {}},
        {"name": "gloomy-poet", "is_user": False, "is_system": False, "send_date": dates[2], "mes": "A man",
         "extra": by, "swipe_id": 0, "swipes": ["A man", "A poet.\n"],
         "swipe_info": [{"send_date": dates[2], "extra": by}, {"send_date": dates[3], "extra": by}]},
    ]  # fmt: skip
    lines_again = transfer.exported(manager, made, "sillytavern", user_name="Zoë").encode()
    copied = brought(manager, lines_again).conversation
    assert spoken(manager.path(copied.id)) == [
        ("narrator", "", "Rain."),
        ("user", "", "Who are you?"),
        ("bot", "", "A man"),
    ]
    assert [m.hidden for m in manager.path(copied.id)] == [True, False, False]
    assert transfer.exported(manager, copied.id, "sillytavern").encode() == lines_again


@pytest.mark.parametrize(
    ("about", "note"),
    [({"note_prompt": "It is late.", "note_interval": 1}, "It is late."),
     ({"note_prompt": "It is late.", "note_interval": 0}, None),  # switched off there
     ({"note_prompt": ["x"]}, None)],
)  # fmt: skip
def test_note_and_scenario_come_in_and_go_out(
    manager: ConversationManager, about: dict[str, Any], note: str | None
) -> None:
    header = {**NEW, "chat_metadata": {"tainted": True, "scenario": "A train.", **about}}
    chat = [header, said("Ann", "Hi.")]
    conversation = brought(manager, lines(chat)).conversation
    extra = conversation.extra or {}
    assert (extra.get("note"), extra.get("scenario")) == (note, "A train.")
    assert written(manager, conversation.id) == chat
    manager.direct(conversation.id, {"note": "Dawn.", "scenario": ""})
    told = {**header["chat_metadata"], "note_prompt": "Dawn.", "scenario": ""}
    if "note_interval" in about:
        told["note_interval"] = 1
    assert written(manager, conversation.id)[0] == {**header, "chat_metadata": told}


def test_a_chat_without_a_header_gets_one_for_its_note(manager: ConversationManager) -> None:
    conversation = brought(manager, lines([said("Ann", "Hi.")])).conversation
    manager.direct(conversation.id, {"note": "Dawn."})
    header = {"chat_metadata": {"note_prompt": "Dawn."}, "user_name": "unused", "character_name": "unused"}
    assert written(manager, conversation.id) == [header, said("Ann", "Hi.")]


def test_an_imported_chat_that_goes_on_keeps_its_names_and_its_old_lines(
    manager: ConversationManager,
) -> None:
    chat = CHATS["new header, swipes"]
    reading = transfer.store(manager, transfer.read(lines(chat)), {"name": "Élise", "facts": []})
    made = reading.conversation
    assert (made.profile_name, made.profile) == ("Élise", {"name": "Élise", "facts": []})
    reply = manager.path(made.id)[2]
    assert reply.parent_id is not None
    another = manager.begin_reply(made.id, parent_id=reply.parent_id)
    manager.finish_reply(another.id, text="A gull.", state="complete", generation={})
    manager.add_message(made.id, role="user", text="Really?")
    *old, last, new = written(manager, made.id)
    assert old == chat[:3]
    assert (new["name"], new["is_user"], new["mes"]) == ("Zoë", True, "Really?")
    assert (last["name"], last["mes"], last["swipe_id"]) == ("Élise 🌙", "A gull.", 3)
    assert last["swipes"] == [*chat[3]["swipes"], "A gull."]
    assert last["swipe_info"][:3] == chat[3]["swipe_info"]
    assert last["swipe_info"][3]["extra"] == {"api": "chatbot", "model": ""}
    manager.select(manager.siblings(reply.id)[0].id)
    chosen = written(manager, made.id)[3]
    assert {key: chosen[key] for key in ("mes", "swipe_id", *info(31))} == {
        "mes": "A man", "swipe_id": 0, **info(31, api="x")
    }  # fmt: skip


def test_hiding_and_showing_here_is_is_system_there(manager: ConversationManager) -> None:
    chat = CHATS["hidden, narrated, commented"]
    made = brought(manager, lines(chat)).conversation.id
    path = manager.path(made)
    manager.hide(path[0].id, False)
    manager.hide(path[4].id)
    expected = copy.deepcopy(chat)
    expected[1]["is_system"], expected[5]["is_system"] = False, True
    assert written(manager, made) == expected


def test_edits_deletions_and_forks_of_an_imported_chat(manager: ConversationManager) -> None:
    chat = CHATS["new header, swipes"]
    made = brought(manager, lines(chat)).conversation.id
    path = manager.path(made)
    fork = written(manager, manager.fork(path[2].id).id)
    assert fork[3] == chat[3] | {
        "swipes": ["A poet."], "swipe_id": 0, "swipe_info": [chat[3]["swipe_info"][1]]
    }  # fmt: skip
    apart = brought(manager, lines(CHATS["the text is none of the swipes"])).conversation.id
    alone = written(manager, manager.fork(manager.path(apart)[0].id).id)[1]
    assert (alone["mes"], "swipes" in alone) == ("edited", False)
    manager.edit(path[1].id, "Who?")
    edited = written(manager, made)[2]
    assert (edited["mes"], edited["swipes"], edited["swipe_id"]) == ("Who?", ["Who are you?", "Who?"], 1)
    manager.select(path[1].id)
    manager.delete_message(path[2].id)
    assert {m.text for m in manager.tree(made)} >= {"A man", ""}
    assert "A poet." not in transfer.exported(manager, made, "sillytavern")


@pytest.mark.parametrize(
    "extra",
    [
        {"sillytavern": "x"}, {"sillytavern": {"line": 5, "swipe": 7, "mes": [], "info": "x", "apart": 3}},
        {"sillytavern": {"swipe": {"object": 5}, "chosen": {}}}, {"sillytavern": {"apart": True}}, {"x": 1},
        {"sillytavern": {"line": {"swipe_info": "x", "is_system": []}, "swipe": {"raw": [None]}}},
    ],
)  # fmt: skip
def test_foreign_keys_of_any_shape_can_be_written(
    manager: ConversationManager, extra: dict[str, Any]
) -> None:
    """`extra` may come from a JSON document that anybody wrote."""
    made = manager.create(profile_name="p", profile={}, model="").id
    for parent in (None, None, "head"):
        manager.add_message(made, role="bot", text="x", parent_id=parent, extra=extra)
    document = to_json(manager, made)
    document["conversation"] |= {"extra": {**extra, "user_name": 5, "character_name": ["x"]}}
    copied = brought(manager, json.dumps(document).encode()).conversation
    assert written(manager, copied.id)
    assert transfer.exported(manager, copied.id, "text")
