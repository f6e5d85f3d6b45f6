"""Changes to a tree of messages, made inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from storage import queries
from storage.models import ROLES, STATES, Base, ConversationRow, GenerationRow, MemoryRow, MessageRow
from storage.records import Conversation, Message
from storage.values import is_greeting, one_line, one_of, persona_called, plain_json, storable, title_from


def create(session: Session, *, profile_name: str, profile: Mapping[str, Any], model: str, title: str) -> str:
    """The id of a new, empty conversation."""
    now = datetime.now(UTC)
    row = ConversationRow(
        id=queries.new_id(session),
        title=one_line(title),
        profile_name=storable(profile_name),
        profile=plain_json(profile),
        model=storable(model),
        head_id=None,
        visits=0,
        created_at=now,
        updated_at=now,
        archived=False,
    )
    session.add(row)
    return row.id


def set_profile(
    session: Session, conversation: ConversationRow, name: str, profile: Mapping[str, Any]
) -> None:
    """Replace the snapshot of the persona. Where another one speaks from now on, what was said before keeps
    the name of who said it."""
    extra = conversation.extra or {}
    before = persona_called(conversation.profile_name, conversation.profile, extra)
    now = persona_called(name, profile, None)
    if name != conversation.profile_name and _letters(before) not in ("", _letters(now)):
        here = MessageRow.conversation_id == conversation.id
        own = (here, MessageRow.role == "bot", MessageRow.speaker == "")
        session.execute(update(MessageRow).where(*own).values(speaker=before))
        conversation.extra = {key: value for key, value in extra.items() if key != "character_name"} or None
    conversation.profile_name, conversation.profile = storable(name), plain_json(profile)


def _letters(name: str) -> str:
    """What is left of "Captain Ahab" in the name of its profile."""
    return "".join(filter(str.isalnum, name.casefold()))


def rename_persona(session: Session, old: str, new: str) -> None:
    """What was said with a persona and what it knows, under its new name."""
    new = storable(new)
    session.execute(update(MemoryRow).where(MemoryRow.profile_name == old).values(profile_name=new))
    for row in session.scalars(select(ConversationRow).where(ConversationRow.profile_name == old)):
        row.profile_name, row.profile = new, {**row.profile, "name": new}


def append(
    session: Session,
    conversation: ConversationRow,
    *,
    parent_id: int | None,
    role: str,
    text: str,
    state: str,
    hidden: bool = False,
    speaker: str = "",
    extra: Mapping[str, Any] | None = None,
) -> int:
    """The id of a new message after `parent_id`, beside those that are there; it becomes the head."""
    one_of("role", role, ROLES)
    one_of("state", state, STATES)
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
        bookmarked=False,
        speaker=one_line(speaker),
        extra=plain_json(extra),
    )
    session.add(row)
    session.flush()
    conversation.updated_at = row.created_at
    move_head(session, conversation, row.id)
    session.flush()
    return row.id


def entitle(session: Session, conversation: ConversationRow, text: str) -> None:
    """A title from what the user says, if there is none yet, or only a greeting of theirs."""
    if not conversation.title:
        conversation.title = title_from(text)
    elif is_greeting(conversation.title) and not is_greeting(text):
        by_user = (MessageRow.conversation_id == conversation.id, MessageRow.role == "user")
        first = select(MessageRow.text).where(*by_user).order_by(MessageRow.id).limit(1)
        if title_from(session.scalar(first) or "") == conversation.title:  # else a person chose it
            conversation.title = title_from(text)


def entitle_again(session: Session, conversation: ConversationRow) -> None:
    """Its words are not the user's any more: a title from what is left, as if that had been said alone."""
    conversation.title = ""
    by_user = (MessageRow.conversation_id == conversation.id, MessageRow.role == "user")
    for text in session.scalars(select(MessageRow.text).where(*by_user).order_by(MessageRow.id)).all():
        entitle(session, conversation, text)


def move_head(session: Session, conversation: ConversationRow, message_id: int | None) -> None:
    """End the active path at this message (None: before the first one), and remember when that was."""
    conversation.visits += 1
    conversation.head_id = message_id
    if message_id is not None:
        queries.message_row(session, message_id, conversation.id).visited = conversation.visits


def follow(session: Session, message_id: int, *, onwards: bool = True) -> str:
    """Move the head to this message, or onwards as far as it was last followed; returns its conversation."""
    row = queries.message_row(session, message_id)
    conversation = queries.conversation_row(session, row.conversation_id)
    leaf = queries.latest_leaf(row.conversation_id, MessageRow.id == message_id)
    move_head(session, conversation, session.scalar(leaf) if onwards else message_id)
    session.flush()
    return conversation.id


def restore(
    session: Session, conversation: Conversation, messages: Sequence[Message], *, renumber: bool = True
) -> str:
    """Store a whole tree that came from elsewhere, parents before children; returns its id.

    Messages get new ids in the same order. The conversation keeps its id unless it has none or another one's.
    `renumber` False: a tree that was deleted here gets its own ids again, which are never given twice.
    """
    taken = not conversation.id or session.get(ConversationRow, conversation.id) is not None
    new_id = queries.new_id(session) if taken else conversation.id
    last = session.execute(sql("SELECT seq FROM sqlite_sequence WHERE name = 'message'")).scalar() or 0
    ids = {
        message.id: last + place if renumber else message.id
        for place, message in enumerate(messages, start=1)
    }
    row = _row(ConversationRow, conversation) | {
        "id": new_id,
        "title": one_line(conversation.title),
        "head_id": None if conversation.head_id is None else ids[conversation.head_id],
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
    return _row(MessageRow, message) | {
        "id": ids[message.id],
        "conversation_id": conversation_id,
        "parent_id": None if message.parent_id is None else ids[message.parent_id],
        "speaker": one_line(message.speaker),
    }


def _row(table: type[Base], record: Conversation | Message) -> dict[str, Any]:
    """A record as the row of a table that can be written."""
    return {name: plain_json(value) for name, value in table.columns_of(record).items()}
