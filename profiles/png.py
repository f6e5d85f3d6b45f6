"""Text chunks of PNG and APNG files: read, replaced, every other chunk kept byte for byte.

A file is an 8-byte signature and chunks `length:u32be type[4] data crc32(type+data):u32be` up to IEND. A tEXt
chunk holds a keyword (1 to 79 bytes of latin-1), a zero byte and latin-1 text (PNG specification, 11.3.4.3).
Programs that change pictures write them anew as zTXt or iTXt: of these the texts of cards are read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping

from profiles.errors import CardError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIDE = 256  # pixels of the plain picture
_CARDS = ("chara", "ccv3")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_UNPACKED = 32 * 1024 * 1024  # bytes; a card has less


def texts(data: bytes) -> dict[str, str]:
    """Keyword in lower case -> text of the first chunk that has it, tEXt first; CardError if damaged."""
    found: dict[str, str] = {}
    for kind, whole in sorted(_chunks(data), key=lambda chunk: chunk[0] != b"tEXt"):
        keyword = _keyword(whole)
        if kind == b"tEXt" or (kind in _TEXTS and keyword in _CARDS and keyword not in found):
            body, crc = whole[8:-4], whole[-4:]
            if crc != _crc(kind, body):
                raise CardError(
                    f"The picture is damaged: its text {keyword!r} fails its checksum. Get it again."
                )
            found.setdefault(keyword, _text(kind, body.partition(b"\0")[2]))
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
        if kind not in _TEXTS or _keyword(whole) not in changes:
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


def _text(kind: bytes, rest: bytes) -> str:
    """What a chunk says behind its keyword."""
    packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
    if kind == b"zTXt":
        rest = rest[1:]  # the method
    elif kind == b"iTXt":
        rest = rest[2:].split(b"\0", 2)[-1]  # behind a language and a translated keyword
    try:
        return (zlib.decompressobj().decompress(rest, _UNPACKED) if packed else rest).decode("latin-1")
    except zlib.error as error:
        raise CardError(f"A text in the picture cannot be unpacked: {error}. Get it again.") from error


def _keyword(whole: bytes) -> str:
    return whole[8:-4].partition(b"\0")[0].decode("latin-1").lower()
