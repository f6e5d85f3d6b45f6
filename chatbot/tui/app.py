"""The application: opens the chat screen on a session, and holds what is the same on every screen."""

from __future__ import annotations

import asyncio
import difflib
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.theme import Theme

from chatbot import terminal
from chatbot.session import ChatSession
from chatbot.tui import clipboard
from chatbot.tui.actions import DEFAULT_KEYS, LETTERS, QUIT, as_textual, key_text, shared_keys
from chatbot.tui.alt_keys import know_alt_keys
from chatbot.tui.chat_screen import ChatScreen
from chatbot.tui.literal import clean
from chatbot.tui.themes import DAWN, DUSK, words
from profiles.store import ProfileStore

if TYPE_CHECKING:
    from chatbot.config import Config


def run(session: ChatSession, settings: Config, *, inline: bool = False, asked: bool = False) -> int:
    """Chat in the terminal until the person leaves; the exit code. What was said is stored when this returns.

    `inline` takes some lines under the prompt in place of the whole window. `asked`: something about this
    very conversation was asked for, so that tabs of the last time do not come before it.
    """
    from chatbot.config_file import store

    terminal.end_with_it()
    know_alt_keys()
    where = settings.database
    app = ChatApp(
        session,
        model=settings.model.path,
        profiles=ProfileStore(settings.profiles_folder),
        home=f"Conversations are kept in {where}" if where else "Nothing of this chat is kept.",
        theme=settings.tui.theme,
        animations=settings.tui.animations,
        keys=settings.tui.keys,
        compact=settings.tui.compact,
        emphasis=settings.tui.emphasis,
        vim_keys=settings.tui.vim_keys,
        restore_tabs=settings.tui.restore_tabs,
        asked=asked or settings.sources.get("chat.profile") == "flag",
        remember=store,
    )
    asyncio.run(run_through(app, inline=inline))
    return app.return_code or 0


async def run_through(app: ChatApp, **options: Any) -> None:
    """Until the person leaves, who does not wait for a model that is being read or compares replies, as
    asyncio would."""
    await app.run_async(**options)
    if not app.chat.session.loaded or app.chat.working:
        app.chat.session.manager.close()
        os._exit(app.return_code or 0)


