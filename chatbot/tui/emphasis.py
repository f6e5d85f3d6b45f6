"""*Emphasis* and **strong** words in what is said, shown in italics and bold.

Nothing is parsed as markup: the text stays as it is, and styles are laid over its letters. The asterisks stay
too, faintly: they say the same where a terminal has no italics, and nothing is lost when they were meant
otherwise, as in 2 * 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual.content import Content, Span

STYLES = {1: "italic", 2: "bold", 3: "bold italic"}
MARK = "$foreground 45%"
_STARS = re.compile(r"\*+")


def emphasized(said: Content) -> Content:
    """The same letters with their emphasis in sight."""
    spans = list(said.spans)
    for start, end, size in emphases(said.plain):
        spans += [
            Span(start + size, end - size, STYLES[size]),
            Span(start, start + size, MARK),
            Span(end - size, end, MARK),
        ]
    return Content(said.plain, spans)


def emphases(text: str) -> Iterator[tuple[int, int, int]]:
    """(start, end, asterisks on each side) of what is emphasized, asterisks included.

    They stand against the words that they hold, not inside a word, and both on one line.
    """
    place = 0
    for line in text.split("\n"):
        for start, end, size in _in_line(line):
            yield place + start, place + end, size
        place += len(line) + 1


def _in_line(line: str) -> Iterator[tuple[int, int, int]]:
    waiting: dict[int, int] = {}  # the place of the last asterisks of each number that may open
    for found in _STARS.finditer(line):
        start, end = found.span()
        size, before, after = end - start, line[start - 1 : start], line[end : end + 1]
        if size not in STYLES:
            continue
        if size in waiting and before and not before.isspace() and not after.isalnum():
            opened = waiting[size]
            yield opened, end, size
            waiting = {n: place for n, place in waiting.items() if place < opened}
        elif after and not after.isspace() and not before.isalnum():
            waiting[size] = start
