"""Full-text search: a person's words into an FTS5 expression, and FTS5's answer into plain snippets.

What a person types is data. Every word becomes a quoted string of the query language, so that
no operator, column name or unbalanced quote in it can mean anything.
"""

from __future__ import annotations

import re
from secrets import token_hex
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from storage import queries
from storage.models import UtcDateTime
from storage.records import Hit
from storage.values import one_line

_MAX_WORDS = 32  # a longer query is a pasted text; SQLite's parser has a limit too
_SNIPPET_WORDS = 16

# Ranking reads every match, and nearly every message has a word that begins with "t": where more than
# _CANDIDATES match, the newest of them are ranked. FTS5 goes from the newest to the oldest without sorting,
# so the one at which to stop is cheap to find. Snippets are made in a second pass, of what is shown alone.
# A plus keeps SQLite from putting the whole question again for every single message.
_CANDIDATES = 2_000
_MATCH = "message_search MATCH :expression"
_QUERY = """
    WITH best AS MATERIALIZED (
        SELECT rowid AS id, bm25(message_search) AS rank
        FROM message_search
        WHERE {match} AND rowid >= coalesce(
            (SELECT rowid FROM message_search WHERE {match} ORDER BY rowid DESC LIMIT 1 OFFSET :candidates), 0
        )
        ORDER BY rank, rowid DESC LIMIT :limit
    )
    SELECT m.conversation_id, c.title, c.profile_name, m.id, m.role, m.speaker, m.created_at,
           -best.rank AS score, snippet(message_search, 0, :opening, :closing, '…', :words) AS snippet
    FROM message_search AS found
    CROSS JOIN best ON best.id = +found.rowid
    CROSS JOIN message AS m ON m.id = best.id
    CROSS JOIN conversation AS c ON c.id = m.conversation_id
    WHERE found.message_search MATCH :expression AND +found.rowid IN (SELECT id FROM best)
        AND found.rowid >= (SELECT min(id) FROM best) AND found.rowid <= (SELECT max(id) FROM best)
    ORDER BY best.rank, best.id DESC
"""
# Scripts without spaces, Thai to Chinese: FTS5 takes a phrase for a word, so the texts themselves are read.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_SCAN = """
    SELECT conversation_id, title, profile_name, m.id, role, speaker, m.created_at, 0.0 AS score,
           replace(substr(text, max(1, instr(text, :word) - 20), 60), :word, :opening || :word || :closing)
               AS snippet
    FROM message AS m JOIN conversation AS c ON c.id = conversation_id
    WHERE m.id IN (SELECT id FROM message WHERE {match} ORDER BY id DESC LIMIT :limit)
    ORDER BY m.id DESC
"""
_OF_CONVERSATION = "+rowid IN (SELECT id FROM message WHERE conversation_id = :conversation_id)"
_OF_PROFILE = """+rowid IN (
    SELECT id FROM message
    WHERE conversation_id IN (SELECT id FROM conversation WHERE profile_name = :profile_name)
)"""


def expression(query: str) -> str:
    """All words must occur, the last one may be the beginning of a word; "" when there is no word at all."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in _words(query)]
    return " AND ".join(quoted) + "*" if quoted else ""


def _words(query: str) -> list[str]:
    words = [word for word in one_line(query).split() if any(map(str.isalnum, word))]
    return list(dict.fromkeys(words))[:_MAX_WORDS]


def hits(
    session: Session,
    query: str,
    limit: int,
    profile_name: str | None = None,
    conversation_id: str | None = None,
) -> list[Hit]:
    """The messages that contain the words, best first: of all, or of one persona or conversation."""
    if not (match := expression(query)):
        return []
    conditions, chosen, asked = [_MATCH], {}, _QUERY
    words = _words(query)
    if unspaced := list(filter(_UNSPACED.search, words)):
        asked, chosen = _SCAN, {str(place): word.lower() for place, word in enumerate(words)}
        conditions = [f"instr(lower(text), :{place})" for place in chosen]
        chosen["word"] = unspaced[0]
    if profile_name is not None:
        conditions.append(_OF_PROFILE)
        chosen["profile_name"] = profile_name
    if conversation_id is not None:
        queries.conversation_row(session, conversation_id)
        conditions.append(_OF_CONVERSATION)
        chosen["conversation_id"] = conversation_id
    mark = token_hex(8)  # unguessable, so that no message can contain the marks by itself
    opening, closing = f"<{mark}>", f"</{mark}>"
    question = text(asked.format(match=" AND ".join(conditions))).columns(created_at=UtcDateTime())
    rows = session.execute(
        question,
        {
            "expression": match,
            "candidates": _CANDIDATES,
            "limit": limit,
            "opening": opening,
            "closing": closing,
            "words": _SNIPPET_WORDS,
            **chosen,
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
        speaker=row.speaker,
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
