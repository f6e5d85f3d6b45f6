"""`conversation drift` as people and programs see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from chatbot.config import MeasuresConfig
from chatbot.measures import drift
from chatbot.measures.drift import Rule, Series
from chatbot.terminal import counted, one_line
from storage import Conversation, Message


def of_path(path: Iterable[Message], settings: MeasuresConfig) -> Series:
    own = (m for m in path if drift.own(m.role, m.speaker))
    return drift.series(((m.id, m.generation) for m in own), Rule.of(settings))


def told(conversation: Conversation, found: Series, *, plain: bool) -> str:
    """The curve or its words, the figures, and a line for each reply."""
    who = one_line(f"{conversation.id} {conversation.profile_name}")
    if not found.points:
        return f"{who}: {drift.in_words(found)}."
    curve = "" if plain else f"{drift.sparkline(found.values, 60)}  "
    window, bound = found.rule.window, found.rule.threshold
    mean = sum(found.values) / len(found.values)
    past = "past" if found.past else "within"
    lines = [
        f"{who}, {counted(len(found.points), 'reply')}: {curve}{drift.in_words(found)}",
        f"Mean {mean:.2f}, of the last {window} {found.moving[-1]:.2f}, {past} the threshold of {bound:.2f}; "
        f"{found.slope:+.3f} with each reply. 0 is as asked, 1 the opposite.",
        "",
        *_table(found),
    ]
    return "\n".join(lines)


def as_fields(conversation: Conversation, found: Series) -> dict[str, Any]:
    return {
        "conversation_id": conversation.id,
        "profile_name": conversation.profile_name,
        **asdict(found.rule),
        "replies": [
            {
                "message_id": point.message_id,
                "drift": point.drift,
                "moving": mean,
                "distances": point.distances,
            }
            for point, mean in zip(found.points, found.moving, strict=True)
        ],
        "slope": found.slope,
        "attributes": found.attributes,
        "past": found.past,
        "words": drift.in_words(found),
    }


def _table(found: Series) -> list[str]:
    names = list(dict.fromkeys(name for point in found.points for name in point.distances))
    rows = [("ID", "DRIFT", *map(one_line, names))]
    for point in found.points:
        gaps = (f"{point.distances[name]:.2f}" if name in point.distances else "" for name in names)
        rows.append((str(point.message_id), f"{point.drift:.2f}", *gaps))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(map(str.rjust, row, widths)).rstrip() for row in rows]
