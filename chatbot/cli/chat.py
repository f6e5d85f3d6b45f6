"""`chatbot chat`: opens the terminal interface, the line chat, or gives one reply."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from chatbot.cli import options


class ChatCommand(TyperCommand):
    """Lets --resume stand alone for "the last one"."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for place, word in enumerate(args):
            if word in ("--resume", "-r") and (place + 1 == len(args) or args[place + 1].startswith("-")):
                args = [*args[: place + 1], "last", *args[place + 1 :]]
                break
        return super().parse_args(ctx, args)


def chat(
    profile: options.Profile = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume", "-r", metavar="[ID]", help="Go on with a conversation, by default the last."
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Chat line by line, with /commands.")] = False,
    inline: Annotated[
        bool, typer.Option("--inline", help="Open the full interface in some lines under the prompt.")
    ] = False,
    once: Annotated[
        str | None,
        typer.Option(
            "--once", metavar="TEXT", help="Print one reply and leave; - reads the text from input."
        ),
    ] = None,
    start_with: Annotated[
        str | None,
        typer.Option("--start-with", metavar="PREFIX", help="With --once: words that the reply begins with."),
    ] = None,
    as_json: options.Json = False,
    dials: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="ATTRIBUTE=ASPECT[:90%|:WEIGHT]",
            help="Turn a dial, or 'off'; repeatable.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", metavar="NAME", help="A named group of settings, such as lively."),
    ] = None,
    note: Annotated[
        str | None,
        typer.Option("--note", metavar="TEXT", help="What the model is told last in this conversation."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", metavar="TEXT", help="Where this conversation takes place."),
    ] = None,
    incognito: options.Incognito = False,
    measures: Annotated[
        bool, typer.Option("--measures", help="Line by line: say which aspects each reply has.")
    ] = False,
    model: options.Model = None,
    device: options.Device = None,
    seed: options.Seed = None,
    temperature: options.Temperature = None,
) -> None:
    """Talk to a persona.

    On a terminal this opens the full interface. In a pipe, with --plain, --once or --json, or where TERM is
    dumb, it reads lines and prints replies.
    """
    from chatbot import config
    from chatbot.cli import start

    settings = config.load(
        {
            "chat.profile": profile,
            "chat.preset": preset,
            "chat.incognito": incognito or None,
            "chat.measures": measures or None,
            **options.flags(model, device, seed, temperature),
        }
    )
    text = sys.stdin.read().removeprefix("\ufeff") if once == "-" else once
    raise typer.Exit(
        start.chat(
            settings,
            resume,
            dials or [],
            note=note,
            scenario=scenario,
            plain=plain,
            inline=inline,
            once=text,
            start_with=start_with,
            as_json=as_json,
        )
    )
