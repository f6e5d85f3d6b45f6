"""The input box: Enter sends, Shift+Enter or Ctrl+J begins a new line, Up recalls what was sent before."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.message import Message as Note
from textual.widgets import TextArea


class Composer(TextArea):
    """A text area that grows to a few lines. Posts `Sent`; the screen calls `take` once the text is safe."""

    BINDING_GROUP_TITLE = "Input"
    BINDINGS = [
        Binding("enter", "send", "Send", show=False, priority=True),
        Binding("shift+enter,ctrl+j,alt+enter", "newline", "New line", show=False, priority=True),
        Binding("up", "earlier", "Cursor up; in an empty box, what was sent before", show=False),
        Binding("down", "later", "Cursor down; back from what was sent before", show=False),
    ]

    class Sent(Note):
        """The person wants this text sent."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str, blink: bool = True) -> None:
        super().__init__(
            id=id, compact=True, soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False
        )
        self.cursor_blink = blink
        self._sent: list[str] = []
        self._place = 0  # in _sent; its length means: not looking back

    def recall_from(self, texts: Iterable[str]) -> None:
        """The prompts that Up goes through, oldest first."""
        self._sent = list(texts)
        self._place = len(self._sent)

    def take(self) -> None:
        """The text was taken: remember it and make room for the next."""
        self.recall_from([*self._sent, self.text.strip()])
        self.text = ""

    def put(self, text: str) -> None:
        """Put `text` into the box with the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def action_send(self) -> None:
        if self.text.strip():
            self.post_message(self.Sent(self.text))

    def action_newline(self) -> None:
        self._replace_via_keyboard("\n", *self.selection)

    def action_earlier(self) -> None:
        if not self._recalling or self._place == 0:
            self.action_cursor_up()
            return
        self._place -= 1
        self.put(self._sent[self._place])

    def action_later(self) -> None:
        if not self.text or not self._recalling:
            self.action_cursor_down()
            return
        self._place += 1
        self.put(self._sent[self._place] if self._place < len(self._sent) else "")

    @property
    def _recalling(self) -> bool:
        """Whether the box holds nothing, or an earlier prompt that was not touched."""
        if not self.text:
            self._place = len(self._sent)
            return True
        return self._place < len(self._sent) and self.text == self._sent[self._place]
