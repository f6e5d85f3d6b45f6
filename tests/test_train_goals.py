"""Goals as data, and one evaluation against another, with every number known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import UsageError
from chatbot.train import compare, goals


def share(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def result(**changes: Any) -> dict[str, Any]:
    combinations = {f"c{i}": {"accuracy": share(0.9 + i / 100)} for i in range(8)}
    whole: dict[str, Any] = {
        "model_digest": "aa",
        "corpus_digest": "cc",
        "control": {
            "combined": {
                "all": {"accuracy": share(0.96), "all_right": share(0.86), "unguided_accuracy": share(0.5)},
                "attributes": {"style": share(0.97), "mind": share(0.92)},
                "combinations": combinations,
            },
            "single": {"big_five": {"accuracy": share(0.93)}},
            "paper": {"replies": 1000, "distinct": 0.72, "self_bleu": 0.095},
        },
        "text": {"guided": {"coherence": {"first": share(0.74)}, "copied": share(0.0, 0.0)}},
        "facts": {"told": share(0.91)},
        "latency": {"of_four": {"median": 0.7}, "as_set": {"median": 1.1}},
    }
    return {**whole, **changes}


def found(name: str, evaluation: dict[str, Any]) -> goals.Standing:
    return next(row for row in goals.standings(evaluation) if row.goal.name == name)


@pytest.mark.parametrize(
    ("name", "value", "met", "surely"),
    [
        ("several at once, average", 96.0, True, False),  # its interval begins at 94
        ("several at once, worst attribute", 92.0, False, False),
        ("several at once, worst combination", 90.0, True, True),
        ("several at once, all right", 86.0, True, False),
        ("Big Five one at a time, average", 93.0, True, True),
        ("coherence: first of 10 replies", 74.0, False, False),
        ("self-BLEU (paper's definition, 1,000 replies)", 9.5, False, False),
        ("copied replies of more than 8 words", 0.0, True, True),
        ("seconds for one reply, 4 candidates", 0.7, True, False),
        ("seconds for one reply, as many candidates as are set", 1.1, False, False),
    ],
)
def test_a_goal_is_met_by_its_value_and_surely_by_its_interval(
    name: str, value: float, met: bool, surely: bool
) -> None:
    row = found(name, result())
    assert row.value == pytest.approx(value)
    assert (row.met, row.surely) == (met, surely)


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    row = found("several at once, average", result(control={"combined": None}))
    assert (row.value, row.met, row.surely) == (None, None, False)


def test_a_figure_of_one_message_has_no_interval() -> None:
    told = {"value": 1.0, "low": 1.0, "high": 1.0, "count": 8}
    one, two = (found("facts asked directly", result(facts={"told": told | {"groups": n}})) for n in (1, 2))
    assert (one.value, one.low, one.high, one.met, one.surely) == (100.0, None, None, True, False)
    assert (two.low, two.high, two.surely) == (100.0, 100.0, True)


@pytest.mark.parametrize(("groups", "agrees", "word"), [(1, None, "not compared"), (2, False, "DIFFERS")])
def test_a_figure_of_one_message_is_not_compared(groups: int, agrees: bool | None, word: str) -> None:
    then = result()
    now = result(facts={"told": {"value": 0.0, "low": 0.0, "high": 0.0, "count": 2, "groups": groups}})
    for pair in ((then, now), (now, then)):
        rows = compare.rows(*pair)
        assert [row.agrees for row in rows if row.goal.name == "facts asked directly"] == [agrees]
        line = next(line for line in compare.text(rows, *pair).splitlines() if "facts asked" in line)
        assert line.startswith(f"{word:<12}  facts asked")


def test_variety_counts_over_1000_replies_alone() -> None:
    few = result()
    few["control"]["paper"]["replies"] = 192
    assert found("self-BLEU (paper's definition, 1,000 replies)", few).met is None


def test_variety_counts_over_replies_that_were_not_chosen_among_candidates() -> None:
    chosen, drawn = result(), result()
    chosen["control"]["paper"]["candidates"] = 8
    drawn["control"]["paper"]["candidates"] = 1
    for name in ("Distinct", "self-BLEU"):
        name += " (paper's definition, 1,000 replies)"
        assert found(name, chosen).met is None
        assert found(name, drawn).met is not None


@pytest.mark.parametrize(("now", "agrees"), [(0.105, True), (0.115, False)])
@pytest.mark.parametrize("key", ["distinct", "self_bleu"])
def test_measures_of_variety_may_differ_by_one_and_a_half(key: str, now: float, agrees: bool) -> None:
    """They have no interval of their own."""
    one, two = result(), result()
    one["control"]["paper"][key], two["control"]["paper"][key] = 0.095, now
    assert [row.agrees for row in compare.rows(one, two)].count(False) == (not agrees)


def test_the_table_says_what_is_met() -> None:
    lines = goals.table(result(latency=None)).splitlines()
    cells = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]] for line in lines[4:-2]}
    average = cells["several at once, average"]
    assert average == ["at least 95", "92.75", "96.0 (94.0-98.0)", "yes", ""]
    assert cells["seconds for one reply, 4 candidates"][3] == "not measured"


def test_half_by_construction_is_said_of_attributes_with_two_aspects_alone() -> None:
    for aspects, said in ((("a/x", "a/y"), True), (("a/x", "a/y", "a/z", "b/x", "b/y"), False)):
        whole = result()
        whole["control"]["single"]["aspects"] = dict.fromkeys(aspects)
        assert ("50 by construction" in goals.table(whole)) is said


def test_the_same_figures_agree_and_a_lower_one_differs() -> None:
    then = result()
    assert {row.agrees for row in compare.rows(then, result())} == {True}
    text = result()["text"]
    text["guided"]["coherence"]["first"] = share(0.5)
    rows = {row.goal.name: row.agrees for row in compare.rows(then, result(text=text, model_digest="bb"))}
    assert rows.pop("coherence: first of 10 replies") is False
    assert set(rows.values()) == {True}
    assert "seconds for one reply, 4 candidates" not in rows


def test_the_comparison_names_other_weights_and_what_differs() -> None:
    then, now = result(facts={"told": share(0.2)}), result(model_digest="bb", corpus_digest="dd")
    lines = compare.text(compare.rows(then, now), then, now).splitlines()
    facts = next(line for line in lines if "facts asked" in line)
    assert " ".join(facts.split()) == (
        "DIFFERS facts asked directly then 20.0 (18.0-22.0) now 91.0 (89.0-93.0)"
    )
    assert lines[-2:] == [
        "Note: other weights then (aa) than now (bb).",
        "Note: the corpus has changed since, so the messages may be others.",
    ]


def test_an_earlier_evaluation_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in compare.text([], result(model_digest="\x1b[31maa"), result())


def test_a_model_without_figures_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="eval --seal"):
        compare.read(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{}", "null", "3", '"x"', '{"model_digest": "aa"}'])
def test_json_that_is_no_evaluation_cannot_be_compared(text: str, tmp_path: Path) -> None:
    (tmp_path / "eval.json").write_text(text)
    with pytest.raises(UsageError, match="it is no evaluation"):
        compare.read(tmp_path)
