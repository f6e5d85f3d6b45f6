"""What the chat screen does with memories, and with replies side by side."""

from __future__ import annotations

from collections.abc import Sequence

from textual import work

from chatbot.measures import sweep
from chatbot.memory.memories import spoken_of
from chatbot.session import Memory, local
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.literal import clean, one_line
from chatbot.tui.pick_screen import PickScreen, Row
from chatbot.tui.replying import Replying
from chatbot.tui.sweep_screen import SweepScreen
from profiles import Profile, find
from profiles.store import ProfileStore


class MemoryActions(Replying):
    """The part of the chat screen that forgets, and that compares."""

    profiles: ProfileStore | None

    def noticed(self, memory: Memory) -> None:
        text = f"Remembered: {one_line(spoken_of(memory.text))}. {self.key_of('forget_last')} forgets it."
        self.notify(text, markup=False)

    def forgotten(self, memory: Memory) -> None:
        self.notify(f"Forgotten: {one_line(spoken_of(memory.text))}.", markup=False)

    def action_forget_last(self) -> None:
        """Forget what was remembered last; again, what was remembered before that."""
        session = self.session
        with self.telling():
            known = [m for m in session.manager.memories(session.profile.name) if m.profile_name]
            if not known:
                self.notify(f"{one_line(session.profile.speaker)} was told nothing of you.", markup=False)
                return
            self.forgotten(session.manager.forget(known[-1].id))
            self.tell_what_is_left()

    @work(exclusive=True, group="ask")
    async def action_memories(self) -> None:
        """Show what the persona knows of the user, newest first, until nothing more is to be forgotten."""
        session = self.session
        who = one_line(session.profile.speaker)
        while True:
            known: Sequence[Memory] = ()
            with self.telling():
                known = session.manager.memories(session.profile.name)
            rows = [_row(memory) for memory in reversed(known)]
            nothing = f"{who} knows nothing of you yet."
            screen = PickScreen(f"What {who} knows of you", rows, nothing=nothing, enter="forgets it")
            chosen = await self.app.push_screen_wait(screen)
            if chosen is None:
                return
            with self.telling():
                self.forgotten(session.manager.forget(int(chosen)))
                self.tell_what_is_left()

    @work(group="sweep")  # not exclusive: its thread goes on whatever happens to it
    async def action_sweep(self) -> None:
        if self.is_busy():
            return
        question = "Compare: ATTRIBUTE 0 50% 90%, ATTRIBUTE=ASPECT 0 50% 90%, or: with NAME NAME"
        settings = list[sweep.Setting]()

        def read(asked: str) -> None:
            settings[:] = sweep.asked(self.session, clean(asked), self._persona)

        if await self.app.push_screen_wait(AskScreen(question, check=read)) is None or self.is_busy():
            return
        outcomes: Sequence[sweep.Outcome] = ()
        with self.telling():
            self.notify(f"Finding {len(settings)} replies ...", markup=False)
            outcomes = await self.beside(lambda: self._compared(settings))
        if outcomes:
            chosen = await self.app.push_screen_wait(SweepScreen(outcomes, emphasis=self.emphasis))
            if chosen is not None:
                with self.telling():
                    self.session.manager.select(outcomes[chosen].message.id)
            await self.refresh_path()
            self.composer.focus()

    def _compared(self, settings: Sequence[sweep.Setting]) -> list[sweep.Outcome]:
        """The replies, as alternatives of what stood there; that stays chosen until one of them is."""
        before = self.session.messages()
        outcomes = sweep.sweep(self.session, settings)
        self.session.manager.select(before[-1].id, follow=False)
        return outcomes

    def _persona(self, name: str) -> Profile:
        if self.profiles is None:
            raise LookupError("There are no profiles here.")
        return find(self.profiles, name)


def _row(memory: Memory) -> Row:
    since = f"{local(memory.created_at):%Y-%m-%d}"
    detail = since if memory.profile_name else f"{since} · every persona knows it"
    return Row(str(memory.id), spoken_of(memory.text), detail)
