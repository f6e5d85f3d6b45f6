"""Figures as Markdown: sections, tables with aligned columns, shares in per cent with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def section(title: str, *paragraphs: str) -> str:
    return "\n\n".join([f"### {title}", *paragraphs]) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [[*head], ["-" * width for width in widths], *rows]
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
