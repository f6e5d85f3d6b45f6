"""What every dialog is: a screen over the chat that is dismissed once, and tells what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen
from textual.widgets import OptionList

from chatbot.tui.literal import clean

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """Two keys that come together (a slow line, a busy program) may both dismiss it before it is gone; the
    second would take whatever lies below with it."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete.nothing()

    def on_resize(self) -> None:
        """The row that Enter takes stays in sight; sooner, its list has not its new height."""
        for rows in self.query(OptionList):
            self.call_after_refresh(rows.scroll_to_highlight)

    def tried(self, change: Callable[[], object]) -> bool:
        """Whether it worked; what failed is told."""
        try:
            change()
        except Exception as error:  # the border of the interface: a notice with the remedy, never a crash
            self.notify(clean(str(error)), title="Not done", severity="error", timeout=10, markup=False)
            return False
        return True
