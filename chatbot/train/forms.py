"""The forms of a corpus: what a line of a file says, as replies to contexts.

Eight kinds of line, told apart by their keys, one JSON object each:

    parallel   {"facts", "turns", "replies": {"style/lyrical": "...", ...}}  one message, labelled replies
    together   {"facts", "turns", "together": {"lyrical+critical": "..."}}   replies that show several aspects
    combined   {"facts", "turns", "replies": {"lyrical+critical": "..."}}    asked by evaluations, not learnt
    dialogue   {"attribute", "aspect", "facts", "turns"}                     every second turn shows it
    role       {"labels": ["mind/critical", ...], "facts", "turns"}          every second turn shows them all
    chat       {"facts_a", "facts_b", "turns"}                               either side can be the speaker
    marked     {"labels", "facts", "turns", "marked": [["...", "n"], ...]}   a model's replies, as marked
    plain      {"turns"} or {"paragraphs"}                                   language-model warm-up only

Of several aspects that of an attribute of one's own has its name before it: "warmth/kind+lyrical".
Files and parts are for corpus.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chatbot.model.text import Context

CHATS = ("chat", "role")  # kinds whose lines may be short, and may ask
COMBINED = "combined"  # the kind that evaluations ask for: never trained on
MARKS = ("n", "m", "y", "w")  # from worst to best
WRITTEN_MARK = "w"
STRANGE = (KeyError, TypeError, ValueError, AttributeError)  # what a line of no known form raises
SHOWS_ASPECTS = 5  # words that a line of a chat in character needs to show its aspects: "Bean." shows none
_LISTS = ("turns", "facts", "facts_a", "facts_b", "labels")
_PARAGRAPHS = 8  # of prose in one text

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


def _label(name: str) -> tuple[str, str]:
    attribute, slash, aspect = name.partition("/")
    if not slash or "/" in aspect:
        raise ValueError(f"a label is ATTRIBUTE/ASPECT, not {name!r}")
    return attribute, aspect


def _owned(aspect: str) -> tuple[str, str]:
    return (OWNERS[aspect], aspect) if aspect in OWNERS else _label(aspect)


def joined(labels: Iterable[tuple[str, str]]) -> str:
    """Labels as the name of a request for all of them."""
    return "+".join(
        aspect if OWNERS.get(aspect) == attribute else f"{attribute}/{aspect}" for attribute, aspect in labels
    )


def written_out(row: dict[str, Any]) -> dict[str, Any]:
    """A line with its keys and aspects written out, whatever its form."""
    if "u" in row and "r" in row:
        replies = {SHORT_ASPECTS[key]: text for key, text in row["r"].items()}
        return {"facts": row["f"], "turns": [*row["c"], row["u"]], "replies": replies}
    if "l" in row and "t" in row:
        labels = [SHORT_ASPECTS[key] for key in row["l"]]
        return {**row, "facts": row["f"], "turns": row["t"], "labels": labels}
    return row


def read(row: Any) -> tuple[Marked | None, list[Item]]:
    """What a line in long form says: its marked replies, if it has them, and its items. Raises one of
    STRANGE for another form."""
    if not row["turns"]:
        raise ValueError("it has no turns")
    if strange := [key for key in _LISTS if not isinstance(row.get(key, []), list)]:
        raise TypeError(f"{strange[0]!r} must be a list")  # a text is one of letters
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
        raise ValueError(f"a mark must be one of {', '.join(MARKS)}; got {', '.join(sorted(strange))}")
    labels = tuple(_label(name) for name in row["labels"])
    return Marked(Context.of(row["facts"], row["turns"]), labels, replies)


def _written(marked: Marked) -> Iterator[Item]:
    """What a reader wrote, as a line of a chat in character."""
    for text, mark in marked.replies:
        if mark == WRITTEN_MARK:
            shown = marked.asked if len(text.split()) >= SHOWS_ASPECTS else ()
            yield Item(marked.context, (Labelled(text, shown),), "role")


def plain(row: Any) -> list[Plain]:
    """The plain texts of one line. Raises one of STRANGE for another form."""
    dialogue = "turns" in row
    lines = row["turns" if dialogue else "paragraphs"]
    if not isinstance(lines, list) or not lines:
        raise ValueError("it has no turns or paragraphs")
    "".join(lines).encode()  # TypeError or ValueError for what is no text
    each = len(lines) if dialogue else _PARAGRAPHS
    return [Plain(tuple(lines[i : i + each]), dialogue) for i in range(0, len(lines), each)]


def texts(items: Iterable[Item]) -> Iterator[str]:
    """Every string of the items, for vocabulary counts."""
    for item in items:
        yield from item.context.facts
        yield from (turn.text for turn in item.context.turns)
        yield from (reply.text for reply in item.replies)
