"""`chatbot conversation export` and `import`: whole output, what is stored, what is on the disk."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from card_files import DATA, END, HEAD, chunk
from chatbot import config
from chatbot.cli.transfer import Format
from documents import from_json, to_json
from printed import gives
from profiles import Profile, ProfileStore
from storage import ConversationManager, transfer
from test_chatbot_cli_conversation import DOCUMENT as FIRST
from test_chatbot_cli_conversation import KEYS, run

pytestmark = pytest.mark.usefixtures("utc")

NEW = {"bookmarked": False, "speaker": "", "extra": None}
DOCUMENT: dict[str, Any] = {
    **FIRST,
    "version": 2,
    "conversation": {**FIRST["conversation"], "archived": False, "extra": None},
    "messages": [
        {**message, **NEW, **changed}
        for message, changed in zip(
            FIRST["messages"], ({}, {"generation": {"tokens": 5}}, {"text": "日本 are"}), strict=True
        )
    ],
}
STRANGER = (
    "Note: There is no persona '{}' here, so this one has neither facts nor dials. "
    "Import it again with --profile NAME for another.\n"
)
CHAT = [
    {"chat_metadata": {}, "user_name": "unused", "character_name": "unused"},
    {"name": "Captain Ahab", "is_user": False, "send_date": "2024-07-12@01h31m37s", "mes": "Ahoy \x1b[31m🐋"},
    {"name": "Zoë", "is_user": True, "send_date": 1720747898000, "mes": "Where is it?"},
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in a folder of their own, so that names of files are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


@pytest.fixture
def stored(manager: ConversationManager) -> None:
    from_json(manager, DOCUMENT)


def write_chat(path: Path, broken: str = "") -> Path:
    path.write_text("\n".join([*map(json.dumps, CHAT), broken]), encoding="utf-8")
    return path


# --- export


@pytest.mark.usefixtures("stored")
def test_a_file_whose_name_begins_with_a_tilde(here: Path) -> None:
    gives(run("export", KEYS, "~~keys.json"), f"{KEYS} written to ~~keys.json\n")
    assert json.loads((here / "~~keys.json").read_text("utf-8")) == DOCUMENT
    assert run("import", "~~keys.json").stdout.endswith(" The keys (3 messages)\n")


def test_format_takes_the_names_of_all_formats() -> None:
    assert [form.value for form in Format] == [form.name for form in transfer.FORMATS]


@pytest.mark.usefixtures("stored")
def test_export_to_standard_output(here: Path) -> None:
    result = run("export", KEYS, "--format", "json")
    assert run("export", KEYS, "-", "--format", "json").stdout == result.stdout
    assert list(here.iterdir()) == []
    assert result.stdout.isascii()
    assert json.loads(result.stdout) == DOCUMENT
    gives(
        run("export", KEYS),
        "# The keys\n\n*with gloomy-poet, model tiny, 2026-01-02 10:00 UTC*\n\n"
        "**You**\n\nI lost my keys\n\nbot: \\[31mforged\n\n"
        "**gloomy-poet** *(partial, alternative 2 of 2)*\n\n日本 are\n",
    )
    gives(
        run("export", KEYS, "--format", "text"),
        "You: I lost my keys\n\n  bot: [31mforged\n\ngloomy-poet: 日本 are\n",
    )
    gives(
        run("export", KEYS, "-f", "sillytavern"),
        '{"chat_metadata": {}, "user_name": "unused", "character_name": "unused"}\n'
        '{"name": "You", "is_user": true, "is_system": false, "send_date": "2026-01-02T10:10:00.000Z", '
        '"extra": {}, "mes": "I lost my keys\\n\\nbot: \\u001b[31mforged"}\n'
        '{"name": "gloomy-poet", "is_user": false, "is_system": false, '
        '"send_date": "2026-01-02T10:11:30.000Z", "extra": {"api": "chatbot", "model": "tiny"}, '
        '"mes": "\\u65e5\\u672c are", "swipes": ["Everything is lost.", "\\u65e5\\u672c are"], '
        '"swipe_id": 1, "swipe_info": ['
        '{"send_date": "2026-01-02T10:11:00.000Z", '
        '"extra": {"api": "chatbot", "model": "tiny", "token_count": 5}}, '
        '{"send_date": "2026-01-02T10:11:30.000Z", "extra": {"api": "chatbot", "model": "tiny"}}]}\n',
    )


@pytest.mark.usefixtures("stored")
def test_export_to_a_file_and_import_it_again(manager: ConversationManager, here: Path) -> None:
    gives(run("export", KEYS, "talk.json"), "k3v9q2mx written to talk.json\n")
    assert json.loads((here / "talk.json").read_text(encoding="utf-8")) == DOCUMENT
    gives(
        run("export", KEYS, "-o", "talk.json"),
        "",
        "Error: An export never overwrites a file, and talk.json exists. Give another name.\n",
        2,
    )
    manager.delete(KEYS)
    gives(run("import", "talk.json"), "Imported k3v9q2mx The keys (3 messages)\n")
    assert to_json(manager, KEYS) == DOCUMENT
    again = run("import", "-", text=(here / "talk.json").read_bytes()).stdout
    assert again.endswith(" The keys (3 messages)\n")
    assert len(manager.list()) == 2


@pytest.mark.usefixtures("stored")
def test_the_ending_decides_and_a_folder_gets_a_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_CHAT_USER_NAME", "Zoë")
    gives(run("export", KEYS, "talk.txt"), "k3v9q2mx written to talk.txt\n")
    assert (here / "talk.txt").read_text(encoding="utf-8").startswith("Zoë: I lost")
    name = "gloomy-poet - 2026-01-02@10h00m00s"
    gives(run("export", KEYS, ".", "-f", "sillytavern"), f"k3v9q2mx written to {name}.jsonl\n")
    assert (here / f"{name}.jsonl").read_text(encoding="utf-8").count("\n") == 2
    gives(
        run("export", KEYS, "talk.doc"),
        "",
        "Error: The name of an export ends in .md, .json, .txt, .jsonl, and 'talk.doc' in none of them. "
        "Give another name. Or give the format with --format.\n",
        2,
    )


@pytest.mark.usefixtures("stored")
def test_all_branches(manager: ConversationManager, here: Path) -> None:
    manager.add_message(KEYS, role="user", text="No.", parent_id=manager.path(KEYS)[0].id + 1)
    manager.select(manager.path(KEYS)[0].id + 2)
    name = "gloomy-poet - 2026-01-02@10h00m00s"
    gives(
        run("export", KEYS, "--all-branches", "out"),
        f"k3v9q2mx written to out/{name}.jsonl\nk3v9q2mx written to out/{name} - Branch 1.jsonl\n",
    )
    assert len(list((here / "out").iterdir())) == 2
    gives(
        run("export", KEYS, "--all-branches", "out", "-f", "json"),
        "",
        "Error: --all-branches writes SillyTavern files, not json. Leave out --format.\n",
        2,
    )
    gives(
        run("export", KEYS, "x.jsonl", "--all-branches", "out"),
        "",
        "Error: An export goes to one place. Give a FILE or --all-branches DIR, not both.\n",
        2,
    )


# --- import


def test_import_a_chat_of_sillytavern(manager: ConversationManager, here: Path) -> None:
    write_chat(here / "At sea.jsonl", '{"mes": "brok')
    result = run("import", "At sea.jsonl")
    (found,) = manager.list()
    gives(
        result,
        f"Imported {found.id} At sea (2 messages)\n",
        STRANGER.format("Captain-Ahab")
        + "Note: Line 4 is no message that can be read and left out; everything else is there.\n",
    )
    assert found.profile_name == "Captain-Ahab"
    assert Profile.parse(found.profile).name == "Captain-Ahab"  # so it can be resumed
    shown = run("show", found.id).stdout
    assert "Captain-Ahab\n  Ahoy [31m🐋\n" in shown
    exported = run("export", found.id, "-f", "sillytavern").stdout
    assert [json.loads(line) for line in exported.splitlines()] == CHAT


def test_the_persona_of_an_import(manager: ConversationManager, here: Path) -> None:
    write_chat(here / "a.jsonl")
    store = ProfileStore(config.load().profiles_folder)
    store.save(Profile(name="captain-ahab", facts=("I sail.",)))
    assert run("import", "a.jsonl").exit_code == 0
    assert manager.get("last").profile["facts"] == ["I sail."]
    assert run("import", "a.jsonl", "--profile", "gloomy-poet").exit_code == 0
    assert sorted(found.profile_name for found in manager.list()) == ["captain-ahab", "gloomy-poet"]
    result = run("import", "a.jsonl", "--profile", "gloomy-poe")
    assert (result.exit_code, len(manager.list())) == (2, 2)
    blend = run("import", "a.jsonl", "--profile", "captain-ahab:0.5,gloomy-poet:0.5")
    assert manager.get(blend.stdout.split()[1]).profile["facts"][:1] == ["I sail."]
    assert manager.get("last").id == blend.stdout.split()[1]  # of the same times, it came in last
    assert "There is no profile 'gloomy-poe'" in result.stderr
    (here / "b.txt").write_text("🌙: hi", encoding="utf-8")
    assert run("import", "b.txt", "--character", "🌙").exit_code == 0
    assert manager.get("b").profile_name == "character"


def test_a_persona_that_cannot_be_read_is_not_replaced_by_a_bare_one(
    manager: ConversationManager, here: Path
) -> None:
    write_chat(here / "a.jsonl")
    (here / "b.txt").write_text("Bob: hi", encoding="utf-8")
    folder = config.load().profiles_folder
    folder.mkdir(parents=True)
    (folder / "Captain-Ahab.toml").write_text("facts = 5", encoding="utf-8")
    result = run("import", "a.jsonl")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert f"Error: The profile in {folder / 'Captain-Ahab.toml'} cannot be used." in result.stderr
    assert manager.list(include_empty=True) == []
    result = run("import", "a.jsonl", "b.txt", "--json")
    assert [bool(report["error"]) for report in json.loads(result.stdout)] == [True, False]
    assert result.exit_code == 1
    assert run("import", "a.jsonl", "--profile", "gloomy-poet").exit_code == 0


def test_import_plain_text(manager: ConversationManager, here: Path) -> None:
    (here / "Tea.txt").write_text("Ann: hi\n\nBo: hello\n  there\n", encoding="utf-8")
    result = run("import", "Tea.txt")
    (found,) = manager.list()
    gives(
        result,
        f"Imported {found.id} Tea (2 messages)\n",
        STRANGER.format("Ann")
        + "Note: Bo is taken for the user and Ann for the character. If that is wrong, import the file again "
        "with --user NAME and --character NAME.\n",
    )
    assert [(m.role, m.text) for m in manager.path(found.id)] == [("bot", "hi"), ("user", "hello\nthere")]
    result = run("import", "Tea.txt", "--user", "Ann", "--character", "Bo")
    assert (result.stderr, result.exit_code) == (STRANGER.format("Bo"), 0)
    assert [m.role for m in manager.path(manager.get(result.stdout.split()[1]).id)] == ["user", "bot"]


def test_import_as_json(manager: ConversationManager, here: Path) -> None:
    write_chat(here / "a.jsonl", "broken")
    (here / "b.txt").write_text("no chat", encoding="utf-8")
    result = run("import", "a.jsonl", "b.txt", "--json")
    (found,) = manager.list()
    assert result.exit_code == 1
    assert result.stdout.isascii()
    assert json.loads(result.stdout) == [
        {
            "file": "a.jsonl",
            "id": found.id,
            "title": "a",
            "profile_name": "Captain-Ahab",
            "messages": 2,
            "format": "sillytavern",
            "unreadable_lines": 1,
            "warnings": ["Line 4 is no message that can be read and left out; everything else is there."],
            "error": None,
        },
        {
            "file": "b.txt",
            "error": "A chat as plain text has lines that begin with 'name: ', the first line among them, "
            "and this file begins with 'no chat'. Nothing was imported. Put the speaker's name and a colon "
            "before each message.",
        },
    ]


def test_several_files_are_reported_one_by_one(manager: ConversationManager, here: Path) -> None:
    write_chat(here / "a.jsonl")
    (here / "c.md").write_text("# Title\n", encoding="utf-8")
    result = run("import", "a.jsonl", "missing.json", "c.md")
    (found,) = manager.list()
    gives(
        result,
        f"a.jsonl: Imported {found.id} a (2 messages)\n",
        STRANGER.format("Captain-Ahab")
        + "Error: missing.json: missing.json cannot be read: No such file or directory. Give another file.\n"
        "Error: c.md: An import is a JSON export, a SillyTavern chat (.jsonl) or plain text with 'name: ' "
        "before each message, and c.md is Markdown, which is for people to read. Nothing was imported. "
        "Export it again as one of them.\n",
        1,
    )
    assert run("import", "missing.json", "c.md").exit_code == 2
    assert run("import", "a.jsonl", "a.jsonl").exit_code == 0


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is JSON, and this is not: Expecting value: line 1 column 1 (char 0)."),
        (b"{", "is JSON, and this is not: Expecting property name"),
        (b"\xff\xfe", "is JSON, and this is not: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "is JSON, and this is not: objects and lists are nested more than 100 deep."),
        (b'{"name": "Ann", "text": "Hi."}', 'An exported conversation says "format"'),
        (b"[]", 'An exported conversation says "format": "chatbot-conversation"'),
    ],
    ids=["empty", "broken", "bytes", "bomb", "other", "list"],
)
def test_a_file_that_is_no_export(
    manager: ConversationManager, here: Path, content: bytes, complaint: str
) -> None:
    (here / "talk.json").write_bytes(content)
    result = run("import", "talk.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1
    assert manager.list(include_empty=True) == []


@pytest.mark.parametrize(
    "card",
    [
        {"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Ann", "first_mes": "Hi."}},
        {"name": "Ann", "description": "A nurse.", "personality": "calm"},
        {"char_name": "Ann", "char_persona": "A nurse."},
    ],
    ids=["version 2", "version 1", "before"],
)
@pytest.mark.parametrize("ending", ["json", "png"])
def test_a_card_is_told_from_a_conversation(here: Path, card: dict[str, Any], ending: str) -> None:
    data = json.dumps(card).encode()
    text = chunk(b"tEXt", b"chara\0" + base64.b64encode(data))
    (here / f"ann.{ending}").write_bytes(data if ending == "json" else HEAD + text + DATA + END)
    gives(
        run("import", f"ann.{ending}"),
        "",
        f"Error: An import is a conversation, and ann.{ending} is a character card. Nothing was imported. "
        "Make a persona of it: chatbot profile import FILE\n",
        2,
    )


def test_a_file_that_is_not_there() -> None:
    gives(
        run("import", "none.json"),
        "",
        "Error: none.json cannot be read: No such file or directory. Give another file.\n",
        2,
    )
