"""One SQLite file: opening it safely, short transactions, and leaving nothing of what was deleted.

Knows files, locks and pragmas; knows nothing of conversations.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from threading import RLock

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from storage.errors import ClosedStorageError, ReplacedStorageError, translated
from storage.migrations import CURRENT_VERSION, migrate, version

BUSY_MS = 5_000  # how long to wait for another program's write
BRISK_MS = 500  # the same in a thread with an event loop: it draws a screen


class Database:
    """Opens (or makes) the database at `path`; None keeps it in memory. Safe to use from several threads.

    Raises a StorageError that names the file when it cannot be opened; then the file is as it was.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = None if path is None else path.absolute()
        self._closed = False
        self.wiped = True
        self._identity: tuple[int, int] | None = None
        # All threads share the one connection of a database in memory, so they take turns.
        self._turn = RLock() if self.path is None else nullcontext()
        self._engine = _engine(self.path)
        self._read = sessionmaker(self._engine, expire_on_commit=False)
        writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        self._write = sessionmaker(writing, expire_on_commit=False)
        try:
            self._open(writing)
        except (DBAPIError, OSError) as error:
            self._engine.dispose()
            raise translated(error, self.path) from error
        except BaseException:
            self._engine.dispose()
            raise

    def _open(self, writing: Engine) -> None:
        if self.path is not None:
            _make_private(self.path)
            self._identity = _identity(self.path)
        with self._engine.connect() as connection:
            found = version(connection, self.path)  # before anything is written: it may not be our file
        if self.path is not None:
            with self._engine.connect().execution_options(begin="") as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        if found < CURRENT_VERSION:
            with writing.begin() as connection:
                migrate(connection, self.path)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database."""
        with self._session(self._read) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that holds the write lock from its start; at the end all of it is committed."""
        if self.path is not None and _identity(self.path) != self._identity:
            raise ReplacedStorageError(self.path)  # SQLite would go on writing to a file that has no name
        with self._session(self._write) as session:
            yield session

    @contextmanager
    def _session(self, maker: sessionmaker[Session]) -> Iterator[Session]:
        if self._closed:
            raise ClosedStorageError(self.path)
        try:
            with self._turn, maker.begin() as session:
                yield session
        except DBAPIError as error:
            raise translated(error, self.path) from error

    def alone(self) -> bool:
        """Whether no other program has the file open: SQLite leaves the mode with a log for one alone."""
        with self._engine.connect().execution_options(begin="") as connection:
            with suppress(DBAPIError):
                connection.exec_driver_sql("PRAGMA busy_timeout = 0")
                connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_patience()}")
            alone = connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            version(connection, self.path)  # who reads has it open
            return alone

    def scrub(self) -> None:
        """Rewrite the file and empty its log, so that nothing deleted can be read in them.

        secure_delete wipes what is freed, but not the copies that SQLite leaves when it moves rows between
        pages; only a rewrite does. `wiped` says whether it could be done.
        """
        self.wiped = False
        self.wiped = self._rewritten()

    def _rewritten(self) -> bool:
        """False where it cannot be: another program is reading, or there is no room."""
        if self.path is None:
            return True
        try:
            with self._engine.connect().execution_options(begin="") as connection:
                connection.exec_driver_sql("VACUUM")
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
            return busy == 0
        except DBAPIError:
            return False

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()


def _engine(path: Path | None) -> Engine:
    if path is None:
        shared = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        engine = create_engine("sqlite://", json_serializer=_strict_json, **shared)
    else:
        engine = create_engine(URL.create("sqlite", database=str(path)), json_serializer=_strict_json)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _strict_json(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _prepare(connection: SQLiteConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3 would begin transactions by itself, and late; `_begin` does
    for pragma in (
        "foreign_keys = ON",
        "secure_delete = ON",
        "synchronous = FULL",  # what was said survives a power cut, not only a crash
        "temp_store = MEMORY",  # no copy of a text in a temporary file
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """A write takes the lock at once: a read that turns into a write fails when another one was faster."""
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_patience()}")
    if statement := connection.get_execution_options().get("begin", "BEGIN"):
        connection.exec_driver_sql(statement)


def _patience() -> int:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return BUSY_MS
    return min(BRISK_MS, BUSY_MS)


def _make_private(path: Path) -> None:
    """The folder and the file, readable by their owner alone; SQLite gives its log the mode of the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
