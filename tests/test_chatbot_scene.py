"""What the model sees: which facts, in which order, and which lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from chatbot import persona
from chatbot.memory.recall import Line
from chatbot.model.text import Context, Turn
from chatbot.scene import Answering, Given, Sight, cost, exchanged, scene
from profiles import Profile
from storage import Memory, Message

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BAKER = Profile.parse(
    {
        "name": "baker",
        "facts": ["I bake bread.", "I have a brother.", "I live in Rome."],
        "example_dialogue": "<START>\n{{user}}: Hi.\n{{char}}: Good morning!\n{{user}}: Bye.\n{{char}}: Bye!",
    }
)
BARE = Profile.parse({"name": "bare"})
DOG, NAME = ("pet", "The user's dog is called Rex."), ("name", "The user is called Ada.")


def path(*lines: str) -> list[Message]:
    """Messages that alternate and end with the user's."""
    first = len(lines) % 2
    return [
        Message(
            id=number,
            conversation_id="c",
            parent_id=number - 1 or None,
            role="user" if number % 2 == first else "bot",
            text=text,
            state="complete",
            position=0,
            sibling_count=1,
            created_at=NOW,
            hidden=False,
            generation=None,
        )
        for number, text in enumerate(lines, 1)
    ]


def memories(*told: tuple[str, str]) -> list[Memory]:
    return [Memory(number, "baker", kind, text, None, NOW) for number, (kind, text) in enumerate(told, 7)]


def test_a_persona_with_nothing_to_remember_tells_its_facts_in_order() -> None:
    seen = scene(BAKER.changed(example_dialogue=""), path("Hello.", "Hi."), Sight(40))
    assert seen.context.facts == ("I bake bread.", "I have a brother.", "I live in Rome.")
    assert seen.context.turns == (Turn("bot", "Hello."), Turn("user", "Hi."))
    assert seen.used == {}


@pytest.mark.parametrize(
    ("budget", "facts"),
    [
        (28, ("I live in Rome.", "I have a brother.")),  # the best first, and what else has room
        (40, BAKER.facts),  # all have room: none is asked for
    ],
)
def test_what_answers_the_last_message_has_room_before_all_else(budget: int, facts: tuple[str, ...]) -> None:
    asked = []

    def answering(message: str, texts: Sequence[str]) -> list[int]:
        asked.append((message, tuple(texts)))
        return [2, 1]

    seen = scene(BAKER, path("Which city is home?"), Sight(budget, answering=answering))
    assert seen.context.facts == tuple(facts)
    assert asked == ([("Which city is home?", tuple(BAKER.facts))] if budget < 40 else [])


def test_a_small_model_sees_five_own_facts_and_of_more_those_that_answer() -> None:
    told = tuple(f"I have {number} hats." for number in ("no", "two", "six", "ten", "many", "old", "red"))
    many = BARE.changed(facts=told, scenario="We are at sea.")

    def facts(budget: int, answering: Answering | None = lambda message, texts: [6]) -> tuple[str, ...]:
        return scene(many, path("Which ones?"), Sight(budget, answering=answering)).context.facts

    assert facts(200) == (told[6], *told[:4], "We are at sea.")
    assert facts(400) == facts(200, None) == (*told, "We are at sea.")  # room enough, or nothing to choose by


@pytest.mark.parametrize("last", ["Your brother called, and so did Rex.", "Brothers are like dogs."])
def test_what_touches_the_last_message_comes_first(last: str) -> None:
    seen = scene(BAKER, path(last), Sight(60), memories=memories(NAME, DOG))
    assert seen.context.facts == (
        "The user's dog is called Rex.",
        "I have a brother.",
        "I bake bread.",
    )
    assert seen.used == {"memories": [8]}


def test_what_is_left_of_the_room_goes_to_what_else_is_known() -> None:
    seen = scene(BAKER, path("Nice weather."), Sight(200), memories=memories(NAME, DOG))
    assert seen.context.facts[3:] == ("The user's dog is called Rex.", "The user is called Ada.")
    assert seen.used == {"memories": [8, 7]}


