"""A chat session: the order of its events, and what is stored after each way in which a reply can end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatbot import writing
from chatbot.errors import ModelError, UnknownNameError, UsageError
from chatbot.model.text import Turn
from chatbot.sampling import Sampling
from chatbot.session import (
    UNSAVED,
    ChatSession,
    Piece,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    UserStored,
)
from fake_engine import FakeEngine
from profiles import Profile, ProfileError, Target
from storage import ConversationManager, DiskFullError, UnknownConversationError

POET = Profile.parse(
    {
        "name": "poet",
        "facts": ["My friend is {{user}}."],
        "scenario": "{{Char}} walks by the sea.",
        "greeting": "Hello {{user}}.",
        "alternate_greetings": ["You again."],
        "attributes": {"attitude": "pessimistic:1.2"},
    }
)
SILENT = Profile.parse({"name": "silent"})


@pytest.fixture
def manager() -> Iterator[ConversationManager]:
    with ConversationManager(None) as manager:
        yield manager


def chat(
    manager: ConversationManager, engine: Any = None, profile: Profile = SILENT, **options: Any
) -> ChatSession:
    fake: Any = engine or FakeEngine()  # keeps the engine's contract without being one
    return ChatSession(
        engine=fake,
        manager=manager,
        profile=profile,
        sampling=options.pop("sampling", Sampling()),
        **options,
    )


def said(session: ChatSession) -> list[tuple[str, str, str]]:
    return [(message.role, message.text, message.state) for message in session.messages()]


def test_a_message_is_stored_before_the_reply_and_the_reply_in_pieces(manager: ConversationManager) -> None:
    session = chat(manager, FakeEngine(trace={"energy": 1.5}))
    kinds = []
    for event in session.reply("  How is the weather? "):
        kinds.append(type(event))
        if isinstance(event, UserStored):
            assert said(session) == [("user", "How is the weather?", "complete")]
        if isinstance(event, ReplyStarted):
            assert said(session)[-1] == ("bot", "", "partial")
    assert kinds == [UserStored, ReplyStarted, Piece, Piece, ReplyFinished]
    assert said(session) == [("user", "How is the weather?", "complete"), ("bot", "It rains.", "complete")]
    assert session.messages()[-1].generation == {
        "finish": "end",
        "flow": "moved",
        "energy": 1.5,
        "profile": "silent",
        "profile_digest": SILENT.digest(),
    }


def test_nothing_is_stored_until_something_is_said(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    assert [message.id for message in session.messages()] == [UNSAVED]
    assert manager.list(include_empty=True) == []


def test_the_greeting_opens_the_conversation_with_its_alternatives(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET, user_name="Ada")
    list(session.reply("Hi"))
    first = session.messages()[0]
    assert (first.role, first.text, first.parent_id) == ("bot", "Hello Ada.", None)
    assert [message.text for message in manager.siblings(first.id)] == ["Hello Ada.", "You again."]
    assert [message.text for message in session.messages()] == ["Hello Ada.", "Hi", "It rains."]


def test_another_greeting_can_be_chosen_before_the_first_message(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    assert [message.text for message in session.sibling(1)] == ["You again."]
    assert [message.text for message in session.sibling(1)] == ["Hello friend."]
    session.sibling(-1)
    list(session.reply("Hi"))
    assert session.messages()[0].text == "You again."


def test_the_model_sees_facts_and_the_active_path(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, POET, user_name="Ada")
    list(session.reply("One"))
    list(session.regenerate())
    list(session.reply("Two"))
    assert engine.contexts[-1].facts == ("My friend is Ada.", "poet walks by the sea.")
    assert engine.contexts[-1].turns == (
        Turn("bot", "Hello Ada."),
        Turn("user", "One"),
        Turn("bot", "It rains."),
        Turn("user", "Two"),
    )
    assert engine.targets[-1] == {"attitude": Target.parse("pessimistic:1.2")}


def test_regenerating_adds_a_sibling_and_another_seed(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, sampling=Sampling(seed=7))
    list(session.reply("One"))
    engine.pieces = ("It snows.",)
    kinds = [type(event) for event in session.regenerate()]
    assert kinds == [ReplyStarted, Piece, ReplyFinished]
    assert [m.text for m in manager.siblings(session.messages()[-1].id)] == ["It rains.", "It snows."]
    assert engine.contexts[0] == engine.contexts[1]
    assert engine.seeds == [7, 8]
    assert [message.text for message in session.sibling(-1)] == ["One", "It rains."]
    assert [message.text for message in session.sibling(-1)] == ["One", "It snows."]


def test_an_earlier_reply_can_be_regenerated(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine)
    list(session.reply("One"))
    list(session.reply("Two"))
    list(session.regenerate(session.messages()[1].id))
    assert engine.contexts[-1].turns == (Turn("user", "One"),)
    assert [message.text for message in session.messages()] == ["One", "It rains."]
    assert [message.text for message in session.sibling(-1)] == ["One", "It rains.", "Two", "It rains."]


@pytest.mark.parametrize("profile", [POET, SILENT])
def test_a_greeting_or_nothing_cannot_be_regenerated(profile: Profile, manager: ConversationManager) -> None:
    with pytest.raises(UsageError):
        chat(manager, profile=profile).regenerate()


def test_closing_the_events_stores_what_was_said(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine)
    with closing(session.reply("Hi")) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Piece):
                break
    assert said(session)[-1] == ("bot", "It", "partial")
    assert (session.messages()[-1].generation or {})["finish"] == "stopped"
    assert engine.closed == 1
    list(session.reply("And now?"))  # the door is open again
    assert engine.contexts[-1].turns[1] == Turn("bot", "It")


def test_closing_after_the_end_leaves_the_reply_whole(manager: ConversationManager) -> None:
    session = chat(manager)
    with closing(session.reply("Hi")) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, ReplyFinished):
                break
    assert said(session)[-1] == ("bot", "It rains.", "complete")


def test_ctrl_c_in_the_engine_stores_what_was_said(manager: ConversationManager) -> None:
    session = chat(manager, FakeEngine(pieces=("It ", KeyboardInterrupt())))
    with pytest.raises(KeyboardInterrupt):
        list(session.reply("Hi"))
    assert said(session)[-1] == ("bot", "It", "partial")


@pytest.mark.parametrize("error", [ModelError("The model is tired."), RuntimeError("The model is tired.")])
def test_an_engine_that_fails_leaves_a_failed_message(error: Exception, manager: ConversationManager) -> None:
    session = chat(manager, FakeEngine(pieces=("It ", error)))
    last = list(session.reply("Hi"))[-1]
    assert isinstance(last, ReplyFailed)
    assert last.reason == "The model is tired."
    assert said(session) == [("user", "Hi", "complete"), ("bot", "It", "failed")]


def test_a_failed_reply_is_not_shown_to_the_model(manager: ConversationManager) -> None:
    engine = FakeEngine(pieces=("It ", RuntimeError("tired")))
    session = chat(manager, engine)
    list(session.reply("Hi"))
    engine.pieces = ("Better.",)
    list(session.reply("Now?"))
    assert engine.contexts[-1].turns == (Turn("user", "Hi"), Turn("user", "Now?"))


def test_a_mistake_in_the_engine_is_not_hidden(manager: ConversationManager) -> None:
    session = chat(manager, FakeEngine(pieces=("It ", ZeroDivisionError())))
    with pytest.raises(ZeroDivisionError):
        list(session.reply("Hi"))
    assert said(session)[-1] == ("bot", "It", "partial")


def test_partial_text_is_journalled_while_it_streams(
    manager: ConversationManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "JOURNAL_EVERY", 0.0)
    session = chat(manager)
    seen = []
    for event in session.reply("Hi"):
        if isinstance(event, Piece):
            seen.append(session.messages()[-1].text)
    assert seen == ["", "It "]  # a piece is on its way to the screen before it is on the disk


def test_a_full_disk_is_not_taken_for_a_tired_model(
    manager: ConversationManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFullError(Path("chat.db"))

    session = chat(manager)
    monkeypatch.setattr(manager, "finish_reply", full)
    with pytest.raises(DiskFullError):
        list(session.reply("Hi"))


@pytest.mark.parametrize("text", ["", "  \n\t", "\x1b\x07", "x" * 20_001])
def test_what_is_no_message_is_refused_and_nothing_is_stored(text: str, manager: ConversationManager) -> None:
    session = chat(manager)
    with pytest.raises(UsageError):
        session.reply(text)
    assert manager.list(include_empty=True) == []


def test_bytes_that_are_no_text_do_not_stop_a_message(manager: ConversationManager) -> None:
    session = chat(manager)
    list(session.reply("caf\udce9"))
    assert said(session)[0] == ("user", "caf?", "complete")


def test_a_second_reply_while_one_is_open_is_refused(manager: ConversationManager) -> None:
    session = chat(manager)
    events = session.reply("One")
    next(events)
    with pytest.raises(UsageError, match="One reply at a time"):
        next(session.reply("Two"))
    list(events)
    assert [role for role, _, _ in said(session)] == ["user", "bot"]


def test_a_model_that_is_not_there_costs_no_words(manager: ConversationManager) -> None:
    def broken() -> FakeEngine:
        raise ModelError("There is no model.")

    session = chat(manager, broken, model_name="mine")
    assert not session.loaded
    assert [type(event) for event in session.reply("Hi")] == [UserStored, ReplyFailed]
    assert said(session) == [("user", "Hi", "complete")]
    there: Any = FakeEngine()  # the folder is there now
    session._source = there
    list(session.regenerate())
    assert said(session) == [("user", "Hi", "complete"), ("bot", "It rains.", "complete")]
    assert manager.get("last").model == "mine"


def test_the_engine_is_loaded_once(manager: ConversationManager) -> None:
    made = []

    def make() -> FakeEngine:
        made.append(FakeEngine())
        return made[-1]

    session = chat(manager, make)
    session.load()
    list(session.reply("Hi"))
    assert len(made) == 1
    assert session.attributes == made[0].attributes


def test_a_profile_that_the_model_does_not_know_is_named(manager: ConversationManager) -> None:
    session = chat(manager, profile=Profile.parse({"name": "x", "attributes": {"atitude": "pessimistic"}}))
    with pytest.raises(UnknownNameError, match="no attribute 'atitude'. Did you mean 'attitude'"):
        session.load()


def test_dials_turn_live_and_are_kept_with_the_conversation(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, POET)
    session.load()
    list(session.reply("Hi"))
    assert session.set_dial("attitude", weight=0.5) == Target.parse("pessimistic:0.5")
    assert session.set_dial("attitude", "optimistic") == Target.parse("optimistic:0.5")
    assert session.set_dial("mind", "critical") == Target.parse("critical")
    assert session.set_dial("mind", "critical*3+emotional:2").aspects == {"critical": 0.75, "emotional": 0.25}
    session.clear_dial("attitude")
    list(session.reply("Again"))
    assert engine.targets[-1] == {"mind": Target.parse("critical*3+emotional:2")}

    other = chat(manager, engine, SILENT)
    other.resume("last")
    assert other.dials == session.dials
    assert other.profile.name == "poet"
    assert other.messages() == session.messages()


@pytest.mark.parametrize(
    ("dial", "error"),
    [
        (("atitude", "pessimistic", None), UnknownNameError),
        (("atitude", None, 1.0), UnknownNameError),
        (("attitude", "pesimistic", None), UnknownNameError),
        (("attitude", None, 1.0), UsageError),
        (("attitude", "pessimistic", -1.0), ProfileError),
        (("attitude", "pessimistic", float("nan")), ProfileError),
    ],
)
def test_a_dial_that_cannot_be_set_changes_nothing(
    dial: tuple[str, str | None, float | None], error: type[Exception], manager: ConversationManager
) -> None:
    session = chat(manager)
    session.load()
    with pytest.raises(error):
        session.set_dial(*dial)
    assert session.dials == {}


def test_a_dial_that_is_off_cannot_be_cleared(manager: ConversationManager) -> None:
    with pytest.raises(UnknownNameError):
        chat(manager).clear_dial("attitude")


def test_new_and_resume_go_between_conversations(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    list(session.reply("One"))
    first = session.conversation
    session.new()
    assert [message.text for message in session.messages()] == ["Hello friend."]
    list(session.reply("Two"))
    assert first is not None
    session.resume(first.id)
    assert session.messages()[1].text == "One"
    with pytest.raises(UnknownConversationError):
        session.resume("nothing")
    assert session.conversation == manager.get(first.id)


def test_another_persona_goes_on_in_the_same_conversation(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    list(session.reply("One"))
    session.use(SILENT)
    assert session.dials == {}
    assert manager.get("last").profile_name == "silent"
    assert session.messages()[0].text == "Hello friend."


def test_a_persona_that_the_model_does_not_know_is_not_used(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    session.load()
    with pytest.raises(UnknownNameError):
        session.use(Profile.parse({"name": "x", "attributes": {"attitude": "purple"}}))
    assert session.profile == POET


def test_renaming_needs_a_conversation_and_a_title(manager: ConversationManager) -> None:
    session = chat(manager)
    with pytest.raises(UsageError):
        session.rename("Rain")
    list(session.reply("Hi"))
    with pytest.raises(UsageError):
        session.rename(" \x1b ")
    session.rename(" Rain\x1b ")
    assert manager.get("last").title == "Rain"


def test_names_are_put_in_as_they_are(manager: ConversationManager) -> None:
    profile = Profile.parse({"name": "x", "greeting": "{{ USER }} and {{char}} and {{other}}"})
    session = chat(manager, profile=profile, user_name=r"{{char}}\1")
    assert session.messages()[0].text == r"{{char}}\1 and x and {{other}}"


def test_alternatives_need_two(manager: ConversationManager) -> None:
    session = chat(manager)
    with pytest.raises(UsageError, match="There is no such thing"):
        session.sibling(1)
    list(session.reply("Hi"))
    with pytest.raises(UsageError, match="no alternative yet"):
        session.sibling(1)
    with pytest.raises(UsageError, match="the message 99"):
        session.regenerate(99)
