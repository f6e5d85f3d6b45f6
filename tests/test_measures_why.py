"""`message why`: the stored trace in words, whole output, and what cannot be told."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from printed import run as command
from storage import ConversationManager

TRACE: dict[str, Any] = {
    "flow": "moved",
    "energy_before": 2.7144,
    "energy_after": 0.0251,
    "distance": 3.7219,
    "evaluations": 17,
    "stopped": True,
    "limited": False,
    "targets": {
        "attitude": {
            "aspects": {"pessimistic": 1.0},
            "weight": 1.2000000476837158,
            "probability_before": 0.31,
            "probability_after": 0.99,
        },
        "mind": {
            "aspects": {"emotional": 0.75, "critical": 0.25},
            "weight": 1.0,
            "strength": 0.8,
            "probability_before": 0.5,
            "probability_after": 0.9,
        },
        "style": {
            "aspects": {"plain": 1.0},
            "weight": 0.0,
            "probability_before": 0.5,
            "probability_after": 0.5,
        },
    },
    "measured": {
        "attitude": {"optimistic": 0.05, "pessimistic": 0.95},
        "mind": {"critical": 0.35, "emotional": 0.65},
        "style": {"lyrical": 0.5, "plain": 0.5},
    },
    "hold": {"attitude": 1.25},
    "seed": 7,
    "candidate": 2,
    "likelihood": -1.554,
    "relevance": 0.589,
    "tokens": 12,
    "finish": "end",
    "prefix": "Oh,",
    "window": {"used": 61, "total": 96, "turns": 2},
    "left_out": {"facts": 1, "messages": 3},
    "context": {"facts": ["aaaaaaaa"], "turns": ["bbbbbbbb", "cccccccc", "dddddddd"]},
    "model": "tiny",
    "model_digest": "0123456789abcdef",
    "program": "0.1.0",
    "device": "cpu",
    "dtype": "float32",
    "sampling": {"temperature": 0.6, "candidates": 4, "seed": None},
    "flow_options": {"steps": 8},
    "times": {"flow_ms": 3.2, "total_ms": 478.0},
    "profile": "gloomy-poet",
    "profile_digest": "fedcba9876543210",
}
TOLD = """\
message         2 of conversation {id}
text            It rains, [bold]and it will.
ended           by itself
profile         gloomy-poet, digest fedcba9876543210
asked attitude  pessimistic, weight 1.2; 0.31 before the flow, 0.99 after; measured in the words pessimistic 0.95
asked mind      emotional 0.75 and critical 0.25, strength 0.80; 0.50 before the flow, 0.90 after; measured in the words emotional 0.65, critical 0.35
asked style     plain, but with weight 0: not guided
held attitude   its weight was multiplied by 1.25, because the persona had drifted
drift           0.05 (0 is as asked, 1 the opposite)
flow            moved by 3.72, 17 evaluations, every target was reached
energy          2.714 before the flow, 0.025 after
seed            7
sampling        temperature 0.6, candidates 4
chosen          candidate 3 of 4, likelihood -1.55, relevance 0.59
began with      Oh,
given           1 fact, 3 messages
context         61 of 96 tokens; without 1 fact and 4 older messages
tokens          12
model           tiny, digest 0123456789abcdef, cpu float32
program         0.1.0
times           flow 3 ms, total 478 ms
"""  # noqa: E501


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


def add(manager: ConversationManager, trace: dict[str, Any] | None, state: str = "complete") -> str:
    """A conversation of a message (1) and a reply (2); its id."""
    made = manager.create(profile_name="gloomy-poet", profile={"name": "gloomy-poet"}, model="tiny")
    asked = manager.add_message(made.id, role="user", text="Hello")
    row = manager.begin_reply(made.id, parent_id=asked.id)
    text = "It rains,\x1b[2J [bold]and\nit will."
    manager.finish_reply(row.id, text=text, state=state, generation=trace or {})
    return made.id


run = partial(command, "message", "why")


def test_everything_is_told_in_words(manager: ConversationManager) -> None:
    number = add(manager, TRACE)
    result = run("2")
    # the control characters of the text are gone, and mixtures are measured against what was asked of them
    assert result.stdout == TOLD.replace("{id}", number).replace("It rains,", "It rains,[2J")
    assert (result.stderr, result.exit_code) == ("", 0)


def test_json_holds_the_trace_as_it_is(manager: ConversationManager) -> None:
    number = add(manager, TRACE)
    found = json.loads(run("2", "--json").stdout)
    assert found.pop("distances") == pytest.approx({"attitude": 0.05, "mind": 0.05})
    assert found == {
        "message_id": 2,
        "conversation_id": number,
        "state": "complete",
        "text": "It rains,\x1b[2J [bold]and\nit will.",
        "trace": TRACE,
    }


@pytest.mark.parametrize(
    ("trace", "state", "ended"),
    [
        ({"finish": "stopped"}, "partial", "stopped while it was said; what came of it is all there is"),
        ({"finish": "failed", "reason": "no memory"}, "failed", "failed: no memory"),
        ({"finish": "length"}, "complete", "cut off at the longest length that is allowed"),
        ({"finish": "end", "cut": 5}, "complete", "early: it is better without the 5 words that followed"),
        ({"finish": "end", "cut": 1}, "complete", "early: it is better without the word that followed"),
    ],
)
def test_a_reply_that_ended_otherwise_tells_what_is_known(
    manager: ConversationManager, trace: dict[str, Any], state: str, ended: str
) -> None:
    number = add(manager, trace | {"profile": "stoic", "profile_digest": "ab"}, state)
    assert run("2").stdout == (
        f"message  2 of conversation {number}\n"
        "text     It rains,[2J [bold]and it will.\n"
        f"ended    {ended}\n"
        "profile  stoic, digest ab\n"
    )


@pytest.mark.parametrize(
    ("flow", "told"),
    [
        ({"flow": "prior"}, "nothing was guided: a sample of the prior"),
        ({"flow": "failed: it ran away"}, "failed: it ran away"),
        (
            {"flow": "moved", "distance": 6.0, "evaluations": 30, "limited": True},
            "moved by 6.00, 30 evaluations, the trust radius held it back",
        ),
        (
            {"flow": "moved", "distance": 2.0, "evaluations": 30},
            "moved by 2.00, 30 evaluations, its time was over before every target was reached",
        ),
    ],
)
def test_how_the_flow_went(manager: ConversationManager, flow: dict[str, Any], told: str) -> None:
    add(manager, {"finish": "end", **flow})
    assert f"flow     {told}\n" in run("2").stdout


@pytest.mark.parametrize(
    ("number", "trace", "error", "code"),
    [
        ("1", TRACE, "Only replies have a trace; message 1 is a user's. Name a reply.", 2),
        ("2", None, "Message 2 has no trace: it is a greeting, or was written by hand. Name a reply.", 2),
        (
            "2",
            {"targets": {"mind": 3}},
            "The trace of message 2 is not as this program writes it, so it cannot be told. "
            "--json shows it as it is.",
            1,
        ),
    ],
)
def test_what_cannot_be_told(
    manager: ConversationManager, number: str, trace: dict[str, Any] | None, error: str, code: int
) -> None:
    add(manager, trace)
    result = run(number)
    assert (result.stdout, result.exit_code) == ("", code)
    assert result.stderr == f"Error: {error}\n"


def test_a_reply_that_the_program_did_not_outlive_is_no_greeting(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={"name": "gloomy-poet"}, model="tiny")
    asked = manager.add_message(made.id, role="user", text="Hello")
    number = manager.begin_reply(made.id, parent_id=asked.id).id
    assert run(str(number)).stderr == (
        f"Error: Message {number} has no trace: it was cut short too early. Name a reply.\n"
    )


def test_the_second_side_of_a_duet_has_a_trace_too(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={"name": "gloomy-poet"}, model="tiny")
    line = manager.add_message(made.id, role="user", text="", state="partial", speaker="Ben")
    manager.finish_reply(line.id, text="I fish.", state="complete", generation=TRACE)
    assert run(str(line.id)).stdout.startswith(f"message         {line.id} of conversation {made.id}\n")


def test_json_shows_what_cannot_be_told(manager: ConversationManager) -> None:
    odd = {"targets": {"mind": 3}, "measured": {"mind": 5}}
    add(manager, odd)
    found = json.loads(run("2", "--json").stdout)
    assert (found["distances"], found["trace"]) == ({}, odd)


def test_a_number_that_is_not_there() -> None:
    result = run("99")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert "99" in result.stderr
