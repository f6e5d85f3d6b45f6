"""Several conversations open at once: a list of them that the one session resumes between.

A reply belongs to the tab in which it was asked for: going to another tab stops and stores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import work

from chatbot.session import Tuning
from chatbot.tui.replying import Replying
from chatbot.tui.tab_line import TabLine
from profiles import Profile


@dataclass
class Tab:
    """What a tab that is not shown remembers."""

    conversation_id: str | None  # None: nothing was said in it yet
    profile: Profile
    title: str
    tuning: Tuning | None = None  # None: as the program began
    draft: int | None = None  # of one that has not begun; the others have this and what follows in storage
    note: str = ""
    scenario: str = ""
    above_end: float = 0.0  # lines that the view was scrolled up from its end


class TabActions(Replying):
    """The part of the chat screen that holds the tabs. The active one is whatever the session has open."""

    tabs: list[Tab]
    tab = 0
    """The place of the active one; what stands there in `tabs` is as old as the last switch."""
    restoring = asked = False
    """Whether tabs come back the next time; whether the session's own conversation was asked for."""
    _ours: Sequence[int] = ()  # drafts that have no conversation, without those of other programs that run
    _bound_for: int | None = None  # the tab that keys have asked for and that is not entered yet
    _written: tuple[list[str], str | None] | None = None  # the tabs as storage has them

    async def on_mount(self) -> None:  # Textual calls this one first, then that of ChatView
        if self.restoring:
            with self.telling():
                self._restore_tabs()
        with self.telling():
            self._restore_drafts()

    def _restore_tabs(self) -> None:
        """The tabs of the last time, and in front the one that was, unless something else was asked for."""
        session, kept = self.session, self.session.manager.tabs()
        tabs = []
        for stored in map(session.manager.get, kept.conversations):
            with self.telling():
                tabs.append(Tab(stored.id, Profile.parse(stored.profile), stored.title))
        opened = session.conversation.id if session.conversation else None if self.asked else kept.front
        places = [place for place, tab in enumerate(tabs) if tab.conversation_id == opened]
        if places and session.conversation is None:
            session.resume(str(opened))
        self.tab = places[0] if places else len(tabs)
        self.tabs = tabs if places else [*tabs, *self.tabs]

    def _restore_drafts(self) -> None:
        """A tab for each draft that has no conversation, but for the one that the box has room for."""
        session, manager = self.session, self.session.manager
        self._ours = manager.waiting() if manager.alone() else ()
        rest = self._ours[session.conversation is None :]
        if self.restoring or session.conversation is None:
            self.tabs += [Tab(None, session.profile, session.profile.speaker, draft=each) for each in rest]

    def _write_tabs(self) -> None:
        """Let storage know which conversations are open."""
        current = self.session.conversation
        here = current.id if current else None
        ids = [here if place == self.tab else tab.conversation_id for place, tab in enumerate(self.tabs)]
        now = [known for known in ids if known is not None], here
        if self.restoring and now != self._written:
            with self.telling():
                self.session.manager.save_tabs(*now)
                self._written = now

    @work(exclusive=True, group="switch")
    async def action_new_tab(self) -> None:
        if await self.free():
            self.leave_tab()
            self.tabs.append(Tab(None, self.session.dialled(), ""))
            await self.enter_tab(len(self.tabs) - 1)

    @work(exclusive=True, group="switch")
    async def action_close_tab(self) -> None:
        if len(self.tabs) == 1:
            self.notify(f"This is the only tab. {self.key_of('quit')} leaves.", markup=False)
        elif await self.free():
            await self.drop_tab()

    async def drop_tab(self) -> None:
        """Go on without the active tab; where it is the only one, it begins anew."""
        if len(self.tabs) == 1:
            await self.refresh_all()
            self.composer.focus()
        else:
            self.leave_draft()
            del self.tabs[self.tab]
            await self.enter_tab(min(self.tab, len(self.tabs) - 1))

    def action_previous_tab(self) -> None:
        self._step_to_tab(-1)

    def action_next_tab(self) -> None:
        self._step_to_tab(1)

    def on_tab_line_picked(self, picked: TabLine.Picked) -> None:
        self.go_to_tab(picked.number)

    def _step_to_tab(self, step: int) -> None:
        here = self.tab if self._bound_for is None else self._bound_for
        self.go_to_tab((here + step) % len(self.tabs))

    def go_to_tab(self, number: int) -> None:
        """Go there; keys that come while a tab is entered say how it goes on from there."""
        on_the_way, self._bound_for = self._bound_for is not None, number
        if not on_the_way:
            self._travel()

    @work(exclusive=True, group="switch")
    async def _travel(self) -> None:
        try:
            while (number := self._bound_for) not in (None, self.tab) and number < len(self.tabs):
                if not await self.free():
                    return
                self.leave_tab()
                await self.enter_tab(number)
        finally:
            self._bound_for = None

    def tab_of(self, conversation_id: str) -> int | None:
        """The tab, other than the active one, that holds this conversation."""
        held = (i for i, t in enumerate(self.tabs) if t.conversation_id == conversation_id and i != self.tab)
        return next(held, None)

    def forget_tabs_of(self, conversation_id: str) -> None:
        """The conversation is deleted: its tab goes, unless it is the active one."""
        while (number := self.tab_of(conversation_id)) is not None:
            del self.tabs[number]
            self.tab -= number < self.tab
        self.drop_draft_of(conversation_id)
        self.show_tabs()

    def refresh_titles(self) -> None:
        """What the tabs hold may have other titles now."""
        with self.telling():
            rows = self.session.manager.list(include_empty=True, archived=None)
            titles = {row.id: row.title for row in rows}
            for tab in self.tabs:
                tab.title = titles.get(tab.conversation_id or "") or tab.title
        self.show_tabs()

    def show_tabs(self) -> None:
        """Redraw the line of tabs."""
        titles = [self._title() if i == self.tab else tab.title for i, tab in enumerate(self.tabs)]
        self.query_one(TabLine).show(titles, self.tab)
        self._write_tabs()

    def refresh_names(self) -> None:
        super().refresh_names()
        self.show_tabs()

    def _title(self) -> str:
        """Of the conversation that the session has open."""
        title, session = "", self.session
        if session.conversation is not None:
            with self.telling():
                title = session.manager.get(session.conversation.id).title
        return title or session.profile.speaker

    def leave_tab(self) -> None:
        """Write down how the active tab stands."""
        session, view = self.session, self.conversation
        self.tabs[self.tab] = Tab(
            conversation_id=session.conversation.id if session.conversation else None,
            profile=session.dialled(),
            title=self._title(),
            tuning=session.tuning,
            draft=self._owner if isinstance(self._owner, int) else None,
            note=session.note,
            scenario=session.scenario,
            above_end=view.max_scroll_y - view.scroll_y,
        )
        self.leave_draft()

    def unsent(self) -> int:
        """Of the oldest one that waits and that no tab shows, or else of a new one."""
        shown = {tab.draft for place, tab in enumerate(self.tabs) if place != self.tab}
        waiting = (n for n in self.session.manager.waiting() if n in self._ours and n not in shown)
        number = next(waiting, super().unsent())
        self._ours = (*self._ours, number)
        return number

    async def enter_tab(self, number: int) -> None:
        """Show the tab at this place as it was left."""
        self.tab, tab = number, self.tabs[number]
        with self.telling():
            self.session.new()
            self.session.use(tab.profile)
            if tab.conversation_id is not None:
                self.session.resume(tab.conversation_id)
            else:
                self.session.set_note(tab.note)
                self.session.set_scenario(tab.scenario)
            self.session.retune(tab.tuning)
        self.change_draft(tab.draft)
        await self.refresh_all()
        self.composer.focus()
        if tab.above_end:
            self.call_after_refresh(self.conversation.scroll_up_from_end, tab.above_end)
