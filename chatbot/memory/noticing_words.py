"""What stands in a clause, made fit for a fact: names, places and things; None for what is none."""

from __future__ import annotations

import re

from chatbot.memory.known_words import NOT_NAMES, NOT_THINGS, THE_REGIONS

_BEFORE = "men women boys girls not being getting about there way bit all most more much lot"
_ACRONYM = re.compile(r"\b(?:uk|usa|uae|nyc|dc|^(?:la|sf)$|(?:(?<=the )|(?<=, ))us)\b", re.I)
_INITIAL = re.compile(r"^\w|(?<=-)\w|(?:(?<=^[od]')|(?<=^mc))\w(?=\w)")
_THE_REGION = re.compile(THE_REGIONS, re.I)
_SOMEBODY_ELSE = re.compile(
    r"\b(?:you|your|me|mine|(?<!the )(?<!, )us|ya|ur|y'?all)\b|(?<!\S)u(?!\S)", re.I
)  # "the US" is nobody, and the U-Bahn neither


def as_name(name: str) -> str | None:
    """A name with capitals; None when an ordinary word stands where a name could."""
    words = name.split()
    if any(word.lower().strip(".'") in NOT_NAMES for word in words) or len(words[0].strip(".'")) < 2:
        return None
    if words[-1].endswith("'s") or (len(words) > 1 and any(word.islower() for word in words)):
        return None
    return " ".join(map(_capital, words))


def _capital(word: str) -> str:
    """ "o'neill-smith" -> "O'Neill-Smith"; what has both cases stays so."""
    if word.islower() or (len(word) > 2 and word.isupper()):
        return _INITIAL.sub(lambda found: found[0].upper(), word.lower())
    return word[0].upper() + word[1:]


def as_place(place: str) -> str | None:
    """A place as it is written, its words with capitals when they are its name alone."""
    as_written = place != place.lower()
    place = _ACRONYM.sub(lambda found: found[0].upper(), place)
    words = place.split()
    if any(char.isdigit() for char in place) or NOT_THINGS & {
        w.lower().partition("'")[0] for w in words if w != "US"
    }:
        return None
    common = words[0].lower() in ("a", "an", "the", "my", "our", "one", "student", "two")
    if as_written or (common and not is_proper(place)):
        return turned(place)
    if len(place.split(",")[0].split()) > 3 and not is_proper(place):
        return None
    small = ("of", "upon", "on", "by", "the", "and", "near", "with")
    return " ".join(w if w in small or w.isupper() else w.capitalize() for w in words)


def is_proper(place: str) -> bool:
    """Whether a place has a name: "Leeds" and "the Netherlands", not "the kitchen"."""
    return place[0].isupper() or bool(_THE_REGION.fullmatch(place))


def as_thing(thing: str) -> str | None:
    """What is liked; None for a pronoun, for what hangs on the moment, and for "our chats"."""
    words = thing.lower().split()
    if (
        NOT_THINGS & {word.partition("'")[0] for word in words}
        or "our" in words
        or words[0] in _BEFORE.split()
        or words[1:2] in (["way"], ["bit"], ["idea"], ["lot"])
    ):
        return None
    if words[-1] in ("the", "a", "an", "to", "of", "with", "for"):
        return None
    return thing


def turned(text: str) -> str:
    """The text with "my" and "our" turned; '' when it speaks of somebody else too."""
    if _SOMEBODY_ELSE.search(text):
        return ""
    text = re.sub(r"\b(?:by myself|on my own)\b", "alone", text, flags=re.I)
    return re.sub(r"\b(?:my|our)\b", "their", text, flags=re.I)
