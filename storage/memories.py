"""What personas know of the user, read and written inside the caller's transaction."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage import queries
from storage.errors import RefusedValueError, UnknownMemoryError
from storage.models import MemoryRow
from storage.records import Memory
from storage.values import one_line, storable


def remember(session: Session, profile_name: str, text: str, *, kind: str, message_id: int | None) -> Memory:
    """A new memory. Its text is one line or many, and has something to read."""
    for what, value in (("memory", text), ("kind of memory", kind)):
        if not one_line(value):
            raise RefusedValueError(f"A {what} has at least one visible character, and {value!r} has none.")
    if message_id is not None:
        queries.message_row(session, message_id)
    row = MemoryRow(
        profile_name=storable(profile_name),
        kind=one_line(kind),
        text=storable(text),
        message_id=message_id,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return _memory(row)


def known(session: Session, profile_name: str | None) -> list[Memory]:
    """What this persona knows, the oldest first: its own memories and those of every persona; None: all."""
    question = select(MemoryRow).order_by(MemoryRow.id)
    if profile_name is not None:
        question = question.where(MemoryRow.profile_name.in_({profile_name, ""}))
    return [_memory(row) for row in session.scalars(question)]


def forget(session: Session, memory_id: int) -> Memory:
    """Delete a memory; returns what it was."""
    row = session.get(MemoryRow, memory_id)
    if row is None:
        raise UnknownMemoryError(memory_id)
    memory = _memory(row)
    session.delete(row)
    return memory


def _memory(row: MemoryRow) -> Memory:
    return Memory(row.id, row.profile_name, row.kind, row.text, row.message_id, row.created_at)
