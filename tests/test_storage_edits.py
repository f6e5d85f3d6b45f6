"""Second thoughts: edit, undo, fork, marks, and deletions of single messages and of conversations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import from_json, to_json
from storage import (
    ConversationManager,
    Message,
    RefusedValueError,
    UnknownConversationError,
    UnknownMessageError,
)


def begin(manager: ConversationManager) -> str:
    return manager.create(profile_name="poet", profile={"name": "poet"}, model="tiny").id


def say(manager: ConversationManager, conversation: str, *texts: str) -> list[Message]:
    """The user and the bot in turn, the user first."""
    return [
        manager.add_message(conversation, role="bot" if turn % 2 else "user", text=text)
        for turn, text in enumerate(texts)
    ]


def texts(messages: list[Message]) -> list[str]:
    return [message.text for message in messages]


def shape(manager: ConversationManager, conversation: str) -> dict[str, list[str]]:
    """Which texts follow which, in the order of their positions; "" stands before the first."""
    tree = manager.tree(conversation)
    names = {None: "", **{message.id: message.text for message in tree}}
    found: dict[str, list[str]] = {}
    for message in sorted(tree, key=lambda message: message.position):
        found.setdefault(names[message.parent_id], []).append(message.text)
    return found


# --- edit


def test_an_edited_message_is_an_alternative_with_the_same_role(
    manager: ConversationManager,
) -> None:
    conversation = begin(manager)
    first = manager.add_message(conversation, role="bot", text="a", hidden=True, speaker="Ann")
    second = manager.add_message(conversation, role="user", text="b")
    edited = manager.edit(first.id, "A")
    assert (edited.text, edited.role, edited.hidden, edited.speaker) == ("A", "bot", True, "Ann")
    assert (edited.position, edited.sibling_count, edited.state) == (1, 2, "complete")
    assert manager.path(conversation) == [edited]
    assert texts(manager.select(first.id)) == ["a", "b"]
    again = manager.edit(second.id, "B")
    assert texts(manager.path(conversation)) == ["a", "B"]
    assert again.parent_id == first.id
    with pytest.raises(UnknownMessageError):
        manager.edit(99, "x")


# --- undo


def test_undo_goes_back_before_the_last_message_of_the_user(manager: ConversationManager) -> None:
    conversation = begin(manager)
    say(manager, conversation, "one", "two", "three", "four")
    assert manager.undo(conversation).text == "three"
    assert texts(manager.path(conversation)) == ["one", "two"]
    assert manager.get(conversation).message_count == 4
    said = manager.add_message(conversation, role="user", text="other")
    assert (said.position, said.sibling_count) == (1, 2)
    assert manager.undo(conversation).text == "other"
    assert manager.undo(conversation).text == "one"
    assert manager.path(conversation) == []
    with pytest.raises(RefusedValueError, match=f"path of conversation '{conversation}' has none"):
        manager.undo(conversation)


def test_a_conversation_taken_back_to_its_beginning_is_still_listed_and_goes_on(
    manager: ConversationManager,
) -> None:
    conversation = begin(manager)
    (first,) = say(manager, conversation, "one")
    manager.undo(conversation)
    assert manager.get("last").head_id is None
    assert [c.id for c in manager.list()] == [conversation]
    second = manager.add_message(conversation, role="user", text="instead")
    assert (second.parent_id, second.position) == (None, 1)
    assert texts(manager.select(first.id)) == ["one"]


def test_undo_takes_a_narrator_and_several_replies_along(manager: ConversationManager) -> None:
    conversation = begin(manager)
    manager.add_message(conversation, role="bot", text="greeting")
    for role, text in (("user", "u"), ("narrator", "n"), ("bot", "b"), ("bot", "c")):
        manager.add_message(conversation, role=role, text=text)
    assert manager.undo(conversation).text == "u"
    assert texts(manager.path(conversation)) == ["greeting"]


# --- fork


def test_a_fork_is_the_path_alone_with_all_that_belongs_to_its_messages(manager: ConversationManager) -> None:
    conversation = begin(manager)
    (question,) = say(manager, conversation, "Where are my keys?")
    manager.add_message(conversation, role="bot", text="Lost.")
    reply = manager.begin_reply(conversation, parent_id=question.id)
    reply = manager.finish_reply(reply.id, text="Here.", state="partial", generation={"seed": 7})
    extra = {"mes": [1, {"x": None}]}
    note = manager.add_message(conversation, role="narrator", text="Rain.", speaker="Ann", extra=extra)
    manager.hide(reply.id)
    manager.bookmark(note.id)
    say(manager, conversation, "later")
    manager.archive(conversation)

    before = to_json(manager, conversation)
    fork = manager.fork(note.id)
    assert to_json(manager, conversation) == before
    assert (fork.title, fork.profile_name, fork.profile, fork.model, fork.archived) == (
        "Where are my keys? (fork)",
        "poet",
        {"name": "poet"},
        "tiny",
        False,
    )
    assert manager.get("last").id == fork.id
    path = manager.tree(fork.id)
    assert path == manager.path(fork.id)
    assert texts(path) == ["Where are my keys?", "Here.", "Rain."]
    assert [(m.state, m.hidden, m.bookmarked, m.speaker, m.position, m.sibling_count) for m in path] == [
        ("complete", False, False, "", 0, 1),
        ("partial", True, False, "", 0, 1),
        ("complete", False, True, "Ann", 0, 1),
    ]
    assert (path[1].generation, path[2].extra, path[0].created_at) == (
        {"seed": 7},
        extra,
        question.created_at,
    )
    assert not {m.id for m in path} & {m.id for m in manager.tree(conversation)}
    assert [hit.conversation_id for hit in manager.search("rain", conversation_id=fork.id)] == [fork.id]
    assert manager.fork(path[0].id).title == "Where are my keys? (fork)"


def test_a_fork_of_an_unnamed_conversation_has_no_title(manager: ConversationManager) -> None:
    conversation = begin(manager)
    greeting = manager.add_message(conversation, role="bot", text="Hello.")
    fork = manager.fork(greeting.id)
    assert fork.title == ""
    manager.add_message(fork.id, role="user", text="Where to?")
    assert manager.get(fork.id).title == "Where to?"


# --- marks


def test_hidden_and_bookmarked_are_marks_that_can_be_taken_off(manager: ConversationManager) -> None:
    one, two = begin(manager), begin(manager)
    first, second = say(manager, one, "a", "b")
    (other,) = say(manager, two, "c")
    said = manager.get(one).updated_at
    assert manager.hide(first.id).hidden
    assert not manager.hide(first.id, hidden=False).hidden
    assert manager.bookmark(second.id).bookmarked
    manager.bookmark(other.id)
    assert texts(manager.bookmarks()) == ["b", "c"]
    assert texts(manager.bookmarks(one)) == ["b"]
    manager.bookmark(second.id, bookmarked=False)
    assert manager.bookmarks(one) == []
    assert manager.get(one).updated_at == said
    with pytest.raises(UnknownConversationError):
        manager.bookmarks("nowhere")
    for mark in (manager.hide, manager.bookmark, manager.fork, manager.delete_message):
        with pytest.raises(UnknownMessageError, match="no message 99"):
            mark(99)


def test_archived_conversations_are_listed_apart(manager: ConversationManager) -> None:
    one, two = begin(manager), begin(manager)
    say(manager, one, "a")
    say(manager, two, "b")
    assert manager.archive(two).archived
    assert [c.id for c in manager.list()] == [one]
    assert [c.id for c in manager.list(archived=True)] == [two]
    assert [c.id for c in manager.list(archived=None)] == [two, one]
    assert manager.get("last").id == one
    assert manager.get(two).archived
    assert not manager.archive(two, archived=False).archived
    assert [c.id for c in manager.list()] == [two, one]


# --- titles


@pytest.mark.parametrize(
    ("said", "title"),
    [
        (["hi", "where are you?"], "where are you?"),
        (["Hello there!", "good evening", "I lost my keys", "oh"], "I lost my keys"),
        (["hi"], "hi"),
        (["Hi", "hello again"], "Hi"),
        (["hi Ann, I am back", "so"], "hi Ann, I am back"),
        (["!!!", "so"], "!!!"),
    ],
)
def test_a_greeting_is_a_title_only_until_more_is_said(
    manager: ConversationManager, said: list[str], title: str
) -> None:
    conversation = begin(manager)
    for text in said:
        manager.add_message(conversation, role="user", text=text)
    assert manager.get(conversation).title == title


def test_a_title_that_a_person_gave_stays_though_it_greets(manager: ConversationManager) -> None:
    conversation = begin(manager)
    say(manager, conversation, "hi")
    manager.rename(conversation, "Good morning")
    say(manager, conversation, "I lost my keys")
    assert manager.get(conversation).title == "Good morning"


# --- deletion of one message


def test_what_followed_a_deleted_message_follows_its_parent(manager: ConversationManager) -> None:
    conversation = begin(manager)
    a, b = say(manager, conversation, "a", "b")
    c = manager.add_message(conversation, role="user", text="c")
    other = manager.begin_reply(conversation, parent_id=a.id)
    manager.finish_reply(other.id, text="b2", state="complete", generation={"seed": 1})
    manager.add_message(conversation, role="user", text="c2", parent_id=b.id)
    assert shape(manager, conversation) == {"": ["a"], "a": ["b", "b2"], "b": ["c", "c2"]}

    assert texts(manager.delete_message(b.id)) == ["a", "c2"]  # the head was below it and stays
    assert shape(manager, conversation) == {"": ["a"], "a": ["b2", "c", "c2"]}
    assert [(m.position, m.sibling_count) for m in manager.siblings(c.id)] == [(0, 3), (1, 3), (2, 3)]
    assert manager.search("b") == manager.search("b2")
    assert texts(manager.delete_message(a.id)) == ["c2"]
    assert shape(manager, conversation) == {"": ["b2", "c", "c2"]}
    assert manager.path(conversation)[0].parent_id is None


@pytest.mark.parametrize(
    ("doomed", "path"),
    [
        ("b2", ["a", "b", "c"]),  # the alternative takes its place, as far as it was followed
        ("a", ["b2"]),
        ("c", ["a", "b2"]),
    ],
)
def test_where_the_path_ends_after_a_deletion(
    manager: ConversationManager, doomed: str, path: list[str]
) -> None:
    conversation = begin(manager)
    a, _, _ = say(manager, conversation, "a", "b", "c")
    manager.add_message(conversation, role="bot", text="b2", parent_id=a.id)
    numbers = {message.text: message.id for message in manager.tree(conversation)}
    assert texts(manager.delete_message(numbers[doomed])) == path
    assert texts(manager.path(conversation)) == path


def test_the_last_message_without_alternatives_ends_the_path_at_its_parent(
    manager: ConversationManager,
) -> None:
    conversation = begin(manager)
    a, b = say(manager, conversation, "a", "b")
    assert manager.delete_message(b.id) == [manager.siblings(a.id)[0]]
    assert manager.delete_message(a.id) == []
    found = manager.get(conversation)
    assert (found.message_count, found.head_id, found.title) == (0, None, "")
    assert manager.list() == []
    assert say(manager, conversation, "again")[0].id > b.id


def test_a_title_from_a_deleted_message_goes_with_it(manager: ConversationManager) -> None:
    conversation = begin(manager)
    secret, _, plain = say(manager, conversation, "my secret is 1234", "oh", "nice weather")
    manager.delete_message(secret.id)
    assert manager.get(conversation).title == "nice weather"
    manager.rename(conversation, "Weather")
    manager.delete_message(plain.id)
    assert manager.get(conversation).title == "Weather"


def test_a_forks_title_goes_with_the_message_that_it_is_from(manager: ConversationManager) -> None:
    conversation = begin(manager)
    *_, last = say(manager, conversation, "my secret is 1234", "oh", "nice weather")
    fork = manager.fork(last.id)
    assert fork.title == "my secret is 1234 (fork)"
    manager.delete_message(manager.path(fork.id)[0].id)
    assert manager.get(fork.id).title == "nice weather"


def test_nothing_of_a_deleted_message_or_memory_is_left_on_disk(tmp_path: Path) -> None:
    with ConversationManager(tmp_path / "chats.db") as manager:
        conversation = begin(manager)
        first, reply = say(manager, conversation, "keepsake " * 300, "secretword " * 300)
        manager.finish_reply(reply.id, text="secretword", state="complete", generation={"note": "secretnote"})
        memory = manager.remember("poet", "secretfact", kind="fact", message_id=reply.id)
        manager.delete_message(reply.id)
        (known,) = manager.memories()
        assert known.message_id is None
        assert manager.forget(memory.id) == known
        content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"keepsake" in content
        for word in (b"secretword", b"secretnote", b"secretfact"):
            assert word not in content
        assert [m.id for m in manager.tree(conversation)] == [first.id]


# --- deletion of a conversation, taken back


def test_a_deleted_conversation_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    with ConversationManager(path) as manager:
        conversation = begin(manager)
        first, _ = say(manager, conversation, "secretword", "b")
        manager.edit(first.id, "other")
        manager.bookmark(first.id)
        memory = manager.remember("", "likes rain", kind="fact", message_id=first.id)
        before, document = manager.whole(conversation), to_json(manager, conversation)
        other = begin(manager)
        manager.delete(begin(manager), conversation)
        assert b"secretword" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        say(manager, other, "meanwhile")
        assert manager.undelete() == before[0]
        assert manager.whole(conversation) == before
        assert to_json(manager, conversation) == document
        assert manager.memories() == [memory]
        assert [hit.message_id for hit in manager.search("secretword")] == [first.id]
        with pytest.raises(RefusedValueError, match="there is none"):
            manager.undelete()
        manager.delete(conversation)
    with ConversationManager(path) as manager, pytest.raises(RefusedValueError):
        manager.undelete()


# --- any sequence of changes


def holds(manager: ConversationManager, conversation: str) -> None:
    """What is true of every tree, whatever was done to it."""
    found, tree = manager.whole(conversation)
    known = {message.id for message in tree}
    assert found.head_id is None or found.head_id in known
    families: dict[int | None, list[Message]] = {}
    for message in tree:
        assert message.parent_id is None or (message.parent_id in known and message.parent_id < message.id)
        assert message.visited <= found.visits
        families.setdefault(message.parent_id, []).append(message)
    for family in families.values():
        assert sorted(message.position for message in family) == list(range(len(family)))
        assert {message.sibling_count for message in family} == {len(family)}
    path = manager.path(conversation)
    assert [m.parent_id for m in path] == [None, *(m.id for m in path)][: len(path)]
    assert (path[-1].id if path else None) == found.head_id


def imported_again(manager: ConversationManager, conversation: str) -> None:
    document = to_json(manager, conversation)
    imported = from_json(manager, document)
    copy = to_json(manager, imported.id)
    assert copy["conversation"].pop("id") != document["conversation"].pop("id")
    assert copy == document
    holds(manager, imported.id)


ACTIONS: dict[str, Callable[[ConversationManager, str, int], object]] = {
    "say": lambda manager, conversation, _: manager.add_message(conversation, role="user", text="said"),
    "open": lambda manager, conversation, _: manager.add_message(
        conversation, role="bot", text="open", parent_id=None
    ),
    "reply": lambda manager, conversation, chosen: manager.begin_reply(conversation, parent_id=chosen),
    "edit": lambda manager, _, chosen: manager.edit(chosen, "edited"),
    "delete": lambda manager, _, chosen: manager.delete_message(chosen),
    "select": lambda manager, _, chosen: manager.select(chosen),
    "hide": lambda manager, _, chosen: manager.hide(chosen),
    "bookmark": lambda manager, _, chosen: manager.bookmark(chosen),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[ConversationManager]:
    """One manager for all examples, each with a conversation of its own."""
    with ConversationManager(None) as manager:
        yield manager


@settings(max_examples=20, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([*ACTIONS, "delete", "undo", "back"]), st.integers(0, 9)), max_size=16
    )
)
def test_after_any_sequence_of_changes_the_tree_is_one(
    shared: ConversationManager, steps: list[tuple[str, int]]
) -> None:
    conversation = begin(shared)
    for name, choice in steps:
        tree = shared.tree(conversation)
        chosen = tree[choice % len(tree)] if tree else None
        if name == "undo" and any(m.role == "user" for m in shared.path(conversation)):
            shared.undo(conversation)
        elif name == "back":
            shared.delete(conversation)
            shared.undelete()
        elif name in ACTIONS and chosen is not None:
            ACTIONS[name](shared, conversation, chosen.id)
        else:
            ACTIONS["say"](shared, conversation, 0)
        holds(shared, conversation)
        if name == "delete" and chosen is not None:
            moved = {m.id: chosen.parent_id if m.parent_id == chosen.id else m.parent_id for m in tree}
            del moved[chosen.id]
            assert {m.id: m.parent_id for m in shared.tree(conversation)} == moved
    imported_again(shared, conversation)
