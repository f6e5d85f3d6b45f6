"""What is done to turns by command: continue, speaker, select, undo, narrate; output, and what is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.cli import start
from documents import from_json, read_file
from fake_engine import FakeEngine
from printed import gives, run
from storage import ConversationManager, transfer
from test_chatbot_cli_message import DOCUMENT, KEYS, OTHER, RAIN, from_json_of


@pytest.fixture(autouse=True)
def manager(kept: ConversationManager) -> ConversationManager:
    """Two conversations: the messages 1 to 6 and 7."""
    for document in (DOCUMENT, OTHER):
        from_json(kept, document)
    return kept


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(start, "load_engine", lambda settings: engine)
    return engine


def said(manager: ConversationManager) -> list[str]:
    return [message.text.split(".")[0] for message in manager.path(KEYS)[1:]]


# --- continue


@pytest.mark.usefixtures("engine")
def test_a_reply_goes_on_as_an_alternative_that_begins_as_it_does(manager: ConversationManager) -> None:
    gives(run("message", "continue", "4"), "Keys are It rains.\n")
    assert said(manager) == ["Keys are It rains"]
    assert [m.id for m in manager.siblings(4)] == [2, 4, 8]
    longer = from_json_of("message", "continue", "2")
    assert (longer["id"], longer["text"]) == (9, "Everything is lost. It rains.")
    assert manager.get(KEYS).head_id == 9


def test_only_a_reply_goes_on_and_a_failure_is_said(engine: FakeEngine, manager: ConversationManager) -> None:
    gives(
        run("message", "continue", "5"),
        "",
        "Error: Only a reply can go on, and message 5 is none. Name one of the persona's.\n",
        2,
    )
    engine.pieces = ("It ", RuntimeError("out of memory"))
    result = run("message", "continue", "4", "--json")
    gives(result, "", "Error: out of memory\n", 1)
    assert manager.path(KEYS)[-1].state == "failed"


# --- select and undo


def test_undo_gives_the_text_back_and_select_goes_there_again(manager: ConversationManager) -> None:
    manager.remember("poet", "The user has a dog.", kind="pet", message_id=5)
    gives(run("conversation", "undo", KEYS), "Where?\n", "Forgotten: you have a dog\n")
    assert said(manager) == ["Keys are"]
    gives(run("message", "select", "5"), f"The active path of {KEYS} goes through 5 and ends at 6\n")
    gives(run("message", "select", "2", "--end"), f"The active path of {KEYS} goes through 2 and ends at 2\n")
    assert [m["id"] for m in from_json_of("message", "select", "2")["messages"]] == [1, 2]
    undone = from_json_of("conversation", "undo", KEYS)
    assert undone == {
        "conversation_id": KEYS,
        "head_id": None,
        "text": "I lost my keys\n* 9 forged: \x1b[31mred",
    }
    result = run("conversation", "undo", KEYS)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("Error: Undo takes back the last message of the user")
    assert len(manager.tree(KEYS)) == 6


# --- narrate, rename


def test_narration_ends_the_active_path(manager: ConversationManager) -> None:
    gives(
        run("conversation", "narrate", KEYS, " The light goes out. "), f"Message 8 of {KEYS} is narration\n"
    )
    assert (manager.path(KEYS)[-1].role, manager.path(KEYS)[-1].text) == ("narrator", "The light goes out.")
    gives(
        run("conversation", "narrate", KEYS, "-", text="It rains.\n"), f"Message 9 of {KEYS} is narration\n"
    )
    assert from_json_of("conversation", "narrate", RAIN, "Snow.")["parent_id"] == 7
    result = run("conversation", "narrate", KEYS, " ")
    assert (result.stdout, result.exit_code) == ("", 2)


def test_rename_as_json() -> None:
    (renamed,) = from_json_of("conversation", "rename", KEYS, "Lost")
    assert (renamed["id"], renamed["title"]) == (KEYS, "Lost")


# --- speaker


@pytest.mark.parametrize(
    ("arguments", "words", "role", "speaker"),
    [
        (["--user"], "you", "user", ""),
        (["--narrator"], "nobody: it is narration", "narrator", ""),
        (["Ann\x1b[31m"], "Ann [31m (on the side of the persona)", "bot", "Ann [31m"),
        (["Ann", "--user"], "Ann (on the side of you)", "user", "Ann"),
        (["gloomy-POET"], "the persona", "bot", ""),
        (["You"], "you", "user", ""),
        (["You", "--bot"], "You (on the side of the persona)", "bot", "You"),
    ],
)
def test_the_speaker_is_corrected_and_its_place_stays(
    manager: ConversationManager, arguments: list[str], words: str, role: str, speaker: str
) -> None:
    before = manager.tree(KEYS)
    gives(run("message", "speaker", "2", *arguments), f"Message 2 of {KEYS} is now said by {words}\n")
    changed = manager.message(2)
    assert (changed.role, changed.speaker) == (role, speaker)
    assert [(m.id, m.parent_id, m.position, m.text) for m in manager.tree(KEYS)] == [
        (m.id, m.parent_id, m.position, m.text) for m in before
    ]
    (hit,) = manager.search("everything")
    assert (hit.role, hit.speaker) == (role, speaker)


def test_what_somebody_else_said_is_not_known_of_the_user(manager: ConversationManager) -> None:
    manager.remember("poet", "The user has a dog.", kind="pet", message_id=5)
    run("message", "speaker", "5", "--user")
    assert run("message", "speaker", "5", "--bot").stderr == "Forgotten: you have a dog\n"


def test_a_name_that_speaks_already_is_on_its_side(manager: ConversationManager) -> None:
    run("message", "speaker", "3", "Ann", "--bot")
    assert from_json_of("message", "speaker", "5", "ann")["speaker"] == "Ann"
    assert manager.message(5).role == "bot"


@pytest.mark.parametrize("arguments", [[], ["--user", "--bot"]])
def test_a_message_has_one_speaker(arguments: list[str]) -> None:
    gives(
        run("message", "speaker", "2", *arguments),
        "",
        "Error: A message has one speaker. Give --user, --bot, --narrator or a NAME.\n",
        2,
    )


def test_a_title_that_came_from_a_message_goes_with_its_speaker(manager: ConversationManager) -> None:
    talk = manager.create(profile_name="poet", profile={}, model="").id
    first = manager.add_message(talk, role="user", text="Ahoy there sailor").id
    manager.add_message(talk, role="user", text="Where is the whale?")
    assert manager.get(talk).title == "Ahoy there sailor"
    manager.set_speaker(first, role="bot")
    assert manager.get(talk).title == "Where is the whale?"
    manager.rename(talk, "The whale")
    manager.set_speaker(first, role="user")
    assert manager.get(talk).title == "The whale"


def test_an_imported_chat_is_exported_with_the_speaker_that_was_corrected(
    manager: ConversationManager, tmp_path: Path
) -> None:
    lines = (
        '{"chat_metadata": {}, "user_name": "unused", "character_name": "unused"}',
        '{"name": "Ahab", "is_user": false, "mes": "Ahoy", "extra": {"type": "narrator", "x": 1}}',
        '{"name": "Zoë", "is_user": true, "mes": "Hi"}',
        '{"name": "Ahab", "is_user": false, "mes": "Who?", "swipes": ["Who?", "What?"], "swipe_id": 0}',
    )
    reading = transfer.store(manager, transfer.read("\n".join(lines).encode(), "x.jsonl"))
    first, second, third = manager.path(reading.conversation.id)
    manager.set_speaker(first.id, role="bot")
    manager.set_speaker(second.id, role="narrator")
    manager.set_speaker(third.id, speaker="Starbuck")
    (tmp_path / "x.jsonl").write_text(transfer.exported(manager, reading.conversation.id, "sillytavern"))
    again = read_file(tmp_path / "x.jsonl")
    assert [(m.role, m.speaker, m.text) for m in again.messages] == [
        ("bot", "", "Ahoy"),
        ("narrator", "", "Hi"),
        ("bot", "Starbuck", "Who?"),
        ("bot", "Starbuck", "What?"),
    ]
