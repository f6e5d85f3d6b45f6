"""Backup, check and restore: what a copy holds, how a file can be wrong, and what stays as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from storage import (
    ConversationManager,
    CorruptStorageError,
    DatabaseInUseError,
    LockedStorageError,
    RefusedValueError,
    StorageError,
    UnsoundBackupError,
    backup,
    backups,
    check,
    checking,
    migrations,
    rebuild_index,
    restore,
)
from test_storage_migrations import VERSION_1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with two conversations, closed."""
    path = tmp_path / "data" / "chats.db"
    with ConversationManager(path) as manager:
        for text in ("I lost my keys", "It rains"):
            talk = manager.create(profile_name="poet", profile={"name": "poet"}, model="tiny")
            first = manager.add_message(talk.id, role="user", text=text)
            reply = manager.begin_reply(talk.id, parent_id=first.id)
            manager.finish_reply(reply.id, text="", state="partial", generation={"seed": 5})
    return path


def change(path: Path, *statements: str) -> Path:
    """Do to the file what the program never does."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def talks(path: Path) -> list[str]:
    with ConversationManager(path) as manager:
        return [found.title for found in manager.list()]


def around(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}


# --- backup


def test_a_backup_of_a_database_in_use_is_one_private_file_with_everything(
    path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    with ConversationManager(path) as manager:
        manager.rename(manager.get("last").id, "Rain")  # still in the log alone
        report = backup(path, copy)
        assert (report.path, report.conversations, report.messages) == (copy, 2, 4)
        assert (report.version, report.sound) == (migrations.CURRENT_VERSION, True)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "data"]
    assert talks(copy) == ["Rain", "I lost my keys"]


def test_a_backup_names_itself_and_never_writes_over_a_file(path: Path, tmp_path: Path) -> None:
    names = [backup(path).path, backup(path).path, backup(path, tmp_path).path]
    assert [name.parent for name in names] == [path.parent, path.parent, tmp_path]
    assert len(set(names)) == 3
    assert all(name.name.startswith("chats-backup-") and name.suffix == ".db" for name in names)
    before = names[0].read_bytes()
    with pytest.raises(RefusedValueError, match="never overwrites a file"):
        backup(path, names[0])
    assert names[0].read_bytes() == before


def test_a_backup_goes_into_a_folder_that_is_there(path: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "none", path):
        with pytest.raises(RefusedValueError, match=f"that exists and may be written, and {folder} is none"):
            backup(path, folder / "copy.db")


def test_there_is_nothing_to_back_up_or_check_before_the_first_conversation(tmp_path: Path) -> None:
    for act in (backup, check):
        with pytest.raises(RefusedValueError, match="There is no database at"):
            act(tmp_path / "none" / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_of_what_is_not_sound_is_kept_and_said(path: Path, tmp_path: Path) -> None:
    change(path, "DELETE FROM message WHERE id = 1")
    report = backup(path, tmp_path / "copy.db")
    with closing(sqlite3.connect(path)) as connection:
        (owner,) = connection.execute("SELECT conversation_id FROM message WHERE id = 2").fetchone()
    assert report.problems == (f"Message 2 follows message 1, which its conversation {owner} does not have.",)
    assert report.path.exists()


def test_a_backup_has_its_name_only_once_it_is_whole(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, there = tmp_path / "copy.db", list[bool]()

    def copy(source: sqlite3.Connection, made: sqlite3.Connection) -> None:
        checking.copy(source, made)
        there.append(target.exists())

    monkeypatch.setattr(backups, "copy", copy)
    assert backup(path, target).sound
    assert (there, talks(target)) == ([False], talks(path))


def test_a_file_that_is_made_meanwhile_is_not_written_over(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy.db"

    def copy(source: sqlite3.Connection, made: sqlite3.Connection) -> None:
        checking.copy(source, made)
        target.write_bytes(b"somebody else's")

    monkeypatch.setattr(backups, "copy", copy)
    with pytest.raises(RefusedValueError, match="never overwrites a file, and .*copy.db exists"):
        backup(path, target)
    assert target.read_bytes() == b"somebody else's"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "data"]


@pytest.mark.usefixtures("no_links")
def test_a_backup_needs_no_links(path: Path, tmp_path: Path) -> None:
    assert backup(path, tmp_path / "copy.db").sound
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "data"]


def test_what_a_killed_program_left_is_removed_once_it_is_old(path: Path, tmp_path: Path) -> None:
    names = ["chats.db.0123abcd.new", "chats.db.0123abcd.new-journal", "chats.db.89ab4567.new"]
    yesterday = time.time() - 90_000
    for name in (*names, "chats.db.mine.new", "other.db.0123abcd.new"):
        path.with_name(name).write_bytes(b"half")
        if name != names[2]:
            os.utime(path.with_name(name), (yesterday, yesterday))
    copy = backup(path, tmp_path / "copy.db").path
    assert len(around(path)) == 6
    restore(copy, path)
    left = {name for name in around(path) if name.endswith((".new", "-journal"))}
    assert left == {names[2], "chats.db.mine.new", "other.db.0123abcd.new"}


# --- check


def test_a_check_changes_nothing_and_needs_no_turn(path: Path) -> None:
    before = around(path)
    assert check(path).sound
    assert around(path) == before
    with ConversationManager(path) as manager, manager._database.write():
        assert check(path, ours=True).sound  # while another one writes


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (["INSERT INTO migration VALUES (99, 'tomorrow', '2030-01-01')"],
         f"It is version 99; this program reads up to version {migrations.CURRENT_VERSION}."),
        (["DROP TABLE migration"], "It holds the tables of another program."),
        (["DROP TRIGGER message_deleted"], "The trigger message_deleted is missing."),
        (["UPDATE conversation SET id = 'aaaa0000' WHERE rowid = 1",
          "UPDATE message SET conversation_id = 'aaaa0000' WHERE id < 3",
          "UPDATE conversation SET head_id = 3 WHERE id = 'aaaa0000'"],
         "The active path of conversation aaaa0000 ends at message 3, which it does not have."),
        (["DROP INDEX message_bookmarks", "ALTER TABLE message DROP COLUMN bookmarked",
          "CREATE INDEX message_bookmarks ON message (id)"],
         "The column message.bookmarked is missing."),
        (["ALTER TABLE migration RENAME COLUMN version TO v",
          "ALTER TABLE migration ADD COLUMN version TEXT DEFAULT 'x'"],
         "It holds the tables of another program."),
        (["UPDATE message SET created_at = 'yesterday' WHERE id = 1"],
         "The time of message 1 cannot be read."),
        (["UPDATE conversation SET id = 'aaaa0000', profile = '3', head_id = NULL WHERE rowid = 1",
          "UPDATE message SET conversation_id = 'aaaa0000' WHERE id < 3"],
         "The persona of conversation aaaa0000 is no JSON object."),
        (["UPDATE generation SET trace = '{' WHERE message_id = 2"], "The trace of message 2 is no JSON."),
        (["UPDATE generation SET trace = CAST(x'7b2261223a22ff227d' AS TEXT) WHERE message_id = 2"],
         "The trace of message 2 is no JSON."),
        (["UPDATE message SET text = CAST(x'4920e9' AS TEXT) WHERE id = 1"],
         "The text of message 1 is no text in UTF-8."),
        (["UPDATE conversation SET id = 'aaaa0000', title = CAST(x'e9' AS TEXT), head_id = NULL "
          "WHERE rowid = 1", "UPDATE message SET conversation_id = 'aaaa0000' WHERE id < 3"],
         "The title or the persona of conversation aaaa0000 is no text in UTF-8."),
        (["INSERT INTO generation VALUES (9, '{}')"],
         "Row 9 of the table generation belongs to a message that is not there."),
        (["UPDATE message SET role = 'robot' WHERE id = 1"],
         "It is damaged: CHECK constraint failed in message."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(path: Path, statements: list[str], problem: str) -> None:
    report = check(change(path, *statements))
    assert report.problems == (problem,)
    assert not report.sound
    assert not report.stale_index


def test_a_text_that_cannot_be_read_is_told_as_damage(path: Path) -> None:
    change(path, "UPDATE message SET text = CAST(x'4920e9' AS TEXT) WHERE id = 1")
    with ConversationManager(path) as manager, pytest.raises(CorruptStorageError, match="restore a copy"):
        manager.message(1)


def test_a_stale_index_is_told_and_made_anew(path: Path) -> None:
    change(path, "INSERT INTO message_search (message_search) VALUES ('delete-all')")
    report = check(path)
    assert (report.problems, report.stale_index, report.sound) == ((), True, False)
    rebuild_index(path)
    assert check(path).sound
    with ConversationManager(path) as manager:
        assert len(manager.search("keys")) == 1


def test_files_that_are_no_database(tmp_path: Path, path: Path) -> None:
    junk, empty, torn = tmp_path / "junk.db", tmp_path / "empty.db", tmp_path / "torn.db"
    junk.write_bytes(b"not a database at all " * 100)
    empty.touch()
    whole = path.read_bytes()
    torn.write_bytes(whole[: len(whole) // 2])
    assert check(junk).problems == ("It is no database that can be read: file is not a database.",)
    assert check(empty).problems == ("It is empty: it has no tables.",)
    assert check(torn).problems
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["data", "empty.db", "junk.db", "torn.db"]


# --- restore


def test_a_restore_brings_back_what_was_and_keeps_what_is(path: Path, tmp_path: Path) -> None:
    copy = backup(path, tmp_path / "copy.db").path
    with ConversationManager(path) as manager:
        manager.delete(manager.get("last").id)
    done = restore(copy, path)
    assert (done.report.sound, done.report.conversations, done.version) == (
        True,
        2,
        migrations.CURRENT_VERSION,
    )
    assert talks(path) == ["It rains", "I lost my keys"]
    assert done.kept is not None
    assert talks(done.kept) == ["I lost my keys"]
    assert done.kept.name.startswith("chats-before-restore-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(around(path)) == sorted([path.name, done.kept.name])
    assert check(copy).sound


def test_a_restore_where_there_is_no_database_yet(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "new" / "chats.db"
    done = restore(path, elsewhere)
    assert (done.kept, talks(elsewhere)) == (None, talks(path))


def test_an_older_backup_is_brought_to_this_version_and_left_as_it_was(path: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    connection = sqlite3.connect(old)
    connection.executescript(VERSION_1)
    connection.close()
    before = old.read_bytes()
    done = restore(old, path)
    assert (done.version, done.report.version, done.report.sound) == (1, migrations.CURRENT_VERSION, True)
    assert old.read_bytes() == before
    with ConversationManager(path) as manager:
        assert [hit.message_id for hit in manager.search("keys")] == [1]


def test_a_backup_with_a_stale_index_loses_nothing(path: Path, tmp_path: Path) -> None:
    copy = backup(path, tmp_path / "copy.db").path
    change(copy, "INSERT INTO message_search (message_search) VALUES ('delete-all')")
    assert restore(copy, path).report.sound


@pytest.mark.parametrize("fault", ["junk", "newer", "foreign", "broken", "itself", "missing"])
def test_what_is_no_sound_backup_is_refused_and_nothing_changes(
    path: Path, tmp_path: Path, fault: str
) -> None:
    copy = backup(path, tmp_path / "copy.db").path
    match fault:
        case "junk":
            copy.write_bytes(b"nothing")
        case "newer":
            change(copy, "INSERT INTO migration VALUES (99, 'tomorrow', '2030-01-01')")
        case "foreign":
            change(copy, "DROP TABLE conversation")
        case "broken":
            change(copy, "DELETE FROM message WHERE id = 1")
        case "itself":
            copy = path
        case "missing":
            copy.unlink()
    before = around(path)
    with pytest.raises((UnsoundBackupError, RefusedValueError)) as refused:
        restore(copy, path)
    assert refused.value.exit_code == (2 if fault in ("itself", "missing") else 1)
    assert str(copy) in str(refused.value)
    assert around(path) == before


def test_a_database_that_is_open_is_not_replaced(path: Path, tmp_path: Path) -> None:
    copy = backup(path, tmp_path / "copy.db").path
    with ConversationManager(path) as manager:
        names = sorted(around(path))
        with pytest.raises(DatabaseInUseError, match="Leave chatbot wherever it runs"):
            restore(copy, path)
        manager.create(profile_name="poet", profile={}, model="", title="still open")
        assert sorted(around(path)) == names
    restore(copy, path)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="none tells what is open")
def test_a_restore_moves_no_file_that_is_open_on_windows(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_there(old: Path, new: Path) -> None:
        held = {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}
        assert not held & {str(old), str(new)}
        old.rename(new)

    copy = backup(path, tmp_path / "copy.db").path
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "replace", as_there)
    restore(copy, path)


def test_a_restore_through_a_link_leaves_the_link(path: Path, tmp_path: Path) -> None:
    copy = backup(path, tmp_path / "copy.db").path
    link = tmp_path / "link.db"
    link.symlink_to(path)
    done = restore(copy, link)
    assert link.is_symlink()
    assert done.report.path == path
    assert done.kept is not None
    assert done.kept.parent == path.parent


def test_a_file_that_another_program_keeps_locked_is_not_waited_for_for_ever(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "WAIT", 0.05)
    copy = backup(path, tmp_path / "copy.db").path
    with closing(sqlite3.connect(copy)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for act in (lambda: check(copy, ours=True), lambda: backup(copy)):
            with pytest.raises(LockedStorageError, match="keeps .*copy.db locked"):
                act()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "data"]


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refused)


@pytest.mark.parametrize("links", [True, False])
def test_a_restore_that_cannot_be_finished_leaves_the_database_in_its_place(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, links: bool
) -> None:
    def failing(*arguments: object) -> None:
        raise OSError(5, "Input/output error")

    copy = backup(path, tmp_path / "copy.db").path
    path.write_bytes(b"ruined")
    path.with_name("chats.db-wal").write_bytes(b"log")
    before = around(path)
    if not links:
        request.getfixturevalue("no_links")
    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        restore(copy, path)
    assert {name: what for name, what in around(path).items() if not name.endswith("-shm")} == before


@pytest.mark.usefixtures("no_links")
def test_a_ruined_database_is_replaced_and_kept_with_its_log(path: Path, tmp_path: Path) -> None:
    copy = backup(path, tmp_path / "copy.db").path
    path.write_bytes(b"ruined")
    path.with_name("chats.db-wal").write_bytes(b"log")
    done = restore(copy, path)
    assert len(talks(path)) == 2
    assert done.kept is not None
    assert done.kept.read_bytes() == b"ruined"
    assert done.kept.with_name(f"{done.kept.name}-wal").read_bytes() == b"log"


@pytest.mark.parametrize("links", [True, False])
def test_a_log_that_stayed_behind_is_not_the_restored_databases(
    path: Path, tmp_path: Path, request: pytest.FixtureRequest, links: bool
) -> None:
    copy = backup(path, tmp_path / "copy.db").path
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("DELETE FROM conversation")
        writer.commit()
        log = path.with_name("chats.db-wal").read_bytes()
    path.unlink()
    path.with_name("chats.db-wal").write_bytes(log)  # as after a power cut, and the database moved away
    if not links:
        request.getfixturevalue("no_links")
    done = restore(copy, path)
    assert done.kept is None
    assert len(talks(path)) == 2
    aside = [
        file for file in path.parent.iterdir() if file.name.endswith("-wal") and "before-restore" in file.name
    ]
    assert [file.read_bytes() for file in aside] == [log]
