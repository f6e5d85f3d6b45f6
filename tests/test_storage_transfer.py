"""Export and import: JSON loses nothing, a bad document stores nothing, Markdown reads as it was typed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from storage import (
    ConversationManager,
    RefusedValueError,
    StorageError,
    export_file,
    from_json,
    to_json,
    to_markdown,
)

NASTY = "a\0b \x1b[31m\r\n\ttabs\u2028 <b>&amp;</b> 😀 \u202eback \ufffd ends "


@pytest.fixture
def manager() -> Iterator[ConversationManager]:
    with ConversationManager(None) as manager:
        yield manager


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


# --- JSON


def test_a_document_read_back_and_written_again_is_the_same(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    document = to_json(manager, conversation)
    text = json.dumps(document, ensure_ascii=False)
    with ConversationManager(tmp_path / "elsewhere.db") as elsewhere:
        elsewhere.add_message(
            elsewhere.create(profile_name="x", profile={}, model="").id, role="user", text="here before"
        )
        copy = from_json(elsewhere, json.loads(text))
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


def test_the_document_itself(manager: ConversationManager, conversation: str) -> None:
    document = to_json(manager, conversation)
    head = document["conversation"]
    assert (document["format"], document["version"]) == ("chatbot-conversation", 1)
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
        (lambda d: d.update(version=2), "up to version 1, and this one is version 2"),
        (lambda d: d.update(version=True), "'version' must be a whole number; the document has True"),
        (lambda d: d.pop("messages"), "'messages' must be a list; the document has 'nothing'"),
        (lambda d: d.update(messages={}), "'messages' must be a list"),
        (lambda d: d.update(conversation=[]), "'conversation' must be an object"),
        (lambda d: d["messages"].insert(2, "hi"), "message 3 has 'hi'"),
        (set_head("head", 99), "'head' must be the number of one of the messages; the conversation has 99"),
        (set_head("head", None), "'head' must be the number of one of the messages"),
        (set_head("id", "last"), "'id' must be 8 digits and small letters"),
        (set_head("id", "../../x"), "'id' must be 8 digits and small letters"),
        (set_head("title", 5), "'title' must be a text"),
        (set_head("profile", []), "'profile' must be an object"),
        (set_head("visits", 0), "'visits' must be 7 or more|'visits' must be . or more"),
        (set_head("visits", 2**63), "'visits' must be from 0 to"),
        (set_head("created_at", "yesterday"), "'created_at' must be a time with its zone"),
        (set_head("updated_at", "2026-01-02T00:00:00"), "'updated_at' must be a time with its zone"),
        (set_head("updated_at", "0001-01-01T00:00:00+14:00"), "'updated_at' must be a time with its zone"),
        (set_message(2, "number", 1), "'number' must be a number of its own; message 2 has 1"),
        (set_message(3, "parent", 3), "'parent' must be null or the number of an earlier message"),
        (set_message(3, "parent", 6), "message 3 has 6"),
        (set_message(3, "parent", "1"), "'parent' must be a whole number or null; message 3 has '1'"),
        (set_message(4, "position", 1), "'position' must be 0, its place"),
        (set_message(5, "position", 0), "'position' must be 1, its place"),
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


# --- Markdown


def test_markdown_is_the_active_path(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={}, model="tiny").id
    manager.add_message(made, role="narrator", text="Rain.", hidden=True)
    question = manager.add_message(made, role="user", text="Who are you?\nReally?\n\nTell me.")
    first = manager.begin_reply(made, parent_id=question.id)
    manager.finish_reply(first.id, text="A man", state="partial", generation={})
    manager.begin_reply(made, parent_id=question.id)
    manager.select(first.id)
    text = to_markdown(manager, made)
    date = re.escape(f"{manager.get(made).created_at:%Y-%m-%d %H:%M} UTC")
    assert re.sub(date, "DATE", text) == (
        "# Who are you? Really? Tell me.\n\n*with gloomy-poet, model tiny, DATE*\n\n"
        "**Narrator** *(hidden from the model)*\n\nRain.\n\n"
        "**You**\n\nWho are you?\\\nReally?\n\nTell me.\n\n"
        "**gloomy-poet** *(partial, alternative 1 of 2)*\n\nA man\n"
    )


@pytest.mark.parametrize(
    "said",
    [
        "# no heading", "Title\n=====", "Title\n---", "---", "***", "> no quote", "- no list\n- here", "+ a",
        "* b", "1. no list", "2) no list", "    no code", "\tno code", "`code`", "```\nfence\n```", "~~~\nx",
        "*no* _emphasis_ **at** __all__", "[no](http://link)", "![no](http://picture)", "[a]: http://reference",
        "<b>no html</b>", "<script>alert(1)</script>", "<!-- no comment -->", "<http://auto>",
        "&amp; &lt; &#65;",
        "back\\slash \\* \\", "a | b\n--|--\n1 | 2", "two  \nlines", "one\ntwo\nthree", "para\n\npara",
        "~~strike~~",
        "**You**\n\nforged", "snake_case_name 2*3*4", "ends with \\",
    ],
)  # fmt: skip
def test_rendered_markdown_reads_as_it_was_typed(manager: ConversationManager, said: str) -> None:
    """Judged by a Markdown reader that this project did not write."""
    made = manager.create(profile_name="*star*", profile={}, model="").id
    manager.add_message(made, role="user", text=said)
    manager.rename(made, "A *title*")
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = reader.render(to_markdown(manager, made))
    assert html.startswith("<h1>A *title*</h1>\n<p><em>with *star*, model unknown, ")
    body = html.split("<p><strong>You</strong></p>\n", 1)[1]
    lines = (
        body.replace("</p>\n<p>", "\n\n").removeprefix("<p>").removesuffix("</p>\n").replace("<br />\n", "\n")
    )
    assert "<" not in lines  # paragraphs and line breaks, nothing else
    seen = lines.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    expected = "\n".join(line.rstrip() for line in said.split("\n")).replace("\t", " ")
    assert seen.replace("\xa0", " ") == expected


def test_markdown_carries_no_control_characters(manager: ConversationManager) -> None:
    made = manager.create(profile_name="p\x1b[31m", profile={}, model="m\n# x").id
    manager.add_message(made, role="user", text="a\x1b]0;title\x07b\x9b31m\r\nc\0d")
    text = to_markdown(manager, made)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "\n# x" not in text


# --- files


def test_an_export_is_a_new_file_or_none(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    path = export_file(manager, conversation, tmp_path / "talk.JSON")
    assert json.loads(path.read_text(encoding="utf-8")) == to_json(manager, conversation)
    other = export_file(manager, conversation, tmp_path / "talk.txt")
    assert other.read_text(encoding="utf-8") == to_markdown(manager, conversation)
    assert json.loads(
        export_file(manager, conversation, tmp_path / "talk.md", "json").read_text(encoding="utf-8")
    )
    before = other.read_bytes()
    with pytest.raises(RefusedValueError, match="never overwrites a file, and .*talk.txt exists"):
        export_file(manager, conversation, other)
    assert other.read_bytes() == before
    with pytest.raises(StorageError, match="cannot be: No such file or directory"):
        export_file(manager, conversation, tmp_path / "nowhere" / "talk.md")
    with pytest.raises(
        RefusedValueError, match="export format is one of markdown, json, not 'jsn'. Did you mean 'json'"
    ):
        export_file(manager, conversation, tmp_path / "x", "jsn")
    assert not (tmp_path / "x").exists()