def test_three_memories_at_most_come_before_the_personas_own_facts() -> None:
    known = memories(
        *(("pet", f"The user has a cat called {name}.") for name in ("Tom", "Rex", "Kit", "Moe"))
    )
    facts = scene(
        BAKER.changed(facts=["I have a cat."]), path("Your cat?"), Sight(512), memories=known
    ).context.facts
    assert (facts.index("I have a cat."), len(facts)) == (3, 5)


def test_facts_are_whole_and_take_half_of_the_budget_at_most() -> None:
    facts = scene(BAKER, path("Hm."), Sight(20)).context.facts
    assert facts == ("I bake bread.",)
    assert cost("I bake bread.") <= 10 < cost("I bake bread.") + cost("I have a brother.")


def test_a_question_about_the_user_is_answered_from_what_is_known_alone() -> None:
    talk = path("I am here.", "Good.", "What is my name?")
    seen = scene(BAKER, talk, Sight(96), memories=memories(NAME, DOG))
    assert seen.context.facts == ("The user is called Ada.",)
    assert seen.context.turns == (Turn("user", "What is my name?"),)
    roomy = scene(BAKER, talk, Sight(512), memories=memories(NAME, DOG)).context
    assert (roomy.facts[0], len(roomy.facts)) == ("The user is called Ada.", 5)
    assert [turn.text for turn in roomy.turns][-3:] == ["I am here.", "Good.", "What is my name?"]


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        ("What is my dog called?", ["The user's dog is called Rex."]),
        ("what's my dog's name", ["The user's dog is called Rex."]),
        ("whats my dogs name", ["The user's dog is called Rex."]),
        ("what's my last name", ["The user is called Ada."]),
        ("who am i?", ["The user is called Ada."]),
        ("what's my name and my dog's?", ["The user's dog is called Rex.", "The user is called Ada."]),
    ],
)
def test_of_what_is_known_only_what_is_meant_answers(question: str, facts: list[str]) -> None:
    seen = scene(BAKER, path("Good.", question), Sight(96), memories=memories(NAME, DOG))
    assert list(seen.context.facts) == facts


def test_a_fact_of_the_personas_own_is_no_answer_to_a_question_about_the_user() -> None:
    seen = scene(
        BARE.changed(facts=["I have a dog."]),
        path("What is my dog called?"),
        Sight(96),
        memories=memories(DOG),
    )
    assert seen.context.facts == ("The user's dog is called Rex.",)


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("what's my name", True),
        ("Do you remember my name?", True),
        ("Tell me my name!", True),
        ("You call me by my name.", False),
        ("What name should I give my boat?", False),
        ("Do you think my name is odd?", False),
    ],
)
def test_only_what_was_told_is_asked_back(question: str, alone: bool) -> None:
    profile = BAKER.changed(example_dialogue="")
    seen = scene(profile, path("Well.", question), Sight(96), memories=memories(NAME)).context
    assert seen.facts[0] == "The user is called Ada."
    assert (len(seen.facts), len(seen.turns)) == ((1, 1) if alone else (4, 2))


def test_a_question_about_the_persona_is_not_one_about_the_user() -> None:
    seen = scene(BARE, path("Hello.", "What is your name?"), Sight(96), memories=memories(NAME))
    assert len(seen.context.turns) == 2


def test_the_name_and_facts_of_the_settings_are_known_too() -> None:
    seen = scene(BARE, path("who am i?"), Sight(96), Given(user_name="Ada", user_facts=["lives in Oslo"]))
    assert seen.context.facts == ("The user is called Ada.",)
    everything = scene(BARE, path("Well."), Sight(96), Given(user_name="Ada", user_facts=["lives in Oslo"]))
    assert everything.context.facts == ("The user lives in Oslo.", "The user is called Ada.")
    assert everything.used == {}


def test_a_name_that_was_told_stands_for_the_one_in_the_settings() -> None:
    seen = scene(BARE, path("What is my name?"), Sight(96), Given(user_name="Tom"), memories=memories(NAME))
    assert seen.context.facts == ("The user is called Ada.",)


