"""Figures as Markdown: sections, tables with aligned columns, shares in per cent with their intervals."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from chatbot.terminal import one_line

# A star between blanks marks nothing, nor does a low line within a word.
_MARKS = re.compile(r"[\\`\[\]|~]|\*(?=\S)|(?<=\S)\*|_(?![^\W_])|(?<![^\W_])_")


def literal(text: str) -> str:
    """Text as it is, within a line of Markdown: what could be read as markup has a backslash before it."""
    return _MARKS.sub(r"\\\g<0>", html.escape(one_line(text), quote=False))


def read(text: str) -> str:
    """What `literal` made such a line of."""
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


def section(title: str, *paragraphs: str) -> str:
    """A section of Markdown; empty paragraphs are left out."""
    return "\n\n".join([f"### {title}", *filter(None, paragraphs)]) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns. What cells say is text, never markup."""
    cells = [[literal(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [cells[0], ["-" * width for width in widths], *cells[1:]]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in lines
    )


def share(figure: Mapping[str, float] | None) -> str:
    """Per cent with its interval, as "93.1 (91.0-95.2)"."""
    if figure is None:
        return "-"
    return f"{100 * figure['value']:.1f} ({100 * figure['low']:.1f}-{100 * figure['high']:.1f})"


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
