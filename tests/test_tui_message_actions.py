"""What can be done to a message with a key: each ends in what is stored and in what is shown."""

from __future__ import annotations

import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static

from chatbot import editor
from chatbot.conversing import LONGEST_MESSAGE
from chatbot.session import ChatSession
from chatbot.tui import clipboard
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.composer import Composer
from chatbot.tui.confirm_screen import ConfirmScreen
from chatbot.tui.edit_screen import EditScreen
from chatbot.tui.jump_screen import JumpScreen
from storage import database
from tui_scripted import (
    LINES,
    POET,
    Opened,
    WatchedApp,
    deleted_elsewhere,
    half_said,
    open_session,
    ready,
    say,
    until,
)

SIZE = (100, 40)
GREETING = "You are late. So is the spring."


def said(session: ChatSession) -> list[str]:
    return [message.text for message in session.messages()]


async def test_every_message_can_be_chosen_and_it_is_marked_with_a_letter_not_with_colour_alone(
    opened: Opened,
) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        view = app.chat.conversation
        assert view.picked is None
        assert view.chosen == session.messages()[-1], "the last reply, until another message is picked"
        await pilot.press("alt+up")
        await until(pilot, lambda: app.texts[1].startswith("› you"))
        await pilot.press("alt+up", "alt+up", "alt+up")
        await until(pilot, lambda: app.texts[0].startswith("› gloomy-poet"))
        assert [text.startswith("›") for text in app.texts] == [True, False, False]
        await pilot.press("alt+down")
        await until(pilot, lambda: app.texts[1].startswith("› you"))
        await pilot.press("escape")
        await until(pilot, lambda: view.picked is None)
        await pilot.click(view.views[0])
        await until(pilot, lambda: app.texts[0].startswith("›"))


