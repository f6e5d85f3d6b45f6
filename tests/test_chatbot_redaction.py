"""Exports without names: what is found, that a name stays the same one, and what nothing is left of."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from chatbot.memory.naming import english, named
from chatbot.redaction import redacted
from printed import run as command
from storage import ConversationManager, Message, transfer
from storage.branches import Tree

PROFILE = {
    "name": "gloomy-poet",
    "display_name": "Mortimer Gray",
    "facts": ["I live above a closed bookshop in Whitby.", "My friend Elena brings tea."],
    "attributes": {"attitude": {"aspects": {"pessimistic": 1.0}, "weight": 1.2}},
}
TRACE = {"seed": 5, "model": "/home/ada/model", "prefix": "Ada", "measured": {"mind": {"critical": 0.4}}}


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


@pytest.fixture
def talk(manager: ConversationManager) -> str:
    """A conversation full of what nobody else should know."""
    talk = manager.create(profile_name="gloomy-poet", profile=PROFILE, model="/home/ada/model/").id
    manager.remember("gloomy-poet", "The user lives in Leeds.", kind="home")
    manager.add_message(talk, role="user", text="i'm ada. My sister is called Will, and leeds bores me")
    first = manager.add_message(talk, role="bot", text="Rex? I knew Ada's dog. Mortimer is old.", speaker="")
    reply = manager.begin_reply(talk, parent_id=first.id)
    manager.finish_reply(reply.id, text="", state="partial", generation=TRACE)
    manager.add_message(
        talk,
        role="user",
        text="Ada Lovelace, ada.l@mail.example.org, +44 113 496 0000, https://a.example/x since 2026-01-02.",
        speaker="Zoë",
        extra={"secret": "Ada"},
    )
    manager.direct(talk, {"note": "Elena is Zoë's aunt. LEEDS!"})
    return talk


def of(manager: ConversationManager, talk: str, **options: Any) -> tuple[list[str], Tree, str]:
    done = redacted(Tree.read(manager, talk), manager.memories(), user_name="Ada", **options)
    return [message.text for message in done.tree.messages], done.tree, done.told()


# --- names in a text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I met Ada Lovelace in Leeds. Yesterday Rex barked.", "Ada Lovelace/Leeds+/Rex"),
        ("Hello there! She came by with Mark and Uncle Ben's dog.", "Mark/Ben"),
        ("I live in New York, near Central Park.", "New York+/Central Park+"),
        ('*She smiles at Tom.* "Come in," said Dr. Brown.', "Tom/Brown"),
        ("It's Monday in March. I'm English. On Sundays God rests; I AM ANGRY.", ""),
        ("He moved to Stratford upon Avon, like O'Brien", "Stratford upon Avon+/O'Brien"),
        ("The Night Of The Fog", ""),
        ("I met _Ada_ and __Bob Smith__ today", "Ada/Bob Smith"),
        ("Forty-two left-handed. Hmm. Bakers sang.\nReally!", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_names_are_found_by_their_capitals(text: str, names: str) -> None:
    assert "/".join(f"{name}{'+' if place else ''}" for name, place in named(text)) == names


def test_english_words_are_known_in_their_forms_and_names_are_not() -> None:
    assert all(map(english, ("Yesterday", "ladies", "Baking", "don’t", "ninety-one", "baker's")))
    assert not any(map(english, ("Leeds", "ada", "Oslo", "Priya", "Anne-Marie")))


# --- a conversation


def test_a_name_is_the_same_one_each_time_and_the_persona_keeps_its_own(
    manager: ConversationManager, talk: str
) -> None:
    texts, tree, told = of(manager, talk)
    assert texts == [
        "i'm [name 1]. My sister is called [name 2], and [place 1] bores me",
        "[name 3]? I knew [name 1]'s dog. Mortimer is old.",
        "",
        "[name 1], [mail 1], [phone 1], [link 1] since 2026-01-02.",
    ]
    assert tree.conversation.title == texts[0]
    assert tree.conversation.profile_name == "gloomy-poet"
    assert tree.conversation.profile == PROFILE | {
        "facts": ["I live above a closed bookshop in [place 2].", "My friend [name 5] brings tea."]
    }
    assert tree.conversation.extra == {"note": "[name 5] is [name 4]'s aunt. [place 1]!"}
    assert [message.speaker for message in tree.messages] == ["", "", "", "[name 4]"]
    assert told == (
        "Taken out of the whole conversation: "
        "5 names, 2 places, 1 mail address, 1 phone number, 1 link (18 times). "
        "A machine cannot find all: read the export before you give it away."
    )


def test_the_personas_name_goes_too_when_that_is_asked(manager: ConversationManager, talk: str) -> None:
    texts, tree, told = of(manager, talk, persona=True)
    assert texts[1] == "[name 3]? I knew [name 1]'s dog. [persona 1] is old."
    assert (tree.conversation.profile_name, tree.conversation.profile["name"]) == ("persona", "persona")
    assert tree.conversation.profile["display_name"] == ""
    assert "1 name of the persona" in told


def test_of_traces_and_of_other_programs_no_word_is_left(manager: ConversationManager, talk: str) -> None:
    messages: list[Message] = of(manager, talk)[1].messages
    assert [message.generation for message in messages][2] == {
        "seed": 5, "measured": {"mind": {"critical": 0.4}}
    }  # fmt: skip
    assert [message.extra for message in messages] == [None] * 4
    assert of(manager, talk)[1].conversation.model == "model"
    other = manager.create(profile_name="poet", profile={"name": "poet"}, model="C:\\Users\\ada\\model").id
    assert of(manager, other)[1].conversation.model == "model"


@pytest.mark.parametrize("form", [form.name for form in transfer.FORMATS])
@pytest.mark.parametrize("persona", [False, True])
def test_no_format_lets_a_name_through(
    manager: ConversationManager, talk: str, form: str, persona: bool
) -> None:
    text = transfer.exported(manager, talk, form, change=lambda tree: of(manager, talk, persona=persona)[1])
    secrets = [
        "ada ",
        "ada'",
        "ada.",
        "will,",
        "leeds",
        "rex",
        "elena",
        "zoë",
        "example",
        "113 496",  # with their spaces: a time of day may have any three digits
        "496 0000",
        "whitby",
        "/home",
    ]
    left = [secret for secret in secrets if secret in text.casefold()]
    assert left == []
    assert ("mortimer" in text.casefold() or "gloomy-poet" in text) is not persona


def test_a_redacted_json_export_can_be_imported(manager: ConversationManager, talk: str) -> None:
    text = transfer.exported(manager, talk, "json", change=lambda tree: of(manager, talk, persona=True)[1])
    reading = transfer.store(manager, transfer.read(text.encode(), "x.json"))
    assert reading.conversation.profile_name == "persona"
    assert len(reading.messages) == 4


@pytest.mark.parametrize(
    ("user_name", "said", "left"),
    [
        ("Ada  Lovelace", "I am Ada  Lovelace", "I am [name 1]"),
        ("İpek", "ipek, _İpek_", "[name 1], _[name 2]_"),
        ("Zo\u00eb", "am I zoe\u0308?", "am I [name 1]?"),
        ("A", "a cat and A", "a cat and A"),  # a letter tells of nobody
        ("you", "I love you", "I love you"),
        ("doris day", "a hard day, doris", "a hard day, [name 1]"),
        ("El Greco", "el Greco ate el sol", "[name 1] ate el sol"),
    ],
)
def test_the_name_of_the_user_however_it_is_written(
    manager: ConversationManager, user_name: str, said: str, left: str
) -> None:
    talk = manager.create(profile_name="poet", profile={"name": "poet"}, model="").id
    manager.add_message(talk, role="user", text=said)
    assert redacted(Tree.read(manager, talk), user_name=user_name).tree.messages[0].text == left


def test_names_in_the_facts_of_the_settings_are_known(manager: ConversationManager) -> None:
    talk = manager.create(profile_name="poet", profile={"name": "poet"}, model="").id
    manager.add_message(talk, role="user", text="so i told ruprecht")
    assert of(manager, talk, user_facts=["My dog is called Ruprecht."])[0] == ["so i told [name 1]"]


def left(manager: ConversationManager, user_name: str, *lines: str, **options: Any) -> list[str]:
    """What is left of the lines; those with a dash are the persona's."""
    talk = manager.create(profile_name="gloomy-poet", profile=NAMED_BY_A_FACT, model="").id
    for line in lines:
        role = "bot" if line.startswith("- ") else "user"
        manager.add_message(talk, role=role, text=line.removeprefix("- "))
    tree = redacted(Tree.read(manager, talk), manager.memories(), user_name=user_name, **options).tree
    return [tree.conversation.title, *(message.text for message in tree.messages)]


