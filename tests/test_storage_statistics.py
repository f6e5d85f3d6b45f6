"""Statistics: every figure counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage import ConversationManager, Statistics, UnknownConversationError

NOTHING = Statistics(0, 0, 0, 0, 0, 0, 0, 0, 0.0, None, None, {})


def begin(manager: ConversationManager, persona: str) -> str:
    return manager.create(profile_name=persona, profile={}, model="").id


def reply(manager: ConversationManager, parent: int, text: str, trace: dict[str, object]) -> None:
    conversation = next(c.id for c in manager.list() if parent in {m.id for m in manager.tree(c.id)})
    begun = manager.begin_reply(conversation, parent_id=parent)
    manager.finish_reply(begun.id, text=text, state="complete", generation=trace)


def test_figures_of_one_of_some_and_of_all(manager: ConversationManager) -> None:
    one, two, empty = begin(manager, "poet"), begin(manager, "stoic"), begin(manager, "poet")
    said = manager.add_message(one, role="user", text="Where are\nmy  keys?")
    reply(manager, said.id, "Lost.", {"tokens": 3, "times": {"total_ms": 1500.5}})
    reply(manager, said.id, "I do not know.", {"tokens": 7, "times": {"total_ms": 499.5}})
    manager.add_message(one, role="narrator", text="It rains all day long")
    other = manager.add_message(two, role="user", text="hello there")
    manager.hide(other.id)

    tree = manager.tree(one)
    first = Statistics(
        conversations=1,
        messages=4,
        user_messages=1,
        replies=2,
        alternatives=1,
        user_words=4,
        reply_words=5,
        tokens=10,
        seconds=2.0,
        first=said.created_at,
        last=tree[-1].created_at,
        by_profile={"poet": 4},
    )
    second = replace(
        NOTHING,
        conversations=1,
        messages=1,
        user_messages=1,
        user_words=2,
        first=other.created_at,
        last=other.created_at,
        by_profile={"stoic": 1},
    )
    assert manager.statistics(one) == first
    assert manager.statistics(two) == second
    assert manager.statistics(profile_name="poet") == first
    assert manager.statistics() == replace(
        first,
        conversations=2,
        messages=5,
        user_messages=2,
        user_words=6,
        last=other.created_at,
        by_profile={"poet": 4, "stoic": 1},
    )
    assert manager.statistics(empty) == NOTHING
    assert manager.statistics(one, profile_name="stoic") == NOTHING
    with pytest.raises(UnknownConversationError):
        manager.statistics("nowhere")


def test_nothing_at_all(manager: ConversationManager) -> None:
    assert manager.statistics() == NOTHING


@pytest.mark.parametrize(
    "trace",
    [
        {},
        {"tokens": None, "times": None},
        {"tokens": "many", "times": "long"},
        {"tokens": [1], "times": {"total_ms": {}}},
        {"tokens": -5, "times": {"total_ms": -1}},
        {"tokens": 2**62, "times": {"total_ms": 1e300}},
        {"times": {"total_ms": "5"}},
    ],
)
def test_a_trace_from_elsewhere_is_counted_only_where_it_makes_sense(
    manager: ConversationManager, trace: dict[str, object]
) -> None:
    conversation = begin(manager, "poet")
    said = manager.add_message(conversation, role="user", text="a")
    for _ in range(3):
        reply(manager, said.id, "b", trace)
    reply(manager, said.id, "b", {"tokens": 2, "times": {"total_ms": 250}})
    found = manager.statistics()
    assert (found.tokens, found.seconds, found.replies) == (2, 0.25, 4)
