"""Arcs: what a target is at a turn, and what a session asks for as a talk goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatbot.arc import arced, at
from chatbot.cli.start import dialled
from chatbot.decoding.sampling import Sampling
from chatbot.plain.commands import answer
from chatbot.plain.room import Room
from chatbot.session import ChatSession
from fake_engine import FakeEngine
from profiles import Profile, ProfileStore, Target
from storage import ConversationManager

POINTS = ((2.0, 0.2), (6.0, 1.0), (8.0, 0.0))
MOODY = Profile.parse(
    {
        "name": "moody",
        "attributes": {"attitude": "pessimistic:1.2", "mind": "critical"},
        "arc": {"attitude": [[1, 0.5], [3, 1.5]]},
    }
)


@pytest.mark.parametrize(
    ("turn", "value"), [(1, 0.2), (2, 0.2), (3, 0.4), (5, 0.8), (6, 1.0), (7, 0.5), (8, 0.0), (99, 0.0)]
)
def test_an_arc_is_straight_between_its_points_and_constant_outside(turn: int, value: float) -> None:
    assert at(POINTS, turn) == pytest.approx(value)


def test_an_arc_moves_the_weight_or_the_strength() -> None:
    targets = {"attitude": Target.parse("pessimistic"), "mind": Target.parse("critical:90%")}
    arc = {"attitude": ((1.0, 0.5),), "mind": ((1.0, 0.6),), "style": ((1.0, 1.0),)}
    assert {name: str(target) for name, target in arced(targets, arc, 4).items()} == {
        "attitude": "pessimistic:0.5",
        "mind": "critical:60%",
    }


def asked(session: ChatSession, engine: FakeEngine, text: str) -> str:
    list(session.reply(text))
    return str(engine.targets[-1].get("attitude"))


def test_a_session_asks_for_more_turn_by_turn_until_the_dial_is_turned_by_hand() -> None:
    engine = FakeEngine()
    fake: Any = engine
    with ConversationManager(None) as manager:
        session = ChatSession(engine=fake, manager=manager, profile=MOODY, sampling=Sampling())
        assert str(session.asked_next()["attitude"]) == "pessimistic:0.5"
        dials = answer(Room(session, ProfileStore(Path("nowhere"))), "/dials")
        assert "attitude  pessimistic:1.2, by its arc pessimistic:0.5 now  (" in str(dials)
        assert [asked(session, engine, text) for text in "abcd"] == [
            "pessimistic:0.5",
            "pessimistic:1.0",
            "pessimistic:1.5",
            "pessimistic:1.5",
        ]
        list(session.regenerate())
        assert str(engine.targets[-1]["attitude"]) == "pessimistic:1.5"
        session.resume("last")  # the arc is part of what the conversation keeps of its persona
        assert session.profile.arc == {"attitude": ((1.0, 0.5), (3.0, 1.5))}
        session.pull_dial("attitude", "1.2")  # as it is at the first turn, and by hand nevertheless
        assert asked(session, engine, "d") == "pessimistic:1.2"
        session.pull_dial("attitude", "0.7")
        assert asked(session, engine, "e") == "pessimistic:0.7"
        session.resume("last")
        assert session.profile.arc == {}
        session.clear_dial("attitude")
        assert asked(session, engine, "f") == "None"


def test_a_dial_of_the_command_line_ends_the_arc_even_at_the_strength_where_that_begins() -> None:
    assert dialled(MOODY, ["attitude=pessimistic:1.2"]).arc == {}
    assert dialled(MOODY, ["mind=critical:2"]).arc == MOODY.arc
