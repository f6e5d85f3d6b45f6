"""A letter on everything that can be gone to; the one that is typed says where."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Static

from chatbot.tui.dialog import Dialog

LETTERS = "asdfghjklqwertyuiopzxcvbnmASDFGHJKLQWERTYUIOPZXCVBNM"


class JumpScreen(Dialog[Widget | None]):
    """Dismissed with the widget whose letter was typed; any other key leads back."""

    def __init__(self, places: Sequence[tuple[Widget, Region]]) -> None:
        """`places` are widgets with the part of the screen where they can be seen; the last have letters."""
        super().__init__()
        self._places = dict(zip(LETTERS, places[-len(LETTERS) :], strict=False))

    def compose(self) -> ComposeResult:
        for letter, (_, region) in self._places.items():
            label = Static(f" {letter} ", classes="jump", markup=False)
            label.styles.offset = (region.x, region.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        place = self._places.get(event.character or "")
        self.dismiss(place[0] if place else None)
