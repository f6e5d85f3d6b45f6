"""`chatbot eval`: measures a model on messages that it was not trained on, and models against each other."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli import options
from chatbot.errors import UsageError

if TYPE_CHECKING:
    from chatbot.config import Config
    from chatbot.engine import GenerationEngine
    from chatbot.train.interview import Scope

JUDGES = "ngram,transformer"

app = typer.Typer(invoke_without_command=True, no_args_is_help=False, rich_markup_mode=None)

Corpus = Annotated[
    Path | None, typer.Option("--corpus", metavar="DIR", help="Another corpus than the shipped one.")
]
Contexts = Annotated[
    int, typer.Option("--contexts", metavar="N", min=1, help="Held-out messages at the most.")
]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="Rounds, each with its own seeds.")]
Judges = Annotated[
    str, typer.Option("--judges", metavar="KINDS", help="ngram, or ngram,transformer: who reads the replies.")
]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Replies found at once.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the figures go, as JSON.")
]


@app.callback()
def evaluate(
    context: typer.Context,
    corpus: Corpus = None,
    contexts: Contexts = 200,
    seeds: Seeds = 1,
    judges: Judges = JUDGES,
    distinct: Annotated[
        int,
        typer.Option(
            "--distinct",
            metavar="N",
            min=0,
            help="Further replies, of one candidate each, to measure variety.",
        ),
    ] = 0,
    output: Output = None,
    seal: Annotated[
        bool, typer.Option("--seal", help="Write eval.json and the card into the model; it is then ready.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write report.html and report.md there.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Hold it against the model's own eval.json; 1 where it differs.")
    ] = False,
    as_json: AsJson = False,
    batch_size: BatchSize = 32,
    model: options.Model = None,
    device: options.Device = None,
    temperature: options.Temperature = None,
) -> None:
    """Measure a model: each aspect alone and in combination, text, facts, by judges that guide nothing.

    The messages are those that the corpus's split kept from training. `--contexts 48` takes some twenty
    minutes on two cores, the default some four times as long.
    """
    if not options.alone(context):
        return
    options.check_judge("eval")
    from chatbot.cli import start
    from chatbot.train import compare as comparing
    from chatbot.train import evaluate as evaluation
    from chatbot.train.corpus import WRITTEN

    settings = _settings(model, device, temperature)
    scope = replace(
        _scope(settings, contexts, seeds, judges, batch_size),
        variety=distinct,
        command=_command(contexts, seeds, distinct, judges, corpus, temperature),
    )
    earlier = comparing.read(settings.model_folder) if compare else None
    _check_places(output, report, settings.model_folder if seal else None)
    result = evaluation.run(start.load_engine(settings), corpus or WRITTEN, scope, bars)
    raise typer.Exit(_show(result, settings, output, seal, report, earlier, as_json))


@app.command()
def versus(
    model_a: Annotated[str, typer.Argument(metavar="MODEL_A", help="A model folder, or 'embedded'.")],
    model_b: Annotated[str, typer.Argument(metavar="MODEL_B", help="The one it is held against.")],
    corpus: Corpus = None,
    contexts: Contexts = 48,
    seeds: Seeds = 1,
    judges: Judges = JUDGES,
    output: Output = None,
    as_json: AsJson = False,
    batch_size: BatchSize = 32,
    device: options.Device = None,
) -> None:
    """Two models head to head: same messages, seeds, judges; paired differences with their intervals."""
    options.check_judge("eval")
    from chatbot.cli import start
    from chatbot.train import versus as comparing
    from chatbot.train.corpus import WRITTEN

    _check_places(output)
    settings = [_settings(model, device) for model in (model_a, model_b)]
    scope = _scope(settings[0], contexts, seeds, judges, batch_size)
    engines = (start.load_engine(settings[0]), start.load_engine(settings[1]))
    result = comparing.run(engines, corpus or WRITTEN, scope, bars)
    _print(result, comparing.table(result), output, as_json)


@app.command()
def ablate(
    models: Annotated[
        list[Path] | None, typer.Option("--models", metavar="DIR", help="A model folder; repeatable.")
    ] = None,
    train_steps: Annotated[
        int | None,
        typer.Option("--train-steps", metavar="N", min=1, help="Train small models, each with one change."),
    ] = None,
    work: Annotated[
        Path | None, typer.Option("--work", metavar="DIR", help="Where they are trained, and go on later.")
    ] = None,
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="Their recipe.")] = "ablation",
    base: Annotated[
        str | None, typer.Option("--base", help="Their base: a hub id or a local folder.")
    ] = None,
    plain: Annotated[Path | None, typer.Option("--plain-text", help="Plain dialogue for warm-up.")] = None,
    corpus: Corpus = None,
    contexts: Contexts = 12,
    seeds: Seeds = 1,
    judges: Judges = "ngram",
    output: Output = None,
    as_json: AsJson = False,
    batch_size: BatchSize = 32,
    device: options.Device = None,
) -> None:
    """What each part of the method is worth: one table, every row paired with the base.

    Without --train-steps the given models (the configured one) are run in other ways. With it, small models
    are trained with one part of the training left out each, which takes long; --work keeps what is done.
    """
    options.check_judge("eval")
    from chatbot.model.device import pick_device
    from chatbot.train import ablate as ablations
    from chatbot.train import recipe as recipes
    from chatbot.train.corpus import WRITTEN

    if models if train_steps else work or base or plain:
        raise UsageError(
            "--work, --base and --plain-text go with --train-steps, --models without. Leave one out."
        )
    _check_places(output, work=work)
    settings = _settings(None, device)
    scope, folder = _scope(settings, contexts, seeds, judges, batch_size), corpus or WRITTEN
    open_model = _opener(settings)
    if train_steps is None:
        result = ablations.run(models or [settings.model_folder], open_model, folder, scope, bars)
    elif work is None:
        raise UsageError("Training takes long and goes on where it stopped: name a folder with --work DIR.")
    else:
        steps = [f"pretrain={train_steps}", f"cvae={train_steps}"]
        chosen = recipes.adjust(recipes.load(recipe), base=base, steps=steps, seed=None)
        place = str(pick_device(settings.model.device))
        result = ablations.run_trained(
            chosen, work, open_model, folder, scope, bars, plain=plain, device=place
        )
    _print(result, ablations.table(result), output, as_json)


def _opener(settings: Config) -> Callable[[Path, Mapping[str, Any]], GenerationEngine]:
    """Opens a model folder with some of the settings' flow options changed."""
    from chatbot.cli import start

    def open_model(folder: Path, flow: Mapping[str, Any]) -> GenerationEngine:
        model = replace(settings.model, path=str(folder))
        return start.load_engine(replace(settings, model=model, flow=replace(settings.flow, **flow)))

    return open_model


