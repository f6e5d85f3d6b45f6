"""The line-by-line chat: for pipes, scripts, screen readers and small terminals.

Words are printed as they come and never redrawn. Replies and answers go to standard output, notes and errors
to standard error. With `as_json`, standard output carries one JSON object a line instead:
{"event": "piece", "text": "..."} and so on, named after the events of chatbot/events.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import Any, TextIO

from chatbot.errors import ChatbotError, UsageError
from chatbot.events import Denied, Event, Noticed, Piece, ReplyFailed, ReplyFinished, ReplyStarted, Unstored
from chatbot.measures import drift
from chatbot.memory.memories import spoken_of
from chatbot.plain.commands import answer
from chatbot.plain.room import Room, told
from chatbot.session import ChatSession
from chatbot.terminal import clean, one_line
from profiles import ProfileError, ProfileStore
from storage import StorageError

STRENGTHS = ((0.95, "very"), (0.8, "clearly"), (0.6, "rather"))  # probability from which a word is used


class PlainChat:
    """One chat over two streams. `interactive` shows names, a greeting and hints for a person."""

    def __init__(
        self,
        session: ChatSession,
        profiles: ProfileStore,
        *,
        out: TextIO,
        notes: TextIO,
        interactive: bool = False,
        measures: bool = False,
        as_json: bool = False,
    ) -> None:
        self.room = Room(session, profiles, measures)
        self.interactive = interactive and not as_json
        self.as_json = as_json
        self._out, self._notes = out, notes
        self._failures = 0
        self._forget = "/forget"

    def once(self, text: str, prefix: str = "") -> int:
        """One reply, which begins with `prefix`; the exit code."""
        events = self.room.session.reply(text, prefix)  # which refuses a text before the model is read
        self._load()
        self._forget = "chatbot memory forget"  # there is no next line for a /command
        self._show_reply(events)
        return 1 if self._failures else 0

    def run(self, read: Callable[[], str]) -> int:
        """Talk until `read` raises EOFError or /quit comes; the exit code.

        Ctrl+C in a reply or a command stops that, anywhere else it passes through. What fails is reported
        and the chat goes on; without a person in front of it, the exit code tells at the end.
        """
        self._welcome()
        while True:
            try:
                line = read()
            except (EOFError, KeyboardInterrupt) as end:
                self._write("\n" if self.interactive else "")  # the prompt stands on the line
                if isinstance(end, KeyboardInterrupt):
                    raise
                break
            if line.strip() and not self._heed(line):
                break
        return 1 if self._failures and not self.interactive else 0

    def _welcome(self) -> None:
        session = self.room.session
        if self.interactive:
            self._print("/help lists the commands, Ctrl+C stops a reply, /quit leaves.")
            for message in session.messages():
                self._print(told(self.room, message))
            self._note("Reading the model ...")
        self._load()

    def _load(self) -> None:
        """Read the model. A wrong request ends the chat and nothing is done, and so does any fault before a
        person has said something; else the reply tells of it, once what was said is stored."""
        try:
            self.room.session.load()
        except (ChatbotError, OSError, RuntimeError) as error:
            if self.interactive or getattr(error, "exit_code", 1) == UsageError.exit_code:
                raise

    def _heed(self, line: str) -> bool:
        """Do what a line says; False to leave."""
        try:
            if not line.startswith("/") or line.startswith("//"):
                self.room.draft = ""  # it answered what came before
                self._show_reply(self.room.session.reply(line.removeprefix("/")))
                return True
            said = answer(self.room, line.strip())
            if said is None:
                return False
            if isinstance(said, str):
                self._show_answer(line.strip(), said)
            else:
                self._show_reply(said)
        except (ChatbotError, ProfileError, StorageError) as error:
            self._fail(str(error))
        except KeyboardInterrupt:  # in a command that takes long; a reply sees to it itself
            if not self.interactive:
                raise
            self._note("Stopped.")
        return True

    # --- output

    def _show_reply(self, events: Iterator[Event]) -> None:
        """Print a reply while it is found. Ctrl+C stops it, and what was said is stored."""
        started = stored = False
        try:
            with closing(events):  # pyright: ignore[reportArgumentType]  # a generator by contract
                for event in events:
                    stored = stored or isinstance(event, ReplyStarted)
                    if self.as_json:
                        self._json(_snake(type(event).__name__), **asdict(event))
                    elif isinstance(event, Noticed):
                        learnt, number = spoken_of(event.memory.text), event.memory.id
                        self._note(f"(Remembered: {learnt}. {self._forget} {number})")
                    elif isinstance(event, Denied):
                        self._note(f"(Forgotten: {spoken_of(event.memory.text)}.)")
                    elif isinstance(event, Piece):
                        self._write(event.text if started else self._name() + event.text.lstrip())
                        started = True
                    self._after(event, started)
        except KeyboardInterrupt:
            if not self.interactive:
                raise
            self._write(" ...\n" if started else "")
            kept = " What was said is stored; /regenerate tries again." if stored else ""
            self._note(f"Stopped.{kept}")

    def _after(self, event: Event, started: bool) -> None:
        """What there is to say about a reply that has ended."""
        if isinstance(event, ReplyFinished | Unstored):
            trace = (event.trace if isinstance(event, Unstored) else event.message.generation) or {}
            if not self.as_json:
                self._write("\n" if started else "")
                if self.room.measures:
                    self._print(f"({in_words(trace.get('measured') or {})})")
            if (
                isinstance(event, ReplyFinished)
                and self.room.measures
                and (warning := drift.warning(self.room.session.strayed()))
            ):
                self._note(warning)
            flow = str(trace.get("flow", ""))
            if flow.startswith("failed"):
                self._note(f"The flow {flow}. This reply was not guided.")
        elif isinstance(event, ReplyFailed):
            self._write("\n" if started and not self.as_json else "")
            self._fail(event.reason, reported=self.as_json)

    def _name(self) -> str:
        return f"{self.room.session.profile.speaker}: " if self.interactive else ""

    def _show_answer(self, command: str, text: str) -> None:
        if self.as_json:
            self._json("answer", command=command, text=text)
        else:
            self._print(text)

    def _fail(self, reason: str, reported: bool = False) -> None:
        self._failures += 1
        if self.as_json and not reported:
            self._json("error", reason=reason)
        self._note(f"Error: {reason}")

    def _json(self, event: str, **fields: Any) -> None:
        # ASCII alone, so that no text can steer a terminal that shows this.
        self._write(json.dumps({"event": event, **fields}, default=_written) + "\n", raw=True)

    def _print(self, text: str) -> None:
        self._write(f"{text}\n")

    def _write(self, text: str, raw: bool = False) -> None:
        if text:
            self._out.write(text if raw else clean(text))
            self._out.flush()

    def _note(self, text: str) -> None:
        self._notes.write(f"{one_line(text)}\n")
        self._notes.flush()


def in_words(measured: dict[str, dict[str, float]]) -> str:
    """Measured aspects as a sentence: 'style very lyrical, mind neither critical nor emotional'."""
    return (
        ", ".join(f"{name} {_in_words(aspects)}" for name, aspects in measured.items()) or "nothing measured"
    )


def _in_words(aspects: dict[str, float]) -> str:
    aspect, probability = max(aspects.items(), key=lambda pair: pair[1])
    for least, word in STRENGTHS:
        if probability >= least:
            return f"{word} {aspect}"
    return f"neither {' nor '.join(aspects)}"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"an event holds JSON values and times, not {type(value).__name__}")
