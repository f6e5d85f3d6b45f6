"""One reply under way: drains the session's events in a thread and posts each to the screen.

The thread never waits for the screen, so the screen may wait for the thread (before it quits or turns to
another conversation) without a deadlock.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import cast

from textual.message import Message
from textual.message_pump import MessagePump

from chatbot.events import Event

log = logging.getLogger(__name__)


class Turn:
    """Posts `Said` for each event, `Broke` for an error, and `Ended` last, whatever happened."""

    class Said(Message):
        def __init__(self, turn: Turn, event: Event) -> None:
            super().__init__()
            self.turn, self.event = turn, event

    class Broke(Message):
        def __init__(self, turn: Turn, error: Exception) -> None:
            super().__init__()
            self.turn, self.error = turn, error

    class Ended(Message):
        def __init__(self, turn: Turn) -> None:
            super().__init__()
            self.turn = turn

    def __init__(self, screen: MessagePump, events: Iterator[Event]) -> None:
        self.reply: int | None = None  # its id, once it has begun
        self._screen, self._events = screen, events
        self._stop, self._done = threading.Event(), threading.Event()

    def run(self) -> None:
        """The thread: until the events end, or until `stop`; closing the generator stores what was said."""
        try:
            with closing(cast("Generator[Event]", self._events)) as events:
                for event in events:
                    self._screen.post_message(self.Said(self, event))
                    if self._stop.is_set():
                        break
        except Exception as error:  # the border of the thread: the screen tells the person, nothing crashes
            log.exception("A reply failed.")
            self._screen.post_message(self.Broke(self, error))
        finally:
            self._done.set()
            self._screen.post_message(self.Ended(self))

    def stop(self) -> None:
        """Ask the thread to leave after the piece it is at."""
        self._stop.set()

    async def ended(self, timeout: float) -> bool:
        """Wait until the thread is through with the session; False when it took longer than `timeout` s."""
        return await asyncio.to_thread(self.wait, timeout)

    def wait(self, timeout: float) -> bool:
        return self._done.wait(timeout)
