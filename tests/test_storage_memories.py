"""What personas know of the user: said once, kept until it is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from storage import (
    ConversationManager,
    Message,
    RefusedValueError,
    UnknownMemoryError,
    UnknownMessageError,
)


@pytest.fixture
def message(manager: ConversationManager) -> Message:
    conversation = manager.create(profile_name="poet", profile={}, model="").id
    return manager.add_message(conversation, role="user", text="I have a dog")


def test_a_memory_reads_back_as_it_was_given(manager: ConversationManager, message: Message) -> None:
    before = datetime.now(UTC)
    memory = manager.remember("poet", "has a dog\nand a cat", kind=" fact\n", message_id=message.id)
    assert (memory.profile_name, memory.kind, memory.text, memory.message_id) == (
        "poet",
        "fact",
        "has a dog\nand a cat",
        message.id,
    )
    assert before <= memory.created_at <= datetime.now(UTC)
    assert manager.memories() == [memory]
    assert manager.remember("poet", "caf\udce9", kind="fact").text == "caf\ufffd"


def test_a_persona_knows_its_own_and_what_all_know(manager: ConversationManager) -> None:
    own, shared, other = (
        manager.remember(name, text, kind="fact") for name, text in (("poet", "a"), ("", "b"), ("stoic", "c"))
    )
    assert manager.memories() == [own, shared, other]
    assert manager.memories("poet") == [own, shared]
    assert manager.memories("stoic") == [shared, other]
    assert manager.memories("nobody") == [shared]
    assert manager.memories("") == [shared]


def test_a_memory_outlives_its_message_and_its_conversation(
    manager: ConversationManager, message: Message
) -> None:
    reply = manager.begin_reply(message.conversation_id, parent_id=message.id)
    manager.remember("poet", "a", kind="fact", message_id=message.id)
    manager.remember("poet", "b", kind="fact", message_id=reply.id)
    manager.delete_message(reply.id)
    assert [(m.text, m.message_id) for m in manager.memories()] == [("a", message.id), ("b", None)]
    manager.delete(message.conversation_id)
    assert [(m.text, m.message_id) for m in manager.memories()] == [("a", None), ("b", None)]
    manager.forget(manager.memories()[0].id)
    manager.undelete()  # the memory that was forgotten meanwhile stays so
    assert [(m.text, m.message_id) for m in manager.memories()] == [("b", None)]


def test_what_is_forgotten_is_gone_and_its_number_is_not_given_again(manager: ConversationManager) -> None:
    memory = manager.remember("poet", "a", kind="fact")
    assert manager.forget(memory.id) == memory
    assert manager.memories() == []
    with pytest.raises(UnknownMemoryError, match=f"no memory {memory.id}. See: chatbot memory list") as gone:
        manager.forget(memory.id)
    assert gone.value.exit_code == 2
    assert manager.remember("poet", "b", kind="fact").id > memory.id


def test_a_memory_without_words_or_of_no_message_is_refused(manager: ConversationManager) -> None:
    with pytest.raises(RefusedValueError, match="A memory has at least one visible character"):
        manager.remember("poet", " \n\x1b", kind="fact")
    with pytest.raises(
        RefusedValueError, match="A kind of memory has at least one visible character, and ''"
    ):
        manager.remember("poet", "a", kind="")
    with pytest.raises(UnknownMessageError, match="no message 99"):
        manager.remember("poet", "a", kind="fact", message_id=99)
    assert manager.memories() == []
