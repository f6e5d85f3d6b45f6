"""Second thoughts about what was said, inside the caller's transaction. No text is overwritten or deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from storage import changes, queries
from storage.errors import RefusedValueError
from storage.models import ROLES
from storage.records import Message
from storage.values import FORK, one_line, one_of, taken_from


def edit(session: Session, message_id: int, text: str) -> int:
    """The id of a new message in the place of this one, with another text; it becomes the head."""
    old = queries.message_row(session, message_id)
    return changes.append(
        session,
        queries.conversation_row(session, old.conversation_id),
        parent_id=old.parent_id,
        role=old.role,
        text=text,
        state="complete",
        hidden=old.hidden,
        speaker=old.speaker,
    )


def set_speaker(session: Session, message_id: int, role: str | None, speaker: str) -> None:
    """Correct who said a message. A title that was taken from it is taken anew."""
    row = queries.message_row(session, message_id)
    conversation = queries.conversation_row(session, row.conversation_id)
    was, row.speaker = row.role, one_line(speaker)
    row.role = was if role is None else one_of("role", role, ROLES)
    session.flush()
    if row.role == "user" and was != "user":
        changes.entitle(session, conversation, row.text)
    elif was == "user" and row.role != "user" and taken_from(conversation.title, row.text):
        changes.entitle_again(session, conversation)


def undo(session: Session, conversation_id: str) -> Message:
    """End the active path before the last message of the user; returns that message."""
    conversation = queries.conversation_row(session, conversation_id)
    path = queries.messages_of(session, queries.active_path(conversation_id))
    for message in reversed(path):
        if message.role == "user":
            changes.move_head(session, conversation, message.parent_id)
            return message
    raise RefusedValueError(
        "Undo takes back the last message of the user, and the active path of conversation "
        f"{conversation_id!r} has none. Say something first."
    )


def fork(session: Session, message_id: int) -> str:
    """The id of a new conversation that holds the path up to and with this message, marks and all."""
    source = queries.conversation_row(session, queries.message_row(session, message_id).conversation_id)
    path = queries.messages_of(session, queries.path_to(message_id))
    now = datetime.now(UTC)
    copy = replace(
        queries.conversation(session, source.id),
        id=queries.new_id(session),
        title=source.title and source.title.removesuffix(FORK) + FORK,
        head_id=message_id,
        created_at=now,
        updated_at=now,
        visits=len(path),
        archived=False,
    )
    alone = [replace(message, position=0, visited=rank) for rank, message in enumerate(path, start=1)]
    return changes.restore(session, copy, alone)
