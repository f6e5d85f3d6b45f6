"""The list of conversations: filter, open, and what is done with one without opening it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import work
from textual.app import ComposeResult
from textual.widgets import Footer

from chatbot.config import expanded
from chatbot.session import BYTES_LEFT, ChatSession, Conversation, export_file, local
from chatbot.tui.actions import LIST_ACTIONS, bindings
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.literal import clean, one_line
from chatbot.tui.pick_screen import PickScreen, Row
from chatbot.tui.statistics_screen import StatisticsScreen


class ExportScreen(AskScreen):
    """Writes a conversation to the file that is named."""

    def __init__(self, session: ChatSession, conversation: Conversation) -> None:
        super().__init__(
            "Write it to the file (.md, .json, .txt or .jsonl)", export_name(conversation), check=self._write
        )
        self._session, self._conversation = session, conversation

    def _write(self, name: str) -> None:
        if name.strip():
            session, path = self._session, expanded(name)
            path = export_file(session.manager, self._conversation.id, path, user_name=session.user_name)
            self.notify(clean(f"Written to {path}."), markup=False)


class ConversationsScreen(PickScreen):
    """Dismissed with the id of the conversation to open, or None.

    `deleted` has the ids of those that went.
    """

    BINDINGS = bindings(LIST_ACTIONS)

    def __init__(
        self,
        session: ChatSession,
        key_of: Callable[[str], str],
        free: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`key_of` names the keys of an action; `free` makes a conversation one that can be deleted."""
        nothing = "There are no conversations yet. Write something, and it is kept here."
        super().__init__("Conversations", [], nothing=nothing)
        self.deleted: list[str] = []
        self._session, self._key_of, self._free = session, key_of, free
        self._opened = session.conversation
        self._archived = False

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._reload()

    def action_list_archived(self) -> None:
        self._archived = not self._archived
        self._reload()

    def action_list_archive(self) -> None:
        conversation, manager = self._conversation(), self._session.manager
        if conversation and self.tried(lambda: manager.archive(conversation.id, not conversation.archived)):
            if not conversation.archived and not self._archived:
                self._say(f"Archived. {self._key_of('list_archived')} shows the archive.")
            self._reload()

    @work(exclusive=True)
    async def action_list_rename(self) -> None:
        if not (conversation := self._conversation()):
            return
        screen = AskScreen(
            "Title of this conversation",
            conversation.title,
            check=lambda title: self._session.manager.rename(conversation.id, title),
        )
        if await self.app.push_screen_wait(screen) is not None:
            self._reload()

    @work(exclusive=True)
    async def action_list_delete(self) -> None:
        if not (conversation := self._conversation()) or not await self._free(conversation.id):
            return
        if self.tried(lambda: self._session.delete(conversation.id)):
            self.deleted.append(conversation.id)
            self._say(f"Deleted: {_named(conversation)} ({self._key_of('list_undelete')} brings it back)")
            if not self._session.manager.wiped:
                self.notify(BYTES_LEFT, severity="warning", markup=False)
            self._reload()

    def action_list_undelete(self) -> None:
        if self.tried(self._bring_back):
            self._reload()

    @work(exclusive=True)
    async def action_list_export(self) -> None:
        if conversation := self._conversation():
            await self.app.push_screen_wait(ExportScreen(self._session, conversation))

    @work(exclusive=True)
    async def action_list_statistics(self) -> None:
        if conversation := self._conversation():
            screens = list[StatisticsScreen]()
            if self.tried(lambda: screens.append(StatisticsScreen(self._session, conversation))):
                await self.app.push_screen_wait(screens[0])

    def _bring_back(self) -> None:
        back = self._session.manager.undelete().id
        self.deleted = [gone for gone in self.deleted if gone != back]
        if self._opened and self._opened.id == back:
            self._session.resume(back)

    def _conversation(self) -> Conversation | None:
        """The one that the keys are at, as it is stored now."""
        row, found = self.highlighted, list[Conversation]()
        if row and not self.tried(lambda: found.append(self._session.manager.get(row.key))):
            self._reload()
        return found[0] if found else None

    def _reload(self) -> None:
        archived = None if self._archived else False
        rows: list[Conversation] = []
        self.tried(lambda: rows.extend(self._session.manager.list(archived=archived)))
        self.show_rows([self._row(conversation) for conversation in rows])

    def _row(self, conversation: Conversation) -> Row:
        current = self._session.conversation
        when = local(conversation.updated_at)
        parts = [
            conversation.profile_name,
            f"{conversation.message_count} messages",
            f"{when:%Y-%m-%d %H:%M}",
        ]
        return Row(
            key=conversation.id,
            title=_named(conversation),
            detail=" · ".join([*parts, *(["archived"] if conversation.archived else [])]),
            current=current is not None and current.id == conversation.id,
        )

    def _say(self, text: str) -> None:
        self.notify(clean(text), markup=False)


def _named(conversation: Conversation) -> str:
    """Its title; one in which the user said nothing has none."""
    return one_line(conversation.title) or "(no title)"


def export_name(conversation: Conversation) -> str:
    """A name for the file of an export, after the conversation's title."""
    words = "".join(letter if letter.isalnum() else " " for letter in conversation.title.lower()).split()
    return f"{'-'.join(words)[:40] or conversation.id}.md"
