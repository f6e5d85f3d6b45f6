"""`profile infer`: the pooled reading in closed form, what is left out, the profile that is made."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatbot import config
from chatbot.cli import start
from chatbot.engine import GenerationEngine
from chatbot.errors import UsageError
from chatbot.measures import infer
from chatbot.model.text import Context
from fake_engine import FakeEngine
from printed import gives
from printed import run as command
from profiles import ProfileStore
from storage import ConversationManager


@dataclass
class Reading(FakeEngine):
    """Reads a line as pessimistic when it has "sad" in it, and everything as half critical."""

    read: list[tuple[Context, str]] = field(default_factory=list)

    @property
    def parts(self) -> tuple[Any, None, None]:
        return self, None, None

    def measure(
        self, contexts: Sequence[Context], replies: Sequence[str]
    ) -> list[dict[str, dict[str, float]]]:
        self.read += zip(contexts, replies, strict=True)
        shares = [0.1 if "sad" in line else 0.9 for line in replies]
        return [
            {
                "attitude": {"optimistic": share, "pessimistic": 1 - share},
                "mind": {"critical": 0.5, "emotional": 0.5},
            }
            for share in shares
        ]


def found(lines: Sequence[str]) -> dict[str, infer.Finding]:
    engine: Any = Reading()
    return {finding.attribute: finding for finding in infer.read(engine, infer.from_facts(lines))}


def test_one_line_counts_half_against_one_that_says_nothing() -> None:
    one = infer.pooled([{"a": 0.9, "b": 0.1}])
    assert one["a"] == pytest.approx(3 / 4)  # the odds of 9 become their root
    four = infer.pooled([{"a": 0.9, "b": 0.1}] * 4)
    assert math.log(four["a"] / four["b"]) == pytest.approx(4 / 5 * math.log(9))
    assert infer.pooled([{"a": 0.9, "b": 0.1}, {"a": 0.1, "b": 0.9}]) == pytest.approx({"a": 0.5, "b": 0.5})
    assert infer.pooled([{"a": 1.0, "b": 0.0}])["a"] < 1


def test_what_hangs_on_single_lines_is_uncertain() -> None:
    sure = found(["I am sad."] * 5)["attitude"]
    assert (sure.aspect, sure.sure) == ("pessimistic", True)
    assert sure.low == sure.probability == sure.high
    torn = found(["I am sad.", "I am glad.", "I am sad.", "I bake.", "I am sad."])["attitude"]
    assert torn.low < 0.5 < torn.probability < torn.high
    assert not torn.sure
    assert not found(["I am sad."])["mind"].sure


def test_one_line_makes_no_character_however_clear_it_is() -> None:
    assert [row.sure for row in found(["I am very sad."]).values()] == [False, False]
    assert found(["I am very sad.", "So sad."])["attitude"].sure


def test_the_surest_comes_first_and_nothing_to_read_is_refused() -> None:
    assert list(found(["I am sad."] * 3)) == ["attitude", "mind"]
    with pytest.raises(UsageError, match="Nothing was said"):
        found([" "])


def test_a_text_is_read_by_sentences() -> None:
    assert infer.from_text("I was there. Were you?  Yes!\n\nIt rained all day\nNo.") == [
        (infer.ASKED, "I was there."),
        (infer.ASKED, "Were you?"),
        (infer.ASKED, "It rained all day"),
    ]


def test_a_conversation_gives_the_lines_of_the_person() -> None:
    with ConversationManager(None) as manager:
        made = manager.create(profile_name="p", profile={"name": "p"}, model="")
        for role, text in (("bot", "Hello."), ("user", "I am sad."), ("bot", "Why?"), ("user", "The rain.")):
            manager.add_message(made.id, role=role, text=text)
        assert infer.from_conversation(manager, "last") == [("Hello.", "I am sad."), ("Why?", "The rain.")]


def test_the_other_side_of_a_duet_is_nobody_s_own_words() -> None:
    with ConversationManager(None) as manager:
        made = manager.create(profile_name="p", profile={"name": "p"}, model="")
        manager.add_message(made.id, role="user", text="The sea.", speaker="Ben")
        for role, text in (("bot", "It rains."), ("user", "I fish.")):
            row = manager.add_message(made.id, role=role, text="", state="partial")
            manager.finish_reply(row.id, text=text, state="complete", generation={"seed": 1})
        manager.add_message(made.id, role="user", text="I am sad.")
        assert infer.from_conversation(manager, "last") == [
            (infer.ASKED, "The sea."),
            ("I fish.", "I am sad."),
        ]


def test_the_profile_has_what_is_sure_and_the_facts_that_fit() -> None:
    findings = list(found(["I am sad."] * 30).values())
    facts = [f"Fact {i}." for i in range(21)] + ["x" * 201]
    made, left = infer.profile("me", findings, facts)
    assert made.facts == tuple(facts[:20])
    assert {name: str(target) for name, target in made.attributes.items()} == {"attitude": "pessimistic:89%"}
    assert left == [
        f"Left out: {'x' * 60}... (a fact has at most 200 characters)",
        "Left out: Fact 20. (at most 20 facts)",
    ]


def test_blank_facts_are_left_out() -> None:
    made, left = infer.profile("me", [], ["I am sad.", " ", "", "My cat is sad."])
    assert (made.facts, left) == (("I am sad.", "My cat is sad."), [])


# --- the command


run = partial(command, "profile", "infer")


@pytest.fixture(autouse=True)
def _loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: Reading())


TABLE = """\
ATTRIBUTE  ASPECT       STRENGTH  90 %
attitude   pessimistic  0.84      0.84 to 0.84
mind       critical     0.50      0.50 to 0.50  uncertain
Read from 3 lines by the model's own measure; what is uncertain is left out.
"""
FACTS = ("--fact", "I am sad.", "--fact", "My cat is sad.", "--fact", "It is a sad house.")


def test_the_table_has_what_is_left_out_too() -> None:
    gives(run(*FACTS), f"{TABLE}Add --save to keep it as inferred; --name gives it another name.\n")


def test_letters_that_are_two_cells_wide_keep_the_columns() -> None:
    found = [
        infer.Finding("気分", "暗い", 0.75, 0.6, 0.9, True),
        infer.Finding("mind", "dry", 0.5, 0.4, 0.6, False),
    ]
    assert infer.told(found, 2).splitlines()[:3] == [
        "ATTRIBUTE  ASPECT  STRENGTH  90 %",
        "気分       暗い    0.75      0.60 to 0.90",
        "mind       dry     0.50      0.40 to 0.60  uncertain",
    ]


def test_of_one_line_there_is_no_interval() -> None:
    result = run("--fact", "I am sad.", "--fact", " ", "--json")
    assert json.loads(result.stdout)["profile"]["attributes"] == {}
    assert run("--fact", "I am sad.").stdout.splitlines()[1:4] == [
        "attitude   pessimistic  0.75      -     uncertain",
        "mind       critical     0.50      -     uncertain",
        "Read from 1 line by the model's own measure; what is uncertain is left out.",
    ]


def test_of_many_lines_the_last_are_read_and_the_facts_among_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Reading()
    monkeypatch.setattr(start, "load_engine", lambda settings: engine)
    monkeypatch.setattr(infer, "MOST", 4)
    result = run("--text", "-", "--fact", "I am sad.", text="It rained all day. " * 8)
    assert "Read from the last 4 of 9 lines by the model's own measure" in result.stdout
    assert len(engine.read) == 4
    assert engine.read[-1][1] == "I am sad."


def test_it_is_saved_when_asked_and_the_name_must_be_free() -> None:
    path = config.load().profiles_folder / "me.toml"
    gives(
        run(*FACTS, "--name", "me", "--save"), f"{TABLE}Saved {path}\nTalk to it: chatbot chat --profile me\n"
    )
    made = ProfileStore(path.parent).load("me")
    assert made.facts == FACTS[1::2]
    assert str(made.attributes["attitude"]) == "pessimistic:84%"
    again = run(*FACTS, "--name", "me", "--save")
    assert (again.stdout, again.exit_code) == ("", 2)
    assert "me" in again.stderr
    assert "Try 'my-uncle'." in run("--name", "my uncle").stderr  # before anything is read


def test_texts_come_from_files_and_from_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("I am sad. The sea is sad. All sad things come back.", encoding="utf-8")
    assert run("--text", str(file)).stdout.startswith(TABLE)
    assert run("--text", "-", text=file.read_text(encoding="utf-8")).stdout.startswith(TABLE)
    found = json.loads(run("--text", str(file), "--json").stdout)
    assert found["lines"] == 3
    assert [row["sure"] for row in found["findings"]] == [True, False]
    assert found["profile"]["attributes"]["attitude"]["probability"] == 0.84
    file.write_bytes(b"\xff\xfe\xff")
    refused = run("--text", str(file))
    assert (refused.stdout, refused.exit_code) == ("", 2)
    for path, reason in ((tmp_path / "nope", "No such file or directory"), (tmp_path, "Is a directory")):
        gives(
            run("--text", str(path)), "", f"Error: {path} cannot be read: {reason}. Give another file.\n", 2
        )


def test_a_conversation_can_be_read() -> None:
    with ConversationManager(config.load().database) as manager:
        made = manager.create(profile_name="p", profile={"name": "p"}, model="")
        for text in ("I am sad.", "So sad.", "All is sad."):
            manager.add_message(made.id, role="user", text=text)
    assert run("--conversation", made.id).stdout.startswith(TABLE)


def test_nothing_to_read_is_refused() -> None:
    error = "Error: Nothing was said there. Give --fact, --text or --conversation with some words.\n"
    gives(run(), "", error, 2)


def test_a_real_model_reads_what_it_was_trained_on(tiny_model: Path) -> None:
    engine = GenerationEngine.load(tiny_model, device="cpu")
    lines = infer.from_facts([f"Bad, the {thing} will be lost and sad." for thing in ("rain", "sea", "dog")])
    findings = {finding.attribute: finding for finding in infer.read(engine, lines)}
    assert findings["attitude"].aspect == "pessimistic"
    assert findings["attitude"].sure
