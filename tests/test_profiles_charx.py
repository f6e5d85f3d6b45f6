"""CHARX: what is kept, and what is refused before it can do harm."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
import zlib

import pytest

from card_files import packed, unpacked
from profiles import CardError, charx


def test_a_file_is_read_by_its_name() -> None:
    data = packed({"card.json": b"{}", "assets/x.png": b"x" * 1000})
    assert charx.read(data, "card.json") == b"{}"
    assert charx.read(data, "assets/x.png") == b"x" * 1000
    assert charx.read(data, "missing") is None


def test_other_files_are_carried_over() -> None:
    base = {
        "card.json": b"old",
        "assets/": b"",
        "assets/icon/x.png": b"\x89PNG",
        "module.risum": b"m" * 99,
        "é": b"e",
    }
    data = charx.written({"card.json": b"new", "y": b"y"}, packed(base))
    assert unpacked(data) == {**base, "card.json": b"new", "y": b"y"}
    assert charx.written({"card.json": b"new", "y": b"y"}, packed(base)) == data
    assert unpacked(charx.written({"card.json": b"new"}, None)) == {"card.json": b"new"}


def test_a_bomb_is_refused_without_being_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charx, "MAX_UNPACKED", 20_000_000)
    bomb = packed({"card.json": b"{}", "bomb": b"\0" * 20_000_000})
    assert len(bomb) < 20_000_000 / 500
    monkeypatch.setattr(zipfile.ZipExtFile, "read", None)
    with pytest.raises(CardError, match=r"at most 2000 files and 20000000 bytes unpacked.*Do not trust"):
        charx.read(bomb, "card.json")
    with pytest.raises(CardError, match="Do not trust"):
        charx.written({}, bomb)


def test_a_large_card_is_refused() -> None:
    data = packed({"card.json": b" " * 5000})
    with pytest.raises(CardError, match="card.json in a CHARX has at most 4999 bytes, not 5000"):
        charx.read(data, "card.json", 4999)


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_states() -> None:
    data = packed({"card.json": b"a" * 1_000_000})
    lying = data.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != data
    with pytest.raises(CardError, match="cannot be read"):
        charx.read(lying, "card.json")


def test_a_bomb_that_lies_about_its_size_is_never_unpacked() -> None:
    data, size = packed({"card.json": b"{}" + b" " * 50_000_000}), 50_000_002
    whole, part = (zlib.crc32(b"{}" + b" " * spaces).to_bytes(4, "little") for spaces in (50_000_000, 8))
    lying = data.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little")).replace(whole, part)
    tracemalloc.start()
    try:
        assert charx.read(lying, "card.json") == b"{}" + b" " * 8
        assert unpacked(charx.written({}, lying)) == {"card.json": b"{}" + b" " * 8}
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_too_many_files_are_refused() -> None:
    data = packed({str(number): b"" for number in range(charx.MAX_FILES + 1)})
    with pytest.raises(CardError, match="2001"):
        charx.read(data, "card.json")


def test_two_files_of_one_name_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("card.json", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("card.json", b"2")
    with pytest.raises(CardError, match="two here share one"):
        charx.read(out.getvalue(), "card.json")


def test_an_encrypted_file_is_refused() -> None:
    data = packed({"card.json": b"{}"})
    central = data.index(b"PK\x01\x02")
    encrypted = data[: central + 8] + b"\x01" + data[central + 9 :]
    with pytest.raises(CardError, match="encrypted"):
        charx.read(encrypted, "card.json")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_packing_is_refused(method: int) -> None:
    with pytest.raises(CardError, match="stored or deflated"):
        charx.read(packed({"card.json": b"{}"}, method), "card.json")


def test_damage_anywhere_never_escapes_as_another_error() -> None:
    data = packed({"card.json": b'{"name": "x"}', "b": b"bbbb"})
    for length in range(0, len(data), 3):
        with pytest.raises(CardError):
            charx.read(data[:length], "card.json")
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        try:
            charx.read(bytes(broken), "card.json")
            charx.written({}, bytes(broken))
        except CardError:
            pass
