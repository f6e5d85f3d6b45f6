"""What was open when the program was left: drafts of messages, and tabs. Inside the caller's transaction.

What a draft was before it was changed may stand in the log of the file until the program ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage import queries
from storage.models import ConversationRow, DraftRow, TabRow
from storage.records import Tabs
from storage.values import storable


def draft(session: Session, whose: str | int) -> str:
    return session.scalar(select(DraftRow.text).filter_by(**_named(whose))) or ""


def waiting(session: Session) -> list[int]:
    return list(session.scalars(select(DraftRow.id).filter_by(conversation_id=None).order_by(DraftRow.id)))


def save(session: Session, whose: str | int, text: str) -> None:
    """Replace the draft. Deleted first: what it was is wiped, where an update might leave a part of it."""
    if isinstance(whose, str):
        queries.conversation_row(session, whose)
    session.execute(delete(DraftRow).filter_by(**_named(whose)))
    if text.strip():
        session.add(DraftRow(**_named(whose), text=storable(text)))


def _named(whose: str | int) -> dict[str, str | int]:
    return {"conversation_id" if isinstance(whose, str) else "id": whose}


def tabs(session: Session) -> Tabs:
    rows = session.execute(select(TabRow.conversation_id, TabRow.in_front).order_by(TabRow.position)).all()
    front = next((row.conversation_id for row in rows if row.in_front), None)
    return Tabs(tuple(row.conversation_id for row in rows), front)


def save_tabs(session: Session, conversation_ids: Sequence[str], front: str | None) -> None:
    """Replace the list; each conversation that is still there is in it once."""
    known = set(session.scalars(select(ConversationRow.id).where(ConversationRow.id.in_(conversation_ids))))
    session.execute(delete(TabRow))
    for position, opened in enumerate(dict.fromkeys(found for found in conversation_ids if found in known)):
        session.add(TabRow(position=position, conversation_id=opened, in_front=opened == front))
    session.flush()
