"""`profile infer`: from facts, a text or a conversation to a profile, printed or kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.cli import printing, stored
from chatbot.errors import UsageError
from chatbot.measures import infer
from chatbot.measures.infer import Line
from chatbot.terminal import one_line

if TYPE_CHECKING:
    from chatbot.config import Config


@dataclass(frozen=True)
class Source:
    facts: tuple[str, ...]
    text: Path | None
    conversation: str | None


def run(settings: Config, source: Source, name: str, *, save: bool, as_json: bool) -> str:
    """What was found and made of it, for standard output; warnings go to standard error."""
    from chatbot.cli import start
    from profiles import ProfileStore
    from profiles.names import checked_name

    store, name = ProfileStore(settings.profiles_folder), checked_name(name)
    if save:
        store.check_free(name)  # a name that cannot be need not wait for the model
    lines = list(_lines(settings, source))
    if not lines:
        raise infer.nothing()  # before the model is read
    findings = infer.read(start.load_engine(settings), lines)
    made, left = infer.profile(name, findings, source.facts)
    for sentence in left:
        print(one_line(sentence), file=sys.stderr)
    end = f"Add --save to keep it as {name}; --name gives it another name."
    if save:
        end = f"Saved {store.save(made)}\nTalk to it: chatbot chat --profile {made.name}"
    if as_json:
        print(end, file=sys.stderr)
        return printing.as_json(infer.as_fields(findings, made, len(lines)))
    return f"{infer.told(findings, len(lines))}\n{end}"


def _lines(settings: Config, source: Source) -> Iterator[Line]:
    if source.text is not None:
        yield from infer.from_text(_read(source.text))
    if source.conversation is not None:
        with stored.open_manager(settings) as manager:
            yield from infer.from_conversation(manager, source.conversation)
    yield from infer.from_facts(source.facts)  # the last: of many lines the first are not read


def _read(path: Path) -> str:
    from chatbot.config import expanded

    try:
        return sys.stdin.read() if str(path) == "-" else expanded(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}. Give another file.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"A text is UTF-8, and {path} is not: {error}. Give another file.") from error
