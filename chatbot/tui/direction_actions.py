"""What directs the talk from beside it: settings of this chat, the user's line written by the model, and
turns that are kept nowhere (see actions.py)."""

from __future__ import annotations

from textual import work

from chatbot.tui.replying import Replying
from chatbot.tui.settings_screen import SettingsScreen


class DirectionActions(Replying):
    """The part of the chat screen that directs."""

    @work(exclusive=True, group="ask")
    async def action_settings(self) -> None:
        await self.app.push_screen_wait(SettingsScreen(self.session))
        self.refresh_figures()

    def action_off_record(self) -> None:
        self.set_off_record(not self.off_record)
        self.composer.focus()

    @work(group="impersonate")  # not exclusive: its thread goes on whatever happens to it
    async def action_impersonate(self) -> None:
        """What stood in the box before comes back with Ctrl+Z."""
        if self.is_busy():
            return
        conversation, before, draft = self.session.conversation, self.composer.text, ""
        with self.telling():
            self.notify("Writing your line ...", markup=False)
            draft = await self.beside(self.session.impersonate)
        if draft and self.session.conversation is conversation:
            self.composer.propose(draft, before)
            self.composer.focus()
