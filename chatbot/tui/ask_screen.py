"""A question with one line of text as the answer."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from chatbot.tui.composer import act_in_turn
from chatbot.tui.dialog import Dialog
from chatbot.tui.literal import literal, one_line


class Line(Input):
    """Its keys act in the order in which they came."""

    async def on_key(self, event: events.Key) -> None:
        await act_in_turn(self, event)


class AskScreen(Dialog[str | None]):
    """Dismissed with the text, or None when the person went back."""

    BINDINGS = [Binding("escape", "dismiss", "Back")]

    def __init__(
        self, question: str, value: str = "", *, check: Callable[[str], object] = lambda text: None
    ) -> None:
        """What `check` raises an error for stays on the line."""
        super().__init__(classes="dialog")
        self._question, self._value, self._check = question, one_line(value), check

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(literal(self._question), id="dialog-title", markup=False)
            yield Line(self._value, id="answer", compact=True)
            yield Static("enter takes it · esc back", id="dialog-note", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = self.app.animation_level != "none"

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if self.tried(lambda: self._check(event.value)):
            self.dismiss(event.value)
