"""Batch replies: order, seeds, profiles, and bad lines that stop nothing but themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from chatbot import batch
from chatbot.batch import BadLine
from chatbot.decoding.sampling import Sampling
from chatbot.errors import UsageError
from fake_engine import FakeEngine
from profiles import Profile, ProfileStore, Target

Run = Callable[..., tuple[bool, list[dict], list[BadLine]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a batch of lines; gives whether all were answered, the rows of the output, and the bad lines."""
    store = ProfileStore(tmp_path / "profiles")
    store.save(
        Profile.parse(
            {
                "name": "poet",
                "facts": ["I know {{user}}."],
                "attributes": {"attitude": "pessimistic:1.2", "mind": "critical"},
            }
        )
    )

    def run(
        *lines: object,
        engine: FakeEngine | None = None,
        seed: int = -1,
        batch_size: int = 2,
        chosen: dict[str, Any] | None = None,
    ):
        source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        source.write_bytes(b"\n".join(texts))
        bad: list[BadLine] = []
        complete = batch.run(
            source,
            output,
            engine=lambda: engine or FakeEngine(),  # type: ignore[arg-type]  # it keeps the contract
            profiles=store,
            sampling=Sampling(seed=seed),
            chosen=chosen,
            batch_size=batch_size,
            bad_line=bad.append,
        )
        return complete, [json.loads(line) for line in output.read_text().splitlines()], bad

    return run


def test_replies_come_in_the_order_of_the_input(run: Run) -> None:
    complete, rows, bad = run(*({"id": name, "turns": [name]} for name in "edcba"))
    assert (complete, bad) == (True, [])
    assert [(row["id"], row["reply"]) for row in rows] == [(name, f"{name} / ") for name in "edcba"]


def test_every_line_is_drawn_as_its_persona_has_it_and_the_command_line_wins(
    run: Run, tmp_path: Path
) -> None:
    class Telling(FakeEngine):
        def replies(self, contexts, targets, sampling, seeds=None):  # type: ignore[no-untyped-def]
            self.samplings.extend([sampling] * len(contexts))
            return super().replies(contexts, targets, sampling, seeds)

    own = {"name": "wild", "sampling": {"temperature": 2, "spread": 2, "seed": 50}}
    ProfileStore(tmp_path / "profiles").save(Profile.parse(own))
    lines = [{"turns": ["a"], "profile": "wild"}, {"turns": ["b"]}, {"turns": ["c"], "profile": "wild"}]
    engine = Telling()
    _, rows, _ = run(*lines, engine=engine, seed=10, batch_size=3, chosen={"spread": 1.0})
    assert [(row["id"], row["trace"]["seed"]) for row in rows] == [(1, 51), (2, 12), (3, 53)]
    assert [(s.temperature, s.spread) for s in engine.samplings] == [(2.0, 1.0), (2.0, 1.0), (0.5, 1.0)]


def test_a_line_without_an_id_has_its_number(run: Run) -> None:
    assert [row["id"] for row in run({"turns": ["a"]}, b"", {"turns": ["b"]})[1]] == [1, 3]


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_a_seed_belongs_to_the_line_and_not_to_the_batch(batch_size: int, run: Run) -> None:
    _, rows, _ = run({"turns": ["a"]}, {}, {"turns": ["b"]}, seed=10, batch_size=batch_size)
    assert [row["trace"]["seed"] for row in rows] == [11, 13]


def test_a_byte_order_mark_and_half_an_emoji_in_an_id_cost_nothing(run: Run) -> None:
    complete, rows, bad = run(b'\xef\xbb\xbf{"id": "a", "turns": ["hi"]}', {"id": "\ud83d", "turns": ["hi"]})
    assert (complete, [row["id"] for row in rows], bad) == (True, ["a", "\ud83d"], [])


def test_without_a_seed_the_engine_takes_its_own(run: Run) -> None:
    assert run({"turns": ["a"]})[1][0]["trace"]["seed"] is None


