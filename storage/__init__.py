"""Conversations, kept in one SQLite file. The door is ConversationManager."""

from storage.conversations import HEAD, ConversationManager
from storage.errors import (
    AmbiguousConversationError,
    ClosedStorageError,
    CorruptStorageError,
    DiskFullError,
    LockedStorageError,
    NewerDatabaseError,
    ReadOnlyStorageError,
    RefusedValueError,
    ReplacedStorageError,
    StorageError,
    UnknownConversationError,
    UnknownMessageError,
)
from storage.records import Conversation, Hit, Message
from storage.transfer import export_file, from_json, to_json, to_markdown

__all__ = [
    "HEAD",
    "AmbiguousConversationError",
    "ClosedStorageError",
    "Conversation",
    "ConversationManager",
    "CorruptStorageError",
    "DiskFullError",
    "Hit",
    "LockedStorageError",
    "Message",
    "NewerDatabaseError",
    "ReadOnlyStorageError",
    "RefusedValueError",
    "ReplacedStorageError",
    "StorageError",
    "UnknownConversationError",
    "UnknownMessageError",
    "export_file",
    "from_json",
    "to_json",
    "to_markdown",
]
