"""The lines of a tree, against trees drawn by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from chatbot.session import Message
from chatbot.tui.tree import branches


def message(number: int, parent: int | None, position: int = 0, visited: int = 0) -> Message:
    return Message(
        id=number,
        conversation_id="c",
        parent_id=parent,
        role="user",
        text=str(number),
        state="complete",
        position=position,
        sibling_count=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        hidden=False,
        generation=None,
        visited=visited,
    )


def drawn(messages: list[Message], active: set[int]) -> list[str]:
    return [f"{'*' if b.active else ' '}{b.guide}{b.message.text}" for b in branches(messages, active)]


def test_nothing_is_nothing() -> None:
    assert drawn([], set()) == []


def test_one_path_is_a_straight_line() -> None:
    assert drawn([message(1, None), message(2, 1), message(3, 2)], {1, 2, 3}) == ["*1", "*2", "*3"]


def test_the_active_path_runs_straight_and_the_others_stand_aside_before_it() -> None:
    messages = [
        message(1, None),
        message(2, 1, 0),
        message(3, 2),
        message(4, 1, 1),
        message(5, 4, 0),
        message(6, 4, 1),
        message(7, 1, 2),
    ]
    assert drawn(messages, {1, 4, 6}) == ["*1", " ├ 2", " │ 3", " ├ 7", "*4", " ├ 5", "*6"]


def test_beside_the_active_path_what_was_followed_last_is_the_way_on() -> None:
    messages = [
        message(1, None, 0),
        message(2, None, 1),
        message(3, 2, 0, visited=9),
        message(4, 2, 1),
        message(5, 4, 0, visited=7),
        message(6, 3, 0),
    ]
    assert drawn(messages, {1}) == [" ├ 2", " │ ├ 4", " │ │ 5", " │ 3", " │ 6", "*1"]


def test_a_path_of_thousands_is_no_matter() -> None:
    messages = [message(1, None), *(message(i, i - 1) for i in range(2, 5001))]
    assert len(drawn(messages, set())) == 5000
