"""`chatbot config`: where settings live, what they are, and changing one."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from chatbot.terminal import clean

app = typer.Typer(help="Show and change settings.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="SECTION.KEY", help="A setting, such as sampling.temperature.")]


@app.command()
def path() -> None:
    """Print where your settings file lives, whether it exists or not."""
    from chatbot import config

    print(config.config_path())


@app.command()
def show(
    all_settings: Annotated[bool, typer.Option("--all", help="Also those that are the default.")] = False,
) -> None:
    """Print the settings that differ from the defaults, and who set them."""
    from chatbot import config, config_file

    settings = config.load()
    named = [(f"presets.{name}", values, source) for name, values, source in config.presets(settings)]
    every = [*config.settings(settings), *named]
    shown = every if all_settings else [found for found in every if found[2] != "default"]
    for name, value, source in shown:
        print(clean(f"{name} = {config_file.literal(value)}  # {source}"))
    if not shown:
        print("Every setting is the default. See them with --all.", file=sys.stderr)


@app.command()
def template() -> None:
    """Print every setting with its default and what it does, as a file to start from."""
    from chatbot import config

    print(config.shipped_path().read_text(encoding="utf-8"), end="")


@app.command("set", context_settings={"ignore_unknown_options": True})  # a value may be -1
def set_(name: Name, value: Annotated[str, typer.Argument(metavar="VALUE", help="Its new value.")]) -> None:
    """Write one setting to your settings file; comments in it stay."""
    from chatbot import config, config_file

    print(f"{config_file.store(name, value)} written to {config.config_path()}")
    _say_what_wins(name)


@app.command()
def unset(name: Name) -> None:
    """Take one setting out of your settings file, so that the default holds again."""
    from chatbot import config, config_file

    config_file.store(name, None)
    known = any(name == setting for setting, _, _ in config.settings(config.Config()))
    done = "is the default again" if known else f"was taken out of {config.config_path()}"
    print(clean(f"{name} {done}"))
    _say_what_wins(name)


def _say_what_wins(name: str) -> None:
    from chatbot import config

    if variable := config.overruling(name):
        print(f"But {variable} is set, and a variable wins over the file.", file=sys.stderr)
