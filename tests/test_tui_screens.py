"""What opens over the chat: older conversations, personas, a title, help and the command palette."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

from chatbot.tui.actions import ACTIONS
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.help_screen import HelpScreen
from chatbot.tui.pick_screen import PickScreen, Row
from profiles.profile import Profile
from profiles.store import ProfileStore
from tui_scripted import LINES, POET, Opened, WatchedApp, half_said, open_session, ready, say, until


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    session, engine = open_session(tmp_path / "chat.db")
    store = ProfileStore(tmp_path / "profiles")
    store.save(Profile(name="night-clerk", description="Knows [every] guest.", greeting="Room for one?"))
    (tmp_path / "profiles" / "broken.toml").write_text("name = ")
    yield WatchedApp(session, profiles=store), session, engine
    session.manager.close()


def titles(app: WatchedApp) -> list[str]:
    rows = app.screen.query_one("#rows", OptionList)
    return [str(rows.get_option_at_index(i).prompt).split("\n")[0] for i in range(rows.option_count)]


async def test_ctrl_n_begins_a_new_conversation(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "old words")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: len(app.texts) == 1)
        assert session.conversation is None
        assert app.chat.query_one("#welcome").display
        await say(pilot, "new words")
        assert len(session.manager.list()) == 2
        assert not app.chat.query_one("#welcome").display


async def test_ctrl_n_in_mid_reply_stores_the_partial_first(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 2)
        left = session.conversation
        await pilot.press("ctrl+n")
        engine.gate.set()
        await until(pilot, lambda: session.conversation is None and len(app.texts) == 1)
        assert left is not None
        assert session.manager.path(left.id)[-1].state == "partial"


async def test_ctrl_o_filters_as_one_types_and_opens(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "about rain")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: session.conversation is None)
        await say(pilot, "about [b]bread")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        assert titles(app) == ["● about [b]bread", "  about rain"]
        await pilot.press(*"RAIN")
        await until(pilot, lambda: titles(app) == ["  about rain"])
        await pilot.press(*"zzz")
        await until(pilot, lambda: titles(app) == [])
        await pilot.press("enter")
        assert isinstance(app.screen, PickScreen), "nothing to open"
        await pilot.press(*["backspace"] * 7)
        await until(pilot, lambda: len(titles(app)) == 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen is app.chat and len(app.texts) == 3)
        assert "about rain" in app.texts[1]
        assert app.chat.composer.has_focus
        await pilot.press("up")
        assert app.chat.composer.text == "about rain", "its prompts can be recalled"


async def test_escape_leaves_the_list_and_nothing_changes(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        note = str(app.screen.query_one("#dialog-note").render())
        assert "no conversations yet" in note
        assert note.endswith("esc back")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert session.conversation is None


def test_a_row_matches_when_every_word_occurs() -> None:
    row = Row("1", "Lost Keys", "gloomy-poet · 4 messages")
    assert row.matches(["keys", "poet"])
    assert not row.matches(["keys", "baker"])


async def test_another_persona_speaks_in_a_new_conversation(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        assert any("broken" in notice for notice in app.notices)
        await pilot.press(*"clerk", "enter")
        await until(pilot, lambda: app.screen is app.chat and session.profile.name == "night-clerk")
        await until(pilot, lambda: app.texts == ["night-clerk\nRoom for one?"])
        assert session.manager.get("last").profile_name == POET.name


async def test_a_description_has_the_names_that_a_card_leaves_open(tmp_path: Path) -> None:
    store, bob = (
        ProfileStore(tmp_path),
        Profile(name="bob", description="{{char}} waits for {{user}}." + " And waits." * 100),
    )
    store.save(bob)
    session, _ = open_session(profile=bob)
    session.user_name = "Ann"
    app = WatchedApp(session, profiles=store)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        told = str(app.chat.query_one("#welcome", Static).render()).split("\n")[0]
        assert told == "bob waits for Ann." + (" And waits." * 100)[:281] + "…", "300 letters"
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        rows = app.screen.query_one("#rows", OptionList)
        prompts = [str(rows.get_option_at_index(i).prompt) for i in range(rows.option_count)]
        assert any("bob waits for Ann." in prompt for prompt in prompts)


async def test_f4_renames_the_conversation(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = "Keys [and] rain"
        await pilot.press("enter")
        await until(pilot, lambda: session.manager.get("last").title == "Keys [and] rain")
        await until(pilot, lambda: str(app.chat.query_one("#title").render()) == "Keys [and] rain")


async def test_f1_lists_the_keys_of_the_focused_widget_first_and_all_others(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: app.chat.dials.has_focus)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        headings = [str(widget.render()) for widget in app.screen.query(".help-heading")]
        assert headings[:4] == ["Dials (you are here)", "Everywhere", "Input", "Conversation"]
        what = [str(widget.render()) for widget in app.screen.query(".help-what")]
        assert "Stronger" in what
        assert {f"{action.sentence} ({action.name})" for action in ACTIONS} <= set(what)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_every_action_is_in_the_command_palette(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        commands = {command.title for command in app.get_system_commands(app.chat)}
        offered = {action.title for action in ACTIONS if action.name != "stop"}
        assert commands == offered | {"Theme", "Screenshot", "Quit"}
        await say(pilot, "hi")
        await pilot.press("ctrl+p")
        await pilot.press(*"another", "enter")
        await until(pilot, lambda: len(session.manager.siblings(session.messages()[-1].id)) == 2)
        await until(pilot, lambda: LINES[1] in app.texts[-1])


async def test_f3_hides_the_measures(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        assert "lyrical" in app.texts[-1]
        await pilot.press("f3")
        await until(pilot, lambda: "lyrical" not in app.texts[-1])


async def test_what_is_read_stays_in_sight_when_lines_break_elsewhere(opened: Opened) -> None:
    app, session, engine = opened
    for number in range(18):
        assert list(session.reply(f"{number}: {'some words of mine ' * number}"))
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        view = app.chat.conversation
        await until(pilot, lambda: view.max_scroll_y > 60)
        await view.reveal(session.messages()[21].id)
        await until(pilot, lambda: view.scroll_y < view.max_scroll_y)
        read = next(v for v in view.views if v.virtual_region.bottom > view.scroll_y)
        for width, key in ((50, "f3"), (150, "f2"), (60, "f3")):
            await pilot.resize_terminal(width, 30)
            await pilot.press(key)
            await until(pilot, lambda width=width: app.size.width == width)
            await until(pilot, lambda: -read.region.height < read.region.y - view.region.y <= 1)
        await half_said(pilot, engine, 3)
        await pilot.resize_terminal(90, 30)
        await until(pilot, lambda: app.size.width == 90 and view.scroll_y == view.max_scroll_y)
        engine.gate.set()


async def test_a_long_conversation_opens_at_its_end_and_fetches_the_past(opened: Opened) -> None:
    app, session, _ = opened
    manager = session.manager
    conversation = manager.create(
        profile_name=POET.name, profile=POET.model_dump(mode="json"), model="scripted"
    )
    for number in range(150):
        role = "bot" if number % 2 else "user"
        manager.add_message(conversation.id, role=role, text=f"message {number}")
    session.resume(conversation.id)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        assert "message 149" in app.texts[-1]
        assert len(app.texts) == 60
        assert str(app.chat.query_one("#earlier").render()) == "↑ 90 earlier messages"
        app.chat.conversation.focus()
        await pilot.press("home")
        await until(pilot, lambda: len(app.texts) == 120)
        assert "message 30" in app.texts[0]
        await say(pilot, "and now")
        assert "and now" in app.texts[-2]
        assert len(app.texts) == 122
        await app.chat.conversation.reveal(session.messages()[0].id)
        await until(pilot, lambda: len(app.texts) == 152)
        await pilot.press("alt+m")
        await until(pilot, lambda: "bookmark" in app.texts[0])
        assert len(app.texts) == 152, "what was fetched stays"
        assert app.chat.conversation.picked is not None
