"""Chats of other programs on their way in: a row of turns, each with its alternatives, becomes a tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from storage.branches import YOU, Names
from storage.errors import RefusedValueError
from storage.records import Conversation, Message
from storage.values import one_line, title_from

MAX_MESSAGES = 200_000  # alternatives included
NAMELESS = "character"


@dataclass(frozen=True)
class Version:
    """One of the texts that a turn may have."""

    text: str
    time: datetime | None = None  # UTC; None: not known
    extra: dict[str, Any] | None = None


@dataclass(frozen=True)
class Turn:
    """What was said at one point of a chat, the versions of it, and which of them counts."""

    name: str  # "" when nobody is named
    role: str
    versions: list[Version]
    active: int = 0
    hidden: bool = False


@dataclass(frozen=True)
class Origin:
    """What is known of a file besides its content. Names that are not known are empty."""

    title: str = ""
    user: str = ""
    character: str = ""
    called: str = ""  # the user of this program: a speaker of that name is the user
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Reading:
    """A conversation that was read from a file and is not stored yet."""

    form: str  # the name of the format
    conversation: Conversation
    messages: list[Message]
    warnings: tuple[str, ...] = ()  # what a person should know, whole sentences
    unreadable: int = 0  # lines that had to be left out


def bounded(messages: int) -> None:
    """RefusedValueError for more messages than a chat may have; asked before they take up memory."""
    if messages > MAX_MESSAGES:
        raise RefusedValueError(
            f"A chat has at most {MAX_MESSAGES} messages, and this one has more. Nothing was imported. "
            "Split the file."
        )


def assembled(
    turns: Iterable[Turn], origin: Origin, begun: datetime | None = None, extra: dict[str, Any] | None = None
) -> tuple[Conversation, list[Message]]:
    """The tree of a chat: every turn answers the active version of the one before.

    A version without a time was said when the one before it was; before all of them lies `begun`.
    """
    names = Names(origin.user or YOU, origin.character or NAMELESS)
    turns = list(turns)
    known = (version.time for turn in turns for version in turn.versions if version.time)
    begun = begun or next(known, origin.now)
    messages: list[Message] = []
    parent, time = None, begun
    for turn in turns:
        speaker = "" if turn.name == names.usual(turn.role) else one_line(turn.name)
        family = _family(turn, speaker, parent, len(messages) + 1, time)
        messages += family
        parent, time = family[turn.active].id, family[turn.active].created_at
    if parent is not None:
        messages[parent - 1] = replace(messages[parent - 1], visited=1)
    said = {"user_name": names.user, "character_name": names.bot}
    conversation = Conversation(
        id="",
        title=one_line(origin.title) or _title(turns),
        profile_name=names.bot,
        profile={"name": names.bot},
        model="",
        head_id=parent,
        created_at=begun,
        updated_at=max((message.created_at for message in messages), default=begun),
        message_count=len(messages),
        visits=1 if messages else 0,
        extra=said | (extra or {}),
    )
    return conversation, messages


def _family(turn: Turn, speaker: str, parent: int | None, first: int, time: datetime) -> list[Message]:
    """The versions of a turn as messages, numbered from `first`."""
    return [
        Message(
            id=first + position,
            conversation_id="",
            parent_id=parent,
            role=turn.role,
            text=version.text,
            state="complete",
            position=position,
            sibling_count=len(turn.versions),
            created_at=version.time or time,
            hidden=turn.hidden,
            generation=None,
            speaker=speaker,
            extra=version.extra,
        )
        for position, version in enumerate(turn.versions)
    ]


def _title(turns: list[Turn]) -> str:
    """From the first thing that the user said, else from the first thing at all."""
    texts = {turn.role: turn.versions[turn.active].text for turn in reversed(turns)}
    first = turns[0].versions[turns[0].active].text if turns else ""
    return title_from(texts.get("user", first))