class ChatApp(App[None]):
    """Chats in one session. Sizes, theme and keys are set here; what happens is in ChatScreen."""

    TITLE = "chatbot"
    CSS_PATH = Path(__file__).parent / "app.tcss"
    BINDINGS = [QUIT.binding()]
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (24, "-narrow"), (76, "-medium"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-too-short"), (5, "-short"), (10, "-low"), (18, "-normal"), (34, "-tall")]

    def __init__(
        self,
        session: ChatSession,
        *,
        model: str,
        profiles: ProfileStore | None = None,
        home: str = "",
        theme: str = DUSK.name,
        animations: bool = True,
        keys: Mapping[str, str] | None = None,
        compact: bool = False,
        emphasis: bool = True,
        vim_keys: bool = False,
        restore_tabs: bool = False,
        asked: bool = False,
        blink: bool | None = None,
        remember: Callable[[str, str], object] = lambda name, value: None,
    ) -> None:
        """`keys` maps names of actions to keys; `blink` is for the cursor, None: as `animations`; `remember`
        writes one of the person's settings."""
        super().__init__()
        self._remember = remember
        self.set_class(vim_keys, "-vim")
        self.set_class(self.console.color_system in ("standard", "windows"), "-sixteen")
        if not animations:
            self.animation_level = "none"
        self._keys = {name: as_textual(keys) for name, keys in (keys or {}).items()}
        self._asked_theme = theme
        self.chat = ChatScreen(
            session,
            profiles,
            model=model,
            home=home,
            keys=self._keys,
            blink=animations if blink is None else blink,
            compact=compact,
            emphasis=emphasis,
            restore=restore_tabs,
            asked=asked,
            remember=remember,
        )
        self.register_theme(DUSK)
        self.register_theme(DAWN)

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        return variables | words(variables, fine=self.console.color_system == "truecolor")

    def get_default_screen(self) -> Screen[None]:
        return self.chat

    def on_mount(self) -> None:
        with suppress(NotImplementedError):  # Windows has no such signal
            # As Ctrl+Q: a process that is just ended leaves the terminal mute and on its other screen.
            end = partial(self.call_later, self.action_quit, 128 + signal.SIGTERM)
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, end)
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        self._set_theme(self._asked_theme)
        self._set_keys()
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        # After a stop (SIGTSTP) the shell has written over the screen, and Textual draws only what changes.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    async def on_key(self, event: events.Key) -> None:
        """Letters that nobody took walk as in vim: in lists, in the tree, and wherever nothing is typed."""
        if arrow := LETTERS.get(event.character or ""):
            event.stop()
            event.prevent_default()
            # Done here, not sent as a key: that would come behind what was pressed since.
            if not await self._check_bindings(arrow, priority=True):
                await self._check_bindings(arrow)

    async def on_event(self, event: events.Event) -> None:
        """What is pasted never controls the terminal, into whatever line it goes."""
        if isinstance(event, events.Paste):
            text = event.text.replace("\r\n", "\n").replace("\r", "\n")  # terminals end a line with \r
            event.text = terminal.clean(text)
        await super().on_event(event)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        if screen is self.chat:
            yield from self.chat.commands()
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
        yield SystemCommand("Screenshot", "Write a picture of this screen to a file (SVG)", self._picture)
        leave = f"{QUIT.sentence} · {self.chat.key_of(QUIT.name)}"
        yield SystemCommand(QUIT.title, leave, self.action_quit)

    async def action_quit(self, code: int = 0) -> None:
        """Leave. A reply that is coming is stopped and stored first."""
        if self.chat.session.loaded:  # before that, the thread waits for the model and has nothing to store
            await self.chat.quiet()
        await asyncio.to_thread(self.chat.put_by)  # it may wait
        self.exit(return_code=code)

    def _hang_up(self) -> None:
        """The terminal is gone: store what there is, and end. To draw meanwhile could wait for ever."""
        if (turn := self.chat.turn) and self.chat.session.loaded:
            turn.stop()
            turn.wait(5)
        self.chat.put_by()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)

    def notify(self, message: str, **options: Any) -> None:
        """What still stands there is not said again: an error that each key meets would cover the talk."""
        if all(shown.message != message for shown in self._notifications):
            super().notify(message, **options)

    def copy_to_clipboard(self, text: str) -> None:
        """To a clipboard program too, which is told."""
        super().copy_to_clipboard(text)
        self._give_to_system(text)

    @work(exclusive=True, group="copy")
    async def _give_to_system(self, text: str) -> None:
        tool = await asyncio.to_thread(clipboard.by_system, text)
        if done := clipboard.told(len(text), tool, clipboard.by_terminal()):
            self.notify(done, markup=False)
        else:
            reason = (
                f"This terminal takes no text, and there is no clipboard program. Install {clipboard.TOOLS}."
            )
            self.notify(reason, title="Not copied", severity="warning", timeout=10, markup=False)

    def _picture(self) -> None:
        self.set_timer(0.1, self.deliver_screenshot)  # once the palette is gone

    def _set_theme(self, name: str) -> None:
        if name in self.available_themes:
            self.theme = name
            return
        self.theme = self._asked_theme = DUSK.name
        self._warn("theme", name, self.available_themes)

    def _theme_changed(self, theme: Theme) -> None:
        """Remember the colours that the person changed to."""
        if theme.name != self._asked_theme:
            self._asked_theme = theme.name
            with self.chat.telling():
                self._remember("tui.theme", theme.name)

    def _set_keys(self) -> None:
        for name in self._keys:
            if name not in DEFAULT_KEYS:
                self._warn("action to set a key for", name, DEFAULT_KEYS)
        for key, names in shared_keys(self._keys).items():
            text = f"The key {key_text(key)} is given to {' and '.join(names)}."
            text += " Change [tui] keys in the settings."
            self.notify(clean(text), title="Settings", severity="warning", timeout=10, markup=False)
        self.set_keymap(self._keys)

    def _warn(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        question = f" Did you mean {near[0]!r}?" if near else ""
        text = f"There is no {kind} {name!r}.{question} Known: {', '.join(names)}."
        self.notify(clean(text), title="Settings", severity="warning", timeout=10, markup=False)
