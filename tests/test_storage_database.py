"""The database file: what survives a crash, what deletion leaves, and the ways in which a file can be bad."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from storage import (
    ConversationManager,
    CorruptStorageError,
    DiskFullError,
    LockedStorageError,
    ReadOnlyStorageError,
    ReplacedStorageError,
    StorageError,
    backup,
    check,
    database,
)

ROOT = Path(__file__).parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


@pytest.fixture
def manager(path: Path) -> Iterator[ConversationManager]:
    with ConversationManager(path) as manager:
        yield manager


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)


def begin(manager: ConversationManager) -> str:
    return manager.create(profile_name="poet", profile={}, model="tiny").id


def talk(manager: ConversationManager, *texts: str) -> str:
    conversation = begin(manager)
    for text in texts:
        manager.add_message(conversation, role="user", text=text)
    return conversation


def bytes_of(path: Path) -> bytes:
    """The database and everything that SQLite keeps beside it."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())


def pragma(manager: ConversationManager, name: str) -> object:
    with manager._database.read() as session:
        return session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()


# --- crashes


def test_a_killed_program_leaves_the_journalled_part_of_its_reply(path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from storage import ConversationManager
manager = ConversationManager(Path(sys.argv[1]))
conversation = manager.create(profile_name="poet", profile={}, model="tiny")
question = manager.add_message(conversation.id, role="user", text="Who are you?")
reply = manager.begin_reply(conversation.id, parent_id=question.id)
manager.journal(reply.id, "A man who")
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    with ConversationManager(path) as manager:
        said = manager.path(manager.get("last").id)
        assert [(m.role, m.text, m.state) for m in said] == [
            ("user", "Who are you?", "complete"),
            ("bot", "A man who", "partial"),
        ]
        done = manager.finish_reply(said[-1].id, text="A man who reads.", state="complete", generation={})
        assert done.text == "A man who reads."


def test_a_second_manager_sees_what_the_first_has_not_closed(
    manager: ConversationManager, path: Path
) -> None:
    conversation = begin(manager)
    question = manager.add_message(conversation, role="user", text="hi")
    reply = manager.begin_reply(conversation, parent_id=question.id)
    manager.journal(reply.id, "so far")
    with ConversationManager(path) as second:
        said = [(m.text, m.state) for m in second.path(conversation)]
    assert said == [("hi", "complete"), ("so far", "partial")]
    manager.journal(reply.id, "so far, so good")
    assert manager.path(conversation)[-1].text == "so far, so good"


def test_an_error_in_the_middle_of_a_change_changes_nothing(manager: ConversationManager) -> None:
    conversation = talk(manager, "one")

    def interrupted() -> None:
        with manager._database.write() as session:
            session.connection().exec_driver_sql("DELETE FROM message")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [m.text for m in manager.path(conversation)] == ["one"]


def test_every_commit_reaches_the_disk_and_keys_are_checked(manager: ConversationManager) -> None:
    assert pragma(manager, "journal_mode") == "wal"
    assert pragma(manager, "synchronous") == 2  # FULL
    assert pragma(manager, "foreign_keys") == 1
    assert pragma(manager, "secure_delete") == 1
    assert pragma(manager, "busy_timeout") == 5_000


# --- several at a time


async def test_who_has_a_screen_to_draw_does_not_wait_5_s(manager: ConversationManager, path: Path) -> None:
    conversation = begin(manager)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        before = time.monotonic()
        with pytest.raises(LockedStorageError):
            manager.rename(conversation, "late")
        assert time.monotonic() - before < 4


def test_threads_write_and_read_at_once_without_losing_a_message(path: Path) -> None:
    with ConversationManager(path) as manager, ConversationManager(path) as other:
        shared = begin(manager)

        def write(number: int) -> None:
            mine = (manager, other)[number % 2]
            own = begin(mine)
            for count in range(8):
                mine.add_message(shared, role="user", text=f"{number}.{count}")
                mine.add_message(own, role="user", text=f"{number}.{count}")
                assert [m.text for m in mine.path(own)] == [f"{number}.{n}" for n in range(count + 1)]
                mine.list()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        said = manager.path(shared)
        assert sorted(m.text for m in said) == sorted(f"{n}.{c}" for n in range(4) for c in range(8))
        assert {m.sibling_count for m in said} == {1}  # one line: each message followed the last


def test_threads_share_a_conversation_in_memory() -> None:
    with ConversationManager(None) as manager:
        conversation = begin(manager)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: manager.add_message(conversation, role="user", text=str(n)), range(40)))
        assert sorted(int(m.text) for m in manager.path(conversation)) == list(range(40))


