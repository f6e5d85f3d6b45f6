"""One chat: a message in, a stream of events out, one stored reply.

A session joins the three parts: the profile says who speaks, the manager keeps every word, the engine finds
the reply. It draws nothing and parses no commands; the terminal interface and the line chat both sit on it.
The engine may be given as a function, so that a front end can open before torch is read.

    for event in session.reply("I lost my keys again"):
        UserStored -> ReplyStarted -> Piece ... Piece -> ReplyFinished | ReplyFailed

Closing the iterator, or Ctrl+C inside it, stores what was said so far as a partial message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chatbot import persona
from chatbot.errors import ChatbotError, UnknownNameError, UsageError
from chatbot.events import Event, Piece, ReplyFailed, ReplyFinished, ReplyStarted, UserStored
from chatbot.model.text import Context, Turn
from chatbot.sampling import Sampling
from chatbot.terminal import clean
from chatbot.writing import write_reply
from profiles import Profile, Target
from storage import Conversation, ConversationManager, Message

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

__all__ = [  # a front end needs this module alone
    "ChatSession",
    "Conversation",
    "Event",
    "Message",
    "Piece",
    "ReplyFailed",
    "ReplyFinished",
    "ReplyStarted",
    "UserStored",
]

LONGEST_MESSAGE = 20_000  # characters
UNSAVED = 0  # the id of a greeting that no conversation holds yet


class ChatSession:
    """The conversation that is open, who speaks in it, and how its dials stand."""

    def __init__(
        self,
        *,
        engine: GenerationEngine | Callable[[], GenerationEngine],
        manager: ConversationManager,
        profile: Profile,
        sampling: Sampling,
        user_name: str = "",
        model_name: str = "",
    ) -> None:
        self.manager = manager
        self.profile = profile
        self.sampling = sampling
        self.user_name = user_name
        self.conversation: Conversation | None = None
        self.dials: dict[str, Target] = dict(profile.attributes)
        self._source = engine
        self._engine: GenerationEngine | None = None
        self._model_name = model_name
        self._greeting = 0
        self._loading = threading.Lock()
        self._replying = threading.Lock()

    # --- the model

    @property
    def loaded(self) -> bool:
        return self._engine is not None

    @property
    def engine(self) -> GenerationEngine:
        """The engine; loaded now if it was not, which takes seconds."""
        with self._loading:
            if self._engine is None:
                self._engine = self._source() if callable(self._source) else self._source
            return self._engine

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        """Every attribute of the model with its aspects."""
        return self.engine.attributes

    def load(self) -> None:
        """Get the model ready and check that it knows what the profile asks for."""
        self.engine.check(self.dials)

    # --- talking

    def reply(self, text: str) -> Iterator[Event]:
        """Store the user's message, then stream and store the reply. UsageError when it cannot be taken."""
        # Lone surrogates come from undecodable bytes on standard input; no file can hold them.
        text = text.encode("utf-8", "replace").decode("utf-8").strip()
        if not clean(text).strip():
            raise UsageError(
                f"A message needs at least one visible character; this one is {text!r}. Write one."
            )
        if len(text) > LONGEST_MESSAGE:
            raise UsageError(
                f"A message may have {LONGEST_MESSAGE:,} characters; this one has {len(text):,}. Shorten it."
            )
        return self._alone(self._answer(text))

    def regenerate(self, message_id: int | None = None) -> Iterator[Event]:
        """Another reply beside the last one, or beside the given one; the old one stays."""
        path = self.messages()
        if message_id is None and path and path[-1].role == "user":
            parent, others = path[-1], 0  # its reply never came
        else:
            message = self._find(path, message_id)
            place = path.index(message)
            if message.role != "bot" or place == 0:
                raise UsageError(
                    "Only a reply can be regenerated; this message answers nothing. Say something."
                )
            parent, others = path[place - 1], message.sibling_count
        return self._alone(self._respond(parent, path[: path.index(parent) + 1], seed_shift=others))

    def _alone(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events, with the door shut for any other reply while they last."""
        if not self._replying.acquire(blocking=False):
            raise UsageError("One reply at a time: the last one is still being said. Stop it or let it end.")
        try:
            yield from events
        finally:
            self._replying.release()

    def _answer(self, text: str) -> Iterator[Event]:
        conversation = self._opened()
        message = self.manager.add_message(conversation.id, role="user", text=text)
        yield UserStored(message)
        yield from self._respond(message, self.manager.path(conversation.id))

    def _respond(self, parent: Message, path: Sequence[Message], seed_shift: int = 0) -> Iterator[Event]:
        """Reply to `parent`, having seen `path`. With a fixed seed, each alternative has its own."""
        try:
            engine = self.engine
            engine.check(self.dials)
        except (ChatbotError, OSError, RuntimeError) as error:
            yield ReplyFailed(None, str(error))
            return
        sampling = self.sampling
        if sampling.seed is not None:
            sampling = replace(sampling, seed=sampling.seed + seed_shift)
        row = self.manager.begin_reply(parent.conversation_id, parent_id=parent.id)
        stream = engine.stream(self._context(path), dict(self.dials), sampling)
        who = {"profile": self.profile.name, "profile_digest": self.profile.digest()}
        yield from write_reply(self.manager, row, stream, who)

    def _context(self, path: Sequence[Message]) -> Context:
        """What the model sees. The engine drops the oldest messages when its budget is full."""
        shown = (m for m in path if not m.hidden and m.text.strip() and m.state != "failed")
        return Context(
            facts=persona.facts(self.profile, self.user_name),
            turns=tuple(Turn(m.role, m.text) for m in shown),
        )

    # --- the conversation

    def messages(self) -> list[Message]:
        """The active path, oldest first. Before the first message it is the greeting, with the id UNSAVED."""
        if self.conversation is not None:
            return self.manager.path(self.conversation.id)
        greetings = persona.greetings(self.profile, self.user_name)
        return [self._unsaved(greetings)] if greetings else []

    def sibling(self, step: int, message_id: int | None = None) -> list[Message]:
        """Go to the next (1) or previous (-1) alternative of the last, or the given, bot message."""
        message = self._find(self.messages(), message_id)
        if message.sibling_count < 2:
            raise UsageError("This message has no alternative yet. Regenerate it to make one.")
        if message.id == UNSAVED:
            self._greeting = (self._greeting + step) % message.sibling_count
            return self.messages()
        siblings = self.manager.siblings(message.id)
        place = [m.id for m in siblings].index(message.id)
        return self.manager.select(siblings[(place + step) % len(siblings)].id)

    def new(self) -> None:
        """Begin another conversation; profile and dials stay."""
        self.conversation, self._greeting = None, 0

    def resume(self, reference: str) -> None:
        """Go on with a stored conversation, as the persona it was left with. See ConversationManager.get."""
        conversation = self.manager.get(reference)
        profile = Profile.parse(conversation.profile)
        self.conversation, self.profile, self._greeting = conversation, profile, 0
        self.dials = dict(profile.attributes)

    def rename(self, title: str) -> None:
        """Give the conversation another title."""
        if self.conversation is None:
            raise UsageError("Only a conversation that has begun can be renamed. Say something first.")
        if not clean(title).strip():
            raise UsageError(f"A title needs at least one visible character, not {title!r}.")
        self.conversation = self.manager.rename(self.conversation.id, clean(title).strip())

    # --- who speaks, and how

    def use(self, profile: Profile) -> None:
        """Let another persona speak from now on, in the same conversation."""
        if self._engine is not None:
            self._engine.check(profile.attributes)
        self.profile, self.dials, self._greeting = profile, dict(profile.attributes), 0
        self._save_profile()

    def set_dial(self, attribute: str, aspect: str | None = None, weight: float | None = None) -> Target:
        """Ask for an aspect ("critical", or any text that Target.parse reads), or change the weight alone.

        A dial that never had a weight pulls with the model's own strength.
        """
        current = self.dials.get(attribute)
        asked = current if aspect is None else Target.parse(aspect)
        if asked is None:
            known = self.attributes.get(attribute)
            if known is None:
                raise UnknownNameError("attribute", attribute, self.attributes)
            raise UsageError(f"The dial {attribute!r} is off; name an aspect too: {' or '.join(known)}.")
        if weight is None:
            weight = asked.weight if asked.weight is not None or current is None else current.weight
        target = Target.parse({"aspects": asked.aspects, "weight": weight})
        if self._engine is not None:
            self._engine.check({attribute: target})
        self.dials[attribute] = target
        self._save_profile()
        return target

    def clear_dial(self, attribute: str) -> None:
        """Stop guiding an attribute."""
        if self.dials.pop(attribute, None) is None:
            raise UnknownNameError("dial in use called", attribute, self.dials)
        self._save_profile()

    def _dialled(self) -> dict[str, Any]:
        """The profile as it speaks now, for the snapshot that the conversation keeps."""
        return self.profile.changed(attributes=self.dials).model_dump(mode="json")

    def _save_profile(self) -> None:
        if self.conversation is not None:
            self.manager.set_profile(
                self.conversation.id, profile_name=self.profile.name, profile=self._dialled()
            )

    def _opened(self) -> Conversation:
        """The conversation, begun with its greetings if there was none."""
        if self.conversation is not None:
            return self.conversation
        model = self._engine.name if self._engine else self._model_name
        conversation = self.manager.create(
            profile_name=self.profile.name, profile=self._dialled(), model=model
        )
        greetings = [
            self.manager.add_message(conversation.id, role="bot", text=text, parent_id=None)
            for text in persona.greetings(self.profile, self.user_name)
        ]
        if greetings:
            self.manager.select(greetings[self._greeting].id)
        self.conversation = conversation
        return conversation

    def _unsaved(self, greetings: Sequence[str]) -> Message:
        return Message(
            id=UNSAVED,
            conversation_id="",
            parent_id=None,
            role="bot",
            text=greetings[self._greeting],
            state="complete",
            position=self._greeting,
            sibling_count=len(greetings),
            created_at=datetime.now(UTC),
            hidden=False,
            generation=None,
        )

    def _find(self, path: Sequence[Message], message_id: int | None) -> Message:
        """The message with this id on the path, or its last bot message."""
        wanted = [m for m in path if (m.role == "bot" if message_id is None else m.id == message_id)]
        if not wanted:
            what = "any reply" if message_id is None else f"the message {message_id}"
            raise UsageError(f"There is no such thing on the active path: {what}. Say something first.")
        return wanted[-1]
