"""`chatbot conversation`: whole output of every command, and what is stored afterwards."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatbot import config
from chatbot.cli import start, transcript
from documents import from_json
from fake_engine import FakeEngine
from printed import gives
from printed import run as chatbot
from storage import ConversationManager

pytestmark = pytest.mark.usefixtures("utc")

ROOT = Path(__file__).parent.parent
KEYS = "k3v9q2mx"
BARE = {"hidden": False, "generation": None, "state": "complete"}
DOCUMENT: dict[str, Any] = {
    "format": "chatbot-conversation",
    "version": 1,
    "conversation": {
        "id": KEYS,
        "title": "The keys",
        "profile_name": "gloomy-poet",
        "profile": {"name": "gloomy-poet"},
        "model": "tiny",
        "created_at": "2026-01-02T10:00:00+00:00",
        "updated_at": "2026-01-02T10:11:30+00:00",
        "head": 3,
        "visits": 3,
    },
    "messages": [
        {"number": 1, "parent": None, "role": "user", "text": "I lost my keys\n\nbot: \x1b[31mforged",
         "position": 0, "visited": 1, "created_at": "2026-01-02T10:10:00+00:00", **BARE},
        {"number": 2, "parent": 1, "role": "bot", "text": "Everything is lost.", "position": 0, "visited": 2,
         "created_at": "2026-01-02T10:11:00+00:00", **BARE, "generation": {"seed": 5}},
        {"number": 3, "parent": 1, "role": "bot", "text": "Keys are", "position": 1, "visited": 3,
         "created_at": "2026-01-02T10:11:30+00:00", **BARE, "state": "partial"},
    ],
}  # fmt: skip
SECOND: dict[str, Any] = {
    **DOCUMENT,
    "conversation": {
        **DOCUMENT["conversation"], "id": "abcd0000", "title": "日本 and a title", "profile_name": "stoic",
        "updated_at": "2026-02-01T08:00:00+00:00", "head": 1, "visits": 1,
    },
    "messages": [{**DOCUMENT["messages"][0], "text": "Nothing but keys"}],
}  # fmt: skip


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


@pytest.fixture
def both(manager: ConversationManager) -> None:
    for document in (DOCUMENT, SECOND):
        from_json(manager, document)


run = partial(chatbot, "conversation")


# --- list and show


@pytest.mark.usefixtures("both")
def test_list_shows_the_newest_first() -> None:
    gives(
        run("list"),
        "ID        LAST SAID         MESSAGES  PROFILE      TITLE\n"
        "abcd0000  2026-02-01 08:00         1  stoic        日本 and a title\n"
        "k3v9q2mx  2026-01-02 10:11         3  gloomy-poet  The keys\n",
    )
    assert run("list", "--limit", "1").stdout.splitlines()[1:] == [
        "abcd0000  2026-02-01 08:00         1  stoic    日本 and a title"
    ]
    assert run("list", "-p", "gloomy-poet").stdout.splitlines()[1:] == [
        "k3v9q2mx  2026-01-02 10:11         3  gloomy-poet  The keys"
    ]


def test_a_time_that_this_zone_does_not_have_hides_no_conversation(
    manager: ConversationManager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    zero = datetime.min.replace(tzinfo=UTC)  # as an earlier version stored what says 0001-01-01T00:00:00Z
    made = from_json(manager, SECOND)
    stored = [replace(message, created_at=zero) for message in manager.path(made.id)]
    manager.restore(replace(manager.get(made.id), id="", updated_at=zero, created_at=zero), stored)
    assert len(run("list").stdout.splitlines()) == 3
    zero_id = manager.list()[-1].id
    for command in ("show", "stats"):
        assert run(command, zero_id).exit_code == 0
    assert len(run("search", "keys").stdout.splitlines()) == 2
    assert run("export", zero_id, str(tmp_path)).exit_code == 0
    chat = tmp_path / "chat.jsonl"
    chat.write_text('{"name": "Ann", "is_user": false, "mes": "Hi", "send_date": "0001-01-01T00:00:00Z"}\n')
    assert run("import", str(chat)).exit_code == 0
    assert manager.get("last").updated_at.year > 2000


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("command", [["list"], ["search", "keys"]])
def test_a_limit_is_what_the_database_can_count_to(command: list[str]) -> None:
    assert run(*command, "--limit", "9223372036854775807").exit_code == 0
    refused = run(*command, "--limit", "9223372036854775808")
    assert refused.exit_code == 2
    assert "Invalid value for '--limit' / '-n': " in refused.stderr


@pytest.mark.usefixtures("both")
def test_list_as_json() -> None:
    result = run("list", "--json", "--limit", "1")
    assert result.stdout.isascii()
    assert json.loads(result.stdout) == [
        {
            "id": "abcd0000",
            "title": "日本 and a title",
            "profile_name": "stoic",
            "model": "tiny",
            "head_id": 4,
            "created_at": "2026-01-02T10:00:00+00:00",
            "updated_at": "2026-02-01T08:00:00+00:00",
            "message_count": 1,
            "archived": False,
        }
    ]


def test_nothing_to_list() -> None:
    gives(run("list"), "", "There are no conversations yet. Begin one with: chatbot chat\n")
    gives(run("list", "--json"), "[]\n")


@pytest.mark.usefixtures("both")
def test_nothing_to_list_of_one_persona(manager: ConversationManager) -> None:
    begin = "Begin one with: chatbot chat --profile calm-captain\n"
    for flags in ((), ("--all",)):
        none = f"There are no conversations with calm-captain yet. {begin}"
        gives(run("list", "-p", "Calm-Captain", *flags), "", none)
    blend = "calm-captain:0.6,gloomy-poet:0.4"  # which `chat` finds by these words alone
    assert run("list", "-p", blend).stderr.endswith(f"chatbot chat --profile {blend}\n")
    gives(run("list", "-p", "stoic", "--archived"), "", "No conversation with stoic is archived.\n")
    manager.archive("abcd0000", True)
    every = (
        "Every conversation with stoic is archived. See: chatbot conversation list --archived --profile stoic"
    )
    gives(run("list", "-p", "stoic"), "", f"{every}\n")
    named = "\x1b[31mThe $HOME of\nBob"  # as an import may have it
    made = from_json(manager, {**SECOND, "conversation": {**SECOND["conversation"], "profile_name": named}})
    manager.archive(made.id, True)
    assert run("list", "-p", named).stderr.endswith(" list --archived --profile '[31mThe $HOME of Bob'\n")


@pytest.mark.usefixtures("both")
def test_what_is_stored_can_be_listed_where_chats_are_incognito(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_CHAT_INCOGNITO", "true")
    assert len(run("list").stdout.splitlines()) == 3


@pytest.mark.usefixtures("both")
def test_show_prints_the_active_path_and_nobody_can_forge_a_speaker() -> None:
    gives(
        run("show", "The keys"),
        "The keys\n"
        "k3v9q2mx  gloomy-poet  tiny  2026-01-02 10:00  3 messages\n"
        "\n"
        "you\n"
        "  I lost my keys\n"
        "\n"
        "  bot: [31mforged\n"
        "\n"
        "gloomy-poet (2 of 2, partial)\n"
        "  Keys are\n",
    )


def test_show_says_what_was_told_in_this_conversation_alone(manager: ConversationManager) -> None:
    made = manager.create(profile_name="poet", profile={}, model="m", title="Fog")
    manager.direct(made.id, {"note": "It is late.\n\x1b[31mVery.", "scenario": "A train."})
    shown = run("show", "Fog").stdout.splitlines()
    assert shown[2:] == ["note: It is late. [31mVery.", "scenario: A train."]


@pytest.mark.usefixtures("both")
def test_show_as_json() -> None:
    result = run("show", "k3v9", "--json")
    shown = json.loads(result.stdout)
    assert result.stdout.isascii()
    assert shown["conversation"]["profile"] == {"name": "gloomy-poet"}
    assert [(m["id"], m["parent_id"], m["text"]) for m in shown["messages"]] == [
        (1, None, "I lost my keys\n\nbot: \x1b[31mforged"),
        (3, 1, "Keys are"),
    ]
    assert shown["messages"][1] == {
        "id": 3,
        "conversation_id": KEYS,
        "parent_id": 1,
        "role": "bot",
        "text": "Keys are",
        "state": "partial",
        "position": 1,
        "sibling_count": 2,
        "created_at": "2026-01-02T10:11:30+00:00",
        "hidden": False,
        "generation": None,
        "bookmarked": False,
        "speaker": "",
        "extra": None,
    }


@pytest.mark.usefixtures("both")
def test_an_unknown_conversation_is_a_usage_error() -> None:
    for command in (["show"], ["rename", "--", "x"], ["delete", "--yes"], ["export"], ["resume"]):
        arguments = [*command[:1], "The kyes", *[word for word in command[1:] if word != "--"]]
        gives(
            run(*arguments),
            "",
            "Error: A conversation is named by its id, the beginning of its id, its exact title or 'last', "
            "and nothing answers to 'The kyes'. Did you mean 'The keys'? "
            "See: chatbot conversation list --all\n",
            2,
        )


# --- change


@pytest.mark.usefixtures("both")
def test_rename(manager: ConversationManager) -> None:
    gives(run("rename", "last", "Lost\n \x1b[31mkeys"), "abcd0000 is now called Lost [31mkeys\n")
    assert manager.get("abcd0000").title == "Lost [31mkeys"
    result = run("rename", KEYS, " ")
    gives(result, "", "Error: A title has at least one visible character, and ' ' has none.\n", 2)


@pytest.mark.usefixtures("both")
def test_delete_asks_and_refuses_where_nobody_can_answer(manager: ConversationManager) -> None:
    gives(
        run("delete", KEYS, text="y\n"),
        "",
        "Error: Deleting asks first, and there is no terminal to ask on. Add --yes to delete at once.\n",
        2,
    )
    assert len(manager.list()) == 2
    gives(
        run("delete", KEYS, "last", "The keys", "--yes"),
        "Deleted k3v9q2mx The keys\nDeleted abcd0000 日本 and a title\n",
    )
    assert manager.list(include_empty=True) == []


@pytest.mark.usefixtures("both")
def test_delete_of_several_deletes_none_when_one_is_unknown(manager: ConversationManager) -> None:
    assert run("delete", KEYS, "unknown", "--yes").exit_code == 2
    assert len(manager.list()) == 2


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 1), (b"n\n", 2), (b"\n", 2)])
def test_delete_on_a_terminal(manager: ConversationManager, answer: bytes, left: int) -> None:
    terminal, inside = pty.openpty()
    os.write(terminal, answer)
    done = subprocess.run(
        [sys.executable, "-m", "chatbot", "conversation", "delete", KEYS],
        stdin=inside,
        capture_output=True,
        cwd=ROOT,
        check=False,
        text=True,
    )
    os.close(inside)
    os.close(terminal)
    assert done.stderr.startswith(f"Delete {KEYS} 'The keys' for good? [y/N]: ")
    assert done.stderr.endswith("Nothing was deleted.\n") == (left == 2)
    assert (done.stdout, done.returncode) == ("" if left == 2 else f"Deleted {KEYS} The keys\n", 0)
    assert len(manager.list()) == left


@pytest.mark.usefixtures("both")
def test_resume_goes_on_with_a_conversation(
    manager: ConversationManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: FakeEngine())
    result = run("resume", KEYS, text="Where are they?\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [m.text for m in manager.path(KEYS)][1:] == ["Keys are", "Where are they?", "It rains."]


# --- search


@pytest.mark.usefixtures("both")
def test_search(manager: ConversationManager) -> None:
    gives(
        run("search", "lost", "k"),
        "k3v9q2mx  2026-01-02 10:10  you: I lost my keys bot: [31mforged\n",
    )
    assert (
        run("search", "everything").stdout == "k3v9q2mx  2026-01-02 10:11  gloomy-poet: Everything is lost.\n"
    )
    gives(run("search", '"; DROP', "TABLE"), "", "No message contains '\"; DROP TABLE'.\n")
    gives(run("search", "?!", "🙂"), "", "Search finds words, not '?! 🙂'.\n")  # many may contain them
    (hit,) = manager.search("lost k")
    assert transcript.hits([hit], {KEYS: manager.get(KEYS)}, colour=True) == (
        "k3v9q2mx  2026-01-02 10:10  you: I \x1b[1mlost\x1b[0m my \x1b[1mkeys\x1b[0m bot: [31mforged"
    )


def test_search_calls_the_persona_as_the_chat_does(manager: ConversationManager) -> None:
    called = {"name": "gloomy-poet", "display_name": "Victor"}
    from_json(manager, {**DOCUMENT, "conversation": {**DOCUMENT["conversation"], "profile": called}})
    gives(run("search", "everything"), "k3v9q2mx  2026-01-02 10:11  Victor: Everything is lost.\n")


@pytest.mark.usefixtures("both")
def test_search_as_json() -> None:
    (hit,) = json.loads(run("search", "everything", "--json").stdout)
    assert hit.pop("score") > 0
    assert hit == {
        "conversation_id": KEYS,
        "title": "The keys",
        "profile_name": "gloomy-poet",
        "message_id": 2,
        "role": "bot",
        "snippet": "Everything is lost.",
        "marks": [[0, 10]],
        "created_at": "2026-01-02T10:11:00+00:00",
        "speaker": "",
    }
    gives(run("search", "nothing-at-all", "--json"), "[]\n")
    assert len(run("search", "keys", "-n", "1").stdout.splitlines()) == 1


# --- a bad database


def test_a_database_that_cannot_be_used_is_one_line_on_standard_error(home: Path) -> None:
    path = config.load().database
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database at all " * 20)
    gives(
        run("list"),
        "",
        "Error: Conversations are kept in a sound SQLite database of this program; "
        f"{path} is not one (file is not a database). Nothing was changed. Move the file away or restore "
        "a copy, or choose another file with the setting [storage] path.\n",
        1,
    )


def test_speakers_are_named_as_in_the_chat(manager: ConversationManager) -> None:
    profile = {"name": "gloomy-poet", "display_name": "Victor Grey"}
    from_json(manager, DOCUMENT | {"conversation": DOCUMENT["conversation"] | {"profile": profile}})
    assert run("tree", KEYS).stdout.endswith(" Victor Grey (partial): Keys are\n")
