"""`chatbot bench storage`, in small: the database is what it says, and every question is put and printed."""

from __future__ import annotations

import json
from statistics import median

from typer.testing import CliRunner

from chatbot import storage_bench
from chatbot.cli import app
from storage import ConversationManager

WHAT = [
    "open: the list of all conversations",
    "switch: the path of one, 46 messages",
    "scroll: the path of the longest, 92",
    "search: a rare word",
    "search: a common word",
    "search: two words",
    "search: two common words",
    "search: one letter",
    "search: two letters",
    "search: three letters",
    "search: a word and a letter",
    "search: one letter, one persona",
    "search: one letter, one conversation",
]
SMALL = ["bench", "storage", "--messages", "400", "--conversations", "8", "--rounds", "3"]


def test_it_runs_and_prints_its_table() -> None:
    result = CliRunner().invoke(app, SMALL)
    assert (result.stderr, result.exit_code) == ("", 0)
    head, *lines = result.stdout.splitlines()
    assert head == "MEDIAN ms  WORST ms  RULE ms  FOUND  WHAT"
    assert [line.split(maxsplit=4)[4].removesuffix("  (over the rule)") for line in lines] == WHAT
    for line in lines:
        middle, worst, rule, _ = map(float, line.split()[:4])
        assert 0 < middle <= worst
        assert rule == 100
    found = {line.split(maxsplit=4)[4]: int(line.split()[3]) for line in lines}
    assert found[WHAT[0]] == 8
    assert found[WHAT[1]] == 46


def test_as_json() -> None:
    rows = json.loads(CliRunner().invoke(app, [*SMALL, "--json"]).stdout)
    assert [row["name"] for row in rows] == WHAT
    assert set(rows[0]) == {"name", "median_ms", "worst_ms", "found", "rule_ms", "at_once"}
    assert all(row["at_once"] == (row["median_ms"] <= 100 == row["rule_ms"]) for row in rows)


def test_the_database_is_as_large_as_asked_and_always_the_same() -> None:
    told = []
    for _ in range(2):
        with ConversationManager(None) as manager:
            storage_bench.fill(manager, messages=400, conversations=8)
            listed = manager.list()
            told.append([[m.text for m in manager.path(found.id)] for found in listed])
            sizes = sorted((found.message_count for found in listed), reverse=True)
            assert sum(sizes) == 400
            assert [round(sizes[0] / size, 1) for size in sizes][3] == 2.0  # 1/sqrt(4) of the longest
            assert {found.profile_name for found in listed} == set(storage_bench.PROFILES)
            words = [word for talk in told[-1] for text in talk for word in text.split()]
            assert words.count("the") > words.count("of") > words.count("rain") > 0
    assert told[0] == told[1]
    assert len(set(storage_bench.WORDS)) == len(storage_bench.WORDS)


def test_times_are_those_of_the_rounds_after_the_first() -> None:
    calls: list[int] = []
    wait = storage_bench._timed("x", lambda: calls.append(1) or [*calls], 4)
    assert len(calls) == 5
    assert wait.found == 1
    assert wait.median_ms <= wait.worst_ms
    assert storage_bench.Wait("x", 100.0, median([1, 900]), 1).at_once
    assert "(over the rule)" in storage_bench.table([storage_bench.Wait("x", 100.1, 200, 1)])
