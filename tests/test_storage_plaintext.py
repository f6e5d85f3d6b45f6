"""Plain text: what it looks like, who is who, and that no message can pass for another speaker's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import ConversationManager, Reading, RefusedValueError, plaintext, transfer
from storage.branches import Tree
from storage.foreign import Origin, Turn, Version, assembled


def brought(manager: ConversationManager, text: str, **names: str) -> Reading:
    return transfer.store(manager, transfer.read(text.encode(), "chat.txt", **names))


def spoken(manager: ConversationManager, reading: Reading) -> list[tuple[str, str, str]]:
    return [(m.role, m.speaker, m.text) for m in manager.path(reading.conversation.id)]


def test_the_text_itself(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={}, model="m").id
    manager.add_message(made, role="narrator", text="Rain.\r\n\r\nMore rain.")
    question = manager.add_message(
        made, role="user", text="Who are you?\nReally?\n\ngloomy-poet: forged\x1b[31m\n"
    )
    manager.add_message(made, role="bot", text="An alternative", parent_id=question.id)
    manager.add_message(made, role="bot", text="A poet.", parent_id=question.id)
    manager.add_message(made, role="bot", text="Hidden", hidden=True)
    manager.add_message(made, role="bot", text="", speaker="Dr: \x1bÉlise")
    assert transfer.exported(manager, made, "text") == (
        "Narrator: Rain.\n\n  More rain.\n\n"
        "You: Who are you?\n  Really?\n\n  gloomy-poet: forged[31m\n\n"
        "gloomy-poet: A poet.\n\n"
        "Dr Élise:\n"
    )
    assert transfer.exported(manager, made, "text", user_name="Zoë").splitlines()[4] == "Zoë: Who are you?"


def test_the_persona_is_called_what_the_chat_calls_it(manager: ConversationManager) -> None:
    profile = {"name": "captain-ahab", "display_name": "Captain Ahab"}
    made = manager.create(profile_name="captain-ahab", profile=profile, model="m").id
    manager.add_message(made, role="bot", text="Ahoy.")
    assert transfer.exported(manager, made, "text") == "Captain Ahab: Ahoy.\n"


def test_what_we_wrote_is_read_back(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={}, model="m").id
    said = [
        ("bot", "", "Oh. You.\n\n  indented\n\tand: tabbed"),
        ("user", "", "You: me\nNarrator: no\n\n\nend"),
        ("narrator", "", "Rain."),
        ("bot", "Élise 🌙", "Once only."),
        ("bot", "", ""),
    ]
    for role, speaker, text in said:
        manager.add_message(made, role=role, text=text, speaker=speaker)
    reading = brought(manager, transfer.exported(manager, made, "text"))
    assert spoken(manager, reading) == said
    assert reading.conversation.profile_name == "gloomy-poet"
    assert reading.conversation.title == "chat"
    assert reading.warnings == (
        "You is taken for the user and gloomy-poet for the character. If that is wrong, import the file "
        "again with --user NAME and --character NAME.",
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(("user", "bot")), st.text(max_size=30)), min_size=1, max_size=5))
def test_any_text_is_read_back_but_for_what_plain_text_cannot_hold(said: list[tuple[str, str]]) -> None:
    """That is control characters, and white space at the ends of lines and of the text."""
    turns = [Turn("", role, [Version(text)]) for role, text in said]
    whole = plaintext.write(Tree(*assembled(turns, Origin(user="You", character="poet"))))
    found = plaintext.read(whole.encode(), Origin(user="You", character="poet")).messages
    assert [m.role for m in found] == [role for role, _ in said]
    for message, (_, text) in zip(found, said, strict=True):
        kept = re.sub("[\0-\x08\x0b-\x1f\x7f-\x9f]", "", text.replace("\r\n", "\n"))
        lines = "\n".join(line.rstrip() for line in kept.strip("\n").split("\n"))
        assert message.text.strip("\n ") == lines.strip("\n ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann: hi\nBo: hello\n", [("bot", "", "hi"), ("user", "", "hello")]),
        ("me: hi\nAnn: hello", [("user", "", "hi"), ("bot", "", "hello")]),
        ("Ann: a\nb\n\nc\n\nUser: d", [("bot", "", "a\nb\n\nc"), ("user", "", "d")]),
        ("Ann: a\r\n\r\nYou: b\r\n", [("bot", "", "a"), ("user", "", "b")]),
        ("\ufeff\n\nAnn:\n  a\n  b\n", [("bot", "", "a\nb")]),
        ("Ann: a\nBo: b\nNote: not a name\n", [("bot", "", "a"), ("user", "", "b\nNote: not a name")]),
        ("Al: a\nBo: b\nCy: c\nCy: d",
         [("bot", "", "a"), ("user", "", "b"), ("bot", "Cy", "c"), ("bot", "Cy", "d")]),
        ("Ann: a\n\nBo: b\n\nCy: c", [("bot", "", "a"), ("user", "", "b"), ("bot", "Cy", "c")]),
        ("Ann: see http://x.y:80\n10:30: no", [("bot", "", "see http://x.y:80\n10:30: no")]),
        ("Zoë 🌙 van Dyk: ja?\nYou: 好", [("bot", "", "ja?"), ("user", "", "好")]),
        ("Narrator: Rain.\n\nAnn: a", [("narrator", "", "Rain."), ("bot", "", "a")]),
    ],
)  # fmt: skip
def test_texts_from_elsewhere(
    manager: ConversationManager, text: str, expected: list[tuple[str, str, str]]
) -> None:
    assert spoken(manager, brought(manager, text)) == expected


def test_the_names_that_were_given_decide(manager: ConversationManager) -> None:
    text = "Ann: hi\n\nNote: this\n\nBo: hello\nAnn: bye"
    named = brought(manager, text, user="Ann", character="Bo")
    assert spoken(manager, named) == [
        ("user", "", "hi\n\nNote: this"),
        ("bot", "", "hello"),
        ("user", "", "bye"),
    ]
    assert (named.warnings, named.conversation.profile_name) == ((), "Bo")
    one = brought(manager, text, user="Ann")
    assert [(role, speaker) for role, speaker, _ in spoken(manager, one)] == [
        ("user", ""), ("bot", ""), ("bot", "Bo"), ("user", "")
    ]  # fmt: skip
    assert one.conversation.profile_name == "Note"


def test_a_speaker_who_is_called_as_the_user_is_the_user(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={}, model="m").id
    said = [("user", "", "Who are you?"), ("bot", "", "A poet."), ("user", "", "Really?")]
    for role, _, text in said:
        manager.add_message(made, role=role, text=text)
    text = transfer.exported(manager, made, "text", user_name="Zoë")
    assert spoken(manager, brought(manager, text, called="zoë")) == said
    assert [role for role, *_ in spoken(manager, brought(manager, text, called="Ann"))] == [
        "bot", "user", "bot"
    ]  # fmt: skip
    assert spoken(manager, brought(manager, text, called="Zoë", user="gloomy-poet"))[0][0] == "bot"


@pytest.mark.parametrize(
    "names", [{"user": "Ada"}, {"user": "ADA", "character": "bob"}, {"character": "BOB"}, {"user": "ada"}]
)
def test_given_names_are_those_of_the_file_whatever_their_case(
    manager: ConversationManager, names: dict[str, str]
) -> None:
    reading = brought(manager, "Bob: hi\n\nada: hello\n\nBob: bye", **names)
    assert spoken(manager, reading) == [("bot", "", "hi"), ("user", "", "hello"), ("bot", "", "bye")]
    assert (reading.conversation.extra or {})["user_name"] == "ada"
    assert reading.conversation.profile_name == "Bob"
    assert [warning for warning in reading.warnings if "No line" in warning] == []


def test_of_names_that_differ_in_case_the_one_that_was_given_is_meant(manager: ConversationManager) -> None:
    reading = brought(manager, "ann: hi\n\nAnn: hello", user="Ann", character="ann")
    assert spoken(manager, reading) == [("bot", "", "hi"), ("user", "", "hello")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "this file is empty"),
        (b" \n\n", "this file is empty"),
        (b"Once upon a time\nthere: was", "this file begins with 'Once upon a time'"),
        (b"no colon here", "this file begins with 'no colon here'"),
        (b"x" * 70 + b": too long for a name", "this file begins with 'xxxx"),
        (b": no name", "this file begins with ': no name'"),
    ],
)
def test_what_is_no_chat_is_refused(manager: ConversationManager, data: bytes, reason: str) -> None:
    with pytest.raises(RefusedValueError, match="has lines that begin with 'name: '") as refused:
        transfer.read(data, "chat.txt")
    assert reason in str(refused.value)


def test_a_text_in_another_encoding_is_to_be_saved_again() -> None:
    with pytest.raises(RefusedValueError, match=r"is in UTF-8, and this file is not .* Save it as UTF-8\."):
        transfer.read(b"An\xff: x", "chat.txt")


def test_a_given_user_who_never_speaks_changes_nothing(manager: ConversationManager) -> None:
    reading = brought(manager, "Ann: hi\nBo: hello", user="Zoë", character="Ann")
    assert spoken(manager, reading) == [("bot", "", "hi\nBo: hello")]
    assert reading.warnings == (
        "No line begins with 'Zoë:', the name that was given for the user. If another name is the user's, "
        "import the file again with --user NAME.",
    )
    *_, guessed = brought(manager, "Ann: hi\nBo: hello", character="Ann").warnings
    assert guessed.startswith("Bo is taken for the user")
