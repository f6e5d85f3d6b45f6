"""The line of open conversations, shown when there is more than one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message as Note
from textual.screen import Screen
from textual.widgets import Static

from chatbot.tui.literal import FAINT, literal, one_line

LONGEST = 24  # cells of a title


class TabLabel(Static):
    """One tab; a click goes to it."""

    def __init__(self, number: int, title: str, active: bool) -> None:
        mark = "● " if active else "  "
        style = "bold" if active else FAINT
        name = literal(one_line(title)).truncate(LONGEST, ellipsis=True)
        said = Content.assemble(literal(f"{number + 1} "), name).stylize(style)
        super().__init__(Content.assemble((mark, "$text-accent"), said), markup=False)
        self.number, self.active = number, active

    def on_click(self) -> None:
        self.post_message(TabLine.Picked(self.number))


class TabLine(Horizontal):
    """Titles from left to right; the active one has a dot."""

    DEFAULT_CLASSES = "-single"  # a class, since the stylesheet hides the line in small windows too

    class Picked(Note):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def on_mount(self) -> None:
        # Not sooner: only then are the widths known, of new titles and of the window.
        self.screen.screen_layout_refresh_signal.subscribe(self, self._reveal)

    def show(self, titles: Sequence[str], active: int) -> None:
        """Hidden while there is but one."""
        several = len(titles) > 1
        self.set_class(not several, "-single")
        self.remove_children()
        if several:
            self.mount_all(TabLabel(number, title, number == active) for number, title in enumerate(titles))

    def _reveal(self, _: Screen[object]) -> None:
        """Bring the active one into sight, where the line is longer than the window is wide."""
        active = [label for label in self.query_children(TabLabel) if label.active]
        if active:  # the last, since labels of before may not be gone yet
            self.scroll_to_widget(active[-1], animate=False, force=True, immediate=True)
