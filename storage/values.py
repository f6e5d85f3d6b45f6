"""What may be stored: text that a file can hold, titles that fit a line, JSON that every reader accepts."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from storage.errors import RefusedValueError

FORK = " (fork)"  # behind the title of a copy, so that a title still names one conversation
TITLE_LENGTH = 60  # characters of a title that is taken from the first message
GREETING_WORDS = {
    "hi", "hello", "hey", "heya", "hiya", "howdy", "yo", "sup", "greetings", "there", "again",
    "good", "morning", "afternoon", "evening", "day", "night",
}  # fmt: skip
_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """The text, with the halves of characters that undecodable input leaves behind replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    kept = (" " if unicodedata.category(letter) == "Cc" else letter for letter in storable(text))
    return " ".join("".join(kept).split())


def persona_called(profile_name: str, profile: Mapping[str, Any], extra: Mapping[str, Any] | None) -> str:
    """What the persona of a conversation is called: as in the chat that was imported, else as it displays
    itself, else by its name; "" for nothing of that."""
    named = ((extra or {}).get("character_name"), profile.get("display_name"), profile_name)
    return next((line for name in named if isinstance(name, str) and (line := one_line(name))), "")


def title_from(text: str) -> str:
    """A title for the conversation that begins with this message: its words, as many as fit."""
    line = one_line(text)
    if len(line) <= TITLE_LENGTH:
        return line
    start = line[:TITLE_LENGTH]  # one character is for the ellipsis
    words = start.rpartition(" ")[0] or start[:-1]
    return words.rstrip(" ,.;:-") + "…"


def taken_from(title: str, text: str) -> bool:
    """Whether this is the title that the message gave its conversation, or a fork of that."""
    return title.removesuffix(FORK) == title_from(text)


def is_greeting(text: str) -> bool:
    """Whether the text only says hello."""
    words = re.findall(r"\w+", text.casefold())
    return bool(words) and GREETING_WORDS.issuperset(words)


def plain_json(value: Any) -> Any:
    """The value as JSON keeps it: tuples become lists, and a number that is not finite becomes null."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {storable(str(key)): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return value


def one_of(kind: str, value: str, allowed: Collection[str]) -> str:
    """The value when it is allowed; else RefusedValueError with the near ones."""
    if value in allowed:
        return value
    near = get_close_matches(str(value), allowed, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise RefusedValueError(f"A {kind} is one of {', '.join(allowed)}, not {value!r}.{hint}")
