"""What is written and not sent: it waits with its conversation, over a restart too."""

from __future__ import annotations

from textual.timer import Timer
from textual.widgets import TextArea

from chatbot.tui.chat_view import ChatView

PAUSE = 1.0  # seconds without a key before what stands in the box is written down


class Drafts(ChatView):
    """The part of the chat screen that keeps drafts. An incognito chat keeps them in memory alone."""

    off_record = False
    """Whether what is in the box now is to be kept nowhere."""
    _owner: str | None = ""  # the conversation of the draft in the box; None: one that has not begun
    _kept = ""  # the draft as it was written down last
    _gone = False  # whether its conversation was deleted elsewhere: the text is in the box alone
    _pause: Timer | None = None

    async def refresh_all(self) -> None:
        self.change_draft()
        await super().refresh_all()

    def change_draft(self) -> None:
        """Each conversation has a draft of its own. The box turns with the session and before anything is
        awaited: the next key may be Enter."""
        conversation = self.session.conversation
        here = conversation.id if conversation else None
        kept = self.keep_draft(leaving=here != self._owner)
        if here != self._owner:
            stray = "" if kept or self.off_record else self.composer.text
            self.off_record = self._gone = False
            with self.telling():
                self._owner, self._kept = here, self.session.manager.draft(here)
                text = "" if here is None and self.unsent("") else self._kept
                if self.composer.text != text:
                    self.composer.put(text)
                if stray.strip():
                    self.composer.give_back(stray)

    def on_text_area_changed(self, changed: TextArea.Changed) -> None:
        if self._pause:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, self.keep_draft)

    def keep_draft(self, *, leaving: bool = False) -> bool:
        """Write down what stands in the box, unless that is done; `leaving` makes sure of that. Whether it
        could be."""
        text = "" if self.off_record else self.composer.text
        text = self.unsent(text) if self._owner is None else text
        changed = text.strip() != self._kept.strip() or (leaving and self._owner and text.strip())
        if self._owner != "" and not self._gone and changed:
            with self.telling():
                self._gone = not self.session.save_draft(self._owner, text)
                self._kept = text
                if self._gone:
                    said = "This conversation was deleted elsewhere. What you write stays in the box: "
                    said += f"{self.key_of('new')} begins another conversation with it."
                    self.notify(said, severity="warning", timeout=10, markup=False)
        return not self._gone and text.strip() == self._kept.strip()

    def put_by(self) -> None:
        """The program ends: what stands in the box waits, also where its conversation is gone."""
        if not self.keep_draft(leaving=True) and self._gone and not self.off_record:
            with self.telling():
                text = f"{self.composer.text}\n{self.session.manager.draft(None)}"
                self.session.save_draft(None, text.strip())

    def unsent(self, text: str) -> str:
        """The one draft that storage has for all that has not begun; `text` is what stands in the box."""
        return text

    def leave_draft(self) -> None:
        """Write down what stands in the box, which then belongs to nothing that was open."""
        if self.keep_draft(leaving=True):
            self._kept = self.composer.text  # without the drafts of other tabs
        self._owner = ""

    def take_draft_along(self) -> None:
        """The conversation has begun: what is in the box goes on with it."""
        conversation = self.session.conversation
        if conversation is not None and self._owner is None:
            with self.telling():
                self.session.manager.save_draft(None, self.unsent(""))
            self._owner, self._kept = conversation.id, ""
            self.keep_draft()

    def drop_draft_of(self, conversation_id: str) -> None:
        """The conversation is deleted, and what was written in it went along."""
        if self._owner == conversation_id:
            self._owner, self._kept = "", ""
            self.composer.put("")
