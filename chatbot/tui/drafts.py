"""What is written and not sent: it waits with its conversation, over a restart too."""

from __future__ import annotations

import time

from textual.timer import Timer
from textual.widgets import TextArea

from chatbot.session import LockedStorageError, UnknownConversationError
from chatbot.tui.chat_view import ChatView

PAUSE = 1.0  # seconds without a key before what stands in the box is written down


class Drafts(ChatView):
    """The part of the chat screen that keeps drafts. An incognito chat keeps them in memory alone."""

    off_record = False
    """Whether what is in the box now is to be kept nowhere."""
    _owner: str | int = ""  # the conversation of the draft in the box, or the number of one that has none
    _kept = ""  # the draft as it was written down last
    _gone = False  # whether its conversation was deleted elsewhere: the text is in the box alone
    _pause: Timer | None = None

    async def refresh_all(self) -> None:
        self.change_draft()
        await super().refresh_all()

    def change_draft(self, number: int | None = None) -> None:
        """Each conversation has a draft of its own; `number` is that of one that has not begun. The box turns
        with the session and before anything is awaited: the next key may be Enter."""
        conversation = self.session.conversation
        stays = self._owner == conversation.id if conversation else isinstance(self._owner, int)
        kept = self.keep_draft(leaving=not stays)
        if not stays:
            stray = "" if kept or self.off_record else self.composer.text
            self.off_record = self._gone = False
            with self.telling():
                self._owner = conversation.id if conversation else number or self.unsent()
                self._kept = self.session.manager.draft(self._owner)
                if self.composer.text != self._kept:
                    self.composer.put(self._kept)
                if stray.strip():
                    self.composer.give_back(stray)

    def unsent(self) -> int:
        """The number of a draft for a conversation that has not begun."""
        return time.time_ns()

    def on_text_area_changed(self, changed: TextArea.Changed) -> None:
        self._wait()

    def _wait(self) -> None:
        if self._pause:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, self.keep_draft)

    def keep_draft(self, *, leaving: bool = False) -> bool:
        """Write down what stands in the box, unless that is done; `leaving` makes sure of that. Whether it
        could be. While another program writes, it waits."""
        text = "" if self.off_record else self.composer.text
        changed = text.strip() != self._kept.strip() or (leaving and self._owner and text.strip())
        if self._owner != "" and not self._gone and changed:
            with self.telling():
                try:
                    self.session.manager.save_draft(self._owner, text)
                    self._kept = text
                except LockedStorageError:
                    if leaving:
                        raise
                    self._wait()
                except UnknownConversationError:
                    self._gone = True
                    said = "This conversation was deleted elsewhere. What you write stays in the box: "
                    said += f"{self.key_of('new')} begins another conversation with it."
                    self.notify(said, severity="warning", timeout=10, markup=False)
        return not self._gone and text.strip() == self._kept.strip()

    def put_by(self) -> None:
        """The program ends: what stands in the box waits, also where its conversation is gone."""
        if not self.keep_draft(leaving=True) and self._gone and not self.off_record:
            with self.telling():
                self.session.manager.save_draft(time.time_ns(), self.composer.text)

    def leave_draft(self) -> None:
        """Write down what stands in the box, which then belongs to nothing that was open."""
        self.keep_draft(leaving=True)
        self._owner = ""

    def take_draft_along(self) -> None:
        """The conversation has begun: what is in the box goes on with it."""
        conversation = self.session.conversation
        if conversation is not None and isinstance(self._owner, int):
            with self.telling():
                self.session.manager.save_draft(self._owner, "")
            self._owner, self._kept = conversation.id, ""
            self.keep_draft()

    def drop_draft_of(self, conversation_id: str) -> None:
        """The conversation is deleted, and what was written in it went along."""
        if self._owner == conversation_id:
            self._owner, self._kept = "", ""
            self.composer.put("")
