"""The questions put to the tables, each answered by one statement, and rows turned into records."""

from __future__ import annotations

from functools import cache
from secrets import choice
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from storage.errors import (
    AmbiguousConversationError,
    DeletedConversationError,
    UnknownConversationError,
    UnknownMessageError,
)
from storage.models import ConversationRow, GenerationRow, MessageRow
from storage.records import Conversation, Message
from storage.values import one_line

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # base32 without i, l, o, u: nothing reads like something else
_ID_LENGTH = 8


@cache
def conversations() -> Select[Any]:
    """Conversations with the number of their messages, newest first."""
    count = (
        select(func.count())
        .where(MessageRow.conversation_id == ConversationRow.id)
        .correlate(ConversationRow)
        .scalar_subquery()
        .label("message_count")
    )
    # Of imports of one chat, whose times are its own, the last to come in is the newest.
    came_in = literal_column("conversation.rowid")
    newest = (ConversationRow.updated_at.desc(), ConversationRow.created_at.desc(), came_in.desc())
    return select(*ConversationRow.__table__.columns, count).order_by(*newest)


@cache
def messages() -> Select[Any]:
    """Messages with the number of their alternatives and their trace, in the order they were said."""
    other = aliased(MessageRow)
    siblings = (
        select(func.count())
        .where(other.conversation_id == MessageRow.conversation_id)
        .where(other.parent_id.is_not_distinct_from(MessageRow.parent_id))
        .correlate(MessageRow)
        .scalar_subquery()
        .label("sibling_count")
    )
    return (
        select(*MessageRow.__table__.columns, siblings, GenerationRow.trace.label("generation"))
        .outerjoin(GenerationRow, GenerationRow.message_id == MessageRow.id)
        .order_by(MessageRow.id)
    )


def conversation_of(row: Row[Any]) -> Conversation:
    return Conversation(**row._mapping)


def conversation(session: Session, conversation_id: str) -> Conversation:
    """The conversation that is there, with what the session changed in it."""
    session.flush()
    row = session.execute(conversations().where(ConversationRow.id == conversation_id)).one()
    return conversation_of(row)


def message(session: Session, message_id: int) -> Message:
    """The message that is there, with what the session changed in it."""
    session.flush()
    return messages_of(session, messages().where(MessageRow.id == message_id))[0]


def listed(profile_name: str | None, *, include_empty: bool, archived: bool | None) -> Select[Any]:
    """Conversations with this persona (None: any), newest first; `archived` None: both kinds."""
    question = conversations()
    if not include_empty:
        question = question.where(spoken())
    if profile_name is not None:
        question = question.where(ConversationRow.profile_name == profile_name)
    if archived is not None:
        question = question.where(ConversationRow.archived == archived)
    return question


def spoken() -> ColumnElement[bool]:
    """Whether something was said in a conversation."""
    return select(MessageRow.id).where(MessageRow.conversation_id == ConversationRow.id).exists()


def messages_of(session: Session, question: Select[Any]) -> list[Message]:
    return [Message(**row) for row in session.execute(question).mappings()]


def active_path(conversation_id: str) -> Select[Any]:
    """The messages from the opening one to the head."""
    head = select(ConversationRow.head_id).where(ConversationRow.id == conversation_id)
    return _path(MessageRow.id == head.scalar_subquery())


def path_to(message_id: int) -> Select[Any]:
    """The messages from the opening one to this one."""
    return _path(MessageRow.id == message_id)


def _path(end: ColumnElement[bool]) -> Select[Any]:
    """By id, since a parent is older than its child."""
    chain = select(MessageRow.id, MessageRow.parent_id).where(end).cte("chain", recursive=True)
    older = aliased(MessageRow)
    chain = chain.union_all(select(older.id, older.parent_id).where(older.id == chain.c.parent_id))
    return messages().where(MessageRow.id.in_(select(chain.c.id)))


def alternatives(message: MessageRow) -> Select[Any]:
    """The messages with the same parent, in the order in which they were made."""
    return (
        messages()
        .where(family(message.conversation_id, message.parent_id))
        .order_by(None)
        .order_by(MessageRow.position)
    )


def family(conversation_id: str, parent_id: int | None) -> ColumnElement[bool]:
    """The messages that answer the same one, or that all open the conversation."""
    same_parent = MessageRow.parent_id.is_not_distinct_from(parent_id)
    return and_(MessageRow.conversation_id == conversation_id, same_parent)


def next_position(conversation_id: str, parent_id: int | None) -> Select[Any]:
    last = func.max(MessageRow.position)
    return select(func.coalesce(last + 1, 0)).where(family(conversation_id, parent_id))


def latest_leaf(conversation_id: str, start: ColumnElement[bool]) -> Select[Any]:
    """The id of the message that was the head most recently, among those at the start and all below them."""
    below = select(MessageRow.id, MessageRow.visited).where(start).cte("below", recursive=True)
    child = aliased(MessageRow)
    below = below.union_all(
        select(child.id, child.visited).where(
            child.conversation_id == conversation_id,
            child.parent_id == below.c.id,
        )
    )
    return select(below.c.id).order_by(below.c.visited.desc(), below.c.id.desc()).limit(1)


def conversation_row(session: Session, conversation_id: str) -> ConversationRow:
    """The row to be changed; DeletedConversationError when it is gone."""
    row = session.get(ConversationRow, conversation_id)
    if row is None:
        raise DeletedConversationError(conversation_id)
    return row


def message_row(session: Session, message_id: int, conversation_id: str = "") -> MessageRow:
    """The row to be changed; UnknownMessageError when it is gone or belongs to another conversation."""
    row = session.get(MessageRow, message_id)
    if row is None or (conversation_id and row.conversation_id != conversation_id):
        raise UnknownMessageError(message_id, conversation_id)
    return row


def find(session: Session, reference: str) -> str:
    """The id that a reference means: an id, "last", an exact title, or the beginning of one id."""
    wanted = one_line(reference)
    if session.get(ConversationRow, wanted.lower()) is not None:
        return wanted.lower()
    if wanted == "last":
        newest = conversations().where(spoken(), ~ConversationRow.archived).limit(1)
        if (row := session.execute(newest).first()) is not None:
            return row.id
        raise UnknownConversationError(reference)
    start = func.substr(ConversationRow.id, 1, len(wanted)) == wanted.lower()
    for rule in (ConversationRow.title == wanted, start):
        ids = list(session.scalars(select(ConversationRow.id).where(rule)).all()) if wanted else []
        if len(ids) == 1:
            return ids[0]
        if ids:
            raise AmbiguousConversationError(reference, ids)
    names = session.execute(select(ConversationRow.id, ConversationRow.title))
    raise UnknownConversationError(reference, {name for row in names for name in row if name})


def new_id(session: Session) -> str:
    """A short random id that no conversation has."""
    while True:
        candidate = "".join(choice(_ALPHABET) for _ in range(_ID_LENGTH))
        if session.get(ConversationRow, candidate) is None:
            return candidate
