"""What people tell of themselves, found in their own lines by patterns that would rather miss than invent.

    noticed("Hi, I'm Ada and my dog is called Rex.")
    -> Fact("name", "The user is called Ada."), Fact("pet", "The user's dog is called Rex.")

A fact comes from a whole clause or not at all: "I live in Leeds", never "she thinks I live in Leeds". What is
asked, quoted, supposed, played or said by others is no fact; health is nobody's business and is passed over.
Plain English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.known_words import HEALTH
from chatbot.noticing_rules import RULES, Fact

LONGEST_LINE = 400  # characters; a longer one is a text that was pasted


def noticed(text: str) -> tuple[Fact, ...]:
    """The facts in a message of the user, each once, in the order they were told."""
    text = _BACKTICK.sub("'", text.translate(_MARKS))
    if _PLAY.search(text):
        return ()
    facts = (fact for clause, greeted in _clauses(text) for fact in _facts(clause, greeted))
    return tuple(dict.fromkeys(facts))


# --- from a message to clauses

_MARKS = str.maketrans("’‘ʼ´＇‚“”„‟", "'" * 6 + '"' * 4)
_BACKTICK = re.compile(r"(?<=\w)`(?=\w)")
_PLAY = re.compile(
    r"\b(?:just )?(?:kidding|joking)\b|\bj/?k\b|\bas a joke\b|\brepeat after me\b|\btranslate\b|"
    r"\bpretend|\bimagine\b|"
    r"\brole-?play|\bonce upon a time\b|\blyrics\b|\bin (?:the|my|this) (?:story|game|book|film|movie|"
    r"dream|play)\b|"
    r"\bcharacter\b|\blet's play\b|\bsarcas|[.,!…]\s*not\W*$|(?<!\w)/s\W*$",
    re.I,
)
_QUOTED = re.compile(
    r'"[^"]*"|«[^»]*»|»[^«»]*«|(?<!\w)\'(?:[^\']|(?<=\w)\'(?=\w)){2,}\'(?!\w)|\*[^*]*\*|\([^)]*\)|`[^`]*`|^\s*>.*$',
    re.M,
)
_ABBREVIATED = re.compile(r"\b(dr|mr|mrs|ms|prof|st|mt)\.(?= \w)", re.I)  # its dot ends no sentence
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?]+(?=\w)[^.!?;\n]+)*([.!?;…]*)")
_DOUBT = re.compile(
    r"\b(?:if|unless|whether|wish|maybe|perhaps|might|would|could|should|suppose\w*|think|thinks|"
    r"thought|guess|"
    r"said|say|says|saying|told|tell|tells|dream\w*|lied|lie|lying|claims?|used to|no longer|"
    r"not anymore|any ?more|"
    r"never|almost|like when|as though|as if|than|until|soon|ago i)\b|'d\b|\b(?:yeah right)\b",
    re.I,
)
_HEALTH = re.compile(rf"\b(?:{HEALTH})\b", re.I)
_OPENER = re.compile(
    r"(?:(hi|hello|hey|hiya|good (?:morning|evening|afternoon)|nice to meet you|greetings)(?: there| again)?|"
    r"well|so|oh|ah|yes|yeah|yep|ok(?:ay)?|actually|by the way|btw|anyway|also|and|but|you know|no|"
    r"thanks?(?: you)?|"
    r"sure|right|lol|haha|hmm|um|fyi)\b[\s,:!-]*",
    re.I,
)
_SPLIT = re.compile(
    r"\s*,?\s+(?:and|but)\s+(?=(?:i|i'm|im|i've|my|we)\b)|\s*,\s+(?=(?:i|i'm|im|i've|my)\b)", re.I
)
_GOES_ON = re.compile(r"\s*,? and (?=(?:work|live|study|play|have|love|hate|speak|collect)\b)", re.I)
_OWN = re.compile(
    r"(?:i|i'm|im|i've|my|our|we|call me|you can call me|this is|the name's|people call me|"
    r"everyone calls me)\b",
    re.I,
)


def _clauses(text: str) -> Iterator[tuple[str, bool]]:
    """The clauses that speak of the user, and whether a greeting stands before each."""
    greeted = False
    for found in _SENTENCE.finditer(_ABBREVIATED.sub(r"\1", _QUOTED.sub(" ~ ", text))):
        sentence = " ".join(found[0][: len(found[0]) - len(found[1])].split())
        if (
            len(sentence) > LONGEST_LINE
            or "?" in found[1]
            or _DOUBT.search(sentence)
            or _HEALTH.search(sentence)
        ):
            continue
        while opener := _OPENER.match(sentence):
            greeted = greeted or bool(opener[1])
            sentence = sentence[opener.end() :]
        if _OWN.match(sentence):
            for part in _SPLIT.split(sentence):
                first, *others = _GOES_ON.split(part) if part[:2].lower() == "i " else [part]
                for clause in (first, *(f"I {other}" for other in others)):
                    yield clause.strip(" ,:-…"), greeted
        greeted = greeted and not sentence


# --- from a clause to facts

_TAIL = re.compile(
    r"(?:,? (?:now|today|yesterday|tomorrow|tonight|again|too|as well|these days|at the moment|"
    r"very much|so much|a lot|"
    r"right now|actually|lol|haha|by the way|btw|next (?:week|month|year|summer|winter|spring|autumn|\w+day)|"
    r"this (?:week|month|year|summer|winter|spring|autumn|weekend)|last (?:week|month|year|summer|winter)|"
    r"in (?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"summer|winter|"
    r"spring|autumn|\d{4})|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|since \w+(?: \w+)?|"
    r"for \w+ years?(?: now)?|nice to meet you|pleased to meet you|how are you|you know)|"
    r" ?:-?[)D]| ?[🙂😊😀😃😄👋❤\uFE0F]|[,:-])+$",
    re.I,
)


def _facts(clause: str, greeted: bool) -> Iterator[Fact]:
    """The fact of the first rule that fits the whole clause."""
    if "birthday" not in clause.lower():
        clause = _TAIL.sub("", clause)
    for pattern, make in RULES:
        if found := pattern.fullmatch(clause):
            fact = make(found, greeted)
            if fact is not None:
                yield fact
                return
