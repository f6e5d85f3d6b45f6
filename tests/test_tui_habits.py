"""What people expect of a terminal program: keys that do not collide, jumping, air, colours remembered."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.binding import Binding
from textual.color import Color
from textual.events import Key
from textual.geometry import Region
from textual.widgets import OptionList, TextArea

from chatbot import config
from chatbot.config_file import store
from chatbot.tui.actions import ACTIONS, LIST_ACTIONS, as_textual, shared_keys
from chatbot.tui.alt_keys import SEQUENCES
from chatbot.tui.app import ChatApp, run
from chatbot.tui.chat_screen import ChatScreen
from chatbot.tui.composer import Composer
from chatbot.tui.conversations_screen import ConversationsScreen
from chatbot.tui.jump_screen import JumpScreen
from chatbot.tui.themes import contrast
from tui_scripted import Opened, WatchedApp, open_session, ready, say, until

SIZE = (100, 40)


def test_no_two_actions_of_a_screen_have_the_same_key() -> None:
    assert shared_keys({}) == {}
    assert shared_keys({"export": "ctrl+p"}) == {"ctrl+p": ["the list of commands", "export"]}
    assert as_textual("Ctrl+B,alt-m, F5,N,-") == "ctrl+b,alt+m,f5,N,-"
    assert shared_keys({"edit": "alt+c"}) == {"alt+c": ["edit", "copy"]}
    assert shared_keys({"list_rename": "ctrl+q"}) == {"ctrl+q": ["list_rename", "quit"]}


def test_no_action_takes_a_key_of_text_editing_but_one_that_has_a_twin() -> None:
    typing = {key for binding in Binding.make_bindings(TextArea.BINDINGS) for key in binding.key.split(",")}
    taken = {key for action in (*ACTIONS, *LIST_ACTIONS) for key in action.keys.split(",")} & typing
    assert taken == {"ctrl+d"}, "Delete does the same"
    assert not {"alt+b", "alt+f"} & {key for a in (*ACTIONS, *LIST_ACTIONS) for key in a.keys.split(",")}
    sending = {key for binding in Binding.make_bindings(Composer.BINDINGS) for key in binding.key.split(",")}
    assert not sending & {key for action in ACTIONS for key in action.keys.split(",")}


def test_every_action_is_there() -> None:
    assert all(hasattr(ChatScreen, f"action_{action.name}") for action in ACTIONS)
    assert all(hasattr(ConversationsScreen, f"action_{action.name}") for action in LIST_ACTIONS)


async def test_alt_j_puts_letters_on_what_can_be_gone_to(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        for letter in "s", "g":  # greeting, the message, the reply, the box, the dials
            await pilot.press("alt+j")
            await until(pilot, lambda: isinstance(app.screen, JumpScreen))
            labels = [str(label.render()) for label in app.screen.query(".jump")]
            assert labels == [" a ", " s ", " d ", " f ", " g "]
            await pilot.press(letter)
            await until(pilot, lambda: app.screen is app.chat)
            if letter == "s":
                await until(pilot, lambda: app.texts[1].startswith("› you"))
                assert app.chat.conversation.has_focus
        await until(pilot, lambda: app.chat.dials.has_focus)
        await pilot.press("alt+j")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert app.chat.dials.has_focus
        found = list[Any]()
        many = [(widget, Region(0, 0, 1, 1)) for widget in [app.chat.composer] * 60 + [app.chat.dials]]
        await app.push_screen(JumpScreen(many), found.append)
        await pilot.press("M")
        await until(pilot, lambda: found == [app.chat.dials])


async def test_alt_s_leaves_the_air_out_and_is_remembered_as_is_another_theme(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session, remember=store)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        assert not config.config_path().exists(), "nothing is written before something is changed"
        lines = app.chat.conversation.virtual_size.height
        await pilot.press("alt+s")
        await until(pilot, lambda: app.chat.conversation.views[-1].region.y < lines)
        await until(pilot, lambda: app.chat.conversation.views[0].styles.margin.bottom == 0)
        app.theme = "dawn"
        await until(pilot, lambda: config.config_path().exists() and config.load().tui.theme == "dawn")
        assert tomllib.loads(config.config_path().read_text()) == {"tui": {"compact": True, "theme": "dawn"}}
        await pilot.press("alt+s")
        await until(pilot, lambda: app.chat.conversation.views[0].styles.margin.bottom == 1)
    session.manager.close()


async def test_a_chat_can_begin_compact_and_in_any_theme(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session, remember=store, compact=True, theme="nord")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        assert app.theme == "nord"
        assert app.chat.conversation.views[0].styles.margin.bottom == 0
        assert not config.config_path().exists()
    session.manager.close()


def test_the_settings_reach_the_interface_and_inline_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[ChatApp, bool]] = []

    async def through(app: ChatApp, inline: bool) -> None:
        opened.append((app, inline))

    monkeypatch.setattr("chatbot.tui.app.run_through", through)
    for name, value in (("COMPACT", "yes"), ("VIM_KEYS", "yes"), ("RESTORE_TABS", "1"), ("EMPHASIS", "no")):
        monkeypatch.setenv(f"CHATBOT_TUI_{name}", value)
    session, _ = open_session(tmp_path / "chat.db")
    assert run(session, config.load(), inline=True) == 0
    monkeypatch.setattr(ChatApp, "return_code", 1)  # as after a crash
    assert run(session, config.load()) == 1
    (app, first), (_, second) = opened
    assert (first, second) == (True, False)
    assert app.chat.has_class("-compact")
    assert (app.has_class("-vim"), app.chat.restoring, app.chat.emphasis, app.chat.asked) == (
        True,
        True,
        False,
        False,
    )
    session.manager.close()


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1b\r", ["alt+enter"]),
        ("\x1bn\x1bn\x1bn", ["alt+n", "alt+n", "alt+n"]),
        ("\x1bg\x1bhi", ["alt+g", "alt+h", "i"]),
        ("\x1bb\x1bf", ["ctrl+left", "ctrl+right"]),  # Textual's own
        ("\r\x1b[13;3u\x1b[A\x1bOB", ["enter", "alt+enter", "up", "down"]),
    ],
)
def test_alt_keys_are_known_as_terminals_send_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: str, keys: list[str]
) -> None:
    for sequence in SEQUENCES.keys() - {"\x1bb", "\x1bf"}:  # from an earlier start
        monkeypatch.delitem(cast(Any, ANSI_SEQUENCES_KEYS), sequence, raising=False)
    monkeypatch.setattr("chatbot.tui.app.run_through", lambda app, inline: asyncio.sleep(0))
    session, _ = open_session(tmp_path / "chat.db")
    run(session, config.load())
    assert [event.key for event in XTermParser().feed(sent) if isinstance(event, Key)] == keys
    session.manager.close()


async def test_settings_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    def refuse(name: str, value: str) -> None:
        raise OSError(28, "No space left on device")

    session, _ = open_session(tmp_path / "chat.db")
    app = WatchedApp(session, remember=refuse)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+s")
        await until(pilot, lambda: app.notices)
        assert "No space left on device" in app.notices[0]
    session.manager.close()


async def test_a_notice_that_still_stands_there_is_not_shown_again(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("f8", "f8", "f4", "f8")
        await until(pilot, lambda: len(app.notices) == 4)
        assert len(app.screen.query("Toast")) == len(set(app.notices)) == 2


@pytest.mark.parametrize(
    "theme",
    [
        "dusk",
        "dawn",
        "textual-dark",
        "textual-light",
        "atom-one-light",
        "nord",
        "solarized-light",
        "tokyo-night",
    ],
)
async def test_all_words_can_be_read(opened: Opened, theme: str) -> None:
    """With the least contrast by the guidelines for the web (WCAG 2, AA)."""
    assert contrast(Color.parse("white"), Color.parse("black")) == pytest.approx(21)
    app, _, engine = opened
    app._asked_theme = theme
    async with app.run_test(size=(110, 36), notifications=True) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+h")
        engine.error = RuntimeError("It broke.")
        await say(pilot, "two")
        await pilot.press("x", "home", "shift+end")  # so that the cursor covers nothing, and text is marked
        assert_readable(app, app.screen.region)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.screen is not app.chat)
        assert_readable(app, app.screen.query_one("#dialog").region)
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: app.screen.query("CommandList"))
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count)
        assert_readable(app, app.screen.query_one(OptionList).region)


def assert_readable(app: WatchedApp, part: Region) -> None:
    """All words of this part of the screen."""
    for segment in segments(app, part):
        style = segment.style
        if style and style.color and style.bgcolor and any(map(str.isalpha, segment.text)):
            seen = contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))
            assert seen >= 4.5, segment.text


def segments(app: WatchedApp, part: Region) -> Iterator[Segment]:
    for strip in app.screen._compositor.render_strips()[part.y : part.bottom]:
        yield from strip.crop(part.x, part.right)


@pytest.mark.parametrize("theme", ["dusk", "dawn", "solarized-dark"])
async def test_with_256_colours_no_ground_is_of_a_plain_colour(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tints as faint as those of a theme are not among them: the nearest are blue, teal and yellow."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM")
    session, _ = open_session()
    app = WatchedApp(session, theme=theme)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        variables = app.get_css_variables()
        for name in "background", "surface", "panel":
            shown = Color.parse(variables[name]).rich_color.downgrade(ColorSystem.EIGHT_BIT).number
            assert shown in {16, *range(231, 256)}, name
    session.manager.close()


@pytest.mark.parametrize(("theme", "terminal"), [("ansi-light", "xterm-256color"), ("dawn", "linux")])
async def test_the_chosen_row_is_told_without_shades(
    theme: str, terminal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.delenv("COLORTERM")
    session, _ = open_session()
    app = WatchedApp(session, theme=theme)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("f8")
        await until(pilot, lambda: app.screen is not app.chat)
        rows = app.screen.query_one(OptionList).region
        told = [found for found in segments(app, rows) if found.style and found.style.underline]
        assert "".join(found.text for found in told).startswith("● gloomy-poet: Keys go where")
    session.manager.close()
