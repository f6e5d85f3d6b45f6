"""Makes the pictures and the outputs of docs/walkthrough.md again, with the program as it is. It needs tmux.

    python docs/walkthrough.py

The page is what is done, from top to bottom, in a home folder that is new and goes at the end: for a picture
its function in walkthrough/steps.py presses keys in a real terminal and the screen becomes the picture; in a
block of the console each line that begins with `$ ` is run and what it prints stands below it. The seed is
fixed, so that with the same model, program and processor only times and ids differ. In all of it the home
folder is written as /home/ada, which is as long as its real name.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shlex
import shutil
import signal
import string
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path

from walkthrough.picture import svg
from walkthrough.steps import OPENED, STEPS
from walkthrough.window import COLUMNS, NotShownError, Window

PAGE = Path(__file__).parent / "walkthrough.md"
PICTURES = Path(__file__).parent / "walkthrough"
PART = re.compile(
    r"!\[[^]]*\]\(walkthrough/(?P<picture>[\w-]+)\.svg\)|^```console\n(?P<block>.*?)^```$", re.M | re.S
)
COMMAND = re.compile(r"\$ (?:[A-Z]+=\S.*? )?chatbot ")
SEED = 7
SHOWN_HOME = "/home/ada"
PATIENCE = 60.0  # seconds
ANSWER_NO = ("profile test", "message replay")  # commands whose exit code 1 is an answer


def main() -> int:
    """The exit code: 1, with a message, when a screen did not come or a command failed."""
    arguments = argparse.ArgumentParser(description="Make docs/walkthrough.md and its pictures again.")
    arguments.add_argument("--patience", type=float, default=PATIENCE, help="longest wait for a screen, s")
    arguments.add_argument("--program", type=Path, default=_program(), help="the chatbot to walk through")
    asked = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    home = _new_home()
    try:
        walk(home, asked.program, asked.patience)
    except NotShownError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        shutil.rmtree(home)
    return 0


def walk(home: Path, program: Path, patience: float) -> None:
    """Go through the page; write it and its pictures once all of it is there."""
    environment = _environment(home, program)
    page, drawn = PAGE.read_text("utf-8"), {}
    with ExitStack() as opened:
        window: Window | None = None

        def part(found: re.Match[str]) -> str:
            nonlocal window
            began, name = time.monotonic(), found["picture"]
            if name is None:
                text = f"```console\n{_run(found['block'], home, program, environment, patience)}```"
            else:
                if name in OPENED:
                    opened.close()
                    command = [str(program), *OPENED[name]]
                    window = opened.enter_context(Window(command, home, environment, patience=patience))
                assert window is not None  # the first picture opens one
                try:
                    STEPS[name](window)
                except NotShownError as error:
                    raise NotShownError(f"{name}: {error}") from error
                drawn[name] = svg(_as_shown(window.picture(), home), *window.size)
                text = found[0]
            took = time.monotonic() - began
            sys.stderr.write(f"{took:6.1f} s  {name or text.splitlines()[1]}\n")
            return text

        page = PART.sub(part, page)
    PAGE.write_text(page, "utf-8")
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    for name, picture in drawn.items():
        (PICTURES / f"{name}.svg").write_text(picture, "utf-8")


def _run(block: str, home: Path, program: Path, environment: Mapping[str, str], patience: float) -> str:
    """The commands of a block, each with what it prints now."""
    lines: list[str] = []
    for line in block.splitlines():
        if not COMMAND.match(line):
            continue
        words = shlex.split(line)[1:]
        own = dict(word.split("=", 1) for word in takewhile(lambda word: word != "chatbot", words))
        words = words[len(own) + 1 :]
        done = subprocess.run(
            [str(program), *words],
            cwd=home,
            env={**environment, "COLUMNS": str(COLUMNS), **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10 * patience,
        )
        if done.returncode and not (done.returncode == 1 and " ".join(words[:2]) in ANSWER_NO):
            raise NotShownError(f"{line}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
        said = _as_shown(done.stdout or done.stderr, home).rstrip()
        lines += [line, *(row.rstrip() for row in said.splitlines())]
    return "".join(f"{line}\n" for line in lines)


def _program() -> Path:
    """The chatbot of the interpreter that runs this."""
    return Path(sys.executable).parent / "chatbot"


def _new_home() -> Path:
    """A new folder whose name is as long as the one that is shown."""
    while True:
        letters = len(SHOWN_HOME) - len("/tmp/")
        home = Path("/tmp") / "".join(random.choices(string.ascii_lowercase, k=letters))
        try:
            home.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return home


def _environment(home: Path, program: Path) -> dict[str, str]:
    """Nothing of the person who runs this, but for the path and what says how many processors to use."""
    own = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("OMP_")}
    return own | {
        "PATH": f"{program.parent}{os.pathsep}{own.get('PATH', os.defpath)}",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "COLORTERM": "truecolor",
        "CHATBOT_SAMPLING_SEED": str(SEED),
        "CHATBOT_TUI_ANIMATIONS": "false",
    }


def _as_shown(text: str, home: Path) -> str:
    return text.replace(str(home), SHOWN_HOME)


if __name__ == "__main__":
    sys.exit(main())
