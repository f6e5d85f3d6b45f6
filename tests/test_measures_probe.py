"""`profile test`: what is asked of the engine, the figures by hand, the exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatbot import config
from chatbot.cli import start
from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.errors import UnknownNameError, UsageError
from chatbot.measures import probe
from chatbot.model.text import Context
from fake_engine import FakeEngine, FakeReply
from printed import run as command
from profiles import Profile, ProfileStore, Target

GLAD = Profile.parse({"name": "glad", "facts": ["I bake."], "attributes": {"attitude": "optimistic"}})


@dataclass
class Measured(FakeEngine):
    """Replies whose measure follows the message: optimistic with the probability that it names."""

    asked: list[tuple[Context, dict[str, str], int]] = field(default_factory=list)
    sure: Mapping[str, float] = field(default_factory=dict)

    def replies(
        self,
        contexts: Sequence[Context],
        targets: Sequence[Mapping[str, Target]],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
    ) -> list[FakeReply]:
        found = []
        for context, wanted, seed in zip(contexts, targets, seeds or (), strict=True):
            self.asked.append((context, {name: str(target) for name, target in wanted.items()}, seed))
            p = self.sure.get(context.turns[-1].text, 0.9)
            notes = {n: {"aspects": t.aspects, "weight": 1.0} for n, t in wanted.items()}
            measured = {
                "attitude": {"optimistic": p, "pessimistic": 1 - p},
                "mind": {"critical": 0.5, "emotional": 0.5},
            }
            found.append(FakeReply("Yes.", {"targets": notes, "measured": measured}))
        return found


def put(engine: Any, profile: Profile, **options: Any) -> probe.Report:
    given = {"replies": 1, "seed": 1, "band": 0.7} | options
    return probe.run(engine, profile, Sampling(), **given)


def test_there_are_enough_messages_and_none_comes_twice() -> None:
    assert 30 <= len(set(probe.messages())) == len(probe.messages()) <= 40


def test_every_message_is_asked_with_seeds_of_its_own() -> None:
    engine, done = Measured(), []
    put(engine, GLAD, replies=2, seed=5, asked=["a", "b"], advance=done.append)
    assert engine.asked == [
        (Context.of(["I bake."], [text]), {"attitude": "optimistic"}, seed)
        for text, seed in (("a", 5), ("b", 6), ("a", 1005), ("b", 1006))
    ]
    assert sum(done) == 4


def test_the_mean_is_over_all_replies_and_the_interval_over_messages() -> None:
    engine = Measured(sure={"a": 1.0, "b": 0.5, "c": 0.6})
    fit = put(engine, GLAD, replies=2, asked=["a", "b", "c"]).rows[0].fit
    assert fit["value"] == pytest.approx(0.7)
    assert (fit["count"], fit["groups"]) == (6, 3)
    assert 0.5 <= fit["low"] < 0.7 < fit["high"] <= 1.0
    sure = put(Measured(), GLAD).rows[0].fit
    assert (sure["low"], sure["high"]) == pytest.approx((0.9, 0.9))


def test_a_mixture_is_met_where_it_overlaps() -> None:
    both = Profile.parse({"name": "both", "attributes": {"mind": "emotional*0.8+critical*0.2"}})
    assert put(Measured(), both).rows[0].fit["value"] == pytest.approx(0.7)


def test_what_is_off_is_not_tested_and_nothing_to_test_is_refused() -> None:
    some = GLAD.changed(attributes={**GLAD.attributes, "mind": Target.parse("critical:0")})
    assert [row.attribute for row in put(Measured(), some).rows] == ["attitude"]
    with pytest.raises(UsageError, match="asks for none"):
        put(Measured(), Profile.parse({"name": "empty"}))
    with pytest.raises(UnknownNameError):
        put(Measured(), Profile.parse({"name": "odd", "attributes": {"shoes": "red"}}))


def test_an_arc_is_tested_where_it_begins() -> None:
    grows = {
        "name": "grows",
        "attributes": {"attitude": "optimistic:90%"},
        "arc": {"attitude": [[1, 0.1], [10, 0.9]]},
    }
    engine = Measured()
    report = put(engine, Profile.parse(grows), asked=["a"])
    assert [asked for _, asked, _ in engine.asked] == [{"attitude": "optimistic:10%"}]
    assert report.rows[0].asked == "optimistic:10%"


# --- the command


run = partial(command, "profile", "test")


@pytest.fixture(autouse=True)
def _stored(monkeypatch: pytest.MonkeyPatch) -> None:
    ProfileStore(config.load().profiles_folder).save(
        GLAD.changed(attributes={**GLAD.attributes, "mind": Target.parse("critical:1.2")})
    )
    monkeypatch.setattr(start, "load_engine", lambda settings: Measured())


def test_the_table_says_what_is_out_and_whose_measure_it_is() -> None:
    digest = ProfileStore(config.load().profiles_folder).load("glad").digest()
    result = run("glad", "--replies", "1", "--seed", "3")
    assert result.stdout == (
        "glad on fake 0000000000000000: 36 messages, 1 reply each, seed 3\n"
        "ATTRIBUTE  ASKED         MEAN  95 %\n"
        "attitude   optimistic    0.90  0.90 to 0.90  inside\n"
        "mind       critical:1.2  0.50  0.50 to 0.50  OUT: below 0.70\n"
        "The measure is the model's own reading of its words, not an independent judge's.\n"
    )
    assert result.exit_code == 1
    assert run("glad", "--band", "0.5").exit_code == 0
    found = json.loads(run("glad", "--replies", "1", "--json").stdout)
    assert found["passed"] is False
    assert found["profile_digest"] == digest
    assert found["rows"][1] == {
        "attribute": "mind",
        "asked": "critical:1.2",
        "fit": {"value": 0.5, "low": 0.5, "high": 0.5, "count": 36, "groups": 36},
        "inside": False,
    }


def test_a_name_that_is_not_there_is_refused() -> None:
    result = run("glas")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert "glad" in result.stderr


def test_what_asks_for_nothing_is_refused_before_the_model_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(start, "load_engine")
    ProfileStore(config.load().profiles_folder).save(Profile.parse({"name": "bare"}))
    result = run("bare")
    told = "Error: A test needs attributes, and bare asks for none. Set one and try again.\n"
    assert (result.stderr, result.exit_code) == (told, 2)


def test_a_real_model_is_what_it_was_trained_to_be(tiny_model: Path) -> None:
    engine = GenerationEngine.load(tiny_model, device="cpu")
    sad = Profile.parse({"name": "sad", "attributes": {"attitude": "pessimistic"}})
    asked = ["I like the rain.", "Tell me of the sea.", "What about the dog?"]
    report = put(engine, sad, asked=asked, replies=2)
    assert report.passed
    assert report == put(engine, sad, asked=asked, replies=2)
