"""Deleting for good, inside the caller's transaction; what was deleted is handed out, to be kept in memory.

The caller rewrites the file afterwards (`Database.scrub`), so that no byte of it is left there.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from storage import changes, drafts, queries
from storage.models import ConversationRow, MemoryRow, MessageRow
from storage.records import Conversation, Message
from storage.values import taken_from


@dataclass(frozen=True)
class Deleted:
    """A whole conversation as it was, and the memories that came from its messages."""

    conversation: Conversation
    messages: list[Message]
    sources: dict[int, int | None]  # memory -> message
    draft: str  # what was written and not said yet


def delete_conversation(session: Session, conversation_id: str) -> Deleted:
    row = queries.conversation_row(session, conversation_id)
    own = MessageRow.conversation_id == conversation_id
    sources = select(MemoryRow.id, MemoryRow.message_id).join(MessageRow).where(own)
    deleted = Deleted(
        queries.conversation(session, conversation_id),
        queries.messages_of(session, queries.messages().where(own)),
        dict(session.execute(sources).all()),
        drafts.draft(session, conversation_id),
    )
    session.delete(row)
    session.flush()
    _wipe_index(session)
    return deleted


def undelete(session: Session, deleted: Deleted) -> str:
    """Bring a conversation back with the numbers it had; returns its id."""
    conversation_id = changes.restore(session, deleted.conversation, deleted.messages, renumber=False)
    for memory_id, message_id in deleted.sources.items():
        if (memory := session.get(MemoryRow, memory_id)) is not None:
            memory.message_id = message_id
    drafts.save(session, conversation_id, deleted.draft)
    return conversation_id


def delete_message(session: Session, message_id: int) -> str:
    """Delete one message; its children go to its parent, behind those that are there.

    When it was the head, the alternative that was followed last takes its place, as far as it was followed;
    without an alternative the path ends at the parent. Returns the id of the conversation.
    """
    row = queries.message_row(session, message_id)
    conversation = queries.conversation_row(session, row.conversation_id)
    family = queries.family(conversation.id, row.parent_id)
    if conversation.head_id == message_id:
        others = queries.latest_leaf(conversation.id, and_(family, MessageRow.id != message_id))
        changes.move_head(session, conversation, session.scalar(others) or row.parent_id)
    places = session.execute(queries.next_position(conversation.id, row.parent_id)).scalar_one()
    session.execute(
        update(MessageRow)
        .where(queries.family(conversation.id, message_id))
        .values(parent_id=row.parent_id, position=MessageRow.position + places)
    )
    session.delete(row)
    session.flush()
    _close_gaps(session, conversation, row.parent_id)
    if taken_from(conversation.title, row.text):
        changes.entitle_again(session, conversation)
    _wipe_index(session)
    return conversation.id


def _close_gaps(session: Session, conversation: ConversationRow, parent_id: int | None) -> None:
    """Number the family from 0 again. In order, so that each step is into a place that is free."""
    family = queries.family(conversation.id, parent_id)
    question = select(MessageRow).where(family).order_by(MessageRow.position)
    for place, message in enumerate(session.scalars(question).all()):
        if message.position != place:
            message.position = place
            session.flush()


def _wipe_index(session: Session) -> None:
    """FTS5 only marks words as deleted; merging all parts of the index takes them out."""
    session.execute(sql("INSERT INTO message_search (message_search) VALUES ('optimize')"))
