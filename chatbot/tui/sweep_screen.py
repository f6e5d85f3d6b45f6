"""Replies to the same message side by side; a digit goes on from one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import HorizontalScroll, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from chatbot.measures.sweep import Outcome
from chatbot.tui.dialog import Dialog
from chatbot.tui.emphasis import emphasized
from chatbot.tui.literal import FAINT, literal, one_line

NARROWEST = 24  # cells of a column


class Columns(HorizontalScroll):
    """Share the width, none narrower than can be read; the arrows go to the next column's edge."""

    @property
    def _step(self) -> int:
        return max(NARROWEST, self.size.width // max(1, len(self.children)))

    def on_resize(self) -> None:
        for column in self.children:
            column.styles.width = self._step

    def action_scroll_left(self) -> None:
        self.scroll_to(x=(math.ceil(self.scroll_target_x / self._step) - 1) * self._step)

    def action_scroll_right(self) -> None:
        self.scroll_to(x=(self.scroll_target_x // self._step + 1) * self._step)


class SweepScreen(Dialog[int | None]):
    """Dismissed with the place of the chosen outcome, from 0, or None: then nothing is chosen."""

    BINDINGS = [Binding("escape", "dismiss", "Back")]

    def __init__(self, outcomes: Sequence[Outcome], *, emphasis: bool) -> None:
        super().__init__(classes="dialog")
        self._outcomes, self._emphasis = outcomes, emphasis

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("Which one goes on?", id="dialog-title", markup=False)
            with Columns(id="columns"):
                for place, outcome in enumerate(self._outcomes, 1):
                    with VerticalScroll(classes="column", can_focus=False):
                        yield Static(_head(place, outcome), markup=False)
                        said = literal(outcome.message.text)
                        said = emphasized(said) if self._emphasis else said
                        yield Static(said, classes="reply", markup=False)
                        measures = "\n".join(outcome.leading)
                        yield Static(literal(measures, FAINT), markup=False)
            last = len(self._outcomes)
            yield Static(f"1 to {last} takes it · ←→ scroll · esc back", id="dialog-note", markup=False)

    def on_mount(self) -> None:
        self.query_one("#columns").focus()

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character in "123456789"[: len(self._outcomes)]:
            event.stop()
            self.dismiss(int(event.character) - 1)


def _head(place: int, outcome: Outcome) -> Content:
    return Content.assemble(
        (f"{place}  ", "$text-accent bold"), literal(one_line(outcome.setting.label), "bold")
    )
