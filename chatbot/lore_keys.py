"""The keys of lorebook entries: words, and regular expressions that cannot take long.

A card comes from anywhere, and a regular expression from anywhere may search for hours. So keys are read by
a grammar of their own: letters, classes, groups, alternatives, and repeats that do not nest. Endless repeats
get an end, which bounds the ways in which a text can be tried: the pattern's cost. What does not fit, or
costs too much, matches nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST_PATTERN = 200  # characters
ENDLESS = 50  # how often * and + repeat at most
MAX_COST = 10_000  # ways to try a pattern at one place of a text
_CLASS = re.compile(r"\[\^?(?:\\[^0-9]|[^\]\[\\&|~-]|-(?!-))+\]")  # without sets within sets
_REPEAT = re.compile(r"[*+?]|\{(\d{1,3})(,)?(\d{1,3})?\}")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "g": re.NOFLAG, "u": re.NOFLAG}
_SLASHES = re.compile(r"/(.+)/([a-z]*)", re.DOTALL)
_WRITTEN = re.compile(r"/(?:[^/\\]|\\.)+/[gimsuy]*", re.DOTALL)  # as SillyTavern tells one from a text


class RefusedError(ValueError):
    """The pattern is outside of the grammar."""


@dataclass(frozen=True)
class Pattern:
    """A regular expression and in how many ways it may be tried at each place of a text."""

    expression: re.Pattern[str]
    cost: int


def is_expression(key: str) -> bool:
    """Whether the key is written as a regular expression: /so/i, while /r/cats is a text."""
    return _WRITTEN.fullmatch(key) is not None


@lru_cache(maxsize=8192)
def pattern(key: str, case_sensitive: bool) -> Pattern | None:
    """The key as a regular expression, /with flags/i or bare; None when it is refused or is none."""
    flags = re.NOFLAG if case_sensitive else re.IGNORECASE
    if slashes := _SLASHES.fullmatch(key):
        key, letters = slashes[1].replace("\\/", "/"), slashes[2]
        if not set(letters) <= set(_FLAGS):
            return None
        flags = re.NOFLAG
        for letter in letters:
            flags |= _FLAGS[letter]
    if len(key) > LONGEST_PATTERN:
        return None
    try:
        reader = _Reader(key)
        written, cost = reader.alternatives()
        if reader.place < len(key) or cost > MAX_COST:
            return None
        return Pattern(re.compile(written, flags), cost)
    except (RefusedError, re.error, OverflowError):
        return None


class _Reader:
    """Reads a pattern from left to right and gives it back bounded, with its cost."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0

    def alternatives(self) -> tuple[str, int]:
        written, cost = self._sequence()
        while self._next("|"):
            more, ways = self._sequence()
            written, cost = f"{written}|{more}", cost + ways
        return written, cost

    def _sequence(self) -> tuple[str, int]:
        written, cost = "", 1
        while self.place < len(self.text) and self.text[self.place] not in "|)":
            more, ways = self._repeated()
            written, cost = written + more, cost * ways
            if cost > MAX_COST:
                raise RefusedError
        return written, cost

    def _repeated(self) -> tuple[str, int]:
        written, cost = self._one()
        found = _REPEAT.match(self.text, self.place)
        if found is None:
            return written, cost
        least, most = _bounds(found)
        if least > most or (most > 1 and cost > 1):
            raise RefusedError
        self.place = found.end()
        lazy = "?" if self._next("?") else ""
        if _REPEAT.match(self.text, self.place):
            raise RefusedError
        return f"{written}{{{least},{most}}}{lazy}", cost + most - least

    def _one(self) -> tuple[str, int]:
        """A letter, an escape, a class or a group."""
        if self._next("("):
            if self.text.startswith("?", self.place) and not self._next("?:"):
                raise RefusedError
            written, cost = self.alternatives()
            if not self._next(")"):
                raise RefusedError
            return f"(?:{written})", cost
        if found := _CLASS.match(self.text, self.place):
            self.place = found.end()
            return found[0], 1
        letter = self.text[self.place]
        self.place += 1
        if letter == "\\" and self.place < len(self.text):
            letter = self.text[self.place]
            self.place += 1
            if letter.isalnum() and letter not in "bBdDsSwWnt":
                raise RefusedError
            return f"\\{letter}", 1
        if letter in "\\[*+?":
            raise RefusedError
        return (letter if letter in ".^$" else re.escape(letter)), 1

    def _next(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.place)
        self.place += len(mark) if found else 0
        return found


def _bounds(repeat: re.Match[str]) -> tuple[int, int]:
    """How often at least and at most."""
    if not repeat[1]:
        return (1 if repeat[0] == "+" else 0), (1 if repeat[0] == "?" else ENDLESS)
    least = int(repeat[1])
    return least, (int(repeat[3]) if repeat[3] else max(least, ENDLESS) if repeat[2] else least)
