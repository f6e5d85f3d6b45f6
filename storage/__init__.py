"""Conversations, kept in one SQLite file. The door is ConversationManager."""

from storage.backups import Restored, backup, rebuild_index, restore
from storage.checking import Report, check
from storage.conversations import BYTES_LEFT, HEAD, ConversationManager
from storage.errors import (
    AmbiguousConversationError,
    ClosedStorageError,
    CorruptStorageError,
    DatabaseInUseError,
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
    UnsoundBackupError,
)
from storage.foreign import Reading
from storage.records import Conversation, Hit, Memory, Message, Statistics, Tabs
from storage.transfer import export_branches, export_file

__all__ = [
    "BYTES_LEFT",
    "HEAD",
    "AmbiguousConversationError",
    "ClosedStorageError",
    "Conversation",
    "ConversationManager",
    "CorruptStorageError",
    "DatabaseInUseError",
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
    "Report",
    "Restored",
    "Statistics",
    "StorageError",
    "Tabs",
    "UnknownConversationError",
    "UnknownMemoryError",
    "UnknownMessageError",
    "UnsoundBackupError",
    "backup",
    "check",
    "export_branches",
    "export_file",
    "rebuild_index",
    "restore",
]
