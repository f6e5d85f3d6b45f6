"""`chatbot storage`: whole output, exit codes, and what is on the disk afterwards."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from chatbot import config
from printed import gives
from printed import run as command
from storage import ConversationManager
from storage.migrations import CURRENT_VERSION


@pytest.fixture
def database() -> Path:
    """The person's own database with two messages in it, closed."""
    path = config.load().database
    assert path is not None
    with ConversationManager(path) as manager:
        talk = manager.create(profile_name="poet", profile={}, model="").id
        for text in ("I lost my keys", "It rains"):
            manager.add_message(talk, role="user", text=text)
    return path


run = partial(command, "storage")


def test_path_whether_the_file_exists_or_not_and_where_chats_are_incognito(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("CHATBOT_CHAT_INCOGNITO", "true")
    path = home / ".local/share/chatbot/chatbot.db"
    gives(run("path"), f"{path}\n")
    assert json.loads(run("path", "--json").stdout) == {"path": str(path), "bytes": None}
    assert not path.parent.exists()


def test_backup_check_and_restore(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    gives(run("backup", str(copy)), f"1 conversation with 2 messages copied to {copy}\n")
    sound = f"is sound: version {CURRENT_VERSION}, 1 conversation with 2 messages\n"
    gives(run("check"), f"{database} {sound}")
    gives(run("check", str(copy)), f"{copy} {sound}")
    with ConversationManager(database) as manager:
        manager.delete(manager.get("last").id)
    result = run("restore", str(copy))
    (kept,) = database.parent.glob("chatbot-before-restore-*.db")
    gives(
        result,
        f"1 conversation with 2 messages restored to {database}\n"
        f"The database that was there is kept as {kept}\n",
    )
    again = json.loads(run("restore", str(copy), "--json").stdout)
    assert (again["sound"], again["version_of_backup"], again["kept"] != str(kept)) == (
        True,
        CURRENT_VERSION,
        True,
    )


def test_a_backup_of_a_newer_database_says_nothing_of_what_is_in_it(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO migration VALUES (99, 'later', '2030-01-01')")
    copy = tmp_path / "copy.db"
    result = run("backup", str(copy))
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, f"The file was copied to {copy}")
    assert "It is version 99" in result.stdout


def test_as_json(database: Path) -> None:
    made = json.loads(run("backup", "--json").stdout)
    assert Path(made["path"]).parent == database.parent
    assert {**made, "path": ""} == {
        "path": "",
        "version": CURRENT_VERSION,
        "conversations": 1,
        "messages": 2,
        "problems": [],
        "stale_index": False,
        "sound": True,
    }
    assert json.loads(run("check", "--json").stdout) == made | {"path": str(database)}


def test_what_is_wrong_is_told_with_exit_code_1_and_refused_by_restore(
    database: Path, tmp_path: Path
) -> None:
    connection = sqlite3.connect(database)
    connection.execute("DELETE FROM message WHERE id = 1")
    connection.execute("INSERT INTO message_search (message_search) VALUES ('delete-all')")
    talk = connection.execute("SELECT id FROM conversation").fetchone()[0]
    connection.commit()
    connection.close()
    wrong = f"Message 2 follows message 1, which its conversation {talk} does not have."
    stale = (
        "- Search does not know what the messages say. Nothing that was said is lost; make its index anew "
        "with: chatbot storage check --rebuild-index\n"
    )
    gives(run("check"), f"{database} is not sound:\n- {wrong}\n{stale}", code=1)
    gives(run("check", "--rebuild-index"), f"{database} is not sound:\n- {wrong}\n", code=1)
    assert json.loads((found := run("check", "--json")).stdout)["problems"] == [wrong]
    assert found.exit_code == 1
    copy = tmp_path / "copy.db"
    gives(
        run("check", "--rebuild-index", str(copy)),
        "",
        "Error: --rebuild-index changes the database, not a backup. A restore does it by itself.\n",
        2,
    )
    gives(
        run("backup", str(copy)),
        f"1 conversation with 1 message copied to {copy}\n{copy} is not sound:\n- {wrong}\n",
        code=1,
    )
    gives(
        run("restore", str(copy)),
        "",
        f"Error: A database is restored from a sound backup, and {copy} is none. {wrong} "
        "Nothing was changed. Give another file.\n",
        1,
    )


@pytest.mark.parametrize("command", ["backup", "check"])
def test_without_a_database(command: str, home: Path) -> None:
    path = home / ".local/share/chatbot/chatbot.db"
    gives(
        run(command),
        "",
        f"Error: There is no database at {path}. The first conversation makes it: chatbot chat\n",
        2,
    )


def test_a_backup_over_a_file_and_a_restore_while_it_is_open(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    run("backup", str(copy))
    gives(
        run("backup", str(copy)),
        "",
        f"Error: A backup never overwrites a file, and {copy} exists. Give another name.\n",
        2,
    )
    with ConversationManager(database):
        gives(
            run("restore", str(copy)),
            "",
            f"Error: A database is replaced while nobody uses it, and another program has {database} open. "
            "Nothing was changed. Leave chatbot wherever it runs, then try again.\n",
            1,
        )
