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
    UnknownMemoryError,
    UnknownMessageError,
)
from storage.foreign import Reading
from storage.markdown import to_markdown
from storage.own_json import from_json, to_json
from storage.records import Conversation, Hit, Memory, Message, Statistics
from storage.transfer import export_branches, export_file, import_file

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
    "Memory",
    "Message",
    "NewerDatabaseError",
    "ReadOnlyStorageError",
    "Reading",
    "RefusedValueError",
    "ReplacedStorageError",
    "Statistics",
    "StorageError",
    "UnknownConversationError",
    "UnknownMemoryError",
    "UnknownMessageError",
    "export_branches",
    "export_file",
    "from_json",
    "import_file",
    "to_json",
    "to_markdown",
]
