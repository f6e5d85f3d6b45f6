"""Good news and bad: what a line tells of who says it, and the words that would greet the other kind.

A small decoder answers news by a phrase, and the phrase by the persona: to "my grandmother is in hospital"
the merry baker, whose latent calls for joy, says "Oh, how wonderful!". To the decoder "wonderful" and "hard"
are about as likely there, and persona and matcher know no better (docs/experiments.md, 32). So where a line
surely tells good or bad news, the words that greet the other kind are shunned, like those that are worn. By
English patterns, which would rather miss than invent.
"""

from __future__ import annotations

import re

from chatbot.decoding.cue import asks

_BAD = re.compile(
    r"""\b(?:
      died | dead | dying | passed\ away | funeral | hospital | accident | injured | hurts? | hurting | sick
    | ill | cancer | flu | fever | (?:head|tooth|stomach|back|heart)\ ?ache | nightmares? | a\ (?:bad\ )?cold
    | lost(?=$|[.!,]|\ (?:my|our|his|her|their|the|a|it|everything|again|against|\d)\b)
    | failed | fired | laid\ off | broke | broken | stole | stolen | robbed | burned | burnt | crashed
    | ruined | fell | dumped | left\ me | cheated | divorced? | divorcing | moved\ away | ran\ away | rejected
    | lonely | sad | unhappy | miserable | depressed | heartbroken | exhausted | crying | cried
    | afraid | scared | terrified | worried | nervous | anxious | stressed | ashamed | embarrassed
    | yelled | shouted | screamed | laughed\ at | bullied | insulted | lied\ to | a\ fight\ with | argued
    | badly | terrible | awful | horrible | the\ worst | bad\ (?:day|night|dream|news|week|year|luck)
    | (?:nobody|no\ one)\ (?:came|likes|loves|called|remembered|listens|talks)
    | (?:missed|dropped|forgot)\ (?:my|our|the) | can(?:no|['\u2019]?)t\ (?:sleep|eat|breathe|stop\ crying)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_GOOD = re.compile(
    r"""\b(?:
      got\ (?:the|a|my\ first)\ (?:new\ )?(?:job|raise|part|promotion|flat|scholarship) | new\ job | promoted
    | won(?!['\u2019]?t) | passed | graduated | recovered | healthy | saved | the\ prize
    | getting\ married | got\ married | engaged | said\ yes | in\ love | pregnant | born
    | (?:had|having|expecting)\ a\ baby | birthday | found\ (?:my|our|him|her|it|them) | came\ back | is\ back
    | finally | finished\ (?:my|the) | slept\ well | feel(?:ing)?\ (?:so\ |much\ )?(?:great|good|better)
    | happy | (?:great|good|best|wonderful|lovely|perfect)\ (?:day|news|week|time) | it\ worked | did\ it
    | made\ it | gave\ (?:it|the\ \w+)\ (?:back|to\ the\ police)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
# What makes something else of it: what is not, was, might be, or is so of the one who is spoken to.
_TURNED = re.compile(
    r"\b(?:not|never|no\ longer|any\ ?more|almost|nearly|if|used\ to|would|hope|you|your|u|ur|yours|yourself"
    r"|(?:is|was|are|do|did|does|have|has)n['\u2019]?t)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")

_GLAD = """
    good great grand wonderful lovely nice fine cool fun perfect safe brave happy happily proud glad exciting
    delightful beautiful congratulations bravo wow done party sign jump jumps jumped jumping
"""
_SORRY = "sorry hurt hurts awful terrible horrible stung hard sad poor pain worse worst bad"
GLAD, SORRY = frozenset(_GLAD.split()), frozenset(_SORRY.split())


def tells(message: str) -> int:
    """1 for a message that tells good news, -1 for bad news, 0 for neither, both, or what is not sure."""
    found: set[int] = set()
    for sentence in _SENTENCE.findall(message):
        for kind, pattern in ((1, _GOOD), (-1, _BAD)):
            if (match := pattern.search(sentence)) and not asks(sentence):
                rest = sentence[: match.start()] + sentence[match.end() :]
                found.add(0 if _TURNED.search(rest) else kind)
    return found.pop() if len(found) == 1 else 0


def misplaced(message: str) -> frozenset[str]:
    """The words that would greet the other kind of news than the message tells; lower case."""
    return {1: SORRY, -1: GLAD, 0: frozenset[str]()}[tells(message)]
