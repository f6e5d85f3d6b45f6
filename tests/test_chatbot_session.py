"""A chat session: the order of its events, and what is stored after each way in which a reply can end."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatbot import writing
from chatbot.decoding.sampling import Sampling
from chatbot.errors import ModelError, UnknownNameError, UsageError
from chatbot.memory.memories import MemoryRules
from chatbot.model.text import Turn
from chatbot.session import (
    UNSAVED,
    ChatSession,
    Piece,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    Unstored,
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


def test_every_turn_of_a_seed_has_its_own(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, sampling=Sampling(seed=7))
    for text in ("one", "two", "three"):
        list(session.reply(text))
    assert engine.seeds == [7, 1007, 2007]


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
    with pytest.raises(UnknownNameError, match="no attribute 'atitude'. Did you mean 'attitude'") as raised:
        session.load()
    assert str(raised.value).endswith(
        " The dials of 'x' ask for it: turn it off with --set ATTRIBUTE=off, or name a persona made for this "
        "model with --profile."
    )


def test_dials_turn_live_and_are_kept_with_the_conversation(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, POET)
    session.load()
    list(session.reply("Hi"))
    assert session.pull_dial("attitude", "0.5") == Target.parse("pessimistic:0.5")
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
        (("set_dial", "atitude", "pessimistic"), UnknownNameError),
        (("pull_dial", "atitude", "1.0"), UnknownNameError),
        (("set_dial", "attitude", "pesimistic"), UnknownNameError),
        (("pull_dial", "attitude", "1.0"), UsageError),
        (("set_dial", "attitude", "pessimistic:-1"), ProfileError),
        (("set_dial", "attitude", "pessimistic:nan"), ProfileError),
    ],
)
def test_a_dial_that_cannot_be_set_changes_nothing(
    dial: tuple[str, str, str], error: type[Exception], manager: ConversationManager
) -> None:
    session = chat(manager)
    session.load()
    turn, attribute, asked = dial
    with pytest.raises(error):
        getattr(session, turn)(attribute, asked)
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


def test_a_reply_can_begin_with_given_words(manager: ConversationManager) -> None:
    session = chat(manager)
    list(session.reply("Hi", prefix=" Well,"))
    assert said(session)[-1] == ("bot", "Well, It rains.", "complete")
    list(session.regenerate(prefix="No."))
    assert [m.text for m in manager.siblings(session.messages()[-1].id)] == [
        "Well, It rains.",
        "No. It rains.",
    ]


def test_continuing_makes_an_alternative_that_begins_with_the_old_text(manager: ConversationManager) -> None:
    engine = FakeEngine(pieces=("It ", KeyboardInterrupt()))
    session = chat(manager, engine)
    with pytest.raises(KeyboardInterrupt):
        list(session.reply("Hi"))
    engine.pieces = ("rains.",)
    list(session.continue_reply())
    last = session.messages()[-1]
    assert [(m.text, m.state) for m in manager.siblings(last.id)] == [
        ("It", "partial"),
        ("It rains.", "complete"),
    ]
    assert engine.contexts[-1].turns == (Turn("user", "Hi"),)


def test_only_a_reply_is_continued(manager: ConversationManager) -> None:
    session = chat(manager)
    list(session.reply("Hi"))
    with pytest.raises(UsageError, match="not the persona's"):
        session.continue_reply(session.messages()[0].id)


def test_a_greeting_neither_goes_on_nor_is_said_anew(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    list(session.reply("Hi"))
    for act in (session.continue_reply, session.regenerate):
        with pytest.raises(UsageError, match="answers none"):
            act(session.messages()[0].id)


def test_an_edited_message_of_the_user_gets_its_own_reply(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, POET)
    list(session.reply("One"))
    list(session.reply("Two"))
    first = session.messages()[1]
    events = session.edit(first.id, " Uno ")
    assert events is not None
    assert [type(event) for event in events] == [UserStored, ReplyStarted, Piece, Piece, ReplyFinished]
    assert [message.text for message in session.messages()] == ["Hello friend.", "Uno", "It rains."]
    assert engine.contexts[-1].turns == (Turn("bot", "Hello friend."), Turn("user", "Uno"))
    assert [m.text for m in session.sibling(-1, session.messages()[1].id)][1::2] == ["One", "Two"]


def test_an_edited_reply_stands_beside_the_old_one_and_asks_for_nothing(manager: ConversationManager) -> None:
    session = chat(manager)
    list(session.reply("Hi"))
    assert session.edit(session.messages()[-1].id, "It snows.") is None
    assert said(session)[-1] == ("bot", "It snows.", "complete")
    assert session.messages()[-1].position == 1


def test_editing_the_greeting_begins_the_conversation(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    assert session.edit(UNSAVED, "Oh. You.") is None
    assert said(session) == [("bot", "Oh. You.", "complete")]
    assert session.messages()[0].sibling_count == 3


@pytest.mark.parametrize("text", ["", " \x1b ", "x" * 20_001])
def test_what_is_no_message_cannot_be_edited_in(text: str, manager: ConversationManager) -> None:
    session = chat(manager)
    list(session.reply("Hi"))
    for act in (lambda: session.edit(session.messages()[-1].id, text), lambda: session.narrate(text)):
        with pytest.raises(UsageError):
            act()
    assert len(manager.tree(manager.get("last").id)) == 2


def test_undo_gives_the_text_back_and_deletes_nothing(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    with pytest.raises(UsageError, match="nothing to take back"):
        session.undo()
    list(session.reply("One"))
    list(session.reply("Two"))
    assert session.undo() == ("Two", [])
    assert [message.text for message in session.messages()] == ["Hello friend.", "One", "It rains."]
    assert session.undo() == ("One", [])
    assert [message.text for message in session.messages()] == ["Hello friend."]
    assert len(manager.tree(manager.get("last").id)) == 6


def test_a_reply_to_any_message_can_be_asked_for(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, sampling=Sampling(seed=7))
    list(session.reply("One"))
    list(session.reply("Two"))
    list(session.regenerate(session.messages()[0].id))
    assert said(session) == [("user", "One", "complete"), ("bot", "It rains.", "complete")]
    assert (session.messages()[-1].position, engine.seeds[-1]) == (1, 8)


def test_what_is_said_after_branching_follows_that_message(manager: ConversationManager) -> None:
    session = chat(manager)
    for text in ("One", "Two"):
        list(session.reply(text))
    assert [m.text for m in session.branch(session.messages()[1].id)] == ["One", "It rains."]
    list(session.reply("Zwei"))
    assert [m.text for m in session.messages()] == ["One", "It rains.", "Zwei", "It rains."]
    assert [m.text for m in manager.siblings(session.messages()[2].id)] == ["Two", "Zwei"]


def test_deleting_one_message_keeps_the_others(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    with pytest.raises(UsageError, match="stored nowhere"):
        session.delete_message(UNSAVED)
    list(session.reply("One"))
    list(session.reply("Two"))
    session.delete_message(session.messages()[2].id)
    assert [message.text for message in session.messages()] == ["Hello friend.", "One", "Two", "It rains."]


def test_a_hidden_message_is_kept_from_the_model(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine)
    list(session.reply("One"))
    first = session.messages()[0].id
    assert session.hide(first).hidden
    list(session.reply("Two"))
    assert engine.contexts[-1].turns == (Turn("bot", "It rains."), Turn("user", "Two"))
    assert not session.hide(first, False).hidden


def test_a_bookmark_comes_and_goes_and_a_greeting_may_have_one(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    marked = session.bookmark(UNSAVED)
    assert (marked.text, marked.bookmarked) == ("Hello friend.", True)
    assert manager.bookmarks() == [marked]
    assert not session.bookmark(marked.id, False).bookmarked


def test_narration_is_seen_by_the_model_and_asks_for_no_reply(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, engine)
    session.narrate("The door opens.")
    assert said(session) == [("narrator", "The door opens.", "complete")]
    list(session.reply("Who is there?"))
    assert engine.contexts[-1].turns[0] == Turn("narrator", "The door opens.")
    session.narrate("Nobody answers.")
    list(session.regenerate())
    assert [role for role, _, _ in said(session)] == ["narrator", "user", "bot", "narrator", "bot"]


def test_a_fork_is_another_conversation_and_opens(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    list(session.reply("One"))
    list(session.reply("Two"))
    first = session.conversation
    copy = session.fork(session.messages()[2].id)
    assert session.conversation == copy != first
    assert [message.text for message in session.messages()] == ["Hello friend.", "One", "It rains."]
    assert len(manager.list()) == 2


def test_archiving_puts_the_conversation_away_and_keeps_it_open(manager: ConversationManager) -> None:
    session = chat(manager)
    with pytest.raises(UsageError):
        session.archive()
    list(session.reply("Hi"))
    assert session.archive().archived
    assert manager.list() == []
    assert not session.archive(False).archived
    assert len(manager.list()) == 1


def test_deleting_the_open_conversation_begins_a_new_one_and_can_be_undone(
    manager: ConversationManager,
) -> None:
    session = chat(manager)
    list(session.reply("Hi"))
    gone = session.conversation
    assert gone is not None
    session.delete(gone.id)
    assert session.conversation is None
    assert manager.list() == []
    session.resume(manager.undelete().id)
    assert [text for _, text, _ in said(session)] == ["Hi", "It rains."]


def test_deleting_another_conversation_leaves_this_one_open(manager: ConversationManager) -> None:
    session = chat(manager)
    list(session.reply("One"))
    other = manager.get("last").id
    session.new()
    list(session.reply("Two"))
    session.delete(other)
    assert [row.id for row in manager.list()] == [session.conversation and session.conversation.id]


def test_nothing_is_changed_while_a_reply_is_being_said(manager: ConversationManager) -> None:
    session = chat(manager)
    events = session.reply("Hi")
    next(events)
    question = session.messages()[0].id
    for act in (
        lambda: session.undo(),
        lambda: session.delete_message(question),
        lambda: session.narrate("x"),
        lambda: session.fork(question),
        lambda: session.branch(question),
        lambda: session.hide(question),
    ):
        with pytest.raises(UsageError, match="One reply at a time"):
            act()
    list(events)
    assert len(session.messages()) == 2


# --- what is told in one conversation, what is not kept, what the model sees


def test_a_note_and_a_scenario_wait_for_the_conversation_and_stay_with_it(
    manager: ConversationManager,
) -> None:
    engine = FakeEngine()
    session = chat(manager, engine, POET)
    session.set_note("It is late.")
    session.set_scenario("{{char}} rides a train.")
    list(session.reply("One"))
    told = ("My friend is friend.", "poet rides a train.", "It is late.")
    assert engine.contexts[-1].facts == told
    copy = session.fork(session.messages()[-1].id)
    assert (session.note, session.scenario) == ("It is late.", "{{char}} rides a train.")
    session.set_scenario("")
    list(session.reply("Two"))
    assert engine.contexts[-1].facts == ("My friend is friend.", "poet walks by the sea.", "It is late.")
    session.new()
    assert (session.note, session.scenario) == ("", "")
    session.resume(copy.id)
    assert (session.note, session.scenario) == ("It is late.", "")


def test_a_note_of_another_program_is_told_from_the_next_reply_on(manager: ConversationManager) -> None:
    engine = FakeEngine()
    here, there = chat(manager, engine), chat(manager)
    list(here.reply("one"))
    there.resume("last")
    there.set_note("It is late.")
    list(here.regenerate())
    assert engine.contexts[-1].facts == ("It is late.",)


def test_an_imported_note_that_is_no_text_is_none(manager: ConversationManager) -> None:
    session = chat(manager)
    list(session.reply("One"))
    assert session.conversation is not None
    extra: Any = {"note": ["x"]}
    other = manager.restore(replace(session.conversation, id="", head_id=None, extra=extra), [])
    session.resume(other.id)
    assert session.note == ""


def test_what_is_off_the_record_is_answered_and_kept_nowhere(tmp_path: Path) -> None:
    with ConversationManager(tmp_path / "talk.db") as manager:
        engine = FakeEngine(trace={"seed": 3})
        session = chat(manager, engine, POET, memory=MemoryRules(notice=True, know=True, recall=True))
        list(session.reply("One"))
        before = session.messages()
        events = list(session.off_record("I live in Zanzibar."))
        assert events == [
            Piece("It "),
            Piece("rains."),
            Unstored("It rains.", {"finish": "end", "flow": "moved", "seed": 3}),
        ]
        assert engine.contexts[-1].turns[-1] == Turn("user", "I live in Zanzibar.")
        assert session.messages() == before
        assert manager.memories() == []
        list(session.reply("Two"))
        assert "Zanzibar" not in str(engine.contexts[-1])
    assert not [file for file in tmp_path.iterdir() if b"Zanzibar" in file.read_bytes()]


def test_off_the_record_before_anything_is_said_begins_nothing(manager: ConversationManager) -> None:
    session = chat(manager, profile=POET)
    assert isinstance(list(session.off_record("Psst."))[-1], Unstored)
    assert session.conversation is None
    assert manager.list(include_empty=True) == []
    broken = chat(manager, FakeEngine(pieces=("It ", RuntimeError("out of memory"))))
    assert list(broken.off_record("Psst."))[-1] == ReplyFailed(None, "out of memory")
    with broken.still(), pytest.raises(UsageError, match="One reply at a time"):
        list(broken.off_record("Psst."))


def test_the_model_writes_the_users_line_with_the_roles_exchanged(manager: ConversationManager) -> None:
    facts = ["lives in Oslo", "I have two cats."]
    session = chat(manager, profile=POET, user_name="Ada", user_facts=facts)
    list(session.reply("One"))
    before = session.messages()
    # The engine at hand says what it was asked: the last line, and the facts.
    assert session.impersonate() == "It rains. / I have two cats. My name is Ada. I live in Oslo."
    assert session.messages() == before
    session.ask("Two")
    with pytest.raises(UsageError, match="answers one of the persona, and there is none yet"):
        session.impersonate()


def test_the_room_in_the_context(manager: ConversationManager) -> None:
    engine = FakeEngine()
    session = chat(manager, lambda: engine, POET)
    assert session.room is None
    session.load()
    assert session.room == (11, 100)  # a token for each word of two facts and the greeting
    list(session.reply("One"))
    assert session.room == (14, 100)
    assert "left_out" not in (session.messages()[-1].generation or {})
    engine.context_budget = 12
    list(session.reply("Two"))
    assert (session.messages()[-1].generation or {})["left_out"] == {"facts": 1, "messages": 0}
    engine.context_budget = 9
    window, scene = session.window()
    assert scene.facts_left_out == ("poet walks by the sea.",)
    assert window.context.turns == scene.context.turns[-3:]  # 5 words fit behind the 4 of the fact
    assert session.room == (9, 9)


def test_greetings_follow_the_seed(manager: ConversationManager) -> None:
    dice = Profile.parse({"name": "dice", "greeting": "{{roll:1000000}}"})
    said = [
        chat(manager, profile=dice, sampling=Sampling(seed=seed)).messages()[0].text for seed in (1, 1, 2)
    ]
    assert said[0] == said[1] != said[2]


def test_what_other_programs_change_in_the_conversation_is_taken_over(manager: ConversationManager) -> None:
    first, second = (chat(manager, profile=POET, memory=MemoryRules(notice=True)) for _ in "12")
    list(first.reply("Hi"))
    first.load()
    second.load()
    second.resume("last")
    second.clear_dial("attitude")
    first.set_dial("mind", "critical")
    assert first.dials.keys() == {"mind"}
    manager.rename_persona("poet", "bard")
    list(first.reply("I live in Leeds."))
    second.pull_dial("mind", "0.5")
    assert manager.get("last").profile["name"] == manager.memories()[0].profile_name == "bard"
