"""The line under a reply and the meters, as plain text."""

from __future__ import annotations

from typing import Any

import pytest

from chatbot.tui.actions import ACTIONS, key_text
from chatbot.tui.literal import clean, literal, one_line
from chatbot.tui.measures import bar, measures

PURE = {"aspects": {"lyrical": 1.0}, "weight": 1.0}


def line(**trace: Any) -> str | None:
    shown = measures(trace)
    return shown.plain if shown else None


def test_a_reached_aspect_shows_what_was_measured() -> None:
    assert (
        line(targets={"style": PURE}, measured={"style": {"lyrical": 0.914, "plain": 0.086}})
        == "lyrical 0.91"
    )


def test_a_missed_aspect_names_what_came_out_instead() -> None:
    shown = line(targets={"style": PURE}, measured={"style": {"lyrical": 0.31, "plain": 0.69}})
    assert shown == "lyrical 0.31 (plain 0.69)"


@pytest.mark.parametrize("odd", [5, {"style": 5}, {"style": {"lyrical": "x", "aspects": ""}}, ["style"]])
def test_a_trace_of_another_shape_shows_nothing(odd: Any) -> None:
    assert line(targets=odd, measured={"style": {"lyrical": 0.9}}) is None
    assert line(targets={"style": PURE}, measured=odd) is None


def test_a_small_weight_is_reached_where_its_goal_is() -> None:
    small = PURE | {"weight": 0.1, "goal": 0.3}
    measured = {"style": {"lyrical": 0.31, "plain": 0.69}}
    shown = measures({"targets": {"style": small}, "measured": measured})
    assert shown is not None
    assert shown.plain == "lyrical 0.31"
    assert "$text-success" in str(shown.spans)
    missed = measures({"targets": {"style": small | {"goal": 0.35}}, "measured": measured})
    assert missed is not None
    assert missed.plain == "lyrical 0.31 (plain 0.69)"
    assert "$text-error" in str(missed.spans)


def test_a_mixture_shows_each_part_beside_what_was_asked() -> None:
    mixture = {"aspects": {"emotional": 0.8, "critical": 0.2}, "weight": None}
    shown = line(targets={"mind": mixture}, measured={"mind": {"emotional": 0.7, "critical": 0.3}})
    assert shown == "emotional 0.70/0.80 · critical 0.30/0.20"


def test_what_was_off_or_not_measured_is_left_out() -> None:
    off = {"aspects": {"high": 1.0}, "weight": 0.0}
    measured = {"openness": {"high": 0.5, "low": 0.5}}
    assert line(targets={"openness": off, "style": PURE}, measured=measured) is None
    assert measures(None) is None
    assert measures({}) is None


def test_a_flow_that_failed_is_said_first() -> None:
    shown = line(flow="failed: not finite", targets={"style": PURE}, measured={"style": {"lyrical": 0.9}})
    assert shown == "not guided: not finite · lyrical 0.90"


@pytest.mark.parametrize(
    ("share", "drawn"), [(0.0, "────"), (0.5, "━━──"), (1.0, "━━━━"), (7.0, "━━━━"), (-1.0, "────")]
)
def test_a_bar_is_as_wide_as_asked_and_readable_without_colour(share: float, drawn: str) -> None:
    assert bar(share, 4).plain == drawn


def test_shown_text_has_no_controls_and_no_markup() -> None:
    text = "a\x1b[31m\x00\x9b\u202eb\r\nc\td [bold]e[/bold] \ud800é🙂"
    assert clean(text) == "a[31mb\nc   d [bold]e[/bold] é🙂"
    assert literal(text).plain == clean(text)
    assert literal("[bold]x").spans == []
    assert one_line(" a\n\n b\t") == "a b"


def test_keys_are_written_as_people_write_them() -> None:
    assert key_text("ctrl+r,f5") == "Ctrl+R or F5"
    assert key_text("alt+up") == "Alt+↑"


def test_every_action_has_a_key_of_its_own_and_a_sentence() -> None:
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert len(set(keys)) == len(keys)
    assert all(action.sentence.endswith(".") and action.title for action in ACTIONS)
