"""Names of profiles: safe as file names on every system, and never two that differ only in case."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from itertools import dropwhile

from profiles.errors import ProfileNameError

MAX_LENGTH = 48  # characters; at most 192 bytes in UTF-8, so a suffix still fits into a file name
RULE = f"A profile name is 1 to {MAX_LENGTH} letters, digits, '-' or '_', and starts with a letter or a digit"
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)  # Windows opens these as devices


def checked_name(name: str) -> str:
    """The name in its canonical Unicode form (NFC); raises ProfileNameError with the rule."""
    name = unicodedata.normalize("NFC", name)
    if not 1 <= len(name) <= MAX_LENGTH or not _begins(name[0]) or not all(map(_allowed, name)):
        raise ProfileNameError(f"{RULE}, not {shortened(name)}. {_proposal(name)}")
    if _DEVICES.fullmatch(name):
        raise ProfileNameError(f"Windows keeps the name {name!r} for a device. Try '{name}-persona'.")
    return name


def folded(name: str) -> str:
    """The form in which two names are compared: some file systems see no case, some change the accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def slug(title: str) -> str:
    """A valid name close to a free title: 'Captain Ahab' -> 'Captain-Ahab'; '' when nothing is left."""
    kept = (c if _allowed(c) else "-" for c in unicodedata.normalize("NFC", title))
    name = "".join(dropwhile(lambda c: not _begins(c), re.sub(r"-{2,}", "-", "".join(kept))))
    name = name[:MAX_LENGTH].rstrip("-_")
    return f"{name}-persona" if _DEVICES.fullmatch(name) else name


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean 'a' or 'b'?', or '' when nothing is near."""
    by_fold = {folded(candidate): candidate for candidate in known}
    found = [by_fold[match] for match in difflib.get_close_matches(folded(name), by_fold, n=2)]
    return f" Did you mean {' or '.join(map(repr, found))}?" if found else ""


def is_unicode(text: str) -> bool:
    """Whether a file can hold the text: half of a surrogate pair is no character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shortened(value: object) -> str:
    """The value as a message shows it: one line, escaped, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _begins(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "L" or category == "Nd"  # of numbers only plain digits: Windows reserves COM¹ too


def _allowed(character: str) -> bool:
    # Marks (M) belong to letters in many scripts.
    return _begins(character) or unicodedata.category(character)[0] == "M" or character in "-_"


def _proposal(name: str) -> str:
    proposal = slug(name)
    return f"Try {proposal!r}." if proposal else "Try 'my-persona'."
