"""The settings of the chat that is open: how words are drawn, the preset, a note and the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatbot import config, config_file
from chatbot.session import ChatSession
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.dialog import Dialog
from chatbot.tui.edit_screen import EditScreen
from chatbot.tui.literal import FAINT, literal, one_line
from chatbot.tui.pick_screen import PickScreen, Row

WRITTEN = ("note", "scenario")
WHAT = {
    "preset": "A named group of the settings below it.",
    "note": "What the model is told last before the messages of this conversation.",
    "scenario": "Where this conversation takes place, in place of the persona's scenario.",
}
NO_PRESET = "none"


class SettingsScreen(Dialog[None]):
    """Changes the session at once. What was set here holds while this chat is open, in its tab; note and
    scenario are kept with the conversation."""

    BINDINGS = [
        Binding("escape", "dismiss", "Back"),
        Binding("delete,backspace", "take_back", "Take back"),
    ]

    def __init__(self, session: ChatSession) -> None:
        super().__init__(classes="dialog")
        self._session, self._what = session, WHAT | dict(sentences())

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("Settings of this chat", id="dialog-title", markup=False)
            yield OptionList(id="rows", compact=True, markup=False)
            yield Static(id="what", markup=False)
            note = "enter sets · delete takes back · esc back"
            yield Static(note, id="dialog-note", markup=False)

    def on_mount(self) -> None:
        self._rows.focus()
        self._show()
        self._rows.highlighted = 0

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#what", Static).update(literal(self._what.get(event.option_id or "", "")))

    @work(exclusive=True)
    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        name, session = event.option_id or "", self._session
        if name == "preset":
            rows = [
                Row(f"={name}", name, _listed(values), name == session.preset)
                for name, values in session.presets.items()
            ]
            rows.append(Row("", NO_PRESET, "", not session.preset))
            chosen = await self.app.push_screen_wait(PickScreen("Preset", rows, nothing="", enter="takes it"))
            if chosen is not None:
                self.tried(lambda: session.use_preset(chosen.removeprefix("=")))
        elif name in WRITTEN:
            await self.app.push_screen_wait(
                EditScreen(
                    self._what[name],
                    getattr(session, name),
                    note="keeps it",
                    empty=True,
                    check=lambda text: self._write(name, text),
                )
            )
        else:
            value = config_file.literal(session.sampling_values()[name][0])
            await self.app.push_screen_wait(
                AskScreen(
                    self._what.get(name, name), value, check=lambda text: session.set_sampling(name, text)
                )
            )
        self._show()

    def action_take_back(self) -> None:
        """What holds without what was set here."""
        option = self._rows.highlighted_option
        name = (option and option.id) or ""
        if name == "preset":
            self.tried(lambda: self._session.use_preset(""))
        elif name in WRITTEN:
            self.tried(lambda: self._write(name, ""))
        elif name:
            self.tried(lambda: self._session.reset_sampling(name))
        self._show()

    # --- parts

    @property
    def _rows(self) -> OptionList:
        return self.query_one("#rows", OptionList)

    def _show(self) -> None:
        place = self._rows.highlighted
        lines = list(self._lines())
        width = max(len(name) for name, _, _ in lines)
        self._rows.set_options(
            Option(
                Content.assemble(
                    (f"{name:<{width}}  ", FAINT),
                    literal(one_line(value)),
                    (f"  {whose}" if whose else "", FAINT),
                ),
                id=name,
            )
            for name, value, whose in lines
        )
        self._rows.highlighted = place

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        """(name, value, whose value it is), "" where nothing is said of that."""
        session = self._session
        yield "preset", session.preset or NO_PRESET, ""
        for name, (value, whose) in session.sampling_values().items():
            yield name, config_file.literal(value), "" if whose == "settings" else whose
        yield "note", session.note or "–", ""
        yield "scenario", session.scenario or "–", ""

    def _write(self, name: str, text: str) -> None:
        (self._session.set_note if name == "note" else self._session.set_scenario)(text)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {config_file.literal(value)}" for name, value in values.items())


def sentences() -> Iterator[tuple[str, str]]:
    """What each setting of [sampling] does, in the words of config.toml."""
    section, sentence = "", ""
    for line in config.shipped_path().read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("# "):
            sentence = line.removeprefix("# ")
        elif section == "sampling" and " = " in line:
            yield line.split(" = ")[0], sentence