def test_threads_open_a_new_database_at_once(path: Path) -> None:
    def open_and_talk(number: int) -> str:
        with ConversationManager(path) as manager:
            return talk(manager, f"{number}")

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(open_and_talk, range(4)))
    with ConversationManager(path) as manager:
        assert {c.id for c in manager.list()} == made


@pytest.mark.usefixtures("impatient")
def test_a_locked_database_can_be_read_and_says_so_when_written(path: Path) -> None:
    with ConversationManager(path) as manager:
        conversation = talk(manager, "one")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert [m.text for m in manager.path(conversation)] == ["one"]
        with ConversationManager(path) as late:
            assert len(late.list()) == 1
        with pytest.raises(LockedStorageError, match=f"keeps {path} locked"):
            manager.add_message(conversation, role="user", text="two")
        other.execute("ROLLBACK")
        other.close()
        manager.add_message(conversation, role="user", text="three")
        assert [m.text for m in manager.path(conversation)] == ["one", "three"]


# --- deleting


def test_nothing_of_a_deleted_conversation_is_left_on_disk(manager: ConversationManager, path: Path) -> None:
    rng = random.Random(1)

    def word() -> str:
        return "".join(rng.choices(string.ascii_lowercase, k=12))

    said: dict[str, set[str]] = {}
    for _ in range(5):
        facts = {word() for _ in range(30)}
        conversation = manager.create(profile_name="poet", profile={"facts": sorted(facts)}, model="tiny").id
        said[conversation] = facts
        for length in (3, 40, 250):
            words = [word() for _ in range(length)]
            question = manager.add_message(conversation, role="user", text=" ".join(words))
            reply = manager.begin_reply(conversation, parent_id=question.id)
            spoken = [word() for _ in range(length)]
            for end in range(0, length, 50):
                manager.journal(reply.id, " ".join(spoken[:end]))
            trace = {"note": word()}
            manager.finish_reply(reply.id, text=" ".join(spoken), state="complete", generation=trace)
            said[conversation] |= {*words, *spoken, trace["note"]}
    kept, *deleted = said
    before = bytes_of(path)
    assert all(word.encode() in before for word in said[deleted[0]])
    for conversation in deleted:
        manager.delete(conversation)
        assert manager.wiped
        content = bytes_of(path)
        assert [word for word in said[conversation] if word.encode() in content] == []
        assert manager.search(next(iter(said[conversation]))) == []
    assert manager.search(manager.path(kept)[0].text.split()[0])[0].conversation_id == kept


@pytest.mark.usefixtures("impatient")
def test_a_deletion_beside_a_reader_says_that_bytes_are_left(path: Path) -> None:
    with ConversationManager(path) as manager:
        conversation = talk(manager, "secretword")
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT text FROM message").fetchall() == [("secretword",)]
        assert manager.wiped
        manager.delete(conversation)
        assert not manager.wiped
        assert manager.list() == []
        reader.execute("ROLLBACK")
        reader.close()
        other = talk(manager, "another")
        manager.delete(other)
        assert manager.wiped
        assert b"secretword" not in bytes_of(path)


# --- bad places


