"""Every action, once: keys, footer, help and command palette are made of this table.

The name of an action is also what `[tui] keys` in config.toml maps to another key. The default keys leave
those of text editing alone, but for Ctrl+D, whose work Delete does too; Alt+B and Alt+F are missing because
many terminals send them for a step by one word.
"""

from __future__ import annotations

import re
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
        # priority: what these keys do in a chat is worth more than what they do in the box with the focus.
        return Binding(
            self.keys,
            self.name,
            self.label or self.title,
            id=self.name,
            show=bool(self.label),
            priority=True,
            tooltip=self.sentence,
        )


REPLY = (
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
    Action("continue", "ctrl+g", "Go on", "Let the chosen reply go on, as an alternative of it."),
    Action("start_with", "alt+w", "Start the reply with", "Give the words that the next reply begins with."),
    Action("undo", "alt+z", "Take back", "Take your last message back into the box; nothing is deleted."),
    Action("editor", "alt+v", "Write in an editor", "Write the message in the program that $EDITOR names."),
    Action(
        "sweep", "alt+p", "Compare replies", "Reply at several strengths or as several personas; pick one."
    ),
    Action("memories", "ctrl+l", "What it knows of you", "List what is remembered of you; Enter forgets it."),
    Action("forget_last", "alt+l", "Forget the last memory", "Forget what was last remembered of you."),
    Action("impersonate", "alt+y", "Write my turn", "Let the model write your next message into the box."),
    Action(
        "off_record",
        "alt+r",
        "Off the record",
        "Keep the next message and its reply nowhere, or keep them after all.",
    ),
    Action(
        "narrate", "alt+i", "Insert narration", "Add what happens, said by nobody; no reply is asked for."
    ),
)

MESSAGE = (
    Action("choose_before", "alt+up", "Choose the message before", "Choose an earlier message."),
    Action("choose_after", "alt+down", "Choose the message after", "Choose a later message."),
    Action(
        "previous",
        "alt+left",
        "Previous alternative",
        "Go to the previous alternative of the chosen message.",
    ),
    Action("next", "alt+right", "Next alternative", "Go to the next alternative of the chosen message."),
    Action(
        "edit", "alt+e", "Edit the message", "Write an alternative of the chosen message; yours is answered."
    ),
    Action("copy", "alt+c", "Copy the message", "Copy the chosen message."),
    Action("bookmark", "alt+m", "Bookmark the message", "Set or take away a bookmark."),
    Action("next_bookmark", "alt+n", "Next bookmark", "Choose the next message with a bookmark."),
    Action(
        "hide", "alt+h", "Hide from the model", "Keep the chosen message from the model, or show it again."
    ),
    Action(
        "branch",
        "alt+g",
        "Go on from here",
        "End the path at the chosen message; the rest stays in the tree.",
    ),
    Action("fork", "alt+k", "Fork here", "Copy everything up to the chosen message into a new conversation."),
    Action("speaker", "f10", "Correct the speaker", "Say who really said the chosen message."),
    Action("delete_message", "alt+x", "Delete the message", "Delete the chosen message alone, for good."),
)

CONVERSATION = (
    Action("new", "ctrl+n", "New conversation", "Begin a new conversation with the same persona.", "New"),
    Action(
        "open",
        "ctrl+o",
        "Conversations",
        "Open, rename, archive, export or delete an older conversation.",
        "Open",
    ),
    Action("search", "ctrl+s", "Search", "Find words in everything that was ever said.", "Search"),
    Action("tree", "f8", "Tree of this conversation", "Show every path of this conversation, and go to one."),
    Action("persona", "ctrl+t", "Change the persona", "Talk to somebody else in a new conversation."),
    Action("rename", "f4", "Rename the conversation", "Give this conversation another title."),
    Action("archive", "alt+a", "Archive", "Put this conversation away from the list, or back into it."),
    Action("delete", "alt+d", "Delete the conversation", "Delete this conversation; it can be brought back."),
    Action("export", "f12", "Export the conversation", "Write this conversation to a file."),
    Action("statistics", "f9", "Statistics", "Count what was said here and in all conversations."),
    Action(
        "undelete", "alt+u", "Bring back", "Bring back the conversation that was deleted last, and open it."
    ),
    Action("new_tab", "alt+t", "New tab", "Begin a new conversation in a tab of its own."),
    Action("close_tab", "alt+q", "Close the tab", "Close this tab; its conversation is stored."),
    Action("previous_tab", "alt+pageup", "Previous tab", "Go to the tab on the left."),
    Action("next_tab", "alt+pagedown", "Next tab", "Go to the tab on the right."),
)

