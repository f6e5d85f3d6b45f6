"""A conversation's tree as lines: the active path runs straight down, what branches off it is indented."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chatbot.session import Message


@dataclass(frozen=True)
class Branch:
    """One line of the tree."""

    message: Message
    depth: int
    """How often one turned aside on the way here."""
    opens: bool
    """Whether this message is where one turns aside."""
    active: bool

    @property
    def guide(self) -> str:
        """The lines before the text."""
        if not self.depth:
            return ""
        return "│ " * (self.depth - 1) + ("├ " if self.opens else "│ ")


def branches(messages: Sequence[Message], active: Collection[int]) -> list[Branch]:
    """All messages (parents first), each followed by what follows it; side branches come before the way on.

    The way on is the active path, and beside that the path that was followed last.
    """
    children: dict[int | None, list[Message]] = defaultdict(list)
    latest = {message.id: message.visited for message in messages}
    for message in messages:
        children[message.parent_id].append(message)
    for message in reversed(messages):
        if message.parent_id is not None:
            latest[message.parent_id] = max(latest[message.parent_id], latest[message.id])
    found: list[Branch] = []
    waiting: list[tuple[Message, int, bool]] = []

    def wait_for(family: list[Message], depth: int) -> None:
        if not family:
            return
        onwards = max(family, key=lambda m: (m.id in active, latest[m.id], m.position))
        waiting.append((onwards, depth, False))
        aside = sorted((m for m in family if m is not onwards), key=lambda m: m.position, reverse=True)
        waiting.extend((message, depth + 1, True) for message in aside)

    wait_for(children[None], 0)
    while waiting:
        message, depth, opens = waiting.pop()
        found.append(Branch(message, depth, opens, message.id in active))
        wait_for(children[message.id], depth)
    return found
