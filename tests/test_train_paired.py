"""Two models head to head, and ablations: on doubles whose difference is known, and on the tiny model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pytest

import tiny
from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.errors import UsageError
from chatbot.flow import FlowOptions
from chatbot.model import artifact
from chatbot.train import ablate, paired, versus
from chatbot.train import corpus as corpora
from chatbot.train.ablate import Way
from chatbot.train.interview import Scope
from toy_language import Double, write_corpus

SCOPE = Scope(contexts=12, judges=("ngram",), sampling=Sampling(candidates=2, max_tokens=8))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("paired") / "corpus")


def engines(*doubles: Double) -> Any:
    return tuple(cast(GenerationEngine, double) for double in doubles)


def test_a_difference_is_taken_case_by_case_over_what_both_have() -> None:
    one = {(0, 0, "a"): 1.0, (0, 0, "b"): 1.0, (1, 0, "a"): 0.5, (2, 0, "a"): 9.0}
    other = {(0, 0, "a"): 0.0, (0, 0, "b"): 1.0, (1, 0, "a"): 0.5}
    found = paired.difference(one, other)
    assert found is not None
    assert found["value"] == pytest.approx((1 + 0 + 0) / 3)
    assert (found["count"], found["groups"]) == (3, 2)
    assert paired.difference(one, {}) is None


def test_pairing_sees_a_small_difference_that_two_intervals_do_not() -> None:
    """Messages differ much among each other, the two ways by .1 on each."""
    one = {(i, 0, ""): (i % 10) / 10 + 0.1 for i in range(40)}
    other = {(i, 0, ""): (i % 10) / 10 for i in range(40)}
    apart, a, b = paired.difference(one, other), paired.average(one), paired.average(other)
    assert apart is not None
    assert a is not None
    assert b is not None
    assert paired.sure(apart)
    alone = paired.difference({(7, 0, "a"): 1.0}, {(7, 0, "a"): 0.0})
    assert alone is not None
    assert not paired.sure(alone)  # one message says nothing of others
    assert a["low"] < b["high"]


def test_figures_are_shown_in_their_unit() -> None:
    found = {"value": 0.5, "low": 0.4, "high": 0.6}
    assert paired.shown("together", found) == "50.0 (40.0 to 60.0)"
    assert paired.shown("MTLD", found, signed=True) == "+0.5 (+0.4 to +0.6)"
    assert paired.shown("MTLD", None) == "-"


def test_a_model_that_obeys_beats_one_that_does_not(corpus: Path) -> None:
    result = versus.run(engines(Double(), Double(obeys=False)), corpus, SCOPE)
    for measure in ("one at a time", "together", "all right"):
        found = result["measures"][measure]
        assert found["first"]["value"] > 0.9
        assert found["difference"]["low"] > 0.1
    assert result["measures"]["facts"]["difference"]["value"] == 0.0
    text = versus.table(result)
    assert "A: double abcd. B: double abcd. 12 messages, 1 round, " in text
    assert (
        next(line for line in text.splitlines() if line.startswith("| all right"))
        .rstrip(" |")
        .endswith("yes")
    )


def test_names_of_models_are_never_markup(corpus: Path) -> None:
    one = Double(name="\x1b[31m **a** | <b>")
    text = versus.table(versus.run(engines(one, Double()), corpus, replace(SCOPE, contexts=1)))
    assert r"A: \[31m \*\*a\*\* \| &lt;b&gt; abcd. B: double abcd. 1 message, 1 round, " in text


def test_a_model_held_against_itself_differs_in_nothing(corpus: Path) -> None:
    result = versus.run(engines(Double(), Double()), corpus, replace(SCOPE, contexts=4))
    for found in result["measures"].values():
        assert (
            found["difference"]["value"] == found["difference"]["low"] == found["difference"]["high"] == 0.0
        )
    assert result["preferred"]["value"] == 0.5


class Stranger(Double):
    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        return {"openness": ("high", "low")}


def test_models_without_a_common_attribute_are_not_compared(corpus: Path) -> None:
    with pytest.raises(UsageError, match="has openness"):
        versus.run(engines(Double(), Stranger()), corpus, SCOPE)


def opener(folder: Path, flow: Mapping[str, Any]) -> GenerationEngine:
    return GenerationEngine.load(folder, device="cpu", flow=FlowOptions(**flow))


def test_every_way_of_running_the_tiny_model_has_its_row(tiny_model: Path, corpus: Path) -> None:
    result = ablate.run([tiny_model], opener, corpus, replace(SCOPE, contexts=4))
    assert [row["way"] for row in result["rows"]] == [way.name for way in ablate.WAYS]
    base, unguided = result["rows"][0], result["rows"][1]
    assert base["differences"] == {}
    # Without the flow one of two aspects is read, whatever is asked.
    assert unguided["measures"]["one at a time"]["value"] == pytest.approx(0.5)
    assert base["measures"]["one at a time"]["value"] > 0.8
    assert unguided["differences"]["one at a time"]["high"] < 0
    table = ablate.table(result)
    assert len({line.count("|") for line in table.splitlines() if line.startswith("|")}) == 1
    assert "Eq. 19, plain" in table


def test_models_of_other_attributes_are_not_put_into_one_table(corpus: Path) -> None:
    doubles = {"one": Double(), "two": Stranger()}

    def open_model(folder: Path, flow: Mapping[str, Any]) -> GenerationEngine:
        return cast(GenerationEngine, doubles[folder.name])

    with pytest.raises(UsageError, match=r"'two' has openness \(high/low\)"):
        ablate.run([Path("one"), Path("two")], open_model, corpus, SCOPE)
    assert doubles["one"].asked == []


def test_ablations_need_held_out_messages_before_anything_is_trained(tmp_path: Path) -> None:
    row = {"facts": [], "turns": ["I like the rainboat."], "replies": {"style/plain": "Yes, I know it."}}
    (tmp_path / "parallel.jsonl").write_text(json.dumps(row))
    with pytest.raises(UsageError, match="held out"):
        ablate.run([], opener, tmp_path, SCOPE)
    with pytest.raises(UsageError, match="held out"):
        ablate.run_trained(tiny.recipe(tmp_path), tmp_path / "work", opener, tmp_path, SCOPE)
    assert not (tmp_path / "work").exists()


def test_every_way_is_what_it_says() -> None:
    assert asdict(FlowOptions(**ablate.WAYS[0].flow)) == asdict(FlowOptions())
    assert all(FlowOptions(**way.flow) for way in ablate.WAYS)
    assert all(replace(Sampling(), **way.sampling) for way in ablate.WAYS)
    assert len({way.name for way in ablate.WAYS}) == len(ablate.WAYS)
    assert not Way("x", guided=False).guided


def test_variants_are_trained_once_on_one_warm_up(trained: Path, corpus: Path, tmp_path: Path) -> None:
    recipe = tiny.hurried(trained / "base", steps=3)
    work = tmp_path / "work"
    scope = replace(SCOPE, contexts=2)
    result = ablate.run_trained(recipe, work, opener, corpus, scope)
    assert [row["way"] for row in result["rows"]] == list(ablate.TRAINED)
    logs = {path.parent.name: path.read_text() for path in work.glob("*.work/train.jsonl")}
    assert len(logs) == len(ablate.TRAINED)
    assert [name for name, log in logs.items() if '"pretrain"' in log] == ["base.work"]
    models = {path: path.stat().st_mtime_ns for path in work.glob("*/model.safetensors")}
    ablate.run_trained(recipe, work, opener, corpus, scope)  # goes on where it stopped: all is there
    assert {path: path.stat().st_mtime_ns for path in work.glob("*/model.safetensors")} == models

    later = replace(recipe, matcher=replace(recipe.matcher, layers=0))
    for name in ("matcher.pt", "samples.jsonl"):
        (work / "base.work" / name).unlink()
    ablate.variant(later, {}, "base", work, corpus, corpora.load(corpus), None, "cpu")  # trained further
    assert artifact.read_manifest(work / "base").matcher_layers == 0

    more = replace(recipe, cvae=replace(recipe.cvae, steps=4))
    with pytest.raises(UsageError, match=r"base.work' is of another: cvae.steps was 3, now is 4\. Give"):
        ablate.run_trained(more, work, opener, corpus, scope)
    shutil.rmtree(work / "base.work")  # as told; its model of 3 steps must not stand for one of 4
    with pytest.raises(UsageError, match=r"without-posterior.work' is of another: cvae.steps was 3"):
        ablate.run_trained(more, work, opener, corpus, scope)
    assert artifact.read_manifest(work / "base").recipe["cvae"]["steps"] == 4
