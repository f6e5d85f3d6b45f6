"""A text of several lines to change or to write, over the chat."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from chatbot.tui.composer import Composer
from chatbot.tui.dialog import Dialog
from chatbot.tui.literal import literal


class EditScreen(Dialog[str | None]):
    """Dismissed with the text, or None when the person went back."""

    BINDINGS = [Binding("escape", "dismiss", "Back")]

    def __init__(
        self,
        title: str,
        text: str = "",
        *,
        note: str,
        empty: bool = False,
        check: Callable[[str], object] = lambda text: None,
    ) -> None:
        """`note` says what Enter does; `empty` lets it take no text too; what `check` raises an error for
        stays in the box."""
        super().__init__(classes="dialog")
        self._title, self._text, self._note, self._empty = title, text, note, empty
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(literal(self._title), id="dialog-title", markup=False)
            yield Composer(id="text", blink=self.app.animation_level != "none", empty=self._empty)
            note = f"enter {self._note} · shift+enter new line · esc back"
            yield Static(literal(note), id="dialog-note", markup=False)

    def on_mount(self) -> None:
        self.query_one(Composer).put(self._text)
        self.query_one(Composer).focus()

    def on_composer_sent(self, event: Composer.Sent) -> None:
        event.stop()
        if self.tried(lambda: self._check(event.text)):
            self.dismiss(event.text)
        else:
            self.query_one(Composer).give_back(event.text)
