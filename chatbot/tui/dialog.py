"""What every dialog is: a screen over the chat that is dismissed once."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """Two keys that come together (a slow line, a busy program) may both dismiss it before it is gone; the
    second would take whatever lies below with it."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete.nothing()
