"""Text to token ids and back: the one prompt form that training and chat share.

    [FACT] fact ... [USER] text [END] [BOT] text [END] ... [USER] text [END]   | [BOT] reply [END]
    `------------------------------ context -----------------------------'      `---- reply ---'

A codec wraps one `tokenizers.Tokenizer`. Text is data: a literal "[USER]" in a message is encoded letter
by letter, never as the marker. With an uncased tokenizer, `[CAP]` and `[UPPER]` before a word keep its case
and `Speller` restores case and spacing, so that replies come out in proper English.

This module knows nothing of tensors, of latent variables or of any particular language model.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unicodedata import combining, normalize

from tokenizers import Tokenizer

FACT, USER, BOT, END = "[FACT]", "[USER]", "[BOT]", "[END]"
CAP, UPPER = "[CAP]", "[UPPER]"
MARKERS = (FACT, USER, BOT, END)
CASE_MARKERS = (CAP, UPPER)

_ROLE_MARKERS = {"user": USER, "bot": BOT, "narrator": FACT}
_SENTENCE_END = frozenset(".!?")
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
_PLAIN = str.maketrans("øØłŁđĐ’‘`´—\u00a0", "oOlLdD''''– ") | {ord("æ"): "ae", ord("ß"): "ss"}
# "5 a.m.", "the U.S.": only the last dot may end a sentence.
_INITIALS = re.compile(
    r"""\b(?!i\.i\b)[a-z](?:\.[a-z])+\b(?:\.(?!\w|[”")]*$|(?<=\.m\.)\s(?-i:[A-Z])))?""", re.IGNORECASE
)


@dataclass(frozen=True)
class Turn:
    """One line of a conversation. `role` is "user", "bot" or "narrator"."""

    role: str
    text: str


@dataclass(frozen=True)
class Context:
    """All that the model sees before it replies: facts about itself, then the turns, oldest first."""

    facts: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()

    @classmethod
    def of(cls, facts: Iterable[str], lines: Iterable[str]) -> Context:
        """A context from alternating lines that end with the user's."""
        lines = list(lines)
        roles = ["user" if (len(lines) - i) % 2 else "bot" for i in range(len(lines))]
        return cls(tuple(facts), tuple(Turn(r, t) for r, t in zip(roles, lines, strict=True)))

    def digests(self) -> dict[str, list[str]]:
        """8 hex digits of SHA-256 for each fact and turn: tells contexts apart, and holds no word of them."""
        turns = (f"{turn.role}: {turn.text}" for turn in self.turns)
        return {
            name: [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8] for text in texts]
            for name, texts in (("facts", self.facts), ("turns", turns))
        }


@dataclass(frozen=True)
class Window:
    """What the model sees of a context, in the words in which it reads it, and how many tokens that is."""

    context: Context
    used: int
    total: int

    def figures(self) -> dict[str, int]:
        """Without its words: the tokens, and how many turns are seen."""
        return {"used": self.used, "total": self.total, "turns": len(self.context.turns)}


class Codec:
    """Contexts and replies as ids of one tokenizer.

    `cased` is False for an uncased word-piece vocabulary with case markers, True for every other tokenizer.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        # Special tokens found inside a message are ordinary letters there.
        self.tokenizer.encode_special_tokens = True
        self.cased = tokenizer.token_to_id(CAP) is None
        self.fact, self.user, self.bot, self.end = (self._id(marker) for marker in MARKERS)
        self.size = tokenizer.get_vocab_size()
        self.banned = self._banned()
        # What stands for a dropped word in training: the unknown token where there is one.
        unknown = (tokenizer.token_to_id(name) for name in ("[UNK]", "<unk>", "[MASK]"))
        self.unknown = next((i for i in unknown if i is not None), self.end)

    def _id(self, token: str) -> int:
        found = self.tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(f"The tokenizer must hold the marker {token}. Build it with `chatbot train`.")
        return found

    def _banned(self) -> tuple[int, ...]:
        """Ids that a reply never holds: every special token other than [END] and the case markers."""
        names = [FACT, USER, BOT, "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<pad>", "<unk>"]
        ids = {self.tokenizer.token_to_id(name) for name in names}  # special or not
        ids |= {i for i, token in self.tokenizer.get_added_tokens_decoder().items() if token.special}
        spoken = {self.tokenizer.token_to_id(name) for name in (END, *CASE_MARKERS)}
        return tuple(sorted(i for i in ids - spoken if i is not None))

    @classmethod
    def load(cls, path: Path) -> Codec:
        """From the tokenizer.json of a model folder."""
        return cls(Tokenizer.from_file(str(path)))

    def encode(self, text: str) -> list[int]:
        """Ids of plain text, without markers; half a surrogate pair is read as "?"."""
        text = " ".join(text.encode("utf-8", "replace").decode().split())
        if self.cased:
            return self.tokenizer.encode(text, add_special_tokens=False).ids
        return self._encode_with_case(text)

    def _encode_with_case(self, text: str) -> list[int]:
        text = _typeset(text)
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        cap, upper = self._id(CAP), self._id(UPPER)
        ids: list[int] = []
        starts_sentence = True
        words = encoding.word_ids
        for i, (token_id, token, (start, end)) in enumerate(
            zip(encoding.ids, encoding.tokens, encoding.offsets, strict=True)
        ):
            if not token.startswith("##") and start < len(text) and text[start].isupper():
                last = next((j for j in range(i, len(words)) if words[j] != words[i]), len(words)) - 1
                word = text[start : encoding.offsets[last][1]]
                if len(word) > 1 and word.isupper():
                    ids.append(upper)
                elif not starts_sentence and word != "I":
                    ids.append(cap)
            ids.append(token_id)
            mark = text[start:end]
            starts_sentence = mark in _SENTENCE_END or (starts_sentence and mark in "”“\"'")
        return ids

    def encode_turn(self, turn: Turn) -> list[int]:
        """Marker, text, [END]. Unknown roles count as narration."""
        marker = self._id(_ROLE_MARKERS.get(turn.role, FACT))
        return [marker, *self.encode(turn.text), self.end]

    def encode_context(self, context: Context, budget: int) -> list[int]:
        """Ids of a context of at most `budget` tokens.

        Facts always stay (cut at half the budget), then turns come in from the newest to the oldest, whole.
        Only the newest turn may be cut: its end is kept.
        """
        facts = [i for fact in context.facts for i in (self.fact, *self.encode(fact))][: budget // 2]
        left = budget - len(facts)
        kept: list[list[int]] = []
        for turn in reversed(context.turns):
            ids = self.encode_turn(turn)
            if len(ids) > left:
                if not kept:
                    kept.append([ids[0], *ids[len(ids) - left + 1 :]])
                break
            kept.append(ids)
            left -= len(ids)
        return facts + [i for ids in reversed(kept) for i in ids]

    def read_back(self, ids: Iterable[int]) -> Context:
        """The context that these ids of `encode_context` say: what the model really sees."""
        facts: list[str] = []
        turns: list[Turn] = []
        roles = {self.user: "user", self.bot: "bot", self.fact: "narrator"}
        role, said = "", []
        for token in (*ids, self.fact):
            if token == self.end:
                turns.append(Turn(role, self.decode(said)))
                role = ""
            elif token in roles:
                if role:  # only a fact has no end of its own
                    facts.append(self.decode(said))
                role, said = roles[token], []
            else:
                said.append(token)
        return Context(tuple(facts), tuple(turns))

    def whole(self, words: Iterable[str]) -> list[int]:
        """Ids of those lower-case words that are one token long, lowest first."""
        known = set(words)
        forms = (form for word in known for form in (word, word.capitalize())[: 1 + self.cased])
        ids = {ids[0] for form in forms for ids in self.spellings(form) if len(ids) == 1}
        return sorted(i for i in ids if self.decode([i]).lower() in known)  # else it is an unknown word's

    def spellings(self, word: str) -> list[list[int]]:
        """The ids of a word as a sentence may hold it; a cased tokenizer has others behind a space."""
        if not self.cased:
            return [self.encode(word.lower())]
        return [self.tokenizer.encode(text, add_special_tokens=False).ids for text in (word, f" {word}")]

    def encode_reply(self, text: str, limit: int) -> list[int]:
        """[BOT] text [END], cut to `limit` tokens (the cut reply then has no [END])."""
        return [self.bot, *self.encode(text), self.end][:limit]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of reply ids; [BOT] and [END] are passed over."""
        stream = self.stream()
        return ("".join(stream.push(i) for i in ids) + stream.finish()).strip()

    def stream(self) -> Speller | ByteStream:
        """An incremental decoder: `push(id)` gives the text that this id settles, `finish()` the rest."""
        return ByteStream(self) if self.cased else Speller(self)


def _typeset(text: str) -> str:
    """Make spacing recoverable from tokens: opening and closing quotes, dash and hyphen, ellipsis differ;
    initials have no dots.

    Single quotes around words become double ones: what is left of "'" are apostrophes. Some spaces are lost
    all the same: that before an apostrophe ('cause), and that of "7: 3" or "1987. 12", which are "7:3" and
    "1987.12" in tokens.
    """
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text.translate(_PLAIN))
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
        self._starts_sentence = token in _SENTENCE_END or (self._starts_sentence and token in "“”'(")
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


