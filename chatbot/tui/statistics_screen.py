"""How much was said: in one conversation and in all of them."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding

from chatbot.session import ChatSession, Conversation, Statistics, local
from chatbot.tui.help_screen import HelpScreen
from chatbot.tui.literal import one_line


class StatisticsScreen(HelpScreen):
    """Numbers to read."""

    heading = "Statistics"
    BINDINGS = [Binding("escape,q,f9", "dismiss", "Back")]

    def __init__(self, session: ChatSession, conversation: Conversation | None) -> None:
        """`conversation` None: all of them alone."""
        manager = session.manager
        parts = [("All conversations", list(lines(manager.statistics())))]
        if conversation is not None:
            name = one_line(conversation.title) or "This conversation"
            parts.insert(0, (name, list(lines(manager.statistics(conversation.id)))))
        super().__init__(parts)


def lines(counted: Statistics) -> Iterator[tuple[str, str]]:
    """What each number is, and the number; what was never counted is left out."""
    if counted.conversations != 1:
        yield "conversations", f"{counted.conversations:,}"
    yield "messages", f"{counted.messages:,}"
    yield "yours", f"{counted.user_messages:,} with {counted.user_words:,} words"
    yield "replies", f"{counted.replies:,} with {counted.reply_words:,} words"
    yield "alternatives", f"{counted.alternatives:,}"
    if counted.tokens:
        speed = f", {counted.tokens / counted.seconds:.1f} a second" if counted.seconds else ""
        yield "tokens", f"{counted.tokens:,}{speed}"
    if counted.seconds:
        yield "time to reply", f"{counted.seconds:,.1f} s"
    if counted.first and counted.last:
        yield "first message", f"{local(counted.first):%Y-%m-%d %H:%M}"
        yield "last message", f"{local(counted.last):%Y-%m-%d %H:%M}"
    if len(counted.by_profile) > 1:
        for name, count in counted.by_profile.items():
            yield f"with {one_line(name)}", f"{count:,} messages"
