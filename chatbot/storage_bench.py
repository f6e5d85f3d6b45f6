"""How long the terminal waits for the conversation store, in a database as large as a person may ever have.

The database is temporary and always the same: its words come from the lists below, each as often as a word of
its rank is in a language (Zipf), and its conversations are of very different lengths. Every question is put
several times to the same ConversationManager that the program uses.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from storage import Conversation, ConversationManager, Hit, Message

RULE_MS = 100.0  # what a person takes for at once
PROFILES = ("gloomy-poet", "stoic", "optimist", "engineer")
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)

_COMMON = """
    the to of I and a you in is it that my was for me on not so at with be we all this have what just but your
    like do no if when there are one out they get how about up now time then know here from he good some can
    or day she an go more too him her who think really why back had see them did work by would well as love
    very home never could night over still where right people after down little been two way first life only
    much will than other any come take house make say again old always feel because off their long last talk
    into water walk morning before hand year cold small light read write door sleep wait friend every maybe
"""
_STEMS = """
    rain lamp stone river paper window garden winter letter silver bridge candle mirror harbour shadow engine
    travel wonder answer butter carpet doctor farmer hammer island jacket kettle ladder market needle orange
    pepper quarrel ribbon saddle ticket umbrella valley whisper yellow zigzag anchor basket cactus dragon
    ember feather ginger helmet insect jungle kitchen lantern meadow nectar oyster pebble quiver rocket sailor
    temple
"""
_ENDINGS = "s ed ing er ers less like ly y ish ness ful ward able"
WORDS = (*_COMMON.split(), *(stem + ending for ending in ("", *_ENDINGS.split()) for stem in _STEMS.split()))


@dataclass(frozen=True)
class Wait:
    """How long one question took, in milliseconds over several times, and how many things it found."""

    name: str
    median_ms: float
    worst_ms: float
    found: int

    @property
    def at_once(self) -> bool:
        return self.median_ms <= RULE_MS


def run(*, messages: int = 100_000, conversations: int = 2_000, rounds: int = 7) -> Iterator[Wait]:
    """Build the database, then put each question `rounds` times after one time unmeasured."""
    with tempfile.TemporaryDirectory(prefix="chatbot-bench-") as folder:
        with ConversationManager(Path(folder) / "conversations.db") as manager:
            fill(manager, messages=messages, conversations=conversations)
        with ConversationManager(Path(folder) / "conversations.db") as manager:
            for name, question in questions(manager):
                yield _timed(name, question, rounds)


def fill(manager: ConversationManager, *, messages: int, conversations: int) -> None:
    """So many messages in so many conversations: the n-th longest has 1/sqrt(n) of the longest's length."""
    rng = random.Random(1)
    ranks = list(accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))
    shares = list(accumulate(1 / rank**0.5 for rank in range(1, conversations + 1)))
    ends = [round(messages * share / shares[-1]) for share in shares]
    sizes = [end - begun for begun, end in zip([0, *ends], ends, strict=False)]
    rng.shuffle(sizes)
    for number, size in enumerate(sizes):
        begun = _BEGUN + timedelta(hours=number)
        said = [
            _message(place, " ".join(rng.choices(WORDS, cum_weights=ranks, k=rng.randint(3, 40))), begun)
            for place in range(1, size + 1)
        ]
        manager.restore(_conversation(number, size, begun), said)


def _message(place: int, text: str, begun: datetime) -> Message:
    return Message(
        id=place,
        conversation_id="",
        parent_id=place - 1 or None,
        role="user" if place % 2 else "bot",
        text=text,
        state="complete",
        position=0,
        sibling_count=1,
        created_at=begun + timedelta(seconds=place),
        hidden=False,
        generation=None,
        visited=place,
    )


def _conversation(number: int, size: int, begun: datetime) -> Conversation:
    name = PROFILES[number % len(PROFILES)]
    return Conversation(
        id=f"{number:08}",
        title=f"Conversation {number}",
        profile_name=name,
        profile={"name": name},
        model="bench",
        head_id=size or None,
        created_at=begun,
        updated_at=begun + timedelta(seconds=size),
        message_count=size,
        visits=size,
    )


def questions(manager: ConversationManager) -> Iterator[tuple[str, Callable[[], Sequence[object]]]]:
    """What a person waits for, each under its name."""
    listed = sorted(manager.list(include_empty=True), key=lambda found: found.message_count)
    middle, longest = listed[len(listed) // 2], listed[-1]

    def search(query: str, profile: str | None = None, talk: str | None = None) -> Callable[[], list[Hit]]:
        return lambda: manager.search(query, profile_name=profile, conversation_id=talk)

    yield "open: the list of all conversations", manager.list
    yield f"switch: the path of one, {middle.message_count} messages", lambda: manager.path(middle.id)
    yield f"scroll: the path of the longest, {longest.message_count}", lambda: manager.path(longest.id)
    for kind, query in (
        ("a rare word", "whisperward "),
        ("a common word", "there "),
        ("two words", "lantern river "),
        ("two common words", "the of "),
        ("one letter", "t"),
        ("two letters", "th"),
        ("three letters", "lan"),
        ("a word and a letter", "water s"),
    ):
        yield f"search: {kind}", search(query)
    yield "search: one letter, one persona", search("t", profile=PROFILES[0])
    yield "search: one letter, one conversation", search("t", talk=longest.id)


def table(waits: Sequence[Wait]) -> str:
    """One line a question, its times beside the rule."""
    lines = ["MEDIAN ms  WORST ms  RULE ms  FOUND  WHAT"]
    for wait in waits:
        mark = "" if wait.at_once else "  (over the rule)"
        times = f"{wait.median_ms:9.1f}  {wait.worst_ms:8.1f}  {RULE_MS:7.0f}  {wait.found:5}"
        lines.append(f"{times}  {wait.name}{mark}")
    return "\n".join(lines)


def as_json(waits: Sequence[Wait]) -> str:
    rows = [asdict(wait) | {"rule_ms": RULE_MS, "at_once": wait.at_once} for wait in waits]
    return json.dumps(rows, indent=2)


def _timed(name: str, question: Callable[[], Sequence[object]], rounds: int) -> Wait:
    found = len(question())
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        question()
        times.append(1e3 * (time.perf_counter() - begun))
    return Wait(name, statistics.median(times), max(times), found)
