"""The fact that a message asks for: the one that would answer it, by the matcher.

"Do you have a hobby?" has no word of "I carve little birds out of wood." But the matcher has learnt which
reply belongs to which message, and a fact in the first person is such a reply. A small decoder that reads
five facts mixes them up or says something common instead; so the words of the fact that is asked for gain a
bonus (docs/experiments.md, 20).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chatbot.model.reading import Reader
from chatbot.model.text import Context, new_words, words

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


def asked_fact(reader: Reader, context: Context) -> Cue | None:
    """The fact that the last turn asks for; None where it asks for none, and for a model without matcher.

    The older turns are left out: what counts is the message.
    """
    message = Context(turns=context.turns[-1:])
    scores = reader.matches([message] * len(context.facts), context.facts) if context.facts else None
    if not scores:
        return None
    place = max(range(len(scores)), key=scores.__getitem__)
    if scores[place] < NEAR:
        return None
    return Cue(place, scores[place], new_words(context.facts[place], context.turns[-1].text))
