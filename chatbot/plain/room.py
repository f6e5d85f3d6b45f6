"""What the commands of the line chat act on and are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chatbot.errors import UsageError
from chatbot.events import Event
from chatbot.session import ChatSession
from chatbot.terminal import one_line
from profiles import ProfileStore
from storage import Message

Answer = str | Iterator[Event] | None


@dataclass
class Room:
    """A chat, and what its front end shows."""

    session: ChatSession
    profiles: ProfileStore
    measures: bool = False  # show measured aspects after each reply
    draft: str = ""  # a line for the user that waits to be sent in this conversation


@dataclass(frozen=True)
class Command:
    usage: str  # "/open ID"
    help: str
    run: Callable[[Room, str], Answer]

    @property
    def name(self) -> str:
        return self.usage.removeprefix("/").split()[0]


def told(room: Room, message: Message) -> str:
    """One message as a line of dialogue, with its place among the alternatives."""
    names = {"user": "you", "bot": room.session.profile.speaker}
    who = one_line(message.speaker) or names.get(message.role, message.role)
    marks = [f"{message.position + 1} of {message.sibling_count}"] if message.sibling_count > 1 else []
    marks += [] if message.state == "complete" else [message.state]
    return f"{who}: {message.text}" + (f"  ({', '.join(marks)})" if marks else "")


def needed(rest: str, usage: str, what: str) -> str:
    """The rest of a line that must not be empty."""
    if not rest:
        raise UsageError(f"{usage} needs {what}.")
    return rest