NAMED_BY_A_FACT = {
    "name": "gloomy-poet",
    "display_name": "",
    "facts": ["I have a cat.", "My name is Victor."],
}


@pytest.mark.parametrize(
    "name", ["April", "May", "Christian", "Roman", "Princess", "King", "Captain", "Lady"]
)
def test_a_told_name_goes_though_it_is_a_month_or_a_title_elsewhere(
    manager: ConversationManager, name: str
) -> None:
    gone = ["Good evening.", "Good evening.", "[name 1], sit down, [name 1]."]
    assert left(manager, name, "Good evening.", f"- {name}, sit down, {name}.") == gone
    assert left(manager, name.lower(), "Good evening.", f"- {name}, sit down, {name}.") == gone
    for line in (f"Hi, my name is {name}.", f"My cat is called {name}.", f"I'm married to {name}."):
        gone = line.replace(name, "[name 1]")
        assert left(manager, "", line, f"- Hello, {name}.") == [gone, gone, "Hello, [name 1]."]


def test_months_and_titles_that_are_nobodys_name_stay(manager: ConversationManager) -> None:
    lines = [
        "It is April. I met the Princess and a French-Canadian.",
        "in april the king sleeps, as a christian",
        "- April, the King, a Roman and Lady Bracknell.",
    ]
    assert left(manager, "Ada", *lines)[2:] == [lines[1], "April, the King, a Roman and Lady [name 1]."]
    # The name is matched as it is written, and other words of its kind are no part of it.
    assert left(manager, "April", *lines)[1:] == [
        "It is [name 1]. I met the Princess and a French-Canadian.",
        lines[1],
        "[name 1], the King, a Roman and Lady [name 2].",
    ]
    assert left(manager, "Princess Ada", "The Princess saw Ada.")[1] == "The Princess saw [name 1]."


