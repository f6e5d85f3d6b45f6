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
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from storage import changes, deletions, edits, queries, replies, statistics
from storage.database import Database
from storage.errors import RefusedValueError
from storage.keepsakes import Keepsakes
from storage.models import MessageRow
from storage.records import Conversation, Message, Statistics
from storage.values import one_line, storable

HEAD: Final = "head"  # the parent of a new message: the one that ends the active path
BYTES_LEFT: Final = "Some of the text may stay on disk until other programs close the file."  # not `wiped`

# The class has a method called `list`, which hides the type inside it.
Conversations: TypeAlias = list[Conversation]
Messages: TypeAlias = list[Message]


class ConversationManager(Keepsakes):
    """All conversations of one database file; `path` None keeps them in memory and forgets them at the end.

    Raises a StorageError when the file cannot be used, and leaves it as it was.
    """

    def __init__(self, path: Path | None) -> None:
        self._database = Database(path)
        self._deleted: deletions.Deleted | None = None

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
        with self._database.write() as session:
            created = changes.create(
                session, profile_name=profile_name, profile=profile, model=model, title=title
            )
            return queries.conversation(session, created)

    def get(self, reference: str) -> Conversation:
        """The conversation with this id, beginning of an id, or exact title; "last" is the newest."""
        with self._database.read() as session:
            return queries.conversation(session, queries.find(session, reference))

    def list(
        self,
        *,
        limit: int | None = None,
        profile_name: str | None = None,
        include_empty: bool = False,
        archived: bool | None = False,
    ) -> Conversations:
        """Conversations, the one in which something was said last first. `archived` None: both kinds."""
        question = queries.listed(profile_name, include_empty=include_empty, archived=archived)
        with self._database.read() as session:
            return [queries.conversation_of(row) for row in session.execute(question.limit(limit))]

    def rename(self, conversation_id: str, title: str) -> Conversation:
        if not (line := one_line(title)):
            raise RefusedValueError(f"A title has at least one visible character, and {title!r} has none.")
        with self._database.write() as session:
            queries.conversation_row(session, conversation_id).title = line
            return queries.conversation(session, conversation_id)

    def archive(self, conversation_id: str, archived: bool = True) -> Conversation:
        """Put a conversation out of the list without deleting it, or back into it."""
        with self._database.write() as session:
            queries.conversation_row(session, conversation_id).archived = archived
            return queries.conversation(session, conversation_id)

    def set_profile(
        self, conversation_id: str, *, profile_name: str, profile: Mapping[str, Any]
    ) -> Conversation:
        """Replace the snapshot of the persona: its dials were moved, or another one speaks from now on."""
        with self._database.write() as session:
            row = queries.conversation_row(session, conversation_id)
            changes.set_profile(session, row, profile_name, profile)
            return queries.conversation(session, conversation_id)

    def rename_persona(self, old: str, new: str) -> None:
        """Let a persona that has another name now keep its conversations and what it knows."""
        with self._database.write() as session:
            changes.rename_persona(session, old, new)

    def direct(self, conversation_id: str, told: Mapping[str, str]) -> Conversation:
        """Keep what a person tells the model in this conversation alone: its "note", its "scenario".

        "" takes one away. They stand in `extra`, so copies and exports have them too.
        """
        with self._database.write() as session:
            row = queries.conversation_row(session, conversation_id)
            kept = {**(row.extra or {}), **{what: storable(text) for what, text in told.items()}}
            row.extra = {key: value for key, value in kept.items() if key not in told or value} or None
            return queries.conversation(session, conversation_id)

    @property
    def wiped(self) -> bool:
        """Whether what was deleted last is gone from the file, its index and its log to the last byte.

        False when bytes of it may be left: another program was reading just then, or the disk was too full
        to rewrite the file. The next deletion takes them along.
        """
        return self._database.wiped

    def delete(self, *conversation_ids: str) -> None:
        """Delete conversations, and every byte of them from the file, its index and its log (see `wiped`)."""
        with self._database.write() as session:
            gone = [deletions.delete_conversation(session, each) for each in conversation_ids]
        self._deleted = gone[-1] if gone else None
        self._database.scrub()

    def undelete(self) -> Conversation:
        """Bring back, from memory alone, the conversation that this manager deleted last."""
        if (deleted := self._deleted) is None:
            raise RefusedValueError(
                "Only the conversation that was deleted last since the program started can come back, "
                "and there is none. Import one that was exported: chatbot conversation import"
            )
        with self._database.write() as session:
            restored = queries.conversation(session, deletions.undelete(session, deleted))
        self._deleted = None
        return restored

    def statistics(
        self, conversation_id: str | None = None, *, profile_name: str | None = None
    ) -> Statistics:
        """How much was said, in one conversation or in all (those with a persona)."""
        with self._database.read() as session:
            return statistics.of(session, conversation_id, profile_name)

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
        speaker: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> Message:
        """Store a message after `parent_id` (None: it opens the conversation); it becomes the head.

        The first message of the user that says something becomes the title, where there is none.
        """
        with self._database.write() as session:
            row = queries.conversation_row(session, conversation_id)
            if role == "user":
                changes.entitle(session, row, text)
            parent = row.head_id if parent_id == HEAD else parent_id
            marks = {"state": state, "hidden": hidden, "speaker": speaker, "extra": extra}
            added = changes.append(session, row, parent_id=parent, role=role, text=text, **marks)
            return queries.message(session, added)

    def begin_reply(self, conversation_id: str, *, parent_id: int, speaker: str = "") -> Message:
        """An empty, partial reply to `parent_id`, beside those that are there; it becomes the head."""
        with self._database.write() as session:
            begun = replies.begin(session, conversation_id, parent_id, speaker)
            return queries.message(session, begun)

    def journal(self, message_id: int, text: str) -> None:
        """Write down what was said so far of a reply that is still being said."""
        with self._database.write() as session:
            replies.journal(session, message_id, text)

    def finish_reply(
        self, message_id: int, *, text: str, state: str, generation: Mapping[str, Any]
    ) -> Message:
        """The reply's last text, how it ended, and the trace of how it came about."""
        with self._database.write() as session:
            replies.finish(session, message_id, text=text, state=state, generation=generation)
            return queries.message(session, message_id)

    def edit(self, message_id: int, text: str) -> Message:
        """An alternative to this message with another text; it becomes the head, and the old one stays."""
        with self._database.write() as session:
            return queries.message(session, edits.edit(session, message_id, text))

    def set_speaker(self, message_id: int, *, role: str | None = None, speaker: str = "") -> Message:
        """Correct who said a message: its role (None: as it is), and the name where it is not the usual one.

        Its place in the tree, its alternatives and its trace stay as they are.
        """
        with self._database.write() as session:
            edits.set_speaker(session, message_id, role, speaker)
            return queries.message(session, message_id)

    def delete_message(self, message_id: int) -> Messages:
        """Delete this message alone, as thoroughly as `delete`; what followed it follows its parent.

        Returns the active path.
        """
        with self._database.write() as session:
            conversation_id = deletions.delete_message(session, message_id)
            path = queries.messages_of(session, queries.active_path(conversation_id))
        self._database.scrub()
        return path

    def hide(self, message_id: int, hidden: bool = True) -> Message:
        """Keep a message from the model, or show it again."""
        with self._database.write() as session:
            queries.message_row(session, message_id).hidden = hidden
            return queries.message(session, message_id)

    def bookmark(self, message_id: int, bookmarked: bool = True) -> Message:
        with self._database.write() as session:
            queries.message_row(session, message_id).bookmarked = bookmarked
            return queries.message(session, message_id)

    def bookmarks(self, conversation_id: str | None = None) -> Messages:
        """The messages with a bookmark, in one conversation or in all, in the order they were said."""
        question = queries.messages().where(MessageRow.bookmarked)
        with self._database.read() as session:
            if conversation_id is not None:
                queries.conversation_row(session, conversation_id)
                question = question.where(MessageRow.conversation_id == conversation_id)
            return queries.messages_of(session, question)

    # --- the tree

    def path(self, conversation_id: str) -> Messages:
        """The active path: from the message that opened the conversation to the head."""
        with self._database.read() as session:
            queries.conversation_row(session, conversation_id)
            return queries.messages_of(session, queries.active_path(conversation_id))

    def message(self, message_id: int) -> Message:
        """The message with this number; UnknownMessageError when there is none."""
        with self._database.read() as session:
            queries.message_row(session, message_id)
            return queries.message(session, message_id)

    def siblings(self, message_id: int) -> Messages:
        """The message and its alternatives, in the order of their positions."""
        with self._database.read() as session:
            row = queries.message_row(session, message_id)
            return queries.messages_of(session, queries.alternatives(row))

    def select(self, message_id: int, *, follow: bool = True) -> Messages:
        """Make the path through this message the active one, as far as it was last followed; returns it.

        Without `follow` the path ends here, so that what is said next branches off.
        """
        with self._database.write() as session:
            conversation_id = changes.follow(session, message_id, onwards=follow)
            return queries.messages_of(session, queries.active_path(conversation_id))

    def undo(self, conversation_id: str) -> Message:
        """End the path before the last message of the user; returns that message. Nothing is deleted."""
        with self._database.write() as session:
            return edits.undo(session, conversation_id)

    def fork(self, message_id: int) -> Conversation:
        """A new conversation that holds the path up to and with this message."""
        with self._database.write() as session:
            return queries.conversation(session, edits.fork(session, message_id))

    def tree(self, conversation_id: str) -> Messages:
        """Every message; a parent comes before its children."""
        return self.whole(conversation_id)[1]

    def whole(self, conversation_id: str) -> tuple[Conversation, Messages]:
        """The conversation and its whole tree at one moment; a parent comes before its children."""
        with self._database.read() as session:
            queries.conversation_row(session, conversation_id)
            everything = queries.messages().where(MessageRow.conversation_id == conversation_id)
            found = queries.conversation(session, conversation_id)
            return found, queries.messages_of(session, everything)

    def restore(self, conversation: Conversation, messages: Sequence[Message]) -> Conversation:
        """Store a whole tree that came from elsewhere, `messages` with ids of their own and parents first.

        Messages get new ids; the conversation keeps its id unless another one has it.
        """
        with self._database.write() as session:
            return queries.conversation(session, changes.restore(session, conversation, messages))
