"""Chats of SillyTavern: one JSON object a line, a header first, or in old group chats none.

Read is every dialect, also as one JSON list, written the newest, and what was read is written again as it
was, key by key: see `storage/sillytavern_turn.py` for the lines. A line that is no JSON is counted and left
out; it never costs the chat. Of the tree of a conversation a file holds one path with the alternatives
beside it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import Any

from storage import sillytavern_turn
from storage.branches import Tree
from storage.dates import moment
from storage.errors import RefusedValueError
from storage.foreign import Origin, Reading, Turn, assembled, bounded
from storage.records import Message
from storage.sillytavern_turn import KEY
from storage.strict_json import parsed
from storage.values import storable

FORM = "sillytavern"
HEADER_KEYS = ("user_name", "character_name", "chat_metadata")
DIRECTED = {"note": "note_prompt", "scenario": "scenario"}  # in `extra` here, in `chat_metadata` there
DEPTH = 64  # of a line: kept in a message, it must still fit into a JSON export
UNUSED = "unused"  # the name in headers that leave names to the messages
_DATED = re.compile(r"(.*) - \d{4}-\d{1,2}-\d{1,2} ?@.*")  # a file that nobody gave a name to
_BOM = b"\xef\xbb\xbf"


def is_chat(data: bytes) -> bool:
    """Whether one of the first lines is a line of such a chat."""
    first = islice(_values(data), 20)
    return any(_is_header(value) or (isinstance(value, dict) and "mes" in value) for _, value in first)


def read(data: bytes, origin: Origin) -> Reading:
    """The chat in the bytes of a file; RefusedValueError when no line of it says anything."""
    header, lines, lost = _lines(data)
    if not lines:
        raise RefusedValueError(
            "A SillyTavern chat has one JSON object a line, with what was said as its 'mes', and this file "
            f"has none ({len(lost)} lines cannot be read). Nothing was imported. Give a .jsonl file from the "
            "folder 'chats' or 'group chats'."
        )
    known = header or {}
    user = _named(known.get("user_name"))
    turns = [sillytavern_turn.read(line, origin.user or user) for line in lines]
    names = Origin(
        title="" if _DATED.fullmatch(origin.title) else origin.title,
        user=origin.user or _of_user(turns) or user,
        character=origin.character or _of_character(turns, _named(known.get("character_name"))),
        now=origin.now,
    )
    begun = moment(known.get("create_date"))
    extra = {KEY: {"header": header}, **_directed(known)}
    conversation, messages = assembled(turns, names, begun, extra)
    return Reading(FORM, conversation, messages, _warnings(lost), len(lost))


def _lines(data: bytes) -> tuple[dict[str, Any] | None, list[dict[str, Any]], list[int]]:
    """The header, the lines that say something, and the numbers of those that cannot be read."""
    header, lines, lost = None, [], []
    first, messages = True, 0
    for number, value in _values(data):
        if first and _is_header(value):
            header = value
        elif sillytavern_turn.is_turn(value):
            lines.append(value)
            swipes = value.get("swipes")
            messages += max(len(swipes), 1) if isinstance(swipes, list) else 1
            bounded(messages)
        else:
            lost.append(number)
        first = False
    return header, lines, lost


def _values(data: bytes) -> Iterator[tuple[int, Any]]:
    """The lines by their numbers, or what stands in the list that is the whole file."""
    data = data.removeprefix(_BOM)
    whole = _value(data, DEPTH + 1) if data.lstrip().startswith(b"[") else None
    if isinstance(whole, list):
        return enumerate(whole, start=1)
    return ((number, _value(row)) for number, row in enumerate(BytesIO(data), start=1) if row.strip())


def _value(row: bytes, depth: int = DEPTH) -> Any:
    """The JSON value of a line; None when there is none (a file may break off within a letter)."""
    try:
        return parsed(row.decode("utf-8"), depth, dict)
    except ValueError:
        return None


def _is_header(value: object) -> bool:
    return isinstance(value, dict) and "mes" not in value and any(key in value for key in HEADER_KEYS)


def _warnings(lost: Sequence[int]) -> tuple[str, ...]:
    if not lost:
        return ()
    shown = ", ".join(map(str, lost[:10])) + (", ..." if len(lost) > 10 else "")
    which = f"Line {shown} is" if len(lost) == 1 else f"{len(lost)} lines ({shown}) are"
    return (f"{which} no message that can be read and left out; everything else is there.",)


def _of_user(turns: Sequence[Turn]) -> str:
    return next((turn.name for turn in turns if turn.role == "user" and turn.name.strip()), "")


def _of_character(turns: Sequence[Turn], announced: str) -> str:
    """The name that the header announces if it speaks, else the one that speaks most often."""
    named = [turn for turn in turns if turn.role == "bot" and turn.name.strip()]
    spoken = Counter(turn.name for turn in named if not turn.hidden) or Counter(turn.name for turn in named)
    return announced if announced in spoken or not spoken else spoken.most_common(1)[0][0]


def _named(name: object) -> str:
    return name if isinstance(name, str) and name != UNUSED else ""


def write(tree: Tree, ascii_only: bool = False) -> str:
    """The active path as a chat file. Like those of SillyTavern it does not end with a line break."""
    return _text(_header(tree), tree, tree.path(), ascii_only=ascii_only)


def write_branches(tree: Tree, stem: str) -> dict[str, str]:
    """Files that hold every message, by their names: the active path, and its branches that name it."""
    files = {stem: write(tree)}
    for number, path in enumerate(tree.branches()[1:], start=1):
        header = _header(tree) or _new_header()
        about = {**_about(header), "main_chat": stem}
        files[f"{stem} - Branch {number}"] = _text(header | {"chat_metadata": about}, tree, path)
    return files


def _text(
    header: dict[str, Any] | None, tree: Tree, path: Sequence[Message], *, ascii_only: bool = False
) -> str:
    names, model = tree.names, tree.conversation.model
    lines = [] if header is None else [header]
    for message in path:
        family = tree.alternatives(message)
        lines.append(sillytavern_turn.written(message, family, names.of(message), model))
    return "\n".join(json.dumps(line, ensure_ascii=ascii_only) for line in lines)


def _header(tree: Tree) -> dict[str, Any] | None:
    """The header that was read (None: there was none), or that of a new chat, with the note and the scenario
    of today."""
    extra = tree.conversation.extra or {}
    kept = extra.get(KEY)
    header = kept["header"] if isinstance(kept, dict) and "header" in kept else _new_header()
    header = dict(header) if isinstance(header, dict) else None
    read, now = _directed(header or {}), {what: extra.get(what) for what in DIRECTED}
    changed = {what: text if isinstance(text, str) else "" for what, text in now.items()}
    changed = {what: text for what, text in changed.items() if text != read.get(what, "")}
    if not changed:
        return header
    header = header or _new_header()
    told = {DIRECTED[what]: text for what, text in changed.items()}
    on = {"note_interval": 1} if changed.get("note") and _about(header).get("note_interval") == 0 else {}
    return {**header, "chat_metadata": {**_about(header), **told, **on}}


def _directed(header: dict[str, Any]) -> dict[str, str]:
    """The note and the scenario that a header tells the model; a note with the interval 0 is switched off."""
    about = _about(header)
    off = {"note"} if about.get("note_interval") == 0 else set()
    texts = {what: about.get(key) for what, key in DIRECTED.items() if what not in off}
    return {what: storable(text) for what, text in texts.items() if isinstance(text, str) and text.strip()}


def _about(header: dict[str, Any]) -> dict[str, Any]:
    about = header.get("chat_metadata")
    return about if isinstance(about, dict) else {}


def _new_header() -> dict[str, Any]:
    """Of the newest dialect. Without a `user_name` SillyTavern would refuse the file."""
    return {"chat_metadata": {}, "user_name": UNUSED, "character_name": UNUSED}