def test_two_told_names_that_are_titles_are_not_the_same_one(manager: ConversationManager) -> None:
    lines = ("My dog is called Ruprecht.", "My cats are called Princess and Duke.", "Princess!")
    assert left(manager, "", *lines)[1:] == [
        "My dog is called [name 1].",
        "My cats are called [name 2] and [name 3].",
        "[name 2]!",
    ]


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("my name is mark", "my name is [name 1]"),
        ("hi, my  name is\trose", "hi, my  name is\t[name 1]"),
        ("my name’s grace", "my name’s [name 1]"),
        ("my name is april", "my name is [name 1]"),
        ("my brother is called mark", "my brother is called [name 1]"),
        ("my dog is named bear", "my dog is named [name 1]"),
        ("my sisters name is hope", "my sisters name is [name 1]"),
        ("i'm married to rose", "i'm married to [name 1]"),
        ("i go by mark", "i go by [name 1]"),
        ("my dogs are called bear, tiger and duke", "my dogs are called [name 1], [name 2] and [name 3]"),
        ("i live in reading", "i live in [place 1]"),
    ],
)
def test_a_name_in_small_letters_goes_where_it_is_told(
    manager: ConversationManager, line: str, gone: str
) -> None:
    assert left(manager, "", line)[1] == gone
    # And wherever else it is said in these words, however it was noticed.
    assert left(manager, "", "Good evening.", f"- You said: {line}", line)[2:] == [f"You said: {gone}", gone]


def test_the_same_word_elsewhere_is_no_name(manager: ConversationManager) -> None:
    lines = [
        "mark my words, the bear is big, i hope, i like reading",
        "- to mark it is to name the rose; will you, or is it called off?",
    ]
    told = [
        "my name is mark",
        "my dog is called bear",
        "my sisters are called hope and rose",
        "i live in reading",
    ]
    assert left(manager, "", *told, *lines)[5:] == [lines[0], lines[1].removeprefix("- ")]
    # A name that is only guessed is looked for as it is written.
    assert left(manager, "", "I saw Will.", "it is called will")[1:] == [
        "I saw [name 1].",
        "it is called will",
    ]