def test_facts_and_attributes_come_on_top_of_the_profile(run: Run) -> None:
    _, rows, _ = run(
        {"turns": ["a"], "profile": "poet"},
        {"turns": ["a"], "profile": "poet", "facts": ["I am old."], "attributes": {"mind": "emotional:2"}},
        {"turns": ["a"], "attributes": {"mind": {"aspects": {"critical": 3, "emotional": 1}, "weight": 0.5}}},
        {"turns": ["a"], "profile": "poet", "attributes": {"mind": "off"}},
    )
    replies = ["a / I know friend.", "a / I know friend. I am old.", "a / ", "a / I know friend."]
    assert [row["reply"] for row in rows] == replies
    assert [row["trace"]["targets"] for row in rows] == [
        {"attitude": "pessimistic:1.2", "mind": "critical"},
        {"attitude": "pessimistic:1.2", "mind": str(Target.parse("emotional:2"))},
        {"mind": "critical*0.75+emotional*0.25:0.5"},
        {"attitude": "pessimistic:1.2"},
    ]


def test_an_arc_is_where_the_turns_of_the_line_have_come_to(run: Run, tmp_path: Path) -> None:
    grows = {"attributes": {"attitude": "pessimistic:90%"}, "arc": {"attitude": [[1, 0.25], [3, 0.75]]}}
    ProfileStore(tmp_path / "profiles").save(Profile.parse({"name": "grows", **grows}))
    _, rows, _ = run(
        {"turns": ["a"], "profile": "grows"},
        {"turns": ["a", "b", "c"], "profile": "grows"},
        {"turns": ["b", "c"], "profile": "grows"},  # begins with a greeting
        {"turns": ["a"], "profile": "grows", "attributes": {"attitude": "optimistic"}},
    )
    asked = [row["trace"]["targets"]["attitude"] for row in rows]
    assert asked == ["pessimistic:25%", "pessimistic:50%", "pessimistic:25%", "optimistic"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "A line is one JSON object: Expecting property name"),
        (b'"\xff"', "A line is one JSON object: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "A line is one JSON object: objects and lists are nested more than 100 deep."),
        (b'{"id": NaN, "turns": ["a"]}', "A line is one JSON object: NaN is no number of JSON."),
        (
            b'{"id": [-Infinity], "turns": ["a"]}',
            "A line is one JSON object: -Infinity is no number of JSON.",
        ),
        (b'{"id": 1e999, "turns": ["a"]}', "A line is one JSON object: 1e999 is too large a number."),
        (
            b'{"turns": ["a"], "id": 1, "turns": ["b"]}',
            "A line is one JSON object: the key 'turns' stands twice in one object.",
        ),
        (b"[1]", "A line is one JSON object, not [1]."),
        ({}, '"turns" is a list of texts, not None.'),
        ({"turns": []}, '"turns" needs at least one text'),
        ({"turns": ["a", " "]}, "\"turns\" holds texts that are not blank, not ' '."),
        ({"turns": ["x" * 20_001]}, '"turns" holds texts of up to 20,000 characters, not 20,001.'),
        ({"turns": ["a"], "atributes": {}}, "A line has no key 'atributes'. Did you mean 'attributes'?"),
        (
            {"turns": ["a"], "attributes": []},
            '"attributes" is an object such as {"mind": "critical"}, not [].',
        ),
        (
            {"turns": ["a"], "attributes": {"mnd": "critical"}},
            "There is no attribute 'mnd'. Did you mean 'mind'?",
        ),
        (
            {"turns": ["a"], "profile": "poet", "attributes": {"mnd": "off"}},
            "There is no dial called 'mnd'. Did you mean 'mind'?",
        ),
        ({"turns": ["a"], "attributes": {"mind": "critcal"}}, "There is no aspect of mind 'critcal'."),
        (
            {"turns": ["a"], "attributes": {"mind": "critical:-1"}},
            "A weight is a number, 0 or more, not -1.0.",
        ),
        ({"turns": ["a"], "attributes": {"mind": "critical:90"}}, "A weight is 20 at the most where it is"),
        ({"turns": ["a"], "profile": "pot"}, "There is no profile 'pot'. Did you mean 'poet'?"),
        ({"turns": ["a"], "profile": 1}, '"profile" is a name, not 1.'),
        ({"turns": ["a"], "facts": "I am old."}, "\"facts\" is a list of texts, not 'I am old.'."),
    ],
)
def test_a_bad_line_is_reported_and_the_others_go_on(line: object, reason: str, run: Run) -> None:
    complete, rows, bad = run({"turns": ["a"]}, line, {"turns": ["b"]})
    assert not complete
    assert [row["id"] for row in rows] == [1, 3]
    assert [found.line for found in bad] == [2]
    assert bad[0].reason.startswith(reason)


