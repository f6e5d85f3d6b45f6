"""`profile quiz`: the statements, the score in closed form, bars and picture."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatbot.cli import start
from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.errors import UsageError
from chatbot.measures import quiz, radar
from chatbot.model.text import Context
from fake_engine import FakeEngine
from printed import run as command
from profiles import Profile, Target

GLAD = Profile.parse({"name": "glad", "attributes": {"attitude": "optimistic"}})
TRAITS = ["openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"]


@dataclass
class Weighing(FakeEngine):
    """Finds each text as likely as `likely` says when the persona speaks, and 1 likelier for each seed."""

    likely: Mapping[str, float] = field(default_factory=dict)
    asked: list[tuple[str, bool, tuple[int, ...]]] = field(default_factory=list)

    def weigh(
        self,
        context: Context,
        targets: Mapping[str, Target],
        texts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int],
    ) -> list[list[float]]:
        self.asked.append((context.turns[-1].text, bool(targets), tuple(seeds)))
        return [
            [seed + (self.likely.get(text, -3.0) if targets else -len(text)) for text in texts]
            for seed in seeds
        ]


def test_each_trait_has_ten_statements_half_of_them_keyed_low() -> None:
    found = quiz.statements()
    assert list(found) == TRAITS
    for rows in found.values():
        assert Counter(key for key, _, _ in rows) == {"high": 5, "low": 5}
    texts = [text for rows in found.values() for row in rows for text in row[1:]]
    assert len(set(texts)) == len(texts) == 100


def test_the_score_is_the_probability_of_the_statement_over_its_opposite() -> None:
    asked = {"calm": [("high", "aa", "bb"), ("low", "cc", "dd")], "loud": [("low", "ee", "f")]}
    engine: Any = Weighing(likely={"aa": -2.9, "cc": -2.8, "ee": -3.1, "f": -2.1})
    result = quiz.run(engine, GLAD, samples=2, seed=7, asked=asked)
    # nobody finds "f" likelier than "ee" by 1 already, which is taken off
    own = [100 / (1 + math.exp(-10 * gap)) for gap in (0.1, -0.2)]
    assert result.scores["calm"]["value"] == pytest.approx(sum(own) / 2)
    assert (result.scores["calm"]["low"], result.scores["calm"]["high"]) == pytest.approx((own[1], own[0]))
    assert result.scores["loud"]["value"] == pytest.approx(50)
    assert engine.asked == [(question, who, (7, 8)) for who in (True, False) for question in quiz.QUESTIONS]


def test_an_arc_is_scored_where_it_begins() -> None:
    class Keeping(Weighing):
        def weigh(
            self, context: Any, targets: Any, texts: Any, sampling: Any, seeds: Any
        ) -> list[list[float]]:
            asked_for.append({name: str(target) for name, target in targets.items()})
            return super().weigh(context, targets, texts, sampling, seeds)

    asked_for: list[dict[str, str]] = []
    engine: Any = Keeping()
    grows = GLAD.changed(
        attributes={"attitude": Target.parse("optimistic:90%")}, arc={"attitude": [[1, 0.1], [10, 0.9]]}
    )
    done: list[int] = []
    quiz.run(engine, grows, samples=1, seed=1, asked={"calm": [("high", "aa", "bb")]}, advance=done.append)
    assert sum(done) == quiz.READINGS == 4
    assert asked_for == [{"attitude": "optimistic:10%"}] * 2 + [{}] * 2


run = partial(command, "profile", "quiz")


@pytest.fixture
def _loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"openness": [("high", "aa", "bb")], "calm": [("low", "cc", "dd")]}
    monkeypatch.setattr(quiz, "statements", lambda: asked)
    monkeypatch.setattr(start, "load_engine", lambda settings: Weighing(likely={"aa": 50.0}))
    monkeypatch.setattr(Weighing, "check", lambda self, targets: None)


@pytest.mark.usefixtures("_loaded")
def test_the_bars_are_plain_characters() -> None:
    result = run("gloomy-poet", "--samples", "1", "--seed", "2")
    assert (result.stderr, result.exit_code) == ("Readings\n", 0)
    assert result.stdout == (
        "gloomy-poet on fake 0000000000000000: 1 sample, seed 2\n"
        "openness  ########################################  100  (100 to 100)\n"
        "calm      ####################--------------------   50  (50 to 50)\n"
        "50 is the model as nobody. The measure is the model's own, not an independent judge's.\n"
    )
    assert run("gloomy-poet:0.6,calm-captain:0.4").stdout.startswith("gloomy-poet_calm-captain on fake ")
    found = json.loads(run("gloomy-poet", "--json").stdout)
    assert found["scores"]["calm"] == {"value": 50.0, "low": 50.0, "high": 50.0, "count": 1, "groups": 1}


@pytest.mark.usefixtures("_loaded")
def test_the_picture_is_a_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "radar.png"
    result = run("gloomy-poet", "--png", str(file))
    assert (result.exit_code, result.stderr) == (0, f"Readings\nDrawn to {file}\n")
    assert file.read_bytes().startswith(b"\x89PNG\r\n")
    assert f"a new file, and {file} exists" in run("gloomy-poet", "--png", str(file)).stderr
    refused = run("gloomy-poet", "--png", str(tmp_path / "radar.svg"))
    assert (refused.stdout, refused.exit_code) == ("", 2)
    assert (
        refused.stderr == "Error: The picture is a PNG file, not 'radar.svg'. Name one that ends in .png.\n"
    )


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(radar.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'chatbot\[report\]'"):
        radar.check(Path("a.png"))


def test_a_real_model_weighs_texts_as_it_was_trained(tiny_model: Path) -> None:
    engine = GenerationEngine.load(tiny_model, device="cpu")
    asked = {
        "gladness": [
            ("high", f"Good, the {thing} will be fine and happy.", f"Bad, the {thing} will be lost and sad.")
            for thing in ("rain", "sea", "dog")
        ]
    }
    scores = []
    for aspect in ("optimistic", "pessimistic"):
        profile = Profile.parse({"name": "p", "attributes": {"attitude": aspect}})
        scores.append(quiz.run(engine, profile, samples=2, seed=1, asked=asked).scores["gladness"]["value"])
    assert scores[0] > 50 > scores[1]
