"""Going from one conversation to another, and what is done with a whole one (see actions.py)."""

from __future__ import annotations

from textual import work

from chatbot.persona import spoken
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.confirm_screen import CANCEL, ConfirmScreen
from chatbot.tui.conversations_screen import ConversationsScreen, ExportScreen
from chatbot.tui.literal import clean, one_line
from chatbot.tui.persona_screen import PersonaScreen
from chatbot.tui.pick_screen import Row
from chatbot.tui.search_screen import SearchScreen
from chatbot.tui.statistics_screen import StatisticsScreen
from chatbot.tui.tabs import TabActions
from chatbot.tui.tree_screen import TreeScreen
from profiles import find
from profiles.store import ProfileStore


class ConversationActions(TabActions):
    """The part of the chat screen that acts on conversations."""

    profiles: ProfileStore | None

    @work(exclusive=True, group="switch")
    async def action_new(self) -> None:
        if await self.free():
            self.session.new()
            await self.refresh_all()
            self.composer.focus()

    @work(exclusive=True, group="switch")
    async def action_open(self) -> None:
        self.keep_draft()  # so that it comes back with its conversation, if that is deleted and comes back
        before = self.session.conversation
        screen = ConversationsScreen(self.session, self.key_of, self._free_of)
        key = await self.app.push_screen_wait(screen)
        for conversation_id in screen.deleted:
            self.forget_tabs_of(conversation_id)
        self.refresh_titles()
        if key:
            await self._go_to(key)
        elif self.session.conversation is not before:
            await self.refresh_all()
        else:
            self.refresh_names()

    @work(exclusive=True, group="switch")
    async def action_search(self) -> None:
        screen = SearchScreen(self.session)
        key = await self.app.push_screen_wait(screen)
        hit = screen.hits.get(key or "")
        if hit and await self._go_to(hit.conversation_id):
            with self.telling():
                if all(message.id != hit.message_id for message in self.session.messages()):
                    if not await self.free():
                        return
                    self.session.manager.select(hit.message_id)
                    await self.refresh_path()
                await self.conversation.reveal(hit.message_id)
                self.conversation.focus()

    @work(exclusive=True, group="switch")
    async def action_tree(self) -> None:
        conversation = self.session.conversation
        if conversation is None:
            self.notify("There is no tree yet. Write something first.", severity="warning")
            return
        message_id: int | None = None
        with self.telling():
            messages = self.session.manager.tree(conversation.id)
            active = {message.id for message in self.session.messages()}
            chosen = self.conversation.chosen
            coming = self.conversation.coming if self.turn else None
            screen = TreeScreen(messages, active, chosen.id if chosen else None, coming, self._speakers())
            message_id = await self.app.push_screen_wait(screen)
        if message_id is not None and await self.free():
            with self.telling():
                self.session.manager.select(message_id)
                await self.refresh_path()
                await self.conversation.reveal(message_id)
                self.conversation.focus()

    @work(exclusive=True, group="switch")
    async def action_persona(self) -> None:
        name = await self.app.push_screen_wait(PersonaScreen(self._personas(), self.profiles))
        if not name or not self.profiles or not await self.free():
            return
        with self.telling():
            profile = find(self.profiles, name)
            left, tuning = self.session.conversation, self.session.tuning
            self.session.new()  # the persona of the conversation that is left stays who it was
            try:
                self.session.use(profile)
            except Exception:
                self.session.conversation = left
                self.session.retune(tuning)
                raise
            await self.refresh_all()
        self.composer.focus()

    @work(exclusive=True, group="switch")
    async def action_rename(self) -> None:
        conversation, title = self.session.conversation, ""
        if conversation is None:
            self.notify("There is nothing to rename yet. Write something first.", severity="warning")
            return
        with self.telling():
            title = self.session.manager.get(conversation.id).title
        screen = AskScreen("Title of this conversation", title, check=self.session.rename)
        if await self.app.push_screen_wait(screen) is not None:
            self.refresh_names()

    @work(exclusive=True, group="switch")
    async def action_fork(self) -> None:
        if (chosen := self.conversation.chosen) is None:
            self.notify("There is nothing to copy yet. Write something first.", severity="warning")
            return
        if not await self.free():
            return
        with self.telling():
            text, passing = self.composer.text, self.off_record
            self.session.fork(chosen.id)
            self.change_draft()
            self.set_off_record(passing)
            self.composer.put(text)  # it was perhaps written for the copy
            await self.refresh_all()
            self.composer.focus()
            self.notify("This is a copy in a conversation of its own; the other one is as it was.")

    def action_archive(self) -> None:
        here = self.session.conversation
        with self.telling():
            stored = here and self.session.manager.get(here.id)  # the list may have changed it
            archived = self.session.archive(not (stored and stored.archived)).archived
            self.refresh_names()
            text = f"Archived: the list leaves it out. {self.key_of('archive')} takes it back."
            self.notify(text if archived else "In the list again.", markup=False)

    @work(exclusive=True, group="switch")
    async def action_delete(self) -> None:
        """What comes then is the next tab, or a new conversation where there is none."""
        conversation = self.session.conversation
        if conversation is None:
            self.notify("There is nothing to delete yet. Write something first.", severity="warning")
            return
        question = f"Delete this conversation? {self.key_of('undelete')} brings it back until you leave."
        with self.telling():
            title = one_line(self.session.manager.get(conversation.id).title) or "(no title)"
            screen = ConfirmScreen(f"{question}\n\n{title}", {"delete": "Delete"})
            if await self.app.push_screen_wait(screen) == CANCEL or not await self.free():
                return
            self.keep_draft()
            self.session.delete(conversation.id)
            self.drop_draft_of(conversation.id)
            await self.drop_tab()
            text = f"Deleted: {title} ({self.key_of('undelete')} brings it back)"
            self.notify(clean(text), markup=False)
            self.tell_what_is_left()

    @work(exclusive=True, group="switch")
    async def action_undelete(self) -> None:
        with self.telling():
            await self._go_to(self.session.manager.undelete().id)

    @work(exclusive=True, group="switch")
    async def action_export(self) -> None:
        conversation = self.session.conversation
        if conversation is None:
            self.notify("There is nothing to export yet. Write something first.", severity="warning")
            return
        with self.telling():
            stored = self.session.manager.get(conversation.id)
            await self.app.push_screen_wait(ExportScreen(self.session, stored))

    @work(exclusive=True, group="switch")
    async def action_statistics(self) -> None:
        with self.telling():
            held = self.session.conversation
            conversation = self.session.manager.get(held.id) if held else None  # its title may be new
            await self.app.push_screen_wait(StatisticsScreen(self.session, conversation))

    # --- parts

    async def _go_to(self, conversation_id: str) -> bool:
        """Open a conversation, in the tab that holds it if there is one; whether it is open now."""
        current = self.session.conversation
        if current is not None and current.id == conversation_id:
            self.refresh_names()
            return True
        if not await self.free():
            return False
        number = self.tab_of(conversation_id)
        if number is not None:
            self.leave_tab()
            await self.enter_tab(number)
            return True
        with self.telling():
            self.session.resume(conversation_id)
            await self.refresh_all()
            self.composer.focus()
            return True
        return False

    async def _free_of(self, conversation_id: str) -> bool:
        """Whether nothing is being said in this conversation, so that it can be deleted."""
        current = self.session.conversation
        return current is None or current.id != conversation_id or await self.free()

    def _speakers(self) -> dict[str, str]:
        return {"user": self.session.user_name or "you", "bot": self.session.profile.speaker}

    def _personas(self) -> list[Row]:
        rows = []
        with self.telling():
            listing = self.profiles.list() if self.profiles else None
            for stored in listing.profiles if listing else ():
                name = stored.profile.name
                said = spoken(stored.profile.description, stored.profile, self.session.user_name)
                rows.append(Row(name, name, said, name == self.session.profile.name))
            for broken in listing.broken if listing else ():
                text = f"The profile {broken.name} cannot be used. {broken.reason}"
                self.notify(clean(text), severity="warning", timeout=10, markup=False)
        return rows
