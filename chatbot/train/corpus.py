"""The corpus: read, check, de-duplicate and split, with a report of every line that was dropped.

Seven kinds of file, told apart by their keys (one JSON object a line; `.jsonl`, or that packed as `.bz2`,
`.gz` or `.xz`):

    parallel   {"facts", "turns", "replies": {"style/lyrical": "...", ...}}  one message, labelled replies
    together   {"facts", "turns", "together": {"lyrical+critical": "..."}}   replies that show several aspects
    dialogue   {"attribute", "aspect", "facts", "turns"}                     every second turn shows it
    role       {"labels": ["mind/critical", ...], "facts", "turns"}          every second turn shows them all
    chat       {"facts_a", "facts_b", "turns"}                               either side can be the speaker
    marked     {"labels", "facts", "turns", "marked": [["...", "n"], ...]}   a model's replies, as marked
    plain      {"turns"} or {"paragraphs"}                                   language-model warm-up only

In "together" an aspect of an attribute of one's own has its name before it: "warmth/kind+lyrical".
Splits are made by a hash of the first message, never by line: dialogues that begin alike stand in one part.
A short later line or a common question ("what's your name?") may stand in several.
Labelled replies that ask something are left out here, short ones and others by filters.py (in chats and roles
they stay); `corpus.json` in the work folder counts them.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chatbot.errors import UsageError
from chatbot.model.text import Context

CHATS = ("chat", "role")  # kinds whose lines may be short, and may ask
COMBINED = "combined"  # the kind that evaluations ask for: never trained on
PARTS = ("train", "valid", "test")
MARKS = ("n", "m", "y", "w")  # from worst to best
WRITTEN_MARK = "w"
UNKNOWN_FORM = "not a known form"  # how a reason ends for which a whole line was dropped
WRITTEN = Path(__file__).parent / "data"  # the corpus that ships with the program


@dataclass(frozen=True)
class Labelled:
    """One reply with its (attribute, aspect) labels: one as a rule, several, or none in particular."""

    text: str
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def attribute(self) -> str:
        """The attribute of a reply with one label, else ""."""
        return self.labels[0][0] if len(self.labels) == 1 else ""

    @property
    def aspect(self) -> str:
        """The aspect of a reply with one label, else ""."""
        return self.labels[0][1] if len(self.labels) == 1 else ""


@dataclass(frozen=True)
class Item:
    """A context and the replies that were written to it."""

    context: Context
    replies: tuple[Labelled, ...]
    kind: str


@dataclass(frozen=True)
class Plain:
    """Text for the warm-up: the turns of a dialogue, or paragraphs of prose."""

    lines: tuple[str, ...]
    dialogue: bool


@dataclass(frozen=True)
class Marked:
    """Replies to one context, each with a reader's mark: n(o), m(iddling) and y(es) for what a model said,
    w for what the reader wrote where nothing would do. `asked`: (attribute, aspect) of the persona."""

    context: Context
    asked: tuple[tuple[str, str], ...]
    replies: tuple[tuple[str, str], ...]


@dataclass
class Corpus:
    """Items and marked replies by part, plain text for the warm-up, and the report of what was dropped."""

    parts: dict[str, list[Item]] = field(default_factory=lambda: {part: [] for part in PARTS})
    marked: dict[str, list[Marked]] = field(default_factory=lambda: {part: [] for part in PARTS})
    plain: list[Plain] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    digest: str = ""  # of the labelled files
    plain_digest: str = ""  # of the plain text that was taken; "" where there is none

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> aspects, in the order in which the files first name them."""
        found: dict[str, list[str]] = {}
        for item in self.parts["train"]:
            for reply in item.replies:
                for attribute, aspect in reply.labels:
                    if aspect not in found.setdefault(attribute, []):
                        found[attribute].append(aspect)
        return {name: tuple(aspects) for name, aspects in found.items()}

    def report(self) -> dict[str, Any]:
        """Counts a person can check: items and replies by part, replies by aspect, drops by reason."""
        aspects = Counter(
            "+".join(f"{attribute}/{aspect}" for attribute, aspect in reply.labels) or "unlabelled"
            for item in self.parts["train"]
            for reply in item.replies
        )
        return {
            "items": {part: len(items) for part, items in self.parts.items()},
            "replies": {part: sum(len(item.replies) for item in items) for part, items in self.parts.items()},
            "train_replies_by_aspect": dict(sorted(aspects.items())),
            "marked": {
                part: dict(Counter(mark for row in rows for _, mark in row.replies))
                for part, rows in self.marked.items()
            },
            "plain_texts": len(self.plain),
            "dropped": dict(self.dropped),
            "digest": self.digest,
            "plain_digest": self.plain_digest,
        }


