"""Two personas that talk: who says what, what each of them sees, and what is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from chatbot.decoding.sampling import Sampling
from chatbot.duet import duet
from chatbot.errors import UnknownNameError, UsageError
from fake_engine import FakeEngine, FakeReply
from profiles import Profile, Target
from storage import ConversationManager

ADA = Profile.parse(
    {
        "name": "ada",
        "facts": ["I bake."],
        "greeting": "Hello {{user}}.",
        "attributes": {"attitude": "optimistic:1.0"},
        "arc": {"attitude": [[1, 0.5], [2, 1.0]]},
    }
)
BEN = Profile.parse(
    {"name": "ben", "display_name": "Ben", "facts": ["I fish."], "attributes": {"mind": "critical"}}
)


@dataclass
class Talker(FakeEngine):
    """Says its lines one after the other."""

    lines: list[str] = field(default_factory=lambda: ["One.", "Two.", "Three.", "Four."])
    asked: list[tuple[tuple[str, ...], list[tuple[str, str]], dict[str, str], Any]] = field(
        default_factory=list
    )

    def replies(
        self, contexts: Any, targets: Any, sampling: Any, seeds: Any = None, **rest: Any
    ) -> list[FakeReply]:
        (context,), (wanted,), (seed,) = contexts, targets, seeds
        turns = [(turn.role, turn.text) for turn in context.turns]
        self.asked.append((context.facts, turns, {n: str(t) for n, t in wanted.items()}, seed))
        line = self.lines[(len(self.asked) - 1) % len(self.lines)]
        if line == "!":
            raise KeyboardInterrupt
        return [FakeReply(line, {"seed": seed})]


def play(
    manager: ConversationManager, engine: FakeEngine, turns: int = 3, topic: str = "", pair: Any = (ADA, BEN)
) -> list[str]:
    fake: Any = engine
    lines = duet(fake, manager, pair, Sampling(seed=5), turns=turns, topic=topic)
    return [f"{name}: {message.text}" for name, message in lines]


def stored(manager: ConversationManager) -> list[tuple[str, str, str, str]]:
    path = manager.path(manager.get("last").id)
    return [(message.role, message.speaker, message.text, message.state) for message in path]


def test_the_first_greets_and_both_speak_in_turn(manager: ConversationManager) -> None:
    engine = Talker()
    assert play(manager, engine) == ["ada: Hello Ben.", "Ben: One.", "ada: Two.", "Ben: Three."]
    assert stored(manager) == [
        ("bot", "", "Hello Ben.", "complete"),
        ("user", "Ben", "One.", "complete"),
        ("bot", "", "Two.", "complete"),
        ("user", "Ben", "Three.", "complete"),
    ]
    conversation = manager.get("last")
    assert (conversation.title, conversation.profile_name) == ("ada and Ben", "ada")


def test_each_sees_the_talk_from_its_own_side(manager: ConversationManager) -> None:
    engine = Talker()
    play(manager, engine)
    first, second, third = engine.asked
    assert first[0] == ("I fish.", "The user is called ada.")
    assert first[1:3] == ([("user", "Hello Ben.")], {"mind": "critical"})
    assert second[0] == ("I bake.", "The user is called Ben.")
    assert second[1:3] == ([("bot", "Hello Ben."), ("user", "One.")], {"attitude": "optimistic:0.5"})
    assert third[1] == [("user", "Hello Ben."), ("bot", "One."), ("user", "Two.")]


def test_an_arc_follows_the_speakers_turns(manager: ConversationManager) -> None:
    engine = Talker()
    play(manager, engine, topic="The sea.")
    assert [asked[2] for asked in engine.asked] == [
        {"attitude": "optimistic:0.5"},
        {"mind": "critical"},
        {"attitude": "optimistic:1.0"},
    ]


def test_each_draws_by_its_own_settings_and_seed(manager: ConversationManager) -> None:
    engine = Talker()
    play(manager, engine, topic="The sea.", pair=(ADA, BEN.changed(sampling={"seed": 70})))
    assert [asked[3] for asked in engine.asked] == [5, 71, 7]


def test_a_topic_is_the_second_ones_first_line(manager: ConversationManager) -> None:
    assert play(manager, Talker(), topic="The sea.") == [
        "Ben: The sea.",
        "ada: One.",
        "Ben: Two.",
        "ada: Three.",
    ]
    assert manager.get("last").title == "ada and Ben: The sea."
    assert stored(manager)[0] == ("user", "Ben", "The sea.", "complete")
    play(manager, Talker(), topic=f"The sea. {'So wide! ' * 99}")
    assert manager.get("last").title == f"ada and Ben: The sea. {'So wide! ' * 4}So wide!"


def test_without_a_greeting_somebody_says_hello(manager: ConversationManager) -> None:
    assert play(manager, Talker(), turns=1, pair=(BEN, ADA)) == ["ada: Hello.", "Ben: One."]


def test_a_repeated_line_is_drawn_again_twice_at_most(manager: ConversationManager) -> None:
    engine = Talker(lines=["One.", "one!", "One", "ONE", "Two."])
    assert play(manager, engine) == ["ada: Hello Ben.", "Ben: One.", "ada: ONE", "Ben: Two."]
    seeds = [asked[3] for asked in engine.asked]
    assert (seeds[0], seeds[1], seeds[4]) == (5, 6, 7)
    assert len(set(seeds)) == 5


def test_ctrl_c_keeps_all_that_was_said(manager: ConversationManager) -> None:
    with pytest.raises(KeyboardInterrupt):
        play(manager, Talker(lines=["One.", "Two.", "!"]), turns=9)
    assert [text for _, _, text, _ in stored(manager)] == ["Hello Ben.", "One.", "Two."]
    assert {state for *_, state in stored(manager)} == {"complete"}


def test_every_line_keeps_how_it_came_about(manager: ConversationManager) -> None:
    play(manager, Talker(), turns=2)
    _, ben, ada = manager.path(manager.get("last").id)
    who = {"profile": "ben", "profile_digest": BEN.digest(), "partner": "ada"}
    assert ben.generation == {"seed": 5, **who}
    who = {"profile": "ada", "profile_digest": ADA.digest(), "partner": "Ben"}
    assert ada.generation == {"seed": 6, **who}


def test_what_cannot_be_is_refused_before_anything_is_stored(manager: ConversationManager) -> None:
    with pytest.raises(UsageError, match="1 to 500 turns, not 0"):
        play(manager, Talker(), turns=0)
    odd = BEN.changed(attributes={"mood": Target.parse("bad")})
    with pytest.raises(
        UnknownNameError, match=r"no attribute 'mood'\..* The dials of 'ben' ask for it: name"
    ):
        play(manager, Talker(), pair=(ADA, odd))
    assert manager.list(include_empty=True) == []
