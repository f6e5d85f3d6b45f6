"""An evaluation as Markdown tables, which read well in a terminal too.

Shares are in per cent, with 95 % bootstrap intervals in brackets; a dash is a figure that was not measured.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from chatbot.terminal import counted
from chatbot.train.figures import LONG
from chatbot.train.goals import table as goals_table
from chatbot.train.markdown import literal, number, section, share, table

_PAPER_ALONE = {"style": 97.29, "attitude": 95.67, "mind": 93.48}  # Table 9 of arXiv 2310.18342
_NAMES = {"judge": "judge", "second": "second judge", "transformer": "transformer"}


def tables(result: Mapping[str, Any]) -> str:
    """Every figure of an evaluation, the judges' own first."""
    sections = (_judges, goals_table, _single, _combined, _alone, _rounds, _text, _curve, _cross, _facts)
    return "\n".join(part for section in (*sections, _paper, _wording) if (part := section(result)))


def _over(found: Mapping[str, Any] | None, asked: str = "message") -> str:
    """How much a section's figures rest on; "" where nothing was measured."""
    return f"{counted(found['count'], 'reply')} to {counted(found['groups'], asked)}." if found else ""


def _judges(result: Mapping[str, Any]) -> str:
    judges = {_NAMES[name]: found for name, found in result["judges"].items()}
    rows = [
        [
            attribute,
            *(
                cell
                for judge in judges.values()
                for found in [judge["attributes"].get(attribute, {})]
                for cell in (share(found.get("accuracy")), number(found.get("calibration_error"), 3))
            ),
        ]
        for attribute in result["judges"]["judge"]["attributes"]
    ]
    for label, key in (("combinations, mean", "accuracy"), ("combinations, all right", "all_right")):
        shares = [share((judge["combinations"] or {}).get(key)) for judge in judges.values()]
        rows.append([label, *(cell for share in shares for cell in (share, ""))])
    coherent = result["coherence"] or {}
    head = ["written replies, held out", *(cell for name in judges for cell in (name, "calibration error"))]
    agreed = [
        f"the {_NAMES[name]} in {share(found['same'])} % (kappa {found['kappa']:.2f})"
        for name, found in result["agreement"].items()
    ]
    return section(
        "How far the judges can be trusted",
        table(head, rows),
        "The coherence discriminator puts the true reply before 9 written replies to other messages in "
        f"{share(coherent['first'])} %, and before one in {share(coherent['beaten'])} %."
        if coherent.get("first")
        else "",
        f"On the model's replies the judge is agreed with by {' and by '.join(agreed)}." if agreed else "",
    )


def _single(result: Mapping[str, Any]) -> str:
    single = result["control"]["single"]
    others = {name: found["single"] for name, found in result["other_judges"].items()}

    def row(label: str, figures: Mapping[str, Any], *path: str) -> list[str]:
        cells = []
        for found in others.values():
            for key in path:
                found = found.get(key, {})
            cells.append(share(found.get("accuracy")))
        return [label, *_control_cells(figures), *cells]

    rows = [row("all", single["all"], "all")]
    if single["big_five"]["accuracy"]:
        rows.append(row("Big Five", single["big_five"], "big_five"))
    for kind in ("attributes", "aspects"):
        rows += [row(name, figures, kind, name) for name, figures in single[kind].items()]
    head = ["asked, one at a time", "judged so", "weights 0", "gain", "mean probability"]
    head += [f"by the {_NAMES[name]}" for name in others]
    return section("One attribute at a time", table(head, rows), _over(single["all"]["accuracy"]))


def _control_cells(figures: Mapping[str, Any]) -> list[str]:
    return [share(figures[key]) for key in ("accuracy", "unguided_accuracy", "gain", "probability")]


