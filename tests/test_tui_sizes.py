"""Windows of every size, other keys, themes and NO_COLOR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.session import ChatSession
from tui_scripted import LINES, WatchedApp, open_session, ready, say, until


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ChatSession]:
    session, _ = open_session(tmp_path / "chat.db")
    yield session
    session.manager.close()


async def test_resizing_keeps_the_talk_and_what_was_typed(session: ChatSession) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        app.chat.composer.put("half a sen")
        for width, height in ((80, 24), (40, 12), (20, 5), (1, 1), (24, 5), (40, 12), (120, 40)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda size=(width, height): tuple(app.size) == size)
            tiny = width < 24 or height < 5
            await until(pilot, lambda tiny=tiny: app.chat.query_one("#too-small").display == tiny)
            assert app.chat.query_one("#body").display != tiny
        await until(pilot, lambda: app.chat.composer.has_focus)
        await pilot.press(*"tence")
        assert app.chat.composer.text == "half a sentence"
        assert len(app.texts) == 3


async def test_a_narrow_window_shows_either_the_talk_or_the_dials(session: ChatSession) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=(40, 12)) as pilot:
        await ready(pilot)
        assert not app.chat.dials.display
        await say(pilot, "hi")
        assert session.messages()[-1].text == LINES[0]
        await pilot.press("ctrl+d")
        await until(pilot, lambda: app.chat.dials.has_focus)
        assert not app.chat.query_one("#talk").display
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.has_focus)
        assert app.chat.query_one("#talk").display
        assert not app.chat.dials.display


async def test_a_small_window_shows_talk_dials_and_notices(session: ChatSession) -> None:
    app, drawn = WatchedApp(session), list[bool]()
    async with app.run_test(size=(40, 20), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("alt+q")
        await until(pilot, lambda: app.chat.query("Toast"))
        assert not app.chat.query_one("Toast").region.overlaps(app.chat.composer.region)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: app.chat.dials.has_focus)
        talk, dials = app.chat.query_one("#talk").region, app.chat.dials.region
        assert (talk.width, dials.width, talk.bottom) == (40, 40, dials.y)
        app.refresh = lambda *, layout=False: drawn.append(layout)  # pyright: ignore
        app.app_resume_signal.publish(app)  # after a stop the whole is drawn again
        await until(pilot, lambda: drawn == [True])


@pytest.mark.parametrize("size", [(20, 5), (5, 2)])
async def test_every_screen_opens_in_a_tiny_window(session: ChatSession, size: tuple[int, int]) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for key in (
            "f1",
            "ctrl+o",
            "ctrl+t",
            "f4",
            "ctrl+p",
            "ctrl+s",
            "alt+i",
            "alt+w",
            "f9",
            "alt+j",
            "alt+o",
        ):
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not app.chat)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.chat)


async def test_keys_can_be_changed_and_a_wrong_name_is_told(session: ChatSession) -> None:
    keys = {"regenerate": "f9", "regenerat": "f8"}
    app = WatchedApp(session, keys=keys)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: app.notices)
        assert "'regenerat'. Did you mean 'regenerate'?" in app.notices[0]
        await say(pilot, "hi")
        await pilot.press("f9")
        await until(pilot, lambda: "2/2" in app.texts[-1])


async def test_a_key_for_two_actions_is_told(session: ChatSession) -> None:
    app = WatchedApp(session, keys={"regenerate": "ctrl+n"})
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        told = "The key Ctrl+N is given to regenerate and new. Change [tui] keys in the settings."
        assert app.notices == [told]


async def test_an_unknown_theme_is_told_with_the_near_name(session: ChatSession) -> None:
    app = WatchedApp(session, theme="dusck")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.notices)
        assert "'dusck'. Did you mean 'dusk'?" in app.notices[0]
        assert app.theme == "dusk"


async def test_without_animations_nothing_moves(session: ChatSession) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        assert app.animation_level == "none"
        assert not app.chat.composer.cursor_blink


async def test_no_color_is_obeyed_and_the_state_is_readable(
    session: ChatSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = WatchedApp(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        assert app.no_color
        await pilot.press("ctrl+d", "down")
        await until(pilot, lambda: "› attitude" in app.chat.dials.dials[1].render().plain)
