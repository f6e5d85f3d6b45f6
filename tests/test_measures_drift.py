"""Drift in closed form: distances, means, slope, the moment of the threshold, and the hand that holds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbot.decoding.sampling import Sampling
from chatbot.measures import drift
from chatbot.measures.drift import Rule, held, raised, series
from chatbot.plain.chat import PlainChat
from chatbot.plain.commands import Room, answer
from chatbot.session import ChatSession
from fake_engine import FakeEngine
from profiles import Profile, ProfileStore, Target
from storage import ConversationManager

RULE = Rule(threshold=0.4, window=2, limit=2.0)
SAD = {"aspects": {"pessimistic": 1.0}, "weight": 1.0}
MEASURED = {"attitude": {"pessimistic": 1.0}}


def trace(sad: float, **more: Any) -> dict[str, Any]:
    """A reply that was asked to be pessimistic and is so with this probability."""
    measured = {"attitude": {"optimistic": 1 - sad, "pessimistic": sad}}
    return {"targets": {"attitude": SAD}, "measured": measured, **more}


def test_the_distance_is_half_the_sum_of_the_gaps() -> None:
    found = drift.distances(
        {
            "targets": {
                "attitude": SAD,
                "mind": {"aspects": {"emotional": 0.8, "critical": 0.2}, "weight": None},
                "style": {"aspects": {"plain": 1.0}, "weight": 1.0, "strength": 0.6},
            },
            "measured": {
                "attitude": {"optimistic": 0.3, "pessimistic": 0.7},
                "mind": {"critical": 0.5, "emotional": 0.5},
                "style": {"lyrical": 0.1, "plain": 0.9},
            },
        }
    )
    assert found == pytest.approx({"attitude": 0.3, "mind": 0.3, "style": 0.3})


@pytest.mark.parametrize(
    "bare",
    [
        None,
        {},
        {"finish": "stopped"},
        {"targets": {"attitude": SAD}},
        {"targets": {"attitude": SAD | {"weight": 0}}, "measured": {"attitude": {"pessimistic": 1.0}}},
    ],
)
def test_what_was_off_or_not_measured_has_no_distance(bare: dict[str, Any] | None) -> None:
    assert drift.distances(bare) == {}


@pytest.mark.parametrize(
    ("odd", "held"),
    [
        ({"targets": 5, "measured": {"attitude": 5}}, {"attitude": 1.25}),
        ({"targets": {"attitude": 5}, "measured": 5}, {"attitude": 1.25}),
        ({"targets": ["attitude"], "measured": ["attitude"]}, {"attitude": 1.25}),
        ({"targets": {"attitude": SAD | {"aspects": 5}}, "measured": MEASURED}, {"attitude": 1.25}),
        ({"targets": {"attitude": {"aspects": {"sad": 0}}}, "measured": MEASURED}, {"attitude": 1.25}),
        ({"targets": {"attitude": SAD}, "measured": {"attitude": {"sad": "x", "far": 10**400}}}, {}),
        ({"targets": {"attitude": SAD}, "measured": {}, "hold": 5}, {}),
        ({"targets": {"attitude": SAD}, "measured": {}, "hold": {"attitude": "x"}}, {}),
    ],
)
def test_a_trace_of_another_shape_has_no_distance_and_ends_nothing(
    odd: dict[str, Any], held: dict[str, float]
) -> None:
    assert drift.distances(odd) == {}
    assert series([(1, trace(0.5)), (2, odd)], RULE).values == [0.5]
    assert raised({"attitude": Target.parse("pessimistic")}, [trace(0.5), trace(0.5), odd], RULE) == held


def test_odd_figures_beside_good_ones_are_passed_over() -> None:
    odd = trace(0.7)
    odd["targets"] = {"mind": 5, "attitude": SAD | {"strength": "x", "left": [1]}}
    odd["measured"]["attitude"]["else"] = "x"
    assert drift.distances(odd) == {"attitude": pytest.approx(0.3)}


def test_what_a_small_weight_leaves_of_the_way_is_no_distance() -> None:
    for sad, far in ((0.9, 0.0), (0.7, 0.0), (0.5, 0.2)):
        found = trace(sad)
        found["targets"]["attitude"] = found["targets"]["attitude"] | {"weight": 0.25, "left": 0.3}
        assert drift.distances(found) == {"attitude": pytest.approx(far)}


def test_a_reply_counts_its_attributes_alike_whatever_their_weights() -> None:
    two = trace(1.0)
    two["targets"] |= {"mind": {"aspects": {"critical": 1.0}, "weight": 9.0}}
    two["measured"] |= {"mind": {"critical": 0.5, "emotional": 0.5}}
    assert series([(7, two)], RULE).points[0].drift == pytest.approx(0.25)


def test_a_series_has_a_moving_mean_and_a_slope() -> None:
    found = series([(1, trace(1.0)), (2, None), (3, trace(0.8)), (5, trace(0.6)), (7, trace(0.4))], RULE)
    assert [point.message_id for point in found.points] == [1, 3, 5, 7]
    assert found.values == pytest.approx([0.0, 0.2, 0.4, 0.6])
    assert found.moving == pytest.approx([0.0, 0.1, 0.3, 0.5])
    assert found.slope == pytest.approx(0.2)
    assert found.attributes == pytest.approx({"attitude": 0.5})
    assert series([], RULE).slope == 0


def test_the_threshold_is_passed_once_and_said_once() -> None:
    traces = [(i, trace(sad)) for i, sad in enumerate((0.1, 0.1, 0.1, 1.0, 1.0, 0.1, 0.1))]
    found = [series(traces[: i + 1], RULE) for i in range(len(traces))]
    assert [one.past for one in found] == [False, True, True, True, False, True, True]
    assert [one.crossed for one in found] == [False, True, False, False, False, True, False]
    assert [bool(drift.warning(one)) for one in found] == [one.crossed for one in found]
    assert drift.warning(found[1]) == (
        "The persona drifts: 0.90 over the last 2 replies, most of it in attitude (0.90). "
        "Turn that dial up, or set measures.hold = true."
    )


def test_the_curve_is_absolute_and_shows_the_last() -> None:
    assert drift.sparkline([0.0, 0.13, 0.5, 0.99, 1.0]) == "▁▂▅██"
    assert drift.sparkline([0.0] * 5 + [1.0], 3) == "▁▁█"
    assert drift.short(series([(1, trace(1.0)), (2, trace(0.5))], RULE)) == "drift ▁▅ 0.25"
    assert drift.short(series([(1, trace(1.0))], RULE)) == ""


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ((), "nothing was asked or measured"),
        ((0.9,), "as asked"),
        ((0.9, 0.9), "as asked, steady"),
        ((0.9, 0.8, 0.7), "near what was asked, moving away"),
        ((0.5, 0.5), "away from what was asked, steady"),
        ((0.2, 0.5, 0.8), "near what was asked, coming back"),
    ],
)
def test_it_can_be_said_in_words(probabilities: tuple[float, ...], words: str) -> None:
    assert drift.in_words(series(((i, trace(p)) for i, p in enumerate(probabilities)), RULE)) == words


def test_it_can_be_said_in_one_sentence() -> None:
    two = series([(1, trace(0.9)), (3, trace(0.7))], RULE)
    assert drift.sentence(two) == (
        "Near what was asked, moving away: 0.20 over the last 2 replies; attitude 0.20."
    )
    assert drift.sentence(series([(1, trace(0.9))], RULE)) == "As asked: 0.10 over one reply; attitude 0.10."
    assert drift.sentence(series([], RULE)) == "Nothing was asked or measured."


# --- holding


TARGETS = {"attitude": Target.parse("pessimistic:1.2"), "mind": Target.parse("critical")}


def test_nothing_is_held_before_there_are_enough_replies() -> None:
    assert raised(TARGETS, [], RULE) == {}
    assert held(TARGETS, [trace(0.1)], RULE) == (TARGETS, {})


def test_a_weight_goes_up_by_steps_to_the_limit_and_comes_back_to_itself() -> None:
    traces = [trace(0.1), trace(0.1)]
    factors = []
    for sad in (0.1, 0.1, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0):
        now = raised(TARGETS, traces, RULE)
        factors.append(now.get("attitude", 1.0))
        traces.append(trace(sad, hold=now))
    assert factors == pytest.approx([1.25, 1.5625, 1.953125, 2.0, 2.0, 1.6, 1.28, 1.024])
    assert raised(TARGETS, traces, RULE) == {}


def test_held_targets_keep_their_aspects_and_the_others_are_untouched() -> None:
    found, factors = held(TARGETS, [trace(0.1), trace(0.1)], RULE)
    assert found == {"attitude": Target.parse("pessimistic:1.5"), "mind": Target.parse("critical")}
    assert (list(found), factors) == (list(TARGETS), {"attitude": 1.25})
    bare = {"attitude": Target.parse("pessimistic")}
    assert held(bare, [trace(0.1), trace(0.1)], RULE)[0] == {"attitude": Target.parse("pessimistic:1.25")}
    most = {"attitude": Target.parse("pessimistic:1e6")}
    assert held(most, [trace(0.1), trace(0.1)], RULE)[0] == most


def test_a_dial_that_was_turned_starts_afresh() -> None:
    turned = {"attitude": Target.parse("optimistic:1.2")}
    assert raised(turned, [trace(0.1, hold={"attitude": 2.0})] * 3, RULE) == {}


def test_replies_asked_for_a_strength_do_not_count() -> None:
    weak = trace(0.1) | {"targets": {"attitude": SAD | {"strength": 0.1}}}
    assert raised(TARGETS, [weak] * 3, RULE) == {}


@pytest.mark.parametrize("target", ["pessimistic:90%", "pessimistic:0"])
def test_a_strength_and_what_is_off_are_left_alone(target: str) -> None:
    asked = {"attitude": Target.parse(target)}
    assert held(asked, [trace(0.1), trace(0.1)], RULE) == (asked, {})


# --- in a chat


@pytest.fixture
def session() -> Iterator[ChatSession]:
    """A chat whose replies are always measured to be half as asked: at the threshold, that is past it."""
    engine: Any = FakeEngine(trace=trace(0.5))
    profile = Profile.parse({"name": "sad", "attributes": {"attitude": "pessimistic"}})
    with ConversationManager(None) as manager:
        chat = ChatSession(engine=engine, manager=manager, profile=profile, sampling=Sampling())
        chat.drift_rule = RULE
        yield chat


def asked(session: ChatSession) -> list[str]:
    engine: Any = session.engine
    return [str(targets["attitude"]) for targets in engine.targets]


def test_a_chat_that_is_to_hold_raises_the_weight_and_says_so_in_the_trace(session: ChatSession) -> None:
    session.hold = True
    for _ in range(4):
        list(session.reply("Well?"))
    assert asked(session) == ["pessimistic", "pessimistic", "pessimistic:1.25", "pessimistic:1.5625"]
    traces = [m.generation or {} for m in session.messages() if m.role == "bot"]
    assert [t.get("hold") for t in traces] == [None, None, {"attitude": 1.25}, {"attitude": 1.5625}]
    assert session.dials == session.profile.attributes


def test_a_chat_leaves_weights_alone_otherwise_and_says_how_far_it_strayed(session: ChatSession) -> None:
    for _ in range(3):
        list(session.reply("Well?"))
    assert set(asked(session)) == {"pessimistic"}
    assert session.strayed().values == [0.5, 0.5, 0.5]
    room = Room(session, ProfileStore(Path("nowhere")))
    assert answer(room, "/drift") == (
        "Away from what was asked, steady: 0.50 over the last 2 replies; attitude 0.50."
    )


def test_a_chat_goes_on_behind_a_trace_of_another_shape(session: ChatSession) -> None:
    engine: Any = session.engine
    engine.trace, session.hold = {"targets": 5, "measured": {"attitude": 5}}, True
    for _ in range(3):
        list(session.reply("Well?"))
    room = Room(session, ProfileStore(Path("nowhere")))
    assert answer(room, "/drift") == "Nothing was asked or measured."


def test_the_line_chat_warns_once_when_measures_are_on(session: ChatSession) -> None:
    notes = io.StringIO()
    store = ProfileStore(Path("nowhere"))
    talk = PlainChat(session, store, out=io.StringIO(), notes=notes, measures=True)
    for _ in range(4):
        assert talk.once("Well?") == 0
    assert notes.getvalue() == (
        "The persona drifts: 0.50 over the last 2 replies, most of it in attitude (0.50). "
        "Turn that dial up, or set measures.hold = true.\n"
    )
