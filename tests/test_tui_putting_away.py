"""Archiving and deleting the conversation that is open, and a blend in place of a persona."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input, OptionList

from chatbot.tui.confirm_screen import ConfirmScreen
from chatbot.tui.conversations_screen import ConversationsScreen
from chatbot.tui.persona_screen import PersonaScreen
from chatbot.tui.tab_line import TabLabel
from profiles.profile import Profile
from profiles.store import ProfileStore
from storage import ConversationManager
from tui_scripted import POET, Opened, WatchedApp, half_said, open_session, ready, say, until

SIZE = (100, 40)


async def test_alt_a_archives_and_takes_back(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+a")
        await until(pilot, lambda: app.notices)
        assert "has begun" in app.notices[0]
        await say(pilot, "one")
        await pilot.press("alt+a")
        await until(pilot, lambda: session.manager.get("one").archived)
        await until(pilot, lambda: str(app.chat.query_one("#title").render()) == "one (archived)")
        assert app.notices[-1] == "Archived: the list leaves it out. Alt+A takes it back."
        await pilot.press("alt+a")
        await until(pilot, lambda: not session.manager.get("one").archived)
    session.manager.close()


async def test_alt_d_deletes_and_goes_to_the_next_tab_or_a_new_chat_and_alt_u_brings_back(
    tmp_path: Path,
) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+d")
        await until(pilot, lambda: app.notices == ["There is nothing to delete yet. Write something first."])
        await say(pilot, "one")
        await pilot.press("alt+t")
        await until(pilot, lambda: len(app.chat.query(TabLabel)) == 2)
        await say(pilot, "two")
        await pilot.press(*"half", "alt+d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert len(session.manager.list()) == 2
        await pilot.press("alt+d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: not app.chat.query_one("#tabs").display)
        await until(pilot, lambda: len(app.texts) == 3)
        assert session.messages()[1].text == "one"
        assert app.chat.composer.text == ""
        assert app.notices[-1] == "Deleted: two (Alt+U brings it back)"
        await pilot.press("alt+d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: session.conversation is None and len(app.texts) == 1)
        assert session.manager.list() == []
        await pilot.press("alt+u")
        await until(pilot, lambda: len(app.texts) == 3)
        assert session.messages()[1].text == "one"
        await pilot.press(*"half", "alt+d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: session.conversation is None and app.chat.composer.text == "")
        await pilot.press("alt+u")
        await until(pilot, lambda: app.chat.composer.text == "half")
        assert len(app.notices) == 4, "nothing failed on the way"
    session.manager.close()


async def test_a_blend_is_typed_where_a_persona_is_picked(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    store = ProfileStore(tmp_path / "profiles")
    store.save(POET)
    store.save(Profile(name="night-clerk", greeting="Room for one?"))
    app = WatchedApp(session, profiles=store)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, PersonaScreen))
        rows, note = app.screen.query_one("#rows", OptionList), app.screen.query_one("#dialog-note")
        assert rows.option_count > 2
        app.screen.query_one(Input).value = "night-clerk:0.6,gloomy-poe"
        await until(pilot, lambda: "Did you mean 'gloomy-poet'?" in str(note.render()))
        assert rows.option_count == 0
        await pilot.press("end", *"t:0.4")
        await until(pilot, lambda: rows.option_count == 1)
        shown = str(rows.get_option_at_index(0).prompt)
        assert shown.split("\n")[1].strip() == "A blend: 60% night-clerk, 40% gloomy-poet."
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.chat)
        await until(pilot, lambda: session.profile.name == "night-clerk_gloomy-poet")
        assert app.texts == ["night-clerk + gloomy-poet\nRoom for one?"]
    session.manager.close()


async def test_the_list_and_alt_u_leave_a_reply_that_comes_alone(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 2)
        await pilot.press("alt+u")  # there is nothing to bring back
        await until(pilot, lambda: app.notices)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and app.screen.highlighted)
        await pilot.press("alt+a", "escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert app.texts[-1] == "gloomy-poet\nKeys go▍"
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None)
        await pilot.press("alt+a")
        await until(pilot, lambda: not session.manager.get("hi").archived)


async def test_what_another_program_deleted_meanwhile_is_told_and_ends_nothing(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen))
        gone = session.manager.get("one").id
        session.manager.delete(gone)
        await pilot.press("alt+a", "escape", "alt+d", "f12")
        await until(pilot, lambda: len([n for n in app.notices if gone in n]) >= 3)


async def test_a_reply_beside_what_another_program_said_is_told_of(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 2)
        asked = session.messages()[-2]
        with ConversationManager(session.manager.path_of_database) as other:
            other.add_message(asked.conversation_id, role="user", text="theirs", parent_id=asked.id)
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None and app.notices)
        assert app.notices[0].startswith("Another program went on here.")
