"""Where a persona's conversations speak of a word: what a chat needs to come back to what was said before."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.search import expression

# FTS5 goes from the newest message to the oldest without sorting, and stops early: a frequent word costs no
# more than a rare one. CROSS JOIN keeps SQLite from starting at the conversations.
_MENTIONS = text(
    """
    SELECT m.id
    FROM (
        SELECT rowid FROM message_search WHERE message_search MATCH :word ORDER BY rowid DESC LIMIT :most
    ) AS found
    CROSS JOIN message AS m ON m.id = found.rowid
    CROSS JOIN conversation AS c ON c.id = m.conversation_id
    WHERE c.profile_name = :profile_name AND m.state = 'complete' AND NOT m.hidden
        AND (m.role = 'user' OR m.role = 'bot' AND m.parent_id IS NOT NULL)
    ORDER BY m.id DESC
    """
)


def mentions(session: Session, word: str, profile_name: str, most: int) -> list[int]:
    """The messages with the whole word in conversations with this persona, the newest first.

    Among the newest `most` messages with it, whoever was talked to. Not the persona's greetings, of which
    every conversation has its own copy.
    """
    if not (match := expression(word).removesuffix("*")):
        return []
    rows = session.execute(_MENTIONS, {"word": match, "profile_name": profile_name, "most": most})
    return list(rows.scalars())
