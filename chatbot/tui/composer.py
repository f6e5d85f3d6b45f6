"""The input box: Enter sends, Shift+Enter or Ctrl+J begins a new line, Up recalls what was sent before."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.binding import Binding
from textual.message import Message as Note
from textual.widget import Widget
from textual.widgets import TextArea

from chatbot.terminal import clean

MOST_LINES, MOST_LETTERS = 200, 10_000  # of a paste that is taken without a question


async def act_in_turn(widget: Widget, event: events.Key) -> None:
    """Do what the widget binds to this key before the next key is looked at.

    The application would do it later: on a busy machine letters overtook the Backspace before them.
    """
    for binding in widget._bindings.key_to_bindings.get(event.key, ()):
        if await widget.app.run_action(binding.action, widget):
            event.stop()
            if event.key == "enter":
                event.prevent_default()  # it would begin a new line too
            return


class Composer(TextArea):
    """A text area that grows to a few lines. Posts `Sent`; a text that is refused comes back."""

    BINDING_GROUP_TITLE = "Input"
    BINDINGS = [
        Binding("enter", "send", "Send", show=False),
        Binding("shift+enter,ctrl+j,alt+enter", "newline", "New line", show=False),
        Binding("up", "earlier", "Cursor up; in an empty box, what was sent before", show=False),
        Binding("down", "later", "Cursor down; back from what was sent before", show=False),
    ]

    class Sent(Note):
        """The person wants this text sent."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Pasted(Note):
        """So much was pasted that the person is asked first."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str, blink: bool = True, asks: bool = False, empty: bool = False) -> None:
        """`asks`: a large paste is posted as `Pasted` and not put into the box. `empty`: nothing can be sent
        too."""
        super().__init__(
            id=id, compact=True, soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False
        )
        self.cursor_blink, self._asks, self._empty = blink, asks, empty
        self._sent: list[str] = []
        self._place = 0  # in _sent; its length means: not looking back

    def recall_from(self, texts: Iterable[str]) -> None:
        """The prompts that Up goes through, oldest first."""
        self._sent = list(texts)
        self._place = len(self._sent)

    def remember(self, text: str) -> None:
        """This text was taken: Up brings it back."""
        self.recall_from([*self._sent, text.strip()])

    def give_back(self, text: str) -> None:
        """This text was refused: it goes before what was typed since."""
        self.put(f"{text}\n{self.text}" if self.text else text)

    def put(self, text: str) -> None:
        """Put `text` into the box with the cursor at its end."""
        self.text = clean(text)
        self.move_cursor(self.document.end)

    def propose(self, text: str, before: str) -> None:
        """Put `text` in the place of `before`, which can be undone; below what was written meanwhile."""
        text = clean(text)
        if self.text == before:
            self.replace(text, self.document.start, self.document.end)
        else:
            self.insert(f"\n{text}", self.document.end)
        self.move_cursor(self.document.end)

    async def on_key(self, event: events.Key) -> None:
        await act_in_turn(self, event)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self._asks and (len(event.text) > MOST_LETTERS or event.text.count("\n") >= MOST_LINES):
            event.prevent_default()
            self.post_message(self.Pasted(event.text))

    def action_send(self) -> None:
        if self.text.strip() or self._empty:
            self.post_message(self.Sent(self.text))
            self.text = ""  # at once, so that what is typed from here on is the next message

    def undo(self) -> None:
        # The box shrinks before Textual puts the cursor back, and then scrolls to where no text is.
        if self.history.undo_stack:
            self.move_cursor((0, 0))
        super().undo()

    def redo(self) -> None:
        if self.history.redo_stack:
            self.move_cursor((0, 0))
        super().redo()

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
