"""`chatbot batch`: many contexts from a file, a reply to each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot.cli import options


def batch(
    source: options.InputFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT.jsonl", help="A new file; - prints the replies.")
    ],
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Replies found at once.")] = 16,
    seed: options.Seed = None,
    device: options.Device = None,
    model: options.Model = None,
    temperature: options.Temperature = None,
) -> None:
    """Reply to every line of a JSONL file, in its order.

    A line is {"id": "...", "facts": ["..."], "turns": ["user", "bot", "user"], "attributes": {"attitude":
    "pessimistic:1.2"}}, or has "profile": "gloomy-poet". A bare aspect pulls with the model's own strength,
    and "off" takes away what the profile asks for.
    Bad lines are reported on standard error, the others go on, and the exit code is 1. A file that holds
    something is not written over.
    """
    from chatbot import config
    from chatbot.cli import start

    source, output = config.expanded(source), config.expanded(output)
    if str(output) != "-":
        options.check_file(output)
    settings = config.load(options.flags(model, device, seed, temperature))
    raise typer.Exit(start.batch(settings, source, output, batch_size))
