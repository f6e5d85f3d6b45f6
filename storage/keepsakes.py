"""What a store keeps beside the conversations: memories, drafts, open tabs; and finding words in it."""

from __future__ import annotations

from collections.abc import Sequence

from storage import drafts, memories, queries, recollection, search
from storage.database import Database
from storage.models import MessageRow
from storage.records import Hit, Memory, Message, Tabs


class Keepsakes:
    """The part of ConversationManager that reads and writes beside the trees."""

    _database: Database

    # --- what is known of the user

    def remember(self, profile_name: str, text: str, *, kind: str, message_id: int | None = None) -> Memory:
        """Something that a persona ("": every persona) knows of the user from now on."""
        with self._database.write() as session:
            return memories.remember(session, profile_name, text, kind=kind, message_id=message_id)

    def memories(self, profile_name: str | None = None) -> list[Memory]:
        """What this persona knows, shared memories included, the oldest first; None: all there is."""
        with self._database.read() as session:
            return memories.known(session, profile_name)

    def forget(self, memory_id: int) -> Memory:
        """Delete a memory, as thoroughly as `delete`; returns what it was."""
        with self._database.write() as session:
            memory = memories.forget(session, memory_id)
        self._database.scrub()
        return memory

    # --- what was said

    def mentions(self, word: str, *, profile_name: str, most: int) -> list[int]:
        """The numbers of the messages with this word in a persona's conversations, the newest first; only
        the newest `most` messages that have it are looked at."""
        with self._database.read() as session:
            return recollection.mentions(session, word, profile_name, most)

    def messages(self, numbers: Sequence[int]) -> list[Message]:
        """These messages, in the order in which they were said; those that are gone are left out."""
        with self._database.read() as session:
            return queries.messages_of(session, queries.messages().where(MessageRow.id.in_(numbers)))

    def search(
        self,
        query: str,
        limit: int = 20,
        *,
        profile_name: str | None = None,
        conversation_id: str | None = None,
    ) -> list[Hit]:
        """The messages that contain all words of the query (the last may be unfinished), best first."""
        with self._database.read() as session:
            return search.hits(session, query, limit, profile_name, conversation_id)

    # --- what was open

    def draft(self, whose: str | int) -> str:
        """What was written and not said yet in a conversation, "" for nothing. Where none has begun, a number
        names it: that of time.time_ns(), which no other program has."""
        with self._database.read() as session:
            return drafts.draft(session, whose)

    def save_draft(self, whose: str | int, text: str) -> None:
        """Keep what is written and not said yet, in the place of what was; a text without words is none.

        It goes with its conversation. UnknownConversationError when that is gone.
        """
        with self._database.write() as session:
            drafts.save(session, whose, text)

    def waiting(self) -> list[int]:
        """The numbers of the drafts for which no conversation has begun, the oldest first."""
        with self._database.read() as session:
            return drafts.waiting(session)

    def alone(self) -> bool:
        """Whether no other program has the database open."""
        return self._database.alone()

    def tabs(self) -> Tabs:
        """The conversations that were open when `save_tabs` was called last, without those that are gone."""
        with self._database.read() as session:
            return drafts.tabs(session)

    def save_tabs(self, conversation_ids: Sequence[str], front: str | None = None) -> Tabs:
        """Remember which conversations are open, in their order, and the one in front (None: a new one).

        Ids of conversations that are gone are left out. Returns what was remembered.
        """
        with self._database.write() as session:
            drafts.save_tabs(session, conversation_ids, front)
            return drafts.tabs(session)
