"""What the keys and the command palette do in a chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding

from chatbot.session import ChatSession, Conversation
from chatbot.tui.actions import ACTIONS, QUIT, bindings
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.chat_view import ChatView
from chatbot.tui.conversation import ConversationView
from chatbot.tui.dials import DialPanel
from chatbot.tui.help_screen import HelpScreen, sections
from chatbot.tui.literal import clean
from chatbot.tui.pick_screen import PickScreen, Row
from profiles.store import ProfileStore


class ChatScreen(ChatView):
    """The chat with its actions; each has a line in actions.py."""

    BINDINGS = [*bindings(), Binding("escape", "write", "Back to the input box", show=False)]

    def __init__(
        self,
        session: ChatSession,
        profiles: ProfileStore | None = None,
        *,
        model: str,
        home: str = "",
        keys: Mapping[str, str] = MappingProxyType({}),
        blink: bool = True,
    ) -> None:
        super().__init__(session, model=model, home=home, keys=keys, blink=blink)
        self.profiles = profiles

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":  # otherwise Esc leads back to the input box
            return self.turn is not None
        return super().check_action(action, parameters)

    def commands(self) -> Iterator[SystemCommand]:
        """Every action, for the command palette."""
        for action in ACTIONS:
            if action.name != "stop" or self.turn:
                help_text = f"{action.sentence} · {self.key_of(action.name)}"
                yield SystemCommand(action.title, help_text, partial(self.run_action, action.name))

    # --- the reply

    def action_stop(self) -> None:
        if self.turn:
            self.turn.stop()

    def action_regenerate(self) -> None:
        if not self.is_busy():
            with self.telling():
                self.follow(self.session.regenerate(self.conversation.picked))

    async def action_previous(self) -> None:
        await self._go(-1)

    async def action_next(self) -> None:
        await self._go(1)

    async def on_conversation_view_sibling_asked(self, asked: ConversationView.SiblingAsked) -> None:
        await self._go(asked.step)

    async def _go(self, step: int) -> None:
        if self.is_busy():
            return
        with self.telling():
            chosen = self.conversation.chosen
            path = self.session.sibling(step, chosen.id if chosen else None)
            await self.conversation.show(path)
            if chosen:
                self.conversation.choose_answer_to(chosen.parent_id)

    def action_choose_before(self) -> None:
        self.conversation.action_choose(-1)

    def action_choose_after(self) -> None:
        self.conversation.action_choose(1)

    def action_copy_reply(self) -> None:
        if chosen := self.conversation.chosen:
            self.app.copy_to_clipboard(clean(chosen.text))
            self.notify(f"Copied a reply of {len(chosen.text)} characters.", markup=False)
        else:
            self.notify("There is no reply to copy yet. Write something first.", severity="warning")

    # --- conversations and personas

    @work(exclusive=True, group="switch")
    async def action_new(self) -> None:
        if await self._free():
            self.session.new()
            await self.refresh_all()
            self.composer.focus()

    @work(exclusive=True, group="switch")
    async def action_open(self) -> None:
        rows = []
        with self.telling():
            rows = [self._row(conversation) for conversation in self.session.manager.list()]
        nothing = "There are no conversations yet. Write something, and it is kept here."
        key = await self.app.push_screen_wait(PickScreen("Open a conversation", rows, nothing=nothing))
        if key and await self._free():
            with self.telling():
                self.session.resume(key)
                await self.refresh_all()
            self.composer.focus()

    @work(exclusive=True, group="switch")
    async def action_persona(self) -> None:
        rows = self._personas()
        name = await self.app.push_screen_wait(PickScreen("Talk to", rows, nothing="There are no profiles."))
        if not name or not self.profiles or not await self._free():
            return
        with self.telling():
            profile, left = self.profiles.load(name), self.session.conversation
            self.session.new()  # the persona of the conversation that is left stays who it was
            try:
                self.session.use(profile)
            except Exception:
                self.session.conversation = left
                raise
            await self.refresh_all()
        self.composer.focus()

    @work(exclusive=True, group="switch")
    async def action_rename(self) -> None:
        conversation, title = self.session.conversation, ""
        with self.telling():
            title = self.session.manager.get(conversation.id).title if conversation else ""
        answer = await self.app.push_screen_wait(AskScreen("Title of this conversation", title))
        if answer is not None:
            with self.telling():
                self.session.rename(answer)
            self.refresh_names()

    async def _free(self) -> bool:
        """Whether the session may turn to something else; a reply that is coming is stopped and stored."""
        if await self.quiet():
            return True
        self.notify("The reply cannot be stopped yet. Try again in a moment.", severity="warning")
        return False

    def _row(self, conversation: Conversation) -> Row:
        current = self.session.conversation
        count = conversation.message_count
        when = conversation.updated_at.astimezone()
        return Row(
            key=conversation.id,
            title=conversation.title,
            detail=f"{conversation.profile_name} · {count} messages · {when:%Y-%m-%d %H:%M}",
            current=current is not None and current.id == conversation.id,
        )

    def _personas(self) -> list[Row]:
        rows = []
        with self.telling():
            listing = self.profiles.list() if self.profiles else None
            for stored in listing.profiles if listing else ():
                name = stored.profile.name
                rows.append(Row(name, name, stored.profile.description, name == self.session.profile.name))
            for broken in listing.broken if listing else ():
                text = f"The profile {broken.name} cannot be used. {broken.reason}"
                self.notify(clean(text), severity="warning", timeout=10, markup=False)
        return rows

    # --- dials and views

    async def on_dial_panel_turned(self, turned: DialPanel.Turned) -> None:
        session, name = self.session, turned.attribute
        with self.telling():
            if turned.weight == 0 and session.loaded and name not in session.attributes:
                session.clear_dial(name)  # the model does not have it: off is all it can be
            else:
                session.set_dial(name, turned.aspect, turned.weight)
        await self.refresh_dials()

    def action_dials(self) -> None:
        if self.dials.has_focus:
            self.action_write()
        else:
            self._show_panel(True)
            self.call_after_refresh(self.dials.focus)

    def action_panel(self) -> None:
        self._show_panel(not self.dials.display)

    def _show_panel(self, shown: bool) -> None:
        self.set_class(shown, "-panel")
        self.set_class(not shown, "-no-panel")
        if not shown:
            self.composer.focus()

    def action_measures(self) -> None:
        self.conversation.measured = not self.conversation.measured

    def action_write(self) -> None:
        if self.has_class("-narrow") and self.dials.has_focus:
            self._show_panel(False)  # there it hides the conversation
        self.composer.focus()

    def action_load(self) -> None:
        if self.session.loaded:
            self.notify("The model is loaded already.", markup=False)
        else:
            self.start_loading()

    def action_help(self) -> None:
        # Each with its name, which is what `[tui] keys` in the settings goes by.
        rows = [(self.key_of(action.name), f"{action.sentence} ({action.name})") for action in ACTIONS]
        rows += [
            (self.key_of(QUIT.name), f"{QUIT.sentence} ({QUIT.name})"),
            ("Ctrl+P", "Every action by name."),
        ]
        widgets = (self.composer, self.conversation, self.dials)
        self.app.push_screen(HelpScreen(list(sections(self, widgets, rows))))
