"""Changes to a tree of messages, made inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from storage import queries
from storage.models import ConversationRow, GenerationRow, MessageRow
from storage.records import Conversation, Message
from storage.values import one_line, plain_json, storable


def append(
    session: Session,
    conversation: ConversationRow,
    *,
    parent_id: int | None,
    role: str,
    text: str,
    state: str,
    hidden: bool = False,
) -> int:
    """The id of a new message after `parent_id`, beside those that are there; it becomes the head."""
    if parent_id is not None:
        queries.message_row(session, parent_id, conversation.id)
    row = MessageRow(
        conversation_id=conversation.id,
        parent_id=parent_id,
        role=role,
        text=storable(text),
        state=state,
        position=session.execute(queries.next_position(conversation.id, parent_id)).scalar_one(),
        hidden=hidden,
        visited=0,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    conversation.updated_at = row.created_at
    move_head(conversation, row)
    session.flush()
    return row.id


def move_head(conversation: ConversationRow, message: MessageRow) -> None:
    """End the active path at this message, and remember when that was."""
    conversation.visits += 1
    conversation.head_id, message.visited = message.id, conversation.visits


def restore(session: Session, conversation: Conversation, messages: Sequence[Message]) -> str:
    """Store a whole tree that came from elsewhere, parents before children; returns its id.

    Messages get new ids in the same order. The conversation keeps its id unless another one has it.
    """
    taken = session.get(ConversationRow, conversation.id) is not None
    new_id = queries.new_id(session) if taken else conversation.id
    last = session.execute(sql("SELECT seq FROM sqlite_sequence WHERE name = 'message'")).scalar() or 0
    ids = {message.id: number for number, message in enumerate(messages, start=last + 1)}
    row = {
        "id": new_id,
        "title": one_line(conversation.title),
        "profile_name": storable(conversation.profile_name),
        "profile": plain_json(conversation.profile),
        "model": storable(conversation.model),
        "head_id": None if conversation.head_id is None else ids[conversation.head_id],
        "visits": conversation.visits,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    }
    session.execute(insert(ConversationRow), [row])
    traces = [(ids[m.id], m.generation) for m in messages if m.generation is not None]
    if messages:
        session.execute(insert(MessageRow), [_renumbered(message, ids, new_id) for message in messages])
    if traces:
        rows = [{"message_id": number, "trace": plain_json(trace)} for number, trace in traces]
        session.execute(insert(GenerationRow), rows)
    return new_id


def _renumbered(message: Message, ids: dict[int, int], conversation_id: str) -> dict[str, Any]:
    return {
        "id": ids[message.id],
        "conversation_id": conversation_id,
        "parent_id": None if message.parent_id is None else ids[message.parent_id],
        "role": message.role,
        "text": storable(message.text),
        "state": message.state,
        "position": message.position,
        "hidden": message.hidden,
        "visited": message.visited,
        "created_at": message.created_at,
    }
