"""Every action of the chat screen, once: keys, footer, help and command palette are made of this table.

The name of an action is also what `[tui] keys` in config.toml maps to another key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True)
class Action:
    name: str
    """The method `action_<name>` of the screen, and the name in `[tui] keys`."""
    keys: str
    """Default keys, comma separated."""
    title: str
    """As the palette and the help name it."""
    sentence: str
    label: str = ""
    """As the footer names it; empty keeps it out of the footer."""

    def binding(self) -> Binding:
        # priority: the input box has its own meaning for some of these keys (Ctrl+D, Ctrl+Y), and what
        # they do in a chat is worth more than a second way to delete and to redo.
        return Binding(
            self.keys,
            self.name,
            self.label or self.title,
            id=self.name,
            show=bool(self.label),
            priority=True,
            tooltip=self.sentence,
        )


ACTIONS = (
    Action(
        "stop", "escape", "Stop the reply", "Stop the reply that is coming; what was said is kept.", "Stop"
    ),
    Action(
        "regenerate",
        "ctrl+r",
        "Another reply",
        "Answer the same message again; the old reply stays.",
        "Again",
    ),
    Action("previous", "alt+up", "Previous alternative", "Go to the previous reply to the same message."),
    Action("next", "alt+down", "Next alternative", "Go to the next reply to the same message."),
    Action(
        "choose_before",
        "alt+left",
        "Choose the reply before",
        "Choose an earlier reply to copy or answer again.",
    ),
    Action("choose_after", "alt+right", "Choose the reply after", "Choose a later reply again."),
    Action(
        "dials", "ctrl+d", "Dials", "Set the persona's attributes: which aspect and how strongly.", "Dials"
    ),
    Action("new", "ctrl+n", "New conversation", "Begin a new conversation with the same persona.", "New"),
    Action("open", "ctrl+o", "Open a conversation", "Choose among the older conversations.", "Open"),
    Action("persona", "ctrl+t", "Change the persona", "Talk to somebody else in a new conversation."),
    Action("rename", "f4", "Rename the conversation", "Give this conversation another title."),
    Action("copy_reply", "ctrl+y", "Copy the reply", "Copy the chosen reply, or else the last one."),
    Action("panel", "f2", "Show or hide the dials", "Show or hide the panel of dials."),
    Action("measures", "f3", "Show or hide the measures", "Show or hide what was measured under each reply."),
    Action("load", "f5", "Load the model again", "Try again to load the model after it failed."),
    Action("help", "f1", "Help", "List the keys.", "Help"),
)


QUIT = Action("quit", "ctrl+q", "Quit", "Leave; everything is stored.", "Quit")
"""The one action that works on every screen."""

DEFAULT_KEYS = {action.name: action.keys for action in (*ACTIONS, QUIT)}

NAMES = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


def bindings(actions: Iterable[Action] = ACTIONS) -> list[Binding]:
    """The bindings of these actions."""
    return [action.binding() for action in actions]


def shared_keys(changed: Mapping[str, str]) -> dict[str, list[str]]:
    """Keys that more than one action would have if `changed` (action: keys) were laid over the default."""
    owners: dict[str, list[str]] = {}
    for name, keys in (DEFAULT_KEYS | dict(changed)).items():
        for key in keys.split(","):
            owners.setdefault(key.strip(), []).append(name)
    return {key: names for key, names in owners.items() if len(names) > 1}


def key_text(keys: str) -> str:
    """`ctrl+r,f5` as a person writes it: Ctrl+R or F5."""
    written = []
    for key in keys.split(","):
        parts = [NAMES.get(part, part.capitalize()) for part in key.strip().split("+")]
        written.append("+".join(parts))
    return " or ".join(written)
