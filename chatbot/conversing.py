"""The conversation that is open: going to another one, and changing what stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from chatbot import persona
from chatbot.dialling import Dialling
from chatbot.errors import UsageError
from chatbot.memory.memories import reattributed, unsay
from chatbot.terminal import clean
from chatbot.tuning import of_persona
from profiles import Profile
from storage import Conversation, Memory, Message

LONGEST_MESSAGE = 20_000  # characters
UNSAVED = 0  # the id of a greeting that no conversation holds yet


def directed(conversation: Conversation | None, what: str) -> str:
    """The "note" or the "scenario" that a person gave a conversation."""
    text = ((conversation and conversation.extra) or {}).get(what)
    return text if isinstance(text, str) else ""  # an import may hold anything


class Conversing(Dialling):
    """A persona and a conversation with it. Messages are named by their id; None means the last reply."""

    _directed: Mapping[str, str] = {}
    """Note and scenario for a conversation that has not begun."""

    # --- what stands in it

    def messages(self) -> list[Message]:
        """The active path, oldest first. Before the first message it is the greeting, with the id UNSAVED."""
        if self.conversation is not None:
            return self.manager.path(self.conversation.id)
        greetings = persona.greetings(self.profile, self.user_name, self.chance)
        if not greetings:
            return []
        first = greetings[self._greeting]
        return [self._unsaved("bot", first, position=self._greeting, alternatives=len(greetings))]

    def sibling(self, step: int, message_id: int | None = None) -> list[Message]:
        """Go to the next (1) or previous (-1) alternative of a message; returns the active path."""
        message = self._find(self.messages(), message_id)
        if message.sibling_count < 2:
            raise UsageError("This message has no alternative yet. Regenerate it to make one.")
        if message.id == UNSAVED:
            self._greeting = (self._greeting + step) % message.sibling_count
            return self.messages()
        siblings = self.manager.siblings(message.id)
        place = [m.id for m in siblings].index(message.id)
        return self.manager.select(siblings[(place + step) % len(siblings)].id)

    def branch(self, message_id: int) -> list[Message]:
        """End the active path at this message: what is said next follows it. Nothing is deleted."""
        with self.still():
            return self.manager.select(self._stored(message_id).id, follow=False)

    def undo(self) -> tuple[str, list[Memory]]:
        """Take back the user's last message and what followed it; returns its text, and what is forgotten
        with it. No message is deleted."""
        if self.conversation is None:
            raise UsageError("There is nothing to take back yet. Say something first.")
        with self.still():
            message = self.manager.undo(self.conversation.id)
            return message.text, unsay(self.manager, message)

    def delete_message(self, message_id: int) -> list[Memory]:
        """Delete this message alone, for good; what followed it stays. Returns what is forgotten with it."""
        if message_id == UNSAVED:
            raise UsageError("This greeting is stored nowhere yet. Say something first.")
        with self.still():
            message = self._find(self.messages(), message_id)
            gone = unsay(self.manager, message)
            self.manager.delete_message(message.id)
            return gone

    def set_speaker(self, message_id: int, role: str, speaker: str) -> list[Memory]:
        """Correct who said a message; what is forgotten where it was not the user."""
        with self.still():
            return reattributed(
                self.manager, self.manager.set_speaker(message_id, role=role, speaker=speaker)
            )

    def hide(self, message_id: int, hidden: bool = True) -> Message:
        """Keep a message from the model, and what is known from it; or show it again."""
        with self.still():
            return self.manager.hide(self._stored(message_id).id, hidden)

    def bookmark(self, message_id: int, bookmarked: bool = True) -> Message:
        """Set or take away the bookmark of a message."""
        with self.still():
            return self.manager.bookmark(self._stored(message_id).id, bookmarked)

    def ask(self, text: str) -> Message:
        """Add a message of the user without a reply to it."""
        text = self.checked(text)
        with self.still():
            return self.manager.add_message(self._opened().id, role="user", text=text)

    def narrate(self, text: str) -> Message:
        """Add what happens, said by neither side; it asks for no reply."""
        text = self.checked(text)
        with self.still():
            return self.manager.add_message(self._opened().id, role="narrator", text=text)

    # --- what is to be known in it

    @property
    def note(self) -> str:
        """The author's note of this conversation: what the model is told last before the messages."""
        return directed(self.conversation, "note") or self._directed.get("note", "")

    @property
    def scenario(self) -> str:
        """Where this conversation takes place, in place of the persona's own scenario; "" for that."""
        return directed(self.conversation, "scenario") or self._directed.get("scenario", "")

    def set_note(self, text: str) -> None:
        """Give the conversation another author's note; "" takes it away."""
        self._direct("note", text)

    def set_scenario(self, text: str) -> None:
        """Let the conversation take place elsewhere; "" goes back to the persona's scenario."""
        self._direct("scenario", text)

    def _direct(self, what: str, text: str) -> None:
        """Keep it with the conversation, or until there is one."""
        text = self.checked(text) if text.strip() else ""
        if self.conversation is None:
            self._directed = {**self._directed, what: text}
        else:
            self.conversation = self.manager.direct(self.conversation.id, {what: text})

    # --- going elsewhere

    def new(self) -> None:
        """Begin another conversation; profile and dials stay, what was set for the one before does not."""
        self.conversation, self._greeting, self._directed = None, 0, {}
        self.retune()

    def resume(self, reference: str) -> None:
        """Go on with a stored conversation, as the persona it was left with. See ConversationManager.get."""
        conversation = self.manager.get(reference)
        profile = Profile.parse(conversation.profile)
        of_persona(profile)
        self.conversation, self._greeting, self._directed = conversation, 0, {}
        self.profile, self.dials = profile, dict(profile.attributes)
        self.retune()

    def fork(self, message_id: int) -> Conversation:
        """Copy everything up to and with this message into a new conversation, and go on there."""
        if message_id == UNSAVED:
            raise UsageError("This conversation has not begun, so there is nothing to copy. Say something.")
        with self.still():
            copy, tuning = self.manager.fork(self._find(self.messages(), message_id).id), self.tuning
            self.resume(copy.id)
            self.retune(tuning)  # it goes along, as note and scenario do
        return copy

    def rename(self, title: str) -> None:
        """Give the conversation another title."""
        if self.conversation is None:
            raise UsageError("Only a conversation that has begun can be renamed. Say something first.")
        if not clean(title).strip():
            raise UsageError(f"A title needs at least one visible character, not {title!r}.")
        self.conversation = self.manager.rename(self.conversation.id, clean(title).strip())

    def archive(self, archived: bool = True) -> Conversation:
        """Put the conversation away from the list, or back into it; it stays open."""
        if self.conversation is None:
            raise UsageError("Only a conversation that has begun can be archived. Say something first.")
        self.conversation = self.manager.archive(self.conversation.id, archived)
        return self.conversation

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation; if it is the open one, a new one begins. See ConversationManager.delete."""
        if self.conversation is None or self.conversation.id != conversation_id:
            self.manager.delete(conversation_id)
            return
        with self.still():
            self.manager.delete(conversation_id)
            self.new()

    # --- for those who reply

    @contextmanager
    def still(self) -> Iterator[None]:
        """The door: while a reply is being said, nothing else is said or changed here."""
        if not self._replying.acquire(blocking=False):
            raise UsageError("One reply at a time: the last one is still being said. Stop it or let it end.")
        try:
            yield
        finally:
            self._replying.release()

    @staticmethod
    def checked(text: str) -> str:
        """The text of a message as it is stored; UsageError when it cannot be one."""
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
        return text

    def _opened(self) -> Conversation:
        """The conversation, begun with its greetings if there was none."""
        if self.conversation is not None:
            return self.conversation
        model = self._engine.name if self._engine else self._model_name
        conversation = self.manager.create(
            profile_name=self.profile.name, profile=self._snapshot(), model=model
        )
        greetings = [
            self.manager.add_message(conversation.id, role="bot", text=text, parent_id=None)
            for text in persona.greetings(self.profile, self.user_name, self.chance)
        ]
        if greetings:
            self.manager.select(greetings[self._greeting].id)
        if self._directed:
            conversation = self.manager.direct(conversation.id, self._directed)
        self.conversation, self._directed = conversation, {}
        return conversation

    def _stored(self, message_id: int) -> Message:
        """The message as storage holds it; a greeting is stored now if it was not."""
        path = self.messages()
        message = self._find(path, message_id)
        return message if message.id != UNSAVED else self.manager.path(self._opened().id)[0]

    def _unsaved(
        self, role: str, text: str, *, number: int = UNSAVED, position: int = 0, alternatives: int = 1
    ) -> Message:
        """A message that no conversation holds."""
        return Message(
            id=number,
            conversation_id=self.conversation.id if self.conversation else "",
            parent_id=None,
            role=role,
            text=text,
            state="complete",
            position=position,
            sibling_count=alternatives,
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
