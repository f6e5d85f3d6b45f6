"""What stands in a clause, made fit for a fact: names, places and things; None for what is none."""

from __future__ import annotations

import re

from chatbot.known_words import NOT_NAMES, NOT_THINGS

_BEFORE = "men women boys girls not being getting about there way bit all most more much lot"


def as_name(name: str) -> str | None:
    """A name with capitals; None when an ordinary word stands where a name could."""
    words = name.split()
    if any(word.lower().strip(".'") in NOT_NAMES for word in words) or len(words[0].strip(".'")) < 2:
        return None
    if len(words) > 1 and any(word.islower() for word in words):
        return None
    return " ".join(w[0].upper() + (w[1:].lower() if len(w) > 2 and w.isupper() else w[1:]) for w in words)


def as_place(place: str) -> str | None:
    """A place as it is written, its words with capitals when they are its name alone."""
    words = place.split()
    if any(char.isdigit() for char in place) or NOT_THINGS & set(place.lower().split()):
        return None
    if words[0].lower() in ("a", "an", "the", "my", "our", "one", "student", "two") or place != place.lower():
        return turned(place)
    small = ("of", "upon", "on", "by", "the", "and", "near", "with")
    return " ".join(w if w in small else w.capitalize() for w in words) if len(words) < 4 else None


def as_thing(thing: str) -> str | None:
    """What is liked; None for a pronoun and for what hangs on the moment."""
    words = thing.lower().split()
    if (
        NOT_THINGS & set(words)
        or words[0] in _BEFORE.split()
        or words[1:2] in (["way"], ["bit"], ["idea"], ["lot"])
    ):
        return None
    if words[-1] in ("the", "a", "an", "to", "of", "with", "for"):
        return None
    return thing


def turned(text: str) -> str:
    """The text with "my" and "our" turned; '' when it speaks of somebody else too."""
    if re.search(r"\b(?:you|your|me|us|mine)\b", text, re.I):
        return ""
    text = re.sub(r"\b(?:by myself|on my own)\b", "alone", text, flags=re.I)
    return re.sub(r"\b(?:my|our)\b", "their", text, flags=re.I)
