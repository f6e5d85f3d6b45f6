"""How much was said: sums over the messages, counted inside the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from storage import queries
from storage.models import ConversationRow, GenerationRow, MessageRow
from storage.records import Statistics

_LARGEST = 1e12  # a trace may come from elsewhere: what is no number, or absurd, is not counted


def of(session: Session, conversation_id: str | None, profile_name: str | None) -> Statistics:
    """Over one conversation or all, and only those with a persona when it is given."""
    chosen: list[ColumnElement[bool]] = [MessageRow.conversation_id == ConversationRow.id]
    if conversation_id is not None:
        queries.conversation_row(session, conversation_id)
        chosen.append(ConversationRow.id == conversation_id)
    if profile_name is not None:
        chosen.append(ConversationRow.profile_name == profile_name)
    counted = session.execute(
        select(
            func.count(MessageRow.conversation_id.distinct()).label("conversations"),
            func.count().label("messages"),
            _number_of(MessageRow.role == "user").label("user_messages"),
            _number_of(MessageRow.role == "bot").label("replies"),
            _number_of(MessageRow.position > 0).label("alternatives"),
            func.min(MessageRow.created_at).label("first"),
            func.max(MessageRow.created_at).label("last"),
        ).where(*chosen)
    ).one()
    tokens, milliseconds = session.execute(
        select(_total("$.tokens"), _total("$.times.total_ms"))
        .where(*chosen)
        .where(GenerationRow.message_id == MessageRow.id)
    ).one()
    words = {"user": 0, "bot": 0, "narrator": 0}
    for role, text in session.execute(select(MessageRow.role, MessageRow.text).where(*chosen)):
        words[role] += len(text.split())
    size = func.count().label("size")
    by_profile = select(ConversationRow.profile_name, size).where(*chosen)
    by_profile = by_profile.group_by(ConversationRow.profile_name)
    by_profile = by_profile.order_by(size.desc(), ConversationRow.profile_name)
    return Statistics(
        **counted._mapping,
        user_words=words["user"],
        reply_words=words["bot"],
        tokens=int(tokens),
        seconds=milliseconds / 1000,
        by_profile=dict(session.execute(by_profile).all()),
    )


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _total(path: str) -> ColumnElement[Any]:
    """The sum of a number in the traces; SQLite's total() neither overflows nor is null."""
    value = func.json_extract(GenerationRow.trace, path)
    return func.total(case((value.between(0, _LARGEST), value)))
