"""The documents say what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def test_the_command_line_reference_is_what_help_says() -> None:
    # In a process of its own: the width of the help comes from the environment, read at import.
    command = [sys.executable, "-m", "chatbot.cli.reference"]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    again = "Out of date. Run: python -m chatbot.cli.reference > docs/cli.md"
    assert (DOCS / "cli.md").read_text("utf-8") == made.stdout, again
    assert made.stderr == ""


def test_the_walkthrough_shows_every_picture_there_is() -> None:
    shown = re.findall(r"\(walkthrough/([\w-]+)\.svg\)", (DOCS / "walkthrough.md").read_text("utf-8"))
    pictures = {path.stem: path.read_text("utf-8") for path in (DOCS / "walkthrough").glob("*.svg")}
    assert len(shown) == len(set(shown))
    assert set(shown) == set(pictures)
    loading = [name for name, picture in pictures.items() if re.search(r"url\(|href|<script", picture)]
    assert not loading
    assert sum(map(len, pictures.values())) < 900_000


def test_the_readme_names_files_where_they_are() -> None:
    block = (ROOT / "README.md").read_text("utf-8").partition("## Where to look")[2].split("```")[1]
    folder = ""
    for line in block.splitlines():
        if opens := re.match(r"(?:  )?(\w+/)", line):
            folder = opens[1]
        for name in re.findall(r"[\w/]+\.py\b", line):
            assert any(
                (ROOT / place / name).exists() for place in (folder, f"chatbot/{folder}", "chatbot")
            ), line
