"""Conversations as documents: what an export says, what a file holds, and a store that has read one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from storage import Conversation, ConversationManager, own_json, transfer
from storage.foreign import Reading


def to_json(manager: ConversationManager, conversation_id: str) -> dict[str, Any]:
    return json.loads(transfer.exported(manager, conversation_id, "json"))


def from_json(manager: ConversationManager, document: object) -> Conversation:
    return transfer.store(manager, own_json.read(json.dumps(document).encode())).conversation


def read_file(path: Path) -> Reading:
    return transfer.read(transfer.content(path), path.name)