def test_the_file_is_private_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "chats.db"
    with ConversationManager(path) as manager:
        talk(manager, "hi")
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_name_with_odd_letters_is_only_a_name(tmp_path: Path) -> None:
    path = tmp_path / "what? 100% #1 ?mode=memory é.db"
    with ConversationManager(path) as manager:
        talk(manager, "hi")
    assert path.stat().st_size > 0


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder that cannot be written, seen by a user who has no special rights."""
    folder = Path(tempfile.mkdtemp())
    (folder / "open").mkdir(mode=0o755)
    is_root = os.geteuid() == 0
    folder.chmod(0o755)
    if is_root:
        os.chown(folder / "open", 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder / "open"
    finally:
        if is_root:
            os.seteuid(0)
        (folder / "open").chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="the rights of a folder are of another kind there")
def test_a_folder_that_may_not_be_written(unprivileged: Path) -> None:
    unprivileged.chmod(0o555)
    with pytest.raises(ReadOnlyStorageError, match="Permission denied") as refused:
        ConversationManager(unprivileged / "chats.db")
    assert str(unprivileged / "chats.db") in str(refused.value)
    assert "storage backup" not in str(refused.value)  # there is nothing to copy
    assert refused.value.exit_code == 1
    assert list(unprivileged.iterdir()) == []
    with pytest.raises(ReadOnlyStorageError, match="Permission denied"):
        ConversationManager(unprivileged / "deeper" / "chats.db")


@pytest.mark.skipif(os.name == "nt", reason="the rights of a folder are of another kind there")
def test_a_file_or_folder_that_becomes_read_only_keeps_what_it_has(unprivileged: Path) -> None:
    path = unprivileged / "chats.db"
    with ConversationManager(path) as manager:
        conversation = talk(manager, "one")
    path.chmod(0o444)
    way_out = "Give write permission to both, .* copy it: chatbot storage backup FILE"
    with pytest.raises(ReadOnlyStorageError, match=way_out):
        ConversationManager(path)
    path.chmod(0o644)
    unprivileged.chmod(0o555)  # SQLite cannot make its log beside the file
    with pytest.raises(ReadOnlyStorageError, match=way_out):
        ConversationManager(path)
    with tempfile.TemporaryDirectory() as elsewhere:  # what is there can still be looked at and saved
        assert check(path, ours=True).messages == backup(path, Path(elsewhere)).messages == 1
    unprivileged.chmod(0o755)
    with ConversationManager(path) as manager:
        assert [m.text for m in manager.path(conversation)] == ["one"]


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=f"{tmp_path} is refused"):
        ConversationManager(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="chats.db is refused"):
        ConversationManager(tmp_path / "file" / "chats.db")


def test_a_full_disk_loses_nothing_that_was_stored(manager: ConversationManager) -> None:
    conversation = talk(manager, "one")
    with manager._database._engine.connect() as connection:  # the pool hands out this same connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    question = "long " * 20_000
    with pytest.raises(DiskFullError, match="there is none left") as refused:
        manager.add_message(conversation, role="user", text=question)
    assert refused.value.exit_code == 1
    assert [m.text for m in manager.path(conversation)] == ["one"]
    with manager._database._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    assert manager.add_message(conversation, role="user", text=question).text == question


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files there")
def test_a_deletion_that_leaves_no_room_for_a_rewrite_is_one(path: Path) -> None:
    import resource

    with ConversationManager(path) as manager:
        manager.create(profile_name="p", profile={"much": "x" * 1_000_000}, model="m")
        conversation = talk(manager, "one")
    with ConversationManager(path) as manager:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))  # SQLite: disk I/O error, as a quota
        try:
            manager.delete(conversation)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert manager.list() == []
        assert not manager.wiped


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    for content in (b"Dear diary, today I was not a database. " * 50, b"SQLite format 3\0" + b"\xff" * 4_080):
        path.write_bytes(content)
        with pytest.raises(CorruptStorageError, match=f"{path} is not one") as refused:
            ConversationManager(path)
        assert "\n" not in str(refused.value)
        assert path.read_bytes() == content
        assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE message (id INTEGER, body TEXT)")
    other.execute("CREATE TABLE conversation (id INTEGER)")
    other.commit()
    other.close()
    content = path.read_bytes()
    with pytest.raises(CorruptStorageError, match="the tables of another program"):
        ConversationManager(path)
    assert path.read_bytes() == content


def test_a_damaged_database_says_so_and_is_not_written(path: Path) -> None:
    with ConversationManager(path) as manager:
        conversation = talk(manager, *("words " * 400 for _ in range(60)))
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    for page in range(2, pages):  # all but the schema
        content[page * 4096 : page * 4096 + 2_000] = b"\xa5" * 2_000
    path.write_bytes(content)
    damaged = path.read_bytes()

    def reading(manager: ConversationManager) -> object:
        return manager.path(conversation)

    def writing(manager: ConversationManager) -> object:
        return manager.add_message(conversation, role="user", text="hi")

    actions: list[Callable[[ConversationManager], object]] = [reading, writing, ConversationManager.list]
    for action in actions:
        with (
            pytest.raises(CorruptStorageError, match="Move the file away or restore a copy"),
            ConversationManager(path) as manager,
        ):
            action(manager)
    assert path.read_bytes() == damaged


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    with ConversationManager(path) as manager:
        assert manager.list() == []


def test_a_file_that_was_moved_or_exchanged_is_not_written_into_the_void(path: Path, tmp_path: Path) -> None:
    with ConversationManager(path) as manager:
        conversation = talk(manager, "one")
        path.rename(tmp_path / "away.db")
        with pytest.raises(ReplacedStorageError, match="was deleted, moved or replaced"):
            manager.add_message(conversation, role="user", text="two")
        path.write_bytes(b"")
        with pytest.raises(ReplacedStorageError):
            manager.add_message(conversation, role="user", text="two")
        (tmp_path / "away.db").replace(path)
        manager.add_message(conversation, role="user", text="three")
        assert [m.text for m in manager.path(conversation)] == ["one", "three"]
