"""Replies to trials, and what one judge reads in them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from chatbot.train.judge import TextJudge
from chatbot.train.trials import Trial


@dataclass(frozen=True)
class Said:
    """A reply to a trial. `reached`: the lowest probability of an asked aspect in the latent space."""

    trial: Trial
    text: str
    finish: str
    flow: str
    reached: float | None = None


class Reading:
    """Replies as one judge reads them."""

    def __init__(self, said: Sequence[Said], judge: TextJudge) -> None:
        self.said = list(said)
        self.attributes = judge.attributes
        self.probabilities = judge.probabilities([reply.text for reply in said])
        self._only: int | None = None
        self._base = {
            (reply.trial.message, reply.trial.round): i
            for i, reply in enumerate(said)
            if reply.trial.kind == "base"
        }

    def only(self, number: int) -> Reading:
        """The same reading, of the replies of one round."""
        one = copy(self)
        one._only = number
        return one

    def rows(self, kind: str, name: str | None = None) -> list[int]:
        """Replies of one kind, to one request where it is named, whose asked attributes can all be judged."""
        return [
            i
            for i, reply in enumerate(self.said)
            if reply.trial.kind == kind
            and name in (None, reply.trial.name)
            and self._only in (None, reply.trial.round)
            and reply.trial.asked.keys() <= self.attributes.keys()
        ]

    def unguided(self, rows: Sequence[int]) -> list[int]:
        """The replies with all weights 0 to the same messages and seeds."""
        return [self._base[self.said[i].trial.message, self.said[i].trial.round] for i in rows]

    def messages(self, rows: Sequence[int]) -> list[int]:
        return [self.said[i].trial.message for i in rows]

    def asked(self, rows: Sequence[int], read: Sequence[int]) -> tuple[list[list[bool]], list[list[float]]]:
        """Whether each aspect that a row asks for is the likeliest in the reply `read`, and how likely."""
        right: list[list[bool]] = []
        likely: list[list[float]] = []
        for row, reply in zip(rows, read, strict=True):
            pairs = [
                (self.probabilities[attribute][reply], self.attributes[attribute].index(aspect))
                for attribute, aspect in self.said[row].trial.asked.items()
            ]
            right.append([int(p.argmax()) == wanted for p, wanted in pairs])
            likely.append([float(p[wanted]) for p, wanted in pairs])
        return right, likely
