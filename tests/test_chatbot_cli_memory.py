"""`chatbot memory`, `duet` and `sweep`: whole output, and what is stored afterwards."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chatbot import config
from chatbot.cli import app, start
from fake_engine import FakeEngine
from full_disk import no_room_for
from printed import gives, run
from storage import ConversationManager, database


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two profiles, and an engine that repeats what it answers and its facts."""
    folder = config.load().profiles_folder
    folder.mkdir(parents=True)
    (folder / "ann.toml").write_text('facts = ["I bake."]\n[attributes]\nattitude = "pessimistic"\n')
    (folder / "bea.toml").write_text('display_name = "Bea"\nfacts = ["I fish."]\n')
    monkeypatch.setattr(start, "load_engine", lambda settings: FakeEngine())


def test_memories_are_added_listed_and_forgotten(manager: ConversationManager, people: None) -> None:
    gives(run("memory", "list"), "", "Nothing is remembered yet.\n")
    gives(
        run("memory", "add", "--profile", "ann", "I have a dog called Rex"),
        "1  ann  you have a dog called Rex\n",
    )
    gives(run("memory", "add", "-p", "everyone", "my name is ada"), "2  everyone  you are called Ada\n")
    gives(
        run("memory", "list"),
        "1  ann       you have a dog called Rex\n2  everyone  you are called Ada\n",
    )
    for name in ("bea", "everyone"):
        gives(run("memory", "list", "--profile", name), "2  everyone  you are called Ada\n")
    assert "There is no persona 'anne'. Did you mean 'ann'?" in run("memory", "list", "-p", "anne").stderr
    gives(
        run("memory", "list", "-p", "ANN"),
        "1  ann       you have a dog called Rex\n2  everyone  you are called Ada\n",
    )
    gives(run("memory", "forget", "1"), "Forgotten: you have a dog called Rex\n")
    assert [memory.text for memory in manager.memories()] == ["The user is called Ada."]


def test_a_blend_is_listed_by_the_words_that_name_it(manager: ConversationManager, people: None) -> None:
    added = run("memory", "add", "-p", "ann:0.6,bea:0.4", "I have a dog called Rex").stdout
    assert added.endswith("you have a dog called Rex\n")
    gives(run("memory", "list", "-p", "ann:0.6,bea:0.4"), added)
    assert run("conversation", "list", "-p", "ann:0.6,bea:0.4").exit_code == 0


def test_a_persona_that_is_renamed_keeps_what_was_said_and_told(
    manager: ConversationManager, people: None
) -> None:
    run("memory", "add", "-p", "ann", "I have a dog called Rex")
    run("memory", "add", "-p", "everyone", "my name is ada")
    talk = manager.create(profile_name="ann", profile={"name": "ann", "facts": ["I bake."]}, model="fake")
    manager.add_message(talk.id, role="user", text="Bread?")
    assert run("profile", "rename", "ANN", "cleo").exit_code == 0
    gives(run("memory", "list"), "1  cleo      you have a dog called Rex\n2  everyone  you are called Ada\n")
    (found,) = manager.list()
    assert (found.profile_name, found.profile) == ("cleo", {"name": "cleo", "facts": ["I bake."]})
    assert found.updated_at == manager.get(talk.id).updated_at
    run("profile", "rename", "cleo", "Zoe\u0308")
    assert manager.get(talk.id).profile_name == "Zo\u00eb"


