"""What can go wrong in the conversation store.

StorageError                     exit code 1
├── UnknownConversationError     exit code 2   no conversation answers to the reference
│   └── DeletedConversationError               any more
├── AmbiguousConversationError   exit code 2   more than one does
├── UnknownMessageError          exit code 2   no message has the id
├── UnknownMemoryError           exit code 2   no memory has the id
├── RefusedValueError            exit code 2   a role, state, title or exported document that is not valid
├── NewerDatabaseError           written by a later version of the program
├── CorruptStorageError          not a database, damaged, or the database of another program
├── ReadOnlyStorageError         the file or its folder may not be written
├── DiskFullError                no room left
├── LockedStorageError           another program holds the write lock for too long
├── DatabaseInUseError           another program has the database open, and it is to be replaced
├── UnsoundBackupError           a backup that is damaged, newer, or of another program
├── ReplacedStorageError         the file was deleted or exchanged while it was open
└── ClosedStorageError           used after close()

Every sentence states the rule, the value that was received, and what to do.
`translated` is the one place that reads SQLite's result codes.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from sqlalchemy.exc import DBAPIError

_TOLD = 10  # ids that a sentence lists
_ELSEWHERE = "choose another file with the setting [storage] path"


class StorageError(RuntimeError):
    """A conversation could not be stored or read; what was stored before is still there."""

    exit_code = 1


class UnknownConversationError(StorageError):
    exit_code = 2

    def __init__(self, reference: str, known: Iterable[str] = ()) -> None:
        near = get_close_matches(reference, list(known), n=3, cutoff=0.5)
        hint = f"Did you mean {_listed(near)}? " if near else ""
        super().__init__(
            "A conversation is named by its id, the beginning of its id, its exact title or 'last', "
            f"and nothing answers to {reference!r}. {hint}See: chatbot conversation list --all"
        )


class DeletedConversationError(UnknownConversationError):
    def __init__(self, conversation_id: str) -> None:
        StorageError.__init__(
            self,
            f"A conversation goes on while it is there, and nothing answers to {conversation_id!r} any more: "
            "it was deleted. Open another one.",
        )


class AmbiguousConversationError(StorageError):
    exit_code = 2

    def __init__(self, reference: str, ids: Sequence[str]) -> None:
        others = f" and {len(ids) - _TOLD} more" if len(ids) > _TOLD else ""
        super().__init__(
            f"A reference must name one conversation, and {reference!r} names several: "
            f"{', '.join(ids[:_TOLD])}{others}. Give one of these ids."
        )


class UnknownMessageError(StorageError):
    exit_code = 2

    def __init__(self, message_id: int, conversation_id: str = "") -> None:
        place = f"conversation {conversation_id!r}" if conversation_id else "this database"
        super().__init__(
            f"A message is named by its number, and {place} has no message {message_id}. "
            "It may have been deleted meanwhile; open the conversation again."
        )


class UnknownMemoryError(StorageError):
    exit_code = 2

    def __init__(self, memory_id: int) -> None:
        super().__init__(
            f"A memory is named by its number, and this database has no memory {memory_id}. "
            "See: chatbot memory list"
        )


class RefusedValueError(StorageError):
    exit_code = 2


class UnknownEndingError(RefusedValueError):
    """The name of an export does not say its format."""


class NewerDatabaseError(StorageError):
    def __init__(self, path: Path | None, found: int, known: int) -> None:
        super().__init__(
            f"This program reads conversation databases up to version {known}, and {_name(path)} "
            f"is version {found}. Nothing was changed. Update the program, or {_ELSEWHERE}."
        )
        self.found = found


class CorruptStorageError(StorageError):
    def __init__(self, path: Path | None, reason: str) -> None:
        super().__init__(
            f"Conversations are kept in a sound SQLite database of this program; {_name(path)} is not one "
            f"({reason}). Nothing was changed. Move the file away or restore a copy, or {_ELSEWHERE}."
        )


class ReadOnlyStorageError(StorageError):
    def __init__(self, path: Path | None, reason: str) -> None:
        there = path is not None and path.is_file()
        copied = ". To read what is there, copy it: chatbot storage backup FILE" if there else "."
        super().__init__(
            f"Conversations need a file and a folder that may be written, and {_name(path)} is refused "
            f"({reason}). Give write permission to both, or {_ELSEWHERE}{copied}"
        )


class DiskFullError(StorageError):
    def __init__(self, path: Path | None) -> None:
        super().__init__(
            f"Storing needs free space on the disk, and there is none left for {_name(path)}. "
            f"What was stored before is intact. Free some space, or {_ELSEWHERE}."
        )


class LockedStorageError(StorageError):
    def __init__(self, path: Path | None) -> None:
        super().__init__(
            f"One program writes at a time, and another one keeps {_name(path)} locked. "
            "Nothing was changed. Close the other program, or try again in a moment."
        )


class DatabaseInUseError(StorageError):
    def __init__(self, path: Path | None) -> None:
        super().__init__(
            f"A database is replaced while nobody uses it, and another program has {_name(path)} open. "
            "Nothing was changed. Leave chatbot wherever it runs, then try again."
        )


class UnsoundBackupError(StorageError):
    def __init__(self, path: Path, problems: Iterable[str]) -> None:
        super().__init__(
            f"A database is restored from a sound backup, and {path} is none. {' '.join(problems)} "
            "Nothing was changed. Give another file."
        )


class ReplacedStorageError(StorageError):
    def __init__(self, path: Path | None) -> None:
        super().__init__(
            f"The database must stay in place while it is open, and {_name(path)} was deleted, moved or "
            "replaced. Nothing more is written to the old file. Put it back, then start the program again."
        )


class ClosedStorageError(StorageError):
    def __init__(self, path: Path | None) -> None:
        super().__init__(
            f"A conversation manager works until it is closed, and the one on {_name(path)} is. "
            "Open a new one."
        )


def translated(error: DBAPIError | sqlite3.Error | OSError, path: Path | None) -> StorageError:
    """The StorageError that says what an error of SQLite or of the file system means for a person."""
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFullError(path)
        return ReadOnlyStorageError(path, error.strerror or type(error).__name__)
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the low byte is the primary code
    if code == sqlite3.SQLITE_FULL:
        return DiskFullError(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedStorageError(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return ReadOnlyStorageError(path, str(cause))
    not_text = str(cause).startswith("Could not decode to UTF-8")  # said by Python, without a code
    if not_text or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return CorruptStorageError(path, str(cause))
    return StorageError(
        f"Every change to the database must succeed, and SQLite refused one on {_name(path)} ({cause}). "
        f"Nothing was changed. Check the disk and the file, or {_ELSEWHERE}."
    )


def _name(path: Path | None) -> str:
    return "the database in memory" if path is None else str(path)


def _listed(names: list[str]) -> str:
    return " or ".join(repr(name) for name in names)
