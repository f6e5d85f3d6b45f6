"""`chatbot bench`: what costs how much, as ratios measured side by side."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from chatbot.cli import options


def bench(
    model: options.Model = None,
    device: options.Device = None,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="Timed rounds of each pair.")
    ] = 5,
    as_json: options.Json = False,
) -> None:
    """Measure speed: key/value cache, batches, candidates, solvers.

    The figures are ratios of two ways timed in turn on this machine, because absolute times depend on what
    else runs.
    """
    from dataclasses import asdict

    from chatbot import bench as benchmark
    from chatbot import config

    settings = config.load({"model.path": model, "model.device": device})
    found = benchmark.run(settings.model_folder, device=settings.model.device, rounds=rounds)
    if as_json:
        print(json.dumps([asdict(row) | {"ratio": row.ratio} for row in found]))
        return
    for row in found:
        print(f"{row.ratio:6.2f}  {row.name}")
