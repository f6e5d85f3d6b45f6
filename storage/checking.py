"""Is a database file sound? Everything that can be asked of it, answered in words.

The file is read once, into memory, and the copy is asked: nothing is locked meanwhile, nothing of it changes,
and a database can be checked while it is in use or where it may not be written.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, NullPool, StaticPool, create_engine
from sqlalchemy.exc import DBAPIError

from storage.errors import CorruptStorageError, NewerDatabaseError, RefusedValueError, translated
from storage.migrations import CURRENT_VERSION, MIGRATIONS, migrate, version

MOST_FAULTS = 10  # of one kind that are told
WAIT = 5.0  # seconds for another program's write
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# What must find nothing; what it finds goes into the words. The first version that has it stands before.
_QUESTIONS: tuple[tuple[int, str, str], ...] = (
    (
        1,
        "The active path of conversation {} ends at message {}, which it does not have.",
        "SELECT id, head_id FROM conversation WHERE head_id IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM message WHERE id = head_id AND conversation_id = conversation.id)",
    ),
    (
        1,
        "Message {} follows message {}, which its conversation {} does not have.",
        "SELECT id, parent_id, conversation_id FROM message AS m WHERE parent_id IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM message WHERE id = m.parent_id AND conversation_id = m.conversation_id)",
    ),
    (
        1,
        "The persona of conversation {} is no JSON object.",
        "SELECT id FROM conversation WHERE iif(json_valid(profile), json_type(profile), '') != 'object'",
    ),
    (
        1,
        "The title or the persona of conversation {} is no text in UTF-8.",
        "SELECT id FROM conversation WHERE NOT is_text(CAST(title || profile_name || profile AS BLOB))",
    ),
    (
        1,
        "The text of message {} is no text in UTF-8.",
        "SELECT id FROM message WHERE NOT is_text(CAST(text AS BLOB))",
    ),
    (
        1,
        "The times of conversation {} cannot be read.",
        "SELECT id FROM conversation WHERE julianday(created_at) + julianday(updated_at) IS NULL",
    ),
    (
        1,
        "The time of message {} cannot be read.",
        "SELECT id FROM message WHERE julianday(created_at) IS NULL",
    ),
    (
        1,
        "The trace of message {} is no JSON.",
        "SELECT message_id FROM generation WHERE NOT (json_valid(trace) AND is_text(CAST(trace AS BLOB)))",
    ),
    (
        3,
        "What conversation {} brought along from elsewhere is no JSON.",
        "SELECT id FROM conversation WHERE extra IS NOT NULL AND NOT json_valid(extra)",
    ),
    (
        3,
        "What message {} brought along from elsewhere is no JSON.",
        "SELECT id FROM message WHERE extra IS NOT NULL AND NOT json_valid(extra)",
    ),
)
_PARTS = """
    SELECT type, name FROM sqlite_master UNION ALL
    SELECT 'column', m.name || '.' || c.name
    FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table'
