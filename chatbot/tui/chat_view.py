"""The chat screen's body: its widgets, and how they follow the session while it loads and replies."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message as Note
from textual.screen import Screen
from textual.widgets import Footer, Static

from chatbot import drift
from chatbot.events import Event, Noticed, Piece, ReplyFailed, ReplyFinished, ReplyStarted, UserStored
from chatbot.session import ChatSession, Memory
from chatbot.tui.actions import DEFAULT_KEYS, key_text
from chatbot.tui.composer import Composer
from chatbot.tui.conversation import ConversationView
from chatbot.tui.dials import DialPanel
from chatbot.tui.literal import clean, literal, one_line
from chatbot.tui.tab_line import TabLine
from chatbot.tui.top_bar import LoadingLine, TopBar
from chatbot.tui.turn import Turn

log = logging.getLogger(__name__)

TOO_SMALL = "Window too small"


class ChatView(Screen[None]):
    """Shows one session. Actions come from the subclass in chat_screen.py."""

    class Loaded(Note):
        """The model is ready, or (with an error) is not."""

        def __init__(self, error: Exception | None) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self, session: ChatSession, *, model: str, home: str, keys: Mapping[str, str], blink: bool
    ) -> None:
        """`model` is the name to show until it is loaded; `home` says where conversations are kept; `keys`
        maps names of actions to other keys than their own."""
        super().__init__()
        self.session, self.model, self.home, self.keys = session, model, home, keys
        self.turn: Turn | None = None
        self.prefix = ""
        """How the next reply is to begin."""
        self._blink = blink

    def compose(self) -> ComposeResult:
        yield TopBar(id="top-bar")
        yield TabLine(id="tabs")
        with Horizontal(id="body"):
            with Vertical(id="talk"):
                yield ConversationView(id="conversation")
                yield LoadingLine(id="loading")
                yield Static(id="prefix", markup=False)
                yield Composer(id="composer", blink=self._blink, asks=True)
            yield DialPanel(id="dials")
        yield Footer(compact=True)
        yield Static(TOO_SMALL, id="too-small", markup=False)

    async def on_mount(self) -> None:
        self.composer.focus()
        self.set_prefix("")
        await self.refresh_all()
        self.start_loading()

    def on_unmount(self) -> None:
        if self.turn:
            self.turn.stop()

    # --- parts

    @property
    def conversation(self) -> ConversationView:
        return self.query_one(ConversationView)

    @property
    def composer(self) -> Composer:
        return self.query_one(Composer)

    @property
    def dials(self) -> DialPanel:
        return self.query_one(DialPanel)

    def key_of(self, name: str) -> str:
        """The keys of an action, as a person writes them."""
        return key_text(self.keys.get(name) or DEFAULT_KEYS[name])

    # --- showing what the session holds

    async def refresh_all(self) -> None:
        """Show the session afresh: after a start, another conversation or another persona."""
        session, view = self.session, self.conversation
        view.name_speakers(user=session.user_name, bot=session.profile.speaker)
        view.welcome(self._welcome() if session.conversation is None else None)
        messages = []
        with self.telling():
            messages = session.messages()
        await view.show(messages, afresh=True)
        view.anchor()
        self.composer.recall_from(m.text for m in messages if m.role == "user")
        self.composer.placeholder = Content(f"Write to {one_line(session.profile.speaker)}")
        self.refresh_names()
        await self.refresh_dials()

    async def refresh_path(self) -> None:
        """Show the active path as it is stored now."""
        with self.telling():
            await self.conversation.show(self.session.messages())
        self.refresh_drift()

    def refresh_names(self) -> None:
        """Persona, title and model in the top bar."""
        session, title = self.session, ""
        with self.telling():
            if session.conversation is not None:
                title = session.manager.get(session.conversation.id).title
        model = session.engine.name if session.loaded else self.model
        self.query_one(TopBar).show(persona=session.profile.speaker, title=title, model=model)
        self.refresh_drift()

    def refresh_drift(self) -> None:
        """How far the replies strayed, in the top bar while measures are shown."""
        with self.telling():
            text = drift.short(self.session.strayed()) if self.conversation.measured else ""
            self.query_one(TopBar).show_drift(text)

    def warn_of_drift(self) -> None:
        """A notice when the last reply led past the threshold."""
        with self.telling():
            if warning := drift.warning(self.session.strayed()):
                self.notify(warning, severity="warning", timeout=10, markup=False)

    async def refresh_dials(self) -> None:
        """The dials as they stand; before the model is loaded, those of the persona."""
        session = self.session
        attributes = session.attributes if session.loaded else {}
        weight = session.engine.default_weight if session.loaded else 1.0
        await self.dials.show(attributes, session.dials, weight)

    def _welcome(self) -> Content:
        profile = self.session.profile
        lines = [literal(one_line(profile.description), "italic")] if profile.description else []
        hint = f"{self.key_of('help')} lists the keys. {self.home}"
        lines.append(literal(hint.strip(), "$foreground 60%"))
        return Content("\n").join(lines)

    def set_prefix(self, text: str) -> None:
        """Let the next reply begin with these words, which are shown above the box until it comes."""
        self.prefix = text
        line = self.query_one("#prefix", Static)
        line.display = bool(text)
        line.update(literal(f"The reply begins: {one_line(text)}"))

    # --- the model

    def start_loading(self) -> None:
        """Load the model in a thread; `Loaded` comes when that is over."""
        self.query_one(LoadingLine).show_loading(self.model)
        self.run_worker(self._load, thread=True, group="load", exit_on_error=False)

    def _load(self) -> None:
        error: Exception | None = None
        try:
            self.session.load()
        except Exception as caught:  # the border of the thread: the screen tells the person, nothing crashes
            error = caught
        self.post_message(self.Loaded(error))

    async def on_chat_view_loaded(self, event: Loaded) -> None:
        line = self.query_one(LoadingLine)
        if event.error is not None:
            self.tell(event.error)
        if self.session.loaded:
            line.show_ready()
            self.refresh_names()
            await self.refresh_dials()
        else:
            line.show_failed(self.key_of("load"))

    # --- a reply

    def on_composer_sent(self, event: Composer.Sent) -> None:
        if self.is_busy():
            self.composer.give_back(event.text)
            return
        try:
            reply = self.session.reply(event.text, self.prefix)
        except Exception as error:  # as in `telling`, and the text is not lost
            self.composer.give_back(event.text)
            self.tell(error)
        else:
            self.composer.remember(event.text)
            self.follow(reply)
            self.set_prefix("")

    def is_busy(self) -> bool:
        """Whether a reply is on its way, which is told."""
        if self.turn is None:
            return False
        if self.session.loaded:
            self.notify("One reply at a time: let it end, or stop it with Esc.", severity="warning")
        else:
            self.notify("Your last message waits for the model; this one stays in the box.", markup=False)
        return True

    def follow(self, events: Iterator[Event]) -> None:
        """Show a reply while it is found, in a thread."""
        self.turn = Turn(self, events)
        self.run_worker(self.turn.run, thread=True, group="reply", exit_on_error=False)
        self.refresh_bindings()

    async def on_turn_said(self, said: Turn.Said) -> None:
        if said.turn is not self.turn:
            return
        view = self.conversation
        match said.event:
            case UserStored(message):
                view.welcome(None)
                if message.parent_id is None or view.holds(message.parent_id):
                    await view.begin(message)
                else:  # the greeting was stored with it
                    await view.show(self.session.manager.path(message.conversation_id))
                self.refresh_names()
            case Noticed(memory):
                self.noticed(memory)
            case ReplyStarted(message):
                await view.begin(message, streaming=True)
            case Piece(text):
                view.extend(text)
            case ReplyFinished(message):
                view.settle(message)
                self.warn_of_drift()
            case ReplyFailed(_, reason):
                self.notify(clean(reason), title="No reply", severity="error", timeout=10, markup=False)

    def noticed(self, memory: Memory) -> None:
        """Say quietly what is remembered from now on."""

    def on_turn_broke(self, broke: Turn.Broke) -> None:
        self.tell(broke.error)

    async def on_turn_ended(self, ended: Turn.Ended) -> None:
        if ended.turn is not self.turn:
            return
        self.turn = None
        await self.refresh_path()
        self.refresh_bindings()

    async def quiet(self, timeout: float = 10) -> bool:
        """Stop the reply that is coming, if any, and wait until it is stored. False when it does not stop."""
        turn = self.turn
        if turn is None:
            return True
        turn.stop()
        if not await turn.ended(timeout):
            return False
        self.turn = None
        self.refresh_bindings()
        return True

    async def free(self) -> bool:
        """Whether the session may turn to something else; a reply that is coming is stopped and stored."""
        if await self.quiet():
            return True
        self.notify("The reply cannot be stopped yet. Try again in a moment.", severity="warning")
        return False

    # --- telling

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what fails inside into a notice."""
        try:
            yield
        except Exception as error:  # the border of the interface: a notice with the remedy, never a crash
            self.tell(error)

    def tell(self, error: Exception) -> None:
        """A notice for an error: its own sentence where it has one."""
        text = str(error)
        if not hasattr(error, "exit_code"):
            log.error("Unexpected", exc_info=error)
            text = f"{type(error).__name__}: {text}. What was said is stored; please report this."
        self.notify(clean(text), title="Not done", severity="error", timeout=10, markup=False)

    def on_key(self, event: events.Key) -> None:
        """Letters that mean nothing where the focus is belong in the input box."""
        if event.is_printable and event.character and event.key not in self.active_bindings:
            event.stop()
            self.composer.focus()
            self.composer.insert(event.character)

    def on_resize(self) -> None:
        if self.focused is None:
            self.call_after_refresh(self.composer.focus)
