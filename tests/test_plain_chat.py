"""The line chat, as a person and as a pipe see it: whole output, and what is stored after it."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chatbot.decoding.sampling import Sampling
from chatbot.errors import ModelError, UnknownNameError
from chatbot.model.text import Context, Window
from chatbot.plain.chat import PlainChat, in_words
from chatbot.plain.commands import COMMANDS
from chatbot.session import ChatSession
from fake_engine import FakeEngine
from profiles import Profile, ProfileStore
from storage import ConversationManager

POET = Profile.parse({"name": "poet", "greeting": "Hello.", "alternate_greetings": ["You again."]})
MEASURED = {
    "attitude": {"optimistic": 0.04, "pessimistic": 0.96},
    "mind": {"critical": 0.5, "emotional": 0.5},
}


class Room:
    """A chat over two strings."""

    def __init__(
        self,
        manager: ConversationManager,
        folder: Path,
        engine: FakeEngine,
        *,
        interactive: bool,
        as_json: bool,
    ) -> None:
        self.out, self.notes = io.StringIO(), io.StringIO()
        fake: Any = engine  # keeps the engine's contract without being one
        self.session = ChatSession(engine=fake, manager=manager, profile=POET, sampling=Sampling())
        self.chat = PlainChat(
            self.session,
            ProfileStore(folder),
            out=self.out,
            notes=self.notes,
            interactive=interactive,
            as_json=as_json,
        )

    def run(self, *lines: str | BaseException) -> int:
        waiting = list(lines)

        def read() -> str:
            if not waiting:
                raise EOFError
            line = waiting.pop(0)
            if isinstance(line, BaseException):
                raise line
            return line

        return self.chat.run(read)


Open = Callable[..., Room]


@pytest.fixture
def room(manager: ConversationManager, tmp_path: Path) -> Open:
    def open_room(
        engine: FakeEngine | None = None, *, interactive: bool = False, as_json: bool = False
    ) -> Room:
        return Room(
            manager, tmp_path / "profiles", engine or FakeEngine(), interactive=interactive, as_json=as_json
        )

    return open_room


def test_a_pipe_gets_replies_and_nothing_else(room: Open) -> None:
    talk = room()
    assert talk.run("Hi", "", "And now?") == 0
    assert talk.out.getvalue() == "It rains.\nIt rains.\n"
    assert talk.notes.getvalue() == ""


def test_a_person_sees_names_greeting_and_hints(room: Open) -> None:
    talk = room(interactive=True)
    assert talk.run("Hi", "/quit", "unheard") == 0
    assert talk.out.getvalue() == (
        "/help lists the commands, Ctrl+C stops a reply, /quit leaves.\n"
        "poet: Hello.  (1 of 2)\n"
        "poet: It rains.\n"
    )
    assert talk.notes.getvalue() == "Reading the model ...\n"


def test_once_prints_one_reply(room: Open) -> None:
    talk = room()
    assert talk.chat.once("I lost my keys again") == 0
    assert talk.out.getvalue() == "It rains.\n"
    assert [m.text for m in talk.session.messages()] == ["Hello.", "I lost my keys again", "It rains."]


def test_what_a_pipe_says_is_stored_while_the_model_cannot_be_read(room: Open) -> None:
    def broken() -> Any:
        raise ModelError("The weights are gone.")

    talk = room(interactive=True)
    talk.session._source = broken
    with pytest.raises(ModelError):  # a person has typed nothing yet
        talk.run("Hi")
    talk = room()
    talk.session._source = broken
    assert talk.run("Hi", "Are you there?") == 1
    assert talk.notes.getvalue() == "Error: The weights are gone.\n" * 2
    assert [m.text for m in talk.session.messages()] == ["Hello.", "Hi", "Are you there?"]


def test_words_come_as_they_are_found(room: Open) -> None:
    talk = room()
    seen: list[str] = []

    class Watching(io.StringIO):
        def flush(self) -> None:
            seen.append(self.getvalue())

    talk.chat._out = Watching()
    talk.run("Hi")
    assert seen == ["It ", "It rains.", "It rains.\n"]


def test_json_gives_one_event_a_line(room: Open) -> None:
    talk = room(FakeEngine(pieces=("Ça ",)), as_json=True)
    assert talk.run("Hi", "/measures on", "/nothing") == 1
    lines = talk.out.getvalue().splitlines()
    assert lines[2] == '{"event": "piece", "text": "\\u00c7a "}'
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == [
        "user_stored",
        "reply_started",
        "piece",
        "reply_finished",
        "answer",
        "error",
    ]
    assert events[3]["message"]["text"] == "Ça"
    assert events[3]["message"]["generation"]["finish"] == "end"
    assert events[4] == {"event": "answer", "command": "/measures on", "text": "Measures are on."}
    assert events[5]["reason"].startswith("There is no command '/nothing'.")


def test_ctrl_c_stops_the_reply_and_not_the_chat(room: Open) -> None:
    talk = room(FakeEngine(pieces=("It ", KeyboardInterrupt())), interactive=True)
    assert talk.run("Hi", "/quit") == 0
    assert talk.out.getvalue().endswith("poet: It  ...\n")
    assert talk.notes.getvalue().endswith("Stopped. What was said is stored; /regenerate tries again.\n")
    last = talk.session.messages()[-1]
    assert (last.text, last.state) == ("It", "partial")


def test_ctrl_c_ends_a_pipe_but_loses_nothing(room: Open) -> None:
    talk = room(FakeEngine(pieces=("It ", KeyboardInterrupt())))
    with pytest.raises(KeyboardInterrupt):
        talk.run("Hi")
    last = talk.session.messages()[-1]
    assert (last.text, last.state) == ("It", "partial")


def test_ctrl_c_at_the_prompt_leaves(room: Open) -> None:
    with pytest.raises(KeyboardInterrupt):
        room(interactive=True).run(KeyboardInterrupt())


def test_a_failed_reply_is_reported_and_the_chat_goes_on(room: Open) -> None:
    engine = FakeEngine(pieces=("It ", RuntimeError("out of memory")))
    talk = room(engine)
    assert talk.run("Hi", "/history") == 1
    assert talk.out.getvalue() == ("It \npoet: Hello.  (1 of 2)\nyou: Hi\npoet: It  (failed)\n")
    assert talk.notes.getvalue() == "Error: out of memory\n"


def test_a_reply_without_its_flow_says_so(room: Open) -> None:
    talk = room(FakeEngine(trace={"flow": "failed: the energy is not finite"}))
    assert talk.run("Hi") == 0
    assert talk.notes.getvalue() == "The flow failed: the energy is not finite. This reply was not guided.\n"


def test_control_characters_never_reach_the_terminal(room: Open) -> None:
    talk = room(FakeEngine(pieces=("\x1b[31mred\x07\x9b2J", "\u202eevil")))
    assert talk.run("say \x1b]0;title\x07 it", "/history", "/\x1b[2J") == 1
    shown = talk.out.getvalue() + talk.notes.getvalue()
    assert not [c for c in shown if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) <= 0x9F or c == "\u202e"]
    assert "[31mred2Jevil" in shown


def test_a_profile_that_the_model_does_not_know_ends_before_the_first_line(room: Open) -> None:
    talk = room()
    talk.session.use(Profile.parse({"name": "x", "attributes": {"attitude": "purple"}}))
    with pytest.raises(UnknownNameError):
        talk.run("Hi")


def test_help_names_every_command(room: Open) -> None:
    talk = room()
    talk.run("/help")
    lines = talk.out.getvalue().splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [f"/{command.name}" for command in COMMANDS]
    assert lines[0].split(maxsplit=1) == ["/help", "Show these commands."]


def test_a_slash_can_be_said(room: Open) -> None:
    talk = room()
    talk.run("//help")
    assert talk.session.messages()[1].text == "/help"


def test_alternatives(room: Open) -> None:
    engine = FakeEngine()
    talk = room(engine)
    talk.run("/next", "Hi")
    engine.pieces = ("It snows.",)
    talk.run("/regenerate", "/prev", "/next", "/NEXT")
    assert talk.out.getvalue() == (
        "poet: You again.  (2 of 2)\n"
        "It rains.\n"
        "It snows.\n"
        "poet: It rains.  (1 of 2)\n"
        "poet: It snows.  (2 of 2)\n"
        "poet: It rains.  (1 of 2)\n"
    )


def test_dials(room: Open) -> None:
    talk = room()
    assert (
        talk.run(
            "/dials",
            "/dial attitude pessimistic 0.9",
            "/dial attitude 1.5",
            "/dial mind critical",
            "/dials",
            "/dial mind off",
            "/dial mind critical 90%",
            "/dial mind 80%",
        )
        == 0
    )
    assert talk.out.getvalue() == (
        "attitude  off  (optimistic or pessimistic)\n"
        "mind      off  (critical or emotional)\n"
        "attitude = pessimistic:0.9\n"
        "attitude = pessimistic:1.5\n"
        "mind = critical\n"
        "attitude  pessimistic:1.5  (optimistic or pessimistic)\n"
        "mind      critical  (critical or emotional)\n"
        "mind is not guided any more.\n"
        "mind = critical:90%\n"
        "mind = critical:80%\n"
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "/dial",
            "Write /dial ATTRIBUTE ASPECT [WEIGHT], ATTRIBUTE WEIGHT or ATTRIBUTE off; a weight may be a "
            "strength, 90%; not ''.",
        ),
        (
            "/dial mind critical high",
            "A weight is a number, 0 or more, or a strength such as 90%, not 'high'. 1 is normal.",
        ),
        (
            "/dial mnd critical",
            "There is no attribute 'mnd'. Did you mean 'mind'? Known: attitude, mind.",
        ),
        ("/dial mind 0.5", "The dial 'mind' is off; name an aspect too: critical or emotional."),
        ("/set stop", "/set stop VALUE needs a value, or default."),
        ("/preset quik", "There is no preset 'quik'. Did you mean 'quick'? Known: lively, quick."),
        ("/off", "/off TEXT needs what you want to say."),
        ("/open", "/open ID needs the id or title of a conversation, or last."),
        ("/measures maybe", "Write /measures on or /measures off; not 'maybe'."),
        ("/export x.md", "There is nothing to export yet. Say something first."),
        ("/rename Rain", "Only a conversation that has begun can be renamed. Say something first."),
    ],
)
def test_a_command_that_cannot_be_done_says_why(line: str, sentence: str, room: Open) -> None:
    talk = room()
    assert talk.run(line) == 1
    assert talk.notes.getvalue() == f"Error: {sentence}\n"
    assert talk.out.getvalue() == ""


def test_a_mistake_of_a_person_does_not_change_the_exit_code(room: Open) -> None:
    assert room(interactive=True).run("/nothing") == 0


def test_a_mistyped_command_is_answered_with_the_near_one(room: Open) -> None:
    talk = room()
    talk.run("/regenrate")
    assert "There is no command '/regenrate'. Did you mean '/regenerate'" in talk.notes.getvalue()
    assert talk.notes.getvalue().count("/sweep") == 1


@pytest.mark.usefixtures("utc")
def test_conversations(room: Open, manager: ConversationManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    talk = room()
    talk.run("/list", "First", "/rename About rain", "/new", "Second", "/list", "/open About rain")
    rows = manager.list()
    assert [row.title for row in rows] == ["Second", "About rain"]
    zone = timedelta(hours=5, minutes=30)
    listed = [f"{row.id}  {row.updated_at + zone:%Y-%m-%d %H:%M}  poet  {row.title}" for row in rows]
    assert talk.out.getvalue().splitlines() == [
        "There are no conversations yet.",
        "It rains.",
        "Renamed.",
        "A new conversation.",
        "poet: Hello.  (1 of 2)",
        "It rains.",
        *listed,
        "About rain",
        "poet: Hello.  (1 of 2)",
        "you: First",
        "poet: It rains.",
    ]


def test_another_persona_begins_another_conversation(room: Open, manager: ConversationManager) -> None:
    talk = room()
    ProfileStore(talk.chat.room.profiles.folder).save(Profile.parse({"name": "clerk", "greeting": "Next!"}))
    talk.run("Hi", "/profile clerk", "/profile", "Me")
    assert "A new conversation with clerk.\nclerk: Next!\n" in talk.out.getvalue()
    assert "\nclerk *\n" in talk.out.getvalue()
    assert [row.profile_name for row in manager.list()] == ["clerk", "poet"]


def test_export(room: Open, tmp_path: Path) -> None:
    talk = room()
    talk.run("Hi", f"/export {tmp_path / 'chat.md'}", f"/export {tmp_path / 'chat.json'}")
    assert talk.out.getvalue() == (
        f"It rains.\nWritten to {tmp_path / 'chat.md'}.\nWritten to {tmp_path / 'chat.json'}.\n"
    )
    assert "It rains." in (tmp_path / "chat.md").read_text()
    assert json.loads((tmp_path / "chat.json").read_text())
    talk.run(f"/export '{tmp_path}/my chat.txt'", f'/export "{tmp_path}/chat.txt"')
    assert (tmp_path / "my chat.txt").read_text() == (tmp_path / "chat.txt").read_text()
    assert talk.run(f"/export {tmp_path / 'chat.md'}", f"/export {tmp_path / 'no' / 'chat.md'}") == 1
    assert talk.notes.getvalue() == (
        f"Error: An export never overwrites a file, and {tmp_path / 'chat.md'} exists. Give another name.\n"
        f"Error: An export needs a file that can be written, and {tmp_path / 'no' / 'chat.md'} cannot be: "
        "No such file or directory. Give another folder.\n"
    )
    talk.notes.truncate(0)
    assert talk.run("/export ~~/chat.md") == 1  # nobody is called so
    assert talk.notes.getvalue().endswith(
        "~~/chat.md cannot be: No such file or directory. Give another folder.\n"
    )
    talk.run(f"/export {tmp_path / 'chat.doc'}")
    assert talk.notes.getvalue().endswith("and 'chat.doc' in none of them. Give another name.\n")


def test_sampling_is_listed_and_set(room: Open) -> None:
    talk = room()
    talk.run(
        "/preset", "/preset quick", "/set temperature 0.7", "/set", "/set temperature default", "/preset off"
    )
    assert talk.out.getvalue() == (
        "quick  candidates 1\n"
        "lively  temperature 0.9, top_p 0.95, spread 0.8\n"
        "The preset is quick.\n"
        "temperature = 0.7\n"
        "temperature         0.7  (chat)\n"
        "top_p               0.9  (settings)\n"
        "repetition_penalty  1.1  (settings)\n"
        "no_repeat_ngram     3  (settings)\n"
        "presence_penalty    2.0  (settings)\n"
        "fact_bonus          2.5  (settings)\n"
        "max_tokens          60  (settings)\n"
        "candidates          1  (preset)\n"
        "brevity             0.4  (settings)\n"
        "spread              0.3  (settings)\n"
        "contrast            0.5  (settings)\n"
        "stop                []  (settings)\n"
        "seed                -1  (settings)\n"
        "temperature = 0.5\n"
        "No preset is in force.\n"
    )


def test_note_scenario_and_what_the_model_sees(room: Open) -> None:
    talk = room(FakeEngine(context_budget=24))
    talk.run(
        "/note",
        "/note It is late.",
        "/note",
        "/scenario A train.",
        *("Hi", "And now?", "And now?", "And now?", "And now?"),
        "/context",
        "/note off",
    )
    assert talk.out.getvalue() == (
        "This conversation has no note of its own.\n"
        "The note is kept with this conversation.\n"
        "It is late.\n"
        "The scenario is kept with this conversation.\n" + "It rains.\n" * 5 + "24 of 24 tokens\n"
        "scenario: A train.\n"
        "note: It is late.\n"
        "you: Hi\n"
        "poet: It rains.\n" + "you: And now?\npoet: It rains.\n" * 4 + "left out: 1 older message\n"
        "The note is gone.\n"
    )


def test_examples_in_what_the_model_sees_are_told_from_messages(
    room: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(context_budget=30)
    talk = room(engine)
    talk.session.use(Profile(name="poet", example_dialogue="{{user}}: Who?\n{{char}}: Me."))
    talk.run("Hello", "/context")
    whole, end = "you (example): Who?\n", "poet (example): Me.\nyou: Hello\npoet: It rains.\n"
    assert talk.out.getvalue() == f"It rains.\n5 of 30 tokens\n{whole}{end}"
    monkeypatch.setattr(engine, "window", lambda seen: Window(Context((), seen.turns[1:]), 4, 4))
    talk.run("/context")
    assert talk.out.getvalue().endswith(f"4 of 4 tokens\n{end}")


def test_off_the_record(room: Open) -> None:
    talk = room(FakeEngine(trace={"measured": MEASURED}), interactive=True)
    talk.run("/measures on", "/off My secret", "/history", "/quit")
    assert talk.out.getvalue().splitlines()[2:] == [
        "Measures are on.",
        "poet: It rains.",
        "(attitude very pessimistic, mind neither critical nor emotional)",
        "poet: Hello.  (1 of 2)",
    ]


def test_a_stop_off_the_record_does_not_say_that_it_is_stored(room: Open) -> None:
    talk = room(FakeEngine(pieces=("It ", KeyboardInterrupt())), interactive=True)
    talk.run("/off My secret", "/quit")
    assert talk.notes.getvalue().endswith("\nStopped.\n")


def test_ctrl_c_in_a_command_that_takes_long_stops_that_alone(room: Open) -> None:
    talk = room(FakeEngine(pieces=(KeyboardInterrupt(),)), interactive=True)
    assert talk.run("/impersonate", "/send", "/quit") == 0
    assert talk.notes.getvalue().splitlines()[-2:] == [
        "Stopped.",
        "Error: /send needs a draft: /impersonate makes one.",
    ]


def test_a_draft_for_one_conversation_is_not_sent_in_another(room: Open) -> None:
    for elsewhere in ("/new", "/open last"):
        assert room().run("Hi", "/impersonate", elsewhere, "/send") == 1  # there is none


def test_a_draft_is_sent_when_the_person_says_so(room: Open) -> None:
    talk = room()
    assert (
        talk.run("/impersonate", "/history", "/send", "/history", "/send", "/impersonate", "Hi", "/send") == 1
    )
    draft = "Hello. / "  # what the engine at hand says: the line that is answered, and no facts
    assert talk.out.getvalue().splitlines() == [
        f"draft: {draft}",
        "/send sends it as your message.",
        "poet: Hello.  (1 of 2)",
        "It rains.",
        "poet: Hello.  (1 of 2)",
        f"you: {draft.strip()}",
        "poet: It rains.",
        "draft: It rains. / ",
        "/send sends it as your message.",
        "It rains.",
    ]
    assert talk.notes.getvalue() == "Error: /send needs a draft: /impersonate makes one.\n" * 2


def test_measures_in_words(room: Open) -> None:
    talk = room(FakeEngine(trace={"measured": MEASURED}))
    talk.run("Hi", "/measures on", "Hi")
    assert talk.out.getvalue() == (
        "It rains.\nMeasures are on.\nIt rains.\n"
        "(attitude very pessimistic, mind neither critical nor emotional)\n"
    )


def test_words_for_measures() -> None:
    assert in_words({"a": {"x": 0.85, "y": 0.15}, "b": {"x": 0.4, "y": 0.6}}) == "a clearly x, b rather y"
    assert in_words({}) == "nothing measured"
