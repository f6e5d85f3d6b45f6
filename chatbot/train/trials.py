"""What an evaluation asks for: which messages, under which request, with which seed.

Every message comes from the held-out part of the corpus, or from the set written for combinations, which is
never trained on. A request and its unguided counterpart share message and seed, so that differences are the
flow's. Knows nothing of models beyond their attributes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from chatbot.errors import UsageError
from chatbot.model.text import Context
from chatbot.train.corpus import Corpus, rows
from chatbot.train.forms import joined

CURVE = (0.25, 0.5, 0.75)  # of the model's own strength; 0 and 1 are asked for anyway
STRENGTHS = (0.6, 0.75, 0.9)  # asked for as probabilities
_QUESTIONS = Path(__file__).parent / "fact_questions.json"
_LEAKS = Path(__file__).parent / "leak_questions.json"
SEED_STRIDE = 1_000_003


@dataclass(frozen=True)
class Trial:
    """One reply to ask for. `asked`: attribute -> aspect; `strength` is of the model's own, 0 leaves z alone.

    `kind` is base, aspect, combination, curve, strength (asked as a probability), variety, fact, fact-guided,
    fact-hidden, leak or leak-hidden; `message` says which message it answers, `round` which seed it has.
    `written` is the corpus's own reply to this very request. `answers` are telling words, of a right answer
    to a question for a fact of the kind `value_kind`, or of a fact that is the user's.
    """

    kind: str
    message: int
    round: int
    context: Context
    asked: Mapping[str, str] = field(default_factory=dict)
    strength: float = 1.0
    written: str = ""
    answers: tuple[str, ...] = ()
    value_kind: str = ""

    @property
    def seed(self) -> int:
        return self.round * SEED_STRIDE + self.message

    @property
    def name(self) -> str:
        """What is asked, as "style/lyrical" or "lyrical+optimistic+critical"; "" for nothing."""
        if self.kind in ("combination", "variety"):
            return joined(self.asked.items())
        return "+".join(f"{attribute}/{aspect}" for attribute, aspect in self.asked.items())


@dataclass(frozen=True)
class Message:
    """A held-out message with the replies that were written to it.

    `single`: (attribute, aspect) -> reply; `combined`: (aspect of each of several attributes) -> reply.
    """

    context: Context
    single: Mapping[tuple[str, str], str] = field(default_factory=dict)
    combined: Mapping[str, str] = field(default_factory=dict)


def messages(corpus: Corpus, folder: Path, count: int | None = None) -> list[Message]:
    """Up to `count` held-out messages: those with combined replies and those with single ones, by turns;
    where there are none, those within dialogues and chats, the first of each talk first.

    None ends or begins with a message that one of the training part ends or begins with, marked replies
    among it: dialogues are split by their first message, and a short one may stand in several. Raises
    UsageError where there is none.
    """
    trained = [row.context for row in (*corpus.parts["train"], *corpus.marked["train"])]
    known = {text.lower() for context in trained for text in _ends(context)}
    held_out = {"together": list(combinations(folder)), "parallel": list[Message](), "chats": list[Message]()}
    for item in corpus.parts["test"]:
        single = {r.labels[0]: r.text for r in item.replies if len(r.labels) == 1}
        together = {joined(r.labels): r.text for r in item.replies if len(r.labels) > 1}
        held_out.get(item.kind, held_out["chats"]).append(Message(item.context, single, together))
    together, parallel, chats = (
        [message for message in found if not known & {t.lower() for t in _ends(message.context)}]
        for found in held_out.values()
    )
    by_turns = [
        message for pair in zip_longest(together, parallel) for message in pair if message is not None
    ]
    if not by_turns and not chats:
        raise UsageError(
            f"An evaluation asks messages that were held out of training; {str(folder)!r} holds none. "
            "Give a larger corpus, or one with combinations."
        )
    return (by_turns or sorted(chats, key=lambda message: len(message.context.turns)))[:count]


def combinations(folder: Path) -> Iterator[Message]:
    """The messages of a corpus to which replies with several aspects at once were written."""
    for row in rows(folder):
        replies: dict[str, str] = row.get("replies") or {}
        if any("+" in name for name in replies):
            yield Message(Context.of(row["facts"], row["turns"]), combined=replies)


def _ends(context: Context) -> set[str]:
    """The message that a context ends with, and the one that it begins with (all later ones hang on it)."""
    return {context.turns[0].text, context.turns[-1].text}


def parse(name: str, attributes: Mapping[str, tuple[str, ...]]) -> dict[str, str] | None:
    """ "lyrical+warmth/kind" as attribute -> aspect; None when an aspect is unknown or, without its attribute
    before it, has two."""
    asked: dict[str, str] = {}
    for part in name.split("+"):
        owner, _, aspect = part.rpartition("/")
        owners = [a for a, aspects in attributes.items() if aspect in aspects and owner in ("", a)]
        if len(owners) != 1:
            return None
        asked[owners[0]] = aspect
    return asked


def plan(
    held_out: Sequence[Message], attributes: Mapping[str, tuple[str, ...]], *, rounds: int
) -> list[Trial]:
    """Every trial of an evaluation of a model with these attributes."""
    trials: list[Trial] = []
    for number in range(rounds):
        for i, message in enumerate(held_out):
            trials += _of_message(i, message, number, attributes)
            if i % 8 == 0:
                trials += _curve(i, message, number, attributes)
    return trials + list(_facts(len(held_out), attributes))


def _of_message(
    i: int, message: Message, number: int, attributes: Mapping[str, tuple[str, ...]]
) -> Iterator[Trial]:
    context = message.context
    yield Trial("base", i, number, context, strength=0.0)
    for attribute, aspects in attributes.items():
        for aspect in aspects:
            written = message.single.get((attribute, aspect), "")
            yield Trial("aspect", i, number, context, {attribute: aspect}, written=written)
    for asked, written in _combined(message, attributes):
        yield Trial("combination", i, number, context, asked, written=written)


def _combined(
    message: Message, attributes: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[dict[str, str], str]]:
    """What the model can be asked of the replies with several aspects, and the reply."""
    for name, written in message.combined.items():
        if asked := parse(name, attributes):
            yield asked, written


def _curve(
    i: int, message: Message, number: int, attributes: Mapping[str, tuple[str, ...]]
) -> Iterator[Trial]:
    """One aspect of each attribute, in turn, at every strength of the control curves."""
    for place, (attribute, aspects) in enumerate(attributes.items()):
        asked = {attribute: aspects[(i // 8 + place) % len(aspects)]}
        for kind, strengths in (("curve", CURVE), ("strength", STRENGTHS)):
            for strength in strengths:
                yield Trial(kind, i, number, message.context, asked, strength)


def variety(
    held_out: Sequence[Message], attributes: Mapping[str, tuple[str, ...]], count: int
) -> list[Trial]:
    """`count` requests for a combination, of all that the held-out replies show, or as many as there are."""
    combined = [[*_combined(message, attributes)] for message in held_out]
    asked = {joined(one.items()): one for found in combined for one, _ in found}
    written = [{joined(one.items()): text for one, text in found} for found in combined]
    rows = [
        Trial("variety", i, 0, message.context, one, written=written[i].get(name, ""))
        for i, message in enumerate(held_out)
        for name, one in asked.items()
    ]
    return rows[:count]


def questions() -> list[dict[str, Any]]:
    """Facts of the speaker, a question about one of them, and the words of which a right answer has one.

    `kind`, where there is one, is the list of fact_values.json that other answers come from.
    """
    return json.loads(_QUESTIONS.read_text("utf-8"))


def leaks() -> list[dict[str, Any]]:
    """The speaker's facts, a message that tells a fact of the user's, the same without it, telling words."""
    return json.loads(_LEAKS.read_text("utf-8"))


def _facts(first: int, attributes: Mapping[str, tuple[str, ...]]) -> Iterator[Trial]:
    """Each question three times: unguided, with one aspect asked, and with its facts hidden. Then leaks."""
    requests = [{name: aspect} for name, aspects in attributes.items() for aspect in aspects]
    for i, row in enumerate(questions(), start=first):
        told, hidden = Context.of(row["facts"], [row["question"]]), Context.of([], [row["question"]])
        known: dict[str, Any] = {"answers": tuple(row["answers"]), "value_kind": row.get("kind", "")}
        asked = requests[(i - first) % len(requests)]
        yield Trial("fact", i, 0, told, strength=0.0, **known)
        yield Trial("fact-guided", i, 0, told, asked, **known)
        yield Trial("fact-hidden", i, 0, hidden, strength=0.0, **known)
    for i, row in enumerate(leaks(), start=first + len(questions())):
        for kind, message in (("leak", row["told"]), ("leak-hidden", row["hidden"])):
            context = Context.of(row["facts"], [message])
            yield Trial(kind, i, 0, context, strength=0.0, answers=tuple(row["claims"]))
