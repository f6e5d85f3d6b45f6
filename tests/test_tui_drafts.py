"""What comes back after a restart: what was written and not sent, and the tabs that were open."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatbot.session import ChatSession
from chatbot.tui import drafts
from chatbot.tui.conversation import ConversationView
from chatbot.tui.tab_line import TabLabel
from storage import ConversationManager, database
from tui_scripted import POET, WatchedApp, open_session, ready, say, until

SIZE = (100, 30)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "PAUSE", 0.01)


def unsent(session: ChatSession) -> list[str]:
    """What storage has for conversations that have not begun."""
    return [session.manager.draft(number) for number in session.manager.waiting()]


def tabs(app: WatchedApp) -> list[str]:
    return [str(label.render()) for label in app.chat.query(TabLabel)]


async def test_what_was_not_sent_comes_back_with_its_conversation(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    session, _ = open_session(path)
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press(*"hel")
        await until(pilot, lambda: unsent(session) == ["hel"])
        await pilot.press(*"lo", "enter", *"and")
        await until(pilot, lambda: app.chat.turn is None and session.conversation is not None)
        await until(pilot, lambda: session.manager.draft(session.manager.get("last").id) == "and")
        assert unsent(session) == [], "it was sent"
        await pilot.press("ctrl+n")
        await until(pilot, lambda: session.conversation is None)
        assert app.chat.composer.text == ""
        await pilot.press(*"new", "ctrl+q")
    session.manager.close()

    session, _ = open_session(path)
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        assert app.chat.composer.text == "new"
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.screen is not app.chat)
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.composer.text == "and")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.chat.composer.text == "new")
    session.manager.close()


async def test_the_box_turns_with_the_conversation_before_the_screen_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    drawn = asyncio.Event()
    show = ConversationView.show

    async def slow(view: ConversationView, *arguments: Any, **named: Any) -> None:
        await drawn.wait()
        await show(view, *arguments, **named)

    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        first = session.conversation
        await pilot.press(*"for the first")
        monkeypatch.setattr(ConversationView, "show", slow)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: session.conversation is None)
        assert app.chat.composer.text == "", "so that Enter sends nothing into another conversation"
        await pilot.press("n", "e", "w")
        drawn.set()
        await until(pilot, lambda: len(app.texts) == 1)
        assert app.chat.composer.text == "new"
        assert first is not None
        assert session.manager.draft(first.id) == "for the first"
    session.manager.close()


async def test_what_is_off_the_record_is_no_draft_and_a_bookmark_leaves_the_box_alone(
    tmp_path: Path,
) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press(*"secret")
        await until(pilot, lambda: unsent(session) == ["secret"])
        await pilot.press("alt+r", *"ly")
        await until(pilot, lambda: unsent(session) == [])
        await pilot.press("alt+r")
        await until(pilot, lambda: unsent(session) == ["secretly"])
        await pilot.press("alt+m")  # which stores the greeting, and so begins the conversation
        await until(pilot, lambda: session.conversation is not None and app.screen is app.chat)
        await until(pilot, lambda: session.manager.draft(session.manager.get("last").id) == "secretly")
        assert app.chat.composer.text == "secretly"
        assert unsent(session) == []
    session.manager.close()


async def test_tabs_come_back_where_the_setting_says_so(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    session, _ = open_session(path)
    app = WatchedApp(session, restore_tabs=True)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        assert tabs(app) == [], "the first time there is nothing to bring back"
        for number, text in enumerate(("one", "two", "three")):
            await say(pilot, text)
            if text != "three":
                await pilot.press("alt+t")
                await until(pilot, lambda number=number: len(tabs(app)) == number + 2)
        await pilot.press("alt+pageup")
        await until(pilot, lambda: tabs(app) == ["  1 one", "● 2 two", "  3 three"])
        await pilot.press(*"half", "ctrl+q")
    session.manager.close()

    other = POET.changed(greeting="Somebody else.")
    for options, expected in (
        ({"restore_tabs": True}, ["  1 one", "● 2 two", "  3 three"]),
        ({"restore_tabs": True, "asked": True}, ["  1 one", "  2 two", "  3 three", "● 4 gloomy-poet"]),
        ({}, []),
    ):
        session, _ = open_session(path, profile=other)
        app = WatchedApp(session, **options)
        async with app.run_test(size=SIZE) as pilot:
            await ready(pilot)
            await until(pilot, lambda app=app, expected=expected: tabs(app) == expected)
            begun = session.conversation is not None
            assert begun == (expected[1:2] == ["● 2 two"])
            assert app.chat.composer.text == ("half" if begun else "")
            assert ("Somebody else." in app.texts[0]) != begun
        session.manager.close()


async def test_what_is_resumed_is_gone_to_among_the_tabs(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    manager = session.manager
    ids = []
    for text in ("one", "two"):
        row = manager.create(profile_name=POET.name, profile=POET.model_dump(mode="json"), model="")
        manager.add_message(row.id, role="user", text=text)
        ids.append(row.id)
    manager.save_tabs(ids, ids[1])
    session.resume(ids[0])
    app = WatchedApp(session, restore_tabs=True)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await until(pilot, lambda: tabs(app) == ["● 1 one", "  2 two"])
        await pilot.press("alt+q")
        await until(pilot, lambda: manager.tabs().conversations == (ids[1],))
    session.manager.close()


async def test_what_is_written_in_two_tabs_that_have_not_begun_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    session, _ = open_session(path)
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press(*"one", "alt+t")
        await until(pilot, lambda: len(tabs(app)) == 2 and app.chat.composer.text == "")
        await pilot.press(*"two", "alt+pageup")
        await until(pilot, lambda: app.chat.composer.text == "one")
        await pilot.press("alt+pagedown")
        await until(pilot, lambda: app.chat.composer.text == "two")
        await pilot.press("alt+t")
        await until(pilot, lambda: len(tabs(app)) == 3)
        assert app.chat.composer.text == "", "it belongs to the tab in which it was written"
        await pilot.press("ctrl+q")
    session.manager.close()

    session, _ = open_session(path)
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        assert app.chat.composer.text == "one"
        await pilot.press("alt+pagedown")
        await until(pilot, lambda: app.chat.composer.text == "two")
        await say(pilot, "sent")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: session.conversation is None)
        assert app.chat.composer.text == "", "what waits is shown in the other tab"
        await pilot.press("ctrl+q")
    assert unsent(session) == ["one"], "what was sent is of another tab"
    session.manager.close()


async def test_what_another_program_that_runs_has_not_sent_is_not_shown(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    with ConversationManager(tmp_path / "chat.db") as other:
        other.save_draft(1, "theirs")
        async with app.run_test(size=SIZE) as pilot:
            await ready(pilot)
            await pilot.press(*"ours")
            await until(pilot, lambda: unsent(session) == ["theirs", "ours"])
    session.manager.close()


async def test_a_new_tab_beside_a_resumed_conversation_shows_what_was_not_sent(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    row = session.manager.create(profile_name=POET.name, profile=POET.model_dump(mode="json"), model="")
    session.manager.add_message(row.id, role="user", text="one")
    session.manager.save_draft(1, "later")
    session.resume(row.id)
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+t")
        await until(pilot, lambda: len(tabs(app)) == 2)
        await until(pilot, lambda: app.chat.composer.text == "later")
        await pilot.press("ctrl+q")
    assert unsent(session) == ["later"]
    session.manager.close()


async def test_a_draft_whose_conversation_is_deleted_elsewhere_is_told_once_and_stays_in_the_box(
    tmp_path: Path,
) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        session.manager.save_draft(1, "later")
        conversation = session.manager.get("last")
        await pilot.press(*"half")
        await until(pilot, lambda: session.manager.draft(conversation.id) == "half")
        session.manager.delete(conversation.id)  # as another instance does
        for letter in " of it":
            await pilot.press("space" if letter == " " else letter)
            await pilot.pause(0.05)
        await until(pilot, lambda: app.notices)
        assert app.notices == [
            "This conversation was deleted elsewhere. What you write stays in the box: "
            "Ctrl+N begins another conversation with it."
        ]
        await app.chat.refresh_all()
        assert app.chat.composer.text == "half of it"
        told = len(app.notices)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: session.conversation is None)
        await until(pilot, lambda: unsent(session) == ["later", "half of it"])
        assert app.chat.composer.text == "half of it"
        assert len(app.notices) == told
    session.manager.close()


@pytest.mark.parametrize("key", ["ctrl+n", "alt+t", "ctrl+q"])
async def test_a_draft_that_was_written_down_before_its_conversation_went_stays_too(
    tmp_path: Path, key: str
) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        conversation = session.manager.get("last")
        await pilot.press(*"half")
        await until(pilot, lambda: session.manager.draft(conversation.id) == "half")
        session.manager.delete(conversation.id)
        await pilot.press(key)
        await until(pilot, lambda: unsent(session) == ["half"])
        assert key == "ctrl+q" or app.chat.composer.text == "half"
        assert sum("deleted elsewhere" in notice for notice in app.notices) == 1
    session.manager.close()


async def test_what_is_off_the_record_does_not_leave_a_conversation_that_was_deleted_elsewhere(
    tmp_path: Path,
) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press(*"half")
        conversation = session.manager.get("last")
        await until(pilot, lambda: session.manager.draft(conversation.id) == "half")
        session.manager.delete(conversation.id)
        await pilot.press("alt+r", *"secret")
        await until(pilot, lambda: app.notices)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: session.conversation is None)
        assert app.chat.composer.text == ""
        assert len(app.notices) == 1
    session.manager.close()


async def test_a_draft_that_cannot_be_written_down_stays_in_the_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 100)
    path = tmp_path / "chat.db"
    session, _ = open_session(path)
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await until(pilot, lambda: len(app.texts) == 3 and app.chat.turn is None)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await pilot.press(*"late")
            await pilot.pause(0.2)
            assert not app.notices, "it is tried again"
            await pilot.press("ctrl+n")
            await until(pilot, lambda: app.notices and session.conversation is None)
            assert app.chat.composer.text == "late"
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code is not None)
    assert unsent(session) == ["late"]
    session.manager.close()
