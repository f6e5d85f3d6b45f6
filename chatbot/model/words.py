"""The words of texts: which of them tell something, which are new or worn, and the names that tokens lose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from unicodedata import combining, normalize

from chatbot.model.text import Context
from chatbot.model.typesetting import PLAIN

_WORD = re.compile(r"\w+", re.UNICODE)
_INNER_CAPITAL = re.compile(r"[A-Z][a-z]+[A-Z][a-z]+")
_LITTLE = """
    a an the i me my you we us our he him his she her it its they who that this is am are was be been do did
    does has had have can may will let get got go no not nor yes oh ok hi so too yet now and but or if as at
    by for from in of off on out to up with how why what when all any one two own old new see say than then
    there don can called mostly s t d m ll re ve
"""
_LITTLE_WORDS = frozenset(_LITTLE.split())  # short words that tell nothing by themselves


def words(text: str) -> Iterator[str]:
    """Lower-cased words of a text, for counting."""
    return (match.group().lower() for match in _WORD.finditer(text))


def telling_words(text: str) -> Iterator[str]:
    """Lower-cased words of a text less the little ones, that may come again at any time."""
    return (word for word in words(text) if word not in _LITTLE_WORDS)


def own_forms(context: Context) -> dict[str, str]:
    """The names that tokens lose, by what is left of them: "Zoe" -> "Zoë", "Mckenzie" -> "McKenzie"."""
    forms: dict[str, str] = {}
    for text in (*context.facts, *(turn.text for turn in context.turns)):
        for word in _WORD.findall(normalize("NFC", text)):
            if _INNER_CAPITAL.fullmatch(word) or (word.istitle() and not word.isascii()):
                bare = "".join(c for c in normalize("NFD", word.translate(PLAIN)) if not combining(c))
                forms[bare.capitalize()] = word
    return forms


def new_words(fact: str, message: str) -> tuple[str, ...]:
    """The telling words of a fact, as it spells them, that the message does not have."""
    told = set(words(message)) | _LITTLE_WORDS
    return tuple(dict.fromkeys(word for word in _WORD.findall(fact) if word.lower() not in told))


def worn_words(context: Context, asked: Collection[str] = ()) -> set[str]:
    """The telling words that the persona has said before, words of its facts when it has said them in two
    lines; but for those of the message that it answers, and of the fact that this one asks for (`asked`)."""
    lines = [set(telling_words(turn.text)) for turn in context.turns if turn.role == "bot"]
    said = Counter(word for line in lines for word in line)
    own = {word for fact in context.facts for word in words(fact)}
    free = {word for text in (*asked, *(turn.text for turn in context.turns[-1:])) for word in words(text)}
    return {word for word, times in said.items() if word not in free and (times > 1 or word not in own)}
