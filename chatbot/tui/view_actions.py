"""What changes the look, and the dials; each action has a line in actions.py."""

from __future__ import annotations

from collections.abc import Callable

from textual import events, work
from textual.geometry import Region
from textual.widget import Widget

from chatbot.tui.actions import ACTIONS, LIST_ACTIONS, QUIT
from chatbot.tui.dials import DialPanel
from chatbot.tui.help_screen import HelpScreen, sections
from chatbot.tui.jump_screen import JumpScreen
from chatbot.tui.message_view import MessageView
from chatbot.tui.replying import Replying


class ViewActions(Replying):
    """The part of the chat screen that acts on its look."""

    remember: Callable[[str, str], object]

    async def on_dial_panel_turned(self, turned: DialPanel.Turned) -> None:
        session, name = self.session, turned.attribute
        with self.telling():
            if turned.target.weight == 0 and session.loaded and name not in session.attributes:
                session.clear_dial(name)  # the model does not have it: off is all it can be
            else:
                session.set_dial(name, turned.target)
                return
        await self.refresh_dials()

    def action_dials(self) -> None:
        if self.dials.has_focus:
            self.action_write()
        else:
            self._show_panel(True)
            self.call_after_refresh(self.dials.focus)

    def action_panel(self) -> None:
        self._show_panel(not self.dials.display)

    def _show_panel(self, shown: bool) -> None:
        if self.has_class("-narrow"):  # each by itself: a wide window has room for them all the time
            self.set_class(shown, "-panel")
        else:
            self.set_class(not shown, "-no-panel")
        if not shown:
            self.composer.focus()
            return
        self.app.stylesheet.update(self)  # not left to the next frame: a key may come before it
        if self._covered:
            self.set_focus(self.dials)

    @property
    def _covered(self) -> bool:
        """Whether the dials stand in the place of the talk and of the box (app.tcss: low and narrow)."""
        return not self.query_one("#talk").display

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What has the focus is seen: one does not write into a box that is covered."""
        if self._covered and event.widget is not self.dials:
            self._show_panel(False)

    def action_measures(self) -> None:
        self.conversation.measured = not self.conversation.measured
        self.refresh_figures()

    def action_compact(self) -> None:
        self.toggle_class("-compact")
        with self.telling():
            self.remember("tui.compact", "true" if self.has_class("-compact") else "false")

    @work(exclusive=True, group="ask")
    async def action_jump(self) -> None:
        seen = self.conversation.region
        views = [(view, view.region.intersection(seen)) for view in self.conversation.views]
        places: list[tuple[Widget, Region]] = [(view, region) for view, region in views if region]
        places += [(widget, widget.region) for widget in (self.composer, self.dials) if widget.region]
        target = await self.app.push_screen_wait(JumpScreen(places))
        if isinstance(target, MessageView):
            self.conversation.focus()
            self.conversation.pick(target.message.id)
        elif target is not None:
            target.focus()

    def action_write(self) -> None:
        if self.has_class("-narrow") and self.dials.display and not self.conversation.has_focus:
            self._show_panel(False)  # there it takes the room of the conversation
        self.conversation.pick(None)
        self.composer.focus()

    def action_load(self) -> None:
        if self.session.loaded:
            self.notify("The model is loaded already.", markup=False)
        else:
            self.start_loading()

    def action_help(self) -> None:
        # Each with its name, which is what `[tui] keys` in the settings goes by.
        rows = [(self.key_of(action.name), f"{action.sentence} ({action.name})") for action in ACTIONS]
        rows += [
            (self.key_of(QUIT.name), f"{QUIT.sentence} ({QUIT.name})"),
            ("Ctrl+P", "Every action by name."),
            ("j k h l g G", "As ↓ ↑ ← → Home End, where nothing is typed (vim_keys: here too)."),
            ("/", "From the rows of a list back to its filter; Tab goes to the rows."),
        ]
        listed = [(self.key_of(action.name), f"{action.sentence} ({action.name})") for action in LIST_ACTIONS]
        widgets = (self.composer, self.conversation, self.dials)
        self.app.push_screen(HelpScreen([*sections(self, widgets, rows), ("List of conversations", listed)]))
