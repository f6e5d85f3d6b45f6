"""A program behind a terminal that is gone ends, also where the system tells somebody else of it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys

CHILD = """
import time
from chatbot import terminal
terminal._LOOK = 0.05
terminal.end_with_it()
print("here", flush=True)
time.sleep(60)
"""


def test_it_ends_soon_after_its_terminal() -> None:
    master, slave = pty.openpty()  # not the terminal of its session: no signal comes from the system
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=slave, stdout=subprocess.PIPE) as child:
        os.close(slave)
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        assert child.poll() is None
        os.close(master)
        assert child.wait(20) == -signal.SIGHUP


def test_it_does_not_end_where_there_was_no_terminal() -> None:
    ended = CHILD.replace("60", "0.5") + "print('through')"
    child = subprocess.run(
        [sys.executable, "-c", ended], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True
    )
    assert child.stdout.split() == [b"here", b"through"]
