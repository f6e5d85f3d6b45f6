"""Words that are words: which pieces may follow within a word that is spelled from several.

A small model that has to say a name it has never read ("Udo") begins it well and goes on with pieces of
others ("Udoie", "Puckdi"). So a word of several pieces has to be one of its language, or to stand in the
context; what is one piece of the vocabulary is a word already, but for the first letter or two of a name in
the context ("Ke" of "Kestrel"). Numbers are free.

For word-piece vocabularies, whose later pieces begin with "##". This module knows ids and words, no networks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chatbot.model.text import Codec
from chatbot.model.words import telling_words

Word = tuple[int, ...]


@dataclass(frozen=True)
class Words:
    """Words, as ids: what may follow the beginning of one, and which are whole."""

    after: Mapping[Word, frozenset[int]]
    whole: frozenset[Word]

    @classmethod
    def of(cls, words: Iterable[Sequence[int]]) -> Words:
        """From the ids of each word."""
        after: dict[Word, set[int]] = {}
        whole: set[Word] = set()
        for ids in map(tuple, words):
            whole.add(ids)
            for end in range(1, len(ids)):
                after.setdefault(ids[:end], set()).add(ids[end])
        return cls({begun: frozenset(ids) for begun, ids in after.items()}, frozenset(whole))


class Spelling:
    """Which ids would spell what is no word, for one codec and the words of a language."""

    def __init__(self, codec: Codec, language: Collection[str]) -> None:
        names = [codec.tokenizer.id_to_token(i) or "" for i in range(codec.size)]
        self._numeric = [any(letter.isdigit() for letter in name) for name in names]
        self._short = [name.isalpha() and len(name) < 3 and any(telling_words(name)) for name in names]
        self._later = torch.tensor([name.startswith("##") for name in names])
        self._language = Words.of(map(codec.encode, language))

    def words(self, ids: Iterable[int]) -> Words:
        """The words that stand in these ids."""
        found: list[list[int]] = []
        for i in ids:
            if found and bool(self._later[i]):
                found[-1].append(i)
            else:
                found.append([i])
        return Words.of(found)

    def refused(self, said: Sequence[int], own: Words) -> Tensor:
        """True (V,) for the ids that must not come after what was `said`, where the words of the language may
        be said, and those of the context, `own`."""
        begin = max((place for place, i in enumerate(said) if not self._later[i]), default=0)
        word = tuple(said[begin:])
        if any(self._numeric[i] for i in word):
            return torch.zeros_like(self._later)
        after = self._language.after.get(word, frozenset()) | own.after.get(word, frozenset())
        torn = len(word) == 1 and self._short[word[0]] and word in own.after
        whole = (len(word) < 2 and not torn) or word in self._language.whole or word in own.whole
        refused = self._later.clone() if whole or not after else torch.ones_like(self._later)
        refused[list(after)] = False
        return refused
