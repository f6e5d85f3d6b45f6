"""Keys pressed in the chat end in rows stored: the real session and storage, a scripted engine."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from chatbot.errors import ModelError
from chatbot.tui.app import run_through
from storage.conversations import ConversationManager
from tui_scripted import LINES, Opened, ScriptedEngine, WatchedApp, half_said, open_session, ready, say, until


async def test_enter_sends_and_the_reply_is_stored_and_shown_with_its_measures(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: len(app.texts) == 3 and app.chat.turn is None)
        assert [(m.role, m.text, m.state) for m in session.messages()] == [
            ("bot", "You are late. So is the spring.", "complete"),
            ("user", "hi", "complete"),
            ("bot", LINES[0], "complete"),
        ]
        name, words, measures = app.texts[-1].split("\n")
        assert (name, words) == ("gloomy-poet", LINES[0])
        assert measures == "lyrical 0.97 · pessimistic 0.91 · emotional 0.55/0.80 · critical 0.45/0.20"
        assert app.chat.composer.text == ""


@pytest.mark.parametrize("opens", ["", "ctrl+o", "alt+w"])
async def test_keys_act_in_the_order_in_which_they_came(opened: Opened, opens: str) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        if opens:
            await pilot.press(opens)
            await until(pilot, lambda: app.screen is not app.chat and isinstance(app.focused, Input))
        box, shows = app.focused, "value" if opens else "text"
        for key in ("x", "backspace", "b", "left", "a", "end", "c"):  # all at once
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: "c" in getattr(box, shows))
        assert getattr(box, shows) == "abc"


@pytest.mark.parametrize("key", ["shift+enter", "ctrl+j", "alt+enter"])
async def test_a_new_line_does_not_send(opened: Opened, key: str) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        before = app.chat.composer.outer_size.height
        await pilot.press("a", key, "b")
        assert app.chat.composer.text == "a\nb"
        await until(pilot, lambda: app.chat.composer.outer_size.height == before + 1)
        await pilot.press("enter")
        await until(pilot, lambda: len(session.messages()) == 3)
        assert session.messages()[1].text == "a\nb"


async def test_the_box_grows_to_a_few_lines_only(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        app.chat.composer.put("\n".join("x" * 40))
        await until(pilot, lambda: app.chat.composer.outer_size.height == 8)


async def test_an_empty_message_is_not_sent(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("space", "enter")
        await pilot.pause()
        assert session.conversation is None


async def test_what_looks_like_a_command_is_answered_with_keys_and_not_said(opened: Opened) -> None:
    app, session, _ = opened
    answers = {
        "/quit": "/quit is a command of the line chat (--plain). Here Ctrl+Q is 'Quit', F1 lists the keys.",
        "/Undoo it": "/Undoo is no command. Here Alt+Z is 'Take back', F1 lists the keys.",
    }
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        for count, (text, said) in enumerate(answers.items(), 1):
            app.chat.composer.put(text)
            await pilot.press("enter")
            await until(pilot, lambda count=count: len(app.notices) == count)
            assert app.notices[-1] == f"{said} Write /{text.split()[0]} to say it."
            assert app.chat.composer.text == text
        assert session.conversation is None
        for text in ("//quit", "/usr/bin is full"):
            await say(pilot, text)
        assert [m.text for m in session.messages() if m.role == "user"] == ["/quit", "/usr/bin is full"]


async def test_a_message_that_is_too_long_is_refused_and_stays_in_the_box(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        app.chat.composer.put("y" * 100_000)
        await pilot.press("enter")
        await until(pilot, lambda: app.notices)
        assert "20,000" in app.notices[0]
        assert "100,000" in app.notices[0]
        assert len(app.chat.composer.text) == 100_000
        assert session.conversation is None


async def test_up_in_an_empty_box_recalls_what_was_sent(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "first")
        await say(pilot, "second")
        box = app.chat.composer
        await pilot.press("up")
        assert box.text == "second"
        await pilot.press("up", "up")
        assert box.text == "first"
        await pilot.press("down")
        assert box.text == "second"
        await pilot.press("down")
        assert box.text == ""
        await pilot.press("up", "x", "up")
        assert box.text == "secondx", "a text that was changed is the person's own"


async def test_escape_stops_and_the_partial_reply_is_kept_and_marked(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 3)
        await pilot.press("escape")
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None)
        last = session.messages()[-1]
        assert last.state == "partial"
        assert last.text.startswith("Keys go where")
        assert len(last.text) < len(LINES[0])
        assert app.texts[-1] == f"gloomy-poet  stopped\n{last.text}"


async def test_a_second_message_waits_until_the_reply_is_through(opened: Opened) -> None:
    app, session, engine = opened
    engine.gate.clear()
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("a", "enter")
        await until(pilot, lambda: len(session.messages()) == 3)
        await pilot.press("b", "enter")
        await until(pilot, lambda: app.notices)
        assert "One reply at a time" in app.notices[0]
        assert app.chat.composer.text == "b"
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None)
        await pilot.press("enter")
        await until(pilot, lambda: len(session.messages()) == 5 and app.chat.turn is None)


async def test_ctrl_r_makes_a_sibling_and_the_arrows_walk_among_them(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.chat.turn is None and "2/2" in app.texts[-1])
        assert LINES[1] in app.texts[-1]
        await pilot.press("alt+left")
        await until(pilot, lambda: "1/2" in app.texts[-1])
        assert session.messages()[-1].text == LINES[0]
        await pilot.press("alt+right")
        await until(pilot, lambda: "2/2" in app.texts[-1])
        app.chat.conversation.focus()
        await pilot.press("left")
        await until(pilot, lambda: "1/2" in app.texts[-1])
        await pilot.press("right")
        await until(pilot, lambda: "2/2" in app.texts[-1])
        assert [m.text for m in session.manager.siblings(session.messages()[-1].id)] == list(LINES[:2])


async def test_an_earlier_reply_can_be_chosen_and_answered_again(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 40)) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await say(pilot, "two")
        first = session.messages()[2]
        app.chat.conversation.focus()
        await pilot.press("up", "up")
        assert app.chat.conversation.chosen == first
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.chat.turn is None and len(app.texts) == 3)
        again = session.messages()[-1]
        assert (again.parent_id, again.position) == (first.parent_id, 1)
        await pilot.press("left")
        await until(pilot, lambda: len(app.texts) == 5)
        assert [m.text for m in session.messages()][1::2] == ["one", "two"]


async def test_what_is_typed_right_after_enter_is_the_next_message(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        for key in ("o", "n", "e", "ctrl+j", "1", "enter", "t", "w", "o"):
            app.chat.composer.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.chat.turn is None and len(app.texts) == 3)
        assert session.messages()[1].text == "one\n1"
        assert app.chat.composer.text == "two"


async def test_letters_typed_anywhere_go_to_the_input_box(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("h")
        await ready(pilot)
        app.chat.conversation.focus()
        await pilot.press("i", "space", "0")
        await until(pilot, lambda: app.chat.composer.text == "hi 0")
        assert app.chat.composer.has_focus


async def test_without_a_reply_ctrl_r_says_so(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.notices)
        assert "Say something" in app.notices[0]


async def test_alt_c_copies_the_last_reply(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        await pilot.press("alt+c")
        assert app.clipboard == LINES[0]
        await until(pilot, lambda: app.notices)


async def test_text_is_literal_and_cannot_steer_the_terminal(opened: Opened) -> None:
    app, session, engine = opened
    engine.lines = ["[bold]not bold[/bold] \x1b[31mred\x07 [/] [@click=app.quit]x[/]"]
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "[red]hm[/red] \x1b]0;title\x07 [/nothing]")
        assert app.texts[1].split("\n")[1] == "[red]hm[/red] ]0;title [/nothing]"
        assert "[bold]not bold[/bold] [31mred [/] [@click=app.quit]x[/]" in app.texts[2]
        assert session.messages()[2].text == engine.lines[0], "what is stored is what was said"


async def test_a_reply_that_fails_is_a_notice_and_stays_marked(opened: Opened) -> None:
    app, session, engine = opened
    engine.error = RuntimeError("out of memory")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "hi")
        assert app.notices == ["out of memory"]
        assert session.messages()[-1].state == "failed"
        assert app.texts[-1] == "gloomy-poet  failed\nout of memory"
        engine.error = None
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.chat.turn is None and "2/2" in app.texts[-1])
        assert session.messages()[-1].state == "complete"


async def test_what_could_not_be_stored_stands_in_the_box_again(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        session.manager.delete(session.manager.get("one").id)
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: app.chat.turn is None and app.chat.composer.text == "hi")


async def test_what_is_sent_before_the_model_is_loaded_is_stored_and_answered_after(tmp_path: Path) -> None:
    loaded, engine = threading.Event(), ScriptedEngine()

    def load() -> ScriptedEngine:
        loaded.wait(60)
        return engine

    session, _ = open_session(tmp_path / "chat.db", engine=load)
    app = WatchedApp(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert app.chat.query_one("#loading").display
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: len(app.texts) == 2)
        assert session.messages()[-1].text == "hi", "safe before the model is there"
        await pilot.press(*"more", "enter")
        await until(pilot, lambda: app.notices)
        assert app.chat.composer.text == "more"
        loaded.set()
        await until(pilot, lambda: app.chat.turn is None and len(app.texts) == 3)
        assert session.messages()[-1].text == LINES[0]
        assert not app.chat.query_one("#loading").display
    session.manager.close()


async def test_a_model_that_cannot_be_loaded_is_told_and_f5_tries_again(tmp_path: Path) -> None:
    engine, failures = ScriptedEngine(), [ModelError("The model folder x is not there. Train one.")]

    def load() -> ScriptedEngine:
        if failures:
            raise failures.pop()
        return engine

    session, _ = open_session(tmp_path / "chat.db", engine=load)
    app = WatchedApp(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.notices)
        assert app.notices == ["The model folder x is not there. Train one."]
        await until(pilot, lambda: app.chat.query_one("#loading").has_class("-failed"))
        await pilot.press("f5")
        await ready(pilot)
        await say(pilot, "hi")
        assert session.messages()[-1].text == LINES[0]
    session.manager.close()


@pytest.mark.parametrize("code", [0, 143, 129])
async def test_quitting_in_mid_reply_stores_the_partial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    session, engine = open_session(tmp_path / "chat.db")
    monkeypatch.setattr(signal, "raise_signal", lambda number: app.exit(return_code=128 + number))
    app = WatchedApp(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 2)
        await pilot.press(*"more")
        threading.Timer(0.2, engine.gate.set).start()
        if code:
            end = signal.Signals(code - 128)
            assert signal.getsignal(end) is not signal.SIG_DFL
            os.kill(os.getpid(), end)
            await until(pilot, lambda: app.return_code is not None)
        else:
            await pilot.press("ctrl+q")
    session.manager.close()
    with ConversationManager(tmp_path / "chat.db") as manager:
        last = manager.path(manager.get("last").id)[-1]
        assert last.state == "partial"
        assert last.text.startswith("Keys go")
        assert manager.draft(last.conversation_id) == "more"
    assert app.return_code == code


async def test_quitting_does_not_wait_for_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, codes = threading.Event(), list[int]()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    monkeypatch.setattr(os, "_exit", end)
    session, _ = open_session(tmp_path / "chat.db", engine=lambda: ended.wait(60))

    async def leave(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+q")

    await run_through(WatchedApp(session), headless=True, size=(100, 30), auto_pilot=leave)
    assert codes == [0]
