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


def draft(session: Session, conversation_id: str | None) -> str:
    here = DraftRow.conversation_id.is_not_distinct_from(conversation_id)
    return session.scalar(select(DraftRow.text).where(here)) or ""


def save(session: Session, conversation_id: str | None, text: str) -> None:
    """Replace the draft. Deleted first: what it was is wiped, where an update might leave a part of it."""
    if conversation_id is not None:
        queries.conversation_row(session, conversation_id)
    session.execute(delete(DraftRow).where(DraftRow.conversation_id.is_not_distinct_from(conversation_id)))
    if text.strip():
        session.add(DraftRow(conversation_id=conversation_id, text=storable(text)))


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
