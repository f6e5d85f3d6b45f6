"""Letters that walk as in vim, and boxes in which they are letters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from chatbot.session import ChatSession
from chatbot.tui.pick_screen import PickScreen
from chatbot.tui.tree_screen import TreeScreen
from tui_scripted import WatchedApp, open_session, ready, say, until

SIZE = (100, 30)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ChatSession]:
    session, _ = open_session(tmp_path / "chat.db")
    yield session
    session.manager.close()


async def test_letters_walk_in_the_tree_and_at_the_rows_of_a_list(session: ChatSession) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "jug")
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, TreeScreen))
        tree = app.screen.query_one("#rows", OptionList)
        for key, place in (("g", 0), ("j", 1), ("l", 2), ("k", 1), ("h", 0), ("G", 2)):
            await pilot.press(key)
            await until(pilot, lambda place=place: tree.highlighted == place)
        await pilot.press("escape", "ctrl+n")
        await until(pilot, lambda: session.conversation is None)
        await say(pilot, "keg")
        await pilot.press("ctrl+o", "j")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        typed, found = app.screen.query_one(Input), app.screen.query_one("#rows", OptionList)
        await until(pilot, lambda: typed.value == "j" and found.option_count == 1)
        await pilot.press("backspace", "tab", "j")
        await until(pilot, lambda: found.highlighted == 1)
        assert typed.value == ""
        await pilot.press("/", "k")
        await until(pilot, lambda: typed.value == "k" and typed.has_focus)
        await pilot.press("backspace", "tab", "u", "g")
        await until(pilot, lambda: typed.value == "ug")


@pytest.mark.parametrize("vim", [False, True])
async def test_in_the_conversation_letters_are_typed_unless_the_setting_says_otherwise(
    session: ChatSession, vim: bool
) -> None:
    app = WatchedApp(session, vim_keys=vim)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        app.chat.conversation.focus()
        await pilot.press("k")
        if vim:
            await until(pilot, lambda: app.texts[1].startswith("› you"))
            await pilot.press("j", "x")
            await until(pilot, lambda: app.chat.composer.text == "x")
            await pilot.press("j")
            await until(pilot, lambda: app.chat.composer.text == "xj")
            await pilot.press("ctrl+o")
            await until(pilot, lambda: isinstance(app.screen, PickScreen))
            await pilot.press("k", "j", "o", "j")
            await until(pilot, lambda: app.screen.query_one(Input).value == "oj")
            await pilot.press("escape", "ctrl+s", *"keg")
            await until(pilot, lambda: app.screen.query_one(Input).value == "keg")
        else:
            await until(pilot, lambda: app.chat.composer.text == "k")
