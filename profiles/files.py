"""Files of profiles: found in a folder, read within limits, written whole or not at all by one program at a
time, and refusals told in sentences. The user's settings are written in the same way."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

from profiles.errors import ProfileAccessError, ProfileExistsError, ProfileFileError, ProfileNameError
from profiles.names import checked_name, folded

MAX_FILE = 16 * 1024 * 1024  # bytes; a profile is a page of text, but its lorebook may be a book

WAIT = 5.0  # seconds for another program to finish writing


def toml_files(folder: Path) -> list[Path]:
    """The files there that may hold profiles, whatever their names."""
    with refusals(folder, "read"):
        if not folder.exists():
            return []
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.name[0] != ".")


def files_in(folder: Path) -> dict[str, tuple[str, Path]]:
    """Folded name -> (name, file) of the profiles there; of names that differ only in case, the first."""
    files: dict[str, tuple[str, Path]] = {}
    for path in toml_files(folder):
        if not fault(name_of(path)):
            files.setdefault(folded(name_of(path)), (name_of(path), path))
    return files


def name_of(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem)  # some file systems take accents apart


def fault(name: str) -> str:
    """Why the name cannot be one of a profile, or ''."""
    try:
        checked_name(name)
    except ProfileNameError as error:
        return str(error)
    return ""


def read(path: Path) -> str:
    """The text of a profile's file; ProfileFileError when it is too long or no text."""
    with refusals(path, "read"), path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    check_size(path, data)
    try:
        return data.decode("utf-8-sig")  # some editors put a mark at the beginning
    except UnicodeDecodeError as error:
        raise ProfileFileError(f"A profile is UTF-8 text, and {path} is not: {error}. Save it so.") from error


def check_size(path: Path, data: bytes) -> None:
    """ProfileFileError when these are more bytes than a profile may have."""
    if len(data) > MAX_FILE:
        raise ProfileFileError(f"A profile has at most {MAX_FILE} bytes, and {path} has more. Shorten it.")


@contextmanager
def alone(folder: Path, name: str = ".lock") -> Iterator[None]:
    """Nobody else who asks for the lock writes in the folder meanwhile; within, it may be asked for again."""
    path = folder / name
    with refusals(path, "written"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            held = FileLock(path, timeout=WAIT, is_singleton=True).acquire()
        except NotImplementedError:  # a file system without locks: rather write alone by luck than not at all
            held = nullcontext()
        except Timeout:
            raise ProfileAccessError(
                f"One program writes at a time, and another one keeps {path} locked. Nothing was changed. "
                "Close the other program, or try again in a moment."
            ) from None
    with held:
        yield


def write_atomically(path: Path, data: bytes) -> None:
    """The whole file or, after any failure, the old one: write beside it, flush to the disk, replace.

    A link stays, and what it names is replaced; who may read the file stays too.
    """
    path = Path(os.path.realpath(path))
    with _written_beside(path, data) as temporary:
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)


def write_new(path: Path, data: bytes) -> None:
    """The whole file where there is none: of two programs that write it at once, one is refused."""
    with _written_beside(path, data) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise ProfileExistsError(
                f"A new profile makes a new file, and another program has just made {path}. "
                "Choose another name."
            ) from None
        except OSError:  # a file system without hard links
            temporary.replace(path)


@contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[Path]:
    """A temporary file with the data on the disk, in the folder of `path`; it is gone afterwards."""
    with refusals(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def refusals(path: Path, act: str) -> Iterator[None]:
    """What the system refuses, in a sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProfileAccessError(
            f"{path} could not be {act}: {reason}. Check its rights and the free space."
        ) from error
