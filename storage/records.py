"""What the conversation manager hands out: plain frozen values that no open session stands behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Message:
    """One message and its place in the tree."""

    id: int
    conversation_id: str
    parent_id: int | None  # None: it opens the conversation
    role: str  # "user", "bot" or "narrator"
    text: str
    state: str  # "complete", "partial" (still streaming, stopped, or cut off by a crash) or "failed"
    position: int  # among its siblings, from 0
    sibling_count: int  # alternatives with the same parent, itself included
    created_at: datetime  # UTC
    hidden: bool  # kept, but not shown to the model
    generation: dict[str, Any] | None  # the engine's trace of a reply
    visited: int = 0  # rank of the last time it was the head; 0: never
    bookmarked: bool = False
    speaker: str = ""  # who said it, when it is not the conversation's own persona or user
    extra: dict[str, Any] | None = None  # foreign keys of an imported message, verbatim


@dataclass(frozen=True)
class Conversation:
    id: str
    title: str  # "" until something was said
    profile_name: str
    profile: dict[str, Any]  # the persona as it was talked to, not as its file is today
    model: str
    head_id: int | None  # the message that ends the active path; None: empty
    created_at: datetime  # UTC
    updated_at: datetime  # UTC; when something was last said
    message_count: int  # in the whole tree, alternatives included
    visits: int = 0  # how often the head has moved
    archived: bool = False
    extra: dict[str, Any] | None = None  # note and scenario of this chat; a foreign header, verbatim


@dataclass(frozen=True)
class Hit:
    """A message that was found."""

    conversation_id: str
    title: str
    profile_name: str
    message_id: int
    role: str
    snippet: str  # plain text around the words that were found, on one line
    marks: tuple[tuple[int, int], ...]  # where these words are in the snippet: start and end
    score: float  # higher is better
    created_at: datetime  # UTC
    speaker: str = ""  # as in Message


@dataclass(frozen=True)
class Memory:
    """Something that a persona knows of the user."""

    id: int
    profile_name: str  # "": every persona knows it
    kind: str
    text: str
    message_id: int | None  # the message from which it is known; None: a person wrote it, or it is gone
    created_at: datetime  # UTC


@dataclass(frozen=True)
class Statistics:
    """How much was said, over whole trees: alternatives and hidden messages count too."""

    conversations: int
    messages: int
    user_messages: int
    replies: int
    alternatives: int  # messages beside the first one of those that answer the same message
    user_words: int
    reply_words: int
    tokens: int  # in the replies of the model, where their traces say
    seconds: float  # that the model took for them, where their traces say
    first: datetime | None  # UTC; when the first message was said
    last: datetime | None  # UTC
    by_profile: dict[str, int]  # messages in the conversations with each persona, most first


@dataclass(frozen=True)
class Tabs:
    """The conversations that were open when the program was left."""

    conversations: tuple[str, ...] = ()  # ids, in the order of the tabs
    front: str | None = None  # the one that was in front; None: one that had not begun