def test_what_is_written_down_of_the_user_tells_names_too(manager: ConversationManager) -> None:
    manager.remember("poet", "My name is April and I hate rain.", kind="note")
    manager.remember("poet", "The user has a dog called King and plays chess.", kind="note")
    facts, line = ["My cat is called Princess."], "- April? Princess! King plays chess."
    assert left(manager, "", line, user_facts=facts)[1] == "[name 1]? [name 2]! [name 3] plays chess."


def test_a_persona_keeps_the_name_that_a_fact_of_it_tells(manager: ConversationManager) -> None:
    lines = ("My name is Ada. I saw Victor.", "- I am Victor. My name is Victor.")
    kept = ["My name is [name 1]. I saw Victor.", "I am Victor. My name is Victor."]
    assert left(manager, "", *lines)[1:] == kept
    gone = ["My name is [name 1]. I saw [persona 1].", "I am [persona 1]. My name is [persona 1]."]
    assert left(manager, "", *lines, persona=True)[1:] == gone
    # Whoever else its facts know is not the persona.
    profile = NAMED_BY_A_FACT | {
        "facts": ["My friend is called Elena.", "My cat is called Ash.", "I am sad."]
    }
    talk = manager.create(profile_name="poet", profile=profile, model="").id
    manager.add_message(talk, role="bot", text="I told Elena, Ash and Victor.")
    texts, tree, _ = of(manager, talk)
    assert texts == ["I told [name 1], [name 2] and [name 3]."]
    assert tree.conversation.profile["facts"][0] == "My friend is called [name 1]."


def test_of_names_within_names_the_longest_is_taken_out_and_forms_come_first(
    manager: ConversationManager,
) -> None:
    talk = manager.create(profile_name="poet", profile={"name": "poet"}, model="").id
    for text in (
        "We met Ann, Ann-Marie, Ann Marie Stone and Will Stone in New York.",
        "*Neo* met O'Brien near York. ann-marie's, ANN  MARIE\nstone; will you, Will?",
        "annie _ann_ neo* (*NEO*) o'brien york_new york newyork",
        "Mr. Stone: ann@stone.org, www.ann.example/stone, ann.com 4111111111111111 @ann @mrs @monday Stone's",
    ):
        manager.add_message(talk, role="user", text=text, speaker="*Neo*")
    done = redacted(Tree.read(manager, talk), user_name="Ann Stone")
    assert [message.text for message in done.tree.messages] == [
        "We met [name 1], [name 1], [name 1] and [name 2] in [place 1].",
        "[name 3] met [name 4] near [place 1]. [name 1]'s, [name 1]  [name 1]\nstone; will you, [name 2]?",
        "annie _[name 1]_ [name 5]* ([name 3]) [name 4] [place 1]_new [place 1] newyork",
        "Mr. [name 6]: [mail 1], [link 1], [link 2] [phone 1] [name 1] [name 7] [name 8] [name 6]'s",
    ]
    assert dict(done.found) == {"name": 8, "place": 1, "mail": 1, "link": 2, "phone": 1}


def test_nothing_to_take_out(manager: ConversationManager) -> None:
    talk = manager.create(profile_name="poet", profile={"name": "poet"}, model="").id
    manager.add_message(talk, role="user", text="It rains. Does it?")
    texts, _, told = of(manager, talk)
    assert texts == ["It rains. Does it?"]
    assert told.startswith("Nothing was taken out. A machine cannot find all")


# --- the command


run = partial(command, "conversation", "export")


def test_the_command_says_on_standard_error_what_it_took_out(
    manager: ConversationManager, talk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATBOT_CHAT_USER_NAME", "Ada")
    plain = run(talk, "--format", "text", "--redact")
    assert plain.stdout.startswith(
        "You: i'm [name 1]. My sister is called [name 2], and [place 1] bores me\n"
    )
    assert plain.stderr.startswith("Taken out of the whole conversation: 5 names, 2 places, 1 mail address")
    document = json.loads(run(talk, "--format", "json", "--redact-persona").stdout)
    assert document["conversation"]["profile_name"] == "persona"
    assert "Ada" in run(talk, "--format", "text").stdout
