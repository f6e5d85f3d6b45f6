"""The fact that a message asks for: the one that would answer it, by the matcher.

"Do you have a hobby?" has no word of "I carve little birds out of wood." But the matcher has learnt which
reply belongs to which message, and a fact in the first person is such a reply. A small decoder that reads
five facts mixes them up or says something common instead; so the words of the fact that is asked for gain a
bonus (docs/experiments.md, 20). But only where the line asks: to "i cannot come to your concert" that the
queens were three is no answer, near as it is. And what people ask first ("who are you?", "ur name?") is
answered by the facts of a form ("I am a ...", "My name is ..."), whatever happens to lie nearest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.model.reading import Reader
from chatbot.model.text import Context, Turn
from chatbot.model.words import new_words, words

NEAR = 9.0  # least score: of held-out lines that ask, and have such a fact, two thirds of the replies say it

# A mark, or the English order of words where people leave it out. "What a day", "how nice" and "when i was
# small" only begin like questions.
_ASKS = re.compile(
    r"""[?\N{ARABIC QUESTION MARK}\N{FULLWIDTH QUESTION MARK}\N{GREEK QUESTION MARK}]
    | (?:^|[.!,;:]\s*)
      (?:(?:so|and|but|ok|okay|hey|hi|hello|well|then|oh|also|um|uh|lol|haha|nice|cool|wow|btw|anyway)\s+)*
      (?: (?:what|where|when|why|who|whose|which|how)(?:['\u2019]?s)?\b
          (?!\ (?:an?|i|we|nice|lovely|sweet|cool|great)\b | (?<=how)\ kind\b)
        | (?:do|does|did|are|r|is|was|were|have|has|can|could|will|would)(?:n['\u2019]?t)?
          \ (?:you|u|your|ur|he|she|it|there|that|they)\b )
    | \b(?:(?:tell|show)\ (?:me|us)|describe|wonder)\b""",
    re.IGNORECASE | re.VERBOSE,
)


# What people ask first, and how the facts begin that answer it: what the character is, its name, its age.
_WHAT_IT_IS = re.compile(r"(?:I\ am|I['\u2019]m)\ (?:an?|the)\b", re.IGNORECASE)
_NAME = re.compile(
    r"(?:my\ name\ is|(?:I\ am|I['\u2019]m)\ called|(?:\w+\ ){1,2}calls?\ me|call\ me)\b", re.IGNORECASE
)
_AGE = re.compile(r"(?:I\ am|I['\u2019]m)\b(?=.*\byears\ old\b)", re.IGNORECASE)
_YOU = r"(?:you|u)"
_YOUR = r"(?:your|ur)"
_AND_NO_MORE = r"(?!\ (?!(?:actually|again|and|anyway|btw|by|even|exactly|lol|n|now|really|then)\b)\w)"
_FIRST = tuple(
    (re.compile(question, re.IGNORECASE), answers)
    for question, answers in (
        (
            rf"\bwho(?:\ are|\ r|['\u2019]?re)\ {_YOU}\b{_AND_NO_MORE}"
            r"|\bwho\ am\ i\ (?:talking|speaking)\ (?:to|with)\b",
            (_WHAT_IT_IS, _NAME),
        ),
        (rf"\b(?:about|describe)\ (?:{_YOU}|yourself|urself)\b{_AND_NO_MORE}", (_WHAT_IT_IS,)),
        (
            rf"(?<!like\ )(?<!love\ )\b{_YOUR}\ name\b(?!\ (?:is|was|sounds|suits|means)\ \w)"
            rf"|\bwhat\ are\ {_YOU}\ called\b"
            rf"|\bwhat\ (?:do|does|should|can|shall|may)\ (?:\w+\ ){{1,2}}call\ {_YOU}\b",
            (_NAME,),
        ),
        (rf"\bhow\ old\ (?:are|r)\ {_YOU}\b|\b{_YOUR}\ age\b", (_AGE,)),
    )
)


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
    """The places of the facts that answer a message, the best first, each with its score: those whose form
    answers what people ask first, then those with `NEAR` or more. Empty for a model without matcher.

    What was said before is left out: what counts is the message.
    """
    asked = Context(turns=(Turn("user", message),))
    scores = (reader.matches([asked] * len(facts), facts) if facts else None) or ()
    first = list(_first(message, facts))
    rank = {place: first.index(place) if place in first else len(first) for place in range(len(scores))}
    found = [place for place, score in enumerate(scores) if place in first or score >= NEAR]
    return {place: scores[place] for place in sorted(found, key=lambda place: (rank[place], -scores[place]))}


def _first(message: str, facts: Sequence[str]) -> dict[int, str]:
    """The places of the facts that answer one of the questions that people ask first, one of each form, and
    what they say behind it: "My name is" is no answer."""
    for question, answers in _FIRST:
        if question.search(message):
            found: dict[int, str] = {}
            for form in answers:
                fits = [(place, form.match(fact)) for place, fact in enumerate(facts)]
                place, fit = next(((place, fit) for place, fit in fits if fit), (0, None))
                if fit:
                    found[place] = facts[place][fit.end() :]
            return found
    return {}


def asks(message: str) -> bool:
    """Whether a line asks for something: by a question mark, or by how an English question begins."""
    return bool(_ASKS.search(message)) or any(question.search(message) for question, _ in _FIRST)


def asked_fact(reader: Reader, context: Context) -> Cue | None:
    """The fact that the last turn asks for; None where it asks for none. Who asks "who are you?" may hear a
    word of either fact that answers it."""
    message, facts = context.turns[-1].text, context.facts
    if not asks(message) or not (found := answering(reader, message, facts)):
        return None
    best = next(iter(found))
    said = _first(message, facts) or {best: facts[best]}
    told = dict.fromkeys(word for text in said.values() for word in new_words(text, message))
    return Cue(best, found[best], tuple(told))
