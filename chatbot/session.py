"""One chat: a message in, a stream of events out, one stored reply.

A session joins the three parts: the profile says who speaks, the manager keeps every word, the engine finds
the reply. It draws nothing and parses no commands; the terminal interface and the line chat both sit on it.

    for event in session.reply("I lost my keys again"):
        UserStored -> (Noticed, Denied) -> ReplyStarted -> Piece ... Piece -> ReplyFinished | ReplyFailed

Closing the iterator, or Ctrl+C inside it, stores what was said so far as a partial message. A turn that is
off the record is Piece ... Piece -> Unstored | ReplyFailed, and nothing of it is stored.

Who speaks and how is in chatbot/dialling.py and chatbot/tuning.py, what else can be done to the conversation
in chatbot/conversing.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from chatbot.arc import arced, turn_of
from chatbot.conversing import LONGEST_MESSAGE, UNSAVED, Conversing
from chatbot.decoding.sampling import Sampling
from chatbot.errors import ChatbotError, UsageError
from chatbot.events import (
    Denied,
    Event,
    Noticed,
    Piece,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    Unstored,
    UserStored,
)
from chatbot.measures import drift
from chatbot.memory.memories import heard, holding, own_words, spoken_by, unhidden, unsay
from chatbot.model.text import Window
from chatbot.scene import Given, Scene, Sight, exchanged, remembered_scene, seen
from chatbot.tuning import Tuning
from chatbot.writing import write_reply
from profiles import Profile, Target
from storage import (
    BYTES_LEFT,
    Conversation,
    Hit,
    LockedStorageError,
    Memory,
    Message,
    Statistics,
    UnknownConversationError,
    export_file,
)
from storage.dates import local

__all__ = [  # a front end needs this module alone
    "BYTES_LEFT",
    "LONGEST_MESSAGE",
    "UNSAVED",
    "ChatSession",
    "Conversation",
    "Denied",
    "Event",
    "Hit",
    "LockedStorageError",
    "Memory",
    "Message",
    "Noticed",
    "Piece",
    "ReplyFailed",
    "ReplyFinished",
    "ReplyStarted",
    "Statistics",
    "Tuning",
    "UnknownConversationError",
    "Unstored",
    "UserStored",
    "export_file",
    "local",
]

PASSING = -1  # the id of a message that is kept nowhere
SEEDS_A_TURN = 1000  # so that the turns of a chat with one seed do not all begin at the same z


class ChatSession(Conversing):
    """The conversation that is open, with replies. A `prefix` is how the reply is to begin."""

    def reply(self, text: str, prefix: str = "") -> Iterator[Event]:
        """Store the user's message, then stream and store the reply. UsageError when it cannot be taken."""
        return self._alone(self._answer(self.checked(text), prefix))

    def regenerate(self, message_id: int | None = None, prefix: str = "") -> Iterator[Event]:
        """Another reply beside the last one, or beside the given one; the old one stays.

        The id of anything but a reply asks for another reply to it.
        """
        path = self.messages()
        if message_id is None and path and path[-1].role != "bot":
            return self._alone(self._respond(path, prefix))  # its reply never came
        message = self._find(path, message_id)
        asked = path[: path.index(message) + (message.role != "bot")]
        if not asked:
            raise UsageError("A reply answers a message, and this message answers none. Say something.")
        return self._alone(self._respond(asked, prefix))

    def continue_reply(self, message_id: int | None = None) -> Iterator[Event]:
        """Another reply beside the last one, or the given one, that begins as it does and goes on."""
        message = self._find(self.messages(), message_id)
        if message.role != "bot":
            raise UsageError("Only a reply can be continued; this message is not the persona's.")
        return self.regenerate(message.id, "" if message.state == "failed" else message.text)

    def edit(self, message_id: int, text: str, prefix: str = "") -> Iterator[Event] | None:
        """Put an alternative with this text beside a message. The user's gets a reply: its events. It begins
        with the prefix."""
        text = self.checked(text)
        message = self._find(self.messages(), message_id)
        if message.role == "user":
            return self._alone(self._answer_edited(message, text, prefix))
        with self.still():
            self.manager.edit(self._stored(message_id).id, text)
        return None

    # --- off the record

    def off_record(self, text: str) -> Iterator[Event]:
        """Reply to a message as in this conversation, and keep neither: not on the disk, and not for the
        model, which sees nothing of it in later turns. What it tells of the user is not remembered."""
        return self._alone(self._pass(self.checked(text)))

    def impersonate(self) -> str:
        """A draft of the user's next message, written by the model with the roles exchanged; kept nowhere.

        The persona's dials do not count in it. UsageError while there is no line of the persona to answer.
        """
        path = seen(self.messages())
        if not path or path[-1].role != "bot":
            raise UsageError("Your line answers one of the persona, and there is none yet. Say something.")
        with self.still():
            context = exchanged(path, self._of_user(), budget=self.engine.context_budget)
            return self.engine.replies([context], [{}], self._drawn(path, 0))[0].text

    def _pass(self, text: str) -> Iterator[Event]:
        path = [*self.messages(), self._unsaved("user", text, number=PASSING)]
        try:
            targets = self._held(path)[0]
            stream = self.engine.stream(self.scene(path).context, targets, self._drawn(path, 0))
            with closing(stream):  # pyright: ignore[reportArgumentType]  # a generator by contract
                for item in stream:
                    yield Piece(item) if isinstance(item, str) else Unstored(item.text, item.trace)
        except (ChatbotError, OSError, RuntimeError, MemoryError) as error:
            yield ReplyFailed(None, str(error) or type(error).__name__)

    def _of_user(self) -> list[str]:
        """What is known of the user, in the user's own words."""
        known = unhidden(self.manager, self.profile.name) if self.memory.know else ()
        memories = holding(known, self.user_facts)
        name = "" if any(memory.kind == "name" for memory in memories) else self.user_name
        told = own_words(self.user_facts, name)
        return [*told, *(spoken_by(memory.text) for memory in reversed(memories))]

    # --- replies

    def _alone(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events of this conversation as it is by now, with the door shut while they last."""
        with self.still():
            self.catch_up()
            yield from events

    def _answer(self, text: str, prefix: str) -> Iterator[Event]:
        conversation = self._opened()
        message = self.manager.add_message(conversation.id, role="user", text=text)
        yield from self._answer_stored(message, prefix)

    def _answer_edited(self, old: Message, text: str, prefix: str) -> Iterator[Event]:
        message = self.manager.edit(old.id, text)
        yield from map(Denied, unsay(self.manager, old))
        yield from self._answer_stored(message, prefix)

    def _answer_stored(self, message: Message, prefix: str) -> Iterator[Event]:
        yield UserStored(message)
        path = self.manager.path(message.conversation_id)
        yield from self._noticed(path)
        yield from self._respond(path, prefix)

    def _respond(self, path: Sequence[Message], prefix: str = "") -> Iterator[Event]:
        """Reply to the last message of `path`. Each turn and each alternative has a seed of its own."""
        try:
            engine = self.engine
            engine.check(self._targets(path))
        except (ChatbotError, OSError, RuntimeError) as error:
            yield ReplyFailed(None, str(error))
            return
        scene = self.scene(path)
        row = self.manager.begin_reply(path[-1].conversation_id, parent_id=path[-1].id)
        targets, factors = self._held(path)
        sampling = self._drawn(path, row.position)
        stream = engine.stream(scene.context, targets, sampling, prefix=prefix.strip())
        who: dict[str, Any] = {"profile": self.profile.name, "profile_digest": self.profile.digest()}
        told = scene.told | ({"hold": factors} if factors else {})
        yield from write_reply(self.manager, row, stream, who | told)

    def _drawn(self, path: Sequence[Message], alternative: int) -> Sampling:
        """The sampling of the reply that follows `path`, with a seed of its own where the chat has one."""
        sampling = self.sampling
        if sampling.seed < 0:
            return sampling
        return replace(sampling, seed=sampling.seed + SEEDS_A_TURN * (turn_of(path) - 1) + alternative)

    def _held(self, path: Sequence[Message]) -> tuple[Mapping[str, Target], dict[str, float]]:
        """What the reply that follows `path` is asked for, and the factors that hold it."""
        asked = self._targets(path)
        traces = [m.generation for m in path if m.generation and drift.own(m.role, m.speaker)]
        return drift.held(asked, traces, self.drift_rule) if self.hold else (asked, {})

    def _targets(self, path: Sequence[Message]) -> Mapping[str, Target]:
        """What the reply that follows `path` is asked for."""
        return arced(self.dials, self.dialled().arc, turn_of(path))

    def asked_next(self) -> Mapping[str, Target]:
        """What the reply to the user's next message is asked for: the dials, on their arcs."""
        arc = self.dialled().arc
        turns = sum(message.role == "user" for message in self.messages()) if arc else 0
        return arced(self.dials, arc, turns + 1)

    def strayed(self) -> drift.Series:
        """How far the replies of the active path strayed from what was asked of them."""
        own = (m for m in self.messages() if drift.own(m.role, m.speaker))
        return drift.series(((m.id, m.generation) for m in own), self.drift_rule)

    def scene(self, path: Sequence[Message], profile: Profile | None = None) -> Scene:
        """What the model sees: facts, what is known of the user, what comes to mind, the newest messages.

        With `profile` somebody else than the session's own persona is to reply.
        """
        return remembered_scene(
            self.manager,
            profile or self.profile,
            path,
            Sight.of(self.engine),
            Given(self.user_name, self.user_facts, self.scenario, self.note, self.chance),
            rules=self.memory,
        )

    def window(self) -> tuple[Window, Scene]:
        """What the model sees of the conversation as it stands, and the scene of which that is a part."""
        scene = self.scene(self.messages())
        return self.engine.window(scene.context), scene

    @property
    def room(self) -> tuple[int, int] | None:
        """Tokens of context that the conversation takes as it stands, and that there are; None until the
        model is loaded."""
        if not self.loaded:
            return None
        window, _ = self.window()
        return window.used, window.total

    def _noticed(self, path: Sequence[Message]) -> Iterator[Event]:
        """What the user's message, the last of `path`, tells of the user is remembered, and what it denies is
        forgotten."""
        if self.memory.notice:
            kept, gone = heard(self.manager, self.profile, path, self.user_name)
            yield from map(Noticed, kept)
            yield from map(Denied, gone)
