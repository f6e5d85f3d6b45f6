"""The command-line reference, made of what `--help` says: `python -m chatbot.cli.reference > docs/cli.md`.

A test holds docs/cli.md and this output equal, so the reference cannot fall behind the program.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Any

WIDTH = 100  # columns of the help texts
_HELP = re.compile(r"(?:\n\nOptions:)?\n  -h, --help .*")  # the row, and the head of a list that has no other


def pages(command: Any, path: tuple[str, ...], parent: Any = None) -> Iterator[tuple[str, str]]:
    """Every command below and with `command`, groups first: its full name and its help text."""
    context = command.make_context(
        path[-1], [], parent=parent, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )
    yield " ".join(path), command.get_help(context)
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        child = command.get_command(context, name)
        if not child.hidden:
            yield from pages(child, (*path, name), context)


def markdown() -> str:
    """The whole reference."""
    os.environ["TERMINAL_WIDTH"] = str(WIDTH)  # for Typer, which asks the terminal otherwise
    from typer.main import get_command

    from chatbot.cli import app

    found = list(pages(get_command(app), ("chatbot",)))
    lines = [
        "# Command-line reference",
        "",
        "Made of what `--help` (`-h`), which every command has, says: "
        "`python -m chatbot.cli.reference > docs/cli.md`.",
        "",
        *(f"- [`{name}`](#{name.replace(' ', '-')})" for name, _ in found),
    ]
    for name, text in found:
        rows = (row.rstrip() for row in _HELP.sub("", text).strip().splitlines())
        lines += ["", f"## {name}", "", "```text", *rows, "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
