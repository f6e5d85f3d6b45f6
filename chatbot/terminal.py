"""Text on its way to a terminal: words of users, models and files are data and never control it. And what to
do when the terminal is gone."""

from __future__ import annotations

import os
import re
import select
import signal
import threading
import time
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

# C0 and C1 controls but newline and tab, delete, and the marks that reorder text right to left.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_GRADES = ("high", "low")  # aspects of several attributes


def clean(text: str) -> str:
    """The text without control characters. It may be given in pieces: each character stands alone."""
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """The clean text with every run of white space made one space."""
    return " ".join(clean(text).split())


def counted(number: int, what: str) -> str:
    """ "1 reply", "2 replies"."""
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else many}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, its cells below one another; the last column is as wide as it is."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)][:-1]
    return ["  ".join((*map(set_cell_size, row[:-1], widths), row[-1])).rstrip() for row in rows]


def label(attribute: str, aspect: str) -> str:
    """The aspect by itself where that says enough; "extraversion high" where it does not."""
    return one_line(f"{attribute} {aspect}" if aspect in _GRADES else aspect)


_LOOK = 3.0  # seconds from one look whether the terminal is there to the next
_LAST = 15.0  # seconds to end by itself


def end_with_it() -> None:
    """End this process as a hang-up does, soon after the terminal of standard input is gone.

    The system tells the leader of the session alone. Where that is `make`, or whatever else waits for this
    program, nobody would end it: it would read nothing for ever, and with a whole core.
    """
    if hasattr(select, "poll") and os.isatty(0):  # not on Windows
        threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    look = select.poll()
    look.register(0, 0)
    while not any(found & (select.POLLHUP | select.POLLERR) for _, found in look.poll(0)):
        time.sleep(_LOOK)
    deaf = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # begun with nohup, but with nobody to talk to
    if not deaf:  # not SIGTERM: the interface would give a terminal back that is not there
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(_LAST)  # unless it is stuck in writing to the terminal
    os.kill(os.getpid(), signal.SIGKILL)