"""
_TOLD = {("conversation", "message"), ("message", "message")}  # keys that the questions ask for


@dataclass(frozen=True)
class Report:
    """What a check found. A stale index is no loss: it can be made anew from the messages."""

    path: Path
    version: int  # 0: no database of this program
    conversations: int = 0
    messages: int = 0
    problems: tuple[str, ...] = ()  # whole sentences
    stale_index: bool = False  # search does not know what the messages say

    @property
    def sound(self) -> bool:
        return not self.problems and not self.stale_index


def check(path: Path, *, ours: bool = False) -> Report:
    """Check the database at `path`; with `ours` it is the one in use, else a file that is left untouched.

    RefusedValueError where there is no file, another StorageError where it cannot be read.
    """
    try:
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as memory:
            with closing(opened(path, ours=ours)) as source:
                copy(source, memory)
            memory.create_function("is_text", 1, _is_text)
            with _engaged(memory) as connection:
                return _report(path, connection)
    except (sqlite3.Error, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        if getattr(reason, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
            raise translated(error, path) from error
        return Report(path, 0, problems=(f"It is no database that can be read: {reason}.",))


def opened(path: Path, *, ours: bool = False) -> sqlite3.Connection:
    """A connection to a file that is there. One that is not ours, or is where nothing may be written, gets no
    log beside it.

    RefusedValueError where there is no file, another StorageError where it may not be read.
    """
    if not path.is_file():
        do = "The first conversation makes it: chatbot chat" if ours else "Give a file that is there."
        raise RefusedValueError(f"There is no database at {path}. {do}")
    in_use = any(path.with_name(path.name + ending).exists() for ending in ("-wal", "-journal"))
    writable = os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    mode = "mode=rw" if ours and writable else "mode=ro" if in_use else "mode=ro&immutable=1"
    try:
        return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=WAIT)
    except sqlite3.Error as error:
        raise translated(error, path) from error


def copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """All pages as they are at one moment. Its lock first: `backup` itself would wait for that for ever."""
    source.execute("BEGIN")
    source.execute("SELECT name FROM sqlite_master").fetchall()
    source.backup(target)


def _is_text(data: bytes) -> bool:
    """SQLite takes any bytes for text, and nothing can be read of a row with one that is none."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _engaged(memory: sqlite3.Connection) -> Iterator[Connection]:
    engine = create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def _report(path: Path, connection: Connection) -> Report:
    damage = tuple(f"It is damaged: {fault}." for fault in _integrity(connection))
    if damage:
        return Report(path, 0, problems=damage)
    try:
        found = version(connection, path)
    except NewerDatabaseError as error:
        sentence = f"It is version {error.found}; this program reads up to version {CURRENT_VERSION}."
        return Report(path, error.found, problems=(sentence,))
    except CorruptStorageError:
        return Report(path, 0, problems=("It holds the tables of another program.",))
    if found == 0:
        return Report(path, 0, problems=("It is empty: it has no tables.",))
    missing = tuple(_missing(connection, found))
    if missing:
        return Report(path, found, problems=missing)
    return Report(
        path,
        found,
        connection.exec_driver_sql("SELECT count(*) FROM conversation").scalar_one(),
        connection.exec_driver_sql("SELECT count(*) FROM message").scalar_one(),
        (*_faults(connection, found), *_keys(connection)),
        found > 1 and not _index_fits(connection),
    )


def _integrity(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_FAULTS})").scalars()
    return [row for row in rows if row != "ok"]


def _missing(connection: Connection, found: int) -> Iterator[str]:
    """Tables, columns, indexes and triggers of its version that are not there."""
    with create_engine("sqlite://", poolclass=NullPool).connect() as fresh:
        migrate(fresh, None, MIGRATIONS[:found])
        lost = _parts(fresh) - _parts(connection)
    for kind, name in sorted(lost):
        if kind != "column" or ("table", name.partition(".")[0]) not in lost:
            yield f"The {kind} {name} is missing."


def _parts(connection: Connection) -> set[tuple[str, str]]:
    return {(kind, name) for kind, name in connection.exec_driver_sql(_PARTS)}


def _faults(connection: Connection, found: int) -> Iterator[str]:
    for since, words, question in _QUESTIONS:
        if found >= since:
            for row in connection.exec_driver_sql(f"{question} LIMIT {MOST_FAULTS}"):
                yield words.format(*row)


def _keys(connection: Connection) -> Iterator[str]:
    """The other rows that point at nothing."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
    lost = [row for row in rows if (row[0], row[2]) not in _TOLD]
    for table, number, target, _ in lost[:MOST_FAULTS]:
        yield f"Row {number} of the table {table} belongs to a {target} that is not there."


def _index_fits(connection: Connection) -> bool:
    """FTS5 compares its index with the messages: rank 1 asks for that."""
    try:
        connection.exec_driver_sql(
            "INSERT INTO message_search (message_search, rank) VALUES ('integrity-check', 1)"
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
            return False
        raise
    return True
