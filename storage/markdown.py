"""A conversation as Markdown, to be read by people. It is not read back."""

from __future__ import annotations

import re

from storage.branches import Tree
from storage.values import one_line

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def write(tree: Tree) -> str:
    """The active path for people to read. What was said is escaped: rendered, it reads as it was typed."""
    conversation, names = tree.conversation, tree.names
    begun = f"{conversation.created_at:%Y-%m-%d %H:%M} UTC"
    facts = f"with {conversation.profile_name}, model {conversation.model or 'unknown'}, {begun}"
    parts = [f"# {_escaped(one_line(conversation.title) or 'Untitled')}", f"*{_escaped(facts)}*"]
    for message in tree.path():
        notes = [] if message.state == "complete" else [message.state]
        notes += ["hidden from the model"] if message.hidden else []
        if (count := len(tree.family(message))) > 1:
            notes.append(f"alternative {tree.places[message.id] + 1} of {count}")
        name = f"**{_escaped(names.of(message))}**"
        parts.append(f"{name} *({', '.join(notes)})*" if notes else name)
        parts.append(_escaped(message.text))
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str) -> str:
    """Markdown that renders as exactly this text, line by line: no emphasis, link, list, heading or HTML."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n"))
    lines = [_line(line) for line in text.strip("\n").split("\n")]
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "\\\\\n", "\n".join(lines))  # a backslash keeps the line break


def _line(line: str) -> str:
    rest = line.strip()
    if not rest:
        return ""
    rest = re.sub(r"([\\`*_\[\]<>&|~$])", r"\\\1", rest)
    rest = re.sub(r"^([#+=-])", r"\\\1", rest)
    rest = re.sub(r"^(\d+)([.)])", r"\1\\\2", rest)
    return "&nbsp;" * (len(line) - len(line.lstrip())) + rest
