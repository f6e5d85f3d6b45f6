"""`chatbot eval`: measures a model on messages that it was not trained on."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chatbot.cli import options
from chatbot.errors import UsageError


def evaluate(
    corpus: Annotated[
        Path | None, typer.Option("--corpus", metavar="DIR", help="Another corpus than the shipped one.")
    ] = None,
    contexts: Annotated[
        int, typer.Option("--contexts", metavar="N", min=1, help="Held-out messages at the most.")
    ] = 200,
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="Rounds of replies.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the figures go, as JSON.")
    ] = None,
    seal: Annotated[
        bool, typer.Option("--seal", help="Write eval.json and the card into the model; it is then ready.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Replies found at once.")] = 32,
    model: options.Model = None,
    device: options.Device = None,
    temperature: options.Temperature = None,
) -> None:
    """Measure a model: each aspect alone and in combination, text, facts, by judges that guide nothing.

    The messages are those that the corpus's split kept from training. `--contexts 50` takes some minutes on
    two cores, the default some four times as long.
    """
    _check_sklearn()
    from chatbot import config
    from chatbot.cli import start
    from chatbot.train import card, tables
    from chatbot.train import evaluate as evaluation
    from chatbot.train.corpus import WRITTEN

    flags = {"model.path": model, "model.device": device, "sampling.temperature": temperature}
    settings = config.load(flags)
    scope = evaluation.Scope(
        contexts=contexts,
        rounds=seeds,
        batch=batch_size,
        sampling=replace(start.sampling(settings), seed=None),
        command=f"chatbot eval --contexts {contexts} --seeds {seeds}",
    )
    result = evaluation.run(start.load_engine(settings), corpus or WRITTEN, scope, bars)
    if output is not None:
        card.write(result, output)
    if seal:
        card.seal(settings.model_folder, result)
    print(json.dumps(result) if as_json else tables.tables(result))


def _check_sklearn() -> None:
    if importlib.util.find_spec("sklearn") is None:
        raise UsageError(
            "The judges of an evaluation need scikit-learn, which is not installed. "
            "Install it with: pip install 'chatbot[eval]'"
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
