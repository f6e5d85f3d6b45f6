"""What the commands on stored conversations share: the store, known names, a question before deleting."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from chatbot.errors import UnknownNameError, UsageError
from chatbot.terminal import one_line

if TYPE_CHECKING:
    from storage import Conversation, ConversationManager


def open_manager() -> ConversationManager:
    from chatbot import config
    from storage import ConversationManager

    # Incognito is about chats to come; what is stored can be looked at all the same.
    return ConversationManager(config.load({"chat.incognito": False}).database)


def check_persona(manager: ConversationManager, name: str | None) -> None:
    """UnknownNameError when there is neither such a persona nor a conversation with it."""
    from chatbot import config
    from profiles import ProfileStore

    if name is not None:
        known = {found.profile_name for found in manager.list(archived=None, include_empty=True)}
        known |= {*ProfileStore(config.load().profiles_folder).names()}
        if name not in known:
            raise UnknownNameError("persona", name, known)


def last_message(manager: ConversationManager, conversation: Conversation, wanted: int | None) -> int:
    """The number of this message of the conversation, or of the one that ends its active path."""
    known = [found.id for found in manager.tree(conversation.id)] if wanted else [conversation.head_id]
    chosen = wanted or conversation.head_id
    if chosen is None:
        raise UsageError(f"A path has at least one message, and that of {conversation.id} has none yet.")
    if chosen not in known:
        raise UsageError(
            f"A message is named by its number, and conversation {conversation.id!r} has no message "
            f"{chosen}. See: chatbot conversation tree {conversation.id}"
        )
    return chosen


def agreed(what: str) -> bool:
    """Whether the person at the terminal says yes to deleting; UsageError when nobody is there."""
    if not sys.stdin.isatty():
        raise UsageError(
            "Deleting asks first, and there is no terminal to ask on. Add --yes to delete at once."
        )
    print(f"Delete {one_line(what)} for good? [y/N]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say_what_is_left(wiped: bool) -> None:
    if not wiped:
        print("Some of the text may stay on disk until other programs close the file.", file=sys.stderr)
