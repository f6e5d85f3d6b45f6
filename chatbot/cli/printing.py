"""How commands print: JSON for programs, lines no wider than the terminal."""

from __future__ import annotations

import json
import sys
from shutil import get_terminal_size
from typing import Any

from rich.cells import cell_len, set_cell_size


def as_json(value: Any) -> str:
    """In ASCII alone, so that no text in it can control a terminal."""
    return json.dumps(value, indent=2)


def fitted(line: str) -> str:
    """The line, cut to the width of the terminal if there is one."""
    return cut(line, get_terminal_size().columns).rstrip() if sys.stdout.isatty() else line.rstrip()


def cut(line: str, width: int) -> str:
    """The line in so many cells at most, with an ellipsis where something is missing."""
    return line if cell_len(line) <= width else set_cell_size(line, max(width - 1, 0)).rstrip() + "…"