def _combined(result: Mapping[str, Any]) -> str:
    combined = result["control"]["combined"]
    if not combined:
        return ""
    every = {"all": combined["all"], **combined["combinations"]}
    rows = [
        [name, *(share(f[k]) for k in ("accuracy", "unguided_accuracy", "all_right", "unguided_all_right"))]
        for name, f in every.items()
    ]
    others = {n: f["combined"] for n, f in result["other_judges"].items() if f["combined"]}
    for found in others.values():
        every = {"all": found["all"], **found["combinations"]}
        for row in rows:
            own = every.get(row[0], {})
            row += [share(own.get("accuracy")), share(own.get("all_right"))]
    attributes = ", ".join(f"{literal(name)} {share(f)}" for name, f in combined["attributes"].items())
    head = ["asked at once", "mean accuracy", "weights 0", "all right", "all right, weights 0"]
    head += [cell for name in others for cell in (f"{_NAMES[name]}: mean", "all right")]
    return section(
        "Several attributes at once",
        table(head, rows),
        f"{_over(combined['all']['accuracy'])} By attribute: {attributes}. "
        f"Worst attribute: {literal(combined['worst_attribute'])}; "
        f"worst combination: {literal(combined['worst_combination'])}.",
    )


def _alone(result: Mapping[str, Any]) -> str:
    found = result["control"]["alone_and_together"]
    if not found:
        return ""
    rows = [
        [
            name,
            *(share(figures[key]) for key in ("alone", "together", "cost")),
            f"{_PAPER_ALONE[name]:g}" if name in _PAPER_ALONE else "-",
        ]
        for name, figures in found.items()
    ]
    head = ["attribute", "asked alone", "asked with the others", "cost", "paper, alone"]
    messages = max(figures["together"]["groups"] for figures in found.values())
    return section(
        "Alone and together, on the same messages", table(head, rows), f"{counted(messages, 'message')}."
    )


def _rounds(result: Mapping[str, Any]) -> str:
    """Every seed's own figures, where there are several."""
    found = {name: values for name, values in result["rounds_apart"].items() if len(values) > 1}
    if not found:
        return ""
    count = max(len(values) for values in found.values())
    rows = [
        [name, *(number(100 * v) for v in values), number(100 * statistics.stdev(values), 2)]
        for name, values in found.items()
    ]
    head = ["judged as asked", *(f"seeds {i + 1}" for i in range(count)), "standard deviation"]
    return section("Each set of seeds", table(head, rows))


def _text(result: Mapping[str, Any]) -> str:
    rows: list[list[str]] = []
    for name, f in result["text"].items():
        coherence = f["coherence"] or {}
        rows.append(
            [
                f"{name} ({f['replies']}, to {counted(f['finished']['groups'], 'message')})",
                share(coherence.get("first")),
                share(coherence.get("beaten")),
                *(number(100 * f["distinct"][n]) for n in ("1", "2", "3")),
                number(100 * f["self_bleu"]),
                number(f["mtld"]),
                share(f["copied"]),
                number(None if f["known_5grams"] is None else 100 * f["known_5grams"]),
                number(f["words"]["value"]) if f["words"] else "-",
                share(f["finished"]),
            ]
        )
    drawn = next(iter(result["text"].values()))["drawn"]
    head = ["replies", "coherent: first of 10", "before one other", "distinct-1", "-2", "-3"]
    head += ["self-BLEU", "MTLD", "copied", "known 5-grams", "words", "finished"]
    return section(
        "Text",
        table(head, rows),
        "Distinct, self-BLEU and MTLD (runs down to .72 different words) over "
        f"{counted(drawn, 'reply')} of each row. "
        f"Copied: of the replies of more than {LONG} words, those that stand word for word in the training "
        "text.",
    )


