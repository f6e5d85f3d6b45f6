"""Words for a character ("grumpy, secretly kind") and the aspects of attributes that they speak of."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

MOST = 3  # attributes that a text asks for: what a small model shows of many at once, each shows less
_WORDS = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
_NOT = {
    *("not", "never", "isn't", "isnt", "wasn't", "aren't", "don't", "dont", "used"),
    *("hardly", "without", "no", "less", "neither", "nor", "anything", "far", "hates", "dislikes", "afraid"),
}
_REACH = 2  # words behind such a word that it turns round
_OF_THINGS = {"of", "hair", "eyes", "teeth", "smile", "parents", "people", "men", "women"}  # "sharp teeth"
_PARTED = re.compile(
    r"\b(short|hot|quick|ill|hard|laid|level|easy|cold|kind|warm|good|open|narrow|absent|self)"
    r" (tempered|working|back|headed|going|hearted|natured|minded|centered|conscious)\b"
)


@cache
def lexicon() -> Mapping[str, Collection[tuple[str, str]]]:
    """Word -> the aspects that it speaks of, as (attribute, aspect)."""
    aspects = tomllib.loads(Path(__file__).with_name("traits.toml").read_text(encoding="utf-8"))
    found: dict[str, list[tuple[str, str]]] = {}
    for attribute, lists in aspects.items():
        for aspect, words in lists.items():
            for word in words.split():
                found.setdefault(word, []).append((attribute, aspect))
    return found


def aspects_in(texts: Iterable[str]) -> dict[str, str]:
    """Attribute -> aspect, for those of which the texts speak most; a word counts once.

    "Not shy" is no word for shyness, "a kind of" none for kindness. An attribute whose aspects have as many
    words each is left out: who is shy and loud is neither.
    """
    said: dict[str, None] = {}
    for text in texts:
        text = _PARTED.sub(r"\1-\2", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
        for piece in re.split(r"[,;.+\n]", text):
            words = _WORDS.findall(piece)
            for place, word in enumerate(words):
                turned_round = not _NOT.isdisjoint(words[max(place - _REACH, 0) : place])
                if not turned_round and _OF_THINGS.isdisjoint(words[place + 1 : place + 2]):
                    said[word] = None
    counts: dict[str, Counter[str]] = {}
    for word in said:
        for attribute, aspect in lexicon().get(word, ()):
            counts.setdefault(attribute, Counter())[aspect] += 1
    leads = {name: 2 * max(counted.values()) - counted.total() for name, counted in counts.items()}
    first = sorted((name for name, lead in leads.items() if lead > 0), key=lambda name: -leads[name])[:MOST]
    return {name: counts[name].most_common(1)[0][0] for name in first}
