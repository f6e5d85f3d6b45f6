"""Pictures of the main states. After a wanted change of the look, run this file with --snapshot-update."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from chatbot.tui.pick_screen import PickScreen, Row
from tui_scripted import ScriptedEngine, WatchedApp, open_session, ready, say, until

USUAL, SMALL, TINY = (80, 24), (40, 12), (20, 5)


def at(*sizes: tuple[int, int]) -> pytest.MarkDecorator:
    """The same test in windows of these sizes."""
    return pytest.mark.parametrize("size", sizes, ids=[f"{width}x{height}" for width, height in sizes])


Snap = Callable[..., bool]


@pytest.fixture
def app() -> Iterator[WatchedApp]:
    session, _ = open_session()
    yield WatchedApp(session, home="Conversations are kept in chat.db")
    session.manager.close()


async def talk(pilot: Pilot[Any]) -> None:
    """Two turns, the second answered twice."""
    await ready(pilot)
    await say(pilot, "I lost my keys again.")
    await say(pilot, "Where would you look?\nIn the [red]coat[/red]?")
    await pilot.press("ctrl+r")
    app = cast(WatchedApp, pilot.app)
    await until(pilot, lambda: "2/2" in app.texts[-1] and app.chat.turn is None)


@at(SMALL, TINY)
def test_start(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=ready)


@at(USUAL, SMALL)
def test_talk(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=talk)


@at(USUAL, SMALL)
def test_dials(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press("ctrl+d", "down", "down", "down", "space")
        await until(pilot, lambda: "openness" in app.chat.session.dials)

    assert snap_compare(app, terminal_size=size, run_before=steps)


@at(USUAL)
def test_help(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: app.screen is not app.chat)

    assert snap_compare(app, terminal_size=size, run_before=steps)


@at(SMALL)
def test_list(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    rows = [
        Row("1", "I lost my keys again.", "gloomy-poet · 8 messages · 2026-03-01 20:15", current=True),
        Row("2", "Bread [and] salt", "sunny-baker · 2 messages · 2026-02-27 07:02"),
    ]

    async def steps(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        app.push_screen(PickScreen("Open a conversation", rows, nothing=""))
        await until(pilot, lambda: app.screen is not app.chat)

    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_dawn(app: WatchedApp, snap_compare: Snap) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await talk(pilot)
        app.theme = "dawn"

    assert snap_compare(app, terminal_size=SMALL, run_before=steps)


def test_while_the_model_loads(snap_compare: Snap) -> None:
    opened = threading.Event()

    def load() -> ScriptedEngine:
        opened.wait(60)
        return ScriptedEngine()

    class Loading(WatchedApp):
        def on_unmount(self) -> None:
            opened.set()  # the thread that loads is waited for

    session, _ = open_session(engine=load)
    app = Loading(session)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"hello", "enter")
        await until(pilot, lambda: len(app.texts) == 2)

    assert snap_compare(app, terminal_size=USUAL, run_before=steps)
    session.manager.close()


@at(SMALL)
def test_marks(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    """A bookmark, a hidden message, narration, and a message that was picked."""

    async def steps(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await say(pilot, "I lost my keys again.")
        await pilot.press("alt+h", "alt+i")
        await until(pilot, lambda: app.screen is not app.chat)
        await pilot.press(*"Rain.", "enter")
        await until(pilot, lambda: len(app.texts) == 4 and app.screen is app.chat)
        await pilot.press("alt+up", "alt+up", "alt+m", "alt+w")
        await until(pilot, lambda: app.screen is not app.chat)
        await pilot.press(*"Well,", "enter")
        await until(pilot, lambda: app.chat.prefix and "bookmark" in app.texts[0])

    assert snap_compare(app, terminal_size=size, run_before=steps)


@at(SMALL)
def test_tree(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await talk(pilot)
        await pilot.press("f8")
        await until(pilot, lambda: app.screen is not app.chat)

    assert snap_compare(app, terminal_size=size, run_before=steps)


@at(SMALL)
def test_edit(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await talk(pilot)
        await pilot.press("alt+e")
        await until(pilot, lambda: app.screen is not app.chat)

    assert snap_compare(app, terminal_size=size, run_before=steps)


@at(SMALL)
def test_jump(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await talk(pilot)
        await pilot.press("alt+j")
        await until(pilot, lambda: app.screen is not app.chat)

    assert snap_compare(app, terminal_size=size, run_before=steps)


@at(SMALL)
def test_tabs(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await talk(pilot)
        await pilot.press("alt+t")
        await until(pilot, lambda: app.chat.session.conversation is None)
        await say(pilot, "And [red]now[/red]?")

    assert snap_compare(app, terminal_size=size, run_before=steps)


@at(SMALL)
def test_compact(app: WatchedApp, snap_compare: Snap, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await talk(pilot)
        await pilot.press("alt+s")

    assert snap_compare(app, terminal_size=size, run_before=steps)
