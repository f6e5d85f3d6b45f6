"""Conversations as JSON documents: what an export says, and a store that has read one."""

from __future__ import annotations

import json
from typing import Any

from storage import Conversation, ConversationManager, own_json, transfer


def to_json(manager: ConversationManager, conversation_id: str) -> dict[str, Any]:
    return json.loads(transfer.exported(manager, conversation_id, "json"))


def from_json(manager: ConversationManager, document: object) -> Conversation:
    return transfer.store(manager, own_json.read(json.dumps(document).encode())).conversation
