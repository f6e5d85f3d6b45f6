"""`chatbot bench`: what costs how much, as ratios measured side by side; `bench storage`: waiting times."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from chatbot.cli import options

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def bench(
    context: typer.Context,
    model: options.Model = None,
    device: options.Device = None,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="Timed rounds of each pair.")
    ] = 5,
    as_json: options.AsJson = False,
) -> None:
    """Measure speed: key/value cache, batches, candidates, contrast, solvers.

    The figures are ratios of two ways timed in turn on this machine, because absolute times depend on what
    else runs.
    """
    if not options.alone(context):
        return
    from dataclasses import asdict

    from chatbot import bench as benchmark
    from chatbot import config

    settings = config.load(options.flags(model, device))
    found = benchmark.run(settings.model_folder, device=settings.model.device, rounds=rounds)
    if as_json:
        print(json.dumps([asdict(row) | {"ratio": row.ratio} for row in found]))
        return
    for row in found:
        print(f"{row.ratio:6.2f}  {row.name}")


@app.command()
def storage(
    messages: Annotated[int, typer.Option(metavar="N", min=1, help="So many messages.")] = 100_000,
    conversations: Annotated[int, typer.Option(metavar="N", min=1, help="In so many.")] = 2_000,
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="Timed rounds of each question.")] = 7,
    as_json: options.AsJson = False,
) -> None:
    """Measure waiting times of the conversation store, in a temporary database with many conversations.

    Building the database takes about a minute.
    """
    from chatbot import storage_bench

    found = list(storage_bench.run(messages=messages, conversations=conversations, rounds=rounds))
    print(storage_bench.as_json(found) if as_json else storage_bench.table(found))