def _print(result: dict[str, Any], text: str, output: Path | None, as_json: bool) -> None:
    """Write and print the figures; those that cannot be written are printed too."""
    from chatbot.train import card

    try:
        if output is not None:
            card.write(result, output)
    finally:
        print(json.dumps(result) if as_json else text)


def _show(
    result: dict[str, Any],
    settings: Config,
    output: Path | None,
    seal: bool,
    report: Path | None,
    earlier: dict[str, Any] | None,
    as_json: bool,
) -> int:
    """Write and print what was asked for; the exit code."""
    from chatbot.train import card, compare, tables
    from chatbot.train import report as reporting

    try:
        if seal:
            card.seal(settings.model_folder, result)
        if report is not None:
            typer.echo(f"Wrote {reporting.write(result, report)}", err=True)
    finally:
        _print(result, tables.tables(result), output, as_json)
    if earlier is None:
        return 0
    rows = compare.rows(earlier, result)
    typer.echo(compare.text(rows, earlier, result), err=as_json)
    return 1 if any(row.agrees is False for row in rows) else 0


def _settings(model: str | None, device: str | None, temperature: float | None = None) -> Config:
    from chatbot import config

    return config.load(options.flags(model, device, temperature=temperature))


def _scope(settings: Config, contexts: int, seeds: int, judges: str, batch_size: int) -> Scope:
    from chatbot.cli import start
    from chatbot.train import panel
    from chatbot.train.interview import Scope

    return Scope(contexts, seeds, batch_size, start.sampling(settings), judges=panel.chosen(judges))


def _command(
    contexts: int, seeds: int, distinct: int, judges: str, corpus: Path | None, temperature: float | None
) -> str:
    """What is typed to do it again. Of a corpus it has the name alone: no machine's paths get into a card."""
    words = ["chatbot", "eval", f"--contexts {contexts}", f"--seeds {seeds}"]
    words += [f"--distinct {distinct}"] if distinct else []
    words += [f"--judges {shlex.quote(judges)}"] if judges != JUDGES else []
    words += [f"--corpus {shlex.quote(corpus.resolve().name)}"] if corpus is not None else []
    words += [f"--temperature {temperature:g}"] if temperature is not None else []
    return " ".join(words)


def _check_places(
    output: Path | None, report: Path | None = None, sealed: Path | None = None, work: Path | None = None
) -> None:
    """Before the long work, not after it: UsageError where what it finds could not be written."""
    if report is not None:
        from chatbot.train import plots

        plots.check()
    for flag, folder in (("--report", report), ("--work", work)):
        if folder is not None:
            options.check_folder(flag, folder)
    if output is not None:
        options.check_file(output)
    if sealed is not None and sealed.is_dir() and not os.access(sealed, os.W_OK):
        raise UsageError(
            f"--seal writes into the model's folder; {str(sealed)!r} is read-only. Give a copy as --model."
        )


@contextmanager
def bars(name: str, steps: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error for one stage."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=steps)
        yield lambda done: progress.update(task, advance=done)
