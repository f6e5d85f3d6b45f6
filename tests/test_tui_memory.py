"""What the terminal interface says of memories, and replies side by side: keys in, what is stored out."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from chatbot.memory.memories import MemoryRules
from chatbot.session import ChatSession
from chatbot.tui.app import run_through
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.jump_screen import JumpScreen
from chatbot.tui.pick_screen import PickScreen
from chatbot.tui.sweep_screen import Columns, SweepScreen
from tui_scripted import ScriptedEngine, WatchedApp, deleted_elsewhere, open_session, ready, say, trace, until

Opened = tuple[WatchedApp, ChatSession]
SIZE = (100, 40)


class Comparing(ScriptedEngine):
    """Numbers its replies; while `held` is set it finds none."""

    def __init__(self) -> None:
        super().__init__()
        self.held = threading.Event()

    def replies(self, contexts: Any, targets: Any, sampling: Any, seeds: Any = None) -> list[Any]:
        while self.held.is_set():
            time.sleep(0.01)
        return [SimpleNamespace(text=f"[b]Reply {n}", trace=trace(t)) for n, t in enumerate(targets, 1)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    engine = Comparing()
    session, _ = open_session(tmp_path / "chat.db", engine=lambda: engine)
    session.memory = MemoryRules(notice=True, know=True)
    yield WatchedApp(session), session
    session.manager.close()


async def test_what_is_noticed_is_said_quietly_and_a_key_forgets_it(opened: Opened) -> None:
    app, session = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "My dog is called Rex.")
        assert "Remembered: your dog is called Rex. Alt+L forgets it." in app.notices
        await say(pilot, "I have a cat.")
        await say(pilot, "We don't have a cat!")
        await until(pilot, lambda: app.notices[-1] == "Forgotten: you have a cat.")
        await pilot.press("alt+l")
        await until(pilot, lambda: "Forgotten: your dog is called Rex." in app.notices)
        assert session.manager.memories() == []
        session.manager.remember("", "The user has a cat.", kind="note")
        await pilot.press("alt+l")
        await until(pilot, lambda: "gloomy-poet was told nothing of you." in app.notices)


async def test_ctrl_l_lists_what_is_known_and_enter_forgets_it(opened: Opened) -> None:
    app, session = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        note = app.screen.query_one("#dialog-note")
        await until(pilot, lambda: "gloomy-poet knows nothing of you yet." in str(note.render()))
        await pilot.press("escape")
        await say(pilot, "My dog is called Rex.")
        session.manager.remember("", "The user has a cat.", kind="note")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: len(rows(app)) == 2)
        today = f"{datetime.now():%Y-%m-%d}"
        assert rows(app) == [
            f"  you have a cat\n  {today} · every persona knows it",
            f"  your dog is called Rex\n  {today}",
        ]
        await pilot.press(*"rex", "enter")
        await until(pilot, lambda: "Forgotten: your dog is called Rex." in app.notices)
        await until(pilot, lambda: len(rows(app)) == 1)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert [memory.text for memory in session.manager.memories()] == ["The user has a cat."]


def rows(app: WatchedApp) -> list[str]:
    """What the open list shows."""
    if not isinstance(app.screen, PickScreen):
        return []
    return [str(option.prompt) for option in app.screen.query_one("#rows", OptionList).options]


async def ask(app: WatchedApp, pilot: Any, text: str) -> None:
    await pilot.press("alt+p")
    await until(pilot, lambda: isinstance(app.screen, AskScreen))
    app.screen.query_one(Input).value = text
    await pilot.press("enter")


async def test_f6_compares_strengths_and_a_digit_picks_one(opened: Opened) -> None:
    app, session = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "Hi")
        await ask(app, pilot, "attitude 0 50% 90%")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen))
        shown = "\n".join(str(part.render()) for part in app.screen.query(Static))
        assert "2  attitude 50%" in shown
        assert "[b]Reply 3" in shown
        await pilot.press("2")
        await until(pilot, lambda: not isinstance(app.screen, SweepScreen))
        await until(pilot, lambda: "[b]Reply 2" in app.texts[-1])
        assert session.messages()[-1].text == "[b]Reply 2"
        assert session.messages()[-1].sibling_count == 4


async def test_esc_leaves_the_reply_that_stood_there(opened: Opened) -> None:
    app, session = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "Hi")
        before = session.messages()[-1]
        await ask(app, pilot, "attitude 0 50% 90%")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen))
        assert session.messages()[-1].id == before.id, "who leaves now goes on from there"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, SweepScreen))
        await until(pilot, lambda: "‹ 1/4 ›" in app.texts[-1])
        assert session.messages()[-1].id == before.id


@pytest.mark.parametrize(
    ("size", "widths", "places"),
    [
        ((110, 30), [32] * 3, [0, 0, 0, 0]),
        ((80, 24), [24] * 3, [3, 3, 0, 0]),  # as many cells as the third lacks
        ((40, 16), [24] * 3, [24, 34, 24, 0]),
    ],
)
async def test_columns_share_the_width_and_arrows_go_by_a_column(
    opened: Opened, size: tuple[int, int], widths: list[int], places: list[int]
) -> None:
    app, _ = opened
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await say(pilot, "Hi")
        await ask(app, pilot, "attitude 0 50% 90%")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen))
        columns = app.screen.query_one(Columns)
        await until(pilot, lambda: [column.outer_size.width for column in columns.children] == widths)
        seen = []
        for key in ("right", "right", "left", "left"):
            await pilot.press(key)
            seen.append(columns.scroll_x)
        assert seen == places


async def test_other_keys_do_not_cut_a_comparison_short_nor_leave_the_conversation(opened: Opened) -> None:
    app, session = opened
    engine: Any = session.engine
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "Hi")
        here = session.conversation
        engine.held.set()
        try:
            await ask(app, pilot, "attitude 0 50% 90%")
            await until(pilot, lambda: "Finding 3 replies ..." in app.notices)
            await pilot.press("alt+j")
            await until(pilot, lambda: isinstance(app.screen, JumpScreen))
            await pilot.press("escape", "alt+k")
            await until(pilot, lambda: any("Wait a moment" in notice for notice in app.notices))
            assert session.conversation == here
        finally:
            engine.held.clear()
        await until(pilot, lambda: isinstance(app.screen, SweepScreen))
        await pilot.press("2")
        await until(pilot, lambda: "[b]Reply 2" in app.texts[-1])


async def test_who_leaves_does_not_wait_for_a_comparison(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, session = opened
    engine: Any = session.engine
    codes = list[int]()

    async def leave(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await say(pilot, "Hi")
        engine.held.set()
        await ask(app, pilot, "attitude 0 50% 90%")
        await until(pilot, lambda: "Finding 3 replies ..." in app.notices)
        await pilot.press("ctrl+q")

    monkeypatch.setattr(os, "_exit", codes.append)
    await run_through(app, headless=True, size=SIZE, auto_pilot=leave)
    engine.held.clear()
    assert codes == [0]


async def test_what_cannot_be_compared_is_told(opened: Opened) -> None:
    app, session = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "Hi")
        await ask(app, pilot, "attitude 7 8")
        await until(pilot, lambda: any("A strength is 0 (off)" in notice for notice in app.notices))
        assert app.screen.query_one(Input).value == "attitude 7 8"
        await pilot.press("escape")
        assert session.messages()[-1].sibling_count == 1
        deleted_elsewhere(session)
        await ask(app, pilot, "attitude 0 50%")
        await until(pilot, lambda: "nothing answers to" in app.notices[-1])
        assert app.is_running
