"""A real terminal without a screen: a program in tmux, keys pressed in it, and what it shows read back."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

COLUMNS, ROWS = 100, 30
PAUSE = 0.15  # seconds between two looks; a screen counts once it is the same in both
SETTINGS = """\
set -g status off
set -sg escape-time 0
set -g default-terminal tmux-256color
set -g remain-on-exit on
"""
KEYS = {"↑": "Up", "↓": "Down", "←": "Left", "→": "Right", "Esc": "Escape", "PgDn": "PageDown", "Del": "DC"}
MODIFIERS = {"Ctrl": "C", "Alt": "M", "Shift": "S"}
PROMPT = "you:"
CURSOR, STOP = "▍", re.compile(r"\besc Stop\b", re.I)
MEASURED = re.compile(r"[a-z]+ \d\.\d\d")
TALK = 62  # columns of the talk, left of the dials


class NotShownError(Exception):
    """A screen did not come; its text says what was waited for and what was there instead."""


class Window:
    """A program in a terminal of its own; leaving the block ends both."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], *, patience: float
    ) -> None:
        """`folder` takes the socket of tmux; `patience` is the longest wait for a screen, in seconds."""
        if shutil.which("tmux") is None:
            raise NotShownError("The walkthrough needs tmux, which is not here. Install it and try again.")
        self._patience = patience
        settings = folder / "tmux.conf"
        settings.write_text(SETTINGS, "utf-8")
        self._tmux = ["tmux", "-S", str(folder / "tmux.socket"), "-f", str(settings)]
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        program = ["new-session", "-d", *size, "-c", str(folder), *command]
        subprocess.run([*self._tmux, *program], env=dict(environment), check=True, timeout=60)

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(NotShownError):
            program = int(self._do("display-message", "-p", "#{pane_pid}"))
            self._do("kill-server")
            _wait_for_end(program)

    # --- hands

    def press(self, *keys: str) -> None:
        """Keys as the guide writes them: Ctrl+R, Alt+↑, F1, Enter."""
        self._do("send-keys", *map(_tmux_key, keys))

    def type(self, text: str) -> None:
        self._do("send-keys", "-l", text)

    def say(self, text: str) -> None:
        """Type a message, send it, and wait until its reply has been measured."""
        self.type(text)
        self.until(text[:20])
        self.press("Enter")
        self.replied(text[:20], "Write to ")

    def resize(self, columns: int, rows: int) -> None:
        self._do("resize-window", "-x", str(columns), "-y", str(rows))

    def line(self, text: str) -> None:
        """In the line chat: write this, and wait until the next line is asked for."""
        self.type(text)
        self.until(text[:20])
        self.press("Enter")
        self._wait(lambda screen: screen.rstrip().endswith(PROMPT), "the next prompt")

    # --- eyes

    def until(self, *texts: str, gone: Sequence[str] = ()) -> None:
        """Wait for a screen that has all of `texts` and none of `gone`, and that moves no more."""
        what = ", ".join([*map(repr, texts), *(f"no {text!r}" for text in gone)])
        self._wait(lambda screen: _has(screen, texts) and not any(text in screen for text in gone), what)

    def replied(self, *texts: str) -> None:
        """Wait until the talk ends with the measures of a reply, and `texts` are there."""
        what = ", ".join(["a reply with its measures", *map(repr, texts)])
        self._wait(lambda screen: _has(screen, texts) and _settled(screen), what)

    def screen(self) -> str:
        """The text on the screen."""
        return self._do("capture-pane", "-p")

    def picture(self) -> str:
        """The screen with its colours, as escape codes."""
        return self._do("capture-pane", "-e", "-p", "-N")

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        columns, rows = self._do("display-message", "-p", "#{pane_width} #{pane_height}").split()
        return int(columns), int(rows)

    # --- parts

    def _wait(self, holds: Callable[[str], bool], what: str) -> None:
        end, before = time.monotonic() + self._patience, ""
        while True:
            now = self.screen()
            if holds(now) and now == before:
                return
            if time.monotonic() > end:
                raise NotShownError(f"Waited {self._patience:g} s for {what}. On the screen was:\n\n{now}")
            if self._ended() and now == before:
                raise NotShownError(f"The program ended before {what}. On the screen was:\n\n{now}")
            before = now
            time.sleep(PAUSE)

    def _ended(self) -> bool:
        return self._do("display-message", "-p", "#{pane_dead}").strip() == "1"

    def _do(self, *command: str) -> str:
        done = subprocess.run([*self._tmux, *command], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise NotShownError(f"tmux {command[0]} failed: {done.stderr.strip()}")
        return done.stdout


def _wait_for_end(program: int) -> None:
    """The terminal is gone; a program that does not go with it within ten seconds is ended."""
    with suppress(ProcessLookupError):
        for _ in range(100):
            os.kill(program, 0)
            time.sleep(0.1)
        os.kill(program, signal.SIGKILL)


def _has(screen: str, texts: Sequence[str]) -> bool:
    return all(text in screen for text in texts)


def _settled(screen: str) -> bool:
    """Whether the last line above the input box is that of a reply's measures."""
    if CURSOR in screen or STOP.search(screen):
        return False
    above = screen.rpartition("╭")[0] or screen
    lines = [line[:TALK] for line in above.splitlines() if line[:TALK].strip()]
    return bool(lines) and MEASURED.search(lines[-1]) is not None


def _tmux_key(key: str) -> str:
    *modifiers, last = key.split("+")
    last = KEYS.get(last, last.lower() if modifiers and len(last) == 1 else last)
    return "-".join([*(MODIFIERS[modifier] for modifier in modifiers), last])
