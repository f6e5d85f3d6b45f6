"""English as tokens hold it, and back: marks that keep case and spaces, and the stream that restores them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.model.text import Codec

CAP, UPPER = "[CAP]", "[UPPER]"
CASE_MARKERS = (CAP, UPPER)
SENTENCE_END = frozenset(".!?")
_ATTACH_LEFT = frozenset(".,!?;:)]}”%…")
_ATTACH_RIGHT = frozenset("([{“$£#")
_ATTACH_BOTH = frozenset("-/_'")
# Single quotes around words, but no apostrophes: dogs', sittin', rock 'n' roll, 'cause, '98.
_QUOTED = re.compile(
    r"""(?<![^\s(\[“"])'(?=[^\s'\d])(?!(?:n|em|cause|til|tis|twas)\b)"""
    r"""((?:[^']|(?<=\w)'(?=\w))*)(?<=[^\s'])'(?!\w)""",
    re.IGNORECASE,
)
# Letters that a vocabulary may not know, and marks that look alike.
PLAIN = str.maketrans("øØłŁđĐ’‘`´—\u00a0", "oOlLdD''''– ") | {ord("æ"): "ae", ord("ß"): "ss"}
# "5 a.m.", "the U.S.": only the last dot may end a sentence.
_INITIALS = re.compile(
    r"""\b(?!i\.i\b)[a-z](?:\.[a-z])+\b(?:\.(?!\w|[”")]*$|(?<=\.m\.)\s(?-i:[A-Z])))?""", re.IGNORECASE
)


def typeset(text: str) -> str:
    """Make spacing recoverable from tokens: opening and closing quotes, dash and hyphen, ellipsis differ;
    initials have no dots.

    Single quotes around words become double ones: what is left of "'" are apostrophes. Some spaces are lost
    all the same: that before an apostrophe ('cause), and that of "7: 3" or "1987. 12", which are "7:3" and
    "1987.12" in tokens.
    """
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text.translate(PLAIN))
    text = text.replace("...", "…  ").replace("--", "– ").replace(" - ", " – ")
    text = _QUOTED.sub(r"“\1”", text)
    pieces: list[str] = []
    opening = True
    for i, letter in enumerate(text):
        if letter == '"':
            opening = i == 0 or text[i - 1].isspace() or text[i - 1] in "([“"
            letter = "“" if opening else "”"
        pieces.append(letter)
    return "".join(pieces)


# Words before which the article is "an". Before a little word "a" is the letter: "plan A is", "a or b".
_VOWEL = re.compile(
    r"(?!(?:an?|am|and|are|as|at|i|if|in|is|it|of|on|or|un|us)$|one$|once|eu|ewe|ukul|uni(?!n)|us[aeu]|ut[io])[aeiou]."
    r"|hour|honest|honou?r|heir"
)


class Speller:
    """Word pieces to proper English, one id at a time: joins pieces, sets spaces, capitals and "an"."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._ids_to_skip = {codec.bot, codec.end, codec.user, codec.fact}
        self._previous = ""
        self._before_previous = ""
        self._case = ""
        self._upper_word = False
        self._starts_sentence = True
        self._pending = ""  # an "i" or "a" that may yet grow into "in" or "an"

    def push(self, token_id: int) -> str:
        if token_id in self._ids_to_skip:
            return ""
        token = self._codec.tokenizer.id_to_token(token_id) or ""
        if token in CASE_MARKERS:
            self._case = token
            return ""
        if token.startswith("##") and not self._previous[-1:].isalnum():
            token = token[2:]  # nothing to continue: a mark stands before it
        if token.startswith("##"):
            self._previous += token[2:]
            letters, self._pending = self._pending + token[2:], ""
            return letters.upper() if self._upper_word else letters
        return self._settled(token) + self._word(token)

    def finish(self) -> str:
        return self._settled("")

    def _settled(self, token: str) -> str:
        """What waited for this token."""
        pending, self._pending = self._pending, ""
        if pending == "i":
            return "I"
        return f"{pending}n" if pending and _VOWEL.match(token) else pending

    def _word(self, token: str) -> str:
        space = " " if self._needs_space(token) else ""
        shown = {"–": "-", "…": "...", "“": '"', "”": '"'}.get(token, token)
        self._upper_word = self._case == UPPER
        if self._upper_word:
            shown = shown.upper()
        elif self._case == CAP or (self._starts_sentence and token[0].isalpha()):
            shown = shown[0].upper() + shown[1:]
        article = "A" if self._starts_sentence else "a"  # "A" amid a sentence is the letter
        self._case = ""
        self._starts_sentence = token in SENTENCE_END or (self._starts_sentence and token in "“”'(")
        self._before_previous, self._previous = self._previous, token
        if shown in ("i", article):  # the pronoun or the article, unless a "##" piece follows
            self._pending = shown
            return space
        return space + shown

    def _needs_space(self, token: str) -> bool:
        previous = self._previous
        if not previous or token in _ATTACH_LEFT or token in _ATTACH_BOTH:
            return False
        if token[0] == "'" and len(token) > 1:  # 's 't 'll
            return False
        if previous in _ATTACH_RIGHT or previous in _ATTACH_BOTH:
            return previous == "'" and self._before_previous[1:].endswith("s")  # the dogs' bones
        digits = previous in (".", ",", ":") and self._before_previous.isdigit() and token.isdigit()
        return not digits


class ByteStream:
    """Any cased tokenizer, one id at a time: text is held back while it ends in half a character."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._skip = {codec.bot, codec.end, codec.user, codec.fact}
        self._ids: list[int] = []
        self._shown = ""

    def push(self, token_id: int) -> str:
        if token_id not in self._skip:
            self._ids.append(token_id)
        text = self._codec.tokenizer.decode(self._ids, skip_special_tokens=False)
        if text.endswith("\ufffd") or not text.startswith(self._shown):
            return ""
        new, self._shown = text[len(self._shown) :], text
        return new

    def finish(self) -> str:
        text = self._codec.tokenizer.decode(self._ids, skip_special_tokens=False)
        new, self._shown = text[len(self._shown) :], text
        return new.replace("\ufffd", "")
