"""A second copy of the database, and the way back: backup and restore.

A backup is one file, the database as it is at one moment, made while it may be in use; it has its name only
once it is whole. A restore puts a sound backup in the place of the database, which is kept beside it.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from glob import escape
from pathlib import Path
from secrets import token_hex

from sqlalchemy import text as sql

from storage.checking import Report, check, copy, opened
from storage.database import Database
from storage.errors import DatabaseInUseError, RefusedValueError, UnsoundBackupError, translated

_LOGS = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a file
_ABANDONED = 24 * 60 * 60  # seconds after which nobody is at work on an unfinished file any more


@dataclass(frozen=True)
class Restored:
    """The database that is in place now, the version its backup had, and where the one before is kept."""

    report: Report
    version: int
    kept: Path | None  # None: there was none


def backup(path: Path, target: Path | None = None) -> Report:
    """Copy the database at `path` into a new file, readable by its owner alone, and check the copy.

    Without `target` it stands beside the database, with the time in its name, and so it does in a folder. A
    file that exists is never written over. A copy that is not sound is kept: it is what there is.
    """
    target = path.parent if target is None else target
    if target.is_dir():
        target = _free(target / f"{path.stem}-backup-{_now()}{path.suffix}")
    if target.exists():
        raise _taken(target)
    with closing(opened(path, ours=True)) as source:
        if not os.access(folder := target.parent, os.W_OK) or not folder.is_dir():
            raise RefusedValueError(
                f"A backup goes into a folder that exists and may be written, and {folder} is none. "
                "Name another."
            )
        with _unfinished(path, target) as new:
            _copied(source, path, new, target)
            _named(new, target)
    return check(target)


def restore(source: Path, path: Path) -> Restored:
    """Put the backup in the place of the database at `path`, brought to this program's version.

    Refused, and nothing is changed: a file that is not sound or is the database itself (UnsoundBackupError,
    RefusedValueError), and a database that is open elsewhere (DatabaseInUseError).
    """
    if path.exists() and source.exists() and source.samefile(path):
        raise RefusedValueError(f"A restore needs a backup, and {source} is the database itself.")
    found = check(source)
    if found.problems:
        raise UnsoundBackupError(source, found.problems)
    path = path.resolve()  # a link stays, and what it names is exchanged
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _unfinished(path, path) as new:
        with closing(opened(source)) as connection:
            _copied(connection, source, new, path)
        _renewed(new)
        if (report := check(new)).problems:
            raise UnsoundBackupError(source, report.problems)
        kept = _exchanged(new, path)
    return Restored(replace(report, path=path), found.version, kept)


def rebuild_index(path: Path) -> None:
    """Make the index that search looks in anew from the messages."""
    with closing(Database(path)) as database, database.write() as session:
        session.execute(sql("INSERT INTO message_search (message_search) VALUES ('rebuild')"))


@contextmanager
def _unfinished(path: Path, target: Path) -> Iterator[Path]:
    """A private file beside `target`, named after the database at `path` until it is whole; gone afterwards,
    and with it what a program left there that was killed more than a day ago."""
    for left in target.parent.glob(f"{escape(path.name)}.{'[0-9a-f]' * 8}.new*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _ABANDONED:
                left.unlink()
    new = target.with_name(f"{path.name}.{token_hex(4)}.new")
    try:
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise translated(error, target) from error
    try:
        yield new
    finally:
        for ending in ("", *_LOGS):
            new.with_name(new.name + ending).unlink(missing_ok=True)


def _copied(source: sqlite3.Connection, path: Path, new: Path, target: Path) -> None:
    """Copy page by page, as one moment; errors speak of what the person named."""
    try:
        with closing(sqlite3.connect(new)) as made:
            copy(source, made)
            made.execute("PRAGMA journal_mode = DELETE")  # one file, that can be read where none may be made
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
        raise translated(error, target if full else path) from error


def _named(new: Path, target: Path) -> None:
    """Give the whole copy its name, unless a file has it by now."""
    try:
        os.link(new, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:
        try:
            os.rename(new, target)  # a file system without links
        except OSError as error:
            raise translated(error, target) from error


def _taken(target: Path) -> RefusedValueError:
    return RefusedValueError(f"A backup never overwrites a file, and {target} exists. Give another name.")


def _renewed(path: Path) -> None:
    """This program's version, and an index that fits, for a copy that nobody else knows of."""
    rebuild_index(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _exchanged(new: Path, path: Path) -> Path | None:
    """Move the new database into its place; returns where the one that was there is now."""
    there = path.exists()
    kept = _free(path.with_name(f"{path.stem}-before-restore-{_now()}{path.suffix}"))
    try:
        # What is undone where it cannot be finished; later than SQLite lets go, which takes a log with it.
        with ExitStack() as back, _alone(path) if there else nullcontext():
            for ending in _LOGS:  # a log that stayed would be taken for the new database's
                log, aside = (file.with_name(file.name + ending) for file in (path, kept))
                if log.exists():
                    os.rename(log, aside)
                    back.callback(os.rename, aside, log)
            if there:
                _set_aside(path, kept, back)
            os.replace(new, path)
            back.pop_all()
    except OSError as error:
        raise translated(error, path) from error
    return kept if there else None


def _set_aside(path: Path, kept: Path, back: ExitStack) -> None:
    """Give the database its other name; `back` knows how that is undone."""
    try:
        os.link(path, kept)  # so that at no moment there is no database
        back.callback(os.unlink, kept)
    except OSError:  # a file system without links
        os.rename(path, kept)
        back.callback(os.rename, kept, path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While nobody else has the database open, as far as that can be told; DatabaseInUseError otherwise.

    SQLite leaves the mode with a log only for the last connection. A file that it cannot read is nobody's.
    """
    with closing(opened(path, ours=True)) as connection:
        connection.execute("PRAGMA busy_timeout = 200")
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise DatabaseInUseError(path) from error
            raise translated(error, path) from error
        except sqlite3.DatabaseError:
            pass
        if sys.platform == "win32":  # where no file that is open can be moved, by whomever
            connection.close()
        yield


def _now() -> str:
    return f"{datetime.now():%Y-%m-%d-%H%M%S}"


def _free(path: Path) -> Path:
    """The path, or one with a number behind its name, that no file has."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found
