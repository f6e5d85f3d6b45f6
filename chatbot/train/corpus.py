"""The corpus: read, check, de-duplicate and split, with a report of every line that was dropped.

A folder of `.jsonl` files, or of such packed as `.bz2`, `.gz` or `.xz`; forms.py says what a line may be.
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
from chatbot.train import forms
from chatbot.train.forms import CHATS, COMBINED, STRANGE, Item, Labelled, Marked, Plain

PARTS = ("train", "valid", "test")
WRITTEN = Path(__file__).parent / "data"  # the corpus that ships with the program


@dataclass
class Corpus:
    """Items and marked replies by part, plain text for the warm-up, and the report of what was dropped."""

    parts: dict[str, list[Item]] = field(default_factory=lambda: {part: [] for part in PARTS})
    marked: dict[str, list[Marked]] = field(default_factory=lambda: {part: [] for part in PARTS})
    plain: list[Plain] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    strange: dict[str, str] = field(default_factory=dict)  # the first line of a reason
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
        for number, row in _rows(path):
            total.update(_canonical(row))
            try:
                marked, items = forms.read(forms.written_out(row))
            except STRANGE as error:
                _drop_line(corpus, path, number, row, error)
                continue
            if marked is not None:
                corpus.marked[part_of(marked.context)].append(marked)
            for item in items:
                _admit(corpus, item, seen, min_words)
    for path in _files(plain_folder) if plain_folder else []:
        found = []
        for number, row in _rows(path):
            try:
                found += forms.plain(row)
            except STRANGE as error:
                _drop_line(corpus, path, number, row, error)
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
    return _digest(row for path in _files(folder) for _, row in _rows(path))


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
        for _, row in _rows(path):
            try:
                row = forms.written_out(row)
                forms.read(row)
            except STRANGE:
                continue
            yield row


_OPENERS = {".bz2": bz2.open, ".gz": gzip.open, ".xz": lzma.open}


def _files(folder: Path) -> list[Path]:
    endings = (".jsonl", *(f".jsonl{packed}" for packed in _OPENERS))
    return sorted(path for path in folder.glob("*.jsonl*") if path.name.endswith(endings))


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """The number of every line of a file, and the line as JSON, an object or not. Raises UsageError for one
    that is none, and for a file that cannot be read."""
    number = 0
    try:
        with _OPENERS.get(path.suffix, open)(path, "rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    yield number, json.loads(line)
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


def _drop_line(corpus: Corpus, path: Path, number: int, row: Any, error: Exception) -> None:
    reason, why = f"{path.name}: not a known form", str(error)
    if not isinstance(row, dict):
        why = "it is no JSON object"
    elif isinstance(error, KeyError):
        why = f"there is no {error}"
    corpus.dropped[reason] += 1
    corpus.strange.setdefault(reason, f"line {number}: {why}")


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