def load(
    folder: Path, *, plain_folder: Path | None = None, min_words: int = 3, plain_each: int = 0
) -> Corpus:
    """Read every labelled file of `folder`, and the warm-up text of `plain_folder` where one is given.

    `plain_each` caps the texts taken from one plain file, evenly spread (0: all), so that no source drowns
    the rest.

    Raises UsageError when a folder holds no corpus file, or one that cannot be read or has a line that is no
    JSON.
    """
    files = _files(folder)
    if not files:
        raise UsageError(f"The corpus must be a folder of .jsonl files; {str(folder)!r} holds none.")
    corpus = Corpus()
    seen: set[str] = set()
    total = hashlib.sha256()
    for path in files:
        for row in _rows(path):
            total.update(_canonical(row))
            try:
                marked, items = _read(_long(row))
            except _STRANGE:
                corpus.dropped[f"{path.name}: {UNKNOWN_FORM}"] += 1
                continue
            if marked is not None:
                corpus.marked[part_of(marked.context)].append(marked)
            for item in items:
                _admit(corpus, item, seen, min_words)
    for path in _files(plain_folder) if plain_folder else []:
        found = []
        for row in _rows(path):
            try:
                found += _plain(row)
            except _STRANGE:
                corpus.dropped[f"{path.name}: {UNKNOWN_FORM}"] += 1
        stride = max(1, -(-len(found) // plain_each)) if plain_each else 1
        corpus.plain.extend(found[::stride])
    if plain_folder and not corpus.plain:
        raise UsageError(
            'Plain text must be a folder of .jsonl files whose lines have "turns" or "paragraphs"; '
            f"{str(plain_folder)!r} holds none."
        )
    corpus.digest = total.hexdigest()
    corpus.plain_digest = _digest(asdict(plain) for plain in corpus.plain) if corpus.plain else ""
    return corpus


def digest(folder: Path) -> str:
    """The SHA-256 of all that the corpus files of a folder say, however they are packed: a corpus's name."""
    return _digest(row for path in _files(folder) for row in _rows(path))


def _digest(found: Iterable[Any]) -> str:
    total = hashlib.sha256()
    for row in found:
        total.update(_canonical(row))
    return total.hexdigest()


def _canonical(row: Any) -> bytes:
    return json.dumps(row, sort_keys=True).encode()


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Every line of a known form, those that are never trained on among them, with its keys written out."""
    for path in _files(folder):
        for row in _rows(path):
            try:
                row = _long(row)
                _read(row)
            except _STRANGE:
                continue
            yield row


_OPENERS = {".bz2": bz2.open, ".gz": gzip.open, ".xz": lzma.open}


def _files(folder: Path) -> list[Path]:
    endings = (".jsonl", *(f".jsonl{packed}" for packed in _OPENERS))
    return sorted(path for path in folder.glob("*.jsonl*") if path.name.endswith(endings))


def _rows(path: Path) -> Iterator[Any]:
    """Every line of a file as JSON, an object or not. Raises UsageError for one that is none, and for a file
    that cannot be read."""
    number = 0
    try:
        with _OPENERS.get(path.suffix, open)(path, "rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    yield json.loads(line)
    except ValueError as error:
        raise UsageError(
            f"A line of a corpus file must be JSON in UTF-8; {path}:{number} is not ({error}). "
            "Mend it or take it out."
        ) from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise UsageError(
            f"A corpus file must be whole, and packed as its ending says; {path} cannot be read behind line "
            f"{number} ({error}). Mend it or take it out."
        ) from error


# The compact form in which the parallel set is written (one short key for each aspect).
SHORT_ASPECTS = {
    "ly": "style/lyrical", "pl": "style/plain", "op": "attitude/optimistic", "pe": "attitude/pessimistic",
    "cr": "mind/critical", "em": "mind/emotional", "o+": "openness/high", "o-": "openness/low",
    "c+": "conscientiousness/high", "c-": "conscientiousness/low", "e+": "extraversion/high",
    "e-": "extraversion/low", "a+": "agreeableness/high", "a-": "agreeableness/low",
    "n+": "neuroticism/high", "n-": "neuroticism/low",
}  # fmt: skip

# In replies with several labels an aspect may stand alone; these are the ones that one attribute has.
OWNERS = {
    aspect: attribute
    for attribute, aspect in (name.split("/") for name in SHORT_ASPECTS.values())
    if aspect not in ("high", "low")
}


SHOWS_ASPECTS = 5  # words that a line of a chat in character needs to show its aspects: "Bean." shows none


def _label(name: str) -> tuple[str, str]:
    attribute, aspect = name.split("/")
    return attribute, aspect


def _owned(aspect: str) -> tuple[str, str]:
    return _label(aspect) if "/" in aspect else (OWNERS[aspect], aspect)


def _long(row: dict[str, Any]) -> dict[str, Any]:
    """A line with its keys and aspects written out, whatever its form."""
    if "u" in row and "r" in row:
        replies = {SHORT_ASPECTS[key]: text for key, text in row["r"].items()}
        return {"facts": row["f"], "turns": [*row["c"], row["u"]], "replies": replies}
    if "l" in row and "t" in row:
        labels = [SHORT_ASPECTS[key] for key in row["l"]]
        return {**row, "facts": row["f"], "turns": row["t"], "labels": labels}
    return row


_LISTS = ("turns", "facts", "facts_a", "facts_b", "labels")
_STRANGE = (KeyError, TypeError, ValueError, AttributeError)  # what a line of no known form raises


def _read(row: Any) -> tuple[Marked | None, list[Item]]:
    """What a line in long form says: its marked replies, if it has them, and its items. Raises one of
    _STRANGE for another form."""
    if not row["turns"]:
        raise ValueError("A line must have turns.")
    if strange := [key for key in _LISTS if not isinstance(row.get(key, []), list)]:
        raise TypeError(f"{strange[0]} must be a list.")  # a text is one of letters
    marked = _marked(row) if "marked" in row else None
    items = list(_written(marked) if marked else _items(row))
    said = [text for text, _ in marked.replies] if marked else []
    for item in [*items, Item(marked.context, (), "")] if marked else items:
        labels = (name for reply in item.replies for label in reply.labels for name in label)
        said += [*texts([item]), *labels]
    "".join(said).encode()  # TypeError or ValueError for what is no text
    return marked, items


def _items(row: dict[str, Any]) -> Iterator[Item]:
    """The items of one line in long form."""
    if "replies" in row:
        combined = any("+" in name for name in row["replies"])
        replies = tuple(
            Labelled(text, () if combined else (_label(name),)) for name, text in row["replies"].items()
        )
        yield Item(Context.of(row["facts"], row["turns"]), replies, COMBINED if combined else "parallel")
    elif "together" in row:
        replies = tuple(
            Labelled(text, tuple(_owned(aspect) for aspect in name.split("+")))
            for name, text in row["together"].items()
        )
        yield Item(Context.of(row["facts"], row["turns"]), replies, "together")
    elif "aspect" in row:
        for end in range(1, len(row["turns"]), 2):
            reply = Labelled(row["turns"][end], ((row["attribute"], row["aspect"]),))
            yield Item(Context.of(row["facts"], row["turns"][:end]), (reply,), "dialogue")
    elif "labels" in row:
        labels = tuple(_label(name) for name in row["labels"])
        for end in range(1, len(row["turns"]), 2):
            text = row["turns"][end]
            shown = labels if len(text.split()) >= SHOWS_ASPECTS else ()
            yield Item(Context.of(row["facts"], row["turns"][:end]), (Labelled(text, shown),), "role")
    else:
        turns, sides = row["turns"], (row["facts_a"], row["facts_b"])
        for end in range(1, len(turns)):
            yield Item(Context.of(sides[end % 2], turns[:end]), (Labelled(turns[end]),), "chat")


def _marked(row: dict[str, Any]) -> Marked:
    """The replies of a line with marks. Raises KeyError, TypeError or ValueError for another form."""
    replies = tuple((text, mark) for text, mark in row["marked"])
    if strange := {mark for _, mark in replies} - set(MARKS):
        raise ValueError(f"A mark must be one of {', '.join(MARKS)}; got {', '.join(sorted(strange))}.")
    labels = tuple(_label(name) for name in row["labels"])
    return Marked(Context.of(row["facts"], row["turns"]), labels, replies)


def _written(marked: Marked) -> Iterator[Item]:
    """What a reader wrote, as a line of a chat in character."""
    for text, mark in marked.replies:
        if mark == WRITTEN_MARK:
            shown = marked.asked if len(text.split()) >= SHOWS_ASPECTS else ()
            yield Item(marked.context, (Labelled(text, shown),), "role")


def _admit(corpus: Corpus, item: Item, seen: set[str], min_words: int) -> None:
    """Put an item into its part, less the replies that fail a check; each drop is counted with its reason."""
    if item.kind == COMBINED:
        return
    kept: list[Labelled] = []
    for reply in item.replies:
        key = f"{item.context.turns[-1].text}\n{reply.text}".lower()
        if len(reply.text.split()) < min_words and item.kind not in CHATS:
            corpus.dropped[f"reply under {min_words} words"] += 1
        elif "?" in reply.text and item.kind not in CHATS:
            corpus.dropped["question in a labelled reply"] += 1
        elif key in seen:
            corpus.dropped["duplicate message and reply"] += 1
        else:
            seen.add(key)
            kept.append(reply)
    if kept:
        corpus.parts[part_of(item.context)].append(Item(item.context, tuple(kept), item.kind))


def part_of(context: Context) -> str:
    """92 % train, 4 % valid, 4 % test, by a hash that all turns of a dialogue share."""
    first = context.turns[0].text if context.turns else ""
    digest = hashlib.sha256(first.lower().encode()).digest()
    share = digest[0] * 256 + digest[1]
    return "train" if share < 60293 else "valid" if share < 62914 else "test"


def _plain(row: Any, paragraphs_each: int = 8) -> list[Plain]:
    """The plain texts of one line. Raises one of _STRANGE for another form."""
    dialogue = "turns" in row
    lines = row["turns" if dialogue else "paragraphs"]
    if not isinstance(lines, list) or not lines:
        raise ValueError("A line must have turns or paragraphs.")
    "".join(lines).encode()  # TypeError or ValueError for what is no text
    each = len(lines) if dialogue else paragraphs_each
    return [Plain(tuple(lines[i : i + each]), dialogue) for i in range(0, len(lines), each)]


def texts(items: Iterable[Item]) -> Iterator[str]:
    """Every string of the items, for vocabulary counts."""
    for item in items:
        yield from item.context.facts
        yield from (turn.text for turn in item.context.turns)
        yield from (reply.text for reply in item.replies)
