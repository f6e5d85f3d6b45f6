"""A question with a few answers to choose from."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatbot.tui.dialog import Dialog
from chatbot.tui.literal import literal

CANCEL = "cancel"


class ConfirmScreen(Dialog[str]):
    """Dismissed with the key of the chosen answer; "cancel", which is offered last, when the person went
    back."""

    BINDINGS = [Binding("escape", "dismiss('cancel')", "Back")]

    def __init__(self, question: str, answers: Mapping[str, str]) -> None:
        """`answers` maps keys to what is shown."""
        super().__init__(classes="dialog")
        self._question, self._answers = question, {**answers, CANCEL: "Cancel"}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(literal(self._question), id="dialog-title", markup=False)
            options = (Option(literal(text), id=key) for key, text in self._answers.items())
            yield OptionList(*options, id="rows", compact=True, markup=False)
            yield Static("↑↓ choose · enter takes it · esc back", id="dialog-note", markup=False)

    def on_mount(self) -> None:
        rows = self.query_one(OptionList)
        rows.highlighted = 0
        rows.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id or CANCEL)
