"""One line of a SillyTavern chat as messages that are alternatives of one another, and back.

The texts become messages. What is left of the line is kept in `extra` of these messages, so that the line can
be written again as it was. Under the key "sillytavern" stand:

    line   the line without its texts: `mes` and `swipes` are null, and `swipe_info` has only the entries that
           belong to no swipe; only in the message that it showed
    mes    how `mes` was written; likewise
    chosen true where `swipe_id` is the place of this swipe; likewise
    apart  true for a text of `mes` that is none of the swipes
    swipe  how this swipe was written, {} for a simple text; missing where the line has no swipes
    info   this swipe's entry in `swipe_info`

How a text was written: {} as a string, {"object": O} as O with the text as its "message", {"raw": V} as a
value V that holds no text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from storage.dates import iso, moment
from storage.foreign import Turn, Version
from storage.records import Message
from storage.values import one_line, storable

Json = dict[str, Any]
KEY = "sillytavern"
DETAILS = ("send_date", "gen_started", "gen_finished", "extra")  # of the one swipe that is shown
NARRATION = ("narrator", "comment")  # values of extra.type of lines that no character said


def is_turn(line: object) -> bool:
    """Whether the line says something; a header and anything else does not."""
    return isinstance(line, dict) and any(key in line for key in ("mes", "swipes", "name", "is_user"))


def read(line: Json, user_name: str = "") -> Turn:
    """The messages of a line. A line that does not say whose it is belongs to the user by this name.

    Programs other than SillyTavern write `is_user` as 1 or "true" too.
    """
    name = line.get("name")
    name = name if isinstance(name, str) else ""
    versions, active = _versions(line)
    whose = line.get("is_user")
    said = whose in (True, "true") if whose is not None else bool(user_name) and name == user_name
    details = line.get("extra")
    told = isinstance(details, dict) and details.get("type") in NARRATION
    role = "narrator" if told else "user" if said else "bot"
    return Turn(name, role, versions, active, hidden=line.get("is_system") is True)


def _versions(line: Json) -> tuple[list[Version], int]:
    text, shape = _unwrapped(line.get("mes"))
    time, swipes = moment(line.get("send_date")), line.get("swipes")
    rest = {key: None if key == "mes" else value for key, value in line.items()}
    shown: Json = {"line": rest, "mes": shape}
    if not isinstance(swipes, list) or not swipes:
        return [Version(text, time, {KEY: shown})], 0
    rest["swipes"], infos = None, line.get("swipe_info")
    if isinstance(infos, list):
        rest["swipe_info"] = infos[len(swipes) :]
    versions = [_swipe(item, infos, place, time) for place, item in enumerate(swipes)]
    chosen = line.get("swipe_id")
    active = chosen if type(chosen) is int and 0 <= chosen < len(swipes) else 0
    if "raw" not in shape and text != versions[active].text:
        return [*versions, Version(text, time, {KEY: shown | {"apart": True}})], len(versions)
    kept = (versions[active].extra or {}).get(KEY, {})
    versions[active] = replace(
        versions[active], extra={KEY: kept | shown | {"chosen": type(chosen) is int and chosen == active}}
    )
    return versions, active


def _swipe(item: Any, infos: Any, place: int, time: datetime | None) -> Version:
    text, shape = _unwrapped(item)
    kept: Json = {"swipe": shape}
    if isinstance(infos, list) and place < len(infos):
        kept["info"] = infos[place]
        if isinstance(infos[place], dict):
            time = moment(infos[place].get("send_date")) or time
    return Version(text, time, {KEY: kept})


def _unwrapped(value: Any) -> tuple[str, Json]:
    """The text of a value, and how it was written."""
    if isinstance(value, str):
        return storable(value), {}
    if isinstance(value, dict) and isinstance(value.get("message"), str):
        return storable(value["message"]), {"object": {**value, "message": None}}
    return str(value) if type(value) in (int, float) else "", {"raw": value}


def _wrapped(text: str, shape: object) -> Any:
    if isinstance(shape, dict) and "raw" in shape:
        return shape["raw"]
    if isinstance(shape, dict) and isinstance(shape.get("object"), dict):
        return {**shape["object"], "message": text}
    return text


def written(message: Message, family: Sequence[Message], name: str, model: str) -> Json:
    """The line that shows this message, its alternatives as swipes; `name` is the speaker's.

    What is not known of it yet is written as newer versions of SillyTavern do.
    """
    kept = _kept(message)
    line = _said_by(_own_line(kept) or _line_of_another(message, family, name, model), message, name)
    if (line.get("is_system") is True) != message.hidden:
        line["is_system"] = message.hidden
    if "mes" in line:
        line["mes"] = _wrapped(message.text, kept.get("mes"))
    if len(family) > 1 or "swipe" in kept:
        _put_swipes(line, message, family, model)
    elif kept.get("apart"):
        line.pop("swipes", None)  # they are gone
    return line


def _own_line(kept: Json) -> Json:
    """What is kept of the line that showed this message."""
    line = kept.get("line")
    return dict(line) if isinstance(line, dict) else {}


def _said_by(line: Json, message: Message, name: str) -> Json:
    """The line, with another speaker where the one that it names was corrected since."""
    turn = read(line)
    roles = {turn.role, read(line, turn.name).role}  # a line that does not say whose it is may be anybody's
    if message.role in roles and one_line(turn.name) in ("", name):
        return line
    extra = line.get("extra")
    extra = {key: value for key, value in extra.items() if key != "type"} if isinstance(extra, dict) else {}
    told = {"type": NARRATION[0]} if message.role == "narrator" else {}
    return {**line, "name": name, "is_user": message.role == "user", "extra": {**extra, **told}}


def _line_of_another(message: Message, family: Sequence[Message], name: str, model: str) -> Json:
    """A line for a message that none has shown yet, with what the line of its family says of them all."""
    lines = (line for other in family if (line := _own_line(_kept(other))))
    line = next(lines, {"name": name, "is_user": message.role == "user", "is_system": message.hidden})
    line = {key: value for key, value in line.items() if key not in (*DETAILS, "swipe_id")}
    info = _kept(message).get("info")
    details = _details(message, model) | (info if isinstance(info, dict) else {})
    extra = details["extra"] if isinstance(details["extra"], dict) else {}
    if message.role == "narrator" and extra.get("type") not in NARRATION:
        extra = {**extra, "type": NARRATION[0]}
    line |= {key: details[key] for key in DETAILS if key in details}
    return {**line, "mes": "", "extra": extra}


def _put_swipes(line: Json, message: Message, family: Sequence[Message], model: str) -> None:
    kept = _kept(message)
    listed = [other for other in family if other is not message or not kept.get("apart")]
    line["swipes"] = [_wrapped(other.text, _kept(other).get("swipe")) for other in listed]
    index = listed.index(message) if message in listed else 0
    if index or "line" not in kept or kept.get("chosen"):
        line["swipe_id"] = index  # else it stays as it was: missing, or the place of none of the swipes
    infos, foreign = line.get("swipe_info"), any("swipe" in _kept(other) for other in listed)
    if isinstance(infos, list):
        line["swipe_info"] = _infos(listed, model) + infos
    elif not foreign and "swipe_info" not in line:
        line["swipe_info"] = _infos(listed, model)


def _infos(listed: Sequence[Message], model: str) -> list[Any]:
    """An entry for each swipe; those at the end that had none have none again."""
    bare = [bool(kept := _kept(other)) and "info" not in kept for other in listed]
    while bare and bare[-1]:
        bare.pop()
    entries = []
    for other, _ in zip(listed, bare, strict=False):
        kept = _kept(other)
        entries.append(kept["info"] if "info" in kept else _details(other, model))
    return entries


def _details(message: Message, model: str) -> Json:
    """What SillyTavern says of every swipe."""
    extra: Json = {}
    if message.role == "bot" and not _kept(message):
        trace = message.generation or {}
        tokens = {"token_count": trace["tokens"]} if type(trace.get("tokens")) is int else {}
        extra = {"api": "chatbot", "model": model, **tokens}
    return {"send_date": iso(message.created_at), "extra": extra}


def _kept(message: Message) -> Json:
    kept = (message.extra or {}).get(KEY)
    return kept if isinstance(kept, dict) else {}
