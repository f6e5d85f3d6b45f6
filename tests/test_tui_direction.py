"""Directing the talk from beside it: settings of the chat, the user's line by the model, off the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from chatbot.conversing import LONGEST_MESSAGE
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.composer import Composer
from chatbot.tui.confirm_screen import ConfirmScreen
from chatbot.tui.edit_screen import EditScreen
from chatbot.tui.message_view import MessageView
from chatbot.tui.persona_screen import PersonaScreen
from chatbot.tui.pick_screen import PickScreen
from chatbot.tui.settings_screen import SettingsScreen, sentences
from profiles import Profile
from profiles.store import ProfileStore
from tui_scripted import LINES, Opened, WatchedApp, deleted_elsewhere, ready, say, until

SIZE = (100, 40)


def rows(app: WatchedApp) -> list[str]:
    options = app.screen.query_one("#rows", OptionList)
    return [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)]


def line(app: WatchedApp, name: str) -> str:
    return next(row for row in rows(app) if row.startswith(name)).removeprefix(name).strip()


def shown(app: WatchedApp) -> list[str]:
    """All that stands in the conversation, off the record or not, without what was measured."""
    return ["\n".join(str(v.render()).split("\n")[:2]) for v in app.chat.query(MessageView)]


# --- settings of this chat


async def test_alt_o_sets_how_words_are_drawn_and_takes_it_back(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+o")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and rows(app))
        assert rows(app)[0].split() == ["preset", "none"]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press(*"lively", "enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await until(pilot, lambda: line(app, "temperature") == "0.9  preset")
        assert session.sampling.temperature == 0.9
        await pilot.press("j")
        what = app.screen.query_one("#what")
        assert str(what.render()) == dict(sentences())["temperature"]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = "hot"
        await pilot.press("enter")
        await until(pilot, lambda: "must be a number" in app.notices[-1])
        app.screen.query_one(Input).value = "1.2"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await until(pilot, lambda: line(app, "temperature") == "1.2  chat")
        await pilot.press("delete")
        await until(pilot, lambda: line(app, "temperature") == "0.9  preset")
        await pilot.press("g", "delete")
        await until(pilot, lambda: line(app, "temperature") == "0.5")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_alt_o_keeps_a_note_with_the_conversation(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        await pilot.press("alt+o")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("G", "k", "enter")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press(*"It snows [x]", "enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await until(pilot, lambda: line(app, "note") == "It snows [x]")
        assert session.note == "It snows [x]"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press(*["backspace"] * 12, "enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await until(pilot, lambda: line(app, "note") == "–")
        assert session.note == ""


async def test_a_note_that_is_refused_stays_in_its_box(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+o")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("G", "k", "enter")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        long = "x" * (LONGEST_MESSAGE + 1)
        app.screen.query_one(Composer).text = long
        await pilot.press("enter")
        await until(pilot, lambda: len(app.notices) == 1)
        assert "Shorten it." in app.notices[0]
        assert app.screen.query_one(Composer).text == long
        app.screen.query_one(Composer).text = "It snows."
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        assert session.note == "It snows."
        await pilot.press("escape")
        await say(pilot, "one")
        deleted_elsewhere(session)
        await pilot.press("alt+o", "G", "k", "enter")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        app.screen.query_one(Composer).text = "It rains."
        await pilot.press("enter")
        await until(pilot, lambda: "nothing answers to" in app.notices[-1])
        assert app.screen.query_one(Composer).text == "It rains."


async def test_settings_of_this_chat_stay_in_its_tab_and_end_with_it(opened: Opened) -> None:
    app, session, _ = opened

    def holds() -> tuple[str, object]:
        return session.preset, session.sampling_values()["temperature"]

    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        session.use_preset("lively")
        session.set_sampling("temperature", "0.1")
        await say(pilot, "one")
        await pilot.press("alt+t")
        await until(pilot, lambda: holds() == ("", (0.5, "settings")))
        session.set_sampling("temperature", "2")
        await pilot.press("alt+pageup")
        await until(pilot, lambda: holds() == ("lively", (0.1, "chat")))
        await pilot.press("alt+pagedown")
        await until(pilot, lambda: holds() == ("", (2.0, "chat")))
        await pilot.press("alt+q")
        await until(pilot, lambda: holds() == ("lively", (0.1, "chat")))
        await pilot.press("alt+k")
        await until(pilot, lambda: len(session.manager.list()) == 2)
        assert holds() == ("lively", (0.1, "chat")), "it goes along into a copy, as note and scenario do"
        await pilot.press("ctrl+n")
        await until(pilot, lambda: holds() == ("", (0.5, "settings")))


async def test_a_persona_that_is_refused_takes_no_settings_away(opened: Opened, tmp_path: Path) -> None:
    _, session, _ = opened
    store = ProfileStore(tmp_path / "profiles")
    store.save(Profile.parse({"name": "odd", "attributes": {"smell": "sweet"}}))
    app = WatchedApp(session, profiles=store)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        session.set_sampling("temperature", "0.1")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, PersonaScreen))
        await pilot.press(*"odd", "enter")
        await until(pilot, lambda: app.notices)
        assert session.conversation is not None
        assert session.sampling_values()["temperature"] == (0.1, "chat")


async def test_a_tab_that_has_not_begun_keeps_its_note_and_scenario(opened: Opened) -> None:
    app, session, _ = opened
    session.set_note("It snows.")
    session.set_scenario("A train.")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+t")
        await until(pilot, lambda: len(app.chat.tabs) == 2)
        await until(pilot, lambda: (session.note, session.scenario) == ("", ""))
        await pilot.press("alt+pageup")
        await until(pilot, lambda: (session.note, session.scenario) == ("It snows.", "A train."))


# --- the user's line


async def test_alt_y_writes_the_users_line_into_the_box(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press(*"well", "alt+y")
        await until(pilot, lambda: app.chat.composer.text == "I hear you, 1.")
        assert session.conversation is None, "nothing was sent"
        await pilot.press("ctrl+z")
        assert app.chat.composer.text == "well", "what stood there comes back"
        await pilot.press("alt+y")
        await until(pilot, lambda: app.chat.composer.text == "I hear you, 2.")
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.turn is None and len(app.texts) == 3)
        assert session.messages()[1].text == "I hear you, 2."


async def test_what_is_written_meanwhile_stays(opened: Opened) -> None:
    app, _, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        engine.gate.clear()
        await pilot.press("alt+y")
        await until(pilot, lambda: app.notices)
        await pilot.press(*"But", "enter")
        await until(pilot, lambda: app.chat.composer.text == "But", 5)
        assert app.notices[-1] == "The model is still at what you asked before. Wait a moment."
        engine.gate.set()
        await until(pilot, lambda: app.chat.composer.text == "But\nI hear you, 1.")


# --- off the record


async def test_alt_r_keeps_a_turn_nowhere(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        stored = session.messages()
        await pilot.press("alt+r")
        notice = app.chat.query_one("#next")
        await until(pilot, lambda: notice.display)
        assert str(notice.render()).startswith("Off the record")
        await say(pilot, "who [b]are[/b] you?")
        assert shown(app)[3:] == [
            "you  off the record\nwho [b]are[/b] you?",
            f"gloomy-poet  off the record\n{LINES[1]}",
        ]
        assert engine.asked[-1]["context"].turns[-1].text == "who [b]are[/b] you?"
        assert not notice.display, "for one turn"
        assert session.messages() == stored
        await pilot.press("alt+c")
        await until(pilot, lambda: app.clipboard == LINES[1])
        await say(pilot, "two")
        assert len(shown(app)) == 7, "it stays in sight while one talks on"
        assert [m.text for m in session.messages()][3:] == ["two", LINES[2]]
        assert all(turn.text != "who [b]are[/b] you?" for turn in engine.asked[-1]["context"].turns)
        await pilot.press("alt+r", *"x", "alt+r")
        await until(pilot, lambda: not notice.display)
        await pilot.press("enter")
        await until(pilot, lambda: len(session.messages()) == 7 and app.chat.turn is None)
        await app.chat.refresh_all()
        assert len(shown(app)) == 7, "gone when it is opened again"


async def test_another_reply_takes_away_what_followed_the_old_one_off_the_record(opened: Opened) -> None:
    app, session, engine = opened
    engine.words_before_gate = 2
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        engine.gate.clear()
        await pilot.press("alt+r", *"two", "enter")
        await until(pilot, lambda: shown(app)[-1].endswith("The rain▍"))
        await pilot.press("escape")
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None)
        assert shown(app)[-1].startswith("gloomy-poet  off the record") or "stopped" in shown(app)[-1]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "2/2" in app.texts[-1] and app.chat.turn is None)
        assert len(shown(app)) == 3
        assert len(session.messages()) == 3


@pytest.mark.parametrize("up", [0, 2])
async def test_a_deletion_leaves_what_is_off_the_record_in_sight(opened: Opened, up: int) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+r")
        await say(pilot, "between")
        left = shown(app)
        await pilot.press(*["alt+up"] * up, "alt+x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: len(session.messages()) == 2 and len(shown(app)) == 4)
        assert shown(app)[2:] == left[3:]


# --- room, and who said it


async def test_the_top_line_shows_the_room_in_the_context(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        assert str(app.chat.query_one("#room").render()).strip() == "ctx 30/144"


async def test_f10_corrects_who_said_a_message(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("f10")
        await until(pilot, lambda: app.notices)
        assert "stored nowhere" in app.notices[0]
        await say(pilot, "one")
        for typed, name, role, speaker in (
            ("you", "", "user", ""),
            ("somebody", "Ada [x]", "user", "Ada [x]"),
            ("gloomy", "", "bot", ""),
        ):
            await pilot.press("f10")
            await until(pilot, lambda: isinstance(app.screen, PickScreen))
            await pilot.press(*typed, "enter")
            if name:
                await until(pilot, lambda: isinstance(app.screen, AskScreen))
                app.screen.query_one(Input).value = name
                await pilot.press("enter")
            await until(
                pilot,
                lambda role=role, speaker=speaker: (
                    (session.messages()[2].role, session.messages()[2].speaker) == (role, speaker)
                ),
            )
            heading = speaker or ("you" if role == "user" else "gloomy-poet")
            await until(pilot, lambda heading=heading: app.texts[2].startswith(f"› {heading}"))


async def test_f10_leaves_what_is_off_the_record_in_sight(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+r")
        await say(pilot, "psst")
        await say(pilot, "two")
        await pilot.press("alt+up", "alt+up")
        await until(pilot, lambda: app.texts[2].startswith("› gloomy-poet"))
        view = app.chat.conversation.views[2]
        for typed, heading in (("gloomy", "gloomy-poet"), ("nobody", "narrator"), ("you", "you")):
            before = shown(app)
            await pilot.press("f10")
            await until(pilot, lambda: isinstance(app.screen, PickScreen))
            await pilot.press(*typed, "enter")
            await until(pilot, lambda: app.screen is app.chat)
            await until(pilot, lambda heading=heading: app.texts[2].startswith(f"› {heading}"))
            assert [text for text in shown(app) if not text.startswith("›")] == [
                text for text in before if not text.startswith("›")
            ]
            assert len(shown(app)) == 7
            if typed == "gloomy":
                assert app.chat.conversation.views[2] is view, "nothing was changed"
        assert app.chat.conversation.views[2].has_class("user")
        assert session.messages()[2].role == "user"
        await pilot.press("escape", "up", "up")
        await until(pilot, lambda: app.chat.composer.text == LINES[0])
