"""CHARX files: a zip with `card.json` at its root and the pictures and sounds that the card refers to.

Nothing is ever unpacked to the disk, and nothing is read past the limits below: the sizes that a zip states
bound what is read from it, so a small file that would swell to fill the memory is refused before.
"""

from __future__ import annotations

import copy
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from profiles.errors import CardError

CARD = "card.json"
MAX_FILES = 2000
MAX_UNPACKED = 256 * 1024 * 1024  # bytes, all files together
# What zipfile raises on the many ways in which a file can be damaged.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, RuntimeError, EOFError, OSError)


def behind_a_picture(data: bytes) -> bool:
    """Whether it is a JPEG with a zip behind it, as RisuAI makes them."""
    return data.startswith(b"\xff\xd8\xff") and zipfile.is_zipfile(io.BytesIO(data))


def read(data: bytes, name: str, limit: int = MAX_UNPACKED) -> bytes | None:
    """The file of this name, or None; CardError when it is damaged or has more than `limit` bytes."""
    with _opened(data) as archive:
        if name not in archive.namelist():
            return None
        size = archive.getinfo(name).file_size
        if size > limit:
            raise CardError(
                f"{name} in a CHARX has at most {limit} bytes, not {size}. Do not trust this file."
            )
        return _content(archive, archive.getinfo(name))


def written(files: Mapping[str, bytes], base: bytes | None) -> bytes:
    """A CHARX of these files, and of those of `base` that have other names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(_entry(name), content)
        if base is not None:
            with _opened(base) as old:
                for info in old.infolist():
                    if info.filename not in files:
                        archive.writestr(copy.copy(info), _content(old, info))
    return out.getvalue()


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        return file.read(info.file_size)  # without a size all is unpacked before it is cut to what is stated


@contextmanager
def _opened(data: bytes) -> Iterator[zipfile.ZipFile]:
    """The zip, its stated sizes within the limits; whatever is wrong with it becomes a CardError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(archive.infolist())
            yield archive
    except CardError:
        raise
    except _DAMAGE as error:
        raise CardError(f"The CHARX cannot be read: {error}. Get it again.") from error


def _check(files: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(info.file_size for info in files)
    if len(files) > MAX_FILES or unpacked > MAX_UNPACKED:
        raise CardError(
            f"A CHARX has at most {MAX_FILES} files and {MAX_UNPACKED} bytes unpacked; this one has "
            f"{len(files)} and {unpacked}. Do not trust this file."
        )
    if len({info.filename for info in files}) < len(files):
        raise CardError("The files in a CHARX have different names, but two here share one. Get it again.")
    if any(info.flag_bits & 1 for info in files):
        raise CardError("A CHARX is not encrypted, but this one is. Get it without a password.")
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in files):
        raise CardError("A CHARX is stored or deflated, but this one is packed otherwise. Pack it again.")


def _entry(name: str) -> zipfile.ZipInfo:
    # A fixed date: the same card gives the same bytes.
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
