"""The lorebook: what a persona knows of its world, told to the model when its keys are spoken of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile
from unicodedata import normalize

from chatbot import persona
from chatbot.lore_keys import is_expression, pattern
from profiles import LoreEntry, Profile

BUDGET_WORDS = 60  # words of knowledge in one context; a small model sees few hundred in all
SCAN_DEPTH = 4  # messages that are searched for keys, from the last back
LONGEST_SCAN = 1_000  # characters of one message that are searched
MAX_WORK = 12_000_000  # steps that the regular expressions of one scan may take: half a second at most
MAX_FILLED = 300_000  # characters of keys, and of contents, whose macros a scan fills in: half a second each
_LETTERS_A_WORD = 6  # so that a text without spaces counts too


def lore(
    profile: Profile, texts: Sequence[str], user_name: str, *, chance: str = persona.RUN
) -> tuple[str, ...]:
    """What the profile's lorebook has to say after these messages (oldest first), with macros filled in."""
    if not profile.lorebook:
        return ()

    def spoken(text: str) -> str:
        return persona.spoken(text, profile, user_name, chance)

    def entries() -> Iterable[LoreEntry]:
        room = MAX_FILLED
        for entry in profile.lorebook:
            keys = (*entry.keys, *entry.secondary_keys)
            size = sum(map(len, keys)) if any("{{" in key or "<" in key for key in keys) else 0
            if 0 < size <= room:
                room -= size
                first, second = tuple(map(spoken, entry.keys)), tuple(map(spoken, entry.secondary_keys))
                entry = entry.model_copy(update={"keys": first, "secondary_keys": second})
            yield entry

    found = (" ".join(text.split()) for text in active(entries(), texts, BUDGET_WORDS, spoken))
    return tuple(text for text in found if text)


def active(
    entries: Iterable[LoreEntry], texts: Sequence[str], budget_words: int, spoken: Callable[[str], str] = str
) -> list[str]:
    """What is `spoken` of the entries that the last texts call up, in insertion order, within the budget.

    Where there is no room for all, those of higher priority come first; of the last one only whole sentences
    that fit are taken.
    """
    scan = _Scan(texts)
    called = [(place, entry) for place, entry in enumerate(entries) if entry.enabled and scan.calls(entry)]
    called.sort(key=lambda found: (-found[1].priority, not found[1].constant, found[1].order, found[0]))
    kept: list[tuple[float, int, str]] = []
    room = MAX_FILLED
    for place, entry in called:
        text = _told(entry.content)
        room -= len(text)
        if text := _fitting(spoken(text) if room >= 0 else text, budget_words, first=not kept):
            kept.append((entry.order, place, text))
            budget_words -= _words(text)
    return [text for _, _, text in sorted(kept)]


class _Scan:
    """The texts in which keys are searched, and how much work is left for regular expressions."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.exact = "\n".join(text[-LONGEST_SCAN:] for text in texts[-SCAN_DEPTH:])
        self.plain = _plain(self.exact)
        self.folded = self.plain.casefold()
        self.work = MAX_WORK

    def calls(self, entry: LoreEntry) -> bool:
        """Whether the entry is to be told."""
        orders = _decorators(entry.content)
        if "dont_activate" in orders:
            return False
        if entry.constant or "activate" in orders:
            return True
        if entry.use_regex:
            return any(self._matches(key, entry.case_sensitive) for key in entry.keys)
        first, second = entry.keys, entry.secondary_keys
        if not second or not any(self._has(first, entry)):
            return any(self._has(first, entry))
        some = any if entry.secondary in ("any", "none") else all
        return some(self._has(second, entry)) == (entry.secondary in ("any", "all"))

    def _has(self, keys: Iterable[str], entry: LoreEntry) -> Iterator[bool]:
        """Of each key whether it is spoken of."""
        return (self._says(key.strip(), entry.case_sensitive) for key in keys if key.strip())

    def _says(self, key: str, case_sensitive: bool) -> bool:
        if is_expression(key):
            return self._matches(key, case_sensitive)
        key = _plain(key)
        return key in self.plain if case_sensitive else key.casefold() in self.folded

    def _matches(self, key: str, case_sensitive: bool) -> bool:
        found = pattern(key, case_sensitive)
        if found is None:
            return False
        self.work -= found.cost * len(self.exact)
        return self.work >= 0 and found.expression.search(self.exact) is not None


def _plain(text: str) -> str:
    """The text as a keyboard writes it: cards have curly apostrophes, and some systems take accents apart."""
    return normalize("NFC", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _decorators(content: str) -> set[str]:
    """The names of the @@orders at the head of a content."""
    if not content.startswith("@@"):
        return set()
    lines = takewhile(lambda line: line.startswith("@@"), content.split("\n"))
    return {line[2:].split(maxsplit=1)[0] for line in lines if line[2:].strip()}


def _told(content: str) -> str:
    """The content without its @@orders."""
    return "\n".join(dropwhile(lambda line: line.startswith("@@"), content.split("\n"))).strip()


def _fitting(text: str, words: int, *, first: bool) -> str:
    """The text, or of a longer one the first sentences within the budget; '' when there are none.

    The first entry says at least its first words: some have no sentences, only lists.
    """
    fitting = persona.first_sentences(text, lambda said: _words(said) <= words)
    if fitting or not first:
        return fitting
    return persona.opening(" ".join(text.split()[:words]), words * _LETTERS_A_WORD)


def _words(text: str) -> int:
    return max(len(text.split()), len(text) // _LETTERS_A_WORD)
