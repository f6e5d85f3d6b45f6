"""Files of profiles: read within limits, written whole or not at all, and refusals told in sentences."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from profiles.errors import ProfileAccessError, ProfileExistsError, ProfileFileError

MAX_FILE = 16 * 1024 * 1024  # bytes; a profile is a page of text, but its lorebook may be a book


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


def write_atomically(path: Path, data: bytes) -> None:
    """The whole file or, after any failure, the old one: write beside it, flush to the disk, replace."""
    with _written_beside(path, data) as temporary:
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
