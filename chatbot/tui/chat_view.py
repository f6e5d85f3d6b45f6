"""The chat screen's body: its widgets, and how they follow the session."""

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

from chatbot.measures import drift
from chatbot.persona import spoken
from chatbot.session import BYTES_LEFT, ChatSession
from chatbot.tui.actions import DEFAULT_KEYS, LETTERS, key_text
from chatbot.tui.composer import Composer
from chatbot.tui.conversation import ConversationView
from chatbot.tui.dials import DialPanel
from chatbot.tui.literal import FAINT, clean, literal, one_line
from chatbot.tui.tab_line import TabLine
from chatbot.tui.top_bar import LoadingLine, TopBar

log = logging.getLogger(__name__)

TOO_SMALL = "Window too small"
LONGEST_WELCOME = 300  # letters of a description; that of a card may fill screens


class ChatView(Screen[None]):
    """Shows one session. Actions come from the subclass in chat_screen.py."""

    class Loaded(Note):
        """The model is ready, or (with an error) is not."""

        def __init__(self, error: Exception | None) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self,
        session: ChatSession,
        *,
        model: str,
        home: str,
        keys: Mapping[str, str],
        blink: bool,
        emphasis: bool,
    ) -> None:
        """`model` is the name to show until it is loaded; `home` says where conversations are kept; `keys`
        maps names of actions to other keys than their own; `emphasis` shows *this* in italics."""
        super().__init__()
        self.session, self.model, self.home, self.keys = session, model, home, keys
        self.emphasis = emphasis
        self._blink = blink

    def compose(self) -> ComposeResult:
        yield TopBar(id="top-bar")
        yield TabLine(id="tabs")
        with Horizontal(id="body"):
            with Vertical(id="talk"):
                yield ConversationView(id="conversation", emphasis=self.emphasis)
                yield LoadingLine(id="loading")
                yield Static(id="next", markup=False)
                yield Composer(id="composer", blink=self._blink, asks=True)
            yield DialPanel(id="dials")
        yield Footer(compact=True)
        yield Static(TOO_SMALL, id="too-small", markup=False)

    async def on_mount(self) -> None:
        self.composer.focus()
        self.screen_layout_refresh_signal.subscribe(self, self._lift_notices)
        await self.refresh_all()
        self.start_loading()

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
        self.refresh_figures()

    def refresh_names(self) -> None:
        """Persona, title and model in the top bar."""
        session, title = self.session, ""
        with self.telling():
            if session.conversation is not None:
                stored = session.manager.get(session.conversation.id)
                title = f"{stored.title} (archived)" if stored.archived else stored.title
        model = session.engine.name if session.loaded else self.model
        self.query_one(TopBar).show(persona=session.profile.speaker, title=title, model=model)
        self.refresh_figures()

    def refresh_figures(self) -> None:
        """In the top bar: how far the replies strayed, if that is shown, and how full the context is."""
        drifted = room = ""
        with self.telling():
            drifted = drift.short(self.session.strayed()) if self.conversation.measured else ""
            if tokens := self.session.room:
                room = f"ctx {tokens[0]}/{tokens[1]}"
        self.query_one(TopBar).show_figures(drifted, room)

    async def refresh_dials(self) -> None:
        """The dials, on their arcs as of the next reply; before the model is loaded, the persona's alone."""
        session = self.session
        attributes = session.attributes if session.loaded else {}
        asked = session.dials
        with self.telling():
            asked = session.asked_next()
        await self.dials.show(attributes, asked)

    def _welcome(self) -> Content:
        profile, session = self.session.profile, self.session
        said = one_line(spoken(profile.description, profile, session.user_name, session.chance))
        said = said if len(said) <= LONGEST_WELCOME else f"{said[: LONGEST_WELCOME - 1]}…"
        lines = [literal(said, "italic")] if said else []
        hint = f"{self.key_of('help')} lists the keys. {self.home}"
        lines.append(literal(hint.strip(), FAINT))
        return Content("\n").join(lines)

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

    # --- telling

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what fails inside into a notice."""
        try:
            yield
        except Exception as error:  # the border of the interface: a notice with the remedy, never a crash
            self.tell(error)

    def _lift_notices(self, _: Screen[None]) -> None:
        """Notices stand above the box, however much is written; without it, above the footer."""
        box = self.composer.region
        below = self.size.height - box.y if box else 1
        for rack in self.query_children("ToastRack"):
            rack.styles.margin = (0, 0, below, 0)

    def tell_what_is_left(self) -> None:
        """After a deletion: whether anything of it may still be read on the disk."""
        if not self.session.manager.wiped:
            self.notify(BYTES_LEFT, severity="warning", markup=False)

    def tell(self, error: Exception) -> None:
        """A notice for an error: its own sentence where it has one."""
        text = str(error)
        if not hasattr(error, "exit_code"):
            log.error("Unexpected", exc_info=error)
            text = f"{type(error).__name__}: {text}. What was said is stored; please report this."
        self.notify(clean(text), title="Not done", severity="error", timeout=10, markup=False)

    def on_key(self, event: events.Key) -> None:
        """Letters that mean nothing where the focus is belong in the input box."""
        walking = self.app.has_class("-vim") and self.focused is not self.composer
        if walking and event.character in LETTERS:
            return  # the application makes arrows of them
        if event.is_printable and event.character and event.key not in self.active_bindings:
            event.stop()
            self.set_focus(self.composer)
            self.composer.insert(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """So does what is pasted there."""
        if self.focused is not self.composer:
            event.stop()
            self.set_focus(self.composer)
            self.composer.post_message(events.Paste(event.text))

    def on_resize(self) -> None:
        if self.focused is None:
            self.call_after_refresh(self.composer.focus)
