"""What was said before and comes to mind: lines of earlier conversations that share rare words with the last.

Words that are everywhere tell nothing, so a word counts the less the more messages have it, and one that is
in more than MOST of them not at all. A line comes to mind when its shared words count for 1 or more: one that
is rare (in RARE messages or fewer), or several that are less so.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from chatbot.terminal import one_line
from storage import ConversationManager, Message

RECALLED = 2  # lines
MOST = 400  # messages with a word that are looked at
RARE = 5
WORDS = 6  # of the last message that are looked for
LONGEST = 14  # words of a recalled line
_LIKELY = 12  # messages whose texts are read
_WORD = re.compile(r"[^\W\d_]{3,}(?:'[a-z]+)?")
_LETTERS = re.compile(r"\w+")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_COMMON = """
    about after again ago all alone along already also always and another any anybody anyone anything are
    aren't around ask away back bad because been before being best better big both but came can can't
    cannot come could day days did didn't does doesn't doing don't done down each else even ever every
    everyone everything fine first for from gave get gets getting give glad goes going gone gonna good got
    great had happen happy has have haven't having hello her here hers hey him his how i'll i'm i've into
    isn't it's its just keep kind knew know known last later least let let's like likes little long look
    looks lot lots love made make makes many may maybe mean might mine more morning most much must myself
    name near need never new next nice night nobody not nothing now off often okay old once one only open
    other our ours out over own people perhaps please pretty put quite rather really remember right said
    same saw say says see seem seen she should show since small some somebody someone something sometimes
    soon sorry still such sure take talk tell than thank thanks that that's the their them then there
    there's these they they're thing things think this those though thought time times today told tomorrow
    tonight too try two until upon use used very wait want wanted was wasn't way week well went were what
    what's when where which while who why will with without won't word work would wouldn't year years yes
    yesterday yet you you'll you're you've your yours yourself called
    btw cool dunno haha hahaha hmm idk lol nah omg wow yeah yep
"""
# People leave apostrophes out; but "ill" is a word of its own.
STOP = frozenset([*_COMMON.split(), *_COMMON.replace("'", "").split()]) - {"ill"}


@dataclass(frozen=True)
class Line:
    """Something that was said before, made short."""

    message_id: int
    role: str
    text: str


def recalled(
    manager: ConversationManager,
    profile_name: str,
    text: str,
    *,
    conversation_id: str,
    path: Iterable[Message],
    shown: Collection[int],
) -> tuple[Line, ...]:
    """At most RECALLED lines that come to mind at `text`, the best first.

    From the persona's other conversations what was not said in this one too, and of this one's `path` what
    does not stand in `shown`, which the model sees anyway; never a greeting, a question or the same words
    again; never what somebody else said, as in a duet.
    """
    scores = _scores(manager, profile_name, words(text), shown)
    best = sorted(scores, key=lambda number: (-scores[number], -number))[:_LIKELY]
    if not best:
        return ()
    found = {message.id: message for message in manager.messages(best)}
    said = {message.id: _folded(message.text) for message in path}
    lines: dict[str, Line] = {}
    for number in best:
        message = found.get(number)
        if message is None or message.speaker:
            continue
        if message.conversation_id == conversation_id and number not in said:
            continue
        line = _short(message, words(text))
        folded = _folded(line)
        others = said.keys() & shown if number in said else said
        if line and folded not in lines and not any(folded in said[other] for other in others):
            lines[folded] = Line(number, message.role, line)
    return tuple(lines.values())[:RECALLED]


def again(manager: ConversationManager, text: str, numbers: Sequence[int]) -> tuple[Line, ...]:
    """The lines of these messages as they came to mind at `text` before, without those hidden since."""
    found = {message.id: message for message in manager.messages(numbers) if not message.hidden}
    lines = (Line(n, found[n].role, _short(found[n], words(text))) for n in numbers if n in found)
    return tuple(line for line in lines if line.text)


def words(text: str) -> list[str]:
    """The words of a text that say what it is about, each once."""
    found = (match[0].lower() for match in _WORD.finditer(text.replace("’", "'")))
    return list(dict.fromkeys(word for word in found if word not in STOP))


def _folded(text: str) -> str:
    """Its words in small letters, a space on each side: a text with all of them in a row says it too."""
    return f" {' '.join(_LETTERS.findall(text.casefold()))} "


def _scores(
    manager: ConversationManager, profile_name: str, looked_for: Sequence[str], shown: Collection[int]
) -> dict[int, float]:
    """How much each message shares with the words, where it is enough."""
    scores: defaultdict[int, float] = defaultdict(float)
    for word in sorted(looked_for, key=len, reverse=True)[:WORDS]:
        numbers = manager.mentions(word, profile_name=profile_name, most=MOST)
        if len(numbers) < MOST:
            for number in numbers:
                scores[number] += 1 / (1 + math.log2(max(len(numbers), RARE) / RARE))
    return {number: score for number, score in scores.items() if score >= 1 and number not in shown}


def _short(message: Message, looked_for: Sequence[str]) -> str:
    """The sentence of a message that shares most words with those looked for; '' when it tells nothing."""
    told = [one_line(sentence) for sentence in _SENTENCE.findall(message.text)]
    told = [sentence for sentence in told if sentence and not sentence.endswith("?")]
    if not told:
        return ""
    best = max(told, key=lambda sentence: len(set(words(sentence)) & set(looked_for)))
    if not set(words(best)) & set(looked_for):
        return ""
    cut = best.split()
    return best if len(cut) <= LONGEST else " ".join(cut[:LONGEST]) + " ..."
