"""Copying beyond this program: by the terminal (OSC 52) and by the clipboard program of the system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

TIMEOUT = 2.0  # seconds that a clipboard program may take
TOOLS = "wl-copy, xclip or xsel"
WINDOWS = ["clip.exe"]  # takes other bytes than UTF-16 for those of an old code page


def by_system(text: str) -> str:
    """Give the text to a clipboard program; its name, or "" when there is none that takes it."""
    for command in _commands(os.environ):
        if shutil.which(command[0]) is None:
            continue
        try:
            # Not captured: xclip and wl-copy stay behind to serve the text, and would hold a pipe open.
            done = subprocess.run(
                command,
                input=text.encode("utf-16-le" if command == WINDOWS else "utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return command[0]
    return ""


def by_terminal(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal may take text (OSC 52). It never answers, so that only a no is certain."""
    known_not_to = environment.get("TERM") in ("linux", "dumb")
    return not known_not_to and environment.get("TERM_PROGRAM") != "Apple_Terminal"


def told(count: int, tool: str, terminal: bool) -> str:
    """What a person is told after `count` characters went these ways; "" when they went nowhere."""
    if tool:
        return f"Copied {count:,} characters with {tool}."
    if terminal:
        return (
            f"Sent {count:,} characters to the terminal's clipboard. If it does not paste, install {TOOLS}."
        )
    return ""


def _commands(environment: Mapping[str, str]) -> Iterator[list[str]]:
    if environment.get("WAYLAND_DISPLAY"):
        yield ["wl-copy"]
    if environment.get("DISPLAY"):
        yield ["xclip", "-selection", "clipboard"]
        yield ["xsel", "--clipboard", "--input"]
    if sys.platform == "darwin":
        yield ["pbcopy"]
    if sys.platform == "win32" or environment.get("WSL_DISTRO_NAME"):
        yield WINDOWS
