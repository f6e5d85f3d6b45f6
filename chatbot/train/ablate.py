"""What each part of the method is worth: one table, every row against the base, paired.

Ways of running one model (no training): without the flow; Eq. 19 and Eq. 20 of arXiv 2310.18342 in plain and
in whitened coordinates; raw logits; one candidate; no earlier ends; no contrast; other spreads of the start.
Eq. 19 in whitened coordinates is Eq. 20 (chatbot/flow.py) and has no row. Ways of training (small models of
one recipe, each with one thing changed): without the posterior, without L_C, without L_D, without replies
that show several aspects. The warm-up of the language model is the same for all of them and is done once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.errors import UsageError
from chatbot.terminal import counted
from chatbot.train import corpus as corpora
from chatbot.train import markdown, trials
from chatbot.train.corpus import Corpus
from chatbot.train.interview import Progress, Scope, say, silent
from chatbot.train.paired import Readers, Values, average, difference, shown, sure
from chatbot.train.recipe import Recipe
from chatbot.train.trials import Message, Trial

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

# Opens a model folder with these flow options over the settings'.
Open = Callable[[Path, Mapping[str, Any]], "GenerationEngine"]
KINDS = ("aspect", "combination")


@dataclass(frozen=True)
class Way:
    """One way of running a model, as what it changes."""

    name: str
    flow: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)
    guided: bool = True


BASE = "base: Eq. 20, whitened"
WAYS = (
    Way(BASE),
    Way("without the flow", guided=False),
    Way("Eq. 20, plain", flow={"coordinates": "plain"}),
    Way("Eq. 19, plain", flow={"coordinates": "plain", "prior_term": "eq19"}),
    Way("raw logits", flow={"logits": True}),
    Way("never stopped early", flow={"target_probability": 1.0}),
    Way("1 candidate", sampling={"candidates": 1}),
    Way("without earlier ends", sampling={"brevity": 0.0}),
    Way("without the contrast", sampling={"contrast": 0.0}),
    Way("spread 0", sampling={"spread": 0.0}),
    Way("spread 1", sampling={"spread": 1.0}),
)

# Changes of the recipe's [cvae], by name; the first is the base of the others.
TRAINED: dict[str, dict[str, Any]] = {
    "base: as the recipe has it": {},
    "without posterior": {"posterior": False},
    "without L_C": {"aspect": 0.0},
    "without L_D": {"distance": 0.0},
    "one aspect a reply in training": {"together_times": 0},
}


def run(
    models: Sequence[Path],
    open_model: Open,
    folder: Path,
    scope: Scope,
    progress: Progress = silent,
    ways: Sequence[Way] = WAYS,
) -> dict[str, Any]:
    """Every way on every model; each model's rows stand against its own base.

    Raises UsageError where the models differ in their attributes or the corpus holds nothing that was held
    out.
    """
    corpus = corpora.load(folder)
    held_out = trials.messages(corpus, folder, scope.contexts)
    first, *others = ((model, open_model(model, {}).attributes) for model in models)
    for model, attributes in others:
        if attributes != first[1]:
            raise UsageError(
                "Models in one table are read by the same judges: all need the same attributes and aspects; "
                f"{str(first[0])!r} has {_described(first[1])}, {str(model)!r} has {_described(attributes)}. "
                "Give each a table of its own."
            )
    groups = [[(model, way) for way in ways] for model in models]
    return _measured(groups, open_model, corpus, held_out, scope, progress)


def _described(attributes: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{name} ({'/'.join(aspects)})" for name, aspects in attributes.items())


def run_trained(
    recipe: Recipe,
    work: Path,
    open_model: Open,
    folder: Path,
    scope: Scope,
    progress: Progress = silent,
    *,
    plain: Path | None = None,
    device: str = "cpu",
) -> dict[str, Any]:
    """Train the variants of `recipe` in `work` (what is there already is kept), then measure each.

    Raises UsageError where the variants that are there are of another recipe, corpus or plain text, or the
    corpus holds nothing that was held out.
    """
    corpus = corpora.load(folder, plain_folder=plain, plain_each=recipe.pretrain.plain_each)
    held_out = trials.messages(corpus, folder, scope.contexts)
    variants = [
        (variant(recipe, changes, name, work, folder, corpus, plain, device), Way(name))
        for name, changes in TRAINED.items()
    ]
    return _measured([variants], open_model, corpus, held_out, scope, progress)


def _measured(
    groups: Sequence[Sequence[tuple[Path, Way]]],
    open_model: Open,
    corpus: Corpus,
    held_out: Sequence[Message],
    scope: Scope,
    progress: Progress,
) -> dict[str, Any]:
    """The rows of all groups; within a group the first is the base."""
    readers: Readers | None = None
    rows: list[dict[str, Any]] = []
    for group in groups:
        found: dict[str, tuple[Values, float]] = {}
        for model, way in group:
            engine = open_model(model, way.flow)
            readers = readers or Readers.train(corpus, engine.attributes, scope.judges, progress)
            asked = _asked(trials.plan(held_out, engine.attributes, rounds=scope.rounds), way)
            own = replace(scope, sampling=replace(scope.sampling, **way.sampling))
            said = say(engine, asked, own, progress, way.name[:24])
            failed = sum(reply.flow.startswith("failed") for reply in said) / max(1, len(said))
            found[way.name] = (readers.values(said), failed)
        rows += _rows(found, group[0][0].name if len(groups) > 1 else "")
    return {"messages": len(held_out), "rounds": scope.rounds, "rows": rows}


def variant(
    recipe: Recipe,
    changes: Mapping[str, Any],
    name: str,
    work: Path,
    folder: Path,
    corpus: Corpus,
    plain: Path | None,
    device: str,
) -> Path:
    """The folder of the model trained with these changes on the corpus of `folder`; trained unless it is
    there."""
    from chatbot.train import pipeline

    slug = "-".join(name.split(":")[0].lower().split())
    output, own = work / slug, work / f"{slug}.work"
    changed = replace(recipe, name=slug, cvae=replace(recipe.cvae, **changes))
    same = own.exists() and pipeline.claim(own, changed, corpus)
    if not (same and (output / "manifest.json").exists()):
        (output / "manifest.json").unlink(missing_ok=True)  # of other work, or of work that is gone
        base = work / "base.work"
        if own != base and not own.exists():
            own.mkdir(parents=True)
            for path in (p for pattern in _SHARED for p in base.glob(pattern)):
                shutil.copy2(path, own)
        pipeline.train(changed, folder, own, output, plain=plain, device=device)
    return output


_SHARED = ("pretrain.pt", "pretrain.done", "*tokenizer*.json")  # what the warm-up leaves behind


def _asked(plan: Sequence[Trial], way: Way) -> list[Trial]:
    asked = [trial for trial in plan if trial.kind in KINDS]
    return asked if way.guided else [replace(trial, strength=0.0) for trial in asked]


def _rows(found: Mapping[str, tuple[Values, float]], model: str) -> list[dict[str, Any]]:
    """A row for each way, with its measures and their differences from the first."""
    base = next(iter(found.values()))[0]
    return [
        {
            "model": model,
            "way": name,
            "failed": failed,
            "measures": {measure: average(cases) for measure, cases in values.items()},
            "differences": {
                measure: difference(cases, base[measure])
                for measure, cases in values.items()
                if measure in base and values is not base
            },
        }
        for name, (values, failed) in found.items()
    ]


def table(result: Mapping[str, Any]) -> str:
    """One table: the first row with its figures, the others as differences from it."""
    rows = result["rows"]
    measures = [m for m in rows[0]["measures"] if m != "words"]
    lines = []
    for row in rows:
        cells = [f"{row['model']} {row['way']}".strip()]
        for measure in measures:
            found = row["differences"].get(measure)
            if found is None:
                cells.append(shown(measure, row["measures"].get(measure)))
            else:
                cells.append(shown(measure, found, signed=True) + (" *" if sure(found) else ""))
        lines.append([*cells, f"{100 * row['failed']:.0f}"])
    return markdown.section(
        "Ablations",
        f"{counted(result['messages'], 'message')}, {counted(result['rounds'], 'round')}. "
        "The base has its own figures; every "
        "other row is its difference from the base on the same messages and seeds, with the 95 % interval "
        "over messages; * marks those that surely differ.",
        markdown.table(["", *measures, "flow failed"], lines),
    )
