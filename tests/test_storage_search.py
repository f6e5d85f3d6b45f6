"""Search: every word of a person finds messages, and none of them is a command."""

from __future__ import annotations

import pytest

from storage import ConversationManager, Hit, UnknownConversationError, search
from storage.search import expression


@pytest.fixture
def conversation(manager: ConversationManager) -> str:
    return manager.create(profile_name="poet", profile={}, model="tiny").id


def found(manager: ConversationManager, query: str) -> list[str]:
    ids = {hit.message_id: hit for hit in manager.search(query)}
    texts = {m.id: m.text for c in manager.list() for m in manager.whole(c.id)[1]}
    return sorted(texts[message_id] for message_id in ids)


def marked(hit: Hit) -> list[str]:
    return [hit.snippet[start:end] for start, end in hit.marks]


def test_all_words_must_occur_and_the_last_may_be_unfinished(
    manager: ConversationManager, conversation: str
) -> None:
    for text in ("The rain in Spain", "A rainy day", "No water at all", "Café and rain"):
        manager.add_message(conversation, role="user", text=text)
    assert found(manager, "rain") == ["A rainy day", "Café and rain", "The rain in Spain"]
    assert found(manager, "RAIN in") == ["The rain in Spain"]
    assert found(manager, "rain day") == []  # only the last word may be unfinished
    assert found(manager, "day rain") == ["A rainy day"]
    assert found(manager, "cafe") == ["Café and rain"]
    assert found(manager, "snow") == []


def test_scripts_without_spaces_are_found_within_a_phrase(
    manager: ConversationManager, conversation: str
) -> None:
    texts = ["我今天想去看电影。Good!", "雨" * 50 + "\n看电影", "猫が好きです", "ฉันรักแมวมาก"]
    for text in texts:
        manager.add_message(conversation, role="user", text=text)
    assert [found(manager, word) for word in ("好き", "แมว", "影电")] == [texts[2:3], texts[3:], []]
    assert found(manager, "电影 GOOD") == texts[:1]
    (hit,) = manager.search("电影", 1, conversation_id=conversation, profile_name="poet")
    assert (hit.snippet, marked(hit)) == ("雨" * 18 + " 看电影", ["电影"])


def test_the_best_match_comes_first_with_its_words_marked(
    manager: ConversationManager, conversation: str
) -> None:
    long = "filler " * 60 + "the lost key\nlay here " + "filler " * 60
    first = manager.add_message(conversation, role="user", text="key, key, key!")
    second = manager.add_message(conversation, role="bot", text=long)
    hits = manager.search("key")
    assert [hit.message_id for hit in hits] == [first.id, second.id]
    assert hits[0].score > hits[1].score
    assert marked(hits[0]) == ["key", "key", "key"]
    assert (hits[0].snippet, hits[0].role, hits[0].title) == ("key, key, key!", "user", "key, key, key!")
    assert marked(hits[1]) == ["key"]
    assert "the lost key lay here" in hits[1].snippet
    assert hits[1].snippet.startswith("…")
    assert hits[1].snippet.endswith("…")
    assert len(hits[1].snippet) < 150
    assert hits[1].created_at == second.created_at
    assert [hit.message_id for hit in manager.search("key", limit=1)] == [first.id]


def test_the_index_follows_every_change(manager: ConversationManager, conversation: str) -> None:
    question = manager.add_message(conversation, role="user", text="question")
    reply = manager.begin_reply(conversation, parent_id=question.id)
    manager.journal(reply.id, "early words")
    assert found(manager, "early") == ["early words"]
    manager.finish_reply(reply.id, text="late words", state="complete", generation={})
    assert found(manager, "early") == []
    assert found(manager, "late") == ["late words"]
    manager.delete(conversation)
    assert manager.search("late") == []


