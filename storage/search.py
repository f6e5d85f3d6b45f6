"""Full-text search: a person's words into an FTS5 expression, and FTS5's answer into plain snippets.

What a person types is data. Every word becomes a quoted string of the query language, so that
no operator, column name or unbalanced quote in it can mean anything.
"""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from storage.models import UtcDateTime
from storage.records import Hit
from storage.values import one_line

_MAX_WORDS = 32  # a longer query is a pasted text; SQLite's parser has a limit too
_SNIPPET_WORDS = 16

_QUERY = text(
    """
    SELECT m.conversation_id, c.title, c.profile_name, m.id, m.role, m.created_at, found.snippet, found.score
    FROM (
        SELECT rowid, -bm25(message_search) AS score,
               snippet(message_search, 0, :opening, :closing, '…', :words) AS snippet
        FROM message_search WHERE message_search MATCH :expression ORDER BY rank LIMIT :limit
    ) AS found
    JOIN message AS m ON m.id = found.rowid
    JOIN conversation AS c ON c.id = m.conversation_id
    ORDER BY found.score DESC, m.id DESC
    """
).columns(created_at=UtcDateTime())


def expression(query: str) -> str:
    """All words must occur, the last one may be the beginning of a word; "" when there is no word at all."""
    words = [word for word in one_line(query).split() if any(map(str.isalnum, word))]
    quoted = ['"' + word.replace('"', '""') + '"' for word in dict.fromkeys(words)]
    return " AND ".join(quoted[:_MAX_WORDS]) + "*" if quoted else ""


def hits(session: Session, query: str, limit: int) -> list[Hit]:
    """The messages that contain the words, best first."""
    if not (match := expression(query)):
        return []
    mark = token_hex(8)  # unguessable, so that no message can contain the marks by itself
    opening, closing = f"<{mark}>", f"</{mark}>"
    rows = session.execute(
        _QUERY,
        {
            "expression": match,
            "limit": limit,
            "opening": opening,
            "closing": closing,
            "words": _SNIPPET_WORDS,
        },
    )
    return [_hit(row, opening, closing) for row in rows]


def _hit(row: Row[Any], opening: str, closing: str) -> Hit:
    snippet, marks = _unmarked(one_line(row.snippet), opening, closing)
    return Hit(
        conversation_id=row.conversation_id,
        title=row.title,
        profile_name=row.profile_name,
        message_id=row.id,
        role=row.role,
        snippet=snippet,
        marks=marks,
        score=row.score,
        created_at=row.created_at,
    )


def _unmarked(snippet: str, opening: str, closing: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The snippet without its marks, and where they were."""
    plain, marks = "", []
    for part in snippet.split(opening):
        inside, found, after = part.partition(closing)
        if found:
            marks.append((len(plain), len(plain) + len(inside)))
        plain += inside + after
    return plain, tuple(marks)
