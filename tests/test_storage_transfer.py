"""Conversations to and from files: which format, which name, never over a file, never half a set of them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from documents import read_file, to_json
from storage import (
    ConversationManager,
    RefusedValueError,
    StorageError,
    export_branches,
    export_file,
    foreign,
    transfer,
)

pytestmark = pytest.mark.usefixtures("utc")

CHAT = b'{"name": "Ann", "is_user": false, "mes": "Hi"}'


@pytest.fixture
def conversation(manager: ConversationManager) -> str:
    """Two greetings; under the first a question with two replies, and under the second of these a talk.

    Oh. ─ Who? ─┬ A man.
    │           └ A poet. ─ Really? ─ No.      (the active path ends with `A man.`)
    You.
    """
    made = manager.create(profile_name="gloomy-poet", profile={"name": "gloomy-poet"}, model="m").id
    manager.add_message(made, role="bot", text="You.", parent_id=None)
    manager.add_message(made, role="bot", text="Oh.", parent_id=None)
    question = manager.add_message(made, role="user", text="Who?")
    first = manager.add_message(made, role="bot", text="A man.")
    manager.add_message(made, role="bot", text="A poet.", parent_id=question.id)
    manager.add_message(made, role="user", text="Really?")
    manager.add_message(made, role="bot", text="No.")
    manager.select(first.id)
    return made


# --- export


def test_the_ending_of_the_name_decides_the_format(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    texts = {
        name: export_file(manager, conversation, tmp_path / name).read_text(encoding="utf-8")
        for name in ("talk.JSON", "talk.md", "talk.txt", "talk.jsonl")
    }
    assert json.loads(texts["talk.JSON"]) == to_json(manager, conversation)
    assert texts["talk.md"] == transfer.exported(manager, conversation)
    assert texts["talk.txt"] == "gloomy-poet: Oh.\n\nYou: Who?\n\ngloomy-poet: A man.\n"
    assert [json.loads(line).get("mes") for line in texts["talk.jsonl"].split("\n")] == [
        None,
        "Oh.",
        "Who?",
        "A man.",
    ]
    named = export_file(manager, conversation, tmp_path / "talk", "text", user_name="Zoë")
    assert named.read_text(encoding="utf-8") == "gloomy-poet: Oh.\n\nZoë: Who?\n\ngloomy-poet: A man.\n"


def test_an_export_is_a_new_file_or_none(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    there = tmp_path / "talk.txt"
    there.write_bytes(b"mine")
    with pytest.raises(RefusedValueError, match="never overwrites a file, and .*talk.txt exists"):
        export_file(manager, conversation, there)
    assert there.read_bytes() == b"mine"
    with pytest.raises(StorageError, match="cannot be: No such file or directory"):
        export_file(manager, conversation, tmp_path / "nowhere" / "talk.md")
    with pytest.raises(
        RefusedValueError,
        match="export format is one of markdown, json, text, sillytavern, not 'jsn'. Did you mean 'json'",
    ):
        export_file(manager, conversation, tmp_path / "x", "jsn")
    with pytest.raises(
        RefusedValueError, match=r"ends in .md, .json, .txt, .jsonl, and 'talk.doc' in none of them"
    ):
        export_file(manager, conversation, tmp_path / "talk.doc")
    assert os.listdir(tmp_path) == ["talk.txt"]


LONG = "x" * 300


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (f"{LONG}.md", "File name too long. Give another name."),
        (f"{LONG}/x.md", "File name too long. Give another name."),
        ("a\0b.md", "(.*: )?embedded null .*. Give another name."),
        ("a\0b/x.md", "(.*: )?embedded null .*. Give another name."),
        ("\ud800.md", "'utf-8' codec can't encode .*: surrogates not allowed. Give another name."),
        ("nowhere/x.md", "No such file or directory. Give another folder."),
        ("there.txt/x.md", "Not a directory. Give another folder."),
    ],
    ids=["long", "long folder", "nul", "nul in a folder", "surrogate", "nowhere", "file"],
)
def test_a_name_that_cannot_be_is_told(
    manager: ConversationManager, conversation: str, tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "there.txt").write_bytes(b"mine")
    with pytest.raises(RefusedValueError, match=f"An export needs a file .* cannot be: {reason}"):
        export_file(manager, conversation, tmp_path / name)
    with pytest.raises(RefusedValueError, match=f"cannot be read: {reason.partition(' Give')[0]}"):
        read_file(tmp_path / name)
    if "nul" in reason:
        with pytest.raises(StorageError, match=reason):
            export_branches(manager, conversation, tmp_path / name)
    assert os.listdir(tmp_path) == ["there.txt"]


@pytest.mark.skipif(os.name == "nt", reason="the rights of a folder are of another kind there")
def test_a_folder_that_may_not_be_entered(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    is_root = os.geteuid() == 0
    tmp_path.chmod(0o600)
    if is_root:
        os.seteuid(65534)
    try:
        with pytest.raises(StorageError, match=r"x\.md cannot be: Permission denied\. Give another folder\."):
            export_file(manager, conversation, tmp_path / "locked" / "x.md")
    finally:
        if is_root:
            os.seteuid(0)
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("character", "stem"),
    [
        ("Élise 🌙", "Élise 🌙"),
        ("../..\\etc: <passwd>?*|\"\x1b[31m\u202e", "etc passwd [31m"),
        ("\n .. ", "chat"),
        ("月" * 100, "月" * 50),
        ("...", "chat"),
    ],
)  # fmt: skip
def test_a_folder_gets_a_file_with_the_name_of_the_character_and_the_time(
    manager: ConversationManager, tmp_path: Path, character: str, stem: str
) -> None:
    made = manager.create(profile_name=character, profile={}, model="")
    manager.add_message(made.id, role="user", text="Hi")
    for form, ending in (("sillytavern", "jsonl"), ("", "md")):
        path = export_file(manager, made.id, tmp_path, form)
        assert (path.parent, path.exists()) == (tmp_path, True)
        expected = rf"{re.escape(stem)} - \d{{4}}-\d\d-\d\d@\d\dh\d\dm\d\ds\.{ending}"
        assert re.fullmatch(expected, path.name)
        assert f"{made.created_at:%Y-%m-%d@%Hh%Mm%Ss}" in path.name


# --- branches


def test_branches_are_files_that_name_the_main_one_and_hold_every_message(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    paths = export_branches(manager, conversation, folder)
    main = paths[0].stem
    assert [path.name for path in paths] == [f"{main}.jsonl", f"{main} - Branch 1.jsonl"]
    chats = [[json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")] for path in paths]
    assert [line.get("mes") for line in chats[0]] == [None, "Oh.", "Who?", "A man."]
    assert [line.get("mes") for line in chats[1]] == [None, "Oh.", "Who?", "A poet.", "Really?", "No."]
    assert chats[0][1]["swipes"] == ["You.", "Oh."]
    assert [line["swipes"] for line in (chats[0][3], chats[1][3])] == [["A man.", "A poet."]] * 2
    assert [line["swipe_id"] for line in (chats[0][3], chats[1][3])] == [0, 1]
    assert chats[0][0]["chat_metadata"] == {}
    assert chats[1][0]["chat_metadata"] == {"main_chat": main}
    with pytest.raises(RefusedValueError, match="never overwrites a file"):
        export_branches(manager, conversation, folder)


def test_branches_are_all_written_or_none(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    first, second = export_branches(manager, conversation, tmp_path)
    first.unlink()
    with pytest.raises(RefusedValueError, match="Branch 1.jsonl exists"):
        export_branches(manager, conversation, tmp_path)
    assert list(tmp_path.iterdir()) == [second]
    with pytest.raises(StorageError, match="cannot be: File exists"):
        export_branches(manager, conversation, second)


def test_branches_of_an_imported_group_chat_get_a_header_the_chat_itself_keeps_none(
    manager: ConversationManager, tmp_path: Path
) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_bytes(CHAT)
    made = transfer.store(manager, read_file(file)).conversation.id
    manager.add_message(made, role="user", text="Bye", parent_id=None)
    manager.add_message(made, role="bot", text="So soon?")
    manager.select(manager.tree(made)[0].id)
    main, branch = export_branches(manager, made, tmp_path)
    assert main.read_bytes() == CHAT
    header = json.loads(branch.read_text(encoding="utf-8").split("\n")[0])
    assert header == {
        "chat_metadata": {"main_chat": main.stem},
        "user_name": "unused",
        "character_name": "unused",
    }


def test_a_disk_that_fills_up_leaves_no_half_export(
    manager: ConversationManager, conversation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def failing(self: Path, mode: str = "r", **options: Any) -> object:
        if "Branch" in self.name:
            raise OSError(28, "No space left on device")
        return real(self, mode, **options)

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(StorageError, match="Branch 1.jsonl cannot be: No space left on device") as error:
        export_branches(manager, conversation, tmp_path)
    assert error.value.exit_code == 1
    assert list(tmp_path.iterdir()) == []


# --- import


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("chat.jsonl", CHAT, "sillytavern"),
        ("chat.txt", CHAT, "sillytavern"),
        ("chat", b"\xef\xbb\xbf\n" + CHAT, "sillytavern"),
        ("chat.json", b'{"chat_metadata": {}}\n' + CHAT, "sillytavern"),
        ("chat.md", CHAT, "sillytavern"),
        ("chat.log", b"broken\n" + CHAT, "sillytavern"),
        ("chat.txt", b"Ann: Hi", "text"),
        ("chat", b"\nAnn: Hi", "text"),
        ("chat.json", b"\xef\xbb\xbf{}", "json"),
        ("chat.txt", b"{}", "json"),
        ("chat", b"[1, 2]", "json"),
        ("chat.txt", b"[persona 1]: Hello", "text"),
        ("chat.txt", b"[12:03] Bob: hello", "text"),
        ("chat.txt", b"\xef\xbb\xbf{Ann}: Hi", "text"),
        ("chat.txt", b'{"format": "chatbot-conversation", "version": 2}', "json"),
        ("chat.txt", b'{"format": "chatbot-conversation", "vers', "json"),
        ("chat.txt", b'{"name": "Ann"}', "json"),
        ("chat", b"[persona 1]: Hello", "text"),
        ("chat.txt", b'{"role": "user", "content": "Hi: you"}\n{"role": "bot", "content": "Yo"}', "json"),
        ("chat", b'{"name": "Ann", "mes": "hel', "json"),
        ("chat.txt", b'[{"a": NaN}]', "json"),
        ("chat.txt", b"{Ann}: Hello", "text"),
        ("chat.log", b"[name 1]: Hello", "text"),
        ("chat", b'{"name": "Ann"}', "json"),
        ("chat.json", b"[name 1]: Hello", "json"),
        ("chat.jsonl", b"{}", "sillytavern"),
        ("chat.jsonl", b'{\n "format": "chatbot-conversation"}', "json"),
        ("chat.json", b"", "json"),
        ("chat.jsonl", b"nothing", "sillytavern"),
        ("chat.txt", b"nothing", "text"),
    ],
)
def test_the_content_says_what_a_file_is_and_where_it_does_not_the_ending(
    name: str, data: bytes, form: str
) -> None:
    words = {
        "json": "exported conversation",
        "sillytavern": "A SillyTavern chat has",
        "text": "A chat as plain text has",
    }
    try:
        found = transfer.read(data, name).form
    except RefusedValueError as error:
        found = next(form for form, told in words.items() if told in str(error))
    assert found == form


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("talk.md", b"# Title\n\n**You**\n\nHi", "and talk.md is Markdown, which is for people to read"),
        ("talk.md", b"Note: a colon", "and talk.md is Markdown"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0", "and picture.png is none of them"),
        ("", b"just words", "and this is none of them"),
    ],
)
def test_what_is_none_of_the_formats(name: str, data: bytes, what: str) -> None:
    with pytest.raises(RefusedValueError, match=f"An import is a JSON export, .*{what}") as refused:
        transfer.read(data, name)
    assert refused.value.exit_code == 2


def test_a_file_beyond_the_limit_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as file:
        file.truncate(2 * 1024**3)  # takes no room on the disk
    with pytest.raises(RefusedValueError, match="has at most 67108864 bytes, and this one has more"):
        read_file(huge)


@pytest.mark.parametrize("data", [b'{"mes": "x", "swipes": ["x", "y", "z"]}', b"A: x\nA: y\nA: z"])
def test_a_chat_of_too_many_messages_is_refused(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(transfer.read(data, "x.txt").messages) == 3
    monkeypatch.setattr(foreign, "MAX_MESSAGES", 2)
    with pytest.raises(RefusedValueError, match="A chat has at most 2 messages, and this one has more"):
        transfer.read(data, "x.txt")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.json", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(RefusedValueError, match=f"cannot be read: {reason}.* Give another file") as error:
            read_file(path)
        assert error.value.exit_code == 2


def test_a_chat_without_names_is_read_back_from_text(manager: ConversationManager, tmp_path: Path) -> None:
    made = manager.create(profile_name="[persona 1]", profile={}, model="").id
    manager.add_message(made, role="bot", text="Hello")
    manager.add_message(made, role="user", text="Hi")
    for name in ("chat.txt", "chat"):
        file = export_file(manager, made, tmp_path / name, "text")
        read = transfer.store(manager, read_file(file))
        assert [(m.role, m.text) for m in read.messages] == [("bot", "Hello"), ("user", "Hi")]
        assert read.conversation.profile_name == "[persona 1]"


def test_what_was_read_is_stored_with_the_persona_that_was_given(
    manager: ConversationManager, conversation: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.json"
    export_file(manager, conversation, file)
    document = to_json(manager, conversation)
    manager.delete(conversation)
    reading = transfer.store(manager, read_file(file))
    assert (reading.form, reading.conversation.id, reading.warnings) == ("json", conversation, ())
    assert to_json(manager, conversation) == document
    captain = {"name": "calm-captain", "facts": ["I sail."]}
    again = transfer.store(manager, read_file(file), captain).conversation
    assert again.id != conversation
    assert (again.profile_name, again.profile["facts"]) == ("calm-captain", ["I sail."])
    assert [m.text for m in manager.path(again.id)] == ["Oh.", "Who?", "A man."]
    assert [m.speaker for m in manager.path(again.id)] == ["gloomy-poet", "", "gloomy-poet"]


def test_a_file_that_is_refused_stores_nothing(manager: ConversationManager, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"format": "chatbot-conversation", "version": 2}', encoding="utf-8")
    with pytest.raises(RefusedValueError, match="'messages' must be a list"):
        transfer.store(manager, read_file(file))
    assert manager.list(include_empty=True) == []


@pytest.mark.parametrize("form", ["text", "sillytavern", "json"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_that_windows_wrote_reads_the_same(
    manager: ConversationManager, conversation: str, form: str, encoding: str
) -> None:
    text = transfer.exported(manager, conversation, form)
    name = "talk" + next(known.ending for known in transfer.FORMATS if known.name == form)
    read = transfer.read(("\ufeff" + text).replace("\n", "\r\n").encode(encoding), name)
    assert [m.text for m in read.messages] == [m.text for m in transfer.read(text.encode(), name).messages]


@pytest.mark.parametrize("form", ["text", "sillytavern", "markdown", "json"])
def test_an_empty_conversation_can_be_exported(manager: ConversationManager, form: str) -> None:
    made = manager.create(profile_name="p", profile={}, model="").id
    assert transfer.exported(manager, made, form).strip() or form == "text"
