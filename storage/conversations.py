"""ConversationManager: conversations as trees of messages, stored the moment they are said.

    with ConversationManager(path) as manager:
        conversation = manager.create(profile_name="poet", profile={...}, model="embedded")
        question = manager.add_message(conversation.id, role="user", text="Who are you?")
        reply = manager.begin_reply(conversation.id, parent_id=question.id)   # there, and marked partial
        manager.journal(reply.id, "A man who")                                # from here it survives a crash
        manager.finish_reply(reply.id, text="A man who reads.", state="complete", generation={...})

Nothing is overwritten: another reply to the same message is a sibling, and the head says which path is
active. Every method is one short transaction, so threads and programs may share a database.
Knows no models, profiles or settings: a profile and a trace are plain JSON here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from sqlalchemy import text as sql
from sqlalchemy import update
from sqlalchemy.orm import Session

from storage import changes, queries, search
from storage.database import Database
from storage.errors import RefusedValueError, UnknownMessageError
from storage.models import ROLES, STATES, ConversationRow, GenerationRow, MessageRow
from storage.records import Conversation, Hit, Message
from storage.values import one_line, one_of, plain_json, storable, title_from

HEAD: Final = "head"  # the parent of a new message: the one that ends the active path

# The class has a method called `list`, which hides the type inside it.
Conversations: TypeAlias = list[Conversation]
Messages: TypeAlias = list[Message]
Hits: TypeAlias = list[Hit]


class ConversationManager:
    """All conversations of one database file; `path` None keeps them in memory and forgets them at the end.

    Raises a StorageError when the file cannot be used, and leaves it as it was.
    """

    def __init__(self, path: Path | None) -> None:
        self._database = Database(path)

    @property
    def path_of_database(self) -> Path | None:
        return self._database.path

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- conversations

    def create(
        self, *, profile_name: str, profile: Mapping[str, Any], model: str, title: str = ""
    ) -> Conversation:
        """A new, empty conversation. Without a title it takes one from the first message of the user."""
        now = datetime.now(UTC)
        with self._database.write() as session:
            row = ConversationRow(
                id=queries.new_id(session),
                title=one_line(title),
                profile_name=storable(profile_name),
                profile=plain_json(profile),
                model=storable(model),
                head_id=None,
                visits=0,
                created_at=now,
                updated_at=now,
            )
            session.add(row)
            session.flush()
            return _conversation(session, row.id)

    def get(self, reference: str) -> Conversation:
        """The conversation with this id, beginning of an id, or exact title; "last" is the newest."""
        with self._database.read() as session:
            return _conversation(session, queries.find(session, reference))

    def list(
        self, *, limit: int | None = None, profile_name: str | None = None, include_empty: bool = False
    ) -> Conversations:
        """Conversations, the one in which something was said last first."""
        question = queries.conversations().limit(limit)
        if not include_empty:
            question = question.where(ConversationRow.head_id.is_not(None))
        if profile_name is not None:
            question = question.where(ConversationRow.profile_name == profile_name)
        with self._database.read() as session:
            return [queries.conversation_of(row) for row in session.execute(question)]

    def rename(self, conversation_id: str, title: str) -> Conversation:
        if not (line := one_line(title)):
            raise RefusedValueError(f"A title has at least one visible character, and {title!r} has none.")
        with self._database.write() as session:
            queries.conversation_row(session, conversation_id).title = line
            session.flush()
            return _conversation(session, conversation_id)

    def delete(self, conversation_id: str) -> bool:
        """Delete a conversation, and every byte of it from the file, its index and its log.

        False when the conversation is gone but its bytes may be left: another program is reading just now,
        or the disk is too full to rewrite the file. The next deletion takes them along.
        """
        with self._database.write() as session:
            session.delete(queries.conversation_row(session, conversation_id))
            session.flush()
            # FTS5 only marks words as deleted; merging all parts of the index takes them out.
            session.execute(sql("INSERT INTO message_search (message_search) VALUES ('optimize')"))
        return self._database.scrub()

    def set_profile(
        self, conversation_id: str, *, profile_name: str, profile: Mapping[str, Any]
    ) -> Conversation:
        """Replace the snapshot of the persona: its dials were moved, or another one speaks from now on."""
        with self._database.write() as session:
            row = queries.conversation_row(session, conversation_id)
            row.profile_name, row.profile = storable(profile_name), plain_json(profile)
            session.flush()
            return _conversation(session, conversation_id)

    # --- messages

    def add_message(
        self,
        conversation_id: str,
        *,
        role: str,
        text: str,
        parent_id: int | Literal["head"] | None = HEAD,
        state: str = "complete",
        hidden: bool = False,
    ) -> Message:
        """Store a message after `parent_id` (None: it opens the conversation); it becomes the head."""
        one_of("role", role, ROLES)
        one_of("state", state, STATES)
        with self._database.write() as session:
            conversation = queries.conversation_row(session, conversation_id)
            if parent_id == HEAD:
                parent_id = conversation.head_id
            if role == "user" and not conversation.title:
                conversation.title = title_from(text)
            message_id = changes.append(
                session, conversation, parent_id=parent_id, role=role, text=text, state=state, hidden=hidden
            )
            return _message(session, message_id)

    def begin_reply(
        self, conversation_id: str, *, parent_id: int, generation: Mapping[str, Any] | None = None
    ) -> Message:
        """An empty, partial reply to `parent_id`, beside those that are there; it becomes the head."""
        with self._database.write() as session:
            conversation = queries.conversation_row(session, conversation_id)
            message_id = changes.append(
                session, conversation, parent_id=parent_id, role="bot", text="", state="partial"
            )
            if generation is not None:
                session.add(GenerationRow(message_id=message_id, trace=plain_json(generation)))
                session.flush()
            return _message(session, message_id)

    def journal(self, message_id: int, text: str) -> None:
        """Write down what was said so far of a reply that is still being said."""
        partial = (MessageRow.id == message_id, MessageRow.state == "partial")
        with self._database.write() as session:
            written = update(MessageRow).where(*partial).values(text=storable(text)).returning(MessageRow.id)
            if session.execute(written).first() is None:
                raise UnknownMessageError(message_id)

    def finish_reply(
        self, message_id: int, *, text: str, state: str, generation: Mapping[str, Any]
    ) -> Message:
        """The reply's last text, how it ended, and the trace of how it came about."""
        one_of("state", state, STATES)
        with self._database.write() as session:
            row = queries.message_row(session, message_id)
            row.text, row.state = storable(text), state
            session.merge(GenerationRow(message_id=message_id, trace=plain_json(generation)))
            queries.conversation_row(session, row.conversation_id).updated_at = datetime.now(UTC)
            session.flush()
            return _message(session, message_id)

    # --- the tree

    def path(self, conversation_id: str) -> Messages:
        """The active path: from the message that opened the conversation to the head."""
        with self._database.read() as session:
            queries.conversation_row(session, conversation_id)
            return queries.messages_of(session, queries.active_path(conversation_id))

    def siblings(self, message_id: int) -> Messages:
        """The message and its alternatives, in the order in which they were made."""
        with self._database.read() as session:
            row = queries.message_row(session, message_id)
            return queries.messages_of(session, queries.alternatives(row))

    def select(self, message_id: int) -> Messages:
        """Make the path through this message the active one, as far as it was last followed; returns it."""
        with self._database.write() as session:
            row = queries.message_row(session, message_id)
            leaf = session.execute(queries.latest_leaf(row)).scalar_one()
            conversation = queries.conversation_row(session, row.conversation_id)
            changes.move_head(conversation, queries.message_row(session, leaf))
            session.flush()
            return queries.messages_of(session, queries.active_path(row.conversation_id))

    def whole(self, conversation_id: str) -> tuple[Conversation, Messages]:
        """The conversation and its whole tree at one moment; a parent comes before its children."""
        with self._database.read() as session:
            queries.conversation_row(session, conversation_id)
            everything = queries.messages().where(MessageRow.conversation_id == conversation_id)
            return _conversation(session, conversation_id), queries.messages_of(session, everything)

    def restore(self, conversation: Conversation, messages: Sequence[Message]) -> Conversation:
        """Store a whole tree that came from elsewhere, `messages` with ids of their own and parents first.

        Messages get new ids; the conversation keeps its id unless another one has it.
        """
        with self._database.write() as session:
            return _conversation(session, changes.restore(session, conversation, messages))

    def search(self, query: str, limit: int = 20) -> Hits:
        """The messages that contain all words of the query (the last may be unfinished), best first."""
        with self._database.read() as session:
            return search.hits(session, query, limit)


def _conversation(session: Session, conversation_id: str) -> Conversation:
    question = queries.conversations().where(ConversationRow.id == conversation_id)
    return queries.conversation_of(session.execute(question).one())


def _message(session: Session, message_id: int) -> Message:
    return queries.messages_of(session, queries.messages().where(MessageRow.id == message_id))[0]
