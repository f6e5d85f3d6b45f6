"""`conversation drift`: whole output, in figures, in words and as JSON."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from printed import run as command
from storage import ConversationManager


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


def trace(sad: float, critical: float | None = None) -> dict[str, Any]:
    """A reply asked to be pessimistic, and critical where that was measured."""
    found: dict[str, Any] = {
        "targets": {"attitude": {"aspects": {"pessimistic": 1.0}, "weight": 1.0}},
        "measured": {"attitude": {"optimistic": 1 - sad, "pessimistic": sad}},
    }
    if critical is not None:
        found["targets"]["mind"] = {"aspects": {"critical": 1.0}, "weight": 1.0}
        found["measured"]["mind"] = {"critical": critical, "emotional": 1 - critical}
    return found


def talked(manager: ConversationManager, *traces: dict[str, Any]) -> str:
    made = manager.create(profile_name="poet", profile={"name": "poet"}, model="tiny")
    manager.add_message(made.id, role="bot", text="A greeting has no trace.")
    for one in traces:
        asked = manager.add_message(made.id, role="user", text="Well?")
        row = manager.begin_reply(made.id, parent_id=asked.id)
        manager.finish_reply(row.id, text="So.", state="complete", generation=one)
    return made.id


run = partial(command, "conversation", "drift")


FOUR = (trace(1.0), trace(0.5), trace(0.25, 0.75), trace(0.0, 0.5))
TABLE = """
ID  DRIFT  attitude  mind
 3   0.00      0.00
 5   0.50      0.50
 7   0.50      0.75  0.25
 9   0.75      1.00  0.50
"""


def test_the_curve_the_figures_and_every_reply(manager: ConversationManager) -> None:
    number = talked(manager, *FOUR)
    result = run("last")
    assert (result.stderr, result.exit_code) == ("", 0)
    assert result.stdout == (
        f"{number} poet, 4 replies: ▁▅▅▇  away from what was asked, moving away\n"
        "Mean 0.44, of the last 4 0.44, past the threshold of 0.40; +0.225 with each reply. "
        "0 is as asked, 1 the opposite.\n" + TABLE
    )


def test_plain_has_words_in_place_of_the_curve(manager: ConversationManager) -> None:
    number = talked(manager, *FOUR)
    first = f"{number} poet, 4 replies: away from what was asked, moving away\n"
    assert run(number, "--plain").stdout.startswith(first)


def test_settings_move_the_threshold(manager: ConversationManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_MEASURES_DRIFT_THRESHOLD", "0.7")
    monkeypatch.setenv("CHATBOT_MEASURES_DRIFT_WINDOW", "2")
    talked(manager, *FOUR)
    assert "of the last 2 0.62, within the threshold of 0.70;" in run("last").stdout


def test_json_holds_every_reply(manager: ConversationManager) -> None:
    number = talked(manager, *FOUR)
    found = json.loads(run("last", "--json").stdout)
    assert found.pop("replies")[2] == {
        "message_id": 7,
        "drift": 0.5,
        "moving": pytest.approx(1 / 3),
        "distances": {"attitude": 0.75, "mind": 0.25},
    }
    assert found == {
        "conversation_id": number,
        "profile_name": "poet",
        "threshold": 0.4,
        "window": 4,
        "limit": 4.0,
        "slope": pytest.approx(0.225),
        "attributes": {"attitude": 0.5625, "mind": 0.375},
        "past": True,
        "words": "away from what was asked, moving away",
    }


def test_what_somebody_else_replied_does_not_count(manager: ConversationManager) -> None:
    number = talked(manager, trace(0.9))
    asked = manager.add_message(number, role="user", text="Well?")
    row = manager.begin_reply(number, parent_id=asked.id, speaker="Ben")
    manager.finish_reply(row.id, text="So.", state="complete", generation=trace(0.0))
    assert run("last").stdout.splitlines()[0] == f"{number} poet, 1 reply: ▁  as asked"


def test_one_reply_and_none(manager: ConversationManager) -> None:
    number = talked(manager, trace(0.9))
    assert run("last").stdout.splitlines()[0] == f"{number} poet, 1 reply: ▁  as asked"
    empty = talked(manager, {"finish": "stopped"})
    assert run(empty).stdout == f"{empty} poet: nothing was asked or measured.\n"