@pytest.mark.parametrize(
    "query",
    [
        "", "   ", "!!!", "😀", "_", "-", "*", '"', '""', '"""', "'", "\x00", "\udc80", "\x1b[31m", "(", ")",
        "AND", "NEAR", "OR OR", "NOT", "text:secret", "message_search:", "a AND", "NEAR(a b, 5)", "^a", "a*",
        "{a b}: c",
        "' OR 1=1 --", '" OR "" = "', "'; DROP TABLE message; --", '") OR rowid > 0 --', "a\x00b", "\ufeff",
        "x" * 100_000, "word " * 5_000, " ".join(f"w{n}" for n in range(5_000)), '" AND text MATCH "', "\\",
    ],
)  # fmt: skip
def test_no_query_is_a_command(manager: ConversationManager, conversation: str, query: str) -> None:
    message = manager.add_message(conversation, role="user", text="secret")
    assert manager.search(query) == []
    assert [m.id for m in manager.path(conversation)] == [message.id]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("NOT", "do not go"),
        ("AND OR", "this and that or both"),
        ("don't", "I don't know"),
        ('say "hello"', "They say hello"),
        ("text:secret", "a text:secret thing"),
        ("foo_bar", "call foo_bar now"),
        ("C++", "I write C++"),
        ("wait!!! 😀", "wait for me"),
        ("हिन्दी", "यह हिन्दी है"),
        ("日本", "日本語です"),
    ],
)
def test_words_of_the_query_language_are_words(
    manager: ConversationManager, conversation: str, query: str, text: str
) -> None:
    manager.add_message(conversation, role="user", text=text)
    manager.add_message(conversation, role="user", text="something else")
    assert found(manager, query) == [text]


def test_what_was_said_cannot_forge_marks_or_control_a_terminal(
    manager: ConversationManager, conversation: str
) -> None:
    text = "<b>word</b> [word] \x02word\x03 \x1b[31m word\x1b[0m %s"
    manager.add_message(conversation, role="user", text=text)
    (hit,) = manager.search("word")
    assert marked(hit) == ["word"] * 4
    assert hit.snippet == "<b>word</b> [word] word [31m word [0m %s"


def talk(manager: ConversationManager, persona: str, *texts: str) -> str:
    conversation = manager.create(profile_name=persona, profile={}, model="").id
    for text in texts:
        manager.add_message(conversation, role="user", text=text)
    return conversation


def test_a_search_in_one_conversation_or_with_one_persona(manager: ConversationManager) -> None:
    first = talk(manager, "poet", "rain one", "sun")
    second = talk(manager, "poet", "rain two")
    third = talk(manager, "stoic", "rain three")

    def texts(**where: str) -> set[str]:
        return {hit.snippet for hit in manager.search("rain", **where)}  # pyright: ignore[reportArgumentType]

    assert texts() == {"rain one", "rain two", "rain three"}
    assert texts(profile_name="poet") == {"rain one", "rain two"}
    assert texts(profile_name="nobody") == set()
    assert texts(conversation_id=second) == {"rain two"}
    assert texts(conversation_id=third, profile_name="stoic") == {"rain three"}
    assert texts(conversation_id=first, profile_name="stoic") == set()
    with pytest.raises(UnknownConversationError):
        manager.search("rain", conversation_id="nowhere")
    (hit,) = manager.search("sun", profile_name="poet", limit=1)
    assert (hit.conversation_id, marked(hit)) == (first, ["sun"])


def test_of_very_many_matches_the_newest_are_ranked(
    manager: ConversationManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_CANDIDATES", 4)
    conversation = talk(manager, "poet", "t", *(f"t and {'more ' * (9 - n)}" for n in range(9)))
    newest = [m.id for m in manager.path(conversation)][-5:]
    assert [hit.message_id for hit in manager.search("t")] == newest[::-1]  # the shorter, the better
    old = talk(manager, "stoic", "t")
    for _ in range(9):
        talk(manager, "poet", "t t t")
    assert [hit.conversation_id for hit in manager.search("t", profile_name="stoic")] == [old]
    assert [hit.conversation_id for hit in manager.search("t", conversation_id=old)] == [old]


def test_a_hit_says_who_spoke(manager: ConversationManager, conversation: str) -> None:
    manager.add_message(conversation, role="bot", text="rain", speaker="Ann")
    assert [hit.speaker for hit in manager.search("rain")] == ["Ann"]


def test_a_long_query_is_cut_to_what_the_parser_takes() -> None:
    assert expression("a b a") == '"a" AND "b"*'
    assert expression('say "x"') == '"say" AND """x"""*'
    assert expression(" ".join(f"w{n}" for n in range(99))).count(" AND ") == 31