def test_a_name_that_the_persona_knows_by_itself_is_not_told_twice() -> None:
    friend = BARE.changed(facts=["{{user}} is my friend."])
    assert scene(friend, path("Hi."), Sight(96), Given(user_name="Ada")).context.facts == (
        "Ada is my friend.",
    )


@pytest.mark.parametrize("name", ["Victor", "Vic"])
def test_a_name_that_stands_in_a_fact_by_chance_is_told(name: str) -> None:
    namesake = BARE.changed(facts=["My name is Victor."])
    seen = scene(namesake, path("What is my name?"), Sight(96), Given(user_name=name))
    assert seen.context.facts == (f"The user is called {name}.",)


def test_recalled_lines_come_before_the_messages_and_take_the_place_of_old_ones() -> None:
    lines = [Line(91, "user", "My parrot sings."), Line(92, "bot", "So it does.")]
    talk = path("one two three four five", "Oh.", "A parrot feather lay here.")
    seen = scene(BARE, talk, Sight(22), recalled=lines)
    assert seen.context.turns == (
        Turn("user", "My parrot sings."),
        Turn("bot", "So it does."),
        Turn("user", "A parrot feather lay here."),
    )
    assert seen.used == {"recalled": [91, 92]}


def test_a_recalled_line_that_is_in_the_context_anyway_is_left_out() -> None:
    talk = path("My parrot sings.", "Oh.", "That parrot!")
    seen = scene(BARE, talk, Sight(96), recalled=[Line(1, "user", "My parrot sings.")])
    assert [turn.text for turn in seen.context.turns] == ["My parrot sings.", "Oh.", "That parrot!"]
    assert seen.used == {}


def test_a_recalled_line_that_a_memory_comes_from_is_left_out() -> None:
    known = [Memory(7, "bare", "pet", "The user has a parrot.", 91, NOW)]
    lines = [Line(91, "user", "I have a parrot."), Line(92, "bot", "Parrots talk.")]
    seen = scene(BARE, path("A parrot feather!"), Sight(96), memories=known, recalled=lines)
    assert seen.used == {"memories": [7], "recalled": [92]}


def test_examples_stand_before_a_young_conversation_only() -> None:
    young = scene(BAKER, path("Hi."), Sight(96)).context.turns
    assert [turn.text for turn in young] == ["Hi.", "Good morning!", "Bye.", "Bye!", "Hi."]
    asking = BAKER.changed(example_dialogue="{{char}}: Morning!\n{{user}}: Who bakes?")
    assert [turn.text for turn in scene(asking, path("Hi."), Sight(96)).context.turns] == ["Morning!", "Hi."]
    old = scene(BAKER, path(*["some words to fill the room"] * 9), Sight(96)).context.turns
    assert {turn.text for turn in old} == {"some words to fill the room"}


def test_lore_is_told_and_noted() -> None:
    profile = Profile.parse(
        {"name": "x", "facts": ["I am old."], "lorebook": [{"keys": ["mill"], "content": "The mill burnt."}]}
    )
    seen = scene(profile, path("Who owns the mill?"), Sight(96))
    assert seen.context.facts == ("The mill burnt.", "I am old.")
    assert seen.used == {"lore": ["The mill burnt."]}


def test_hidden_blank_and_failed_messages_are_not_seen() -> None:
    from dataclasses import replace

    one, two, three = path("one", "two", "three")
    talk = [replace(one, hidden=True), replace(two, state="failed"), three]
    assert scene(BARE, talk, Sight(96)).context.turns == (Turn("user", "three"),)


def test_the_note_is_the_last_fact_and_always_in() -> None:
    talk = path(*["some words to fill the room"] * 9, "Who bakes?")
    seen = scene(
        BAKER, talk, Sight(96), Given(user_name="Ada", note="It is late.\n The oven   cools for {{user}}.")
    )
    assert seen.context.facts[-1] == "It is late. The oven cools for Ada."
    assert sum(map(cost, seen.context.facts)) <= 48
    long, short = "One two three four five six", "One. Two three. Four."
    tight = scene(BAKER, talk, Sight(24), Given(scenario=long, note=short))
    assert tight.context.facts == ("One two three four", "One.")  # a quarter of the room each
    assert tight.sources == ("scenario", "note")
    endless = scene(BARE, talk, Sight(24), Given(note="word " * 20_000))  # an import may hold anything
    assert endless.context.facts == ("word word word word",)


