"""The conversation: its messages from top to bottom, the newest in view, older ones fetched on the way up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message as Note
from textual.reactive import var
from textual.widgets import Static

from chatbot.session import Message
from chatbot.tui.message_view import MessageView

PAGE = 60  # messages on the screen at first, and how many come with each look further back


class ConversationView(VerticalScroll):
    """Shows the active path. One reply is chosen: the last one, until the arrow keys say otherwise."""

    BINDING_GROUP_TITLE = "Conversation"
    BINDINGS = [
        Binding("up", "sibling(-1)", "Previous alternative of the chosen reply"),
        Binding("down", "sibling(1)", "Next alternative of the chosen reply"),
        Binding("left", "choose(-1)", "Choose the reply before"),
        Binding("right", "choose(1)", "Choose the reply after"),
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

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._earlier: list[Message] = []
        self._speakers = {"user": "you", "bot": "", "narrator": "narrator"}
        self._chosen: int | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="welcome", markup=False)
        yield Static(id="earlier", markup=False)

    def on_mount(self) -> None:
        self.anchor()
        self._tell_earlier()

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
            self._earlier, self._chosen = [], None
            await self.remove_children(MessageView)
        if self._earlier and self._earlier == messages[: len(self._earlier)]:
            messages = messages[len(self._earlier) :]
        else:
            cut = max(0, len(messages) - PAGE)
            self._earlier, messages = list(messages[:cut]), messages[cut:]
        views = self.views
        pairs = zip(views, messages, strict=False)
        kept = sum(1 for _ in takewhile(lambda pair: pair[0].message.id == pair[1].id, pairs))
        with self.app.batch_update():
            for view, message in zip(views[:kept], messages[:kept], strict=True):
                view.settle(message)
            await self.remove_children(views[kept:])
            await self.mount_all(self._view(message) for message in messages[kept:])
        self._tell_earlier()
        self._choose(self._chosen)

    async def begin(self, message: Message, *, streaming: bool = False) -> None:
        """A message that was just stored: it follows its parent, and whatever stood there goes."""
        views = self.views
        place = next((i for i, v in enumerate(views) if v.message.id == message.parent_id), len(views) - 1)
        with self.app.batch_update():
            await self.remove_children(views[place + 1 :])
            await self.mount(self._view(message, streaming=streaming))
        self._choose(None)
        self.anchor()

    def extend(self, piece: str) -> None:
        """More of the reply that is coming."""
        if views := self.views:
            views[-1].extend(piece)

    def settle(self, message: Message) -> None:
        """The stored form of a message that is on the screen."""
        for view in self.views:
            if view.message.id == message.id:
                view.settle(message)

    @property
    def views(self) -> list[MessageView]:
        return list(self.query_children(MessageView))

    def holds(self, message_id: int) -> bool:
        """Whether this message is on the screen."""
        return any(view.message.id == message_id for view in self.views)

    @property
    def picked(self) -> int | None:
        """The id of the chosen reply if it was picked with the arrow keys; None means the last one."""
        return self._chosen

    @property
    def chosen(self) -> Message | None:
        """The chosen reply: the last one, or the one that the arrow keys led to."""
        replies = [view.message for view in self.views if view.message.role == "bot"]
        return next((m for m in replies if m.id == self._chosen), replies[-1] if replies else None)

    def watch_measured(self, shown: bool) -> None:
        for view in self.views:
            view.show_measures(shown)

    # --- keys

    def action_sibling(self, step: int) -> None:
        self.post_message(self.SiblingAsked(step))

    def action_choose(self, step: int) -> None:
        replies = [view.message.id for view in self.views if view.message.role == "bot"]
        if replies and (chosen := self.chosen):
            place = replies.index(chosen.id) + step
            self._choose(replies[max(0, min(place, len(replies) - 1))], follow=True)

    def choose_answer_to(self, parent_id: int | None) -> None:
        """Choose the reply that now stands under this message."""
        replies = (view.message for view in self.views if view.message.role == "bot")
        self._choose(next((reply.id for reply in replies if reply.parent_id == parent_id), None))

    def _choose(self, message_id: int | None, *, follow: bool = False) -> None:
        last = next((view.message.id for view in reversed(self.views) if view.message.role == "bot"), None)
        self._chosen = None if message_id == last else message_id
        chosen = self.chosen
        for view in self.views:
            view.set_class(chosen is not None and view.message.id == chosen.id, "-chosen")
            if follow and view.has_class("-chosen"):
                self.scroll_to_widget(view, animate=False)

    # --- the past

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value == 0 and old_value > 0 and self._earlier:
            self.call_next(self._fetch_earlier)

    async def _fetch_earlier(self) -> None:
        views = self.views
        if not self._earlier or not views:
            return
        fetched, self._earlier = self._earlier[-PAGE:], self._earlier[:-PAGE]
        await self.mount_all((self._view(message) for message in fetched), before=views[0])
        self._tell_earlier()
        self.call_after_refresh(self.scroll_to_widget, views[0], animate=False, top=True)

    def _tell_earlier(self) -> None:
        line = self.query_one("#earlier", Static)
        line.display = bool(self._earlier)
        line.update(Content(f"↑ {len(self._earlier)} earlier messages"))

    def _view(self, message: Message, *, streaming: bool = False) -> MessageView:
        speaker = self._speakers.get(message.role, message.role)
        return MessageView(message, speaker, streaming=streaming, measured=self.measured)