def _curve(result: Mapping[str, Any]) -> str:
    control = result["control"]
    points = [
        (label, point)
        for label, key in (("", "curve"), ("probability ", "asked_probability"))
        for point in control[key]
    ]
    if not points:
        return ""
    rows = [[f"{label}{point['strength']:g}", *_point_cells(point)] for label, point in points]
    head = ["weight, or probability asked for", "reached in the latent space", "judged probability"]
    return section(
        "Strength",
        table([*head, "judged so"], rows),
        f"At each point {_over(points[0][1]['accuracy'])} A weight between 0 and 1 goes that share of the "
        "way to the model's own strength.",
    )


def _point_cells(point: Mapping[str, Any]) -> list[str]:
    latent = number(None if point["latent"] is None else 100 * point["latent"])
    return [latent, share(point["probability"]), share(point["accuracy"])]


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
    return section(
        "What moving one attribute does to the others",
        table(["asked", *names], rows),
        "How far the judge's mean distribution moves (total variation); in brackets, for written replies.",
    )


def _facts(result: Mapping[str, Any]) -> str:
    facts = result["facts"]
    rows = [
        ["asked about a fact of its own", share(facts["told"]), share(facts["contradicted"])],
        [
            "the same, with one aspect asked for",
            share(facts["told_and_guided"]),
            share(facts["contradicted_and_guided"]),
        ],
        ["the same, facts hidden (guessing)", share(facts["hidden"]), share(facts["contradicted_hidden"])],
    ]
    some, leaked = facts["contradicted"], facts["leaked"]
    asked = _over(facts["told"], "question").replace(".", ", with one set of seeds.")
    asked += f" Contradictions can be told in {some['count']} of them." if some else ""
    claimed = f", over {counted(leaked['count'], 'reply')} each" if leaked else ""
    return section(
        "Facts",
        table(["", "says the key word", "contradicts the fact"], rows),
        f"{asked} The user's own facts claimed for itself{claimed}: {share(leaked)} % after the user told "
        f"them, {share(facts['leaked_hidden'])} % where the user did not.",
    )


def _paper(result: Mapping[str, Any]) -> str:
    paper = result["control"]["paper"]
    if not paper:
        return ""
    keys = ("personalization", "bleu", "rouge", "distinct", "self_bleu", "corpus_bleu")
    head = ["replies", "personalization", "BLEU of characters", "ROUGE (1, 2, L)", "Distinct", "self-BLEU"]
    head.append("(word corpus BLEU-4)")
    found = [paper.get(key) for key in keys]  # an older evaluation has not all
    shares = [number(None if value is None else 100 * value) for value in found]
    row = [str(paper["replies"]), *shares]
    note = ""
    if "candidates" in paper:
        one = paper["candidates"] == 1
        chosen = "of one candidate" if one else f"chosen among {paper['candidates']} candidates"
        note = f"The replies answer {counted(paper['messages'], 'message')} and are each {chosen}. "
    theirs = ["paper", "92.75", "45.23", "15.21", "70.94", "8.9", "-"]
    return section(
        "By the definitions of arXiv 2310.18342",
        table(head, [row, theirs]),
        f"{note}Personalization is the judge's mean probability; ROUGE is not stemmed. Other data and "
        "another judge than the paper's: its figures are no yardstick here.",
    )


def _wording(result: Mapping[str, Any]) -> str:
    rows = [
        [f"{attribute}/{aspect}", _grams(found["model"][aspect]), _grams(found["corpus"][aspect])]
        for attribute, found in result["wording"].items()
        for aspect in found["model"]
    ]
    shared = [
        f"{literal(attribute)} {100 * found['shared']:.0f}"
        for attribute, found in result["wording"].items()
        if found["shared"] is not None
    ]
    return (
        section(
            "The words that tell",
            table(["pole", "in the model's replies", "in the corpus"], rows),
            "By log-odds with a Dirichlet prior (Monroe et al. 2008). Of the model's 100 most telling "
            f"n-grams, the per cent that lean the same way in the corpus: {', '.join(shared)}.",
        )
        if rows
        else ""
    )


def _grams(found: Sequence[Sequence[Any]]) -> str:
    return ", ".join(str(gram) for gram, _ in found)
