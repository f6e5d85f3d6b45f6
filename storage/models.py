"""The tables: a conversation is a tree of messages, a reply of the model has a generation.

conversation 1 ── * message 1 ── 0..1 generation
conversation.head_id   the message that ends the active path (None: it is empty)
message.parent_id      the message it answers (None: it opens the conversation)
memory.message_id      the message from which it is known (None: a person wrote it, or the message is gone)
draft, tab             what was open when the program was left; both go with their conversation

Messages with the same parent are alternatives of one another (siblings), told apart by `position`.
The text of all messages is also in the full-text index `message_search`, which triggers keep in step;
it is a virtual table and therefore lives in `storage/migrations.py` alone. A test holds the tables here
and the ones that the migrations make equal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import JSON, Text, TypeDecorator

ROLES = ("user", "bot", "narrator")
STATES = ("complete", "partial", "failed")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC. SQLite drops the zone, so it is taken off and put back here, and only here."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(
                f"A stored time needs a time zone, and {value!r} has none. Use datetime.now(UTC)."
            )
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    type_annotation_map = {str: Text(), datetime: UtcDateTime(), dict[str, Any]: JSON(none_as_null=True)}

    @classmethod
    def columns_of(cls, record: object) -> dict[str, Any]:
        """What a record says of every column of the table, so that none can be forgotten."""
        return {column.key: getattr(record, column.key) for column in cls.__table__.columns}


class ConversationRow(Base):
    __tablename__ = "conversation"
    __table_args__ = (
        # The head belongs to this conversation. Deferred, because the two tables point at each other.
        ForeignKeyConstraint(
            ["id", "head_id"],
            ["message.conversation_id", "message.id"],
            name="conversation_head",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index("conversation_by_time", "updated_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    profile_name: Mapped[str]
    profile: Mapped[dict[str, Any]]
    model: Mapped[str]
    head_id: Mapped[int | None]
    visits: Mapped[int]  # how often the head has moved
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]  # when something was last said
    archived: Mapped[bool] = mapped_column(server_default=sql("0"))
    extra: Mapped[dict[str, Any] | None]  # note and scenario of this chat; a foreign header, verbatim


class MessageRow(Base):
    __tablename__ = "message"
    __table_args__ = (
        # A parent is in the same conversation and older, so a cycle cannot be written.
        # No ON DELETE CASCADE here: it would recurse once a generation, and SQLite stops at 1,000.
        ForeignKeyConstraint(
            ["conversation_id", "parent_id"],
            ["message.conversation_id", "message.id"],
            name="message_parent",
            deferrable=True,
            initially="DEFERRED",
        ),
        UniqueConstraint("conversation_id", "id", name="message_of_conversation"),
        # Siblings are told apart by their position. A unique index takes no two NULLs for equal: hence two.
        Index("message_siblings", "conversation_id", "parent_id", "position", unique=True),
        Index(
            "message_openings",
            "conversation_id",
            "position",
            unique=True,
            sqlite_where=sql("parent_id IS NULL"),
        ),
        Index("message_bookmarks", "conversation_id", sqlite_where=sql("bookmarked = 1")),
        CheckConstraint("parent_id < id", name="parent_is_older"),
        CheckConstraint("role IN ('user', 'bot', 'narrator')", name="known_role"),
        CheckConstraint("state IN ('complete', 'partial', 'failed')", name="known_state"),
        CheckConstraint("position >= 0", name="position_counts_from_zero"),
        {"sqlite_autoincrement": True},  # the number of a deleted message is never given again
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None]
    role: Mapped[str]
    text: Mapped[str]
    state: Mapped[str]
    position: Mapped[int]
    hidden: Mapped[bool]
    visited: Mapped[int]  # conversation.visits when this message last became the head; 0: never
    created_at: Mapped[datetime]
    bookmarked: Mapped[bool] = mapped_column(server_default=sql("0"))
    speaker: Mapped[str] = mapped_column(server_default=sql("''"))  # "": the persona or the user
    extra: Mapped[dict[str, Any] | None]  # the foreign keys of an imported message, verbatim


class GenerationRow(Base):
    """How a reply came about: the engine's trace (seed, targets, energies, measures, times, digests)."""

    __tablename__ = "generation"

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    trace: Mapped[dict[str, Any]]


class MemoryRow(Base):
    """Something that a persona knows of the user; it outlives the conversation it comes from."""

    __tablename__ = "memory"
    __table_args__ = (
        Index("memory_of_message", "message_id"),  # deleting a message looks for the memories of it
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    profile_name: Mapped[str]  # "": every persona knows it
    kind: Mapped[str]
    text: Mapped[str]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class DraftRow(Base):
    """What was written and not said yet."""

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(primary_key=True)  # the name of one without a conversation
    conversation_id: Mapped[str | None] = mapped_column(  # None: it has not begun
        ForeignKey("conversation.id", ondelete="CASCADE"), unique=True
    )
    text: Mapped[str]


class TabRow(Base):
    """A conversation that was open."""

    __tablename__ = "tab"

    position: Mapped[int] = mapped_column(primary_key=True)  # from 0, from left to right
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), unique=True
    )
    in_front: Mapped[bool]
