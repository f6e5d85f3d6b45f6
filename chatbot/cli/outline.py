"""Conversations in few words: the tree of one, its figures, single messages and bookmarks; text and JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from chatbot.cli.printing import as_json, cut, fitted
from chatbot.cli.transcript import fields_of, local_time, notes_of, speaker_in
from chatbot.terminal import clean, one_line
from storage import Conversation, Message, Statistics

FIRST_WORDS = 60  # cells of a message in a list


def tree(conversation: Conversation, messages: Sequence[Message]) -> str:
    """One line a message, an asterisk before those of the active path; branches only where paths part."""
    active = _active(conversation, messages)
    lines = [one_line(conversation.title) or "Untitled"]
    for message, drawn in _drawn(messages):
        marks = ", ".join(notes_of(message, places=False))
        speaker = speaker_in(conversation, message) + (f" ({marks})" if marks else "")
        place = f"{'*' if message.id in active else ' '} {drawn}{message.id}"
        lines.append(fitted(f"{place} {speaker}: {first_words(message)}"))
    return "\n".join(lines)


def tree_json(conversation: Conversation, messages: Sequence[Message]) -> str:
    active = _active(conversation, messages)
    rows = [fields_of(message) | {"active": message.id in active} for message in messages]
    return as_json({"conversation": fields_of(conversation), "messages": rows})


def _active(conversation: Conversation, messages: Sequence[Message]) -> set[int]:
    """The numbers of the messages on the active path."""
    parents = {message.id: message.parent_id for message in messages}
    found, end = set[int](), conversation.head_id
    while end is not None:
        found.add(end)
        end = parents[end]
    return found


def _drawn(messages: Sequence[Message]) -> Iterator[tuple[Message, str]]:
    """The messages from top to bottom, each with the lines before it. No recursion: a path may be long."""
    families: defaultdict[int | None, list[Message]] = defaultdict(list)
    for message in sorted(messages, key=lambda message: message.position):
        families[message.parent_id].append(message)

    def below(parent: int | None, drawn: str) -> list[tuple[Message, str, str]]:
        family = families[parent]
        if len(family) < 2:
            return [(message, drawn, drawn) for message in family]
        *others, last = family
        rows = [(message, f"{drawn}|-- ", f"{drawn}|   ") for message in others]
        return [*rows, (last, f"{drawn}`-- ", f"{drawn}    ")]

    waiting = below(None, "")[::-1]
    while waiting:
        message, before, after = waiting.pop()
        yield message, before
        waiting += below(message.id, after)[::-1]


def figures(statistics: Statistics) -> str:
    """One figure a line, then the messages with each persona."""
    rows: list[tuple[str, object]] = [
        ("conversations", statistics.conversations),
        ("messages", statistics.messages),
        ("of the user", statistics.user_messages),
        ("replies", statistics.replies),
        ("alternatives", statistics.alternatives),
        ("words of the user", statistics.user_words),
        ("words of replies", statistics.reply_words),
        ("tokens of replies", statistics.tokens),
        ("seconds for them", f"{statistics.seconds:.1f}"),
        ("first message", local_time(statistics.first) if statistics.first else "never"),
        ("last message", local_time(statistics.last) if statistics.last else "never"),
    ]
    rows += [(f"with {one_line(name)}", number) for name, number in statistics.by_profile.items()]
    return "\n".join(f"{value!s:>16}  {name}" for name, value in rows)


def figures_json(statistics: Statistics) -> str:
    times = {
        name: time.isoformat() if time else None
        for name, time in (("first", statistics.first), ("last", statistics.last))
    }
    return as_json(asdict(statistics) | times)


def message_sheet(message: Message, conversation: Conversation) -> str:
    """One message under its facts, every line of it indented."""
    facts = [
        f"message {message.id}",
        f"conversation {conversation.id} {one_line(conversation.title)}".rstrip(),
        local_time(message.created_at),
        *notes_of(message),
    ]
    lines = (f"  {line}".rstrip() for line in clean(message.text).split("\n"))
    speaker = speaker_in(conversation, message)
    return "\n".join(("\n".join(facts), "", speaker, *lines)).rstrip()


def message_list(messages: Sequence[Message], conversations: dict[str, Conversation]) -> str:
    """One line a message: its number, conversation, time, speaker and first words."""
    width = max((len(str(message.id)) for message in messages), default=0)
    lines = []
    for message in messages:
        speaker = speaker_in(conversations[message.conversation_id], message)
        place = f"{message.id:>{width}}  {message.conversation_id}  {local_time(message.created_at)}"
        lines.append(fitted(f"{place}  {speaker}: {first_words(message)}"))
    return "\n".join(lines)


def first_words(message: Message) -> str:
    return cut(one_line(message.text), FIRST_WORDS)
