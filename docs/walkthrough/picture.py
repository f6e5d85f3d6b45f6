"""A terminal's screen, with its escape codes, as a small SVG that loads nothing from elsewhere."""

from __future__ import annotations

import io
import re
from collections import Counter

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
    return _smaller(drawn, columns, rows)


def _smaller(drawn: str, columns: int, rows: int) -> str:
    """Without what every cell repeats: the ground once for all, no clipping, short numbers."""
    covered: Counter[str] = Counter()
    for colour, _, _, width in RECT.findall(drawn):
        covered[colour] += round(float(width))
    ground = covered.most_common(1)[0][0] if covered else "#000000"
    drawn = RECT.sub(lambda found: "" if found[1] == ground else _rect(*found.groups()), drawn)
    drawn = TEXT.sub(lambda found: _text(*found.groups()), drawn)
    drawn = drawn.replace(".t-r", ".r")
    return drawn.replace("</style>", f'</style>\n<rect width="100%" height="100%" fill="{ground}"/>', 1)


def _rect(colour: str, x: str, y: str, width: str) -> str:
    place = f'x="{_short(x)}" y="{_short(y)}"'
    return f'<rect fill="{colour}" {place} width="{_short(width, 0.3)}" height="24.7"/>\n'


def _text(style: str, x: str, y: str, width: str, words: str) -> str:
    words = words.replace("&#160;", "\N{NO-BREAK SPACE}")
    left = len(words) - len(words.lstrip())
    bare = words.strip()
    cell = float(width) / len(_unescaped(words))
    length = cell * len(_unescaped(bare))
    fit = ' lengthAdjust="spacingAndGlyphs"' if DRAWN.search(bare) else ""
    place = f'x="{_short(float(x) + left * cell)}" y="{_short(y)}" textLength="{_short(length)}"'
    return f'<text class="{style}" {place}{fit}>{bare}</text>\n'


def _unescaped(words: str) -> str:
    return re.sub(r"&#?\w+;", "_", words)


def _short(number: str | float, more: float = 0.0) -> str:
    return f"{float(number) + more:.1f}".removesuffix(".0")
