"""`chatbot sweep`: one message, answered at several strengths or by several personas."""

from __future__ import annotations

from typing import Annotated

import typer

from chatbot.cli import options


def sweep(
    text: Annotated[str, typer.Argument(metavar="MESSAGE", help="What is replied to.")],
    profile: options.Profile = None,
    dial: Annotated[
        str | None, typer.Option("--dial", metavar="ATTRIBUTE=ASPECT", help="The dial to turn.")
    ] = None,
    strengths: Annotated[
        str | None,
        typer.Option("--strengths", metavar="S,S,...", help="0 is off; 0.5 and 50% are strengths."),
    ] = None,
    profiles: Annotated[
        str | None,
        typer.Option(
            "--profiles", metavar="NAME,NAME,...", help="Or: who is to reply; with blends, 'A:2,B; C'."
        ),
    ] = None,
    as_json: options.AsJson = False,
    model: options.Model = None,
    device: options.Device = None,
    seed: options.Seed = None,
    temperature: options.Temperature = None,
) -> None:
    """Show replies to one message side by side: at several strengths, or by several personas."""
    from chatbot import config
    from chatbot.cli import stage

    settings = config.load({"chat.profile": profile, **options.flags(model, device, seed, temperature)})
    stage.sweep(settings, text, dial=dial, values=strengths, names=profiles, as_json=as_json)
