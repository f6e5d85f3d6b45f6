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

from chatbot.model.text import Context
from chatbot.train.corpus import Corpus, rows

CURVE = (0.01, 0.03, 0.1, 0.3, 3.0)  # of the model's own strength; 0 and 1 are asked for anyway
QUESTIONS = Path(__file__).parent / "fact_questions.json"
SEED_STRIDE = 1_000_003


@dataclass(frozen=True)
class Trial:
    """One reply to ask for. `asked`: attribute -> aspect; `strength` is of the model's own, 0 leaves z alone.

    `kind` is base, aspect, combination, curve, fact, fact-guided or fact-hidden; `message` says which message
    it answers, `round` which seed it has. `written` is the corpus's own reply to this very request.
    """

    kind: str
    message: int
    round: int
    context: Context
    asked: Mapping[str, str] = field(default_factory=dict)
    strength: float = 1.0
    written: str = ""
    answers: tuple[str, ...] = ()

    @property
    def seed(self) -> int:
        return self.round * SEED_STRIDE + self.message

    @property
    def name(self) -> str:
        """What is asked, as "style/lyrical" or "lyrical+optimistic+critical"; "" for nothing."""
        if self.kind == "combination":
            return "+".join(self.asked.values())
        return "+".join(f"{attribute}/{aspect}" for attribute, aspect in self.asked.items())


@dataclass(frozen=True)
class Message:
    """A held-out message with the replies that were written to it.

    `single`: (attribute, aspect) -> reply; `combined`: (aspect of each of several attributes) -> reply.
    """

    context: Context
    single: Mapping[tuple[str, str], str] = field(default_factory=dict)
    combined: Mapping[str, str] = field(default_factory=dict)


def messages(corpus: Corpus, folder: Path, count: int) -> list[Message]:
    """Up to `count` held-out messages: those with combined replies and those with single ones, by turns."""
    single = [
        Message(item.context, {(r.attribute, r.aspect): r.text for r in item.replies})
        for item in corpus.parts["test"]
        if item.kind == "parallel"
    ]
    known = {text.lower() for item in corpus.parts["train"] for text in _ends(item.context)}
    combined = [
        message for message in combinations(folder) if not known & {t.lower() for t in _ends(message.context)}
    ]
    mixed = [m for pair in zip_longest(combined, single) for m in pair if m is not None]
    return mixed[:count]


def combinations(folder: Path) -> Iterator[Message]:
    """The messages of a corpus to which replies with several aspects at once were written."""
    for row in rows(folder):
        replies: dict[str, str] = row.get("replies", {})
        if any("+" in name for name in replies):
            yield Message(Context.of(row["facts"], row["turns"]), combined=replies)


def _ends(context: Context) -> set[str]:
    """The message that a context ends with, and the one that it begins with (all later ones hang on it)."""
    return {context.turns[0].text, context.turns[-1].text}


def parse(name: str, attributes: Mapping[str, tuple[str, ...]]) -> dict[str, str] | None:
    """ "lyrical+optimistic" as attribute -> aspect; None when an aspect is unknown or has two attributes."""
    asked: dict[str, str] = {}
    for aspect in name.split("+"):
        owners = [attribute for attribute, aspects in attributes.items() if aspect in aspects]
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
    for name, written in message.combined.items():
        asked = parse(name, attributes)
        if asked is not None:
            yield Trial("combination", i, number, context, asked, written=written)


def _curve(
    i: int, message: Message, number: int, attributes: Mapping[str, tuple[str, ...]]
) -> Iterator[Trial]:
    """One aspect of each attribute, in turn, at every strength of the control curve."""
    for place, (attribute, aspects) in enumerate(attributes.items()):
        asked = {attribute: aspects[(i // 8 + place) % len(aspects)]}
        for strength in CURVE:
            yield Trial("curve", i, number, message.context, asked, strength)


def questions() -> list[dict[str, Any]]:
    """Facts of the speaker, a question about one of them, and the words of which a right answer has one."""
    return json.loads(QUESTIONS.read_text("utf-8"))


def _facts(first: int, attributes: Mapping[str, tuple[str, ...]]) -> Iterator[Trial]:
    """Each question three times: unguided, with one aspect asked, and with its facts hidden."""
    requests = [{name: aspect} for name, aspects in attributes.items() for aspect in aspects]
    for i, row in enumerate(questions()):
        told, hidden = Context.of(row["facts"], [row["question"]]), Context.of([], [row["question"]])
        answers = tuple(row["answers"])
        asked = requests[i % len(requests)]
        yield Trial("fact", first + i, 0, told, strength=0.0, answers=answers)
        yield Trial("fact-guided", first + i, 0, told, asked, answers=answers)
        yield Trial("fact-hidden", first + i, 0, hidden, strength=0.0, answers=answers)
