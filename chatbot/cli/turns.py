"""What is done to the turns of a stored conversation by command: a reply goes on, a speaker is corrected."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from chatbot.cli import start, stored
from chatbot.cli.printing import as_json as json_of
from chatbot.conversing import Conversing
from chatbot.errors import UsageError
from chatbot.events import Event, Piece, ReplyFailed, ReplyFinished
from chatbot.terminal import clean, one_line
from storage.branches import Tree

if TYPE_CHECKING:
    from chatbot.config import Config
    from storage import ConversationManager, Message

CALLED = {"user": "you", "bot": "the persona", "narrator": "nobody: it is narration"}


def continued(config: Config, number: int, *, as_json: bool) -> int:
    """Let a reply go on and print it as it comes; the exit code. Ctrl+C keeps what was said and passes."""
    with stored.open_manager(config) as manager:
        message = manager.message(number)
    if message.role != "bot":
        raise UsageError(f"Only a reply can go on, and message {number} is none. Name one of the persona's.")
    session = start.open_session(config, resume=message.conversation_id)
    try:
        session.load()
        if number not in (found.id for found in session.messages()):
            session.manager.select(number)
        return _told(session.continue_reply(number), as_json=as_json)
    finally:
        session.manager.close()


def _told(events: Iterator[Event], *, as_json: bool) -> int:
    from chatbot.cli.transcript import fields_of

    code = 0
    with closing(events):  # pyright: ignore[reportArgumentType]  # a generator by contract
        for event in events:
            if isinstance(event, Piece) and not as_json:
                print(clean(event.text), end="", flush=True)
            elif isinstance(event, ReplyFinished):
                print(json_of(fields_of(event.message)) if as_json else "")
            elif isinstance(event, ReplyFailed):
                print(f"Error: {one_line(event.reason)}", file=sys.stderr)
                code = 1
    return code


def role_of(flags: Mapping[str, bool], name: str | None) -> str | None:
    """The one role that was asked for, or None where the name is to say it."""
    asked = [role for role, given in flags.items() if given]
    if len(asked) > 1 or not (asked or name):
        raise UsageError("A message has one speaker. Give --user, --bot, --narrator or a NAME.")
    return asked[0] if asked else None


def corrected(
    manager: ConversationManager, number: int, role: str | None, name: str | None, user_name: str
) -> Message:
    """Say who said a message: the usual speaker of a role, or whoever has the name."""
    if name is None:
        return manager.set_speaker(number, role=role)
    tree = Tree.read(manager, manager.message(number).conversation_id, user_name)
    known, speaker = tree.speaker(Conversing.checked(name))
    if role not in (None, known):
        speaker = speaker or name  # the usual name of one side is a name like others on another
    return manager.set_speaker(number, role=role or known, speaker=speaker)


def called(message: Message) -> str:
    usual = CALLED[message.role]
    return f"{one_line(message.speaker)} (on the side of {usual})" if message.speaker else usual
