"""F1: the keys of the widget that has the focus, then those of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from chatbot.tui.actions import key_text
from chatbot.tui.dialog import Dialog
from chatbot.tui.literal import literal

Section = tuple[str, list[tuple[str, str]]]
"""A heading, then (keys, what they do)."""


class HelpScreen(Dialog[None]):
    """A list to scroll through: of keys, or of what else has a name and a line."""

    heading = "Keys"
    BINDINGS = [Binding("escape,f1,q", "dismiss", "Back")]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__(classes="dialog")
        self._sections = sections

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(self.heading, id="dialog-title", markup=False)
            with VerticalScroll(id="help-keys"):
                for heading, rows in self._sections:
                    yield Static(literal(heading), classes="help-heading", markup=False)
                    for keys, what in rows:
                        with Horizontal(classes="help-row"):
                            yield Static(literal(keys), classes="help-key", markup=False)
                            yield Static(literal(what), classes="help-what", markup=False)
            yield Static("↑↓ scroll · esc back", id="dialog-note", markup=False)

    def on_mount(self) -> None:
        self.query_one("#help-keys").focus()


def sections(
    screen: Screen[None], widgets: Sequence[Widget], everywhere: Sequence[tuple[str, str]]
) -> Iterator[Section]:
    """The focused widget's own keys, `everywhere`, the other widgets' keys, and what else works here."""
    focused = screen.focused
    if focused is not None and focused in widgets:
        yield f"{focused.BINDING_GROUP_TITLE} (you are here)", _rows(_own(focused))
    yield "Everywhere", list(everywhere)
    for widget in widgets:
        if widget is not focused:
            yield str(widget.BINDING_GROUP_TITLE), _rows(_own(widget))
    active = [bound.binding for bound in screen.active_bindings.values() if bound.node is focused]
    inherited = [binding for binding in active if focused and binding not in _own(focused)]
    if focused and inherited:
        yield f"{focused.BINDING_GROUP_TITLE}, what else works here", _rows(inherited)


def _own(widget: Widget) -> list[Binding]:
    """The keys that our widget adds to those of its kind."""
    return list(Binding.make_bindings(type(widget).BINDINGS))


def _rows(bindings: Iterable[Binding]) -> list[tuple[str, str]]:
    keys: dict[str, list[str]] = {}
    for binding in bindings:
        keys.setdefault(binding.description, []).append(key_text(binding.key))
    return [(" or ".join(names), what) for what, names in keys.items() if what]
