"""The macros of character cards: {{char}}, {{random:a,b}} and others, filled in when a text is used.

A text is read once. What is put in, a name or a draw, is never read as a macro again; what is no known macro
stays as it is. Draws depend on `chance`, the text and the place in it alone: {{pick}} is the same for ever,
{{random}} and {{roll}} are the same wherever `chance` is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha512

DEEPEST = 10  # macros within macros
MAX_SEED = 1_000_000  # characters that seed the draws of one text, where several draw
_MARK = re.compile(r"\{\{(?!\{)|\}\}|<(?:char|bot|user)>", re.IGNORECASE)
_HEAD = re.compile(r"\s*(?://|(\w+)\s*(:|\Z))")
_COMMA = re.compile(r"\{\{(?!\{)|(?<!\\),")  # or what begins a macro among the choices
_COLONS = re.compile(r"\{\{(?!\{)|::")
_DIE = re.compile(r"\s*d?([1-9]\d{0,8})\s*", re.IGNORECASE)
_SILENT = ("comment", "hidden_key")
_DRAWS = ("random", "pick")
_BY_CHANCE = re.compile(r"\{\{\s*(?:random|roll)\s*:", re.IGNORECASE)


def filled(text: str, names: Mapping[str, str], chance: str) -> str:
    """The text with its macros filled in; `names` has "char" and "user"."""
    if "{{" not in text and "<" not in text:
        return text
    return _Reader(text, {**names, "bot": names["char"]}, chance).read(0, len(text), 0)


def draws(text: str) -> bool:
    """Whether the text may say something else where `chance` is another one."""
    return bool(_BY_CHANCE.search(text))


class _Reader:
    def __init__(self, text: str, names: Mapping[str, str], chance: str) -> None:
        self.text, self.names, self.chance = text, names, chance
        self.ends = _pairs(text)

    def read(self, start: int, end: int, depth: int) -> str:
        """What the text from `start` to `end` says."""
        parts: list[str] = []
        place = start
        while mark := _MARK.search(self.text, place, end):
            parts.append(self.text[place : mark.start()])
            said, place = mark[0], mark.end()
            if mark[0][0] == "<":
                said = self.names[mark[0][1:-1].lower()]
            elif mark.start() in self.ends and depth < DEEPEST:
                close = self.ends[mark.start()]
                meaning = self._macro(mark.end(), close, depth + 1) if close <= end - 2 else None
                if meaning is not None:
                    said, place = meaning, close + 2
            parts.append(said)
        return "".join((*parts, self.text[place:end]))

    def _macro(self, start: int, end: int, depth: int) -> str | None:
        """What the macro between these braces stands for; None for an unknown one."""
        head = _HEAD.match(self.text, start, end)
        if head is None:
            return None
        if head[1] is None:
            return ""
        name, begin = head[1].lower(), head.end()
        if not head[2]:
            return self.names.get(name)
        if name in _SILENT:
            return ""
        if name == "reverse":
            return self.read(begin, end, depth)[::-1]
        if name in _DRAWS:
            return self._draw(begin, end, depth, "" if name == "pick" else self.chance)
        die = _DIE.fullmatch(self.text, begin, end) if name == "roll" else None
        return str(self._source(begin, self.chance).randint(1, int(die[1]))) if die else None

    def _draw(self, start: int, end: int, depth: int, chance: str) -> str:
        """One of the choices between commas, or between double colons where one stands first."""
        colons = self.text.startswith(":", start, end)
        start += colons
        choices = self._choices(start, end, _COLONS if colons else _COMMA)
        first, last = choices[self._source(start, chance).randrange(len(choices))]
        return self.read(first, last, depth).strip().replace("\\,", ",")

    def _choices(self, start: int, end: int, cut: re.Pattern[str]) -> list[tuple[int, int]]:
        """Where each choice begins and ends; what stands within a macro of its own cuts nothing."""
        choices: list[tuple[int, int]] = []
        first = place = start
        while mark := cut.search(self.text, place, end):
            if mark[0] == "{{":
                place = self.ends.get(mark.start(), mark.end())
            else:
                choices.append((first, mark.start()))
                first = place = mark.end()
        return [*choices, (first, end)]

    def _source(self, place: int, chance: str) -> random.Random:
        return random.Random(f"{chance}\0{place}\0{self._seed}")

    @cached_property
    def _seed(self) -> str:
        """The text, or its digest: a source reads its whole seed, and a long text may draw often."""
        short = len(self.text) * (len(self.ends) - 1) <= MAX_SEED
        return self.text if short else sha512(self.text.encode()).hexdigest()


def _pairs(text: str) -> dict[int, int]:
    """Where each {{ stands -> where the }} that closes it does."""
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for mark in _MARK.finditer(text):
        if mark[0] == "{{":
            opened.append(mark.start())
        elif mark[0] == "}}" and opened:
            pairs[opened.pop()] = mark.start()
    return pairs
