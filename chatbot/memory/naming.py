"""Which words of a text are names of people and places: found by their capitals, in plain English only.

    list(named("I met Ada Lovelace in Leeds. Yesterday Rex barked."))
    -> [("Ada Lovelace", False), ("Leeds", True), ("Rex", False)]      # the second: it looks like a place

Inside a sentence every word with a capital is a name, unless English always writes it so. Where a sentence
begins, and in a text that gives most words a capital, only a word that is no English word is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from chatbot.memory.known_words import BIG, OPENERS, TITLES

# What the written corpus (chatbot/train/data) writes with a small letter twice at least, and not for the most
# part with a capital.
ENGLISH = Path(__file__).with_name("english_words.txt")

_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’-](?=[^\W\d_]))*")
_POSSESSIVE = re.compile(r"['’]s?$", re.I)
_OPENING = re.compile(
    r"(?:^|[.!?…:;\n\"“”«»(\[*_~—–]|(?<!\w)['‘’]|[.!?…]['’\")\]]*|^\s*[->#•])[ \t]*$"
)  # what stands before the first word of a sentence
_ABBREVIATED = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|mt)\.\s*$", re.I)
_JOINED = re.compile(r"(?: |-)(?:(?:de|da|di|du|del|der|den|la|le|van|von|of|bin|al|el|upon)(?: |-))*")
_PLACE = re.compile(
    r"\b(?:in|near|around|across|outside|visit(?:s|ed|ing)?|"
    r"(?:liv(?:e|es|ed|ing)|born|mov(?:e|es|ed|ing)|travel(?:s|led|ling)?|went|go|goes|going|gone|fl(?:y|ew|ying)|"
    r"driv(?:e|es|ing)|drove|trip|train|bus|flight|road|way|back|city|town|village|north|south|east|west|"
    r"come|comes|came|coming) (?:to|in|at|from|of|for))(?: the)? $",
    re.I,
)
_REACH = 24  # characters before a word that are looked at


def named(text: str) -> Iterator[tuple[str, bool]]:
    """The names in a text in their order, each with whether it looks like a place."""
    words = list(_WORD.finditer(text))
    usual = [word[0][0].isupper() for word in words if len(word[0]) > 1 and english(word[0])]
    shouted = sum(usual) * 3 > len(usual) * 2 > 4
    run: list[re.Match[str]] = []
    for word in words:
        if not _is_name(text, word, shouted):
            continue
        if run and not _JOINED.fullmatch(text, run[-1].end(), word.start()):
            yield _whole(text, run)
            run = []
        run.append(word)
    if run:
        yield _whole(text, run)


def english(word: str) -> bool:
    """Whether a word or what it comes from is written small in English."""
    parts = word.casefold().replace("’", "'").split("-")
    return all(any(form in small_words() for form in _forms(part)) for part in parts)


def _is_name(text: str, word: re.Match[str], shouted: bool) -> bool:
    bare = _POSSESSIVE.sub("", word[0])
    plain = {bare.casefold(), bare.casefold().removesuffix("s")}  # Mondays too
    if len(bare) < 2 or bare.isupper() or not bare[0].isupper() or plain & (BIG | TITLES):
        return False
    before = text[max(0, word.start() - _REACH) : word.start()]
    opening = _OPENING.search(before) and not _ABBREVIATED.search(before)
    return not ((opening or shouted or "'" in bare or "’" in bare) and english(bare))


def _whole(text: str, run: list[re.Match[str]]) -> tuple[str, bool]:
    start, name = run[0].start(), text[run[0].start() : run[-1].end()]
    return _POSSESSIVE.sub("", name), _PLACE.search(text, max(0, start - 3 * _REACH), start) is not None


@cache
def small_words() -> frozenset[str]:
    """The words that English writes small; `english` knows their other forms."""
    return OPENERS.union(ENGLISH.read_text(encoding="utf-8").split())


def _forms(word: str) -> Iterator[str]:
    yield word
    for ending in ("'s", "s", "es", "d", "ed", "ing", "ly", "er", "est", "y"):
        if word.endswith(ending):
            yield word.removesuffix(ending)
    if word.endswith("ies"):
        yield f"{word[:-3]}y"
    if word.endswith("ing"):
        yield f"{word[:-3]}e"
