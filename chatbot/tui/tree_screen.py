"""The whole conversation as a tree to walk in; Enter makes the way through a message the active path."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatbot.session import Message
from chatbot.tui.dialog import Dialog
from chatbot.tui.literal import FAINT, literal, one_line
from chatbot.tui.message_view import NOTES
from chatbot.tui.tree import Branch, branches

SHOWN = 200  # letters of a message


class TreeScreen(Dialog[int | None]):
    """Dismissed with the id of the chosen message, or None."""

    BINDINGS = [
        Binding("escape", "dismiss", "Back"),
        Binding("left", "parent", "What it follows"),
        Binding("right", "child", "What follows it"),
    ]

    def __init__(
        self,
        messages: Sequence[Message],
        active: Collection[int],
        chosen: int | None,
        coming: int | None,
        speakers: Mapping[str, str],
    ) -> None:
        """`active` are the ids of the active path, `chosen` the id to begin at, `coming` that of the reply
        which is being said; `speakers` names by role."""
        super().__init__(classes="dialog")
        self._branches = branches(messages, active)
        self._chosen, self._coming, self._speakers = chosen, coming, speakers

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("Tree of this conversation", id="dialog-title", markup=False)
            yield OptionList(*map(self._option, self._branches), id="rows", compact=True, markup=False)
            count = len(self._branches)
            note = f"{count} messages · ● active · ↑↓ ←→ walk · enter goes · esc back"
            yield Static(note, id="dialog-note", markup=False)

    def on_mount(self) -> None:
        self._rows.focus()
        last = max((i for i, branch in enumerate(self._branches) if branch.active), default=0)
        self._rows.highlighted = self._place(self._chosen, last)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._branches[event.option_index].message.id)

    def action_parent(self) -> None:
        if (branch := self._here()) is not None:
            self._rows.highlighted = self._place(branch.message.parent_id, self._rows.highlighted or 0)

    def action_child(self) -> None:
        """The way on; the side branches are reached by going down."""
        if (branch := self._here()) is None:
            return
        own = [i for i, b in enumerate(self._branches) if b.message.parent_id == branch.message.id]
        onwards = [i for i in own if not self._branches[i].opens]
        if own:
            self._rows.highlighted = (onwards or own)[0]

    @property
    def _rows(self) -> OptionList:
        return self.query_one("#rows", OptionList)

    def _here(self) -> Branch | None:
        place = self._rows.highlighted
        return None if place is None else self._branches[place]

    def _place(self, message_id: int | None, otherwise: int) -> int:
        return next((i for i, b in enumerate(self._branches) if b.message.id == message_id), otherwise)

    def _option(self, branch: Branch) -> Option:
        message = branch.message
        speaker = message.speaker or self._speakers.get(message.role, message.role)
        words = [NOTES[message.state]] if message.state in NOTES else []
        words = ["coming"] if words and message.id == self._coming else words
        words += ["bookmark"] if message.bookmarked else []
        words += ["hidden"] if message.hidden else []
        return Option(
            Content.assemble(
                ("● " if branch.active else "  ", "$text-accent"),
                (branch.guide, "$foreground 40%"),
                (f"{one_line(speaker)}: ", "bold" if branch.active else FAINT),
                *((f"{word} ", "italic $text-warning") for word in words),
                literal(one_line(message.text)[:SHOWN], "" if branch.active else FAINT),
            )
        )
