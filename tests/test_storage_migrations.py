"""Migrations: an old database becomes what a new one is, keeps what it holds, and a newer one is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from storage import ConversationManager, NewerDatabaseError, StorageError, migrations
from storage.models import Base

# Version 1 as it was released. Never edited: it stands for the databases that people have.
VERSION_1 = """
CREATE TABLE migration (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL);
CREATE TABLE conversation (
    id TEXT NOT NULL, title TEXT NOT NULL, profile_name TEXT NOT NULL, profile JSON NOT NULL,
    model TEXT NOT NULL, head_id INTEGER, visits INTEGER NOT NULL,
    created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT conversation_head FOREIGN KEY (id, head_id)
        REFERENCES message (conversation_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE message (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, conversation_id TEXT NOT NULL, parent_id INTEGER,
    role TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, position INTEGER NOT NULL,
    hidden BOOLEAN NOT NULL, visited INTEGER NOT NULL, created_at DATETIME NOT NULL,
    CONSTRAINT message_parent FOREIGN KEY (conversation_id, parent_id)
        REFERENCES message (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT message_of_conversation UNIQUE (conversation_id, id),
    CONSTRAINT parent_is_older CHECK (parent_id < id),
    CONSTRAINT known_role CHECK (role IN ('user', 'bot', 'narrator')),
    CONSTRAINT known_state CHECK (state IN ('complete', 'partial', 'failed')),
    CONSTRAINT position_counts_from_zero CHECK (position >= 0),
    FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);
CREATE TABLE generation (
    message_id INTEGER NOT NULL, trace JSON NOT NULL, PRIMARY KEY (message_id),
    FOREIGN KEY (message_id) REFERENCES message (id) ON DELETE CASCADE
);
CREATE INDEX conversation_by_time ON conversation (updated_at);
CREATE UNIQUE INDEX message_siblings ON message (conversation_id, parent_id, position);
CREATE UNIQUE INDEX message_openings ON message (conversation_id, position) WHERE parent_id IS NULL;
INSERT INTO migration VALUES (1, 'conversations', '2026-01-02T03:04:05+00:00');
INSERT INTO conversation VALUES
    ('k3v9q2mx', 'The keys', 'poet', '{"name": "poet"}', 'tiny', 2, 2,
     '2026-01-02 03:04:05.000000', '2026-01-02 03:04:07.250000');
INSERT INTO message VALUES
    (1, 'k3v9q2mx', NULL, 'user', 'I lost my keys', 'complete', 0, 0, 1, '2026-01-02 03:04:06.000000'),
    (2, 'k3v9q2mx', 1, 'bot', 'Everything is lost.', 'complete', 0, 0, 2, '2026-01-02 03:04:07.250000');
INSERT INTO generation VALUES (2, '{"seed": 5}');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of version 1 with a conversation in it."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.close()
    return path


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.db"
    ConversationManager(path).close()
    return path


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def schema(path: Path) -> list[tuple[str, str, str]]:
    """Everything in the schema, its SQL without regard to spaces and line breaks."""
    found = rows(path, "SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    return [(str(kind), str(name), "".join(str(sql).split())) for kind, name, sql in found]


def tables(path: Path, names: Sequence[str]) -> dict[str, object]:
    """What SQLite itself makes of the tables: columns, keys and indexes."""
    facts: dict[str, object] = {}
    for name in names:
        facts[name] = [row[1:] for row in rows(path, f"PRAGMA table_xinfo({name})")]
        facts[f"{name} keys"] = sorted(row[2:] for row in rows(path, f"PRAGMA foreign_key_list({name})"))
        for _, index, unique, origin, partial in rows(path, f"PRAGMA index_list({name})"):
            columns = [row[2] for row in rows(path, f"PRAGMA index_info({index})")]
            facts[f"{name} {columns} {origin}"] = (unique, partial)
    return facts


def test_an_old_database_becomes_what_a_new_one_is(old: Path, new: Path) -> None:
    ConversationManager(old).close()
    assert schema(old) == schema(new)
    assert rows(old, "SELECT version, name FROM migration") == [
        (1, "conversations"),
        (2, "search"),
        (3, "keepsakes"),
        (4, "prefixes"),
        (5, "open_things"),
    ]
    assert rows(old, "SELECT applied_at FROM migration WHERE version = 1") == [("2026-01-02T03:04:05+00:00",)]


def test_the_first_step_is_version_1_as_it_was_released(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "first.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrations.migrate(connection, path, migrations.MIGRATIONS[:1])
    engine.dispose()
    assert schema(path) == schema(old)


def test_the_tables_of_the_program_are_those_of_the_migrations(new: Path, tmp_path: Path) -> None:
    path = tmp_path / "models.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    names = list(Base.metadata.tables)
    made = {name for kind, name, _ in schema(new) if kind == "table"}
    foreign = {name for name in made if name.startswith(("message_search", "sqlite_"))} | {"migration"}
    assert made - foreign == set(names)
    assert tables(path, names) == tables(new, names)
    for text in ("parent_is_older", "known_role", "known_state", "position_counts_from_zero"):
        (here,) = (part for part in _rules(path) if part.startswith(text))
        assert here in _rules(new)


def _rules(path: Path) -> set[str]:
    """`name CHECK(...)` of the table `message`, without spaces."""
    (sql,) = (sql for kind, name, sql in schema(path) if (kind, name) == ("table", "message"))
    return {
        part.rstrip(",)")
        for part in sql.replace("FOREIGN", "CONSTRAINT").split("CONSTRAINT")
        if "CHECK" in part
    }


def test_what_an_old_database_holds_is_kept_and_found(old: Path) -> None:
    with ConversationManager(old) as manager:
        conversation = manager.get("last")
        assert (conversation.id, conversation.title, conversation.profile) == (
            "k3v9q2mx",
            "The keys",
            {"name": "poet"},
        )
        assert conversation.updated_at.isoformat() == "2026-01-02T03:04:07.250000+00:00"
        path = manager.path("k3v9q2mx")
        assert [(m.id, m.text, m.generation) for m in path] == [
            (1, "I lost my keys", None),
            (2, "Everything is lost.", {"seed": 5}),
        ]
        assert [hit.message_id for hit in manager.search("lost keys")] == [1]
        manager.add_message("k3v9q2mx", role="user", text="Not everything")
        assert [hit.message_id for hit in manager.search("not")] == [3]


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables of version 1, by the columns that they had."""
    columns = {
        "conversation": "id, title, profile_name, profile, model, head_id, visits, created_at, updated_at",
        "message": "id, conversation_id, parent_id, role, text, state, position, hidden, visited, created_at",
        "generation": "message_id, trace",
        "sqlite_sequence": "name, seq",
    }
    return {table: rows(path, f"SELECT {names} FROM {table} ORDER BY 1") for table, names in columns.items()}


@pytest.mark.parametrize("version", range(1, migrations.CURRENT_VERSION))
def test_every_row_of_every_version_stays_as_it_was(old: Path, version: int) -> None:
    engine = create_engine(f"sqlite:///{old}")
    with engine.begin() as connection:
        migrations.migrate(connection, old, migrations.MIGRATIONS[:version])
    engine.dispose()
    assert rows(old, "SELECT max(version) FROM migration") == [(version,)]
    before = everything(old)
    assert [len(table) for table in before.values()] == [1, 2, 1, 1]
    with ConversationManager(old) as manager:
        conversation, tree = manager.whole("k3v9q2mx")
        assert (conversation.archived, conversation.extra) == (False, None)
        assert [(m.bookmarked, m.speaker, m.extra) for m in tree] == [(False, "", None)] * 2
        assert [hit.message_id for hit in manager.search("k")] == [1]
        assert manager.memories() == []
    assert everything(old) == before
    assert rows(old, "PRAGMA integrity_check") == [("ok",)]
    assert rows(old, "PRAGMA foreign_key_check") == []


def test_what_is_new_can_be_used_in_an_old_database(old: Path) -> None:
    with ConversationManager(old) as manager:
        memory = manager.remember("poet", "lost the keys", kind="fact", message_id=1)
        manager.bookmark(2)
        manager.archive("k3v9q2mx")
        said = manager.add_message(
            "k3v9q2mx", role="narrator", text="Rain.", speaker="Ann", extra={"a": [1, None]}
        )
    with ConversationManager(old) as manager:
        assert manager.memories() == [memory]
        assert [m.id for m in manager.bookmarks()] == [2]
        assert manager.get("k3v9q2mx").archived
        assert manager.tree("k3v9q2mx")[-1] == said
        assert (said.speaker, said.extra) == ("Ann", {"a": [1, None]})


def test_opening_again_changes_nothing(new: Path) -> None:
    before = rows(new, "SELECT * FROM migration")
    ConversationManager(new).close()
    assert rows(new, "SELECT * FROM migration") == before


def test_a_newer_database_is_refused_by_both_versions_and_left_alone(new: Path) -> None:
    connection = sqlite3.connect(new)
    newer = migrations.CURRENT_VERSION + 2
    connection.execute("INSERT INTO migration VALUES (?, 'tomorrow', '2030-01-01')", (newer,))
    connection.commit()
    connection.close()
    content = new.read_bytes()
    with pytest.raises(
        NewerDatabaseError, match=f"up to version {migrations.CURRENT_VERSION}, and {new} is version {newer}"
    ) as refused:
        ConversationManager(new)
    assert refused.value.exit_code == 1
    assert new.read_bytes() == content


def test_a_step_that_fails_takes_all_steps_back(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: migrations.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (done TEXT)")
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    before = schema(old)
    monkeypatch.setattr(migrations.migrate, "__defaults__", ((*migrations.MIGRATIONS, broken),))
    with pytest.raises(StorageError, match="no such table: nowhere"):
        ConversationManager(old)
    assert schema(old) == before
    monkeypatch.undo()
    with ConversationManager(old) as manager:
        assert len(manager.list()) == 1


def test_the_schema_itself_refuses_what_would_break_the_tree(new: Path) -> None:
    connection = sqlite3.connect(new, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    say = (
        "INSERT INTO message (id, conversation_id, parent_id, role, text, state, position, hidden, visited, "
        "created_at) VALUES (?, ?, ?, ?, '', 'complete', ?, 0, 0, '2026-01-02 00:00:00')"
    )
    begin = (
        "INSERT INTO conversation (id, title, profile_name, profile, model, head_id, visits, created_at, "
        "updated_at) VALUES (?, '', '', '{}', '', NULL, 0, '2026-01-02 00:00:00', '2026-01-02 00:00:00')"
    )
    for name in ("one", "two"):
        connection.execute(begin, (name,))
    connection.execute(say, (1, "one", None, "user", 0))
    connection.execute(say, (2, "one", 1, "bot", 0))
    for row in (
        (3, "one", 1, "bot", 0),  # a place that is taken
        (3, "one", None, "bot", 0),  # the same among the openings
        (3, "one", 3, "bot", 0),  # its own parent
        (3, "one", 9, "bot", 0),  # a parent that does not exist
        (3, "two", 1, "bot", 0),  # a parent in another conversation
        (3, "six", None, "bot", 0),  # no such conversation
        (3, "one", 2, "robot", 0),
        (3, "one", 2, "bot", -1),
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(say, row)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE conversation SET head_id = 1 WHERE id = 'two'")
    connection.close()
