"""Conversations as files: JSON that holds everything and can be read back, Markdown to be read by people.

The JSON document carries the whole tree, with messages numbered from 1 in the order in which they were said:

    {"format": "chatbot-conversation", "version": 1,
     "conversation": {"id", "title", "profile_name", "profile", "model", "created_at", "updated_at",
                      "head", "visits"},
     "messages": [{"number", "parent", "role", "text", "state", "position", "hidden", "visited",
                   "created_at", "generation"}, ...]}

Reading it back and writing it again gives the same document. A document is data from elsewhere: it is
checked completely before anything is stored, and refused with the place and the value that are wrong.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.conversations import ConversationManager
from storage.errors import RefusedValueError, StorageError
from storage.models import ROLES, STATES
from storage.records import Conversation, Message
from storage.values import one_line, one_of

KINDS = {str: "a text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}
FORMATS = ("markdown", "json")
FORMAT, VERSION = "chatbot-conversation", 1
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{8}")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LARGEST = 2**53  # whole numbers that every JSON reader keeps exact


def to_json(manager: ConversationManager, conversation_id: str) -> dict[str, Any]:
    """The whole conversation as a JSON document."""
    conversation, messages = manager.whole(conversation_id)
    numbers: dict[int | None, int | None] = {None: None}
    numbers |= {message.id: number for number, message in enumerate(messages, start=1)}
    return {
        "format": FORMAT,
        "version": VERSION,
        "conversation": {
            "id": conversation.id,
            "title": conversation.title,
            "profile_name": conversation.profile_name,
            "profile": conversation.profile,
            "model": conversation.model,
            "created_at": conversation.created_at.isoformat(),
            "updated_at": conversation.updated_at.isoformat(),
            "head": numbers[conversation.head_id],
            "visits": conversation.visits,
        },
        "messages": [
            {
                "number": numbers[message.id],
                "parent": numbers[message.parent_id],
                "role": message.role,
                "text": message.text,
                "state": message.state,
                "position": message.position,
                "hidden": message.hidden,
                "visited": message.visited,
                "created_at": message.created_at.isoformat(),
                "generation": message.generation,
            }
            for message in messages
        ],
    }


def export_file(manager: ConversationManager, conversation_id: str, path: Path, form: str = "") -> Path:
    """Export to a new file, as "markdown" or "json" (without `form`: as the name of the file ends).

    A file that exists is never overwritten, and a file that could not be finished is not left behind.
    """
    form = form or ("json" if path.suffix.lower() == ".json" else "markdown")
    if one_of("export format", form, FORMATS) == "json":
        text = json.dumps(to_json(manager, conversation_id), ensure_ascii=False, indent=2) + "\n"
    else:
        text = to_markdown(manager, conversation_id)
    try:
        file = path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise RefusedValueError(
            f"An export never overwrites a file, and {path} exists. Give another name."
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with file:
            file.write(text)
    except OSError as error:
        path.unlink()
        raise _unwritable(path, error) from error
    return path


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"An export needs a file that can be written, and {path} cannot be: {error.strerror}. "
        "Give another folder."
    )


def to_markdown(manager: ConversationManager, conversation_id: str) -> str:
    """The active path for people to read. What was said is escaped: rendered, it reads as it was typed."""
    conversation = manager.get(conversation_id)
    names = {"user": "You", "bot": conversation.profile_name, "narrator": "Narrator"}
    begun = f"{conversation.created_at:%Y-%m-%d %H:%M} UTC"
    facts = f"with {conversation.profile_name}, model {conversation.model or 'unknown'}, {begun}"
    parts = [f"# {_escaped(one_line(conversation.title) or 'Untitled')}", f"*{_escaped(facts)}*"]
    for message in manager.path(conversation.id):
        notes = [] if message.state == "complete" else [message.state]
        notes += ["hidden from the model"] if message.hidden else []
        notes += (
            [f"alternative {message.position + 1} of {message.sibling_count}"]
            if message.sibling_count > 1
            else []
        )
        name = f"**{_escaped(one_line(names[message.role]))}**"
        parts.append(f"{name} *({', '.join(notes)})*" if notes else name)
        parts.append(_escaped(message.text))
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str) -> str:
    """Markdown that renders as exactly this text, line by line: no emphasis, link, list, heading or HTML."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n"))
    lines = [_line(line) for line in text.strip("\n").split("\n")]
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "\\\\\n", "\n".join(lines))  # a backslash keeps the line break


def _line(line: str) -> str:
    rest = line.strip()
    if not rest:
        return ""
    rest = re.sub(r"([\\`*_\[\]<>&|~$])", r"\\\1", rest)
    rest = re.sub(r"^([#+=-])", r"\\\1", rest)
    rest = re.sub(r"^(\d+)([.)])", r"\1\\\2", rest)
    return "&nbsp;" * (len(line) - len(line.lstrip())) + rest


def from_json(manager: ConversationManager, document: Mapping[str, Any]) -> Conversation:
    """Store the conversation of a document of `to_json`. RefusedValueError, with nothing stored, if not.

    It keeps its id unless another conversation has it: importing a document twice gives two conversations.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
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
    return manager.restore(conversation, messages)


def _conversation(fields: Mapping[str, Any], messages: list[Message]) -> Conversation:
    place = "the conversation"
    head = _field(fields, "head", place, int, optional=True)
    if head not in ({message.id for message in messages} or {None}):
        raise _refused(place, "head", "the number of one of the messages", head)
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
    )


def _messages(entries: list[Any]) -> list[Message]:
    """The messages, each after its parent, with numbers of their own, siblings counted from 0."""
    messages: dict[int, Message] = {}
    families: Counter[int | None] = Counter()
    for order, entry in enumerate(entries, start=1):
        place = f"message {order}"
        if not isinstance(entry, dict):
            raise _refused(place, "messages", "a list of objects", entry)
        message = _message(entry, place)
        if message.id in messages:
            raise _refused(place, "number", "a number of its own", message.id)
        if message.parent_id is not None and message.parent_id not in messages:
            raise _refused(place, "parent", "null or the number of an earlier message", message.parent_id)
        if message.position != families[message.parent_id]:
            rule = f"{families[message.parent_id]}, its place among the replies to the same message"
            raise _refused(place, "position", rule, message.position)
        families[message.parent_id] += 1
        messages[message.id] = message
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
    )


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
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _refused(place, name, "a time with its zone, like 2026-01-31T10:00:00+00:00", value)


def _refused(place: str, name: str, rule: str, value: object) -> RefusedValueError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return RefusedValueError(
        f"In an exported conversation, {name!r} must be {rule}; {place} has {shown}. "
        "Nothing was imported. Correct the file or export it again."
    )
