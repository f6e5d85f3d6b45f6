"""The schema as an ordered list of numbered steps; the table `migration` records the ones that were taken.

A new database takes all of them, an old one the missing ones, in one transaction. A step that was released is
never edited: to change the schema, change `storage/models.py` and append a step here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from storage.errors import CorruptStorageError, NewerDatabaseError

Migration = Callable[[Connection], None]

_LEDGER = """
    CREATE TABLE migration (
        version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL
    )
"""


def conversations(connection: Connection) -> None:
    """Version 1: conversations, their trees of messages, and the generation behind a reply."""
    _execute(
        connection,
        """
        CREATE TABLE conversation (
            id TEXT NOT NULL,
            title TEXT NOT NULL,
            profile_name TEXT NOT NULL,
            profile JSON NOT NULL,
            model TEXT NOT NULL,
            head_id INTEGER,
            visits INTEGER NOT NULL,
            created_at DATETIME NOT NULL,
            updated_at DATETIME NOT NULL,
            PRIMARY KEY (id),
            CONSTRAINT conversation_head FOREIGN KEY (id, head_id)
                REFERENCES message (conversation_id, id) DEFERRABLE INITIALLY DEFERRED
        )
        """,
        """
        CREATE TABLE message (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            conversation_id TEXT NOT NULL,
            parent_id INTEGER,
            role TEXT NOT NULL,
            text TEXT NOT NULL,
            state TEXT NOT NULL,
            position INTEGER NOT NULL,
            hidden BOOLEAN NOT NULL,
            visited INTEGER NOT NULL,
            created_at DATETIME NOT NULL,
            CONSTRAINT message_parent FOREIGN KEY (conversation_id, parent_id)
                REFERENCES message (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
            CONSTRAINT message_of_conversation UNIQUE (conversation_id, id),
            CONSTRAINT parent_is_older CHECK (parent_id < id),
            CONSTRAINT known_role CHECK (role IN ('user', 'bot', 'narrator')),
            CONSTRAINT known_state CHECK (state IN ('complete', 'partial', 'failed')),
            CONSTRAINT position_counts_from_zero CHECK (position >= 0),
            FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
        )
        """,
        """
        CREATE TABLE generation (
            message_id INTEGER NOT NULL,
            trace JSON NOT NULL,
            PRIMARY KEY (message_id),
            FOREIGN KEY (message_id) REFERENCES message (id) ON DELETE CASCADE
        )
        """,
        "CREATE INDEX conversation_by_time ON conversation (updated_at)",
        "CREATE UNIQUE INDEX message_siblings ON message (conversation_id, parent_id, position)",
        "CREATE UNIQUE INDEX message_openings ON message (conversation_id, position) WHERE parent_id IS NULL",
    )


def search(connection: Connection) -> None:
    """Version 2: a full-text index over the text of the messages, kept in step by triggers."""
    _execute(
        connection,
        """
        CREATE VIRTUAL TABLE message_search USING fts5(
            text, content='message', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
        )
        """,
        """
        CREATE TRIGGER message_inserted AFTER INSERT ON message BEGIN
            INSERT INTO message_search (rowid, text) VALUES (new.id, new.text);
        END
        """,
        """
        CREATE TRIGGER message_deleted AFTER DELETE ON message BEGIN
            INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.id, old.text);
        END
        """,
        """
        CREATE TRIGGER message_rewritten AFTER UPDATE OF text ON message BEGIN
            INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.id, old.text);
            INSERT INTO message_search (rowid, text) VALUES (new.id, new.text);
        END
        """,
        "INSERT INTO message_search (message_search) VALUES ('rebuild')",
    )


def keepsakes(connection: Connection) -> None:
    """Version 3: memories of the user, bookmarks, the archive, and what imported chats bring along."""
    _execute(
        connection,
        "ALTER TABLE conversation ADD COLUMN archived BOOLEAN NOT NULL DEFAULT 0",
        "ALTER TABLE conversation ADD COLUMN extra JSON",
        "ALTER TABLE message ADD COLUMN bookmarked BOOLEAN NOT NULL DEFAULT 0",
        "ALTER TABLE message ADD COLUMN speaker TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE message ADD COLUMN extra JSON",
        """
        CREATE TABLE memory (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            profile_name TEXT NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            message_id INTEGER,
            created_at DATETIME NOT NULL,
            FOREIGN KEY (message_id) REFERENCES message (id) ON DELETE SET NULL
        )
        """,
        "CREATE INDEX memory_of_message ON memory (message_id)",
        "CREATE INDEX message_bookmarks ON message (conversation_id) WHERE bookmarked = 1",
    )


def prefixes(connection: Connection) -> None:
    """Version 4: the index also knows words by their first one and two letters, which many words share."""
    _execute(
        connection,
        "DROP TABLE message_search",
        """
        CREATE VIRTUAL TABLE message_search USING fts5(
            text, content='message', content_rowid='id', tokenize='unicode61 remove_diacritics 2',
            prefix='1 2'
        )
        """,
        "INSERT INTO message_search (message_search) VALUES ('rebuild')",
    )


def open_things(connection: Connection) -> None:
    """Version 5: drafts of messages, and the conversations that are open in tabs."""
    _execute(
        connection,
        """
        CREATE TABLE draft (
            id INTEGER NOT NULL PRIMARY KEY,
            conversation_id TEXT UNIQUE,
            text TEXT NOT NULL,
            FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
        )
        """,
        """
        CREATE TABLE tab (
            position INTEGER NOT NULL PRIMARY KEY,
            conversation_id TEXT NOT NULL UNIQUE,
            in_front BOOLEAN NOT NULL,
            FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
        )
        """,
    )


MIGRATIONS: tuple[Migration, ...] = (conversations, search, keepsakes, prefixes, open_things)
CURRENT_VERSION = len(MIGRATIONS)


def version(connection: Connection, path: Path | None) -> int:
    """The version of the database, 0 for an empty one. Refuses a newer one and that of another program."""
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if not tables:
        return 0
    if not {"migration", "conversation", "message"} <= tables:
        raise CorruptStorageError(path, "it holds the tables of another program")
    found = connection.exec_driver_sql("SELECT max(version) FROM migration").scalar() or 0
    if not isinstance(found, int):
        raise CorruptStorageError(path, f"its version is {found!r}")
    if found > CURRENT_VERSION:
        raise NewerDatabaseError(path, found, CURRENT_VERSION)
    return found


def migrate(connection: Connection, path: Path | None, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Take the missing steps. The caller holds the write lock and commits, so it is all of them or none."""
    done = version(connection, path)  # asked again under the lock: another program may have been first
    if done == 0:
        connection.exec_driver_sql(_LEDGER)
    for number, step in enumerate(migrations, start=1):
        if number > done:
            step(connection)
            row = (number, step.__name__, datetime.now(UTC).isoformat())
            connection.exec_driver_sql(
                "INSERT INTO migration (version, name, applied_at) VALUES (?, ?, ?)", row
            )


def _execute(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
