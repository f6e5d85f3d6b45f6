"""An evaluation as Markdown tables, which read well in a terminal too.

Shares are in per cent, with 95 % bootstrap intervals in brackets; a dash is a figure that was not measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chatbot.train.figures import LONG


def tables(result: Mapping[str, Any]) -> str:
    """Every figure of an evaluation, the judges' own first."""
    parts = [_judges(result), _single(result), _combined(result), _text(result)]
    parts += [_curve(result), _cross(result), _facts(result), _paper(result)]
    return "\n".join(part for part in parts if part)


def _judges(result: Mapping[str, Any]) -> str:
    rows: list[list[str]] = []
    judges = result["judges"]
    for name in judges["judge"]["attributes"]:
        row = [name]
        for which in ("judge", "second"):
            found = judges.get(which, {}).get("attributes", {}).get(name, {})
            row += [_share(found.get("accuracy")), _number(found.get("calibration_error"), 3)]
        rows.append(row)
    for label, key in (("combinations, mean", "accuracy"), ("combinations, all right", "all_right")):
        cells = [(judges.get(which, {}).get("combinations") or {}).get(key) for which in ("judge", "second")]
        rows.append([label, _share(cells[0]), "", _share(cells[1]), ""])
    first, beaten = (_share((result["coherence"] or {}).get(key)) for key in ("first", "beaten"))
    head = ["written replies, held out", "judge", "calibration error", "second judge", "calibration error"]
    return _section(
        "How far the judges can be trusted",
        _table(head, rows),
        f"The coherence discriminator puts the true reply before 9 written replies to other messages in "
        f"{first} %, and before one in {beaten} %.",
    )


def _single(result: Mapping[str, Any]) -> str:
    single, second = result["control"]["single"], (result["second_judge"] or {}).get("single", {})
    rows = [
        [name, *_control_cells(figures), _share((second.get(kind, {}).get(name) or {}).get("accuracy"))]
        for kind in ("attributes", "aspects")
        for name, figures in single[kind].items()
    ]
    overall = ["**all**", *_control_cells(single["all"]), _share(second.get("all", {}).get("accuracy"))]
    head = [
        "asked, one at a time",
        "judged so",
        "weights 0",
        "gain",
        "mean probability",
        "by the second judge",
    ]
    return _section("One attribute at a time", _table(head, [overall, *rows]))


def _control_cells(figures: Mapping[str, Any]) -> list[str]:
    return [_share(figures[key]) for key in ("accuracy", "unguided_accuracy", "gain", "probability")]


def _combined(result: Mapping[str, Any]) -> str:
    combined = result["control"]["combined"]
    if not combined:
        return ""
    every = {"**all**": combined["all"], **combined["combinations"]}
    rows = [
        [name, *(_share(f[k]) for k in ("accuracy", "unguided_accuracy", "all_right", "unguided_all_right"))]
        for name, f in every.items()
    ]
    attributes = ", ".join(f"{name} {_share(f)}" for name, f in combined["attributes"].items())
    head = ["asked at once", "mean accuracy", "weights 0", "all right", "all right, weights 0"]
    return _section(
        "Several attributes at once",
        _table(head, rows),
        f"By attribute: {attributes}. Worst attribute: {combined['worst_attribute']}; "
        f"worst combination: {combined['worst_combination']}.",
    )


def _text(result: Mapping[str, Any]) -> str:
    rows: list[list[str]] = []
    for name, f in result["text"].items():
        coherence = f["coherence"] or {}
        rows.append(
            [
                f"{name} ({f['replies']})",
                _share(coherence.get("first")),
                _share(coherence.get("beaten")),
                *(_number(100 * f["distinct"][n]) for n in ("1", "2", "3")),
                _number(100 * f["self_bleu"]),
                _share(f["copied"]),
                _number(None if f["known_5grams"] is None else 100 * f["known_5grams"]),
                _number(f["words"]["value"]) if f["words"] else "-",
                _share(f["finished"]),
            ]
        )
    drawn = next(iter(result["text"].values()))["drawn"]
    head = ["replies", "coherent: first of 10", "before one other", "distinct-1", "-2", "-3", "self-BLEU"]
    head += ["copied", "known 5-grams", "words", "finished"]
    return _section(
        "Text",
        _table(head, rows),
        f"Distinct and self-BLEU over {drawn} replies of each row. Copied: of the replies of more than "
        f"{LONG} words, those that stand word for word in the training text.",
    )


def _curve(result: Mapping[str, Any]) -> str:
    rows = [
        [
            f"{point['strength']:g}",
            _number(None if point["latent"] is None else 100 * point["latent"]),
            _share(point["probability"]),
            _share(point["accuracy"]),
        ]
        for point in result["control"]["curve"]
    ]
    head = [
        "strength (1: the default weight)",
        "reached in the latent space",
        "judged probability",
        "judged so",
    ]
    return _section("Strength", _table(head, rows)) if rows else ""


def _cross(result: Mapping[str, Any]) -> str:
    control = result["control"]
    asked, written = control["cross_effects"], control["written_cross_effects"]
    names = list(asked)
    rows = [
        [
            name,
            *(
                f"{100 * asked[name][other]:.0f} ({100 * written[name][other]:.0f})"
                if name in written
                else f"{100 * asked[name][other]:.0f}"
                for other in names
            ),
        ]
        for name in names
    ]
    return _section(
        "What moving one attribute does to the others",
        _table(["asked", *names], rows),
        "How far the judge's mean distribution moves (total variation); in brackets, for written replies.",
    )


def _facts(result: Mapping[str, Any]) -> str:
    told, guided, hidden = (_share(result["facts"][k]) for k in ("told", "told_and_guided", "hidden"))
    return _section(
        "Facts",
        f"Asked directly about one of its facts, it says the key word in {told} %; with one aspect asked for "
        f"as well in {guided} %; with the facts hidden (guessing) in {hidden} %.",
    )


def _paper(result: Mapping[str, Any]) -> str:
    paper = result["control"]["paper"]
    if not paper:
        return ""
    keys = ("personalization", "bleu", "rouge_l", "distinct", "self_bleu", "corpus_bleu")
    head = ["replies", "personalization", "BLEU of characters", "ROUGE-L", "Distinct", "self-BLEU"]
    head.append("(word corpus BLEU-4)")
    row = [str(paper["replies"]), *(_number(100 * paper[key]) for key in keys)]
    return _section(
        "By the definitions of arXiv 2310.18342",
        _table(head, [row]),
        "Personalization is the judge's mean probability. Other data and another judge than the paper's: its "
        "figures are no yardstick here.",
    )


def _section(title: str, *paragraphs: str) -> str:
    return "\n\n".join([f"### {title}", *paragraphs]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [[*head], ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in lines
    )


def _share(figure: Mapping[str, float] | None) -> str:
    """Per cent with its interval, as "93.1 (91.0-95.2)"."""
    if figure is None:
        return "-"
    return f"{100 * figure['value']:.1f} ({100 * figure['low']:.1f}-{100 * figure['high']:.1f})"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
