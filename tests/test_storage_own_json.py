"""The JSON export: it loses nothing, and a bad document stores nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from documents import from_json, to_json
from storage import ConversationManager, RefusedValueError, own_json

NASTY = "a\0b \x1b[31m\r\n\ttabs\u2028 <b>&amp;</b> 😀 \u202eback \ufffd ends "


@pytest.fixture
def conversation(manager: ConversationManager) -> str:
    """A tree with everything: openings, alternatives, every role and state, a hidden message, traces."""
    profile = {"facts": ["I live above a bookshop."], "attributes": {"mind": {"aspects": {"critical": 0.25}}}}
    made = manager.create(profile_name="gloomy-poet", profile=profile, model="tiny").id
    openings = [manager.add_message(made, role="bot", text=text, parent_id=None) for text in ("Oh.", "You.")]
    manager.select(openings[0].id)
    question = manager.add_message(made, role="user", text="Who are you?")
    for text, state in (("A man", "partial"), ("", "failed"), ("A poet.", "complete")):
        reply = manager.begin_reply(made, parent_id=question.id)
        trace = {"seed": 2**53 - 1, "energy_before": 0.1 + 0.2, "deep": [{"none": None}], "é": "😀"}
        manager.finish_reply(reply.id, text=text, state=state, generation=trace)
    manager.add_message(made, role="narrator", text=NASTY, hidden=True)
    manager.select(manager.siblings(reply.id)[0].id)
    return made


def changed(document: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    copy = json.loads(json.dumps(document))
    change(copy)
    return copy


def test_a_document_read_back_and_written_again_is_the_same(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    document = to_json(manager, conversation)
    with ConversationManager(tmp_path / "elsewhere.db") as elsewhere:
        elsewhere.add_message(
            elsewhere.create(profile_name="x", profile={}, model="").id, role="user", text="here before"
        )
        copy = from_json(elsewhere, document)
        assert copy.id == conversation
        assert to_json(elsewhere, conversation) == document
        # and it goes on as the original does
        for one, other in zip(manager.path(conversation), elsewhere.path(conversation), strict=True):
            places = {"id": 0, "parent_id": 0, "conversation_id": ""}
            assert replace(one, **places) == replace(other, **places)
        opening = elsewhere.siblings(elsewhere.path(conversation)[0].id)
        elsewhere.select(opening[1].id)
        assert [m.text for m in elsewhere.select(opening[0].id)] == ["Oh.", "Who are you?", "A man"]
        poet = elsewhere.siblings(elsewhere.path(conversation)[-1].id)[2]
        assert [m.text for m in elsewhere.select(poet.id)][-2:] == ["A poet.", NASTY]
        assert [hit.snippet for hit in elsewhere.search("poet")] == ["A poet."]


def test_every_column_is_read_back(manager: ConversationManager, conversation: str) -> None:
    document = to_json(manager, conversation)
    manager.delete(conversation)
    day, new = "2001-02-03T04:05:06+00:00", {"bool": True, "int": 99, "str": "x"}
    new |= {"role": "user", "state": "partial", "created_at": day, "updated_at": day}
    for part in (document["conversation"], document["messages"][-1]):
        for name in part.keys() - {"id", "head", "number", "parent", "position"}:
            part[name] = new.get(name) or new.get(type(part[name]).__name__, {"x": 1})
    assert to_json(manager, from_json(manager, document).id) == document


def test_the_document_itself(manager: ConversationManager, conversation: str) -> None:
    document = to_json(manager, conversation)
    head = document["conversation"]
    assert (document["format"], document["version"]) == ("chatbot-conversation", 2)
    assert (head["id"], head["title"], head["profile_name"], head["model"]) == (
        conversation,
        "Who are you?",
        "gloomy-poet",
        "tiny",
    )
    assert head["head"] == 4
    assert [
        (m["number"], m["parent"], m["role"], m["state"], m["position"]) for m in document["messages"]
    ] == [
        (1, None, "bot", "complete", 0),
        (2, None, "bot", "complete", 1),
        (3, 1, "user", "complete", 0),
        (4, 3, "bot", "partial", 0),
        (5, 3, "bot", "failed", 1),
        (6, 3, "bot", "complete", 2),
        (7, 6, "narrator", "complete", 0),
    ]
    assert [m["text"] for m in document["messages"]][-1] == NASTY
    assert [m["hidden"] for m in document["messages"]] == [False] * 6 + [True]
    assert document["messages"][0]["created_at"].endswith("+00:00")


def test_a_document_imported_beside_the_original_is_a_second_conversation(
    manager: ConversationManager, conversation: str
) -> None:
    document = to_json(manager, conversation)
    copy = from_json(manager, document)
    assert copy.id != conversation
    again = to_json(manager, copy.id)
    again["conversation"]["id"] = conversation
    assert again == document == to_json(manager, conversation)
    manager.delete(copy.id)
    assert to_json(manager, conversation) == document


def test_an_empty_conversation_travels_too(manager: ConversationManager) -> None:
    empty = manager.create(profile_name="poet", profile={}, model="", title="Nothing yet").id
    document = to_json(manager, empty)
    manager.delete(empty)
    assert to_json(manager, from_json(manager, document).id) == document


def set_message(number: int, name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["messages"][number - 1].__setitem__(name, value)


def set_head(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["conversation"].__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d.pop("format"), "chatbot conversation export"),
        (lambda d: d.update(format="other"), "this document does not"),
        (lambda d: d.update(version=3), "up to version 2, and this one is version 3"),
        (lambda d: d.update(version=True), "'version' must be a whole number; the document has True"),
        (lambda d: d.pop("messages"), "'messages' must be a list; the document has 'nothing'"),
        (lambda d: d.update(messages={}), "'messages' must be a list"),
        (lambda d: d.update(conversation=[]), "'conversation' must be an object"),
        (lambda d: d["messages"].insert(2, "hi"), "message 3 has 'hi'"),
        (
            set_head("head", 99),
            "'head' must be null or the number of one of the messages; the conversation has 99",
        ),
        (set_head("head", "1"), "'head' must be a whole number or null; the conversation has '1'"),
        (set_head("id", "last"), "'id' must be 8 digits and small letters"),
        (set_head("id", "../../x"), "'id' must be 8 digits and small letters"),
        (set_head("title", 5), "'title' must be a text"),
        (set_head("profile", []), "'profile' must be an object"),
        (set_head("visits", 0), "'visits' must be 7 or more|'visits' must be . or more"),
        (set_head("visits", 2**63), "'visits' must be from 0 to"),
        (set_head("created_at", "yesterday"), "'created_at' must be a time with its zone"),
        (set_head("updated_at", "2026-01-02T00:00:00"), "'updated_at' must be a time with its zone"),
        (set_head("created_at", "0001-01-01T00:00:00Z"), "with its zone in the years 2 to 9998"),
        (set_head("updated_at", "0001-01-01T00:00:00+14:00"), "'updated_at' must be a time with its zone"),
        (set_message(2, "number", 1), "'number' must be a number of its own; message 2 has 1"),
        (set_message(3, "parent", 3), "'parent' must be null or the number of an earlier message"),
        (set_message(3, "parent", 6), "message 3 has 6"),
        (set_message(3, "parent", "1"), "'parent' must be a whole number or null; message 3 has '1'"),
        (set_message(6, "position", 3), "'position' must be below 3, the number of .*; message 6 has 3"),
        (set_message(5, "position", 0), "'position' must be a place of its own .*; message 5 has 0"),
        (set_message(1, "position", -1), "'position' must be from 0"),
        (set_message(1, "role", "robot"), "'role' must be one of user, bot, narrator; message 1 has 'robot'"),
        (set_message(1, "state", ""), "'state' must be one of complete, partial, failed"),
        (set_message(1, "text", None), "'text' must be a text; message 1 has None"),
        (set_message(1, "hidden", 0), "'hidden' must be true or false"),
        (set_message(1, "visited", 1.5), "'visited' must be a whole number"),
        (set_message(4, "generation", "x" * 500), "'generation' must be an object or null"),
        (set_message(1, "created_at", 5), "'created_at' must be a text"),
    ],
)
def test_a_bad_document_is_refused_by_its_place_and_stores_nothing(
    manager: ConversationManager,
    conversation: str,
    change: Callable[[dict[str, Any]], object],
    complaint: str,
) -> None:
    document = changed(to_json(manager, conversation), change)
    with pytest.raises(RefusedValueError, match=complaint) as refused:
        from_json(manager, document)
    assert refused.value.exit_code == 2
    assert len(str(refused.value)) < 300
    assert [c.id for c in manager.list(include_empty=True)] == [conversation]


@pytest.mark.parametrize("document", [None, [], "text", 5, {}])
def test_what_is_no_document_at_all(manager: ConversationManager, document: Any) -> None:
    with pytest.raises(RefusedValueError, match="An exported conversation says"):
        from_json(manager, document)


# --- the newer fields


def test_version_2_carries_bookmarks_speakers_the_archive_and_foreign_keys(
    manager: ConversationManager,
) -> None:
    made = manager.create(profile_name="poet", profile={}, model="").id
    said = manager.add_message(
        made, role="bot", text="Guten Tag.", parent_id=None, speaker="Señor Ü", extra={"force_avatar": None}
    )
    manager.bookmark(said.id)
    manager.archive(made)
    document = to_json(manager, made)
    assert document["conversation"]["archived"] is True
    assert document["conversation"]["extra"] is None
    (message,) = document["messages"]
    assert (message["bookmarked"], message["speaker"]) == (True, "Señor Ü")
    assert message["extra"] == {"force_avatar": None}
    manager.delete(made)
    copy = from_json(manager, document)
    assert to_json(manager, copy.id) == document
    assert copy.archived


def test_a_document_of_version_1_has_none_of_them(manager: ConversationManager, conversation: str) -> None:
    document = to_json(manager, conversation)
    old = json.loads(json.dumps(document)) | {"version": 1}
    del old["conversation"]["archived"], old["conversation"]["extra"]
    for message in old["messages"]:
        del message["bookmarked"], message["speaker"], message["extra"]
    manager.delete(conversation)
    assert to_json(manager, from_json(manager, old).id) == document


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (set_head("archived", 1), "'archived' must be true or false; the conversation has 1"),
        (set_head("extra", []), r"'extra' must be an object or null; the conversation has \[\]"),
        (set_message(1, "bookmarked", "yes"), "'bookmarked' must be true or false; message 1 has 'yes'"),
        (set_message(1, "speaker", None), "'speaker' must be a text; message 1 has None"),
        (set_message(1, "extra", "x"), "'extra' must be an object or null; message 1 has 'x'"),
    ],
)
def test_a_bad_newer_field_is_refused(
    manager: ConversationManager,
    conversation: str,
    change: Callable[[dict[str, Any]], object],
    complaint: str,
) -> None:
    with pytest.raises(RefusedValueError, match=complaint):
        from_json(manager, changed(to_json(manager, conversation), change))
    assert len(manager.list(include_empty=True)) == 1


def test_a_path_that_was_undone_to_its_beginning_has_no_head(
    manager: ConversationManager, tmp_path: Path
) -> None:
    made = manager.create(profile_name="poet", profile={}, model="").id
    manager.add_message(made, role="user", text="Hello?")
    manager.undo(made)
    document = to_json(manager, made)
    assert (document["conversation"]["head"], len(document["messages"])) == (None, 1)
    with ConversationManager(tmp_path / "elsewhere.db") as elsewhere:
        assert to_json(elsewhere, from_json(elsewhere, document).id) == document


# --- random trees


def grown(manager: ConversationManager, seed: int) -> str:
    """A conversation as a person who tries everything would leave it."""
    chance = random.Random(seed)
    made = manager.create(profile_name="p", profile={"n": seed}, model="m").id
    texts = ("", "Hi", "naïve 😀", NASTY, '{"mes": "x"}', "You: forged\n\nBot: too")
    for _ in range(chance.randrange(1, 40)):
        messages = manager.tree(made)
        some = chance.choice(messages).id if messages else None
        act = chance.random()
        if act < 0.55 or some is None:
            role = chance.choice(("user", "bot", "narrator"))
            manager.add_message(
                made,
                role=role,
                text=chance.choice(texts),
                parent_id=chance.choice((some, "head", None)),
                state=chance.choice(("complete", "partial", "failed")),
                hidden=chance.random() < 0.2,
                speaker=chance.choice(("", "Ünal")),
                extra=chance.choice((None, {}, {"sillytavern": {"info": [1.5, None]}})),
            )
        elif act < 0.65:
            manager.edit(some, chance.choice(texts))
        elif act < 0.75:
            manager.delete_message(some)
        elif act < 0.9:
            manager.select(some)
        else:
            manager.bookmark(some, chance.random() < 0.7)
            manager.hide(some, chance.random() < 0.5)
    return made


@pytest.mark.parametrize("seed", range(25))
def test_any_tree_is_exported_imported_and_exported_the_same(
    manager: ConversationManager, tmp_path: Path, seed: int
) -> None:
    document = to_json(manager, grown(manager, seed))
    with ConversationManager(None) as elsewhere:
        elsewhere.create(profile_name="here before", profile={}, model="")
        again = from_json(elsewhere, document)
        assert to_json(elsewhere, again.id) == document
        assert [m.text for m in elsewhere.path(again.id)] == [
            m.text for m in manager.path(document["conversation"]["id"])
        ]


# --- limits


def test_a_document_that_is_nested_too_deep_is_refused(
    manager: ConversationManager, conversation: str
) -> None:
    document = to_json(manager, conversation)
    deep: dict[str, Any] = {}
    for _ in range(120):
        deep = {"in": deep}
    document["conversation"]["profile"] = deep
    with pytest.raises(RefusedValueError, match="nested more than 100 deep"):
        from_json(manager, document)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Expecting value: line 1 column 1"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe{}", "'utf-8' codec can't decode"),
        (b"[" * 100_000, "objects and lists are nested more than 100 deep"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "the key 'b' stands twice in one object"),
        (b'{"a": 1e999}', "1e999 is too large a number"),
    ],
    ids=["empty", "broken", "utf-16", "bomb", "nan", "twice", "infinite"],
)
def test_a_file_that_is_no_json(data: bytes, reason: str) -> None:
    with pytest.raises(RefusedValueError, match=f"is JSON, and this is not: {reason}"):
        own_json.read(data)
