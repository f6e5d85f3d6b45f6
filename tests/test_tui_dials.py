"""The panel of dials: keys turn what the session asks for, and the next reply is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events

from chatbot.session import ChatSession
from profiles.profile import Profile, Target
from tui_scripted import ATTRIBUTES, POET, Opened, WatchedApp, open_session, ready, say, until


def pure(aspect: str, weight: float | None) -> Target:
    return Target(aspects={aspect: 1.0}, weight=weight)


async def test_every_attribute_of_the_model_has_a_dial(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        assert [dial.attribute for dial in app.chat.dials.dials] == list(ATTRIBUTES)
        width = app.chat.dials.dials[0].content_size.width
        first, second = app.chat.dials.dials[0].render().plain.split("\n")
        assert first.split() == ["style", "lyrical"]
        assert (len(first), len(second)) == (width, width)
        assert second.split()[1] == "1.0"
        assert second.count("━") == second.count("─") or abs(second.count("━") - second.count("─")) == 1


async def test_arrows_weigh_and_space_turns_the_aspect(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: app.chat.dials.has_focus)
        await pilot.press("right", "right")
        await until(pilot, lambda: session.dials["style"] == pure("lyrical", 1.2))
        await pilot.press("left")
        await until(pilot, lambda: session.dials["style"] == pure("lyrical", 1.1))
        await pilot.press("space")
        await until(pilot, lambda: session.dials["style"] == pure("plain", 1.1))
        await pilot.press("enter")
        await until(pilot, lambda: session.dials["style"] == pure("lyrical", 1.1))
        await pilot.press("0")
        await until(pilot, lambda: session.dials["style"] == pure("lyrical", 0.0))
        assert app.chat.dials.dials[0].render().plain.endswith("off")
        await pilot.press("left")
        assert session.dials["style"].weight == 0, "not below 0"
        await pilot.press("space")
        await until(pilot, lambda: session.dials["style"] == pure("lyrical", 1.0))


async def test_a_dial_that_is_off_comes_on_at_the_models_own_strength(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+d", "down", "down", "down")
        await pilot.press("space")
        await until(pilot, lambda: session.dials.get("openness") == pure("high", None))
        assert app.chat.dials.dials[3].render().plain.endswith("1.0")
        await pilot.press("right")
        await until(pilot, lambda: session.dials["openness"] == pure("high", 1.1))
        await pilot.press("down", "right")
        await until(pilot, lambda: session.dials.get("conscientiousness") == pure("high", 0.1))
        await pilot.press("end")
        assert app.chat.dials.chosen is app.chat.dials.dials[-1]
        await pilot.press("home", "up")
        assert app.chat.dials.chosen is app.chat.dials.dials[0]


async def test_weighing_a_mixture_keeps_it(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+d", "down", "down", "right")
        await until(pilot, lambda: session.dials["mind"].weight == 0.8)
        assert session.dials["mind"].aspects == POET.attributes["mind"].aspects


async def test_a_strength_turns_as_one_and_no_key_is_lost_however_fast_they_come(opened: Opened) -> None:
    app, session, _ = opened
    session.set_dial("style", "lyrical:80%")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        panel = app.chat.dials
        assert panel.dials[0].render().plain.endswith(" 80%")
        panel.action_weigh(1)
        panel.action_weigh(1)
        panel.action_aspect()
        await until(pilot, lambda: session.dials["style"] == Target(aspects={"plain": 1}, probability=0.9))


async def test_the_next_reply_is_asked_for_what_the_dials_say_and_it_is_stored(opened: Opened) -> None:
    app, session, engine = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+d", "space", "escape")
        await until(pilot, lambda: app.chat.composer.has_focus)
        await say(pilot, "hi")
        assert engine.asked[-1]["targets"]["style"] == pure("plain", 1.0)
        await pilot.press("ctrl+d", "right")
        await until(pilot, lambda: session.dials["style"] == pure("plain", 1.1))
        stored = session.manager.get("last").profile
        assert Profile.model_validate(stored).attributes["style"] == pure("plain", 1.1)


async def test_a_click_chooses_a_dial_which_stays_in_sight(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.click(app.chat.dials.dials[2])
        await until(pilot, lambda: app.chat.dials.has_focus)
        assert app.chat.dials.chosen is app.chat.dials.dials[2]
        last = app.chat.dials.dials[-1]
        await pilot.click(last)
        await pilot.resize_terminal(100, 12)
        await until(
            pilot, lambda: app.size.height == 12 and last.region.bottom <= app.chat.dials.region.bottom
        )


async def test_a_profile_that_the_model_cannot_follow_is_told_and_can_be_helped(tmp_path: Path) -> None:
    odd = Profile(name="odd", attributes={"colour": pure("blue", 1.0)})
    session, _ = open_session(tmp_path / "chat.db", profile=odd)
    app = WatchedApp(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.notices)
        assert "colour" in app.notices[0]
        await until(pilot, lambda: len(app.chat.dials.dials) == len(ATTRIBUTES) + 1)
        await pilot.press("ctrl+d", "end", "0")
        await until(pilot, lambda: "colour" not in session.dials)
        await say(pilot, "hi")
        assert session.messages()[-1].state == "complete"
    session.manager.close()


async def test_f2_hides_and_shows_the_panel(opened: Opened) -> None:
    app, _, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        assert app.chat.dials.display
        await pilot.press("f2")
        await until(pilot, lambda: not app.chat.dials.display)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: app.chat.dials.has_focus)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: app.chat.composer.has_focus)
        assert app.chat.dials.display


@pytest.fixture
def moody(tmp_path: Path) -> Iterator[tuple[WatchedApp, ChatSession]]:
    """A poet who grows more lyrical from turn 1 to 3."""
    profile = POET.changed(arc={"style": ((1, 0.5), (3, 1.5))})
    session, _ = open_session(tmp_path / "chat.db", profile=profile)
    yield WatchedApp(session), session
    session.manager.close()


async def test_a_dial_on_an_arc_shows_where_it_is(moody: tuple[WatchedApp, ChatSession]) -> None:
    app, session = moody
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        dial = app.chat.dials.dials[0]
        for words, weight in (("one", 1.0), ("two", 1.5)):
            await say(pilot, words)
            await until(pilot, lambda weight=weight: dial.weight == weight)
        session.manager.delete(session.manager.get("last").id)  # as another instance does
        await app.chat.refresh_dials()
        await until(pilot, lambda: any("nothing answers to" in notice for notice in app.notices))
        assert dial.weight == 1.0  # the dial of the persona: where on its arc, nobody knows
        await pilot.press("ctrl+d", "left")
        await until(pilot, lambda: session.dials["style"] == pure("lyrical", 0.9))
        assert session.profile.arc == {}


async def test_a_dial_on_an_arc_turns_from_where_it_is(moody: tuple[WatchedApp, ChatSession]) -> None:
    app, session = moody
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        dial = app.chat.dials.dials[0]
        await say(pilot, "one")
        await say(pilot, "two")
        await until(pilot, lambda: dial.weight == 1.5)
        await pilot.press("ctrl+d", "left")
        await until(pilot, lambda: session.dials["style"] == pure("lyrical", 1.4))
        assert session.profile.arc == {}


async def test_turns_of_a_dial_come_before_the_key_that_leaves_it(opened: Opened) -> None:
    app, session, _ = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: app.chat.dials.has_focus)
        for key in ("right", "right", "right", "ctrl+d"):  # of one read, before any is handled
            app.post_message(events.Key(key, None))
        await until(pilot, lambda: app.chat.composer.has_focus)
        assert session.dials["style"] == pure("lyrical", 1.3)
