"""A reply's candidates: what was said, each also with its earlier ends, and what is measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.decoding.endings import earlier_endings
from chatbot.decoding.ranking import echo
from chatbot.decoding.reply import Start
from chatbot.decoding.saying import Saying
from chatbot.model.reading import Reader
from chatbot.model.text import Codec


@dataclass(frozen=True)
class Candidate:
    """What the row at a place has said: all of it, or what comes before an earlier end."""

    row: int
    text: str
    ids: Sequence[int]  # with [END] where it ended; without the opening
    finish: str
    cut: int = 0  # words left out behind the end


def whole(row: int, saying: Saying) -> Candidate:
    return Candidate(row, saying.text.strip(), saying.ids, saying.finish)


def earlier_ends(
    candidates: Sequence[Candidate], start: Start, codec: Codec, stops: Sequence[str] = ()
) -> list[Candidate]:
    """The candidates as they would be with an earlier end.

    Not where that brings a stop string into them, nor where the first word is one that the opening began.
    """
    opening = list(start.opening)
    found = []
    for one in candidates:
        for text in earlier_endings(one.text, start.prefix):
            ids = codec.encode(text)
            stopped = any(stop in text[len(start.prefix) :] for stop in stops)
            if ids[: len(opening)] == opening and not stopped:
                cut = len(one.text.split()) - len(text.split())
                found.append(Candidate(one.row, text, [*ids[len(opening) :], codec.end], "end", cut))
    return found


def measured(
    candidates: Sequence[Candidate], start: Start, reader: Reader, *, alone: bool
) -> list[dict[str, Any]]:
    """What a reply's trace says of each candidate; unless it is `alone`, also what speaks for it."""
    said = start.select([one.row for one in candidates])
    contexts, texts = [row.context for row in said.rows], [one.text for one in candidates]
    found: list[dict[str, Any]] = []
    reads = reader.measure(contexts, texts)
    for one, context, cue, read in zip(candidates, contexts, said.cues, reads, strict=True):
        figures = {"measured": read, "echo": echo(start.shunned[context], one.text)}
        figures |= {"tokens": len(one.ids), "finish": one.finish}
        figures |= {"asked_fact": cue.answered(one.text)} if cue else {}
        found.append(figures | ({"cut": one.cut} if one.cut else {}))
    if alone:
        return found
    likely = reader.likelihood(said.read, said.owner, said.z, [one.ids for one in candidates], start.opening)
    matches = reader.matches(contexts, texts)
    for i, figures in enumerate(found):
        figures |= {"likelihood": likely[i]} | ({"match": matches[i]} if matches else {})
    return found
