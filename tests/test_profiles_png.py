"""PNG text chunks: everything else stays byte for byte; damaged files are refused in words."""

from __future__ import annotations

import base64
import random
import struct
import zlib

import pytest

from card_files import DATA, END, HEAD, chunk
from profiles import CardError, png

# One red pixel, made by another program (the well-known smallest picture of data URIs).
FOREIGN = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)


def test_texts_go_before_the_end() -> None:
    assert png.with_texts(HEAD + DATA + END, {"chara": "QQ==", "ccv3": "Qg=="}) == (
        HEAD + DATA + chunk(b"tEXt", b"chara\0QQ==") + chunk(b"tEXt", b"ccv3\0Qg==") + END
    )
    assert png.texts(png.with_texts(FOREIGN, {"chara": "QQ=="})) == {"chara": "QQ=="}


def test_other_chunks_and_what_follows_the_end_stay() -> None:
    chance = random.Random(1)
    kinds = [b"IDAT", b"acTL", b"fcTL", b"zTXt", b"iTXt", b"prVt", b"tIME"]
    for _ in range(200):
        others = [chunk(chance.choice(kinds), chance.randbytes(chance.randint(0, 30))) for _ in range(5)]
        others.append(chunk(b"tEXt", b"Comment\0caf\xe9"))
        tail = chance.randbytes(chance.randint(0, 20))
        old = [chunk(b"tEXt", keyword + b"\0old") for keyword in (b"chara", b"CHARA", b"ccv3", b"Chara")]
        pieces = [*others, *old]
        chance.shuffle(pieces)
        kept = b"".join(piece for piece in pieces if piece not in old)
        new = chunk(b"tEXt", b"chara\0new")
        assert png.with_texts(HEAD + b"".join(pieces) + END + tail, {"chara": "new", "ccv3": None}) == (
            HEAD + kept + new + END + tail
        )


def test_the_keyword_is_found_in_any_case_and_the_first_counts() -> None:
    data = HEAD + chunk(b"tEXt", b"Chara\0first") + chunk(b"tEXt", b"chara\0second") + END
    assert png.texts(data) == {"chara": "first"}


@pytest.mark.parametrize(
    "packed",
    [
        chunk(b"zTXt", b"chara\0\0" + zlib.compress(b"QQ==")),
        chunk(b"iTXt", b"Chara\0\1\0en\0\0" + zlib.compress(b"QQ==")),
        chunk(b"iTXt", b"chara\0\0\0\0\xc3\xa9\0QQ=="),
    ],
)
def test_texts_of_other_kinds_are_read_and_replaced(packed: bytes) -> None:
    other = chunk(b"zTXt", b"Comment\0\0not packed")
    data = HEAD + packed + DATA + END
    assert png.texts(HEAD + other + data[len(HEAD) :]) == {"chara": "QQ=="}
    newer = png.with_texts(data, {"chara": "Qg=="})
    assert newer == HEAD + DATA + chunk(b"tEXt", b"chara\0Qg==") + END
    assert png.texts(HEAD + packed + newer[len(HEAD) :]) == {"chara": "Qg=="}


def test_the_plain_picture_is_a_picture() -> None:
    data = png.plain()
    assert png.texts(data) == {}
    start, chunks = 8, {}
    while start < len(data):
        (length,) = struct.unpack(">I", data[start : start + 4])
        whole = data[start : start + 12 + length]
        assert whole == chunk(whole[4:8], whole[8:-4])
        chunks[whole[4:8]] = whole[8:-4]
        start += 12 + length
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour) == (1, 0)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + width // 8)
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]


def test_a_cut_at_any_place_is_refused() -> None:
    data = HEAD + chunk(b"tEXt", b"chara\0QQ==") + DATA + END
    for length in range(len(data)):
        with pytest.raises(CardError):
            png.texts(data[:length])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begins with its signature"),
        (b"GIF89a", "begins with its signature"),
        (HEAD + struct.pack(">I", 0xFFFFFFFF) + b"IDAT", "cut short"),
        (HEAD + DATA, "cut short"),
        (HEAD + chunk(b"tEXt", b"chara\0QQ==").replace(b"QQ", b"QR") + END, "'chara' fails its checksum"),
        (HEAD + chunk(b"zTXt", b"chara\0\0QQ==") + END, "cannot be unpacked"),
    ],
)
def test_damage_is_told(data: bytes, words: str) -> None:
    with pytest.raises(CardError, match=words):
        png.texts(data)
