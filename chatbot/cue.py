"""The fact that a message asks for: the one that would answer it, by the matcher.

"Do you have a hobby?" has no word of "I carve little birds out of wood." But the matcher has learnt which
reply belongs to which message, and a fact in the first person is such a reply. A small decoder that reads
five facts mixes them up or says something common instead; so the words of the fact that is asked for gain a
bonus (docs/experiments.md, 20).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.model.reading import Reader
from chatbot.model.text import Context, Turn, new_words, words

NEAR = 8.0  # least score: a quarter of 700 held-out messages has such a fact, and most replies then say it


@dataclass(frozen=True)
class Cue:
    """A fact of a context, by its place there, and what the matcher gives it as a reply to the message."""

    place: int
    score: float
    words: tuple[str, ...] = ()  # of the fact, which the message does not have

    def answered(self, text: str) -> dict[str, Any]:
        """What a trace says of it: place and score, and whether the text has one of the words."""
        said = not {word.lower() for word in self.words}.isdisjoint(words(text))
        return {"place": self.place, "score": round(self.score, 2), "said": said}


def answering(reader: Reader, message: str, facts: Sequence[str]) -> dict[int, float]:
    """The places of the facts that answer a message, the best first, each with its score; empty for a model
    without matcher.

    What was said before is left out: what counts is the message.
    """
    asked = Context(turns=(Turn("user", message),))
    scores = (reader.matches([asked] * len(facts), facts) if facts else None) or ()
    found = [(score, -place) for place, score in enumerate(scores) if score >= NEAR]
    return {-place: score for score, place in sorted(found, reverse=True)}


def asked_fact(reader: Reader, context: Context) -> Cue | None:
    """The fact that the last turn asks for; None where it asks for none."""
    message = context.turns[-1].text
    for place, score in answering(reader, message, context.facts).items():
        return Cue(place, score, new_words(context.facts[place], message))
    return None
