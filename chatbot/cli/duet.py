"""`chatbot duet`: two personas talk to each other."""

from __future__ import annotations

from typing import Annotated

import typer

from chatbot.cli import options

Who = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A profile.", autocompletion=options.profile_names, show_default=False
    ),
]


def duet(
    first: Who,
    second: Who,
    turns: Annotated[int, typer.Option("--turns", "-n", metavar="N", help="Lines to say.")] = 20,
    topic: Annotated[
        str, typer.Option("--topic", "-t", metavar="TEXT", help="What the second one begins with.")
    ] = "",
    as_json: options.Json = False,
    incognito: options.Incognito = False,
    model: options.Model = None,
    device: options.Device = None,
    seed: options.Seed = None,
    temperature: options.Temperature = None,
) -> None:
    """Let two personas talk to each other. Ctrl+C ends it; everything said is kept."""
    from chatbot import config
    from chatbot.cli import stage

    flags = {"chat.incognito": incognito or None, **options.flags(model, device, seed, temperature)}
    stage.duet(config.load(flags), (first, second), turns=turns, topic=topic, as_json=as_json)
