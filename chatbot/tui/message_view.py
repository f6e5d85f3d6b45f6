"""One message on the screen: who, the words, and under a reply its measures."""

from __future__ import annotations

from dataclasses import replace

from textual.content import Content
from textual.message import Message as Note
from textual.widgets import Static

from chatbot.session import PASSING, Message
from chatbot.tui.emphasis import emphasized
from chatbot.tui.literal import FAINT, clean, literal, one_line
from chatbot.tui.measures import measures

CURSOR = "▍"
PICKED = "›"
NOTES = {"partial": "stopped", "failed": "failed"}


class MessageView(Static):
    """Shows one stored message. While its reply streams, `extend` adds what is said."""

    class Clicked(Note):
        def __init__(self, view: MessageView) -> None:
            super().__init__()
            self.view = view

    def __init__(
        self,
        message: Message,
        speaker: str,
        *,
        streaming: bool = False,
        measured: bool = True,
        emphasis: bool = True,
    ) -> None:
        super().__init__(markup=False, classes=f"message {message.role}")
        self.message, self.speaker = message, speaker
        self._streaming, self._measured, self._emphasis = streaming, measured, emphasis
        self.set_class(self.passing, "passing")
        self._redraw()

    @property
    def said(self) -> str:
        return clean(self.message.text)

    @property
    def passing(self) -> bool:
        """Whether it is off the record: shown, and stored nowhere."""
        return self.message.id == PASSING

    def extend(self, piece: str) -> None:
        """More of the reply was said."""
        self.message = replace(self.message, text=self.message.text + piece)
        self._redraw()

    def settle(self, message: Message) -> None:
        """The message as it is stored now; nothing more comes."""
        if (message, False) != (self.message, self._streaming):
            self.message, self._streaming = message, False
            self._redraw()

    def mark(self, *, chosen: bool, picked: bool) -> None:
        """`chosen`: actions are for this message. `picked`: because the person went to it, which is shown."""
        self.set_class(chosen, "-chosen")
        if picked != self.has_class("-picked"):
            self.set_class(picked, "-picked")
            self._redraw()

    def show_measures(self, shown: bool) -> None:
        """Show or hide the line under the reply."""
        self._measured = shown
        self._redraw()

    def on_click(self) -> None:
        self.post_message(self.Clicked(self))

    def _redraw(self) -> None:
        self.set_class(self._streaming, "-streaming")
        self.set_class(not self._streaming and self.message.state != "complete", "-unfinished")
        self.set_class(self.message.hidden, "-hidden")
        lines = [self._heading(), self._body()]
        if self._measured and not self._streaming and (line := measures(self.message.generation)):
            lines.append(line)
        self.update(Content("\n").join(lines))

    def _heading(self) -> Content:
        colour = "$text-secondary" if self.message.role == "bot" else "$text-primary"
        mark = f"{PICKED} " if self.has_class("-picked") else ""
        parts = [Content.styled(mark + one_line(self.speaker), f"bold {colour}")]
        if self.message.sibling_count > 1:
            place = f"{self.message.position + 1}/{self.message.sibling_count}"
            parts.append(Content.styled(f"‹ {place} ›", "$text-accent"))
        if not self._streaming and self.message.state in NOTES:
            parts.append(Content.styled(NOTES[self.message.state], "italic $text-warning"))
        if self.passing:
            parts.append(Content.styled("off the record", f"italic {FAINT}"))
        if self.message.bookmarked:
            parts.append(Content.styled("bookmark", "italic $text-accent"))
        if self.message.hidden:
            parts.append(Content.styled("hidden from the model", f"italic {FAINT}"))
        return Content("  ").join(parts)

    def _body(self) -> Content:
        if self._streaming:
            return self._words(self.said.lstrip()) + Content.styled(CURSOR, "$text-accent")
        if self.said.strip():
            return self._words(self.said, FAINT if self.message.hidden else "")
        reason = str((self.message.generation or {}).get("reason", ""))
        return literal(reason or "(nothing was said)", f"italic {FAINT}")

    def _words(self, text: str, style: str = "") -> Content:
        words = literal(text, style)
        return emphasized(words) if self._emphasis else words
