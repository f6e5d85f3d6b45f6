"""Whether something has to do with what was said last, by its words alone; for English."""

from __future__ import annotations

import re

from chatbot.memory.recall import words

_SELF = re.compile(r"\b(?:i|i'm|i've|me|my|mine|we|our)\b", re.I)
# What one told of oneself is asked back: "what is my name?", "you know where I live?". Not "what I like is my
# garden", "I know my dog hates rain".
_ASKING = re.compile(
    r"""(?:^|[.!?,;:]\s*)(?:(?:so|and|but|ok|okay|hey|hi|hello|well|then|oh|also|um|uh|lol|btw|now)\s+)*
        (?: (?:what|who|where|which|whose|how\ (?:old|many|long))
            (?:['\u2019]?s\b|\b(?!\ (?:i|i['\u2019]m|my|we|our|you|he|she|it|they|the|an?)\b))
          | when(?:['\u2019]?s\b|\ (?:is|was|are|am|do|did)\b) )
        [^.!?]*\b(?:my|i|mine)\b
    | (?<!\bi\ )(?<!\bi\ don['\u2019]t\ )(?<!\bi\ dont\ )
      \b(?:remember|know|recall|guess|forgot|forgotten|tell\ me)\b
      [^.!?]*\b(?:my|mine|about\ me|(?:who|what|where|when|how\ old)\ i|do\ i)\b
    | \bdo\ i\b | \bdid\ i\ (?:ever\ )?tell\ (?:you|u)\b | \bsay\ my\ name\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ADVICE = re.compile(
    r"\b(?:should|can|could|may|shall|would|must|will|have to) i\b|\bi (?:should|can|could|must)\b|"
    r"\byou (?:think|want|feel)\b",
    re.I,
)
_CUES = {  # words that ask for a kind of memory without being in it
    "name": "name call called who",
    "home": "live home city town place from where",
    "origin": "from come country",
    "household": "live alone",
    "work": "work job living profession do",
    "workplace": "work job office",
    "study": "study university school college",
    "age": "old age",
    "birthday": "birthday born",
    "pet": "pet pets animal animals",
    "family": "family married wife husband children kids",
    "like": "like love enjoy favourite favorite hobby hobbies",
    "dislike": "hate dislike like",
    "hobby": "hobby hobbies play free",
    "language": "speak language languages",
    "food": "eat food",
    "plan": "plan plans going doing want",
}

_ANOTHERS_NAME = re.compile(  # "what is my dog called?" does not ask for the user's name
    r"^(?!.*\bmy (?:first |last |full |real |own )?name\b).*\bmy (?:[\w'\u2019-]+ ){1,3}(?:name|called)\b",
    re.IGNORECASE | re.DOTALL,
)


def asks_of_user(text: str) -> bool:
    """Whether a message asks what is known of the one who says it, and not what to do."""
    return bool(_ASKING.search(text)) and not _ADVICE.search(text)


def touches(fact: str, kind: str, last: str) -> bool:
    """Whether a fact has to do with the last message: by a word of both, or because it is asked for.

    `kind` is that of the memory that it comes from, "" for any other fact.
    """
    if stems(last) & stems(fact):
        return True
    if kind == "name" and _ANOTHERS_NAME.search(last):
        return False
    cues = _CUES.get(kind, "").split()
    return bool(_SELF.search(last)) and not set(cues).isdisjoint(re.findall(r"\w+", last.lower()))


def stems(text: str) -> set[str]:
    """The words that say what a text is about, without what shows whose or how many."""
    return {word.removesuffix("'s").removesuffix("s") for word in words(text)}