_WORD = re.compile(r"\w+", re.UNICODE)
_INNER_CAPITAL = re.compile(r"[A-Z][a-z]+[A-Z][a-z]+")
_LITTLE = """
    a an the i me my you we us our he him his she her it its they who that this is am are was be been do did
    does has had have can may will let get got go no not nor yes oh ok hi so too yet now and but or if as at
    by for from in of off on out to up with how why what when all any one two own old new see say than then
    there don can called mostly s t d m ll re ve
"""
_LITTLE_WORDS = frozenset(_LITTLE.split())  # short words that tell nothing by themselves


def words(text: str) -> Iterator[str]:
    """Lower-cased words of a text, for counting."""
    return (match.group().lower() for match in _WORD.finditer(text))


def telling_words(text: str) -> Iterator[str]:
    """Lower-cased words of a text less the little ones, that may come again at any time."""
    return (word for word in words(text) if word not in _LITTLE_WORDS)


def own_forms(context: Context) -> dict[str, str]:
    """The names that tokens lose, by what is left of them: "Zoe" -> "Zoë", "Mckenzie" -> "McKenzie"."""
    forms: dict[str, str] = {}
    for text in (*context.facts, *(turn.text for turn in context.turns)):
        for word in _WORD.findall(normalize("NFC", text)):
            if _INNER_CAPITAL.fullmatch(word) or (word.istitle() and not word.isascii()):
                bare = "".join(c for c in normalize("NFD", word.translate(_PLAIN)) if not combining(c))
                forms[bare.capitalize()] = word
    return forms


def new_words(fact: str, message: str) -> tuple[str, ...]:
    """The telling words of a fact, as it spells them, that the message does not have."""
    told = set(words(message)) | _LITTLE_WORDS
    return tuple(dict.fromkeys(word for word in _WORD.findall(fact) if word.lower() not in told))


def worn_words(context: Context, asked: Collection[str] = ()) -> set[str]:
    """The telling words that the persona has said before, words of its facts when it has said them in two
    lines; but for those of the message that it answers, and of the fact that this one asks for (`asked`)."""
    lines = [set(telling_words(turn.text)) for turn in context.turns if turn.role == "bot"]
    said = Counter(word for line in lines for word in line)
    own = {word for fact in context.facts for word in words(fact)}
    free = {word for text in (*asked, *(turn.text for turn in context.turns[-1:])) for word in words(text)}
    return {word for word, times in said.items() if word not in free and (times > 1 or word not in own)}
