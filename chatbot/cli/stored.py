"""What the commands on stored conversations share: the store, known names, a question before deleting."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.errors import UnknownNameError, UsageError
from chatbot.terminal import one_line

if TYPE_CHECKING:
    from chatbot.config import Config
    from storage import Conversation, ConversationManager


def settings(flags: Mapping[str, Any] | None = None) -> Config:
    """The settings for what is stored: incognito is about chats to come, and hides nothing."""
    from chatbot import config

    return config.load({**(flags or {}), "chat.incognito": False})


def database() -> Path:
    """The file of the conversations, which need not exist."""
    place = settings().database
    assert place is not None  # it is None for incognito alone
    return place.absolute()


def open_manager(config: Config | None = None) -> ConversationManager:
    """The store, with the settings that were read already or those of `settings`."""
    from storage import ConversationManager

    return ConversationManager((config or settings()).database)


def persona_named(manager: ConversationManager, config: Config, name: str | None) -> str | None:
    """The name under which conversations with this persona or blend are stored, whatever the case of `name`;
    UnknownNameError when there is neither such a persona nor a conversation with it."""
    from profiles import ProfileStore, UnknownProfileError, find

    if name is None:
        return None
    known = {found.profile_name for found in manager.list(archived=None, include_empty=True)}
    if name in known:
        return name
    store = ProfileStore(config.profiles_folder)
    try:
        return find(store, name).name
    except UnknownProfileError:
        raise UnknownNameError("persona", name, known | {*store.names()}) from None


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


def can_answer() -> bool:
    """Whether there is somebody at the keyboard."""
    return sys.stdin.isatty()


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes to deleting; UsageError when nobody is there."""
    if not can_answer():
        raise UsageError(
            "Deleting asks first, and there is no terminal to ask on. Add --yes to delete at once."
        )
    print(f"{one_line(question)} [y/N]: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):  # Ctrl+D leaves the cursor behind the question
        print(file=sys.stderr)
    return answer.strip().lower() in ("y", "yes")


def say_what_is_left(manager: ConversationManager) -> None:
    """After a deletion: whether anything of it may still be read on the disk."""
    from storage import BYTES_LEFT

    if not manager.wiped:
        print(BYTES_LEFT, file=sys.stderr)
