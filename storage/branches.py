"""A whole conversation in memory: its paths, the alternatives on them, and who speaks under which name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from storage.conversations import ConversationManager
from storage.records import Conversation, Message
from storage.values import one_line, persona_called

YOU, NARRATOR = "You", "Narrator"


@dataclass(frozen=True)
class Names:
    """What the three roles are called where a message does not say who spoke."""

    user: str
    bot: str
    narrator: str = NARRATOR

    def usual(self, role: str) -> str:
        return {"user": self.user, "bot": self.bot, "narrator": self.narrator}[role]

    def of(self, message: Message) -> str:
        return one_line(message.speaker) or self.usual(message.role)


@dataclass(frozen=True)
class Tree:
    """A conversation and all its messages, parents before children."""

    conversation: Conversation
    messages: list[Message]
    user_name: str = ""  # what the user is called, where the conversation does not know it

    @classmethod
    def read(cls, manager: ConversationManager, conversation_id: str, user_name: str = "") -> Tree:
        return cls(*manager.whole(conversation_id), user_name)

    @property
    def names(self) -> Names:
        """The names that an imported chat brought along, else those of today."""
        talk = self.conversation
        user = _name((talk.extra or {}).get("user_name"))
        bot = persona_called(talk.profile_name, talk.profile, talk.extra)
        return Names(user=user or _name(self.user_name) or YOU, bot=bot or "Bot")

    def speaker(self, name: str) -> tuple[str | None, str]:
        """The role and the speaker that a name stands for here; a new name has no role of its own."""
        wanted = one_line(name).casefold()
        called = self.conversation.profile.get("display_name")
        usual = {
            "user": (YOU, self.names.user),
            "bot": (self.names.bot, _name(called)),
            "narrator": (NARRATOR,),
        }
        for role, names in usual.items():
            if wanted in map(str.casefold, names):
                return role, ""
        for message in self.messages:
            if message.speaker.casefold() == wanted:
                return message.role, message.speaker
        return None, one_line(name)

    @cached_property
    def _by_id(self) -> dict[int, Message]:
        return {message.id: message for message in self.messages}

    @cached_property
    def _families(self) -> dict[int | None, list[Message]]:
        families: defaultdict[int | None, list[Message]] = defaultdict(list)
        for message in sorted(self.messages, key=lambda message: message.position):
            families[message.parent_id].append(message)
        return families

    @cached_property
    def places(self) -> dict[int, int]:
        """By id, where each message stands among those with the same parent: from 0, without gaps."""
        return {m.id: place for family in self._families.values() for place, m in enumerate(family)}

    def family(self, message: Message) -> list[Message]:
        """The message and those with the same parent, in the order in which they were made."""
        return self._families[message.parent_id]

    def alternatives(self, message: Message) -> list[Message]:
        """Those of the family that the same side said."""
        return [other for other in self.family(message) if other.role == message.role]

    def path(self, leaf_id: int | None = None) -> list[Message]:
        """From the message that opened the conversation to this one, or to the head."""
        found: list[Message] = []
        step = self.conversation.head_id if leaf_id is None else leaf_id
        while step is not None:
            found.append(self._by_id[step])
            step = found[-1].parent_id
        return found[::-1]

    def branches(self) -> list[list[Message]]:
        """The active path, then as many others as it takes for every message to be on one or beside one."""
        depths: dict[int | None, int] = {None: 0}
        for message in self.messages:
            depths[message.id] = depths[message.parent_id] + 1
        leaves = [message for message in self.messages if not self._families.get(message.id)]
        found, seen = [self.path()], self._beside(self.path())
        for leaf in sorted(leaves, key=lambda leaf: (-depths[leaf.id], -leaf.visited, leaf.id)):
            if leaf.id not in seen:
                found.append(self.path(leaf.id))
                seen |= self._beside(found[-1])
        return found

    def _beside(self, path: list[Message]) -> set[int]:
        """The ids of the messages of a path and of their alternatives."""
        return {other.id for message in path for other in self.alternatives(message)}


def _name(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""
