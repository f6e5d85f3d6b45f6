"""The same turn at several strengths and by several personas: what is asked, stored, shown and picked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatbot.decoding.sampling import Sampling
from chatbot.errors import UnknownNameError, UsageError
from chatbot.measures.sweep import Outcome, personas, pick, strengths, sweep, table
from chatbot.plain.commands import Room, answer
from chatbot.session import ChatSession
from fake_engine import FakeEngine, FakeReply
from profiles import Profile, ProfileStore, Target
from storage import ConversationManager

POET = Profile.parse({"name": "poet", "facts": ["I write."], "attributes": {"attitude": "pessimistic:1.0"}})
OTHER = Profile.parse({"name": "other", "attributes": {"mood": "bad"}})
BAKER = Profile.parse({"name": "baker", "facts": ["I bake."], "attributes": {"mind": "critical"}})


class Measuring(FakeEngine):
    """Says what it was asked for; as pessimistic as it was asked to be."""

    def replies(
        self, contexts: Any, targets: Any, sampling: Any, seeds: Any = None, **rest: Any
    ) -> list[FakeReply]:
        self.contexts, self.targets, self.seeds = list(contexts), list(targets), list(seeds)
        found = []
        for context, wanted in zip(contexts, targets, strict=True):
            target = wanted.get("attitude")
            p = 0.5 if target is None else target.probability or 0.8
            measured = {
                "attitude": {"optimistic": 1 - p, "pessimistic": p},
                "mind": {"critical": 0.9, "emotional": 0.1},
            }
            found.append(FakeReply(f"{context.facts[0]} It is {p:.0%} bad.", {"measured": measured}))
        return found


@pytest.fixture
def engine() -> Measuring:
    return Measuring()


@pytest.fixture
def session(engine: Measuring) -> Iterator[ChatSession]:
    fake: Any = engine
    with ConversationManager(None) as manager:
        yield ChatSession(engine=fake, manager=manager, profile=POET, sampling=Sampling(seed=4))


def test_strengths_are_off_probabilities_or_percentages(session: ChatSession) -> None:
    found = strengths(session, "attitude", ["0", "0.5", "99.9%"])
    assert [setting.label for setting in found] == ["attitude off", "attitude 50%", "attitude 99.9%"]
    assert [{n: str(t) for n, t in setting.targets.items()} for setting in found] == [
        {},
        {"attitude": "pessimistic:50%"},
        {"attitude": "pessimistic:99.9%"},
    ]


def test_an_aspect_may_be_named_and_other_dials_stay(session: ChatSession) -> None:
    found = strengths(session, "mind=emotional", ["0", "60%"])
    assert [{n: str(t) for n, t in setting.targets.items()} for setting in found] == [
        {"attitude": "pessimistic:1.0"},
        {"attitude": "pessimistic:1.0", "mind": "emotional:60%"},
    ]


@pytest.mark.parametrize(
    ("dial", "values", "sentence"),
    [
        (
            "mind",
            ["0", "1"],
            "The dial 'mind' is off; name an aspect too: mind=critical or mind=emotional.",
        ),
        ("minds", ["0", "1"], "There is no attribute 'minds'. Did you mean 'mind'?"),
        ("mind=critical:90", ["0", "50%"], "beside the dial, not in 'mind=critical:90'. Leave out ':90'."),
        ("attitude", ["0"], "A comparison needs 2 to 8 strengths, not 1."),
        ("attitude", ["0"] * 9, "A comparison needs 2 to 8 strengths, not 9."),
        ("attitude", ["0", "1"], "A strength is 0 \\(off\\) or a probability below 1, not '1'."),
        ("attitude", ["0", "-5%"], "not '-5%'"),
        ("attitude", ["0", "nan"], "not 'nan'"),
        ("attitude", ["0", "much"], "not 'much'"),
        ("attitude", ["0.5", "0", "50%"], "A comparison names each once, not 'attitude 50%' twice."),
    ],
)
def test_what_is_no_strength_is_refused(
    session: ChatSession, dial: str, values: list[str], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        strengths(session, dial, values)


def test_a_sweep_stores_alternatives_found_from_one_seed(session: ChatSession, engine: Measuring) -> None:
    list(session.reply("Hi"))
    outcomes = sweep(session, strengths(session, "attitude", ["0", "90%"]))
    assert [outcome.message.text for outcome in outcomes] == [
        "I write. It is 50% bad.",
        "I write. It is 90% bad.",
    ]
    assert engine.seeds == [4, 4]
    assert len(set(engine.contexts)) == 1
    path = session.messages()
    assert [message.text for message in path] == ["Hi", "I write. It is 90% bad."]
    siblings = session.manager.siblings(path[-1].id)
    assert [message.text for message in siblings][0] == "It rains."
    assert [(m.generation or {}).get("sweep") for m in siblings] == [None, "attitude off", "attitude 90%"]


def test_several_personas_reply_each_with_its_own_facts(session: ChatSession, engine: Measuring) -> None:
    session.ask("Hi")
    poet, baker = sweep(session, personas([POET, BAKER]))
    assert (poet.message.text, poet.message.speaker) == ("I write. It is 80% bad.", "")
    assert (baker.message.text, baker.message.speaker) == ("I bake. It is 50% bad.", "baker")
    assert [list(wanted) for wanted in engine.targets] == [["attitude"], ["mind"]]
    assert session.profile == POET
    with pytest.raises(UsageError, match="names each once, not 'baker' twice"):
        personas([BAKER, POET, BAKER])
    for odd in (personas([POET, OTHER]), strengths(session, "mood=bad", ["0", "50%"])):
        whose = {"": "The dials of 'other' ask for it", "mood": "Known: attitude, mind.$"}[odd[1].swept]
        with pytest.raises(UnknownNameError, match=whose):
            sweep(session, odd)


def test_a_swept_dial_leaves_the_arc_and_others_follow_it(session: ChatSession, engine: Measuring) -> None:
    session.use(POET.changed(attributes={"attitude": "pessimistic:1.0", "mind": "critical:1.0"}).changed(
        arc={"attitude": [[1, 0.3]], "mind": [[1, 0.4]]}
    ))  # fmt: skip
    session.ask("Hi")
    sweep(session, strengths(session, "attitude", ["0", "50%"]))
    assert [{n: str(t) for n, t in wanted.items()} for wanted in engine.targets] == [
        {"mind": "critical:0.4"},
        {"mind": "critical:0.4", "attitude": "pessimistic:50%"},
    ]


def test_a_sweep_over_the_strength_where_the_arc_begins_stays_there(
    session: ChatSession, engine: Measuring
) -> None:
    session.use(
        POET.changed(attributes={"attitude": "pessimistic:20%"}).changed(arc={"attitude": [[1, 0.9]]})
    )
    session.ask("Hi")
    sweep(session, strengths(session, "attitude", ["20%", "50%"]))
    assert [str(wanted["attitude"]) for wanted in engine.targets] == ["pessimistic:20%", "pessimistic:50%"]


def test_nothing_is_stored_when_it_cannot_be(session: ChatSession) -> None:
    with pytest.raises(UsageError, match="nothing to reply to"):
        sweep(session, strengths(session, "attitude", ["0", "50%"]))
    session.ask("Hi")
    odd = Profile.parse({"name": "odd", "attributes": {"mood": "bad"}})
    with pytest.raises(UnknownNameError):
        sweep(session, personas([POET, odd]))
    assert [message.text for message in session.messages()] == ["Hi"]


def test_the_table_stands_side_by_side_or_below(session: ChatSession) -> None:
    session.ask("Hi")
    outcomes = sweep(session, strengths(session, "attitude", ["0", "90%"]))
    assert table(outcomes, 41) == (
        "1  attitude off       2  attitude 90%\n"
        "I write. It is 50%    I write. It is 90%\n"
        "bad.                  bad.\n"
        "optimistic 0.50       pessimistic 0.90"
    )
    assert table(outcomes, 30) == (
        "1  attitude off\nI write. It is 50% bad.\noptimistic 0.50\n\n"
        "2  attitude 90%\nI write. It is 90% bad.\npessimistic 0.90"
    )


def test_grades_are_told_with_their_attribute(session: ChatSession) -> None:
    calm = Profile.parse({"name": "calm", "attributes": {"neuroticism": "low", "openness": "high"}})
    grades = {"neuroticism": {"high": 0.2, "low": 0.8}, "openness": {"high": 0.9, "low": 0.1}}
    reply = replace(session.ask("Hi"), generation={"measured": grades})
    outcome = Outcome(personas([calm, BAKER])[0], reply)
    assert table([outcome], 40) == "1  calm\nHi\nneuroticism low 0.80\nopenness high 0.90"
    assert table([outcome], 18) == "1  calm\nHi\nneuroticism low\n0.80\nopenness high 0.90"


def test_picking_goes_on_from_an_alternative(session: ChatSession) -> None:
    with pytest.raises(UsageError, match="no reply to pick"):
        pick(session, 1)
    list(session.reply("Hi"))
    with pytest.raises(UsageError, match="The last reply stands alone and has no number 2. /regenerate adds"):
        pick(session, 2)
    session.ask("Hello")
    sweep(session, strengths(session, "attitude", ["0", "90%"]))
    assert pick(session, 1).text == "I write. It is 50% bad."
    assert session.messages()[-1].text == "I write. It is 50% bad."
    with pytest.raises(UsageError, match="has 2 alternatives, not 3. Pick 1 to 2."):
        pick(session, 3)


def test_the_line_chat_shows_a_table_as_wide_as_its_terminal(
    session: ChatSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "bea", "cid"):
        (tmp_path / f"{name}.toml").write_text(f'facts = ["I am {name} and have much to say of it."]\n')
    room = Room(session, ProfileStore(tmp_path))
    session.ask("Hi")
    monkeypatch.setenv("COLUMNS", "40")
    for line in ("/sweep attitude 0 50% 90%", "/sweep with ann bea cid"):
        widths = []
        for shown in (False, True):  # to a pipe, and on a terminal
            monkeypatch.setattr(sys.stdout, "isatty", lambda shown=shown: shown)
            table = str(answer(room, line)).partition("\n/pick")[0]
            widths.append(max(map(len, table.splitlines())))
        assert widths[0] > 80
        assert widths[1] <= 40


def test_the_commands_of_the_line_chat(session: ChatSession, tmp_path: Any) -> None:
    room = Room(session, ProfileStore(tmp_path))
    session.ask("Hi")
    rows = [
        ("1  attitude off", "2  attitude 90%"),
        ("I write. It is 50% bad.", "I write. It is 90% bad."),
        ("optimistic 0.50", "pessimistic 0.90"),
    ]
    shown = "\n".join(f"{left:<48}   {right}" for left, right in rows)
    assert answer(room, "/sweep attitude 0 90%") == f"{shown}\n/pick N goes on from one of them."
    assert answer(room, "/pick 1") == "poet: I write. It is 50% bad.  (1 of 2)"
    for name in ("ann", "bea"):
        (tmp_path / f"{name}.toml").write_text(f'facts = ["I am {name}."]\n')
    assert "3  ann" in str(answer(room, "/sweep with ann bea"))
    assert answer(room, "/pick 4") == "bea: I am bea. It is 50% bad.  (4 of 4)"
    for line, sentence in (
        ("/pick x", "not 'x'"),
        (f"/pick {'9' * 5000}", "number of an alternative"),
        ("/sweep", "Say what to compare"),
        ("/sweep with poet", "no profile"),
    ):
        with pytest.raises(Exception, match=sentence):
            answer(room, line)
    assert Target.parse("pessimistic:1.0") == session.dials["attitude"]
