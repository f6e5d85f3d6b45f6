"""A reply found again: the tiny model says the same text, and every change that could matter is named."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatbot.cli import start
from chatbot.decoding.sampling import Sampling
from chatbot.duet import duet
from chatbot.engine import GenerationEngine
from chatbot.errors import UsageError
from chatbot.flow import FlowOptions
from chatbot.measures import replay
from chatbot.measures.sweep import personas, strengths, sweep
from chatbot.memory.memories import MemoryRules
from chatbot.session import ChatSession
from printed import gives
from printed import run as command
from profiles import Profile, Target
from storage import ConversationManager

SAD = Profile.parse(
    {"name": "sad-cat", "facts": ["I have a cat."], "attributes": {"attitude": "pessimistic:1.3"}}
)


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> GenerationEngine:
    return GenerationEngine.load(tiny_model, device="cpu")


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


def talked(manager: ConversationManager, engine: GenerationEngine, candidates: int = 2) -> list[int]:
    """The numbers of the messages of two exchanges: user, bot, user, bot."""
    sampling = Sampling(candidates=candidates, max_tokens=12)
    session = ChatSession(engine=engine, manager=manager, profile=SAD, sampling=sampling)
    for text in ("I like the rain.", "Tell me of the sea."):
        list(session.reply(text))
    return [message.id for message in session.messages()]


def again(manager: ConversationManager, number: int, engine: GenerationEngine) -> replay.Replay:
    return replay.replay(manager, replay.recorded(manager, number), engine)


@pytest.mark.parametrize("candidates", [1, 3])
def test_the_same_text_comes_out(
    manager: ConversationManager, engine: GenerationEngine, candidates: int
) -> None:
    numbers = talked(manager, engine, candidates)
    for number in (numbers[1], numbers[3]):
        found = again(manager, number, engine)
        assert (found.same, found.differences) == (True, ())
        assert replay.told(found) == "The same text."


def test_a_reply_that_was_continued_begins_as_it_did(
    manager: ConversationManager, engine: GenerationEngine
) -> None:
    session = ChatSession(engine=engine, manager=manager, profile=SAD, sampling=Sampling(candidates=2))
    list(session.reply("Tell me of the sea.", prefix="Bad, the"))
    reply = session.messages()[-1]
    assert (reply.generation or {})["prefix"] == "Bad, the"
    assert again(manager, reply.id, engine).same


def test_what_was_drawn_is_drawn_again(manager: ConversationManager, engine: GenerationEngine) -> None:
    dice = SAD.changed(facts=("I have {{roll:1000000000}} cats.",))
    session = ChatSession(
        engine=engine, manager=manager, profile=dice, sampling=Sampling(seed=5, max_tokens=12)
    )
    list(session.reply("Tell me of the sea."))
    reply = session.messages()[-1]
    assert (reply.generation or {})["scene"] == {"chance": ["seed 5"]}
    found = again(manager, reply.id, engine)
    assert (found.same, found.differences) == (True, ())


def test_a_trace_holds_no_word_of_its_context(manager: ConversationManager, engine: GenerationEngine) -> None:
    numbers = talked(manager, engine)
    trace = manager.siblings(numbers[3])[0].generation or {}
    assert [len(trace["context"][part]) for part in ("facts", "turns")] == [1, 3]
    assert "rain" not in json.dumps(trace["context"])


def test_a_hidden_message_and_another_persona_are_named(
    manager: ConversationManager, engine: GenerationEngine
) -> None:
    numbers = talked(manager, engine)
    manager.hide(numbers[0])
    changed = SAD.changed(facts=("I have a dog.", "I have tea."))
    conversation = manager.siblings(numbers[3])[0].conversation_id
    manager.set_profile(conversation, profile_name="sad-cat", profile=changed.model_dump(mode="json"))
    assert again(manager, numbers[3], engine).differences == (
        "context: of 1 fact that the model saw, 1 is gone (hidden, deleted or changed); 2 are new",
        "context: of 3 messages that the model saw, 1 is gone (hidden, deleted or changed); 0 are new",
    )


def test_other_settings_and_another_program_are_named(
    manager: ConversationManager, engine: GenerationEngine, tiny_model: Path
) -> None:
    numbers = talked(manager, engine)
    trace = dict(manager.siblings(numbers[1])[0].generation or {})
    trace |= {"program": "0.0.1", "model_digest": "0" * 16}
    del trace["dtype"]
    manager.finish_reply(numbers[1], text="Something else.", state="complete", generation=trace)
    other = GenerationEngine.load(tiny_model, device="cpu", flow=replace(FlowOptions(), steps=9))
    found = again(manager, numbers[1], other)
    assert not found.same
    assert replay.told(found) == (
        "Another text. What is not as it was:\n"
        "  not recorded then: dtype\n"
        f"  model_digest: '{'0' * 16}' then, '{engine.digest}' now\n"
        "  program: '0.0.1' then, '0.1.0' now\n"
        "  flow_options.steps: 8 then, 9 now\n"
        "Then: Something else.\n"
        f"Now:  {found.again}"
    )


# --- the command


run = partial(command, "message", "replay")


@pytest.fixture
def loaded(engine: GenerationEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: engine)


@pytest.mark.usefixtures("loaded")
def test_the_exit_code_tells(manager: ConversationManager, engine: GenerationEngine) -> None:
    number = talked(manager, engine)[1]
    gives(run(str(number)), "The same text.\n")
    text = manager.siblings(number)[0].text
    same = {"message_id": number, "same": True, "differences": [], "then": text, "now": text}
    gives(run(str(number), "--json"), json.dumps(same, indent=2) + "\n")
    trace = manager.siblings(number)[0].generation
    manager.finish_reply(number, text="\x1b[2JElse.", state="complete", generation=trace or {})
    gives(
        run(str(number)),
        "Another text. What is not as it was:\n"
        "  nothing that is recorded; another machine or library may round differently\n"
        f"Then: [2JElse.\nNow:  {text}\n",
        code=1,
    )


def unreadable(settings: Any) -> Any:
    raise AssertionError("the model need not be read")


def test_what_cannot_be_replayed_is_said_before_the_model_is_read(
    manager: ConversationManager, engine: GenerationEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = talked(manager, engine)
    monkeypatch.setattr(start, "load_engine", unreadable)
    gives(
        run(str(numbers[0])),
        "",
        f"Error: Only replies have a trace; message {numbers[0]} is a user's. Name a reply.\n",
        2,
    )
    manager.finish_reply(numbers[1], text="Ba", state="partial", generation={"finish": "stopped"})
    gives(
        run(str(numbers[1])),
        "",
        f"Error: Message {numbers[1]} was cut short and cannot be replayed. Name a whole reply.\n",
        2,
    )
    manager.finish_reply(numbers[1], text="Ba", state="complete", generation={"finish": "end"})
    gives(
        run(str(numbers[1])),
        "",
        f"Error: The trace of message {numbers[1]} lacks what a replay needs: 'targets'. "
        "It comes from an older version or another program.\n",
        2,
    )


def test_a_reply_of_a_model_with_other_attributes_names_that_model(
    manager: ConversationManager, engine: GenerationEngine
) -> None:
    number = talked(manager, engine)[-1]
    then = replay.recorded(manager, number)
    then = replace(then, trace={"model": "warm"}, targets={"warmth": Target(aspects={"kind": 1.0})})
    said = (
        f"Message {number} was found by the model 'warm'; 'tiny' is another: There is no attribute 'warmth'"
    )
    with pytest.raises(UsageError, match=said):
        replay.replay(manager, then, engine)


@pytest.mark.parametrize("scene", [["memories"], {"memories": 3}, {"recalled": ["a"]}, {"chance": 1}])
def test_a_trace_with_an_odd_scene_is_refused(
    manager: ConversationManager, engine: GenerationEngine, scene: Any
) -> None:
    number = talked(manager, engine)[1]
    trace = manager.siblings(number)[0].generation or {}
    manager.finish_reply(number, text="Ba", state="complete", generation={**trace, "scene": scene})
    with pytest.raises(UsageError, match=f"^The trace of message {number} lacks what a replay needs: "):
        replay.recorded(manager, number)


def test_memories_of_later_do_not_come_in(manager: ConversationManager, engine: GenerationEngine) -> None:
    sampling = Sampling(candidates=2, max_tokens=12)
    session = ChatSession(engine=engine, manager=manager, profile=SAD, sampling=sampling)
    session.memory = MemoryRules(know=True)
    first = manager.remember("sad-cat", "The user has a dog.", kind="pet")
    list(session.reply("Tell me of the dog."))
    manager.remember("sad-cat", "The user likes the dog.", kind="like")
    number = session.messages()[-1].id
    assert (manager.siblings(number)[0].generation or {})["scene"] == {"memories": [first.id]}
    assert again(manager, number, engine).differences == ()
    manager.forget(first.id)
    assert again(manager, number, engine).differences == (
        "context: of 2 facts that the model saw, 1 is gone (hidden, deleted or changed); 0 are new",
    )


def test_what_came_to_mind_then_does_so_again(manager: ConversationManager, engine: GenerationEngine) -> None:
    session = ChatSession(engine=engine, manager=manager, profile=SAD, sampling=Sampling(max_tokens=12))
    session.memory = MemoryRules(recall=True)
    list(session.reply("My parrot sings."))
    first = session.messages()[0].id
    session.new()
    list(session.reply("What of the parrot?"))
    number = session.messages()[-1].id
    assert (manager.message(number).generation or {})["scene"] == {"recalled": [first]}
    for text in ("A parrot flew by.", "That parrot is green.", "My parrot is old."):
        session.ask(text)
    assert again(manager, number, engine).differences == ()
    manager.hide(first)
    assert "1 is gone (hidden" in again(manager, number, engine).differences[0]


def test_an_alternative_of_a_comparison_is_told_what_it_was_told(
    manager: ConversationManager, engine: GenerationEngine
) -> None:
    session = ChatSession(engine=engine, manager=manager, profile=SAD, sampling=Sampling(max_tokens=12))
    session.memory = MemoryRules(know=True)
    manager.remember("sad-cat", "The user has a dog.", kind="pet")
    session.ask("Tell me of the dog.")
    for outcome in sweep(session, strengths(session, "attitude", ["0", "50%"])):
        found = again(manager, outcome.message.id, engine)
        assert (found.same, found.differences) == (True, ())


def test_a_line_of_a_duet_is_found_again_as_said_to_its_partner(
    manager: ConversationManager, engine: GenerationEngine
) -> None:
    dice = SAD.changed(facts=("I have {{roll:1000000000}} cats.",))
    pair = (dice, Profile.parse({"name": "ben", "facts": ["I like the rain."]}))
    said = list(duet(engine, manager, pair, Sampling(seed=5, max_tokens=12), turns=1, topic="The sea."))
    then = replay.recorded(manager, said[-1][1].id)
    found = replay.replay(manager, then, engine, user_name="Ada", user_facts=["has a dog"])
    assert (found.same, found.differences) == (True, ())


def test_the_other_side_of_a_duet_is_refused(manager: ConversationManager, engine: GenerationEngine) -> None:
    pair = (SAD, Profile.parse({"name": "ben", "facts": ["I like the rain."]}))
    said = list(duet(engine, manager, pair, Sampling(seed=5, max_tokens=12), turns=2, topic="The sea."))
    with pytest.raises(UsageError) as caught:
        replay.recorded(manager, said[-1][1].id)
    assert str(caught.value) == (
        f"Only the persona's side can be replayed; message {said[-1][1].id} is ben's. Name a reply."
    )


@pytest.mark.parametrize("then", ["", "It snows on {{char}}."])
@pytest.mark.parametrize("what", ["note", "scenario"])
def test_what_was_set_since_is_left_out_and_another_one_named(
    manager: ConversationManager, engine: GenerationEngine, what: str, then: str
) -> None:
    own = SAD.changed(scenario="A house by the sea.")
    session = ChatSession(engine=engine, manager=manager, profile=own, sampling=Sampling(max_tokens=12))
    give = {"note": session.set_note, "scenario": session.set_scenario}
    give[what](then)
    list(session.reply("Tell me of the sea."))
    number = session.messages()[-1].id
    assert (again(manager, number, engine).same, again(manager, number, engine).differences) == (True, ())
    give["scenario" if what == "note" else "note"]("The dog is lost.")
    assert (again(manager, number, engine).same, again(manager, number, engine).differences) == (True, ())
    give[what]("The rain is warm.")
    found = again(manager, number, engine)
    assert ("note or scenario: perhaps another one now" in found.differences) == bool(then)
    assert then or (found.same, found.differences) == (True, ())


def test_a_scenario_of_its_own_that_was_changed_is_no_other_note(
    manager: ConversationManager, engine: GenerationEngine
) -> None:
    own = SAD.changed(scenario="A house by the sea.")
    session = ChatSession(engine=engine, manager=manager, profile=own, sampling=Sampling(max_tokens=12))
    list(session.reply("Tell me of the sea."))
    reply = session.messages()[-1]
    changed = own.changed(scenario="A ship.").model_dump(mode="json")
    manager.set_profile(reply.conversation_id, profile_name="sad-cat", profile=changed)
    assert again(manager, reply.id, engine).differences == (
        "context: of 2 facts that the model saw, 1 is gone (hidden, deleted or changed); 1 is new",
    )


def test_a_trace_without_its_context_is_told_what_stands_now(
    manager: ConversationManager, engine: GenerationEngine
) -> None:
    number = talked(manager, engine)[1]
    trace = dict(manager.siblings(number)[0].generation or {})
    context = trace.pop("context")
    manager.finish_reply(number, text="Else.", state="complete", generation=trace)
    manager.direct(manager.siblings(number)[0].conversation_id, {"note": "The dog is lost."})
    assert context["facts"]
    assert again(manager, number, engine).differences == ("not recorded then: context",)


def test_another_speaker_is_named(manager: ConversationManager, engine: GenerationEngine) -> None:
    session = ChatSession(engine=engine, manager=manager, profile=SAD, sampling=Sampling(max_tokens=12))
    session.ask("Tell me of the sea.")
    glad = Profile.parse({"name": "glad-cat", "facts": SAD.facts, "attributes": SAD.attributes})
    _, outcome = sweep(session, personas([SAD, glad]))
    found = again(manager, outcome.message.id, engine)
    assert found.differences == ("profile: 'glad-cat' then, 'sad-cat' now",)


def test_a_trace_from_before_a_setting_is_replayed_without_it() -> None:
    off = Sampling(temperature=0.6, seed=3, contrast=0.0, presence_penalty=0.0, fact_bonus=0.0, brevity=0.0)
    assert Sampling.read({"temperature": 0.6, "seed": 3}) == off
    now = Sampling(seed=3, contrast=0.7, presence_penalty=1.5, fact_bonus=1.0, brevity=0.5)
    assert Sampling.read(now.written()) == now
    assert not {"contrast", "presence_penalty", "fact_bonus", "brevity"} & set(off.written())
