"""Text chunks of PNG and APNG files: read, replaced, every other chunk kept byte for byte.

A file is an 8-byte signature and chunks `length:u32be type[4] data crc32(type+data):u32be` up to IEND. A tEXt
chunk holds a keyword (1 to 79 bytes of latin-1), a zero byte and latin-1 text (PNG specification, 11.3.4.3).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping

from profiles.errors import CardError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIDE = 256  # pixels of the plain picture


def texts(data: bytes) -> dict[str, str]:
    """Keyword in lower case -> text of the first tEXt chunk that has it; CardError for a damaged file."""
    found: dict[str, str] = {}
    for kind, whole in _chunks(data):
        if kind == b"tEXt":
            body, crc = whole[8:-4], whole[-4:]
            keyword = _keyword(whole)
            if crc != _crc(kind, body):
                raise CardError(
                    f"The picture is damaged: its text {keyword!r} fails its checksum. Get it again."
                )
            found.setdefault(keyword, body.partition(b"\0")[2].decode("latin-1"))
    return found


def with_texts(data: bytes, changes: Mapping[str, str | None]) -> bytes:
    """The file with these texts (ASCII) before IEND, in place of those of the same keywords; None removes."""
    parts, end = [SIGNATURE], len(SIGNATURE)
    for kind, whole in _chunks(data):
        end += len(whole)
        if kind == b"IEND":
            for keyword, text in changes.items():
                if text is not None:
                    parts.append(_chunk(b"tEXt", f"{keyword}\0{text}".encode("ascii")))
        if kind != b"tEXt" or _keyword(whole) not in changes:
            parts.append(whole)
    return b"".join((*parts, data[end:]))  # what follows IEND is not a chunk, and stays too


def plain() -> bytes:
    """A plain grey picture, for a card that has none."""
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 1, 0, 0, 0, 0)  # one bit of grey a pixel
    row = b"\0" + b"\xaa" * (_SIDE // 8)  # every other pixel white: grey from afar
    pixels = zlib.compress(row * _SIDE, 9)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", pixels), _chunk(b"IEND", b""))
    return b"".join((SIGNATURE, *chunks))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, whole chunk) up to and with IEND."""
    if not data.startswith(SIGNATURE):
        raise CardError("A PNG begins with its signature, and this file does not. Get it again.")
    start, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", data[start : start + 8].ljust(8, b"\0"))
        end = start + 12 + length
        if end > len(data):
            raise CardError(
                f"The picture is cut short: it ends within a chunk after {start} bytes. Get it again."
            )
        yield kind, data[start:end]
        start = end


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + _crc(kind, body)


def _crc(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(kind + body))


def _keyword(whole: bytes) -> str:
    return whole[8:-4].partition(b"\0")[0].decode("latin-1").lower()