def test_forgetting_beside_a_reader_says_that_bytes_may_be_left(
    manager: ConversationManager, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    run("memory", "add", "-p", "ann", "I have a dog called Rex")
    left = "Some of the text may stay on disk until other programs close the file.\n"
    with closing(sqlite3.connect(str(manager.path_of_database), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM memory").fetchall() == [(1,)]
        gives(run("memory", "forget", "1"), "Forgotten: you have a dog called Rex\n", left)
    assert manager.memories() == []


def test_memories_as_json(people: None) -> None:
    fields = json.loads(run("memory", "add", "--json", "-p", "ann", "I like chess.").stdout)
    assert [{**row, "created_at": ""} for row in fields] == [
        {
            "id": 1,
            "profile": "ann",
            "kind": "like",
            "text": "The user likes chess.",
            "message": None,
            "created_at": "",
        }
    ]
    assert json.loads(run("memory", "list", "--json").stdout) == fields
    assert json.loads(run("memory", "export", "--json").stdout) == fields
    assert json.loads(run("memory", "forget", "1", "--json").stdout) == fields[0]
    assert json.loads(run("memory", "list", "--json").stdout) == []


@pytest.mark.parametrize("number", ["0", "9223372036854775808"])
def test_a_number_that_no_memory_can_have_is_refused(number: str) -> None:
    result = run("memory", "forget", number)
    assert result.exit_code == 2
    assert "Invalid value for 'ID': " in result.stderr


def test_an_export_that_finds_no_room_can_be_tried_again(people: None, tmp_path: Path) -> None:
    run("memory", "add", "-p", "ann", "I like chess.")
    target = tmp_path / "known.txt"
    with no_room_for(target):
        failed = run("memory", "export", str(target))
    assert (failed.exit_code, failed.stdout, target.exists()) == (1, "", False)
    assert f"{target} cannot be: No space left on device" in failed.stderr
    assert run("memory", "export", str(target)).exit_code == 0


def test_memories_are_exported_into_a_new_file(people: None, tmp_path: Path) -> None:
    run("memory", "add", "-p", "ann", "I like chess.")
    gives(run("memory", "export"), "ann: The user likes chess.\n")
    gives(run("memory", "export", "-"), "ann: The user likes chess.\n")
    file = tmp_path / "known.txt"
    gives(run("memory", "export", str(file)), f"1 memory written to {file}\n")
    assert file.read_text() == "ann: The user likes chess.\n"
    taken = f"An export never overwrites a file, and {file} exists. Give another name."
    gives(run("memory", "export", str(file)), "", f"Error: {taken}\n", 2)
    for name in ("known.json", "KNOWN-TOO.JSON"):
        run("memory", "export", str(tmp_path / name))
        assert json.loads((tmp_path / name).read_text())[0]["text"] == "The user likes chess."
    run("memory", "forget", "1")
    gives(run("memory", "export"), "")


def test_what_cannot_be_remembered_is_refused(people: None) -> None:
    assert "no profile 'cid'" in run("memory", "add", "-p", "cid", "I like chess.").stderr
    assert run("memory", "add", "-p", "cid", "I like chess.").exit_code == 2
    gives(
        run("memory", "add", "-p", "ann", " "),
        "",
        "Error: A memory needs words. Write a short sentence, such as: I have a dog called Rex.\n",
        2,
    )
    assert run("memory", "forget", "9").exit_code == 2


def test_text_in_a_memory_cannot_control_the_terminal(manager: ConversationManager) -> None:
    manager.remember("ann", "\x1b[31mred\nline", kind="note")
    gives(run("memory", "list"), "1  ann  [31mred line\n")


def test_a_duet_is_printed_and_stored(manager: ConversationManager, people: None) -> None:
    gives(
        run("duet", "ann", "bea", "--turns", "2", "--topic", "The sea.", "--seed", "3"),
        "Bea: The sea.\n"
        "ann: The sea. / I bake. The user is called Bea.\n"
        "Bea: The sea. / I bake. The user is called Bea. / The user is called ann. I fish.\n",
    )
    conversation = manager.get("last")
    assert (conversation.title, conversation.profile_name) == ("ann and Bea: The sea.", "ann")
    path = manager.path(conversation.id)
    assert [(message.role, message.speaker) for message in path] == [
        ("user", "Bea"),
        ("bot", ""),
        ("user", "Bea"),
    ]


def test_a_duet_as_json_and_incognito(manager: ConversationManager, people: None) -> None:
    lines = run(
        "duet", "ann", "bea", "--turns", "1", "--json", "--incognito", "--seed", "3"
    ).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["speaker"], row["text"]) for row in rows] == [
        ("Bea", "Hello."),
        ("ann", "Hello. / I bake. The user is called Bea."),
    ]
    assert rows[1]["trace"]["seed"] == 3
    assert manager.list() == []


def test_a_duet_that_cannot_be_is_refused(people: None) -> None:
    long = "Error: A message may have 20,000 characters; this one has 20,001. Shorten it.\n"
    gives(run("duet", "ann", "bea", "--topic", "a" * 20_001), "", long, 2)
    gives(
        run("duet", "ann", "bea", "--turns", "501"),
        "",
        "Error: A duet has 1 to 500 turns, not 501. Give it --turns 20, for instance.\n",
        2,
    )


def test_a_sweep_over_strengths(manager: ConversationManager, people: None) -> None:
    gives(
        run("sweep", "-p", "ann", "Hi", "--dial", "attitude=pessimistic", "--strengths", "0,50%,90%"),
        "1  attitude off                   2  attitude 50%                   3  attitude 90%\n"
        "Hi / I bake.                      Hi / I bake.                      Hi / I bake.\n",
    )
    assert manager.list() == []


def test_a_sweep_over_personas_as_json(people: None) -> None:
    rows = json.loads(run("sweep", "Hi", "--profiles", "ann,bea", "--json", "--seed", "8").stdout)
    assert [
        (row["number"], row["setting"], row["profile"], row["targets"], row["reply"]) for row in rows
    ] == [
        (1, "ann", "ann", {"attitude": "pessimistic"}, "Hi / I bake."),
        (2, "Bea", "bea", {}, "Hi / I fish."),
    ]
    assert [row["trace"]["seed"] for row in rows] == [8, 8]


@pytest.mark.parametrize(
    ("names", "profiles"),
    [
        ("ann:0.2,bea:0.8; ann", ["bea_ann", "ann"]),
        ("ann,bea;bea", ["ann_bea", "bea"]),
        ("ann; bea", ["ann", "bea"]),
        ("ann, bea", ["ann", "bea"]),
    ],
)
def test_a_sweep_takes_blends_between_semicolons(people: None, names: str, profiles: list[str]) -> None:
    rows = json.loads(run("sweep", "Hi", "--profiles", names, "--json").stdout)
    assert [row["profile"] for row in rows] == profiles


def test_a_blend_among_commas_is_refused_by_the_rule(people: None) -> None:
    sentence = "Error: Beside a blend, semicolons separate the names: 'ann:0.2,bea:0.8; cy'.\n"
    gives(run("sweep", "Hi", "--profiles", "ann:0.2,bea:0.8,ann"), "", sentence, 2)


def test_personas_of_a_sweep_answer_the_message_alone(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = FakeEngine()
    engine.replies = lambda contexts, *_: pytest.fail(str([len(context.turns) for context in contexts]))
    monkeypatch.setattr(start, "load_engine", lambda settings: engine)
    with pytest.raises(pytest.fail.Exception, match=r"\[1, 1\]"):
        CliRunner().invoke(app, ["sweep", "Hi", "--profiles", "ann,bea"], catch_exceptions=False)
    sentence = "Error: All who reply are named with --profiles. Leave out --profile.\n"
    gives(run("sweep", "Hi", "-p", "ann", "--profiles", "ann,bea"), "", sentence, 2)


def test_a_sweep_compares_one_thing(people: None) -> None:
    sentence = "Error: Compare strengths with --dial and --strengths, or personas with --profiles.\n"
    for arguments in ([], ["--dial", "mind=critical"], ["--strengths", "0,50%"]):
        gives(run("sweep", "Hi", "-p", "ann", *arguments), "", sentence, 2)
    both = ["--dial", "mind=critical", "--strengths", "0,50%", "--profiles", "ann,bea"]
    gives(run("sweep", "Hi", "-p", "ann", *both), "", sentence, 2)
