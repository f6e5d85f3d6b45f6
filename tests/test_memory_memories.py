"""What is kept of what was noticed, and how a memory reads to whom."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.decoding.sampling import Sampling
from chatbot.errors import UnknownNameError, UsageError
from chatbot.memory.memories import (
    LONGEST_NOTE,
    MemoryRules,
    find,
    forget_denied,
    keep,
    spoken_by,
    spoken_of,
    write_down,
)
from chatbot.plain.chat import PlainChat
from chatbot.plain.commands import Room, answer
from chatbot.session import ChatSession, Denied, Noticed, ReplyFinished, UserStored
from fake_engine import FakeEngine
from profiles import Profile, ProfileStore
from storage import ConversationManager, Message

POET = Profile.parse({"name": "poet", "facts": ["I write."]})
ALL = MemoryRules(notice=True, know=True, recall=True)


def say(manager: ConversationManager, text: str, name: str = "poet") -> Message:
    conversation = manager.create(profile_name=name, profile={"name": name}, model="fake")
    return manager.add_message(conversation.id, role="user", text=text)


def texts(manager: ConversationManager, name: str = "poet") -> list[str]:
    return [memory.text for memory in manager.memories(name)]


def test_what_is_noticed_is_kept_with_where_it_comes_from(manager: ConversationManager) -> None:
    message = say(manager, "Hi, I'm Ada and my dog is called Rex.")
    kept = keep(manager, "poet", message)
    assert [(memory.kind, memory.profile_name, memory.message_id) for memory in kept] == [
        ("name", "poet", message.id),
        ("pet", "poet", message.id),
    ]
    assert texts(manager) == ["The user is called Ada.", "The user's dog is called Rex."]
    assert texts(manager, "baker") == []


def test_a_pronoun_means_whom_the_last_message_told_of_whatever_the_persona_said(
    session: ChatSession, engine: FakeEngine, manager: ConversationManager
) -> None:
    engine.pieces = ("My sister is called Nell.",)
    for text in ("I have a dog.", "His name is Rex."):
        list(session.reply(text))
    assert texts(manager) == ["The user has a dog.", "The user's dog is called Rex."]


def test_what_a_message_denies_is_forgotten_but_for_what_everyone_knows(manager: ConversationManager) -> None:
    for told in ("I work in a bank in York and I have a dog.", "I live in Leeds.", "My dog is called Rex."):
        keep(manager, "poet", say(manager, told))
    write_down(manager, "", "I work in a bank")
    for denied in ("I don't work in a bank today", "I don't have a dog called Max."):
        assert forget_denied(manager, "poet", denied) == []
    gone = forget_denied(manager, "poet", "I no longer work in a bank, and I don't live in Leeds.")
    assert [memory.text for memory in gone] == [
        "The user works in a bank in York.",
        "The user lives in Leeds.",
    ]
    assert len(forget_denied(manager, "poet", "I don't have a dog any more.")) == 2
    assert texts(manager) == ["The user works in a bank."]
    keep(manager, "poet", say(manager, "I like coffee ice cream."))
    assert forget_denied(manager, "poet", "I don't like coffee.") == []


def test_who_died_or_went_is_not_told_of_as_there(manager: ConversationManager) -> None:
    for told in (
        "I have a dog called Rex. My dog is called Rex. I have a cat.",
        "My mum is called Ann. My mum is a nurse. I live with my mum.",
        "My wife is called Eva. I'm married to Eva.",
    ):
        keep(manager, "poet", say(manager, told))
    for line, gone in (
        ("My dog Max died.", 0),
        ("Rex died.", 2),
        ("My mum died.", 3),
        ("My wife left me.", 2),
    ):
        assert len(forget_denied(manager, "poet", line)) == gone, line
    assert texts(manager) == ["The user has a cat."]


def test_the_same_is_kept_once(manager: ConversationManager) -> None:
    assert len(keep(manager, "poet", say(manager, "I like chess."))) == 1
    assert keep(manager, "poet", say(manager, "i like chess")) == []
    assert texts(manager) == ["The user likes chess."]


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("My name is Ada.", "My name is Eva.", ["The user is called Eva."]),
        ("I live in Leeds.", "I moved to Oslo.", ["The user lives in Oslo."]),
        ("I'm a nurse.", "I work as a pilot.", ["The user is a pilot."]),
        ("I work in a bank.", "I work at the zoo.", ["The user works at the zoo."]),
        ("I'm 30.", "I turned 31.", ["The user is 31 years old."]),
        ("My birthday is on 3 May.", "My birthday is in June.", ["The user's birthday is in June."]),
        ("I'm from Spain.", "I'm from Poland.", ["The user comes from Poland."]),
        ("I love tea.", "I hate tea.", ["The user hates tea."]),
        ("I don't like tea.", "I like tea.", ["The user likes tea."]),
        ("I like tea.", "I like cake.", ["The user likes tea.", "The user likes cake."]),
        ("I live alone.", "I live with my brother.", ["The user lives with their brother."]),
        ("I'm married to Tom.", "I'm divorced.", ["The user is divorced."]),
        ("My favourite tea is red.", "My favourite tea is black.", ["The user's favourite tea is black."]),
        ("My wife is called Ann.", "My wife is called Anna.", ["The user's wife is called Anna."]),
        ("My mum is a nurse.", "My mum is an artist.", ["The user's mum is an artist."]),
        (
            "My mum is a nurse.",
            "My mum is called Ann.",
            ["The user's mum is a nurse.", "The user's mum is called Ann."],
        ),
        ("I have a cat.", "I have a dog.", ["The user has a cat.", "The user has a dog."]),
    ],
)
def test_what_is_newer_replaces_what_cannot_be_both(
    manager: ConversationManager, before: str, after: str, left: list[str]
) -> None:
    keep(manager, "poet", say(manager, before))
    keep(manager, "poet", say(manager, after))
    assert texts(manager) == left


def test_a_name_that_was_told_does_not_go_for_one_that_is_guessed(manager: ConversationManager) -> None:
    keep(manager, "poet", say(manager, "I'm Sage."))  # which may be a name, or a joke
    assert texts(manager) == ["The user is called Sage."]
    keep(manager, "poet", say(manager, "My name is Ada."))
    assert keep(manager, "poet", say(manager, "I'm Sage.")) == []
    assert texts(manager) == ["The user is called Ada."]


def test_what_everyone_knows_is_not_replaced_by_what_one_hears(manager: ConversationManager) -> None:
    write_down(manager, "", "My name is Ada.")
    keep(manager, "poet", say(manager, "My name is Eva."))
    assert texts(manager) == ["The user is called Ada.", "The user is called Eva."]
    assert texts(manager, "baker") == ["The user is called Ada."]
    keep(manager, "poet", say(manager, "My name is Ada."))
    assert texts(manager) == ["The user is called Ada."]


def test_a_person_may_write_down_anything_short(manager: ConversationManager) -> None:
    kept = write_down(manager, "poet", "  Thursdays are   for chess ")
    assert [(memory.kind, memory.text, memory.message_id) for memory in kept] == [
        ("note", "Thursdays are for chess.", None)
    ]
    assert [memory.kind for memory in write_down(manager, "poet", "I have a dog")] == ["pet"]
    assert write_down(manager, "poet", "I like tea. No milk!")[0].text == "I like tea. No milk!"
    with pytest.raises(UsageError, match="remembered already"):
        write_down(manager, "poet", "thursdays are for CHESS.")
    with pytest.raises(UsageError, match="needs words"):
        write_down(manager, "poet", " \n")
    with pytest.raises(UsageError, match="may have 200 characters; this one has 201"):
        write_down(manager, "poet", "x" * (LONGEST_NOTE + 1))


@pytest.mark.parametrize(
    "text",
    [
        "I have a dog called Rex and I am scared of spiders.",
        "I live in Leeds and my boss is called Karen.",
        "I am getting married in June.",
        "I am flying to Rome on Friday.",
        "?!.",
    ],
)
def test_what_is_written_down_is_kept_whole_where_a_fact_would_lose_some(
    manager: ConversationManager, text: str
) -> None:
    assert [(memory.kind, memory.text) for memory in write_down(manager, "poet", text)] == [("note", text)]


def test_a_name_that_is_written_down_is_no_guess(manager: ConversationManager) -> None:
    write_down(manager, "poet", "My name is Ada.")
    write_down(manager, "poet", "I'm Sage.")
    assert texts(manager) == ["The user is called Sage."]


def test_memories_are_found_by_number_by_words_or_as_the_newest(manager: ConversationManager) -> None:
    write_down(manager, "poet", "I have a dog called Rex")
    write_down(manager, "poet", "I have a cat called Tom")
    dog, cat = known = manager.memories("poet")
    assert find(known, str(dog.id)) == dog
    assert find(known, "rex") == dog
    assert find(known, "you have a cat") == cat
    assert find(known, "") == cat
    write_down(manager, "", "I live in Leeds")
    shared = manager.memories("poet")[-1]
    assert find([*known, shared], "") == cat  # what everyone knows goes by name alone
    assert find([*known, shared], "leeds") == shared
    with pytest.raises(UsageError, match="every persona knows is forgotten by its number or its words"):
        find([shared], "")
    with pytest.raises(UsageError, match="'called' is in 2: 1 you have a dog called Rex; 2 you have a cat"):
        find(known, "called")
    with pytest.raises(UnknownNameError, match="There is no memory 'bird'. Known: 1, 2."):
        find(known, "bird")
    with pytest.raises(UsageError, match="nothing is remembered yet"):
        find([], "")


@pytest.mark.parametrize(
    ("text", "to_user", "by_user"),
    [
        ("The user is called Ada.", "you are called Ada", "My name is Ada."),
        ("The user's dog is called Rex.", "your dog is called Rex", "My dog is called Rex."),
        ("The user lives with their brother.", "you live with your brother", "I live with my brother."),
        ("The user is 30 years old.", "you are 30 years old", "I am 30 years old."),
        ("The user has two cats.", "you have two cats", "I have two cats."),
        ("The user does not like tea.", "you do not like tea", "I do not like tea."),
        ("The user studies law.", "you study law", "I study law."),
        ("The user teaches law.", "you teach law", "I teach law."),
        ("The user goes to sea.", "you go to sea", "I go to sea."),
        ("The user dresses dolls.", "you dress dolls", "I dress dolls."),
        ("The user was born at sea.", "you were born at sea", "I was born at sea."),
        ("Thursdays are for chess.", "Thursdays are for chess", "Thursdays are for chess."),
    ],
)
def test_a_memory_can_be_told_from_both_sides(text: str, to_user: str, by_user: str) -> None:
    assert spoken_of(text) == to_user
    assert spoken_by(text) == by_user


# --- in a chat


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def session(manager: ConversationManager, engine: FakeEngine) -> ChatSession:
    fake: Any = engine
    session = ChatSession(engine=fake, manager=manager, profile=POET, sampling=Sampling())
    session.memory = ALL
    return session


def test_a_session_tells_what_it_notices_and_knows_it_in_the_next_talk(
    session: ChatSession, engine: FakeEngine
) -> None:
    events = list(session.reply("Hi, my name is Ada, poet."))
    assert [type(event) for event in events[:2]] == [UserStored, Noticed]
    session.new()
    finished = list(session.reply("What is my name?"))[-1]
    assert engine.contexts[-1].facts == ("The user is called Ada.",)
    assert isinstance(finished, ReplyFinished)
    assert (finished.message.generation or {})["scene"] == {"memories": [1]}


def test_a_guess_does_not_go_for_the_name_in_the_settings(
    session: ChatSession, manager: ConversationManager
) -> None:
    session.user_name = "Ada"
    list(session.reply("I'm Sherlock."))
    assert texts(manager) == []
    list(session.reply("My name is Eva."))
    assert texts(manager) == ["The user is called Eva."]


def test_what_was_told_last_is_told_to_the_model(session: ChatSession, engine: FakeEngine) -> None:
    write_down(session.manager, "", "My name is Ada.")
    list(session.reply("My name is Eva."))
    session.new()
    list(session.reply("What is my name?"))
    assert engine.contexts[-1].facts == ("The user is called Eva.",)
    write_down(session.manager, "", "My name is Ida.")
    list(session.reply("What is my name?"))
    assert engine.contexts[-1].facts == ("The user is called Ida.",)


@pytest.mark.parametrize("written", ["lives in Oslo", "I live in Oslo.", "i live in Oslo"])
def test_what_the_settings_say_of_the_user_holds(
    session: ChatSession, engine: FakeEngine, written: str
) -> None:
    write_down(session.manager, "poet", "I live in Leeds. I have a dog.")
    session.user_facts = (written,)
    list(session.reply("It rains."))
    facts = " ".join(engine.contexts[-1].facts)
    assert [word in facts for word in ("Oslo", "dog", "Leeds")] == [True, True, False]


def test_what_a_message_told_goes_with_it_where_no_other_tells_it(
    session: ChatSession, manager: ConversationManager
) -> None:
    for text in ("My dog is called Rex and I live in Leeds.", "Well, I live in Leeds!"):
        list(session.reply(text))
    last = session.messages()[2]
    keep(manager, "baker", say(manager, "My dog is called Rex.", "baker"))
    rex, leeds = "The user's dog is called Rex.", "The user lives in Leeds."
    for text, forgotten in (("My dog is called Rex.", []), ("I have a cat.", [rex])):
        edited = session.edit(session.messages()[0].id, text) or ()
        assert [event.memory.text for event in edited if isinstance(event, Denied)] == forgotten
    manager.select(last.id)
    assert [memory.text for memory in session.delete_message(last.id)] == [leeds]
    assert (texts(manager), texts(manager, "baker")) == (["The user has a cat."], [rex])


def test_what_is_taken_back_is_forgotten_and_what_is_hidden_not_told(
    session: ChatSession, engine: FakeEngine
) -> None:
    for text in ("I have a cat.", "I have a dog."):
        list(session.reply(text))
    assert [memory.text for memory in session.undo()[1]] == ["The user has a dog."]
    cat = session.messages()[0].id
    for hidden, text in ((True, "A cat?"), (False, "I have a cat!"), (True, "A cat?")):
        session.hide(cat, hidden)
        list(session.reply(text))
    assert ["The user has a cat." in context.facts for context in engine.contexts[2:]] == [False, True, True]


def test_what_somebody_else_says_is_not_known_of_the_user(session: ChatSession) -> None:
    list(session.reply("I have a cat."))
    cat = session.messages()[0].id
    assert [memory.text for memory in session.set_speaker(cat, "user", "Bert")] == ["The user has a cat."]
    list(session.edit(cat, "I have two cats.") or ())
    assert texts(session.manager) == []


def test_without_leave_nothing_is_noticed_known_or_recalled(
    session: ChatSession, engine: FakeEngine, manager: ConversationManager
) -> None:
    write_down(manager, "poet", "I have a parrot.")
    session.memory = MemoryRules()
    list(session.reply("My name is Ada. The parrot sings."))
    session.new()
    finished = list(session.reply("My parrot?"))[-1]
    assert texts(manager) == ["The user has a parrot."]
    assert engine.contexts[-1].facts == ("I write.",)
    assert len(engine.contexts[-1].turns) == 1
    assert isinstance(finished, ReplyFinished)
    assert "scene" not in (finished.message.generation or {})


def test_lines_of_an_earlier_talk_come_back(session: ChatSession, engine: FakeEngine) -> None:
    list(session.reply("The old harbour burnt down."))
    session.new()
    finished = list(session.reply("Tell me about that harbour."))[-1]
    assert [turn.text for turn in engine.contexts[-1].turns] == [
        "The old harbour burnt down.",
        "Tell me about that harbour.",
    ]
    assert isinstance(finished, ReplyFinished)
    assert (finished.message.generation or {})["scene"] == {"recalled": [1]}


def test_a_note_in_the_users_own_words_is_not_the_personas(session: ChatSession, engine: FakeEngine) -> None:
    write_down(session.manager, "poet", "my knee creaks")
    list(session.reply("Hm."))
    assert engine.contexts[-1].facts == ("I write.", 'The user says: "my knee creaks."')


def test_what_is_not_known_any_more_is_not_recalled(session: ChatSession, engine: FakeEngine) -> None:
    list(session.reply("I collect old harpoons."))
    session.manager.forget(session.manager.memories("poet")[0].id)
    list(session.reply("I live in Leeds."))
    list(session.reply("I moved to Oslo."))
    session.new()
    for rules, lines in ((ALL, 0), (MemoryRules(recall=True), 2)):
        session.memory = rules
        list(session.off_record("Leeds? Harpoons?"))
        assert len(engine.contexts[-1].turns) == lines + 1


def plain(session: ChatSession, folder: Path, *lines: str, as_json: bool = False) -> tuple[str, str]:
    out, notes = io.StringIO(), io.StringIO()
    waiting = iter(lines)

    def read() -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    PlainChat(session, ProfileStore(folder), out=out, notes=notes, as_json=as_json).run(read)
    return out.getvalue(), notes.getvalue()


def test_the_line_chat_says_quietly_what_it_remembers(session: ChatSession, tmp_path: Path) -> None:
    out, notes = plain(session, tmp_path, "My dog is called Rex.")
    assert out == "It rains.\n"
    assert notes == "(Remembered: your dog is called Rex. /forget 1)\n"
    _, notes = plain(session, tmp_path, "I don't have a dog.", "My dog is not called Rex.")
    assert notes == "(Forgotten: your dog is called Rex.)\n"


def test_one_reply_names_the_command_that_forgets(session: ChatSession, tmp_path: Path) -> None:
    out, notes = io.StringIO(), io.StringIO()
    assert PlainChat(session, ProfileStore(tmp_path), out=out, notes=notes).once("My dog is called Rex.") == 0
    assert notes.getvalue() == "(Remembered: your dog is called Rex. chatbot memory forget 1)\n"


def test_the_event_in_json(session: ChatSession, tmp_path: Path) -> None:
    out, notes = plain(session, tmp_path, "My dog is called Rex.", as_json=True)
    event = json.loads(out.splitlines()[1])
    assert (event["event"], event["memory"]["text"], notes) == (
        "noticed",
        "The user's dog is called Rex.",
        "",
    )


def test_the_commands(session: ChatSession, tmp_path: Path) -> None:
    room = Room(session, ProfileStore(tmp_path))
    assert answer(room, "/memory") == "poet knows nothing of you yet."
    assert answer(room, "/remember I have a dog called Rex") == "Remembered: 1  you have a dog called Rex"
    assert answer(room, "/remember thursdays are for chess") == "Remembered: 2  thursdays are for chess"
    assert answer(room, "/memory") == "1  you have a dog called Rex\n2  thursdays are for chess"
    with pytest.raises(UnknownNameError):
        answer(room, f"/forget {'9' * 5000}")
    assert answer(room, "/forget rex") == "Forgotten: 1  you have a dog called Rex"
    assert answer(room, "/forget") == "Forgotten: 2  thursdays are for chess"
    with pytest.raises(UsageError, match="nothing is remembered"):
        answer(room, "/forget 1")
    with pytest.raises(UsageError, match="/remember TEXT needs what is to be remembered"):
        answer(room, "/remember")
