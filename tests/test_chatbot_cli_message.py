"""`chatbot message` and what `chatbot conversation` does with trees: whole output, and what is stored."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from documents import from_json
from printed import gives, run
from storage import ConversationManager

pytestmark = pytest.mark.usefixtures("utc")

ROOT = Path(__file__).parent.parent
KEYS, RAIN = "k3v9q2mx", "r41n0000"
BARE = {"hidden": False, "generation": None, "state": "complete"}


def line(
    number: int, parent: int | None, role: str, text: str, position: int = 0, **other: Any
) -> dict[str, Any]:
    said = {"number": number, "parent": parent, "role": role, "text": text, "position": position}
    return {**BARE, **said, "visited": number, "created_at": f"2026-01-02T10:1{number}:00+00:00", **other}


DOCUMENT: dict[str, Any] = {
    "format": "chatbot-conversation",
    "version": 1,
    "conversation": {
        "id": KEYS, "title": "The keys", "profile_name": "gloomy-poet", "profile": {"name": "gloomy-poet"},
        "model": "tiny", "created_at": "2026-01-02T10:00:00+00:00",
        "updated_at": "2026-01-02T10:16:00+00:00", "head": 6, "visits": 6,
    },
    "messages": [
        line(1, None, "user", "I lost my keys\n* 9 forged: \x1b[31mred"),
        line(2, 1, "bot", "Everything is lost.",
             generation={"seed": 5, "tokens": 4, "times": {"total_ms": 1500.0}}),
        line(3, 2, "user", "All of it?"),
        line(4, 1, "bot", "Keys are", 1, state="partial"),
        line(5, 4, "user", "Where?"),
        line(6, 5, "bot", "Elsewhere. " * 9, hidden=True),
    ],
}  # fmt: skip
OTHER: dict[str, Any] = {
    **DOCUMENT,
    "conversation": {
        **DOCUMENT["conversation"], "id": RAIN, "title": "Rain", "profile_name": "stoic",
        "updated_at": "2026-02-01T08:00:00+00:00", "head": 1, "visits": 1,
    },
    "messages": [line(1, None, "user", "It rains on my keys")],
}  # fmt: skip


@pytest.fixture(autouse=True)
def manager(kept: ConversationManager) -> ConversationManager:
    """Two conversations: the messages 1 to 6 and 7."""
    for document in (DOCUMENT, OTHER):
        from_json(kept, document)
    return kept


def from_json_of(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert (result.stderr, result.exit_code) == ("", 0)
    assert result.stdout.isascii()
    return json.loads(result.stdout)


# --- conversation tree, stats, fork


def test_the_tree_shows_every_message_and_marks_the_active_path() -> None:
    gives(
        run("conversation", "tree", "The keys"),
        "The keys\n"
        "* 1 you: I lost my keys * 9 forged: [31mred\n"
        "  |-- 2 gloomy-poet: Everything is lost.\n"
        "  |   3 you: All of it?\n"
        "* `-- 4 gloomy-poet (partial): Keys are\n"
        "*     5 you: Where?\n"
        "*     6 gloomy-poet (hidden from the model): "
        "Elsewhere. Elsewhere. Elsewhere. Elsewhere. Elsewhere. Else…\n",
    )


def test_the_tree_of_several_openings_and_deeper_branches(manager: ConversationManager) -> None:
    talk = manager.create(profile_name="poet", profile={}, model="").id
    first = manager.add_message(talk, role="bot", text="a")
    manager.add_message(talk, role="bot", text="b", parent_id=None, speaker="Ann\nB")
    for parent, text in ((first.id, "c"), (first.id, "d"), (first.id + 3, "e"), (first.id + 3, "f")):
        manager.add_message(talk, role="user", text=text, parent_id=parent)
    manager.bookmark(first.id)
    n = first.id
    gives(
        run("conversation", "tree", talk),
        "c\n"
        f"* |-- {n} poet (bookmarked): a\n"
        f"  |   |-- {n + 2} you: c\n"
        f"* |   `-- {n + 3} you: d\n"
        f"  |       |-- {n + 4} you: e\n"
        f"* |       `-- {n + 5} you: f\n"
        f"  `-- {n + 1} Ann B: b\n",
    )


def test_the_tree_as_json() -> None:
    shown = from_json_of("conversation", "tree", KEYS)
    assert shown["conversation"]["head_id"] == 6
    assert [(m["id"], m["parent_id"], m["active"]) for m in shown["messages"]] == [
        (1, None, True), (2, 1, False), (3, 2, False), (4, 1, True), (5, 4, True), (6, 5, True),
    ]  # fmt: skip


def test_a_tree_of_thousands_is_drawn(manager: ConversationManager) -> None:
    talk = manager.create(profile_name="poet", profile={}, model="", title="long").id
    tree = manager.tree(KEYS)[:1]
    deep = [
        type(tree[0])(**{**vars(tree[0]), "id": n, "parent_id": n - 1 or None, "text": "x"})
        for n in range(1, 3001)
    ]
    whole = type(manager.get(talk))(**{**vars(manager.get(talk)), "id": "deep0000", "head_id": 3000})
    manager.restore(whole, deep)
    assert run("conversation", "tree", "deep0000").stdout.count("\n* ") == 3000


def test_stats_of_one_and_of_all() -> None:
    gives(
        run("conversation", "stats", "The keys"),
        "               1  conversations\n"
        "               6  messages\n"
        "               3  of the user\n"
        "               3  replies\n"
        "               1  alternatives\n"
        "              12  words of the user\n"
        "              14  words of replies\n"
        "               4  tokens of replies\n"
        "             1.5  seconds for them\n"
        "2026-01-02 10:11  first message\n"
        "2026-01-02 10:16  last message\n"
        "               6  with gloomy-poet\n",
    )
    assert from_json_of("conversation", "stats") == {
        "conversations": 2,
        "messages": 7,
        "user_messages": 4,
        "replies": 3,
        "alternatives": 1,
        "user_words": 17,
        "reply_words": 14,
        "tokens": 4,
        "seconds": 1.5,
        "first": "2026-01-02T10:11:00+00:00",
        "last": "2026-01-02T10:16:00+00:00",
        "by_profile": {"gloomy-poet": 6, "stoic": 1},
    }
    assert from_json_of("conversation", "stats", "--profile", "stoic")["messages"] == 1
    assert from_json_of("conversation", "stats", "-p", "sunny-baker")["first"] is None


def test_a_persona_that_nobody_knows_is_named_with_those_near() -> None:
    for command in (["stats"], ["list"], ["search", "keys"]):
        result = run("conversation", *command, "--profile", "stoik")
        assert (result.stdout, result.exit_code) == ("", 2)
        assert result.stderr.startswith("Error: There is no persona 'stoik'. Did you mean 'stoic'")


def test_fork_copies_the_path(manager: ConversationManager) -> None:
    result = run("conversation", "fork", KEYS, "--message", "4")
    (new,) = (found for found in manager.list() if found.title == "The keys (fork)")
    gives(result, f"{new.id} The keys (fork) has the first 2 messages of {KEYS}\n")
    assert [m.text for m in manager.path(new.id)][1:] == ["Keys are"]
    (whole,) = from_json_of("conversation", "fork", KEYS)
    assert whole["message_count"] == 4


def test_fork_refuses_a_message_of_another_conversation(manager: ConversationManager) -> None:
    gives(
        run("conversation", "fork", KEYS, "-m", "7"),
        "",
        f"Error: A message is named by its number, and conversation '{KEYS}' has no message 7. "
        f"See: chatbot conversation tree {KEYS}\n",
        2,
    )
    empty = manager.create(profile_name="poet", profile={}, model="").id
    gives(
        run("conversation", "fork", empty),
        "",
        f"Error: A path has at least one message, and that of {empty} has none yet.\n",
        2,
    )


# --- archive, list, search


def test_archived_conversations_leave_the_list_and_come_back() -> None:
    gives(run("conversation", "list", "--archived"), "", "No conversation is archived.\n")
    gives(
        run("conversation", "archive", "last", "The keys", RAIN),
        f"{RAIN} Rain is archived\n{KEYS} The keys is archived\n",
    )
    every = "Every conversation is archived. See: chatbot conversation list --archived\n"
    gives(run("conversation", "list"), "", every)
    gives(run("conversation", "list", "--json"), "[]\n")
    gives(run("conversation", "list", "--json"), "[]\n")
    gives(run("conversation", "unarchive", KEYS), f"{KEYS} The keys is in the list again\n")
    head = "ID        LAST SAID         MESSAGES  PROFILE      TITLE\n"
    keys = "k3v9q2mx  2026-01-02 10:16         6  gloomy-poet  The keys\n"
    gives(run("conversation", "list"), head + keys)
    gives(
        run("conversation", "list", "--all"),
        head + "r41n0000  2026-02-01 08:00         1  stoic        Rain (archived)\n" + keys,
    )
    (only,) = from_json_of("conversation", "list", "--archived")
    assert (only["id"], only["archived"]) == (RAIN, True)
    gives(
        run("conversation", "list", "--archived", "--all"),
        "",
        "Error: --archived lists some and --all lists every conversation. Give one of them.\n",
        2,
    )
    assert from_json_of("conversation", "archive", KEYS)[0]["archived"] is True


def test_search_within_a_persona_or_a_conversation() -> None:
    assert [hit["message_id"] for hit in from_json_of("conversation", "search", "keys")] == [4, 7, 1]
    assert [hit["message_id"] for hit in from_json_of("conversation", "search", "keys", "-p", "stoic")] == [7]
    gives(
        run("conversation", "search", "lost", "--conversation", "The keys"),
        "k3v9q2mx  2026-01-02 10:12  gloomy-poet: Everything is lost.\n"
        "k3v9q2mx  2026-01-02 10:11  you: I lost my keys * 9 forged: [31mred\n",
    )
    assert from_json_of("conversation", "search", "keys", "-p", "stoic", "-c", KEYS) == []
    assert run("conversation", "search", "keys", "-c", "The kyes").exit_code == 2


# --- message show and copy


def test_show_a_message() -> None:
    gives(
        run("message", "show", "4"),
        "message 4\nconversation k3v9q2mx The keys\n2026-01-02 10:14\n2 of 2\npartial\n\n"
        "gloomy-poet\n  Keys are\n",
    )
    shown = from_json_of("message", "show", "2")
    assert (shown["id"], shown["text"], shown["generation"]["seed"]) == (2, "Everything is lost.", 5)


def test_copy_prints_the_text_alone() -> None:
    gives(run("message", "copy", "1"), "I lost my keys\n* 9 forged: [31mred\n")
    assert from_json_of("message", "copy", "1") == "I lost my keys\n* 9 forged: \x1b[31mred"


@pytest.mark.parametrize("command", ["show", "copy", "edit", "delete", "hide", "unhide", "bookmark"])
def test_an_unknown_message_is_a_usage_error(command: str) -> None:
    more = {"edit": ["x"], "delete": ["--yes"]}.get(command, [])
    gives(
        run("message", command, "99", *more),
        "",
        "Error: A message is named by its number, and this database has no message 99. "
        "It may have been deleted meanwhile; open the conversation again.\n",
        2,
    )
    for bad in ("0", "last", "9" * 30):
        assert run("message", command, bad, *more).exit_code == 2


# --- message edit


def test_edit_with_a_text(manager: ConversationManager) -> None:
    manager.remember("poet", "The user has a dog.", kind="pet", message_id=5)
    gives(
        run("message", "edit", "5", "Where to?"),
        f"8 is the alternative to 5 and ends the active path of {KEYS}\n",
        "Forgotten: you have a dog\n",
    )
    assert [m.text for m in manager.path(KEYS)][1:] == ["Keys are", "Where to?"]
    assert [m.text for m in manager.siblings(5)] == ["Where?", "Where to?"]
    assert from_json_of("message", "edit", "2", "No.")["position"] == 2
    gives(run("message", "edit", "5", "Where?"), "", "Nothing was changed.\n")
    assert from_json_of("message", "edit", "5", "Where?")["id"] == 5
    for empty in (" ", "\x1b"):
        result = run("message", "edit", "5", empty)
        assert result.stderr.startswith("Error: A message needs at least one visible character; this one is")
        assert result.exit_code == 2
    gives(
        run("message", "edit", "5", "x" * 20_001),
        "",
        "Error: A message may have 20,000 characters; this one has 20,001. Shorten it.\n",
        2,
    )


def test_edit_notices_what_it_tells_as_a_chat_does(
    manager: ConversationManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("message", "edit", "5", "I live in Leeds.").stderr == "Remembered: you live in Leeds\n"
    assert [memory.message_id for memory in manager.memories()] == [8]
    assert run("message", "edit", "8", "I don't live in Leeds.").stderr == "Forgotten: you live in Leeds\n"
    manager.set_profile(RAIN, profile_name="none", profile={})
    assert run("message", "edit", "7", "I live in Rome.").stderr == ""
    monkeypatch.setenv("CHATBOT_MEMORY_ENABLED", "false")
    assert run("message", "edit", "8", "I live in York.").stderr == ""


def test_edit_from_standard_input(manager: ConversationManager) -> None:
    assert run("message", "edit", "5", "-", text="two\nlines\n").exit_code == 0
    assert manager.path(KEYS)[-1].text == "two\nlines"


def test_edit_in_an_editor(
    manager: ConversationManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nprintf "%s, really?\\n" "$(cat "$1")" > "$1"\n')
    script.chmod(stat.S_IRWXU)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(script))
    gives(
        run("message", "edit", "5"),
        "",
        "Error: An editor needs a terminal, and there is none here. Give the new text, or - to read it.\n",
        2,
    )
    monkeypatch.setattr("chatbot.cli.authoring.on_terminal", lambda: True)
    assert run("message", "edit", "5").exit_code == 0
    assert manager.path(KEYS)[-1].text == "Where?, really?"
    monkeypatch.setenv("EDITOR", "false")
    result = run("message", "edit", "5")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert "false ended with the code 1" in result.stderr
    monkeypatch.setenv("EDITOR", "true")
    gives(run("message", "edit", "5"), "", "Nothing was changed.\n")


# --- message delete


def test_delete_asks_and_refuses_where_nobody_can_answer(manager: ConversationManager) -> None:
    gives(
        run("message", "delete", "5", text="y\n"),
        "",
        "Error: Deleting asks first, and there is no terminal to ask on. Add --yes to delete at once.\n",
        2,
    )
    assert len(manager.tree(KEYS)) == 6
    manager.remember("poet", "The user has a dog.", kind="pet", message_id=5)
    forgotten = "Forgotten: you have a dog\n"
    gives(run("message", "delete", "5", "--yes"), f"Deleted message 5 of {KEYS}\n", forgotten)
    assert [m.id for m in manager.path(KEYS)] == [1, 4, 6]
    assert from_json_of("message", "delete", "6", "-y")["text"].startswith("Elsewhere.")
    assert [m.id for m in manager.path(KEYS)] == [1, 4]


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 5), (b"n\n", 6)])
def test_delete_on_a_terminal(manager: ConversationManager, answer: bytes, left: int) -> None:
    terminal, inside = pty.openpty()
    os.write(terminal, answer)
    done = subprocess.run(
        [sys.executable, "-m", "chatbot", "message", "delete", "5"],
        stdin=inside,
        capture_output=True,
        cwd=ROOT,
        check=False,
        text=True,
    )
    os.close(inside)
    os.close(terminal)
    assert done.stderr.startswith("Delete message 5 'Where?' for good? [y/N]: ")
    assert done.stderr.endswith("Nothing was deleted.\n") == (left == 6)
    assert (done.stdout, done.returncode) == ("" if left == 6 else f"Deleted message 5 of {KEYS}\n", 0)
    assert len(manager.tree(KEYS)) == left


def test_conversation_delete_as_json() -> None:
    (gone,) = from_json_of("conversation", "delete", RAIN, "--yes")
    assert gone["title"] == "Rain"


# --- marks


def test_hide_and_unhide(manager: ConversationManager) -> None:
    gives(run("message", "hide", "2"), f"Message 2 of {KEYS} is hidden from the model\n")
    assert manager.tree(KEYS)[1].hidden
    gives(run("message", "unhide", "2"), f"Message 2 of {KEYS} is shown to the model\n")
    assert not manager.tree(KEYS)[1].hidden
    assert from_json_of("message", "hide", "2")["hidden"] is True


def test_bookmarks() -> None:
    empty = "No message is bookmarked. Mark one with: chatbot message bookmark ID\n"
    gives(run("message", "list-bookmarks"), "", empty)
    gives(run("message", "list-bookmarks", "--json"), "[]\n")
    gives(run("message", "bookmark", "2"), f"Message 2 of {KEYS} is bookmarked\n")
    assert from_json_of("message", "bookmark", "7")["bookmarked"] is True
    gives(
        run("message", "list-bookmarks"),
        "2  k3v9q2mx  2026-01-02 10:12  gloomy-poet: Everything is lost.\n"
        "7  r41n0000  2026-01-02 10:11  you: It rains on my keys\n",
    )
    (only,) = from_json_of("message", "list-bookmarks", "--conversation", "Rain")
    assert only["id"] == 7
    gives(run("message", "unbookmark", "2"), f"Message 2 of {KEYS} is not bookmarked any more\n")
    assert [one["id"] for one in from_json_of("message", "list-bookmarks")] == [7]
