"""A terminal's screen, with its escape codes, as a small SVG that loads nothing from elsewhere."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

FONTS = "'Fira Code','DejaVu Sans Mono',Menlo,Consolas,monospace"
FORM = (
    """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width:.0f} {terminal_height:.0f}">
<style>text{{font:{char_height}px/{line_height}px """
    + FONTS
    + """;white-space:pre}}
{styles}</style>
{backgrounds}
{matrix}
</svg>
"""
)
CELL, LINE, TOP, SEAM = 12.2, 24.4, 1.5, 0.3  # how rich draws a cell, in the units of the picture
DRAWN = re.compile("[─-▟⠀-⣿]")  # lines, blocks and dots are to touch: those are stretched to their cells
RECT = re.compile(r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="[\d.]+"[^>]*/>')
TEXT = re.compile(
    r'<text class="t-(r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>([^<]*)</text>'
)


def svg(screen: str, columns: int, rows: int) -> str:
    """`screen` is what tmux captured with its colours; the picture has the size of the terminal."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=columns,
        height=rows,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for line in screen.splitlines()[:rows]:
        console.print(Text.from_ansi(line, no_wrap=True), crop=True, overflow="crop", soft_wrap=False)
    drawn = console.export_svg(code_format=FORM, unique_id="t")
    return _smaller(drawn)


def _smaller(drawn: str) -> str:
    """Without what every cell repeats: the ground once for all, neighbours of one colour in one rectangle, no
    clipping, short numbers."""
    found = [Run(*_cells(x, y, width), colour) for colour, x, y, width in RECT.findall(drawn)]
    covered: Counter[str] = Counter()
    for run in found:
        covered[run.colour] += run.end - run.start
    ground = covered.most_common(1)[0][0] if covered else "#000000"
    rectangles = [_rect(run, height) for run, height in _heights(_joined(found)) if run.colour != ground]
    drawn = TEXT.sub(lambda found: _text(*found.groups()), RECT.sub("", drawn))
    drawn = re.sub(r"\n\s*\n+", "\n", drawn).replace(".t-r", ".r")
    first = f'<rect width="100%" height="100%" fill="{ground}"/>'
    return drawn.replace("</style>", "\n".join(["</style>", first, *rectangles]), 1)


class Run(NamedTuple):
    """Cells of one colour beside each other: from `start` up to `end`, which is no longer one of them."""

    row: int
    start: int
    end: int
    colour: str


def _cells(x: str, y: str, width: str) -> tuple[int, int, int]:
    """Row, start and end of a rectangle."""
    start = round(float(x) / CELL)
    return round((float(y) - TOP) / LINE), start, start + round(float(width) / CELL)


def _joined(runs: Iterable[Run]) -> list[Run]:
    """With those of one colour that touch in a row as one."""
    joined: list[Run] = []
    for run in sorted(runs):
        before = joined[-1] if joined else None
        if before and (before.row, before.end, before.colour) == (run.row, run.start, run.colour):
            joined[-1] = before._replace(end=run.end)
        else:
            joined.append(run)
    return joined


def _heights(runs: Iterable[Run]) -> list[tuple[Run, int]]:
    """Runs that stand right above each other, alike in colour and width, as the first one and how many."""
    heights: dict[Run, int] = {}
    above: dict[tuple[int, int, str], Run] = {}
    for run in sorted(runs):
        place = run.start, run.end, run.colour
        first = above.get(place)
        if first and first.row + heights[first] == run.row:
            heights[first] += 1
        else:
            above[place], heights[run] = run, 1
    return list(heights.items())


def _rect(run: Run, height: int) -> str:
    """A little larger than its cells, so that no seam shows where two meet."""
    x, y = run.start * CELL, TOP + run.row * LINE
    size = f'width="{_short((run.end - run.start) * CELL + SEAM)}" height="{_short(height * LINE + SEAM)}"'
    return f'<rect fill="{run.colour}" x="{_short(x)}" y="{_short(y)}" {size}/>'


def _text(style: str, x: str, y: str, width: str, words: str) -> str:
    words = words.replace("&#160;", "\N{NO-BREAK SPACE}")
    left = len(words) - len(words.lstrip())
    bare = words.strip()
    if not bare:
        return ""
    cell = float(width) / len(_unescaped(words))
    length = cell * len(_unescaped(bare))
    fit = ' lengthAdjust="spacingAndGlyphs"' if DRAWN.search(bare) else ""
    place = f'x="{_short(float(x) + left * cell)}" y="{_short(y)}" textLength="{_short(length)}"'
    return f'<text class="{style}" {place}{fit}>{bare}</text>\n'


def _unescaped(words: str) -> str:
    return re.sub(r"&#?\w+;", "_", words)


def _short(number: str | float) -> str:
    return f"{float(number):.1f}".removesuffix(".0")
