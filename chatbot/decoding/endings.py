"""Where a reply could have ended before it did.

What a small model says first mostly answers; what it hangs onto that, often does not (docs/experiments.md,
15). So a candidate is also weighed as it would be with an earlier end: that of a sentence, or of a clause
before "and", "but", "so" or "or", which then ends with a full stop, or as its sentence does where it cries
or itself asks.
"""

from __future__ import annotations

import re

FEWEST = 3  # words that a shorter reply must have
_END = re.compile(
    r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)(?<!\b[A-HJ-Z])[.!?…]+[\"”')]*(?=\s)"  # J. is a name
    r"|(?P<clause>,)(?=\s(?:and|but|so|or)\s)"
)
_MARK = re.compile(r"[.!?…]")
_AUXILIARY = (
    r"(?:is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might)(?:n't)?\s"
)
_ASKS = re.compile(  # "who are", "how old is", "do you": not "have a cup", not "when I was"
    r"(?:(?:^|[.!?…]\W+)(?:(?:so|and|but|or|well|oh)\W+)?|,\s(?:and|but|so|or)\s)"
    rf"(?:(?:who|where|when|why|(?:how|what|which|whose)(?:\s\w+)?)\s{_AUXILIARY}|{_AUXILIARY}"
    r"(?:i|you|we|they|he|she|it|this|that|there|the|my|your|his|her|our|their)\b)[^.!?…]*$",
    re.IGNORECASE,
)


def earlier_endings(text: str, opening: str = "") -> list[str]:
    """`text` up to each earlier end behind its `opening`, shortest first; none inside of quotation marks."""
    heads: list[str] = []
    for match in _END.finditer(text):
        if match["clause"]:
            head = text[: match.start()]
            mark = _MARK.search(text, match.end())
            end = mark.group() if mark else "."
            head += end if end == "!" or (end == "?" and _ASKS.search(head)) else "."
        else:
            head = text[: match.end()]
        if match.start() >= len(opening) and len(head.split()) >= FEWEST and not _open(head):
            heads.append(head)
    return heads


def _open(text: str) -> bool:
    """Whether a quotation in the text has not ended."""
    return text.count('"') % 2 == 1 or text.count("“") != text.count("”")
