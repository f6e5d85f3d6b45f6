"""Facts in replies: said when asked for, contradicted, or taken from the other side.

Rules a person can check, over words and short closed lists (fact_values.json), so they see the plain cases
and no others. A reply *answers* with one of the right words. It *contradicts* without one, when it names
another value of the same kind, gives another name, or denies what it was asked for. It *claims* a fact of the
user's when it says the telling word in a part that speaks of itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatbot.train.metrics import figure, words
from chatbot.train.reading import Said

_VALUES: dict[str, frozenset[str]] = {
    kind: frozenset(values)
    for kind, values in json.loads((Path(__file__).parent / "fact_values.json").read_text("utf-8")).items()
}
_PARTS = re.compile(r"[.;:!?,]+|\s(?:and|but|while|though)\s")
_YOU = frozenset(["you", "your", "you're", "you've", "yours", "yourself"])
_SELF = frozenset(["i", "i'm", "i've", "i'd", "i'll", "my", "me", "mine", "myself", "we", "our", "us"])
_NAMED = re.compile(r"\b(?:name is|name's|called|call me|named|I am|I'm|it is|it's) ([A-Z][a-z]+)")
_DENIES = re.compile(
    r"^(?:no|none|never|nothing)\b|\bi (?:do not|don't|have never|never|have no|cannot|can't|am not)\b", re.I
)
_YES_OR_NO = re.compile(r"\b(?:do|are|have|is there|may) (?:you|there|i|something)\b", re.I)


def answered(text: str, answers: Sequence[str]) -> bool:
    """Whether the text holds one of the words of a right answer."""
    return not set(answers).isdisjoint(words(text))


def contradicts(text: str, question: str, answers: Sequence[str], kind: str) -> bool:
    """Whether the text gives another answer of the same kind, or denies that there is one."""
    if answered(text, answers):
        return False
    if _YES_OR_NO.search(question) and _DENIES.search(text.strip()):
        return True
    own = [part for part in _PARTS.split(text) if _YOU.isdisjoint(words(part))]
    if kind == "name":
        return any(_NAMED.search(part) for part in own)
    asked = set(words(question))
    return any(_VALUES[kind] & set(words(part)) - asked for part in own) if kind else False


def claims(text: str, telling: Sequence[str]) -> bool:
    """Whether the text says one of the telling words of itself."""
    parts = [set(words(part)) for part in _PARTS.split(text)]
    return any(not part.isdisjoint(telling) and part & _SELF and not part & _YOU for part in parts)


def facts(said: Sequence[Said]) -> dict[str, Any]:
    """Shares of replies: right (told, told_and_guided, hidden), contradicted, and the user's facts claimed.

    What is said with the fact hidden is the yardstick: guessing, and what it says of itself anyway.
    """
    rows = {kind: [reply for reply in said if reply.trial.kind == kind] for kind in _KINDS}
    kinded = {kind: [reply for reply in found if reply.trial.value_kind] for kind, found in rows.items()}
    return {
        "told": figure(_right(rows["fact"])),
        "told_and_guided": figure(_right(rows["fact-guided"])),
        "hidden": figure(_right(rows["fact-hidden"])),
        "contradicted": figure(_wrong(kinded["fact"])),
        "contradicted_and_guided": figure(_wrong(kinded["fact-guided"])),
        "contradicted_hidden": figure(_wrong(kinded["fact-hidden"])),
        "leaked": figure(claims(r.text, r.trial.answers) for r in rows["leak"]),
        "leaked_hidden": figure(claims(r.text, r.trial.answers) for r in rows["leak-hidden"]),
    }


_KINDS = ("fact", "fact-guided", "fact-hidden", "leak", "leak-hidden")


def _right(replies: Sequence[Said]) -> list[bool]:
    return [answered(reply.text, reply.trial.answers) for reply in replies]


def _wrong(replies: Sequence[Said]) -> list[bool]:
    asked = [(r, r.trial.context.turns[-1].text) for r in replies]
    return [contradicts(r.text, question, r.trial.answers, r.trial.value_kind) for r, question in asked]
