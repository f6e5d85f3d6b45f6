"""Many conversations: the list with what it can do, search, the tree and tabs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import tzset

import pytest
from textual.content import Content
from textual.widgets import Input, OptionList

from chatbot.session import ChatSession
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.conversations_screen import ConversationsScreen
from chatbot.tui.search_screen import SearchScreen
from chatbot.tui.statistics_screen import StatisticsScreen
from chatbot.tui.tab_line import TabLabel, TabLine
from chatbot.tui.tree_screen import TreeScreen
from tui_scripted import LINES, POET, Opened, WatchedApp, half_said, ready, say, until

SIZE = (100, 40)


def stored(session: ChatSession, *texts: str) -> str:
    """A conversation that begins with these messages of the user, each answered; its id."""
    manager = session.manager
    conversation = manager.create(
        profile_name=POET.name, profile=POET.model_dump(mode="json"), model="scripted"
    )
    for text in texts:
        manager.add_message(conversation.id, role="user", text=text)
        manager.add_message(conversation.id, role="bot", text=f"An answer to {text}.")
    return conversation.id


def rows(app: WatchedApp) -> list[str]:
    options = app.screen.query_one("#rows", OptionList)
    return [str(options.get_option_at_index(i).prompt).split("\n")[0] for i in range(options.option_count)]


# --- the list


async def test_the_list_renames_archives_and_shows_the_archive(opened: Opened) -> None:
    app, session, _ = opened
    stored(session, "about rain")
    stored(session, "about bread")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 2)
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = "Bread [x]"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen))
        await until(pilot, lambda: rows(app) == ["  Bread [x]", "  about rain"])
        await pilot.press("alt+a")
        await until(pilot, lambda: rows(app) == ["  about rain"])
        assert app.notices == ["Archived. Alt+S shows the archive."]
        await pilot.press("alt+s")
        await until(pilot, lambda: len(rows(app)) == 2)
        detail = str(app.screen.query_one("#rows", OptionList).get_option_at_index(0).prompt)
        assert detail.endswith("· archived")
        await pilot.press("alt+a", "alt+s")
        await until(pilot, lambda: not session.manager.get("Bread [x]").archived)
        assert len(rows(app)) == 2


async def test_the_list_deletes_and_brings_back(opened: Opened) -> None:
    app, session, _ = opened
    stored(session, "about rain")
    stored(session, "about bread")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 2)
        await pilot.press("down", "alt+x")
        await until(pilot, lambda: rows(app) == ["  about bread"])
        assert app.notices == ["Deleted: about rain (Alt+U brings it back)"]
        assert len(session.manager.list()) == 1
        await pilot.press("alt+u")
        await until(pilot, lambda: len(rows(app)) == 2)
        await pilot.press("alt+u")
        await until(pilot, lambda: len(app.notices) == 2)
        assert "deleted last" in app.notices[1]
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_a_time_that_this_zone_does_not_have_hides_no_conversation(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, session, _ = opened
    found = stored(session, "about rain")
    zero = datetime.min.replace(tzinfo=UTC)
    messages = [replace(message, created_at=zero) for message in session.manager.path(found)]
    session.manager.restore(replace(session.manager.get(found), id="", updated_at=zero), messages)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        tzset()
        async with app.run_test(size=SIZE) as pilot:
            await ready(pilot)
            await pilot.press("ctrl+o")
            await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 2)
            await pilot.press("down", "f9")
            await until(pilot, lambda: isinstance(app.screen, StatisticsScreen))
            await pilot.press("escape", "escape", "ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, SearchScreen))
            await pilot.press(*"rain")
            await until(pilot, lambda: len(rows(app)) == 4)
    tzset()


async def test_deleting_the_open_conversation_leaves_a_new_one_and_alt_u_opens_it_again(
    opened: Opened,
) -> None:
    app, session, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        engine.gate.clear()
        app.chat.composer.put("two")
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.turn is not None and len(session.messages()) == 5)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 1)
        await pilot.press("alt+x")
        engine.gate.set()
        await until(pilot, lambda: rows(app) == [])
        assert session.conversation is None
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat and len(app.texts) == 1)
        await pilot.press("alt+u")
        await until(pilot, lambda: len(app.texts) == 5)
        assert session.messages()[1].text == "one"


async def test_the_list_exports_to_a_file_and_counts(opened: Opened, tmp_path: Path) -> None:
    app, session, _ = opened
    session.user_name = "Zoë"
    stored(session, "about rain")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 1)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, StatisticsScreen))
        shown = [str(widget.render()) for widget in app.screen.query(".help-what")]
        assert shown[:3] == ["2", "1 with 2 words", "1 with 5 words"]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen))
        (tmp_path / "there.md").write_text("mine", "utf-8")
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        assert app.screen.query_one(Input).value == "about-rain.md"
        for told, name in enumerate(("there.md", "talk.xyz", "talk.md")):
            app.screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")  # what is refused stays there to be changed
            await until(pilot, lambda told=told: len(app.notices) > told)
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen))
        assert app.notices[-1] == f"Written to {tmp_path}/talk.md."
        assert (tmp_path / "there.md").read_text("utf-8") == "mine"
        written = (tmp_path / "talk.md").read_text(encoding="utf-8")
        assert "An answer to about rain." in written
        assert "Zoë" in written
        assert "You" not in written
        assert not any(notice.startswith("Written") for notice in app.notices[:-1])


async def test_f12_and_f9_are_for_the_open_conversation_too(opened: Opened, tmp_path: Path) -> None:
    app, session, _ = opened
    session.user_name = "Zoë"
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("f12")
        await until(pilot, lambda: app.notices == ["There is nothing to export yet. Write something first."])
        session.resume(stored(session, "about rain"))
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = str(tmp_path / "talk.md")
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "talk.md").exists())
        written = (tmp_path / "talk.md").read_text(encoding="utf-8")
        assert "Zoë" in written
        assert "You" not in written
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, StatisticsScreen))
        headings = [str(widget.render()) for widget in app.screen.query(".help-heading")]
        assert headings == ["about rain", "All conversations"]
        await pilot.press("escape")
        session.manager.rename(session.manager.get("about rain").id, "about snow")
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, StatisticsScreen))
        assert str(app.screen.query(".help-heading").first().render()) == "about snow"


# --- search and tree


async def test_ctrl_s_finds_a_message_and_goes_to_it(opened: Opened, tmp_path: Path) -> None:
    app, session, _ = opened
    stored(session, "the umbrella is green", "and the hat")
    stored(session, "about bread")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        note = app.screen.query_one("#dialog-note")
        await pilot.press("u")
        assert str(note.render()) == "Type the words to look for · esc back"
        await pilot.press(*"mbrel")
        await until(pilot, lambda: sorted(rows(app)) != [])
        assert sorted(rows(app)) == ["An answer to the umbrella is green.", "the umbrella is green"]
        await pilot.press(*" zzz")
        await until(pilot, lambda: str(note.render()).startswith("Nothing has all these words"))
        await pilot.press(*["backspace"] * 10, *"answer hat")
        await until(pilot, lambda: rows(app) == ["An answer to and the hat."])
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.chat and len(app.texts) == 4)
        await until(pilot, lambda: app.texts[3].startswith("› gloomy-poet"))
        assert session.messages()[0].text == "the umbrella is green"
        session.manager.set_speaker(session.messages()[1].id, role="bot", speaker="Old Bert")
        await pilot.press("ctrl+s", *"answer green")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and rows(app))
        found = app.screen.query_one("#rows", OptionList).get_option_at_index(0)
        assert " · Old Bert · " in str(found.prompt)
        text = "\u2067left\u2069 the lantern"  # isolates, which are not shown
        session.manager.add_message(session.messages()[0].conversation_id, role="bot", text=text)
        await pilot.press(*["backspace"] * 12, *"lantern")
        await until(pilot, lambda: rows(app) == ["left the lantern"])
        shown = app.screen.query_one("#rows", OptionList).get_option_at_index(0).prompt
        assert isinstance(shown, Content)
        marked = [shown.plain[span.start : span.end] for span in shown.spans if "bold" in str(span.style)]
        assert marked == ["lantern"]
        with closing(sqlite3.connect(tmp_path / "chat.db")) as damaged, damaged:
            damaged.execute("DELETE FROM message_search_data")
        await pilot.press("s")
        await until(pilot, lambda: "sound SQLite database" in app.notices[-1])


async def test_a_hit_beside_the_active_path_makes_its_path_the_active_one(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "2/2" in app.texts[-1] and app.chat.turn is None)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        assert app.screen.query_one(Input).placeholder == "Words to look for"
        await pilot.press(*"stopped looking")
        await until(pilot, lambda: rows(app) == [LINES[0]])
        await pilot.press("enter")
        await until(pilot, lambda: app.texts[-1].startswith("› gloomy-poet  ‹ 1/2 ›"))
        assert session.messages()[-1].text == LINES[0]


async def test_f8_shows_the_tree_and_enter_changes_the_active_path(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("f8")
        await until(pilot, lambda: app.notices == ["There is no tree yet. Write something first."])
        await say(pilot, "one [b]")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "2/2" in app.texts[-1] and app.chat.turn is None)
        await say(pilot, "two")
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, TreeScreen))
        assert rows(app) == [
            "● gloomy-poet: You are late. So is the spring.",
            "● you: one [b]",
            f"  ├ gloomy-poet: {LINES[0]}",
            f"● gloomy-poet: {LINES[1]}",
            "● you: two",
            f"● gloomy-poet: {LINES[2]}",
        ]
        options = app.screen.query_one("#rows", OptionList)
        await until(pilot, lambda: options.highlighted == 5)
        await pilot.press("left", "left", "left")
        assert options.highlighted == 1
        await pilot.press("right")
        assert options.highlighted == 3, "along the path"
        await pilot.press("up", "enter")
        await until(pilot, lambda: app.screen is app.chat and len(app.texts) == 3)
        assert session.messages()[-1].text == LINES[0]
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, TreeScreen))
        assert rows(app)[-1] == f"● gloomy-poet: {LINES[0]}"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_f8_shows_the_place_where_one_is_in_a_long_tree(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        long = [replace(session.messages()[-1], id=n, parent_id=n - 1 or None) for n in range(1, 60)]
        await app.push_screen(TreeScreen(long, range(60), 59, None, {}))
        await pilot.pause()
        assert app.screen.query_one("#rows", OptionList).is_vertical_scroll_end


async def test_f8_during_a_reply_says_that_it_is_coming(opened: Opened) -> None:
    app, _, engine = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await half_said(pilot, engine, 2)
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, TreeScreen))
        assert rows(app)[-1].startswith("● gloomy-poet: coming ")
        await pilot.press("escape", "escape")
        engine.gate.set()
        await until(pilot, lambda: app.screen is app.chat and app.chat.turn is None)
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, TreeScreen))
        assert rows(app)[-1].startswith("● gloomy-poet: stopped ")


# --- tabs


def tabs(app: WatchedApp) -> list[str]:
    return [str(label.render()) for label in app.chat.query(TabLabel)]


def test_a_title_of_wide_letters_takes_no_more_room_than_one_of_others() -> None:
    for title in ("a long title of many words, and more", "夜のカフェで待ち合わせをする約束の話"):
        label = TabLabel(0, title, True).render()
        assert isinstance(label, Content)
        assert 27 <= label.cell_length <= 28
        assert label.plain.startswith(f"● 1 {title[:11]}")
        assert label.plain.endswith("…")


async def test_tabs_keep_their_conversation_and_their_draft(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        assert not app.chat.query_one("#tabs").display, "one conversation needs no line of tabs"
        await say(pilot, "one")
        await pilot.press(*"half", "alt+t")
        await until(pilot, lambda: tabs(app) == ["  1 one", "● 2 gloomy-poet"])
        assert session.conversation is None
        assert app.chat.composer.text == ""
        await say(pilot, "two")
        await until(pilot, lambda: tabs(app) == ["  1 one", "● 2 two"])
        await pilot.press("alt+pageup")
        await until(pilot, lambda: tabs(app) == ["● 1 one", "  2 two"])
        assert app.chat.composer.text == "half"
        assert session.messages()[1].text == "one"
        await pilot.press("alt+pageup")
        await until(pilot, lambda: tabs(app)[1] == "● 2 two")
        assert session.messages()[1].text == "two"
        await pilot.click(app.chat.query(TabLabel).first())
        await until(pilot, lambda: tabs(app)[0] == "● 1 one")
        await pilot.press("alt+pagedown", "alt+q")
        await until(pilot, lambda: not app.chat.query_one("#tabs").display)
        await until(pilot, lambda: app.chat.composer.text == "half")
        assert len(session.manager.list()) == 2, "closing a tab deletes nothing"
        await pilot.press("alt+q")
        await until(pilot, lambda: app.notices == ["This is the only tab. Ctrl+Q leaves."])


async def test_the_active_tab_is_in_sight_however_many_there_are(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        line = app.chat.query_one(TabLine)

        def in_sight(number: int) -> bool:
            active = [label for label in line.query(TabLabel) if label.active]
            inside = [label.region and line.content_region.contains_region(label.region) for label in active]
            return [label.number for label in active] == [number] and all(inside)

        for number in range(1, 5):
            await say(pilot, f"a conversation with a long title, {number}")
            await pilot.press("alt+t")
            await until(pilot, lambda number=number: in_sight(number))
        for key, number in (("alt+pagedown", 0), ("alt+pageup", 4), ("alt+pageup", 3)):
            await pilot.press(key)
            await until(pilot, lambda number=number: in_sight(number))
        await pilot.resize_terminal(40, 24)
        await until(pilot, lambda: line.region.width == 40 and in_sight(3))


async def test_keys_that_come_quickly_each_go_a_tab_further(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        for number in range(1, 4):
            await say(pilot, f"talk {number}")
            await pilot.press("alt+t")
            await until(pilot, lambda number=number: len(tabs(app)) == number + 1)
        for step, tab in ((1, 2), (-1, 3)):
            for _ in range(3):
                app.chat._step_to_tab(step)  # noqa: SLF001  # as keys of one read come, before any is done
            await until(pilot, lambda tab=tab: app.chat.tab == tab and app.chat._bound_for is None)  # noqa: SLF001


async def test_going_to_another_tab_stops_and_stores_the_reply(opened: Opened) -> None:
    app, session, engine = opened
    engine.words_before_gate = 2
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        engine.gate.clear()
        await pilot.press(*"one", "enter")
        await until(pilot, lambda: app.texts[-1].endswith("Keys go▍"))
        await pilot.press("alt+t")
        engine.gate.set()
        await until(pilot, lambda: len(tabs(app)) == 2 and app.chat.turn is None)
        assert [message.state for message in session.manager.path(session.manager.get("one").id)][
            -1
        ] == "partial"
        await pilot.press("alt+pagedown")
        await until(pilot, lambda: app.texts[-1].startswith("gloomy-poet  stopped"))


async def test_what_is_open_in_a_tab_is_gone_to_and_what_is_deleted_leaves_it(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        for text in ("one", "two", "three"):
            await say(pilot, text)
            if text != "three":
                await pilot.press("alt+t")
                await until(pilot, lambda text=text: session.conversation is None)
        await until(pilot, lambda: tabs(app) == ["  1 one", "  2 two", "● 3 three"])
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 3)
        await pilot.press(*"two", "enter")
        await until(pilot, lambda: tabs(app) == ["  1 one", "● 2 two", "  3 three"])
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 3)
        await pilot.press(*"one", "alt+x", "escape")
        await until(pilot, lambda: tabs(app) == ["● 1 two", "  2 three"])
        assert session.messages()[1].text == "two"


async def test_a_tab_whose_conversation_is_renamed_in_the_list_shows_the_new_title(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+t")
        await until(pilot, lambda: tabs(app) == ["  1 one", "● 2 gloomy-poet"])
        await say(pilot, "two")
        for number, title in enumerate(("first", "second")):
            await pilot.press("ctrl+o")
            await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 2)
            await pilot.press(*("one", "two")[number], "f4")
            await until(pilot, lambda: isinstance(app.screen, AskScreen))
            app.screen.query_one(Input).value = title
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, ConversationsScreen))
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.chat)
        await until(pilot, lambda: tabs(app) == ["  1 first", "● 2 second"])
        await pilot.press("alt+t")
        await until(pilot, lambda: tabs(app) == ["  1 first", "  2 second", "● 3 gloomy-poet"])


async def test_what_the_list_deletes_and_brings_back_stays_in_its_tab(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        await pilot.press("alt+t")
        await until(pilot, lambda: session.conversation is None)
        await say(pilot, "two")
        await pilot.press(*"half")
        for number, text in enumerate(("one", "two")):
            await pilot.press("ctrl+o")
            await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 2)
            await pilot.press(*text, "alt+x")
            await until(pilot, lambda: rows(app) == [])
            await pilot.press("alt+u")
            await until(pilot, lambda: len(rows(app)) == 1)
            assert rows(app)[0].startswith("●") == bool(number), "the open one is open again"
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.chat)
            await until(pilot, lambda: tabs(app) == ["  1 one", "● 2 two"])
            assert session.messages()[1].text == "two"
            assert app.chat.composer.text == "half"
        assert len(app.texts) == 3
        assert len(app.notices) == 2, "of the deletions, and nothing failed"
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ConversationsScreen) and len(rows(app)) == 2)
        await pilot.press(*"two", "alt+x", "alt+u", "alt+x", "escape")
        await until(pilot, lambda: session.conversation is None and app.chat.composer.text == "")


async def test_a_tab_comes_back_scrolled_as_it_was_left(opened: Opened) -> None:
    app, session, _ = opened
    session.resume(stored(session, *(f"message {number}" for number in range(25))))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        view = app.chat.conversation
        await until(pilot, lambda: view.max_scroll_y > 60 and view.scroll_y == view.max_scroll_y)
        view.scroll_to(y=20, animate=False)
        await until(pilot, lambda: view.scroll_y == 20)
        above = view.max_scroll_y - 20
        await pilot.press("alt+t")
        await until(pilot, lambda: len(tabs(app)) == 2 and len(app.texts) == 1)
        await pilot.press("alt+pageup")
        await until(pilot, lambda: len(app.texts) == 50 and view.max_scroll_y - view.scroll_y == above)
