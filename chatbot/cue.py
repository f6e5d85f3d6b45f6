"""The fact that a message asks for: the one that would answer it, by the matcher.

"Do you have a hobby?" has no word of "I carve little birds out of wood." But the matcher has learnt which
reply belongs to which message, and a fact in the first person is such a reply. A small decoder that reads
five facts mixes them up or says something common instead; so the words of the fact that is asked for gain a
bonus (docs/experiments.md, 20). But only where the line asks: to "i cannot come to your concert" that the
queens were three is no answer, near as it is. And who asks for the whole of it ("tell me about yourself")
asks for the fact that says what it is, not for the one that happens to lie nearest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.model.reading import Reader
from chatbot.model.text import Context, Turn, new_words, words

NEAR = 8.0  # least score: of held-out lines that ask, and have such a fact, two thirds of the replies say it

# A mark, or the English order of words where people leave it out. "What a day", "how nice" and "when i was
# small" only begin like questions.
_ASKS = re.compile(
    r"""[?\N{ARABIC QUESTION MARK}\N{FULLWIDTH QUESTION MARK}\N{GREEK QUESTION MARK}]
    | (?:^|[.!,;:]\s*) (?:(?:so|and|but|ok|okay|hey|hi|hello|well|then|oh|also)\s+)*
      (?: (?:what|where|when|why|who|whose|which|how)\b (?!\ (?:an?|i|we|nice|lovely|kind|sweet|cool|great)\b)
        | (?:do|does|did|are|is|was|were|have|has|can|could|will|would)(?:n['\u2019]?t)?
          \ (?:you|your|it|there|that|they)\b )
    | \b(?:(?:tell|show)\ (?:me|us)|describe|wonder)\b""",
    re.IGNORECASE | re.VERBOSE,
)


_WHOLE = re.compile(
    r"""\b(?:about|describe)\ (?:you|u)(?:rself)?\b (?!\ \w)
    | \bwho(?:\ are|\ r|['\u2019]re)\ (?:you|u)\b (?!\ \w)""",
    re.IGNORECASE | re.VERBOSE,
)
_WHAT_IT_IS = re.compile(r"(?:I\ am|I['\u2019]m)\ (?:an?|the)\b", re.IGNORECASE)


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


def answering(reader: Reader, message: str, facts: Sequence[str], near: float = NEAR) -> dict[int, float]:
    """The places of the facts that answer a message, the best first, each with its score, `near` or more;
    empty for a model without matcher.

    What was said before is left out: what counts is the message.
    """
    asked = Context(turns=(Turn("user", message),))
    scores = (reader.matches([asked] * len(facts), facts) if facts else None) or ()
    found = [(score, -place) for place, score in enumerate(scores) if score >= near]
    return {-place: score for score, place in sorted(found, reverse=True)}


def asks(message: str) -> bool:
    """Whether a line asks for something: by a question mark, or by how an English question begins."""
    return bool(_ASKS.search(message))


def asked_fact(reader: Reader, context: Context) -> Cue | None:
    """The fact that the last turn asks for; None where it asks for none."""
    message = context.turns[-1].text
    if not asks(message):
        return None
    facts, near = context.facts, NEAR
    if _WHOLE.search(message) and (what := [fact for fact in facts if _WHAT_IT_IS.match(fact)]):
        facts, near = what[:1], -math.inf
    for place, score in answering(reader, message, facts, near).items():
        return Cue(context.facts.index(facts[place]), score, new_words(facts[place], message))
    return None
