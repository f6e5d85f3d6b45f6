"""What the documents for users name is there: commands with their options, keys, /commands, settings, files.

Command lines are only parsed. A block is to be typed as it stands; a span of code in a sentence may leave
arguments out.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from textual.binding import Binding
from typer.main import get_command

from chatbot import config
from chatbot.cli import app
from chatbot.plain.commands import COMMANDS
from chatbot.tui.actions import DEFAULT_KEYS, key_text
from chatbot.tui.composer import Composer
from chatbot.tui.conversation import ConversationView
from chatbot.tui.dials import DialPanel
from chatbot.tui.tree_screen import TreeScreen

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/{name}.md" for name in ("comparison", "guide", "memory", "profiles", "walkthrough")),
)
WIDGETS = (Composer, ConversationView, DialPanel, TreeScreen)
OTHER_KEYS = {"Ctrl+P", "Ctrl+C", "Ctrl+Z", "Enter", "Esc", "Tab"}  # Textual's own, and the terminal's
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
CONSOLE = "```console"
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
KEY = re.compile(r"\b(?:(?:Ctrl|Alt|Shift)\+[^\s,.;:)|]+|F\d{1,2})\b|(?:Alt|Ctrl)\+[←→↑↓]")
PLACEHOLDER = re.compile(r"[A-Z]+")
SETTING = re.compile(r"(?:model|flow|sampling|chat|measures|storage|profiles|tui|memory)\.[a-z_]+")
FILE = re.compile(r"(?:chatbot|profiles|storage|tests|docs)/[\w./-]*|\w+\.(?:toml|md)")


def text(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def blocks(document: str) -> list[str]:
    """The command lines of the fenced blocks; in one of the console those behind `$ `, the rest is output."""
    found = FENCE.findall(text(document))
    lines = [line for block in found if not block.startswith(CONSOLE) for line in block.splitlines()[1:-1]]
    shown = (block.splitlines() for block in found if block.startswith(CONSOLE))
    lines += [line.removeprefix("$ ") for block in shown for line in block if line.startswith("$ ")]
    return [part for line in lines for part in re.split(r" (?:\||&&|;|>) ", line) if _words(part)]


def spans(document: str) -> list[str]:
    return list(dict.fromkeys(SPAN.findall(FENCE.sub("", text(document)))))


def _words(line: str) -> list[str]:
    """The words behind `chatbot`; [] for a line that is not one of its command lines."""
    if "chatbot" not in line:
        return []
    words = shlex.split(line, comments=True)
    while words and re.match(r"[A-Z_]+=", words[0]):
        del words[0]
    return words[1:] if len(words) > 1 and words[0].split("/")[-1] == "chatbot" else []


def parse(words: list[str], *, complete: bool) -> None:
    """Raises typer.TyperException for a command, an option or an argument that is not there."""
    command: Any = get_command(app)
    context: Any = command.context_class(command, info_name="chatbot")
    rest = [word for word in words if word not in ("--help", "-h")]
    while hasattr(command, "commands"):
        _, rest, _ = command.make_parser(context).parse_args(args=rest)
        if not rest:
            return
        name, found, rest = command.resolve_command(context, rest)
        context = found.context_class(found, parent=context, info_name=name)
        command = found
    rest = ["1" if PLACEHOLDER.fullmatch(word) else word for word in rest]
    for word in rest:
        if re.fullmatch(r"1|[\w-]+\.\w+", word):
            Path(word).touch()  # arguments that are files which have to exist
    try:
        command.parse_args(context, rest)
    except typer.TyperException as error:
        if complete or type(error).__name__ != "MissingParameter":
            raise


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_line_parses(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [(line, True) for line in blocks(document)]
    lines += [(span, False) for span in spans(document) if _words(span)]
    assert lines
    wrong = []
    for line, complete in lines:
        try:
            parse(_words(line), complete=complete)
        except typer.TyperException as error:
            wrong.append(f"{line}: {error.format_message()}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "line",
    [
        "chatbot chatter",
        "chatbot conversation shew last",
        "chatbot chat --nonsense",
        "chatbot conversation rename last",
        "chatbot conversation rename last A B",
        "chatbot conversation export last --format docx",
        "chatbot --nonsense chat",
    ],
)
def test_a_wrong_command_line_is_found(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.TyperException):
        parse(_words(line), complete=True)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_key_is_a_key(document: str) -> None:
    known = {key for keys in DEFAULT_KEYS.values() for key in key_text(keys).split(" or ")} | OTHER_KEYS
    for widget in WIDGETS:
        for binding in Binding.make_bindings(widget.BINDINGS):
            known.add(key_text(binding.key))
    assert set(KEY.findall(FENCE.sub("", text(document)))) <= known


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_slash_command_setting_and_file_is_there(document: str) -> None:
    slashes = {command.name for command in COMMANDS}
    settings = {name for name, _, _ in config.settings(config.Config())}
    wrong = []
    for span in spans(document):
        first = span.split()[0] if span.split() else ""
        if re.fullmatch(r"/[a-z]+", first) and first[1:] not in slashes:
            wrong.append(span)
        if SETTING.fullmatch(first) and first not in settings:
            wrong.append(span)
        if FILE.fullmatch(span) and not (ROOT / span).exists():
            wrong.append(span)
    assert not wrong
