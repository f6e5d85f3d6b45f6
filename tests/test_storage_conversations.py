"""ConversationManager: what was said, where it stands in the tree, and which path is active."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from documents import to_json
from storage import (
    AmbiguousConversationError,
    Conversation,
    ConversationManager,
    Message,
    RefusedValueError,
    StorageError,
    UnknownConversationError,
    UnknownMessageError,
)
from storage.branches import Tree

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def manager() -> Iterator[ConversationManager]:
    """In memory, which is faster; test_storage_database.py has what only a file can show."""
    with ConversationManager(None) as manager:
        yield manager


def begin(manager: ConversationManager, title: str = "") -> str:
    return manager.create(profile_name="poet", profile={"name": "poet"}, model="tiny", title=title).id


def say(manager: ConversationManager, conversation: str, text: str, role: str = "user") -> Message:
    return manager.add_message(conversation, role=role, text=text)


def texts(messages: list[Message]) -> list[str]:
    return [message.text for message in messages]


def chain(count: int, start: datetime = NOON) -> list[Message]:
    """One path of `count` messages, as an import would bring it."""
    return [
        Message(
            id=number,
            conversation_id="",
            parent_id=number - 1 or None,
            role="user" if number % 2 else "bot",
            text=f"message {number}",
            state="complete",
            position=0,
            sibling_count=0,
            created_at=start + timedelta(seconds=number),
            hidden=False,
            generation=None,
            visited=number,
        )
        for number in range(1, count + 1)
    ]


def stored(
    manager: ConversationManager, conversation_id: str, count: int, when: datetime = NOON
) -> Conversation:
    messages = chain(count, when)
    said = when + timedelta(seconds=count)
    record = Conversation(
        conversation_id, f"talk {conversation_id}", "poet", {}, "tiny", count, when, said, count, count
    )
    return manager.restore(record, messages)


# --- saying things


def test_a_conversation_reads_back_as_it_was_said(manager: ConversationManager) -> None:
    before = datetime.now(UTC)
    conversation = manager.create(profile_name="poet", profile={"facts": ["I write."]}, model="tiny")
    question = say(manager, conversation.id, "Who are you?\n\tReally 😀")
    reply = manager.begin_reply(conversation.id, parent_id=question.id)
    done = manager.finish_reply(
        reply.id, text="A poet.", state="complete", generation={"seed": 7, "energy": [1.5, None]}
    )

    assert manager.path(conversation.id) == [question, done]
    assert texts([question, done]) == ["Who are you?\n\tReally 😀", "A poet."]
    assert (question.role, question.state, question.parent_id, question.generation) == (
        "user",
        "complete",
        None,
        None,
    )
    assert (done.role, done.state, done.parent_id) == ("bot", "complete", question.id)
    assert (reply.text, reply.state, reply.generation) == ("", "partial", None)
    assert done.generation == {"seed": 7, "energy": [1.5, None]}
    found = manager.get(conversation.id)
    assert (found.profile, found.model, found.message_count, found.head_id) == (
        {"facts": ["I write."]},
        "tiny",
        2,
        done.id,
    )
    assert before <= found.created_at <= question.created_at <= done.created_at <= found.updated_at
    assert found.updated_at.tzinfo is UTC


def test_text_that_no_file_can_hold_is_stored_with_a_replacement(manager: ConversationManager) -> None:
    conversation = begin(manager)
    undecodable = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert say(manager, conversation, undecodable).text == "caf\ufffd"
    assert say(manager, conversation, "a\0b").text == "a\0b"


def test_a_trace_keeps_what_json_can_say(manager: ConversationManager) -> None:
    conversation = begin(manager)
    question = say(manager, conversation, "hi")
    reply = manager.begin_reply(conversation, parent_id=question.id)
    trace = {"energy": float("nan"), "limits": (1, float("inf")), 3: "three", "text": "\udc80"}
    done = manager.finish_reply(reply.id, text="x", state="failed", generation=trace)
    assert done.generation == {"energy": None, "limits": [1, None], "3": "three", "text": "\ufffd"}


@pytest.mark.parametrize(("role", "state"), [("robot", "complete"), ("user", "completed"), ("", "complete")])
def test_an_unknown_role_or_state_is_refused_and_stores_nothing(
    manager: ConversationManager, role: str, state: str
) -> None:
    conversation = begin(manager)
    with pytest.raises(RefusedValueError, match="is one of"):
        manager.add_message(conversation, role=role, text="hi", state=state)
    assert manager.path(conversation) == []


def test_the_first_words_of_the_user_become_the_title(manager: ConversationManager) -> None:
    conversation = begin(manager)
    say(manager, conversation, "Good evening.", role="bot")
    assert manager.get(conversation).title == ""
    say(manager, conversation, "  I lost\nmy keys \x1b[31magain  ")
    say(manager, conversation, "and my hat")
    assert manager.get(conversation).title == "I lost my keys [31magain"


def test_a_long_first_message_is_cut_between_words(manager: ConversationManager) -> None:
    conversation = begin(manager)
    say(manager, conversation, "seven words, " * 10)
    title = manager.get(conversation).title
    assert title == "seven words, seven words, seven words, seven words, seven…"
    other = begin(manager)
    say(manager, other, "x" * 200)
    assert manager.get(other).title == "x" * 59 + "…"


def test_a_given_title_stays(manager: ConversationManager) -> None:
    conversation = begin(manager, title=" The\nkeys ")
    say(manager, conversation, "hello")
    assert manager.get(conversation).title == "The keys"
    assert manager.rename(conversation, "Lost  keys").title == "Lost keys"
    with pytest.raises(RefusedValueError, match="at least one visible character, and ' \\\\n\\\\x1b'"):
        manager.rename(conversation, " \n\x1b")


def test_the_snapshot_of_the_persona_can_be_replaced(manager: ConversationManager) -> None:
    conversation = begin(manager)
    say(manager, conversation, "hi")
    said = manager.get(conversation).updated_at
    manager.set_profile(conversation, profile_name="stoic", profile={"attributes": {"mind": 0.5}})
    found = manager.get(conversation)
    assert (found.profile_name, found.profile) == ("stoic", {"attributes": {"mind": 0.5}})
    assert found.updated_at == said


@pytest.mark.parametrize(
    ("profile", "extra", "speaker"),
    [
        ({}, None, "poet"),
        ({"display_name": "Ann"}, None, "Ann"),
        ({}, {"user_name": "Bo", "character_name": "Ahab"}, "Ahab"),
    ],
)
def test_what_was_said_keeps_its_speaker_when_another_persona_takes_over(
    manager: ConversationManager, profile: dict[str, str], extra: dict[str, str] | None, speaker: str
) -> None:
    made = manager.create(profile_name="poet", profile=profile, model="fake")
    conversation = manager.restore(replace(made, id="", extra=extra), []).id
    asked = say(manager, conversation, "Who are you?")
    first = manager.begin_reply(conversation, parent_id=asked.id)
    manager.finish_reply(first.id, text="A poet.", state="complete", generation={})
    its_dials, by_another_name = {**profile, "mood": 1}, {"display_name": speaker}
    for changed in (its_dials, by_another_name):
        manager.set_profile(conversation, profile_name="poet", profile=changed)
        assert [m.speaker for m in manager.path(conversation)] == ["", ""]
    manager.set_profile(conversation, profile_name="poet", profile=profile)
    manager.set_profile(conversation, profile_name="captain", profile={})
    again = say(manager, conversation, "And you?")
    second = manager.begin_reply(conversation, parent_id=again.id)
    manager.finish_reply(second.id, text="A captain.", state="complete", generation={})
    tree = Tree.read(manager, conversation)
    named = [(tree.names.of(message), message.text) for message in tree.path() if message.role == "bot"]
    assert named == [(speaker, "A poet."), ("captain", "A captain.")]


# --- the tree


def test_alternatives_stand_beside_each_other_and_one_is_active(manager: ConversationManager) -> None:
    conversation = begin(manager)
    question = say(manager, conversation, "Who are you?")
    first = manager.begin_reply(conversation, parent_id=question.id)
    first = manager.finish_reply(first.id, text="A poet.", state="complete", generation={})
    follow = say(manager, conversation, "Of what?")
    second = manager.begin_reply(conversation, parent_id=question.id)
    second = manager.finish_reply(second.id, text="Nobody.", state="complete", generation={})

    assert texts(manager.path(conversation)) == ["Who are you?", "Nobody."]
    assert [(m.id, m.position, m.sibling_count) for m in manager.siblings(first.id)] == [
        (first.id, 0, 2),
        (second.id, 1, 2),
    ]
    assert manager.siblings(second.id) == manager.siblings(first.id)
    back = manager.select(first.id)
    assert texts(back) == ["Who are you?", "A poet.", "Of what?"]  # it goes on where it was left
    assert back == manager.path(conversation)
    assert manager.get(conversation).head_id == follow.id
    assert manager.get(conversation).message_count == 4


def test_greetings_are_alternative_openings(manager: ConversationManager) -> None:
    conversation = begin(manager)
    greetings = [manager.add_message(conversation, role="bot", text=text, parent_id=None) for text in "abc"]
    assert [(m.position, m.sibling_count) for m in manager.siblings(greetings[0].id)] == [
        (0, 3),
        (1, 3),
        (2, 3),
    ]
    assert texts(manager.path(conversation)) == ["c"]
    assert texts(manager.select(greetings[1].id)) == ["b"]
    other = begin(manager)
    lone = manager.add_message(other, role="bot", text="elsewhere", parent_id=None)
    assert (lone.position, lone.sibling_count) == (0, 1)


def test_random_trees_agree_with_a_plain_model(manager: ConversationManager) -> None:
    """The manager against a dictionary that is too simple to be wrong."""
    rng = random.Random(5)
    conversation = begin(manager)
    parents: dict[int, int | None] = {}
    children: dict[int | None, list[int]] = {}
    visited: dict[int, int] = {}
    head: int | None = None

    def line(end: int | None) -> list[int]:
        found = []
        while end is not None:
            found.append(end)
            end = parents[end]
        return found[::-1]

    def below(message: int) -> list[int]:
        return [message, *(deeper for child in children.get(message, []) for deeper in below(child))]

    for step in range(1, 121):
        action = rng.choice(["head", "head", "any", "root", "select"]) if parents else "head"
        if action == "select":
            chosen = rng.choice(list(parents))
            head = max(below(chosen), key=visited.__getitem__)
            assert [m.id for m in manager.select(chosen)] == line(head)
        else:
            if action == "any":
                parent = rng.choice(list(parents))
                made = manager.begin_reply(conversation, parent_id=parent)
            elif action == "root":
                parent = None
                made = manager.add_message(conversation, role="narrator", text="", parent_id=None)
            else:
                parent = head
                made = manager.add_message(conversation, role="user", text=f"{step}")
            assert made.parent_id == parent
            assert made.position == len(children.get(parent, []))
            parents[made.id], head = parent, made.id
            children.setdefault(parent, []).append(made.id)
        assert head is not None
        visited[head] = step
        assert [m.id for m in manager.path(conversation)] == line(head)
        assert [m.id for m in manager.siblings(head)] == children[parents[head]]
    whole = manager.whole(conversation)[1]
    assert {m.id: m.parent_id for m in whole} == parents
    assert {m.id: m.sibling_count for m in whole} == {m: len(children[parents[m]]) for m in parents}


def test_a_path_of_thousands_takes_few_statements_and_can_be_deleted(manager: ConversationManager) -> None:
    conversation = stored(manager, "deep0000", 3_000)
    statements: list[str] = []
    event.listen(manager._database._engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    path = manager.path(conversation.id)
    assert [m.text for m in path] == [f"message {number}" for number in range(1, 3_001)]
    assert len([s for s in statements if s.startswith(("SELECT", "WITH"))]) <= 2
    assert manager.select(path[0].id)[-1].id == path[-1].id
    manager.delete(conversation.id)
    assert manager.list(include_empty=True) == []


def test_a_parent_in_another_conversation_is_refused(manager: ConversationManager) -> None:
    mine, other = begin(manager), begin(manager)
    foreign = say(manager, other, "hello")
    with pytest.raises(UnknownMessageError, match=f"conversation '{mine}' has no message {foreign.id}"):
        manager.add_message(mine, role="user", text="hi", parent_id=foreign.id)
    with pytest.raises(UnknownMessageError):
        manager.begin_reply(mine, parent_id=99)
    assert manager.get(mine).message_count == 0


# --- replies that are being said


def test_what_was_journalled_is_there_and_marked_partial(manager: ConversationManager) -> None:
    conversation = begin(manager)
    question = say(manager, conversation, "hi")
    reply = manager.begin_reply(conversation, parent_id=question.id)
    manager.journal(reply.id, "A man")
    manager.journal(reply.id, "A man who")
    last = manager.path(conversation)[-1]
    assert (last.id, last.text, last.state, last.generation) == (reply.id, "A man who", "partial", None)


def test_a_finished_reply_is_not_journalled_over(manager: ConversationManager) -> None:
    conversation = begin(manager)
    reply = manager.begin_reply(conversation, parent_id=say(manager, conversation, "hi").id)
    manager.finish_reply(reply.id, text="Done.", state="complete", generation={})
    with pytest.raises(UnknownMessageError):
        manager.journal(reply.id, "too late")
    assert manager.path(conversation)[-1].text == "Done."


def test_finishing_does_not_move_the_head_back(manager: ConversationManager) -> None:
    conversation = begin(manager)
    question = say(manager, conversation, "hi")
    old = manager.begin_reply(conversation, parent_id=question.id)
    new = manager.begin_reply(conversation, parent_id=question.id)
    manager.finish_reply(old.id, text="old", state="partial", generation={})
    assert manager.path(conversation)[-1].id == new.id


def test_a_reply_to_a_conversation_that_was_deleted_meanwhile(manager: ConversationManager) -> None:
    conversation = begin(manager)
    reply = manager.begin_reply(conversation, parent_id=say(manager, conversation, "hi").id)
    manager.delete(conversation)
    for attempt in (
        lambda: manager.journal(reply.id, "x"),
        lambda: manager.finish_reply(reply.id, text="x", state="complete", generation={}),
        lambda: manager.select(reply.id),
        lambda: manager.siblings(reply.id),
    ):
        with pytest.raises(UnknownMessageError, match=f"no message {reply.id}"):
            attempt()
    with pytest.raises(UnknownConversationError, match="nothing answers to .* any more: it was deleted"):
        manager.path(conversation)
    other = begin(manager)
    assert say(manager, other, "hi").id > reply.id  # a number is never given twice


# --- finding conversations


def test_the_end_of_a_reply_is_when_something_was_last_said(manager: ConversationManager) -> None:
    slow, quick = begin(manager), begin(manager)
    reply = manager.begin_reply(slow, parent_id=say(manager, slow, "Who are you?").id)
    say(manager, quick, "Hello")
    assert [found.id for found in manager.list()] == [quick, slow]
    manager.finish_reply(reply.id, text="A captain.", state="complete", generation={})
    assert [found.id for found in manager.list()] == [slow, quick]


def test_the_list_is_newest_first_without_the_empty_ones(manager: ConversationManager) -> None:
    old, new, empty = begin(manager), begin(manager), begin(manager)
    say(manager, old, "one")
    say(manager, new, "two")
    assert [c.id for c in manager.list()] == [new, old]
    say(manager, old, "three")
    assert [c.id for c in manager.list()] == [old, new]
    assert [c.id for c in manager.list(limit=1)] == [old]
    assert {c.id for c in manager.list(include_empty=True)} == {old, new, empty}
    manager.set_profile(new, profile_name="stoic", profile={})
    assert [c.id for c in manager.list(profile_name="stoic")] == [new]
    assert [(c.id, c.message_count) for c in manager.list()] == [(old, 2), (new, 1)]


def test_a_long_list_is_one_statement(manager: ConversationManager) -> None:
    for number in range(60):
        stored(manager, f"{number:08}", 3, NOON + timedelta(hours=number))
    statements: list[str] = []
    event.listen(manager._database._engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    found = manager.list()
    assert [c.id for c in found] == [f"{number:08}" for number in reversed(range(60))]
    assert {c.message_count for c in found} == {3}
    assert len([s for s in statements if s.startswith("SELECT")]) == 1


def test_a_conversation_is_found_by_id_beginning_title_or_last(manager: ConversationManager) -> None:
    one = stored(manager, "abcd0000", 1)
    two = stored(manager, "abce0000", 1, NOON + timedelta(hours=1))
    manager.rename(one.id, "The lost keys")
    for reference in ("abcd0000", "ABCD0000", "abcd", "The lost keys", " abcd "):
        assert manager.get(reference).id == one.id
    assert manager.get("last").id == two.id
    with pytest.raises(
        AmbiguousConversationError, match="'abc' names several: abcd0000, abce0000"
    ) as refused:
        manager.get("abc")
    assert refused.value.exit_code == 2
    for number in range(10):
        stored(manager, f"abcf000{number}", 1)
    with pytest.raises(AmbiguousConversationError, match=r": (\w{8}, ){9}\w{8} and 2 more\. Give"):
        manager.get("abc")
    manager.rename(two.id, "The lost keys")
    with pytest.raises(AmbiguousConversationError):
        manager.get("The lost keys")


def test_an_unknown_reference_names_what_is_near(manager: ConversationManager) -> None:
    conversation = begin(manager, title="The lost keys")
    say(manager, conversation, "hi")
    with pytest.raises(
        UnknownConversationError, match="'The lost kyes'. Did you mean 'The lost keys'?"
    ) as refused:
        manager.get("The lost kyes")
    assert refused.value.exit_code == 2
    for reference in ("", "%", "_", "' OR 1=1 --", "\x00"):
        with pytest.raises(UnknownConversationError):
            manager.get(reference)


def test_last_means_nothing_while_nothing_was_said(manager: ConversationManager) -> None:
    begin(manager)
    with pytest.raises(UnknownConversationError, match="'last'"):
        manager.get("last")


def test_an_unknown_id_is_refused_everywhere(manager: ConversationManager) -> None:
    for attempt in (
        lambda: manager.path("nothing0"),
        lambda: manager.whole("nothing0"),
        lambda: manager.rename("nothing0", "x"),
        lambda: manager.delete("nothing0"),
        lambda: manager.set_profile("nothing0", profile_name="x", profile={}),
        lambda: manager.add_message("nothing0", role="user", text="x"),
        lambda: manager.begin_reply("nothing0", parent_id=1),
    ):
        with pytest.raises(UnknownConversationError, match="'nothing0'"):
            attempt()


def test_ids_are_short_and_read_aloud_without_doubt(manager: ConversationManager) -> None:
    ids = {begin(manager) for _ in range(50)}
    assert len(ids) == 50
    assert all(len(found) == 8 and not set(found) & set("ilouILOU") for found in ids)


def test_a_closed_manager_says_so(manager: ConversationManager) -> None:
    manager.close()
    with pytest.raises(StorageError, match="works until it is closed"):
        manager.list()
    manager.close()


def test_what_is_in_memory_is_gone_at_the_end() -> None:
    with ConversationManager(None) as manager:
        say(manager, begin(manager), "secret")
        assert len(manager.list()) == 1
    with ConversationManager(None) as manager:
        assert manager.list(include_empty=True) == []


def test_note_and_scenario_are_kept_beside_what_an_import_brought(manager: ConversationManager) -> None:
    made = manager.create(profile_name="poet", profile={}, model="m")
    imported = manager.restore(replace(made, id="", extra={"user_name": "Ada"}), [])
    told = manager.direct(imported.id, {"note": "It is late.", "scenario": "A train."})
    assert told.extra == {"user_name": "Ada", "note": "It is late.", "scenario": "A train."}
    assert manager.direct(imported.id, {"note": ""}).extra == {"user_name": "Ada", "scenario": "A train."}
    assert to_json(manager, imported.id)["conversation"]["extra"]["scenario"] == "A train."
    manager.direct(made.id, {"note": "Once."})
    assert manager.direct(made.id, {"note": ""}).extra is None
    with pytest.raises(UnknownConversationError):
        manager.direct("nowhere0", {"note": "x"})
