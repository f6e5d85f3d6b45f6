"""A conversation as a JSON document that holds everything and can be read back.

It carries the whole tree, with messages numbered from 1 in the order in which they were said:

    {"format": "chatbot-conversation", "version": 2,
     "conversation": {"id", "title", "profile_name", "profile", "model", "created_at", "updated_at",
                      "head", "visits", "archived", "extra"},
     "messages": [{"number", "parent", "role", "text", "state", "position", "hidden", "visited",
                   "created_at", "generation", "bookmarked", "speaker", "extra"}, ...]}

Version 1 had no `archived`, `bookmarked`, `speaker` and `extra`. Reading a document back and writing it again
gives the same document. It is data from elsewhere: it is checked completely before anything is stored, and
refused with the place and the value that are wrong. What a trace and a profile say is not this package's
business: they are objects of any shape.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from storage.branches import Tree
from storage.dates import EARLIEST, LATEST
from storage.errors import RefusedValueError
from storage.foreign import Reading
from storage.models import ROLES, STATES, Base, ConversationRow, MessageRow
from storage.records import Conversation, Message
from storage.strict_json import parsed

FORM = "json"
KINDS = {str: "a text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}
FORMAT, VERSION = "chatbot-conversation", 2
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{8}")
_LARGEST = 2**53  # whole numbers that every JSON reader keeps exact


def _document(tree: Tree) -> dict[str, Any]:
    head = tree.conversation.head_id
    numbers: dict[int | None, int | None] = {None: None}
    numbers |= {message.id: number for number, message in enumerate(tree.messages, start=1)}
    return {
        "format": FORMAT,
        "version": VERSION,
        "conversation": _columns(ConversationRow, tree.conversation, "head_id") | {"head": numbers[head]},
        "messages": [
            {"number": numbers[message.id], "parent": numbers[message.parent_id]}
            | _columns(MessageRow, message, "id", "conversation_id", "parent_id")
            | {"position": tree.places[message.id], "generation": message.generation}
            for message in tree.messages
        ],
    }


def _columns(table: type[Base], record: Conversation | Message, *but: str) -> dict[str, Any]:
    """What the columns of a table say, `but` for some."""
    kept = {name: value for name, value in table.columns_of(record).items() if name not in but}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()}


def write(tree: Tree, ascii_only: bool = False) -> str:
    return json.dumps(_document(tree), ensure_ascii=ascii_only, indent=2) + "\n"


def is_export(data: bytes) -> bool:
    """Whether the bytes name the format; a chat that merely speaks of it is asked for before this."""
    return f'"{FORMAT}"'.encode() in data


def read(data: bytes) -> Reading:
    """The conversation of a file that `write` wrote, not stored yet; RefusedValueError when it holds none."""
    try:
        document = parsed(data.decode("utf-8-sig"))
    except ValueError as error:
        raise RefusedValueError(
            f"An exported conversation is JSON, and this is not: {error}. Nothing was imported. "
            "Give a file that was written by: chatbot conversation export --format json"
        ) from None
    conversation, messages = _checked(document)
    return Reading(FORM, conversation, messages)


def _checked(document: Any) -> tuple[Conversation, list[Message]]:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RefusedValueError(
            f'An exported conversation says "format": "{FORMAT}", and this document does not. '
            "Give a file that was written by: chatbot conversation export --format json"
        )
    version = _field(document, "version", "the document", int)
    if version > VERSION:
        raise RefusedValueError(
            f"This program reads exported conversations up to version {VERSION}, and this one is version "
            f"{version}. Update the program."
        )
    messages = _messages(_field(document, "messages", "the document", list))
    conversation = _conversation(_field(document, "conversation", "the document", dict), messages)
    return conversation, messages


def _conversation(fields: Mapping[str, Any], messages: list[Message]) -> Conversation:
    place = "the conversation"
    head = _field(fields, "head", place, int, optional=True)
    if head is not None and head not in {message.id for message in messages}:
        raise _refused(place, "head", "null or the number of one of the messages", head)
    wanted = _field(fields, "id", place, str)
    if not _ID.fullmatch(wanted):
        raise _refused(place, "id", "8 digits and small letters without i, l, o, u", wanted)
    visits, visited = _count(fields, "visits", place), max((m.visited for m in messages), default=0)
    if visits < visited:
        raise _refused(place, "visits", f"{visited} or more, as a message was visited then", visits)
    return Conversation(
        id=wanted,
        title=_field(fields, "title", place, str),
        profile_name=_field(fields, "profile_name", place, str),
        profile=_field(fields, "profile", place, dict),
        model=_field(fields, "model", place, str),
        head_id=head,
        created_at=_time(fields, "created_at", place),
        updated_at=_time(fields, "updated_at", place),
        message_count=len(messages),
        visits=visits,
        archived=_newer(fields, "archived", place, bool, False),
        extra=_newer(fields, "extra", place, dict, None),
    )


def _messages(entries: list[Any]) -> list[Message]:
    """The messages, each after its parent, with numbers of their own, siblings counted from 0."""
    messages: dict[int, Message] = {}
    families: defaultdict[int | None, dict[int, str]] = defaultdict(dict)  # position -> place in the file
    for order, entry in enumerate(entries, start=1):
        place = f"message {order}"
        if not isinstance(entry, dict):
            raise _refused(place, "messages", "a list of objects", entry)
        message = _message(entry, place)
        if message.id in messages:
            raise _refused(place, "number", "a number of its own", message.id)
        if message.parent_id is not None and message.parent_id not in messages:
            raise _refused(place, "parent", "null or the number of an earlier message", message.parent_id)
        if message.position in families[message.parent_id]:
            rule = "a place of its own among the messages with the same parent"
            raise _refused(place, "position", rule, message.position)
        families[message.parent_id][message.position] = place
        messages[message.id] = message
    for places in families.values():
        if (last := max(places)) >= len(places):
            rule = f"below {len(places)}, the number of messages with the same parent"
            raise _refused(places[last], "position", rule, last)
    return list(messages.values())


def _message(fields: Mapping[str, Any], place: str) -> Message:
    return Message(
        id=_field(fields, "number", place, int),
        conversation_id="",
        parent_id=_field(fields, "parent", place, int, optional=True),
        role=_one_of(fields, "role", place, ROLES),
        text=_field(fields, "text", place, str),
        state=_one_of(fields, "state", place, STATES),
        position=_count(fields, "position", place),
        sibling_count=0,  # counted when it is read again
        created_at=_time(fields, "created_at", place),
        hidden=_field(fields, "hidden", place, bool),
        generation=_field(fields, "generation", place, dict, optional=True),
        visited=_count(fields, "visited", place),
        bookmarked=_newer(fields, "bookmarked", place, bool, False),
        speaker=_newer(fields, "speaker", place, str, ""),
        extra=_newer(fields, "extra", place, dict, None),
    )


def _newer(fields: Mapping[str, Any], name: str, place: str, kind: type, default: Any) -> Any:
    """A field that documents of version 1 do not have."""
    return _field(fields, name, place, kind, optional=default is None) if name in fields else default


def _field(fields: Mapping[str, Any], name: str, place: str, kind: type, *, optional: bool = False) -> Any:
    if name in fields and (type(fields[name]) is kind or (optional and fields[name] is None)):
        return fields[name]
    rule = KINDS[kind] + (" or null" if optional else "")
    raise _refused(place, name, rule, fields.get(name, "nothing"))


def _count(fields: Mapping[str, Any], name: str, place: str) -> int:
    value = _field(fields, name, place, int)
    if not 0 <= value <= _LARGEST:
        raise _refused(place, name, f"from 0 to {_LARGEST}", value)
    return value


def _one_of(fields: Mapping[str, Any], name: str, place: str, allowed: Sequence[str]) -> str:
    value = _field(fields, name, place, str)
    if value not in allowed:
        raise _refused(place, name, f"one of {', '.join(allowed)}", value)
    return value


def _time(fields: Mapping[str, Any], name: str, place: str) -> datetime:
    value = _field(fields, name, place, str)
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is not None and EARLIEST <= time <= LATEST:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    rule = "a time with its zone in the years 2 to 9998, like 2026-01-31T10:00:00+00:00"
    raise _refused(place, name, rule, value)


def _refused(place: str, name: str, rule: str, value: object) -> RefusedValueError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return RefusedValueError(
        f"In an exported conversation, {name!r} must be {rule}; {place} has {shown}. "
        "Nothing was imported. Correct the file or export it again."
    )
