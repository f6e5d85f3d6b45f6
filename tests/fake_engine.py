"""An engine that keeps the contract and says what it is told to, for tests of what stands around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatbot.asked import check_targets
from chatbot.decoding.sampling import Sampling
from chatbot.model.text import Context, Window
from profiles import Target

ATTRIBUTES = {"attitude": ("optimistic", "pessimistic"), "mind": ("critical", "emotional")}


@dataclass(frozen=True)
class FakeReply:
    text: str
    trace: dict[str, Any]


@dataclass
class FakeEngine:
    """Says `pieces`; an exception among them is raised in its place. Keeps what it was asked."""

    pieces: Sequence[str | BaseException] = ("It ", "rains.")
    trace: dict[str, Any] = field(default_factory=dict)
    name: str = "fake"
    digest: str = "0" * 16
    context_budget: int = 100
    contexts: list[Context] = field(default_factory=list)
    targets: list[Mapping[str, Target]] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)
    samplings: list[Sampling] = field(default_factory=list)
    closed: int = 0

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        return ATTRIBUTES

    def check(self, targets: Mapping[str, Target]) -> None:
        check_targets(targets, ATTRIBUTES)

    def answering(self, message: str, facts: Sequence[str]) -> dict[int, float]:
        """What a model without a matcher says."""
        return {}

    def length(self, fact: str) -> int:
        return len(fact.split())

    def window(self, context: Context) -> Window:
        """Every word of a fact or a turn is a token, and a turn goes in whole or not at all."""
        used = sum(len(fact.split()) for fact in context.facts)
        turns = []
        for turn in reversed(context.turns):
            if used + len(turn.text.split()) > self.context_budget:
                break
            turns.insert(0, turn)
            used += len(turn.text.split())
        return Window(Context(context.facts, tuple(turns)), used, self.context_budget)

    def stream(
        self, context: Context, targets: Mapping[str, Target], sampling: Sampling, *, prefix: str = ""
    ) -> Iterator[str | FakeReply]:
        self.contexts.append(context)
        self.targets.append(targets)
        self.seeds.append(sampling.seed)
        self.samplings.append(sampling)
        try:
            pieces = [prefix, " ", *self.pieces] if prefix else self.pieces
            for piece in pieces:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
            yield FakeReply("".join(map(str, pieces)), {"finish": "end", "flow": "moved", **self.trace})
        finally:
            self.closed += 1

    def replies(
        self,
        contexts: Sequence[Context],
        targets: Sequence[Mapping[str, Target]],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
    ) -> list[FakeReply]:
        """Each reply repeats what it answers, with its own seed and targets."""
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
        return [
            FakeReply(
                f"{context.turns[-1].text} / {' '.join(context.facts)}",
                {"seed": seed, "targets": {name: str(target) for name, target in wanted.items()}},
            )
            for context, wanted, seed in zip(contexts, targets, seeds or [None] * len(contexts), strict=True)
        ]
