"""A list over the chat with a filter that acts as one types: older conversations, personas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chatbot.tui.actions import LETTERS
from chatbot.tui.ask_screen import Line
from chatbot.tui.dialog import Dialog
from chatbot.tui.literal import FAINT, literal, one_line

MOST = 300  # rows on the screen; more than anybody scrolls through, few enough to filter at once


@dataclass(frozen=True)
class Row:
    """One thing to choose."""

    key: str
    title: str
    detail: str = ""
    current: bool = False

    def matches(self, words: Sequence[str]) -> bool:
        """Whether every word (lower case) occurs in what the row shows."""
        text = f"{self.title} {self.detail}".casefold()
        return all(word in text for word in words)

    def content(self) -> Content:
        mark = "● " if self.current else "  "
        first = Content.assemble((mark, "$text-accent"), literal(one_line(self.title)))
        detail = one_line(self.detail)
        return Content("\n").join([first, literal(f"  {detail}", FAINT)]) if detail else first


class Filter(Line):
    """Words to filter by. While it is `walking`, letters walk in the rows as in vim; / leads back to typing,
    as does a letter that does not walk.

    The focus stays here all the time, so that no letter is lost when many come at once.
    """

    walking = var(False)

    def __init__(self, hint: str, walk: Callable[[str], None]) -> None:
        """`hint` stands in it while it is empty; `walk` is given the arrow that a letter stands for."""
        super().__init__(id="filter", compact=True)
        self.hint, self._walk = hint, walk

    def watch_walking(self, walking: bool) -> None:
        self.placeholder = "j k g G walk, / filters" if walking else self.hint

    async def on_key(self, event: events.Key) -> None:  # before that of Input, which types
        if not self.walking or not event.is_printable:
            return
        if arrow := LETTERS.get(event.character or ""):
            self._walk(arrow)
        else:
            self.walking = False
        if arrow or event.character == "/":
            event.stop()
            event.prevent_default()


class PickScreen(Dialog[str | None]):
    """Dismissed with the key of the chosen row, or None."""

    hint = "Type to filter"
    BINDINGS = [
        Binding("escape", "dismiss", "Back"),
        Binding("up", "move('cursor_up')", "Up", show=False, priority=True),
        Binding("down", "move('cursor_down')", "Down", show=False, priority=True),
        Binding("pageup", "move('page_up')", "Page up", show=False, priority=True),
        Binding("pagedown", "move('page_down')", "Page down", show=False, priority=True),
        Binding("tab", "walk", "To the rows or back", show=False, priority=True),
    ]

    def __init__(self, title: str, rows: Sequence[Row], *, nothing: str, enter: str = "opens") -> None:
        """`nothing` is what an empty list says, `enter` what that key does."""
        super().__init__(classes="dialog")
        self._title, self._rows, self._nothing, self._enter = title, rows, nothing, enter

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(literal(self._title), id="dialog-title", markup=False)
            yield Filter(self.hint, self._walk)
            yield OptionList(id="rows", compact=True, markup=False)
            yield Static(id="dialog-note", markup=False)

    def on_mount(self) -> None:
        self._list.can_focus = False  # keys go to the filter, which hands on those that walk
        self.query_one(Filter).walking = self.app.has_class("-vim") and bool(self._rows)
        self.query_one(Input).cursor_blink = self.app.animation_level != "none"
        self._fill("")

    def _walk(self, arrow: str) -> None:
        ways = {"up": "cursor_up", "down": "cursor_down", "home": "first", "end": "last"}
        if arrow in ways:
            self.action_move(ways[arrow])

    def action_walk(self) -> None:
        """From the filter to the rows, or back."""
        typed = self.query_one(Filter)
        typed.walking = not typed.walking

    def on_input_changed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Other rows than those it was opened with, filtered as before."""
        self._rows, place = rows, self._list.highlighted
        self._fill(self.query_one(Input).value)
        if place is not None and self._list.option_count:
            self._list.highlighted = min(place, self._list.option_count - 1)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        option = self._list.highlighted_option
        if option is not None:
            self.dismiss(option.id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_move(self, how: str) -> None:
        getattr(self._list, f"action_{how}")()

    @property
    def _list(self) -> OptionList:
        return self.query_one("#rows", OptionList)

    def _fill(self, typed: str) -> None:
        found = [row for row in self._rows if row.matches(typed.casefold().split())]
        self._offer([Option(row.content(), id=row.key) for row in found[:MOST]], self._note(len(found)))

    def _offer(self, options: Sequence[Option], note: str) -> None:
        self._list.set_options(options)
        self._list.highlighted = 0 if options else None
        self.query_one("#dialog-note", Static).update(literal(note))

    def _note(self, found: int) -> str:
        if not self._rows:
            return f"{self._nothing} · esc back"
        if not found:
            return "Nothing matches; shorten the filter · esc back"
        more = f", the first {MOST} shown" if found > MOST else ""
        return f"{found} of {len(self._rows)}{more} · enter {self._enter} · esc back"

    @property
    def highlighted(self) -> Row | None:
        """The row that the keys are at."""
        option = self._list.highlighted_option
        return next((row for row in self._rows if option and row.key == option.id), None)
