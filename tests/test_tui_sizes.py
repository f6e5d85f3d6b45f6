"""Windows of every size, other keys, themes and NO_COLOR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.events import Paste
from textual.widgets import OptionList

from chatbot.session import ChatSession
from chatbot.tui.pick_screen import PickScreen, Row
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
            await pilot.press("escape")
            tiny = width < 24 or height < 5
            await until(pilot, lambda tiny=tiny: app.chat.query_one("#too-small").display == tiny)
            assert app.chat.query_one("#body").display != tiny
        await until(pilot, lambda: app.chat.composer.has_focus)
        await pilot.press(*"tence")
        assert app.chat.composer.text == "half a sentence"
        assert app.chat.dials.display
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
        await pilot.resize_terminal(110, 20)
        await until(pilot, lambda: app.chat.dials.region)


@pytest.mark.parametrize("size", [(40, 16), (40, 8)])
async def test_nobody_writes_into_a_box_that_the_dials_cover(
    session: ChatSession, size: tuple[int, int]
) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        talk, box, dials = app.chat.query_one("#talk"), app.chat.composer, app.chat.dials

        async def cover() -> None:
            await pilot.press("f2")
            await until(pilot, lambda: dials.region and dials.has_focus and not talk.display)

        async def uncovered() -> None:
            await until(pilot, lambda: box.region and box.has_focus and not dials.display)

        await cover()
        for leave in ("escape", "f2", "alt+t"):
            await pilot.press(leave)
            await uncovered()
            await cover()
        await pilot.press("right", "x")
        await uncovered()
        await cover()
        app.post_message(Paste("yz"))
        await uncovered()
        assert box.text == "xyz"
        assert session.dials["style"].weight == 1.1


async def test_where_both_have_room_the_dials_stay_and_one_writes_on(session: ChatSession) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=(40, 20)) as pilot:
        await ready(pilot)
        await pilot.press("f2", "h", "i")
        await until(pilot, lambda: app.chat.dials.region and app.chat.composer.text == "hi")
        assert app.chat.composer.has_focus
        await pilot.press("escape")
        await until(pilot, lambda: not app.chat.dials.display and app.chat.composer.text == "hi")
        await pilot.press("f2")
        await until(pilot, lambda: app.chat.dials.region)
        await pilot.resize_terminal(40, 16)  # here they would cover the box
        await until(pilot, lambda: app.chat.composer.region.bottom == 15 and app.chat.composer.has_focus)
        assert not app.chat.dials.display


@pytest.mark.parametrize("theme", ["dusk", "ansi-dark"])
async def test_the_row_that_enter_takes_is_seen_and_a_long_list_ends_with_its_note(
    session: ChatSession, theme: str
) -> None:
    app = WatchedApp(session, theme=theme)
    async with app.run_test(size=(110, 32)) as pilot:
        await ready(pilot)
        app.push_screen(PickScreen("Numbers", [Row(str(n), str(n), "below") for n in range(40)], nothing=""))
        await until(pilot, lambda: app.screen.query("#rows") and app.screen.query_one("#rows").region)
        note, dialog = app.screen.query_one("#dialog-note").region, app.screen.query_one("#dialog").region
        assert note.bottom == dialog.bottom - 1
        rows = app.screen.query_one("#rows", OptionList)
        styles = [[part.style for part in rows.render_line(y) if part.style] for y in (1, 2)]
        chosen, other = ({(style.bgcolor, style.underline) for style in line} for line in styles)
        assert not chosen & other
        rows.action_last()
        await until(pilot, lambda: rows.is_vertical_scroll_end)
        await pilot.resize_terminal(110, 16)
        await until(pilot, lambda: rows.size.height < 17 and rows.is_vertical_scroll_end)


@pytest.mark.parametrize("size", [(80, 24), (40, 16)])
async def test_a_notice_is_shown_to_its_last_word_and_never_lies_over_the_box(
    session: ChatSession, size: tuple[int, int]
) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("alt+a")
        await until(pilot, lambda: app.chat.query("Toast"))
        await until(pilot, lambda: "first." in app.export_screenshot())
        notice, box = app.chat.query_one("Toast"), app.chat.composer
        low = notice.region.bottom
        for text in ("a" + "\n" * 12, ""):
            box.put(text)
            await until(pilot, lambda: box.region.y == notice.region.bottom)
            assert (notice.region.bottom < low) == bool(text)


@pytest.mark.parametrize(
    ("size", "shown"), [((60, 9), False), ((30, 8), False), ((22, 4), False), ((40, 12), True)]
)
async def test_the_line_of_tabs_gives_way_in_small_windows(
    session: ChatSession, size: tuple[int, int], shown: bool
) -> None:
    app = WatchedApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        line = app.chat.query_one("#tabs")
        await pilot.press("alt+t")
        await until(pilot, lambda: line.display)
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: tuple(app.size) == size and line.display == shown)
        await pilot.press("alt+t")
        await until(pilot, lambda: len(app.chat.tabs) == 3)
        assert line.display == shown


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
        await pilot.press("f4")
        await until(pilot, lambda: app.notices == ["There is nothing to rename yet. Write something first."])
        await say(pilot, "one")
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
