"""`chatbot memory`: what personas know of the user; read it, add to it, take it away."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli import options
from chatbot.cli.printing import as_json as json_of
from chatbot.cli.stored import open_manager, persona_named, say_what_is_left, settings
from chatbot.terminal import clean, columns, counted, one_line

if TYPE_CHECKING:
    from storage import Memory

app = typer.Typer(
    help="See and change what personas know of you.", no_args_is_help=True, rich_markup_mode=None
)
EVERYONE = "everyone"  # in place of a persona's name, for what all of them know
Whose = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        help="What this persona knows, with what everyone knows.",
        autocompletion=options.profile_names,
    ),
]


@app.command("list")
def list_(profile: Whose = None, as_json: options.AsJson = False) -> None:
    """List what is known, the oldest first."""
    config = settings()
    with open_manager(config) as manager:
        if profile is not None and profile != EVERYONE:
            told = {memory.profile_name for memory in manager.memories()}
            profile = profile if profile in told else persona_named(manager, config, profile)
        known = manager.memories(profile)
    if as_json:
        print(json_of([_fields(memory) for memory in known]))
    elif known:
        print(_table(known))
    else:
        print("Nothing is remembered yet.", file=sys.stderr)


@app.command()
def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help='A short sentence: "I have a dog called Rex."')],
    profile: Annotated[
        str, typer.Option("--profile", "-p", metavar="NAME", help=f"Who is to know it, or '{EVERYONE}'.")
    ],
    as_json: options.AsJson = False,
) -> None:
    """Let a persona know something of you."""
    from chatbot.memory.memories import write_down

    with open_manager() as manager:
        kept = write_down(manager, _known(profile), text)
    print(json_of([_fields(memory) for memory in kept]) if as_json else _table(kept))


@app.command()
def forget(
    number: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=options.LARGEST, help="The number of the memory.")
    ],
    as_json: options.AsJson = False,
) -> None:
    """Forget one thing for good: nothing of it is left in the file."""
    from chatbot.memory.memories import spoken_of

    with open_manager() as manager:
        gone = manager.forget(number)
    say_what_is_left(manager)
    print(json_of(_fields(gone)) if as_json else clean(f"Forgotten: {spoken_of(gone.text)}"))


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A new file; without one, standard output.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Write everything that is known as lines of text, or as JSON."""
    from chatbot.config import expanded
    from storage.transfer import write_new

    with open_manager() as manager:
        known = manager.memories()
    as_json = as_json or (file is not None and file.suffix.lower() == ".json")
    lines = [f"{memory.profile_name or EVERYONE}: {one_line(memory.text)}\n" for memory in known]
    text = f"{json_of([_fields(memory) for memory in known])}\n" if as_json else "".join(lines)
    if file is None or str(file) == "-":
        print(text, end="")
        return
    write_new({expanded(file): text.encode()})
    print(clean(f"{counted(len(known), 'memory')} written to {file}"))


def _known(name: str) -> str:
    """The name under which a persona's memories are kept; "" for everyone's."""
    from chatbot import config
    from profiles import ProfileStore, find

    if name == EVERYONE:
        return ""
    return find(ProfileStore(config.load().profiles_folder), name).name


def _table(memories: Sequence[Memory]) -> str:
    from chatbot.memory.memories import spoken_of

    wide = max(len(str(memory.id)) for memory in memories)
    return "\n".join(
        columns(
            [
                (f"{m.id:>{wide}}", one_line(m.profile_name) or EVERYONE, one_line(spoken_of(m.text)))
                for m in memories
            ]
        )
    )


def _fields(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.id,
        "profile": memory.profile_name,
        "kind": memory.kind,
        "text": memory.text,
        "message": memory.message_id,
        "created_at": memory.created_at.isoformat(),
    }