def test_a_batch_that_fails_is_tried_line_by_line(run: Run) -> None:
    class Small(FakeEngine):
        def replies(self, contexts, targets, sampling, seeds=None):  # type: ignore[no-untyped-def]
            if len(contexts) > 1:
                raise RuntimeError("out of memory")
            if contexts[0].turns[-1].text == "b":
                raise RuntimeError("cannot do b")
            return super().replies(contexts, targets, sampling, seeds)

    complete, rows, bad = run(*({"turns": [name]} for name in "abc"), engine=Small())
    assert not complete
    assert [row["id"] for row in rows] == [1, 3]
    assert bad == [BadLine(2, "cannot do b")]


def test_a_dash_reads_standard_input_and_prints_the_replies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b'{"id": "\xc3\xa9", "turns": ["Hi"]}\nno\n')))
    bad: list[BadLine] = []
    complete = batch.run(
        Path("-"),
        Path("-"),
        engine=FakeEngine,  # type: ignore[arg-type]  # it keeps the contract
        profiles=ProfileStore(tmp_path / "profiles"),
        sampling=Sampling(),
        bad_line=bad.append,
    )
    row = json.loads(capsysbinary.readouterr().out)
    assert (complete, row["id"], row["reply"], [line.line for line in bad]) == (False, "é", "Hi / ", [2])
    assert list(tmp_path.iterdir()) == []


def test_the_output_may_not_be_the_input(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"turns": ["a"]}\n')
    with pytest.raises(UsageError, match="another file than the input"):
        batch.run(
            source,
            source,
            engine=FakeEngine,  # type: ignore[arg-type]
            profiles=ProfileStore(tmp_path),
            sampling=Sampling(),
            bad_line=lambda bad: None,
        )
    assert source.read_text() == '{"turns": ["a"]}\n'


def test_replies_that_are_there_are_not_written_over(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    output.touch()  # nothing is lost with it
    run({"turns": ["a"]})
    before = output.read_bytes()
    with pytest.raises(UsageError) as caught:
        run({"turns": ["b"]})
    assert str(caught.value) == (
        f"A batch writes a new file, and {output} is not empty. Name another, or - to print the replies."
    )
    assert output.read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_device_and_a_pipe_are_written_to(tmp_path: Path) -> None:
    source, pipe = tmp_path / "in.jsonl", tmp_path / "pipe"
    source.write_text('{"turns": ["a"]}\n')

    def write_to(output: Path) -> bool:
        return batch.run(
            source,
            output,
            engine=FakeEngine,  # type: ignore[arg-type]
            profiles=ProfileStore(tmp_path),
            sampling=Sampling(),
            bad_line=lambda bad: None,
        )

    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write_to(pipe)
        assert json.loads(os.read(reading, 10_000))["reply"] == "a / "
    finally:
        os.close(reading)
    assert write_to(Path("/dev/null"))
    with pytest.raises(OSError, match="No space left on device"):
        write_to(Path("/dev/full"))


def test_a_disk_that_is_full_leaves_whole_lines_and_is_told_by_its_file(run: Run, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # what a process may write into one file
    output, room = tmp_path / "out.jsonl", resource.getrlimit(resource.RLIMIT_FSIZE)
    run({"turns": ["a"]})
    line = output.read_bytes()
    output.unlink()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * len(line) + 5, room[1]))
        with pytest.raises(OSError, match="File too large") as caught:
            run(*({"turns": [name]} for name in "abcd"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
    assert caught.value.filename == str(output)
    rows = [json.loads(row) for row in output.read_text().splitlines()]
    assert [row["reply"] for row in rows] == ["a / ", "b / "]
    assert len(output.read_bytes()) == 2 * len(line)
