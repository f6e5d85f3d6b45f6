"""The chat screen: its actions come from one file for each thing that they act on.

chat_view.py            the widgets, and how they follow the session
drafts.py               what is written and not sent; replying.py: how it is sent, and the reply comes
message_actions.py      messages and replies
direction_actions.py    settings of this chat, the user's line, turns off the record
memory_actions.py       memories, and replies side by side
conversation_actions.py conversations and personas; tabs.py: several of them open at once
view_actions.py         the dials and the look
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from textual.app import SystemCommand
from textual.binding import Binding

from chatbot.session import ChatSession
from chatbot.tui.actions import ACTIONS, bindings
from chatbot.tui.conversation_actions import ConversationActions
from chatbot.tui.direction_actions import DirectionActions
from chatbot.tui.memory_actions import MemoryActions
from chatbot.tui.message_actions import MessageActions
from chatbot.tui.tabs import Tab
from chatbot.tui.view_actions import ViewActions
from profiles.store import ProfileStore


class ChatScreen(MessageActions, MemoryActions, DirectionActions, ConversationActions, ViewActions):
    """The chat with its actions; each has a line in actions.py."""

    BINDINGS = [*bindings(), Binding("escape", "write", "Back to the input box", show=False)]

    def __init__(
        self,
        session: ChatSession,
        profiles: ProfileStore | None = None,
        *,
        model: str,
        home: str = "",
        keys: Mapping[str, str] = MappingProxyType({}),
        blink: bool = True,
        compact: bool = False,
        emphasis: bool = True,
        restore: bool = False,
        asked: bool = False,
        remember: Callable[[str, str], object] = lambda name, value: None,
    ) -> None:
        """`restore` brings back the tabs of the last time, behind the session's own conversation where it was
        `asked` for; `remember` writes one of the person's settings: its name and its value as text."""
        super().__init__(session, model=model, home=home, keys=keys, blink=blink, emphasis=emphasis)
        self.restoring, self.asked = restore, asked
        self.profiles, self.remember = profiles, remember
        self.tabs = [Tab(None, session.profile, "")]
        self.set_class(compact, "-compact")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":  # otherwise Esc leads back to the input box
            return self.turn is not None
        return super().check_action(action, parameters)

    def commands(self) -> Iterator[SystemCommand]:
        """Every action, for the command palette."""
        for action in ACTIONS:
            if action.name != "stop" or self.turn:
                help_text = f"{action.sentence} · {self.key_of(action.name)}"
                yield SystemCommand(action.title, help_text, partial(self.run_action, action.name))
