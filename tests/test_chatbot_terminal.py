"""A program behind a terminal that is gone ends, also where the system tells somebody else of it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys

import pytest

CHILD = """
import signal, sys, time
from chatbot import terminal
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1], lambda *_: None))
terminal._LOOK = terminal._LAST = 0.05
terminal.end_with_it()
print("here", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("hangup", "end"),
    [("SIG_DFL", signal.SIGHUP), ("SIG_IGN", signal.SIGKILL), ("a handler", signal.SIGKILL)],
)
def test_it_ends_soon_after_its_terminal_also_under_nohup(hangup: str, end: signal.Signals) -> None:
    master, slave = pty.openpty()  # not the terminal of its session: no signal comes from the system
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, hangup], stdin=slave, stdout=subprocess.PIPE
    ) as child:
        os.close(slave)
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        assert child.poll() is None
        os.close(master)
        assert child.wait(20) == -end


def test_it_does_not_end_where_there_was_no_terminal() -> None:
    ended = CHILD.replace("60", "0.5") + "print('through')"
    child = subprocess.run(
        [sys.executable, "-c", ended, "SIG_DFL"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True
    )
    assert child.stdout.split() == [b"here", b"through"]