async def test_alt_e_edits_the_users_message_and_it_is_answered(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+up", "alt+e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        assert app.screen.query_one(Composer).text == "one"
        await pilot.press("space", "[", "b", "]", "enter")
        await until(pilot, lambda: len(app.texts) == 3 and LINES[1] in app.texts[2] and not app.chat.turn)
        assert said(session) == [GREETING, "one [b]", LINES[1]]
        assert app.texts[1] == "you  ‹ 2/2 ›\none [b]"
        await pilot.press("alt+up", "alt+left")
        await until(pilot, lambda: LINES[0] in app.texts[-1])
        assert said(session) == [GREETING, "one", LINES[0]]
        assert app.texts[1].startswith("› you  ‹ 1/2 ›")


async def test_alt_e_edits_a_reply_and_asks_for_nothing(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        app.screen.query_one(Composer).put("No keys.")
        await pilot.press("enter")
        await until(pilot, lambda: "No keys." in app.texts[-1])
        assert said(session)[-1] == "No keys."
        assert len(engine.asked) == 1
        await pilot.press("alt+e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert session.messages()[-1].sibling_count == 2


async def test_ctrl_g_lets_a_stopped_reply_go_on(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 3)
        await pilot.press("escape")
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None)
        old = session.messages()[-1].text
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "2/2" in app.texts[-1] and app.chat.turn is None)
        assert said(session)[-1] == f"{old} {LINES[1]}"


async def test_alt_w_gives_the_words_that_one_reply_begins_with(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+w")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press(*"Well,", "enter")
        await until(pilot, lambda: app.chat.query_one("#next").display)
        assert str(app.chat.query_one("#next").render()) == "The reply begins: Well,"
        await say(pilot, "one")
        assert said(session)[-1] == f"Well, {LINES[0]}"
        assert not app.chat.query_one("#next").display
        await say(pilot, "two")
        assert said(session)[-1] == LINES[1]
        await pilot.press("alt+w")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press(*"So,", "enter")
        await until(pilot, lambda: app.chat.query_one("#next").display)
        await pilot.press("alt+up", "alt+e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press(*"!", "enter")
        await until(
            pilot, lambda: said(session)[-2:] == ["two!", f"So, {LINES[2]}"] and app.chat.turn is None
        )
        assert not app.chat.query_one("#next").display


async def test_alt_z_takes_the_last_message_back_into_the_box(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+z")
        await until(pilot, lambda: app.notices)
        await say(pilot, "one")
        await say(pilot, "two")
        await pilot.press("alt+z")
        await until(pilot, lambda: app.chat.composer.text == "two")
        assert said(session) == [GREETING, "one", LINES[0]]
        assert len(app.texts) == 3


async def test_alt_x_deletes_one_message_after_a_question(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await say(pilot, "two")
        for answer in (["escape"], ["down", "enter"]):
            await pilot.press("alt+x")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press(*answer)
            await until(pilot, lambda: app.screen is app.chat)
        assert len(session.messages()) == 5
        await pilot.press("alt+up", "alt+up", "alt+x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: len(app.texts) == 4)
        assert said(session) == [GREETING, "one", "two", LINES[1]]


@pytest.mark.parametrize("place", [0, 10, 60])
async def test_after_a_deletion_the_message_at_that_place_is_chosen(opened: Opened, place: int) -> None:
    app, session, _ = opened
    conversation = session.manager.create(
        profile_name=POET.name, profile=POET.model_dump(mode="json"), model="scripted"
    )
    for number in range(100):
        session.manager.add_message(conversation.id, role=("user", "bot")[number % 2], text=f"m {number}")
    session.resume(conversation.id)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        view = app.chat.conversation
        await view.reveal(session.messages()[place].id)
        for left in (99, 98):
            await pilot.press("alt+x")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press("enter")
            await until(pilot, lambda left=left: len(session.messages()) == left and app.screen is app.chat)
            await until(pilot, lambda: view.picked == session.messages()[place].id)
        await until(pilot, lambda: _in_sight(app))
        await pilot.press("alt+h")
        await until(pilot, lambda: session.messages()[place].hidden)
        assert said(session)[place : place + 1] == [f"m {place + 2}"]
        assert sum(message.hidden for message in session.messages()) == 1


def _in_sight(app: WatchedApp) -> bool:
    view = app.chat.conversation
    picked = next(message for message in view.views if message.message.id == view.picked)
    return view.region.overlaps(picked.region)


async def test_after_the_last_message_is_deleted_the_one_before_is_chosen_if_one_was_picked(
    opened: Opened,
) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+down", "alt+x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.texts[-1] == "› you\none")
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.conversation.picked is None)
        await pilot.press("alt+x")  # of the greeting, which is the last reply and was not picked
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.texts == ["you\none"])
        assert app.chat.conversation.picked is None


async def test_a_deletion_beside_a_reader_says_that_bytes_may_be_left(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        with closing(sqlite3.connect(str(session.manager.path_of_database), isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM message").fetchall()
            await pilot.press("alt+x")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press("enter")
            await until(pilot, lambda: app.notices)
        assert app.notices == ["Some of the text may stay on disk until other programs close the file."]


async def test_alt_m_marks_and_alt_n_goes_round_the_bookmarks(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await say(pilot, "two")
        await pilot.press("alt+n")
        await until(pilot, lambda: app.notices == ["No message here has a bookmark. Alt+M sets one."])
        await pilot.press("alt+m")
        await until(pilot, lambda: session.messages()[4].bookmarked)
        await pilot.press("alt+up", "alt+up", "alt+up", "alt+m")
        await until(pilot, lambda: session.messages()[1].bookmarked)
        assert app.texts[1] == "› you  bookmark\none"
        await pilot.press("escape")
        for place in (1, 4, 1):
            await pilot.press("alt+n")
            await until(pilot, lambda place=place: app.texts[place].startswith("›"))
        await pilot.press("alt+m")
        await until(pilot, lambda: not session.messages()[1].bookmarked)


async def test_alt_h_hides_a_message_from_the_model_and_says_so(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+up", "alt+h")
        await until(pilot, lambda: session.messages()[1].hidden)
        assert app.texts[1] == "› you  hidden from the model\none"
        await say(pilot, "two")
        assert [turn.text for turn in engine.asked[-1]["context"].turns] == [GREETING, LINES[0], "two"]
        await pilot.press("alt+up", "alt+up", "alt+up", "alt+h")
        await until(pilot, lambda: not session.messages()[1].hidden)


async def test_alt_g_ends_the_path_at_a_message_and_the_next_one_follows_it(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await say(pilot, "two")
        await pilot.press("alt+up", "alt+up", "alt+g")
        await until(pilot, lambda: len(app.texts) == 3)
        assert app.chat.composer.has_focus
        await say(pilot, "zwei")
        assert said(session) == [GREETING, "one", LINES[0], "zwei", LINES[2]]
        assert "‹ 2/2 ›" in app.texts[3]


async def test_alt_k_forks_into_another_conversation(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: app.notices)
        await say(pilot, "one")
        await say(pilot, "two")
        first = session.conversation
        await pilot.press("alt+up", "alt+up", "alt+k")
        await until(pilot, lambda: len(app.texts) == 3 and session.conversation != first)
        assert said(session) == [GREETING, "one", LINES[0]]
        assert first is not None
        assert len(session.manager.path(first.id)) == 5


async def test_alt_k_off_the_record_stays_off_the_record(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        first = session.conversation
        await pilot.press("alt+r", *"secret", "alt+k")
        await until(pilot, lambda: session.conversation != first and app.chat.composer.text == "secret")
        assert app.chat.off_record
        app.chat.keep_draft()
        assert session.conversation is not None
        assert session.manager.draft(session.conversation.id) == ""


async def test_a_text_that_is_refused_stays_in_the_dialog(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+i")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        long = "x" * (LONGEST_MESSAGE + 1)
        app.screen.query_one(Composer).put(long)
        await pilot.press("enter")
        await until(pilot, lambda: any("Shorten it" in notice for notice in app.notices))
        assert isinstance(app.screen, EditScreen)
        assert app.screen.query_one(Composer).text == long
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: not isinstance(app.screen, EditScreen))
        assert session.messages()[-1].text == long[:-1]


@pytest.mark.parametrize("key", ["alt+e", "alt+up alt+e", "alt+i"])
async def test_a_text_that_cannot_be_stored_comes_back_into_the_box(opened: Opened, key: str) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        deleted_elsewhere(session)
        await pilot.press("alt+g")
        await until(pilot, lambda: app.notices)
        assert "nothing answers to" in app.notices[-1]
        await pilot.press(*key.split())
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        app.screen.query_one(Composer).put("A long text.")
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.composer.text == "A long text.")


@pytest.mark.parametrize(
    "screen", [AskScreen("Title"), ConfirmScreen("Sure?", {"yes": "Yes"}), JumpScreen([])]
)
async def test_two_keys_at_once_dismiss_a_dialog_once(opened: Opened, screen: Screen[Any]) -> None:
    app, _, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        given: list[object] = []
        app.push_screen(screen, given.append)
        await until(pilot, lambda: app.screen is screen)
        key = "z" if isinstance(screen, JumpScreen) else "enter"
        for _ in range(2):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.screen is app.chat)
        await pilot.pause()
        assert len(given) == 1


async def test_alt_i_inserts_narration_without_a_reply(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+i")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press(*"Rain.", "enter")
        await until(pilot, lambda: app.texts[-1] == "narrator\nRain.")
        assert [message.role for message in session.messages()] == ["bot", "narrator"]
        assert engine.asked == []
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(app.texts) == 3 and app.chat.turn is None)
        assert [message.role for message in session.messages()] == ["bot", "narrator", "bot"]


async def test_ctrl_r_on_the_users_message_answers_it_again(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await say(pilot, "two")
        await pilot.press("alt+up", "alt+up", "alt+up", "ctrl+r")
        await until(pilot, lambda: len(app.texts) == 3 and app.chat.turn is None)
        assert said(session) == [GREETING, "one", LINES[2]]
        assert "‹ 2/2 ›" in app.texts[2]


@pytest.mark.parametrize("key", ["alt+e", "alt+m", "alt+h", "alt+g", "alt+x", "alt+i"])
async def test_while_a_reply_comes_nothing_is_changed(opened: Opened, key: str) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 1)
        await pilot.press(key)
        await until(pilot, lambda: app.notices)
        assert "One reply at a time" in app.notices[0]
        assert app.screen is app.chat
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None)
        assert len(session.messages()) == 3


# --- copying, the editor, pasting


def tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_terminal_is_known_to_take_no_text_by_its_name() -> None:
    assert clipboard.by_terminal({})
    assert clipboard.by_terminal({"TERM": "xterm", "TERM_PROGRAM": "vscode"})
    assert not clipboard.by_terminal({"TERM": "linux"})
    assert not clipboard.by_terminal({"TERM": "dumb"})
    assert not clipboard.by_terminal({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"})


async def test_copying_says_which_way_worked(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _, engine = opened
    for variable in ("WAYLAND_DISPLAY", "DISPLAY", "WSL_DISTRO_NAME", "TERM_PROGRAM"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("TERM", "xterm-256color")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 2)
        await pilot.press("alt+c")
        await until(pilot, lambda: app.notices)
        assert app.clipboard == "Keys go"
        engine.gate.set()
        await until(pilot, lambda: app.chat.turn is None)
        app.notices.clear()
        await pilot.press("alt+up", "alt+up", "alt+c")
        await until(pilot, lambda: len(app.notices) == 1)
        assert app.notices[0].startswith("Sent 31 characters to the terminal's clipboard.")
        assert app.clipboard == GREETING
        monkeypatch.setenv("TERM", "linux")
        await pilot.press("alt+c")
        await until(pilot, lambda: len(app.notices) == 2)
        assert "Install wl-copy, xclip or xsel." in app.notices[1]
        tool(tmp_path, "xclip", "exit 1")
        tool(tmp_path, "xsel", f"cat > {tmp_path}/copied")
        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        await pilot.press("alt+c")
        await until(pilot, lambda: len(app.notices) == 3)
        assert app.notices[2] == "Copied 31 characters with xsel."
        assert (tmp_path / "copied").read_text() == GREETING
        app.chat.composer.put("a selection")
        await pilot.press("shift+home", "ctrl+c")
        await until(pilot, lambda: len(app.notices) == 4)
        assert app.notices[3] == "Copied 11 characters with xsel."
        assert (tmp_path / "copied").read_text() == "a selection"


def test_windows_is_given_letters_as_it_knows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "clip.exe", f"cat > {tmp_path}/copied")
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    assert clipboard.by_system("Zoë") == "clip.exe"
    assert (tmp_path / "copied").read_bytes() == b"Z\0o\0\xeb\0"


def test_an_editor_in_a_folder_with_spaces_is_quoted_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("VISUAL", r'"C:\Program Files\np.exe" C:\my.ini')
    assert editor.command() == [r"C:\Program Files\np.exe", r"C:\my.ini"]


@pytest.mark.parametrize("keys", [("ctrl+z",), ("ctrl+z", "ctrl+y"), ("f7", "delete", "ctrl+z", "ctrl+y")])
async def test_undo_and_redo_in_a_box_that_shrinks(opened: Opened, keys: tuple[str, ...]) -> None:
    app, _, _ = opened
    lines = "\n".join(f"line {number}" for number in range(12))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        app.post_message(events.Paste(lines))
        await until(pilot, lambda: app.chat.composer.text == lines)
        await pilot.press(*keys)
        left = lines if keys == ("ctrl+z", "ctrl+y") else ""
        await until(pilot, lambda: app.chat.composer.text == left)
        assert app.chat.composer.cursor_location == app.chat.composer.document.end


async def test_no_text_controls_the_terminal_from_the_box(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        app.post_message(events.Paste("a\x1b[2Jb\tc"))
        await until(pilot, lambda: app.chat.composer.text == "a[2Jb\tc")
        app.chat.composer.put("\x1b[31mred")
        assert app.chat.composer.text == "[31mred"
        app.chat.composer.propose("\x9bmore", "[31mred")
        assert app.chat.composer.text == "more"
        app.chat.composer.put("")
        await say(pilot, "one")
        session.manager.edit(session.messages()[-1].id, "\x1b[2Jhello")
        await app.chat.refresh_path()
        stored = session.messages()
        await pilot.press("alt+e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        assert app.screen.query_one(Composer).text == "[2Jhello"
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, EditScreen))
        assert session.messages() == stored, "what the box shows is no other text"
        for key in ("ctrl+s", "ctrl+p"):
            await pilot.press(key)
            await until(pilot, lambda: app.screen.query(Input) and app.screen.query_one(Input).has_focus)
            line = app.screen.query_one(Input)
            app.post_message(events.Paste("\x1b[2Ja\x9b\u202eb\nc"))
            await until(pilot, lambda line=line: line.value == "[2Jab")
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.chat)


async def test_alt_v_writes_the_message_in_the_persons_editor(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _, _ = opened
    tool(
        tmp_path, "pen", 'test "$1" = "-w x" || exit 3\ncat "$2" > "$2.old"; printf "more\\nlines\\n" >> "$2"'
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{tmp_path}/pen '-w x'")
    monkeypatch.setattr(WatchedApp, "suspend", lambda self: nullcontext())
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press(*"some ", "alt+v")
        await until(pilot, lambda: app.chat.composer.text == "some more\nlines")
        monkeypatch.setenv("EDITOR", "false")
        await pilot.press("alt+v")
        await until(pilot, lambda: app.notices)
        assert app.notices == ["false ended with the code 1; the text stays as it was."]
        assert app.chat.composer.text == "some more\nlines"


async def test_a_chat_that_is_kept_nowhere_opens_no_editor() -> None:
    session, _ = open_session()
    app = WatchedApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("alt+v")
        await until(pilot, lambda: app.notices)
        assert "this chat writes none" in app.notices[0]
        await pilot.press("alt+r", "alt+v")
        await until(pilot, lambda: "off the record is written to none" in app.notices[-1])
    session.manager.close()


async def test_the_line_ends_of_a_paste_are_kept_as_terminals_send_them(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        box = app.chat.composer
        app.post_message(events.Paste("a\rb\r\nc"))
        await until(pilot, lambda: box.text == "a\nb\nc")
        app.chat.dials.focus()
        await until(pilot, lambda: app.chat.dials.has_focus)
        app.post_message(events.Paste("d"))
        await until(pilot, lambda: box.text == "a\nb\ncd" and box.has_focus)
        box.text = ""
        app.post_message(events.Paste("\r".join(["x"] * 201)))
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(session.messages()) == 3 and app.chat.turn is None)
        assert session.messages()[1].text == "\n".join(["x"] * 201)


async def test_a_large_paste_is_asked_about(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        box = app.chat.composer
        app.post_message(events.Paste("a\nb"))
        await until(pilot, lambda: box.text == "a\nb")
        many = "\n".join(["x"] * 201)
        for answer, text in (("escape", "a\nb"), ("enter", f"a\nb{many}")):
            app.post_message(events.Paste(many))
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press(answer)
            await until(pilot, lambda text=text: app.screen is app.chat and box.text == text)
        box.text = ""
        app.post_message(events.Paste(many))
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(session.messages()) == 3 and app.chat.turn is None)
        assert session.messages()[1].text == many
        app.post_message(events.Paste("y" * 20_001))
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert app.screen.query_one("#rows", OptionList).option_count == 2, (
            "too long to be sent: into the box, or not"
        )
        asked = str(app.screen.query_one("#dialog-title", Static).render())
        assert asked.startswith("What was pasted has 1 line and 20,001 characters.")
        await pilot.press("escape")
