"""The conversation: its messages from top to bottom, the newest in view, older ones fetched on the way up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message as Note
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Static

from chatbot.session import PASSING, UNSAVED, Message
from chatbot.tui.message_view import MessageView

PAGE = 60  # messages on the screen at first, and how many come with each look further back


class ConversationView(VerticalScroll):
    """Shows the active path. One message is chosen: the last reply, until another one is picked."""

    BINDING_GROUP_TITLE = "Conversation"
    BINDINGS = [
        # In the footer, which has no room for more, the alternatives alone: ↑ and ↓ one tries anyway.
        Binding("up", "choose(-1)", "Choose the message before", show=False, priority=True),
        Binding("down", "choose(1)", "Choose the message after", show=False, priority=True),
        Binding("left", "sibling(-1)", "Alternative before", priority=True),
        Binding("right", "sibling(1)", "Alternative after", priority=True),
        Binding("ctrl+up", "scroll_up", "Scroll up", show=False),
        Binding("ctrl+down", "scroll_down", "Scroll down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "To the first line", show=False),
        Binding("end", "scroll_end", "To the last line", show=False),
    ]

    class SiblingAsked(Note):
        """The person wants to see the alternative `step` further."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    measured = var(True)
    """Whether the line of measures is shown under each reply."""

    def __init__(self, *, id: str, emphasis: bool = True) -> None:
        super().__init__(id=id)
        self._emphasis = emphasis
        self._speaking: MessageView | None = None
        self._earlier: list[Message] = []
        self._speakers = {"user": "you", "bot": "", "narrator": "narrator"}
        self._picked: int | None = None
        self._top: tuple[MessageView, int] | None = None  # and how many of its lines are above; None: the end
        self._shape = Size(), Size()  # of the window and of its lines

    def compose(self) -> ComposeResult:
        yield Static(id="welcome", markup=False)
        yield Static(id="earlier", markup=False)

    def on_mount(self) -> None:
        self.anchor()
        self._tell_earlier()
        self.screen.screen_layout_refresh_signal.subscribe(self, self._stay)

    # --- what is shown

    def name_speakers(self, *, user: str, bot: str) -> None:
        """How the two are called from the next message on."""
        self._speakers |= {"user": user or "you", "bot": bot}

    def welcome(self, text: Content | None) -> None:
        """What stands above a conversation that has not begun."""
        widget = self.query_one("#welcome", Static)
        widget.display = text is not None
        widget.update(text or "")

    async def show(self, messages: Sequence[Message], *, afresh: bool = False) -> None:
        """Show this path. What is on the screen already and stays is left alone, unless `afresh`."""
        if afresh:
            self._earlier, self._picked = [], None
            await self.remove_children(MessageView)
        views = self.views
        shown = {view.message.id for view in views}
        last_page = max(0, len(messages) - PAGE)
        cut = next((i for i, message in enumerate(messages) if message.id in shown), last_page)
        self._earlier, messages = list(messages[:cut]), messages[cut:]
        pairs = zip(views, messages, strict=False)
        kept = sum(1 for _ in takewhile(lambda pair: pair[0].message.id in (pair[1].id, UNSAVED), pairs))
        with self.app.batch_update():
            for view, message in zip(views[:kept], messages[:kept], strict=True):
                if (view.message.role, view.message.speaker) == (message.role, message.speaker):
                    view.settle(message)
                else:  # somebody else said it; what stands below it stays, off the record too
                    await self.mount(self._view(message), before=view)
                    await view.remove()
            await self._remove_from(kept)
            await self.mount_all(self._view(message) for message in messages[kept:])
        self._tell_earlier()
        self.pick(self._picked, follow=False)

    async def begin(self, message: Message, *, streaming: bool = False) -> None:
        """A message that was just stored: it follows its parent, and whatever stood there goes."""
        views = self.views
        place = next((i for i, v in enumerate(views) if v.message.id == message.parent_id), -1)
        if place < 0:  # it opens the conversation, or follows what is further up than the screen goes
            ids = [earlier.id for earlier in self._earlier]
            self._earlier = (
                self._earlier[: ids.index(message.parent_id) + 1] if message.parent_id in ids else []
            )
            self._tell_earlier()
        with self.app.batch_update():
            await self._remove_from(place + 1)
            await self._append(message, streaming=streaming)
        self.pick(None)
        self.anchor()

    async def begin_passing(self, text: str) -> None:
        """A message off the record, and the place of its reply. They go with what they follow."""
        with self.app.batch_update():
            await self._append(_passing("user", text))
            await self._append(_passing("bot"), streaming=True)
        self.pick(None)
        self.anchor()

    def end_passing(self, text: str | None = None, trace: Mapping[str, Any] | None = None) -> None:
        """The whole of the reply off the record; without it, nothing more comes to what was said of it."""
        view = self._speaking
        if view is not None and view.passing:
            said, state = (view.said, "partial") if text is None else (text, "complete")
            message = replace(view.message, text=said, state=state, generation=dict(trace or {}))
            view.settle(message)
            self._speaking = None

    def extend(self, piece: str) -> None:
        """More of the reply that is coming."""
        if self._speaking is not None and self._speaking.is_attached:
            self._speaking.extend(piece)

    def settle(self, message: Message) -> None:
        """The stored form of a message that is on the screen."""
        for view in self.views:
            if view.message.id == message.id:
                view.settle(message)

    @property
    def coming(self) -> int | None:
        """The id of the reply that is said, or was said last."""
        return self._speaking.message.id if self._speaking else None

    @property
    def views(self) -> list[MessageView]:
        """The messages of the path; what is off the record stands between them."""
        return [view for view in self.query_children(MessageView) if not view.passing]

    async def _remove_from(self, place: int) -> None:
        """Take away the message at this place of `views`, and all that stands below it."""
        below = list(self.query_children(MessageView))
        first = self.views[place : place + 1]
        await self.remove_children(below[below.index(first[0]) :] if first else [])

    async def _append(self, message: Message, *, streaming: bool = False) -> None:
        view = self._view(message, streaming=streaming)
        self._speaking = view if streaming else None
        await self.mount(view)

    def holds(self, message_id: int) -> bool:
        """Whether this message is on the screen."""
        return any(view.message.id == message_id for view in self.views)

    @property
    def picked(self) -> int | None:
        """The id of the chosen message if the person went to it; None means the last reply."""
        return self._picked

    @property
    def chosen(self) -> Message | None:
        """The message that actions are for: the picked one, or the last reply, or else the last message."""
        messages = [view.message for view in self.views]
        last = next((m for m in reversed(messages) if m.role == "bot"), messages[-1] if messages else None)
        return next((m for m in messages if m.id == self._picked), last)

    @property
    def last_said(self) -> Message | None:
        """The picked message, or the last reply, on the record or off it, or else the last message."""
        spoken = [
            view.message for view in self.query_children(MessageView) if view.passing and view.message.text
        ]
        off = spoken[-1] if spoken and self.query_children(MessageView).last().passing else None
        return self.chosen if self._picked is not None else off or self.chosen

    def watch_measured(self, shown: bool) -> None:
        for view in self.query_children(MessageView):
            view.show_measures(shown)

    # --- keys

    def action_sibling(self, step: int) -> None:
        self.post_message(self.SiblingAsked(step))

    async def action_choose(self, step: int) -> None:
        if not (chosen := self.chosen):
            return
        place = [view.message.id for view in self.views].index(chosen.id) + step
        if place < 0 and self._earlier:
            fetched = min(PAGE, len(self._earlier))
            await self._fetch_earlier()
            place += fetched
        views = self.views
        self.pick(views[max(0, min(place, len(views) - 1))].message.id)

    async def reveal(self, message_id: int) -> None:
        """Pick this message, wherever it is on the path, and scroll to it."""
        ids = [message.id for message in self._earlier]
        if message_id in ids:
            await self._fetch_earlier(len(ids) - ids.index(message_id))
        self.pick(message_id)

    def pick(self, message_id: int | None, *, follow: bool = True) -> None:
        """Let actions be for this message (None: the last reply again); `follow` scrolls to it."""
        self._picked = message_id if message_id is not None and self.holds(message_id) else None
        chosen = self.chosen
        for view in self.views:
            is_chosen = chosen is not None and view.message.id == chosen.id
            view.mark(chosen=is_chosen, picked=is_chosen and self._picked is not None)
            if follow and is_chosen and self._picked is not None:
                self.call_after_refresh(self.scroll_to_widget, view, animate=False)

    def pick_answer_to(self, parent_id: int | None) -> None:
        """Pick the message that now stands under this one, or this one where none does."""
        found = (view.message.id for view in self.views if view.message.parent_id == parent_id)
        self.pick(next(found, parent_id))

    def on_message_view_clicked(self, clicked: MessageView.Clicked) -> None:
        clicked.stop()
        self.pick(clicked.view.message.id, follow=False)

    # --- the past

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._shape == (self.size, self.virtual_size):  # otherwise a new shape moves it, not the person
            seen = [view for view in self.views if view.virtual_region.bottom > new_value]
            above = round(new_value) - seen[0].virtual_region.y if seen else 0
            self._top = (seen[0], above) if seen and new_value < self.max_scroll_y else None
        if new_value == 0 and old_value > 0 and self._earlier:
            self.call_next(self._fetch_earlier)

    async def _fetch_earlier(self, count: int = PAGE) -> None:
        views = self.views
        if not self._earlier or not views:
            return
        fetched, self._earlier = self._earlier[-count:], self._earlier[:-count]
        await self.mount_all((self._view(message) for message in fetched), before=views[0])
        self._tell_earlier()

    def anchor(self, anchor: bool = True) -> None:
        self._top = None
        super().anchor(anchor)

    def _stay(self, _: Screen[object]) -> None:
        """What is read stays where it is when lines break elsewhere, or others come above them."""
        before, self._shape = self._shape, (self.size, self.virtual_size)
        if before != self._shape and self._top and (region := self._top[0].virtual_region):
            y = region.y + min(self._top[1], region.height - 1)
            if y != self.scroll_y:
                self.scroll_to(y=y, animate=False, immediate=True)

    def scroll_up_from_end(self, lines: float) -> None:
        """Show what stands this far above the end; the view stays there while more is said."""
        self.release_anchor()
        self.scroll_to(y=max(0, self.max_scroll_y - lines), animate=False)

    def _tell_earlier(self) -> None:
        line = self.query_one("#earlier", Static)
        line.display = bool(self._earlier)
        line.update(Content(f"↑ {len(self._earlier)} earlier messages"))

    def _view(self, message: Message, *, streaming: bool = False) -> MessageView:
        speaker = message.speaker or self._speakers.get(message.role, message.role)
        return MessageView(
            message, speaker, streaming=streaming, measured=self.measured, emphasis=self._emphasis
        )


def _passing(role: str, text: str = "") -> Message:
    """A message that is stored nowhere."""
    return Message(
        id=PASSING,
        conversation_id="",
        parent_id=None,
        role=role,
        text=text,
        state="complete",
        position=0,
        sibling_count=1,
        created_at=datetime.now(UTC),
        hidden=False,
        generation=None,
    )
