"""Which lines of earlier talks come to mind, and that a large database takes no time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from chatbot.memory.recall import Line, recalled, words
from storage import ConversationManager, Message


def talk(manager: ConversationManager, *lines: str, name: str = "poet") -> list[Message]:
    conversation = manager.create(profile_name=name, profile={"name": name}, model="fake")
    for number, text in enumerate(lines):
        manager.add_message(conversation.id, role="bot" if number % 2 else "user", text=text)
    return manager.path(conversation.id)


def come_to_mind(manager: ConversationManager, text: str, *, shown: int = 99) -> list[str]:
    """The lines recalled in a new conversation in which `text` is the last message."""
    path = talk(manager, text)
    found = recalled(
        manager,
        "poet",
        text,
        conversation_id=path[0].conversation_id,
        path=path,
        shown={message.id for message in path[-shown:]},
    )
    return [line.text for line in found]


def spelt(number: int) -> str:
    """A word for a number, of letters alone."""
    return "w" + "".join(chr(ord("a") + int(digit)) for digit in str(number)) + "x"


def test_words_that_say_what_a_text_is_about() -> None:
    assert words("What's the name of my dog? The DOG with the scar!") == ["dog", "scar"]
    assert words("I do not know what you want from me.") == []
    assert words("lol i dont know, im ill, whats new") == ["ill"]


def test_a_rare_shared_word_brings_a_line_back(manager: ConversationManager) -> None:
    talk(manager, "My dog Rex ran away. It rained.", "I am sorry. What now?", "I bake bread.", "Good.")
    assert come_to_mind(manager, "I still miss that dog.") == ["My dog Rex ran away."]


def test_what_somebody_else_said_is_not_the_users(manager: ConversationManager) -> None:
    conversation = talk(manager, "Harpoons are sharp.")[0].conversation_id
    manager.add_message(conversation, role="user", text="I sell harpoons.", speaker="baker")
    assert come_to_mind(manager, "What of harpoons?") == ["Harpoons are sharp."]


def test_the_best_two_the_newest_first(manager: ConversationManager) -> None:
    talk(manager, "The harbour was cold.", "I know that harbour.", "The harbour bell is old.", "Yes.")
    assert come_to_mind(manager, "A bell rings in the harbour") == [
        "The harbour bell is old.",
        "I know that harbour.",
    ]


def test_a_greeting_never_comes_to_mind(manager: ConversationManager) -> None:
    conversation = manager.create(profile_name="poet", profile={"name": "poet"}, model="fake")
    for role, text in (("bot", "Rain fell."), ("user", "Hello."), ("bot", "Rain again.")):
        manager.add_message(conversation.id, role=role, text=text)
    assert come_to_mind(manager, "Still that rain") == ["Rain again."]


def test_what_stands_in_a_message_of_this_conversation_is_not_brought_from_another(
    manager: ConversationManager,
) -> None:
    talk(manager, "My parrot sings!", "A parrot... sings. In the sun.", "A parrot hat")
    now = talk(manager, "Look: my PARROT sings, a parrot sings", "Yes.", "What of that parrot?")
    for shown in (now, now[1:]):
        found = recalled(
            manager,
            "poet",
            now[-1].text,
            conversation_id=now[0].conversation_id,
            path=now,
            shown={message.id for message in shown},
        )
        own = [] if shown == now else ["Look: my PARROT sings, a parrot sings"]
        assert [line.text for line in found] == [*own, "A parrot hat"]


def test_questions_repetitions_and_other_personas_stay_away(manager: ConversationManager) -> None:
    talk(manager, "Where is my dog?", "...", "my dog barks", "Yes.")
    talk(manager, "The dog is mine.", name="baker")
    assert come_to_mind(manager, "My dog barks") == []


def test_what_is_hidden_failed_or_on_another_branch_stays_away(manager: ConversationManager) -> None:
    path = talk(manager, "A dog bit me.", "Ow.")
    manager.hide(path[0].id)
    assert come_to_mind(manager, "That dog again") == []
    conversation = manager.create(profile_name="poet", profile={"name": "poet"}, model="fake")
    first = manager.add_message(conversation.id, role="user", text="My parrot sings.")
    manager.edit(first.id, "Hello.")
    now = manager.path(conversation.id)
    found = recalled(manager, "poet", "the parrot", conversation_id=conversation.id, path=now, shown=())
    assert found == ()


def test_what_fell_out_of_this_conversation_comes_back_and_what_is_shown_does_not(
    manager: ConversationManager,
) -> None:
    path = talk(manager, "My parrot sings.", "It does.", "Look, a parrot feather", "Pretty.", "The parrot?")
    shown = {message.id for message in path[2:]}
    found = recalled(
        manager, "poet", "The parrot?", conversation_id=path[0].conversation_id, path=path, shown=shown
    )
    assert found == (Line(path[0].id, "user", "My parrot sings."),)


def test_a_word_that_is_everywhere_tells_nothing(manager: ConversationManager) -> None:
    talk(manager, *["the garden is green"] * 50)
    assert come_to_mind(manager, "my garden") == []


def test_the_six_longest_words_are_looked_for(manager: ConversationManager) -> None:
    talk(manager, "A moth sat there.")
    assert come_to_mind(manager, "moth windmill umbrella saxophone carpenter lighthouse") == [
        "A moth sat there."
    ]
    assert come_to_mind(manager, "moth windmill umbrella saxophone carpenter lighthouse harbours") == []


def test_a_reply_that_was_stopped_does_not_come_to_mind(manager: ConversationManager) -> None:
    (asked,) = talk(manager, "Tell me something.")
    reply = manager.begin_reply(asked.conversation_id, parent_id=asked.id)
    manager.finish_reply(reply.id, text="The parrot was", state="partial", generation={})
    assert come_to_mind(manager, "Your parrot again!") == []
    manager.finish_reply(reply.id, text="The parrot was", state="complete", generation={})
    assert come_to_mind(manager, "Your old parrot again!") == ["Your parrot again!", "The parrot was"]


def test_long_lines_are_cut(manager: ConversationManager) -> None:
    talk(manager, "The parrot " + "and so " * 30)
    (line,) = come_to_mind(manager, "parrot news")
    assert line == "The parrot " + "and so " * 6 + "..."


def test_nothing_in_it_can_break_the_query(manager: ConversationManager) -> None:
    talk(manager, 'a "quoted" parrot')
    for text in ("parrot* OR", "NEAR(parrot"):
        assert come_to_mind(manager, text)[-1:] == ['a "quoted" parrot'], text
    for text in ('"', "日本語", "'; DROP TABLE message"):
        assert come_to_mind(manager, text) == []


def test_a_large_database_takes_no_time(manager: ConversationManager) -> None:
    from storage.models import ConversationRow, MessageRow

    now = datetime.now(UTC)
    with manager._database.write() as session:
        rows = {"title": "", "profile": {}, "model": "", "visits": 0, "created_at": now, "updated_at": now}
        session.execute(
            ConversationRow.__table__.insert(),  # pyright: ignore
            [{"id": f"c{n}", "profile_name": "poet", **rows} for n in range(2_000)],
        )
        session.execute(
            MessageRow.__table__.insert(),  # pyright: ignore
            [
                {
                    "conversation_id": f"c{n % 2_000}", "parent_id": None, "role": "user",
                    "state": "complete", "text": f"harbour bread weather {spelt(n)}", "position": n,
                    "hidden": False, "visited": 0, "created_at": now,
                }
                for n in range(50_000)
            ],
        )  # fmt: skip
    path = talk(manager, f"harbour bread weather garden window {spelt(77)}")
    found: tuple[Line, ...] = ()
    start = time.process_time()  # of this process alone: other programs make no difference
    for _ in range(5):
        found = recalled(
            manager,
            "poet",
            path[0].text,
            conversation_id=path[0].conversation_id,
            path=path,
            shown={path[0].id},
        )
    assert [line.text for line in found] == [f"harbour bread weather {spelt(77)}"]
    assert (time.process_time() - start) / 5 < 0.05
