"""What a chat session tells its front end while a reply is found; see chatbot/session.py for their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage import Memory, Message


@dataclass(frozen=True)
class UserStored:
    """The user's message is safe."""

    message: Message


@dataclass(frozen=True)
class Noticed:
    """Something that the user's message tells of the user; the persona knows it from now on."""

    memory: Memory


@dataclass(frozen=True)
class Denied:
    """What the persona knew of the user and the message denies or, edited, says no more; it is forgotten."""

    memory: Memory


@dataclass(frozen=True)
class ReplyStarted:
    """The reply has its row, still empty and partial."""

    message: Message


@dataclass(frozen=True)
class Piece:
    """Some more of the reply's text."""

    text: str


@dataclass(frozen=True)
class ReplyFinished:
    """The whole reply is stored; `message.generation` is its trace."""

    message: Message


@dataclass(frozen=True)
class Unstored:
    """The whole of a reply that is kept nowhere, with its trace."""

    text: str
    trace: dict[str, Any]


@dataclass(frozen=True)
class ReplyFailed:
    """There is no reply, or only a part of one; `message` holds what there is."""

    message: Message | None
    reason: str


Event = UserStored | Noticed | Denied | ReplyStarted | Piece | ReplyFinished | Unstored | ReplyFailed
