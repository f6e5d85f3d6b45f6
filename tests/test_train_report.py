"""The report: pictures that are pictures, and text of models that stays text."""

from __future__ import annotations

import base64
import copy
import html.parser
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import UsageError
from chatbot.terminal import one_line
from chatbot.train import markdown, plots, report
from toy_language import Double, judged, write_corpus

BAD = "<script>alert('x')</script> **[a](b)** \x1b[31m | `c`"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    corpus = write_corpus(tmp_path_factory.mktemp("report") / "corpus")
    found = judged(Double(), corpus, contexts=12, rounds=2, variety=20)
    return json.loads(json.dumps(found))  # as from eval.json


class Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def check_png(data: bytes) -> tuple[int, int]:
    """Every chunk whole by its checksum, all rows of the picture there; its size."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, pixels, size = 8, b"", (0, 0)
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        size = struct.unpack(">II", body[:8]) if kind == b"IHDR" else size
        pixels += body if kind == b"IDAT" else b""
        place += 12 + length
    assert len(zlib.decompress(pixels)) == size[1] * (1 + 4 * size[0])
    return size


def test_the_report_has_two_files_and_five_pictures(result: dict[str, Any], tmp_path: Path) -> None:
    page = report.write(result, tmp_path / "out")
    names = {"latent.png", "curves.png", "cross_effects.png", "combinations.png", "calibration.png"}
    assert {path.name for path in page.parent.iterdir()} == names | {"report.html", "report.md"}
    for name in names:
        width, height = check_png((page.parent / name).read_bytes())
        assert width > 300
        assert height > 100
    found = Page(page.read_text())
    assert found.tags.count("img") == 5
    assert all(link.startswith("data:image/png;base64,") for link in found.links)
    check_png(base64.b64decode(found.links[0].split(",")[1]))
    assert "script" not in found.tags
    images = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (page.parent / "report.md").read_text())
    assert set(images) == names


def test_every_table_of_the_figures_is_in_the_page(result: dict[str, Any]) -> None:
    page = Page(report.to_html(result, {}))
    for title in (
        "How far the judges",
        "Goals",
        "Alone and together",
        "Each set of seeds",
        "The words that tell",
    ):
        assert title in page.text
    assert page.tags.count("table") == report.tables(result).count("\n| --") + 1  # and the samples
    assert "**" not in page.text


def test_what_a_model_says_is_never_markup(result: dict[str, Any]) -> None:
    bad = copy.deepcopy(result)
    bad["model"] = BAD
    bad["samples"] = [{"asked": "style/plain", "message": BAD, "reply": BAD}]
    text = report.to_html(bad, {})
    page = Page(text)
    assert "script" not in page.tags
    assert "\x1b" not in text
    assert page.text.count("<script>alert('x')</script>") == 4  # title, heading, message, reply
    lines = report.to_markdown(bad, {})
    assert "<script>" not in lines
    assert "\x1b" not in lines
    assert r"\*\*\[a\](b)\*\*" in lines


def test_names_of_a_model_are_never_markup(result: dict[str, Any]) -> None:
    """Not in the tables and notes, which are printed to a terminal, nor in the page that is made of these."""
    bad = json.loads(json.dumps(result).replace("lyrical", json.dumps(BAD)[1:-1]))
    text = report.tables(bad)
    assert "\x1b" not in text
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)[`\[]|\*\*", text)
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
    page = Page(report.to_html(bad, {}))
    assert "script" not in page.tags
    assert page.text.count("style/<script>alert('x')</script> **[a](b)** [31m | `c`") >= 2


@pytest.mark.parametrize("text", [BAD, "a\\|b\\", "1 * 2 *", "*x* _y_ __z__ in_a_word ~s~ &lt; a & b", ""])
def test_text_in_a_line_of_markdown_is_read_as_it_was(text: str) -> None:
    assert markdown.read(markdown.literal(text)) == one_line(text)


@pytest.mark.parametrize("text", ["93.1 (91.0-95.2)", "lyrical+optimistic", "1 * 2", "top_p", "distinct-1 *"])
def test_figures_and_plain_names_stay_readable_in_a_terminal(text: str) -> None:
    assert markdown.literal(text) == text


def test_the_page_allows_nothing_from_elsewhere(result: dict[str, Any]) -> None:
    text = report.to_html(result, {})
    assert "default-src 'none'" in text
    assert not re.search(r"https?://", text)


def test_pictures_without_figures_are_left_out(result: dict[str, Any]) -> None:
    bare = copy.deepcopy(result)
    bare["latent"], bare["control"]["combined"], bare["control"]["curve"] = {}, None, []
    assert set(plots.pictures(bare)) == {"cross_effects.png", "calibration.png"}


def test_without_matplotlib_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'chatbot\[report\]'"):
        plots.check()
