"""Text of people, models and files made fit for a widget: literal letters, whatever they look like."""

from __future__ import annotations

from textual.content import Content

from chatbot import terminal

FAINT = "$text-faint"  # the style of words of less weight; themes.py makes it readable


def clean(text: str) -> str:
    """`text` without what could steer the terminal; line ends become newlines and tabs four spaces."""
    return terminal.clean(text.replace("\r\n", "\n").replace("\r", "\n")).expandtabs(4)


def one_line(text: str) -> str:
    """`clean` text on one line: for names, titles and list rows."""
    return " ".join(clean(text).split())


def literal(text: str, style: str = "") -> Content:
    """`text` as content in one style; square brackets in it are letters, not markup."""
    return Content.styled(clean(text), style) if style else Content(clean(text))
