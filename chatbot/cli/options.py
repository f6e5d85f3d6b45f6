"""Options that several commands share, and the settings that they stand for."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.errors import ChatbotError, UsageError


def profile_names(incomplete: str) -> list[str]:
    """The profiles whose names begin so, for shell completion, which has no place for errors."""
    from chatbot import config
    from profiles import ProfileError, ProfileStore

    try:
        names = ProfileStore(config.load().profiles_folder).names()
    except (ChatbotError, ProfileError):
        return []
    begun, comma, last = incomplete.rpartition(",")  # of a blend the last name
    return [f"{begun}{comma}{name}" for name in names if name.startswith(last)]


LARGEST = 2**63 - 1  # what the database can count to
Reference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help="An id, the beginning of one, an exact title, or 'last'."),
]
Within = Annotated[
    str | None, typer.Option("--conversation", "-c", metavar="REFERENCE", help="Only in this one.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Incognito = Annotated[bool, typer.Option("--incognito", help="Store nothing on disk.")]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        help="Whom to talk to; a blend: a:0.6,b:0.4.",
        autocompletion=profile_names,
    ),
]
Model = Annotated[str | None, typer.Option("--model", metavar="PATH", help="A model folder, or 'embedded'.")]
Device = Annotated[str | None, typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda or mps.")]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="The same seed gives the same replies; -1: any.")
]
Temperature = Annotated[
    float | None, typer.Option("--temperature", metavar="T", help="0 takes the likeliest word, 1 is free.")
]
Json = Annotated[bool, typer.Option("--json", help="Print events as JSON, one a line.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
InputFile = Annotated[Path, typer.Argument(metavar="IN.jsonl", help="One request a line; - reads them.")]


def flags(
    model: str | None, device: str | None, seed: int | None = None, temperature: float | None = None
) -> dict[str, Any]:
    """The settings that these options stand for."""
    modelled = {"model.path": model, "model.device": device}
    return {**modelled, "sampling.seed": seed, "sampling.temperature": temperature}


def alone(context: typer.Context) -> bool:
    """Whether a group is called without a command, before which it has no options."""
    for option in context.command.params if context.invoked_subcommand else ():
        source = context.get_parameter_source(option.name or "")
        if source and source.name == "COMMANDLINE":
            raise UsageError(f"{option.opts[0]} stands before {context.invoked_subcommand!r}. Put it behind.")
    return not context.invoked_subcommand


def unwritable(folder: Path) -> Path | None:
    """What exists of the way to a folder that is to be made, where nothing can be made in it."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    return None if place.is_dir() and os.access(place, os.W_OK) else place


def check_folder(flag: str, folder: Path) -> None:
    """UsageError where no such folder can be made or written into."""
    if place := unwritable(folder):
        raise UsageError(f"{flag} makes a folder to write into; {str(place)!r} is none. Name another.")


def check_judge(extra: str) -> None:
    """UsageError where scikit-learn is not installed; before what needs it is imported."""
    if find_spec("sklearn") is None:
        raise UsageError(
            "A judge of replies needs scikit-learn, which is not installed. "
            f"Install it with: pip install 'chatbot[{extra}]'"
        )


def check_file(output: Path) -> None:
    """UsageError where no file can be written; before the long work, not after it."""
    place = output if output.exists() else output.parent
    if place.is_dir() == output.exists() or not os.access(place, os.W_OK):
        raise UsageError(
            "--output writes a file, into a folder that exists and may be written; "
            f"{str(output)!r} is none. Name another."
        )