def test_facts_with_rare_names_leave_the_note_its_room() -> None:
    def length(fact: str) -> int:  # names are spelled letter by letter
        return sum(len(word) if word.istitle() else 1 for word in fact.split())

    khuz = Profile.parse({"name": "khuz", "facts": [f"I speak Khuzdul and Ytterby{n}." for n in range(9)]})
    told = scene(khuz, path("Hi."), Sight(96, length=length), Given(note="It is late.")).context.facts
    assert told == ("I speak Khuzdul and Ytterby0.", "I speak Khuzdul and Ytterby1.", "It is late.")
    assert sum(map(length, told)) <= 48


def test_the_scenario_of_a_conversation_stands_for_the_personas_own() -> None:
    own = Profile.parse({"name": "x", "facts": ["I am old."], "scenario": "We are at sea."})
    assert scene(own, path("Hi."), Sight(96)).context.facts == ("I am old.", "We are at sea.")
    told = scene(own, path("Hi."), Sight(96), Given(scenario="We are in a mill.")).context.facts
    assert told == ("I am old.", "We are in a mill.")


def test_what_had_no_room_is_told() -> None:
    seen = scene(BAKER, path(*["some words to fill the room"] * 9), Sight(36))
    told = persona.facts(BAKER, "")
    assert seen.facts_left_out == tuple(fact for fact in told if fact not in seen.context.facts) != ()
    assert seen.left_out == {"facts": len(seen.facts_left_out), "messages": 0}  # the codec cuts messages
    talk = path("one two three four five", "Oh.", "A parrot feather lay here.")
    crowded = scene(BARE, talk, Sight(22), recalled=[Line(91, "user", "My parrot sings in the morning sun.")])
    assert crowded.left_out == {"facts": 0, "messages": 1}
    assert scene(BARE, path("Hi."), Sight(96)).left_out == {}


def test_random_facts_follow_the_chance() -> None:
    dice = Profile.parse({"name": "dice", "facts": ["I say {{random:a,b,c,d,e,f,g,h}}{{roll:1000}}."]})
    drawn = [
        scene(dice, path("Hi."), Sight(96), Given(chance=chance)).context.facts for chance in ("1", "1", "2")
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ({"facts": ("I say {{random:a,b}}.",)}, {"chance": ["1"]}),
        ({"scenario": "Day { {roll:6}}"}, {}),
        ({"example_dialogue": "<START>\n{{char}}: {{ Roll:d6}}!"}, {"chance": ["1"]}),
        ({"facts": ("{{pick:a,b}}, {{user}}",)}, {}),
    ],
)
def test_a_scene_tells_the_chance_that_it_was_drawn_from(told: dict[str, Any], used: dict[str, Any]) -> None:
    assert (
        scene(Profile.parse({"name": "dice", **told}), path("Hi."), Sight(96), Given(chance="1")).used == used
    )


@pytest.mark.parametrize("part", ["scenario", "note"])
def test_what_is_told_for_one_chat_may_draw_too(part: str) -> None:
    told: dict[str, Any] = {part: "It is {{random:day,night}}."}
    assert scene(BARE, path("Hi."), Sight(96), Given(chance="1", **told)).used == {"chance": ["1"]}


def test_exchanged_roles_tell_facts_of_the_user() -> None:
    talk = path("Hello.", "Who is there?")
    assert exchanged(talk, ["My name is Ada."], budget=96) == Context(
        ("My name is Ada.",), (Turn("user", "Hello."), Turn("bot", "Who is there?"))
    )
    crowded = exchanged(path(*["some words to fill the room"] * 9), ["My name is Ada."], budget=40)
    assert cost("My name is Ada.") + sum(cost(turn.text) for turn in crowded.turns) <= 40
