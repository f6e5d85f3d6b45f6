"""Replies that are being said, written inside the caller's transaction: begun, journalled, finished."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from storage import changes, queries
from storage.errors import UnknownMessageError
from storage.models import STATES, GenerationRow, MessageRow
from storage.values import one_of, plain_json, storable


def begin(session: Session, conversation_id: str, parent_id: int, speaker: str) -> int:
    """The id of an empty, partial reply; it becomes the head."""
    row = queries.conversation_row(session, conversation_id)
    return changes.append(
        session, row, parent_id=parent_id, role="bot", text="", state="partial", speaker=speaker
    )


def journal(session: Session, message_id: int, text: str) -> None:
    """Write down what was said so far; UnknownMessageError when the reply is gone or finished."""
    partial = (MessageRow.id == message_id, MessageRow.state == "partial")
    written = update(MessageRow).where(*partial).values(text=storable(text)).returning(MessageRow.id)
    if session.execute(written).first() is None:
        raise UnknownMessageError(message_id)


def finish(
    session: Session, message_id: int, *, text: str, state: str, generation: Mapping[str, Any]
) -> None:
    """The last text, how the reply ended, and its trace."""
    one_of("state", state, STATES)
    row = queries.message_row(session, message_id)
    row.text, row.state = storable(text), state
    session.merge(GenerationRow(message_id=message_id, trace=plain_json(generation)))
    queries.conversation_row(session, row.conversation_id).updated_at = datetime.now(UTC)
