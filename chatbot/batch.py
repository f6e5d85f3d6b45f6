"""Replies to many contexts from a file of JSON lines, for evaluation and for programs that build on this.

Input, one object a line ("turns" ends with the user's; the rest may be left out):
    {"id": "a", "profile": "gloomy-poet", "facts": ["..."], "turns": ["..."], "attributes": {"mind": "..."}}
Output, in the order of the input:
    {"id": "a", "reply": "...", "trace": {...}}

Facts and attributes of a line come on top of its profile's ("off" takes one away), whose own [sampling]
holds for it, and whose [arc] is where the line's turns have come to. With a seed, line n of the file draws
from seed + n: its reply does not depend on the batch size nor on what stands in other lines.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from chatbot import persona
from chatbot.arc import arced
from chatbot.conversing import LONGEST_MESSAGE
from chatbot.errors import ChatbotError, UnknownNameError, UsageError, near_names, suggestion
from chatbot.model.text import Context
from chatbot.tuning import of_persona, put_over
from profiles import Profile, ProfileError, ProfileStore, Target, find
from profiles.names import shortened
from storage.strict_json import parsed

if TYPE_CHECKING:
    from chatbot.decoding.reply import Reply
    from chatbot.decoding.sampling import Sampling
    from chatbot.engine import GenerationEngine

STANDARD = Path("-")  # standard input or output, by its place
KEYS = ("id", "profile", "facts", "turns", "attributes")


@dataclass(frozen=True)
class Request:
    """One line of the input, understood."""

    line: int  # from 1
    id: Any
    context: Context
    targets: dict[str, Target]
    rules: Mapping[str, Any] = field(default_factory=dict)  # how its persona's words are drawn


@dataclass(frozen=True)
class BadLine:
    line: int
    reason: str


class LineError(UsageError):
    """A line of the input is not a request."""


def read(
    text: bytes,
    profiles: ProfileStore,
    engine: GenerationEngine,
    user_name: str = "",
    chance: str = persona.RUN,
) -> tuple[list[Request], list[BadLine]]:
    """The requests of a text, and the lines that are none. Blank lines are passed over."""
    requests: list[Request] = []
    bad: list[BadLine] = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            request = _request(number, line, profiles, user_name, chance)
            engine.check(request.targets)
            requests.append(request)
        except (ChatbotError, ProfileError) as error:
            bad.append(BadLine(number, str(error)))
    return requests, bad


def replies(
    requests: Sequence[Request],
    engine: GenerationEngine,
    sampling: Sampling,
    batch_size: int,
    chosen: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Request, Reply | BadLine]]:
    """The reply to each request, in order; a batch that fails is tried again request by request.

    `chosen` are settings of [sampling] that hold for all, whoever speaks.
    """
    chosen = chosen or {}
    for start in range(0, len(requests), batch_size):
        batch = requests[start : start + batch_size]
        try:
            yield from zip(batch, _together(batch, engine, sampling, chosen), strict=True)
        except (ChatbotError, RuntimeError, MemoryError):
            for request in batch:
                try:
                    yield request, _together([request], engine, sampling, chosen)[0]
                except (ChatbotError, RuntimeError, MemoryError) as error:
                    yield request, BadLine(request.line, str(error) or type(error).__name__)


def run(
    source: Path,
    output: Path,
    *,
    engine: Callable[[], GenerationEngine],
    profiles: ProfileStore,
    sampling: Sampling,
    chosen: Mapping[str, Any] | None = None,
    batch_size: int = 16,
    user_name: str = "",
    bad_line: Callable[[BadLine], None],
    begin: Callable[[int], Callable[[int], None]] = lambda total: lambda done: None,
) -> bool:
    """Reply to every line; True when all of them had a reply. An `output` of "-" is standard output.

    UsageError for an output file that is not empty, or for a `source` that cannot be read, comes before the
    `engine` is loaded, which an empty `source` does not need. `bad_line` hears of each line without a reply.
    `begin` is told how many replies there will be and gives a function that hears of each. What is finished
    is in the file at any time.
    """
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(f"The output must be another file than the input; both are {source}. Name another.")
    if output != STANDARD and output.is_file() and output.stat().st_size:
        raise UsageError(
            f"A batch writes a new file, and {output} is not empty. Name another, or - to print the replies."
        )
    text = _given(source)
    if not text.strip():
        begin(0)
        if output != STANDARD:
            output.touch()
        return True
    model = engine()
    requests, bad = read(text, profiles, model, user_name, persona.chance_of(sampling.seed))
    for line in bad:
        bad_line(line)
    advance = begin(len(requests))
    # It is appended to, so that what came into it since the check stays too.
    with nullcontext(sys.stdout.buffer) if output == STANDARD else output.open("ab", buffering=0) as file:
        for request, reply in replies(requests, model, sampling, batch_size, chosen):
            if isinstance(reply, BadLine):
                bad.append(reply)
                bad_line(reply)
            else:
                row = {"id": request.id, "reply": reply.text, "trace": reply.trace}
                written = f"{json.dumps(row, ensure_ascii=False)}\n"
                _append(file, written.encode(errors="backslashreplace"))  # half a surrogate pair in an id
            advance(1)
    return not bad


def _given(source: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == STANDARD else source.read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}. Give another file.") from error


def _append(file: BinaryIO, line: bytes) -> None:
    """Write the whole line, or none of it; the error names the file."""
    done = 0
    try:
        while done < len(line):
            done += file.write(line[done:])
        file.flush()
    except OSError as error:
        with suppress(OSError):  # a pipe
            file.truncate(file.tell() - done)
        error.filename = file.name
        raise


def _together(
    batch: Sequence[Request], engine: GenerationEngine, sampling: Sampling, chosen: Mapping[str, Any]
) -> list[Reply]:
    """The replies in order; requests whose words are drawn by the same rules are found together."""
    groups: defaultdict[Sampling, list[Request]] = defaultdict(list)
    for request in batch:
        groups[put_over(sampling, request.rules, chosen)].append(request)
    found: dict[int, Reply] = {}
    for rules, group in groups.items():
        seeds = None if rules.seed < 0 else [rules.seed + request.line for request in group]
        contexts, targets = [request.context for request in group], [request.targets for request in group]
        lines = [request.line for request in group]
        found |= zip(lines, engine.replies(contexts, targets, rules, seeds), strict=True)
    return [found[request.line] for request in batch]


def _request(number: int, line: bytes, profiles: ProfileStore, user_name: str, chance: str) -> Request:
    try:
        data = parsed(line.decode("utf-8-sig"))
    except ValueError as error:
        raise LineError(f"A line is one JSON object: {error}.") from error
    if not isinstance(data, dict):
        raise LineError(f"A line is one JSON object, not {shortened(data)}.")
    for key in data:
        if key not in KEYS:
            raise LineError(f"A line has no key {key!r}.{suggestion(key, KEYS)}")
    turns = _texts("turns", data.get("turns"))
    if not turns:
        raise LineError('"turns" needs at least one text; the last one is what is replied to.')
    attributes = data.get("attributes", {})
    if not isinstance(attributes, dict):
        raise LineError(
            f'"attributes" is an object such as {{"mind": "critical"}}, not {shortened(attributes)}.'
        )
    targets = given = {name: Target.typed(value) for name, value in attributes.items() if value != "off"}
    facts, rules = _texts("facts", data.get("facts", [])), {}
    if data.get("profile") is not None:
        profile = _profile(data["profile"], profiles)
        facts = [*persona.facts(profile, user_name, chance), *facts]
        turn = (len(turns) + 1) // 2  # every second text is the user's, and so is the last
        targets = {**arced(profile.attributes, profile.arc, turn), **targets}
        rules = of_persona(profile)
    for name in attributes.keys() - given:
        if targets.pop(name, None) is None and near_names(name, targets):
            raise UnknownNameError("dial called", name, targets)
    return Request(number, data.get("id", number), Context.of(facts, turns), targets, rules)


def _profile(name: object, profiles: ProfileStore) -> Profile:
    if not isinstance(name, str):
        raise LineError(f'"profile" is a name, not {shortened(name)}.')
    return find(profiles, name)


def _texts(key: str, value: object) -> list[str]:
    if not isinstance(value, list):
        raise LineError(f'"{key}" is a list of texts, not {shortened(value)}.')
    for text in value:
        if not isinstance(text, str) or not text.strip():
            raise LineError(f'"{key}" holds texts that are not blank, not {shortened(text)}.')
        if len(text) > LONGEST_MESSAGE:
            raise LineError(
                f'"{key}" holds texts of up to {LONGEST_MESSAGE:,} characters, not {len(text):,}.'
            )
    return value
