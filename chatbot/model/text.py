"""Text to token ids and back: the one prompt form that training and chat share.

    [FACT] fact ... [USER] text [END] [BOT] text [END] ... [USER] text [END]   | [BOT] reply [END]
    `------------------------------ context -----------------------------'      `---- reply ---'

A codec wraps one `tokenizers.Tokenizer`. Text is data: a literal "[USER]" in a message is encoded letter
by letter, never as the marker. With an uncased tokenizer, `[CAP]` and `[UPPER]` before a word keep its case
and `Speller` (typesetting.py) restores case and spacing, so that replies come out in proper English.

This module knows nothing of tensors, of latent variables or of any particular language model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from chatbot.model.typesetting import CAP, CASE_MARKERS, SENTENCE_END, UPPER, ByteStream, Speller, typeset

FACT, USER, BOT, END = "[FACT]", "[USER]", "[BOT]", "[END]"
MARKERS = (FACT, USER, BOT, END)

_ROLE_MARKERS = {"user": USER, "bot": BOT, "narrator": FACT}


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
        text = typeset(text)
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
            starts_sentence = mark in SENTENCE_END or (starts_sentence and mark in "”“\"'")
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
