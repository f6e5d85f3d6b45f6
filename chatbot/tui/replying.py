"""How the chat screen sends what was written, and follows the reply while it is found."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from textual.widgets import Static

from chatbot.errors import near_names
from chatbot.events import (
    Denied,
    Event,
    Noticed,
    Piece,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    Unstored,
    UserStored,
)
from chatbot.measures import drift
from chatbot.plain.commands import called
from chatbot.session import Memory
from chatbot.tui.actions import ACTIONS, QUIT
from chatbot.tui.composer import Composer
from chatbot.tui.drafts import Drafts
from chatbot.tui.literal import clean, literal, one_line
from chatbot.tui.turn import Turn

Found = TypeVar("Found")
COMMAND = re.compile(r"/[a-z]+(?!\S)", re.IGNORECASE)


class Replying(Drafts):
    """The part of the chat screen that talks. There is one turn at a time."""

    turn: Turn | None = None
    prefix = ""
    """How the next reply is to begin."""
    working = False
    """Whether the model finds something else than a reply, in a thread that cannot be stopped."""
    _sending = ""
    """Sent, and not stored yet."""

    def on_unmount(self) -> None:
        if self.turn:
            self.turn.stop()

    async def refresh_all(self) -> None:
        await super().refresh_all()
        self.refresh_next()

    # --- what comes next

    def set_prefix(self, text: str) -> None:
        """Let the next reply begin with these words."""
        self.prefix = text
        self.refresh_next()

    def set_off_record(self, passing: bool) -> None:
        """Let the next turn be kept nowhere, or kept after all."""
        self.off_record = passing
        self.keep_draft()
        self.refresh_next()

    def refresh_next(self) -> None:
        """Above the box: what is different about the next turn."""
        text = f"The reply begins: {one_line(self.prefix)}" if self.prefix else ""
        if self.off_record:
            text = f"Off the record, kept nowhere ({self.key_of('off_record')})"
        line = self.query_one("#next", Static)
        line.display = bool(text)
        line.update(literal(text))

    # --- sending

    async def on_composer_sent(self, event: Composer.Sent) -> None:
        if self.is_busy():
            self.composer.give_back(event.text)
            return
        if COMMAND.match(event.text):  # who types /quit, or /qiut, does not mean to say it
            self.composer.give_back(event.text)
            self.notify(self._refused(event.text.split()[0]), severity="warning", markup=False)
            return
        passing = self.off_record
        text = event.text.removeprefix("/")
        text = text if COMMAND.match(text) else event.text
        try:
            events = self.session.off_record(text) if passing else self.session.reply(text, self.prefix)
        except Exception as error:  # as in `telling`, and the text is not lost
            self.composer.give_back(event.text)
            self.tell(error)
            return
        if passing:
            await self.conversation.begin_passing(text.strip())
            self.set_off_record(False)
        else:
            self.composer.remember(event.text)
            self.set_prefix("")
        self.follow(events, "" if passing else event.text)

    def _refused(self, word: str) -> str:
        """Why this word is not said, the keys that it may stand for, and how to say it."""
        name, titles = word[1:].lower(), {a.name: a.title for a in (*ACTIONS, QUIT) if a.name != "help"}
        if called(word):
            kind, near = "a command of the line chat (--plain)", [name] if name in titles else []
        else:
            kind, near = "no command", near_names(name, titles)
        keys = "".join(f"{self.key_of(action)} is '{titles[action]}', " for action in near)
        return f"{word} is {kind}. Here {keys}{self.key_of('help')} lists the keys. Write /{word} to say it."

    async def beside(self, find: Callable[[], Found]) -> Found:
        """What the model finds beside replies, in a thread; meanwhile none can be asked for."""

        def found() -> Found:
            try:
                return find()
            finally:
                self.working = False

        self.working = True
        return await asyncio.to_thread(found)

    def is_busy(self) -> bool:
        """Whether the model is at something, which is told."""
        if self.turn is None and not self.working:
            return False
        if self.working:
            self.notify("The model is still at what you asked before. Wait a moment.", severity="warning")
        elif self.session.loaded:
            self.notify("One reply at a time: let it end, or stop it with Esc.", severity="warning")
        else:
            self.notify("Your last message waits for the model; this one stays in the box.", markup=False)
        return True

    # --- the reply

    def follow(self, events: Iterator[Event], sending: str = "") -> None:
        """Show a reply while it is found, in a thread. `sending` comes back into the box if it cannot be
        stored."""
        self.turn, self._sending = Turn(self, events), sending
        self.run_worker(self.turn.run, thread=True, group="reply", exit_on_error=False)
        self.refresh_bindings()

    async def on_turn_said(self, said: Turn.Said) -> None:
        if said.turn is not self.turn:
            return
        view = self.conversation
        match said.event:
            case UserStored(message):
                self._sending = ""
                view.welcome(None)
                self.take_draft_along()
                if message.parent_id is None or view.holds(message.parent_id):
                    await view.begin(message)
                else:  # the greeting was stored with it
                    await view.show(self.session.manager.path(message.conversation_id))
                self.refresh_names()
            case Noticed(memory):
                self.noticed(memory)
            case Denied(memory):
                self.forgotten(memory)
            case ReplyStarted(message):
                said.turn.reply = message.id
                await view.begin(message, streaming=True)
            case Piece(text):
                view.extend(text)
            case ReplyFinished(message):
                view.settle(message)
                self.warn_of_drift()
                await self.refresh_dials()  # a turn further on their arcs
            case Unstored(text, trace):
                view.end_passing(text, trace)
            case ReplyFailed(_, reason):
                self.notify(clean(reason), title="No reply", severity="error", timeout=10, markup=False)

    def noticed(self, memory: Memory) -> None:
        """Say quietly what is remembered from now on."""

    def forgotten(self, memory: Memory) -> None:
        """Say quietly what is forgotten from now on."""

    def warn_of_drift(self) -> None:
        """A notice when the last reply led past the threshold."""
        with self.telling():
            if warning := drift.warning(self.session.strayed()):
                self.notify(warning, severity="warning", timeout=10, markup=False)

    def on_turn_broke(self, broke: Turn.Broke) -> None:
        self.tell(broke.error)
        if broke.turn is self.turn and self._sending:
            self.composer.give_back(self._sending)

    async def on_turn_ended(self, ended: Turn.Ended) -> None:
        if ended.turn is not self.turn:
            return
        self.turn = None
        self.conversation.end_passing()
        await self.refresh_path()
        if ended.turn.reply and not self.conversation.holds(ended.turn.reply):
            text = f"Another program went on here. Your reply stands beside that: {self.key_of('tree')}."
            self.notify(text, severity="warning", timeout=10, markup=False)
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
        if self.working:
            return not self.is_busy()
        if await self.quiet():
            return True
        self.notify("The reply cannot be stopped yet. Try again in a moment.", severity="warning")
        return False
