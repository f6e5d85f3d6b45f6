"""The line of open conversations, shown when there is more than one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message as Note
from textual.widgets import Static

from chatbot.tui.literal import literal, one_line

LONGEST = 24  # letters of a title


class TabLabel(Static):
    """One tab; a click goes to it."""

    def __init__(self, number: int, title: str, active: bool) -> None:
        title = one_line(title)
        title = title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"
        mark = "● " if active else "  "
        style = "bold" if active else "$foreground 60%"
        super().__init__(
            Content.assemble((mark, "$accent"), literal(f"{number + 1} {title}", style)), markup=False
        )
        self.number = number

    def on_click(self) -> None:
        self.post_message(TabLine.Picked(self.number))


class TabLine(Horizontal):
    """Titles from left to right; the active one has a dot."""

    class Picked(Note):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def compose(self) -> ComposeResult:
        self.display = False
        yield from ()

    def show(self, titles: Sequence[str], active: int) -> None:
        """Hidden while there is but one."""
        self.display = len(titles) > 1
        self.remove_children()
        if self.display:
            self.mount_all(TabLabel(number, title, number == active) for number, title in enumerate(titles))