VIEW = (
    Action(
        "dials", "ctrl+d", "Dials", "Set the persona's attributes: which aspect and how strongly.", "Dials"
    ),
    Action(
        "settings",
        "alt+o",
        "Settings of this chat",
        "Set how words are drawn here, the preset, a note and the scenario.",
    ),
    Action("panel", "f2", "Show or hide the dials", "Show or hide the panel of dials."),
    Action("measures", "f3", "Show or hide the measures", "Show or hide what was measured under each reply."),
    Action(
        "compact", "alt+s", "Compact or roomy", "Leave out the blank lines, or put them back; remembered."
    ),
    Action("jump", "alt+j", "Jump", "Put a letter on everything that can be chosen, and go where you type."),
    Action("load", "f5", "Load the model again", "Try again to load the model after it failed."),
    Action("help", "f1", "Help", "List the keys.", "Help"),
)

ACTIONS = (*REPLY, *MESSAGE, *CONVERSATION, *VIEW)
"""Those of the chat."""

LIST_ACTIONS = (
    Action("list_rename", "f4", "Rename", "Give the conversation another title.", "Rename"),
    Action("list_archive", "alt+a", "Archive", "Put it away from the list, or back into it.", "Archive"),
    Action("list_archived", "alt+s", "Show the archive", "Show the archived ones too, or not.", "Archived"),
    Action("list_delete", "alt+x", "Delete", "Delete it; it can be brought back until you leave.", "Delete"),
    Action("list_undelete", "alt+u", "Bring back", "Bring back the one that was deleted last.", "Bring back"),
    Action("list_export", "f12", "Export", "Write it to a file.", "Export"),
    Action("list_statistics", "f9", "Statistics", "Count what was said in it.", "Count"),
)
"""Those of the list of conversations."""

QUIT = Action("quit", "ctrl+q", "Quit", "Leave; everything is stored.", "Quit")
"""The one action that works on every screen."""

DEFAULT_KEYS = {action.name: action.keys for action in (*ACTIONS, *LIST_ACTIONS, QUIT)}

LETTERS = {"j": "down", "k": "up", "h": "left", "l": "right", "g": "home", "G": "end"}
"""What letters do as in vim, where they are not typed."""

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


RESERVED = {"ctrl+p": "the list of commands", "enter": "sending", "tab": "going to the next part"}


def as_textual(keys: str) -> str:
    """Keys as people write them ("Ctrl+B", "alt-m") as Textual knows them; a letter alone keeps its case."""
    written = (re.sub(r"(?<=\w)-(?=\w)", "+", key.strip()) for key in keys.split(","))
    return ",".join(key if len(key) == 1 else key.lower() for key in written)


def shared_keys(changed: Mapping[str, str]) -> dict[str, list[str]]:
    """Keys that more than one action of a screen would have if `changed` (action: keys) were laid over the
    default."""
    shared = {}
    for screen in (ACTIONS, LIST_ACTIONS):
        owners = {key: [use] for key, use in RESERVED.items()} if screen is ACTIONS else {}
        for action in (*screen, QUIT):
            for key in changed.get(action.name, action.keys).split(","):
                owners.setdefault(key.strip(), []).append(action.name)
        shared |= {key: names for key, names in owners.items() if len(names) > 1}
    return shared


def key_text(keys: str) -> str:
    """`ctrl+r,f5` as a person writes it: Ctrl+R or F5."""
    written = []
    for key in keys.split(","):
        parts = [NAMES.get(part, part.capitalize()) for part in key.strip().split("+")]
        written.append("+".join(parts))
    return " or ".join(written)
