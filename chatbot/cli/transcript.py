"""Conversations as people and programs see them: the table of all, the text of one, what was found, JSON.

Every text goes through `clean`, and what was said is indented, so that no message can pass for another
speaker's. JSON is printed in ASCII, so that no text in it can control a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from chatbot.cli.printing import as_json, cut, fitted
from chatbot.terminal import clean, columns, counted, one_line
from storage import Conversation, Hit, Message
from storage.dates import local
from storage.values import persona_called

PROFILE_WIDTH = 24  # cells of a persona's name in the table
SPEAKERS = {"user": "you", "narrator": "narrator"}


def table(conversations: Sequence[Conversation]) -> str:
    """One line a conversation under a head; on a terminal no line is longer than its width."""
    rows = [("ID", "LAST SAID", "MESSAGES", "PROFILE", "TITLE")]
    for found in conversations:
        profile = cut(one_line(found.profile_name), PROFILE_WIDTH)
        rows.append(
            (found.id, local_time(found.updated_at), f"{found.message_count:>8}", profile, _title(found))
        )
    return "\n".join(map(fitted, columns(rows)))


def sheet(conversation: Conversation, path: Sequence[Message]) -> str:
    """The head of the conversation, then its messages, each under the name of its speaker."""
    facts = (
        conversation.id,
        conversation.profile_name,
        conversation.model,
        local_time(conversation.created_at),
        counted(conversation.message_count, "message"),
    )
    head = [one_line(conversation.title), "  ".join(one_line(fact) for fact in facts if fact)]
    told = ((what, (conversation.extra or {}).get(what)) for what in ("note", "scenario"))
    head += [f"{what}: {one_line(text)}" for what, text in told if text and isinstance(text, str)]
    parts = ["\n".join(head)]
    for message in path:
        speaker = speaker_in(conversation, message)
        notes = ", ".join(notes_of(message))
        head = f"{speaker} ({notes})" if notes else speaker
        lines = (f"  {line}".rstrip() for line in clean(message.text).split("\n"))
        parts.append("\n".join((head, *lines)).rstrip())
    return "\n\n".join(parts)


def hits(found: Sequence[Hit], conversations: Mapping[str, Conversation], *, colour: bool) -> str:
    """One line a message: where it is, when it was said, by whom, and the words around the match."""
    lines = []
    for hit in found:
        speaker = speaker_in(conversations[hit.conversation_id], hit)
        words = _marked(hit) if colour else clean(hit.snippet)
        lines.append(f"{hit.conversation_id}  {local_time(hit.created_at)}  {speaker}: {words}")
    return "\n".join(lines)


def listing_json(conversations: Sequence[Conversation]) -> str:
    rows = [fields_of(conversation) for conversation in conversations]
    for row in rows:
        del row["profile"], row["extra"]  # long, and in `show` and `export`
    return as_json(rows)


def sheet_json(conversation: Conversation, path: Sequence[Message]) -> str:
    return as_json(
        {"conversation": fields_of(conversation), "messages": [fields_of(message) for message in path]}
    )


def hits_json(found: Sequence[Hit]) -> str:
    return as_json([fields_of(hit) for hit in found])


def speaker_in(conversation: Conversation, said: Message | Hit) -> str:
    """As the chat names them: what the persona is called, not its file."""
    called = persona_called(conversation.profile_name, conversation.profile, None)
    return one_line(said.speaker) or SPEAKERS.get(said.role, called)


def _title(conversation: Conversation) -> str:
    return one_line(conversation.title) + (" (archived)" if conversation.archived else "")


def notes_of(message: Message, *, places: bool = True) -> Iterator[str]:
    """What is to be said of a message beside its words; `places`: which alternative it is."""
    if places and message.sibling_count > 1:
        yield f"{message.position + 1} of {message.sibling_count}"
    if message.state != "complete":
        yield message.state
    if message.hidden:
        yield "hidden from the model"
    if message.bookmarked:
        yield "bookmarked"


def _marked(hit: Hit) -> str:
    """The snippet with the words that were found in bold."""
    parts, done = [], 0
    for start, end in hit.marks:
        parts += [clean(hit.snippet[done:start]), typer.style(clean(hit.snippet[start:end]), bold=True)]
        done = end
    return "".join((*parts, clean(hit.snippet[done:])))


def fields_of(record: Conversation | Message | Hit) -> dict[str, Any]:
    """The record as JSON; the counters of head movements are the store's own business."""
    fields = asdict(record)
    return {name: _plain(value) for name, value in fields.items() if name not in ("visits", "visited")}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def local_time(moment: datetime) -> str:
    """In the person's own time zone, to the minute."""
    return f"{local(moment):%Y-%m-%d %H:%M}"
