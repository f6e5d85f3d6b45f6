"""`chatbot profile`: make, look at, change and share personas."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.cli.options import profile_names
from chatbot.terminal import clean, one_line

if TYPE_CHECKING:
    from profiles.store import ProfileStore

app = typer.Typer(
    help="Make, look at, change and share personas.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="A profile.", autocompletion=profile_names)]
New = Annotated[str, typer.Argument(metavar="NEW", help="Letters, digits, '-' and '_'.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Format(StrEnum):
    json = "json"
    png = "png"
    charx = "charx"


@app.command()
def create(
    name: New,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ATTRIBUTE=ASPECT[:WEIGHT]", help="An attribute; repeatable."),
    ] = None,
    facts: Annotated[
        list[str] | None,
        typer.Option("--fact", metavar="TEXT", help="A short fact in the first person; repeatable."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="Begin with this one.", autocompletion=profile_names),
    ] = None,
    greeting: Annotated[str | None, typer.Option(metavar="TEXT", help="What it says first.")] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="Who it is, for the list.")] = None,
) -> None:
    """Make a persona: by questions on a terminal, or by flags."""
    from chatbot.cli import authoring
    from profiles.names import checked_name
    from profiles.profile import Profile

    store, attributes, name = _store(), _model_attributes(), checked_name(name)
    store.check_free(name)
    texts = {"greeting": greeting, "description": description}
    if any(flag is not None for flag in (sets, facts, source, *texts.values())):
        draft = store.load(source).changed(name=name) if source else Profile(name=name)
        draft = authoring.flagged(draft, sets or [], facts or [], texts)
    else:
        draft = authoring.asked(Profile(name=name), attributes)
    path = store.save(authoring.check(draft, attributes))
    print(f"Saved {path}\nTalk to it: chatbot chat --profile {name}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List all personas; broken files are named on standard error."""
    from chatbot.cli import portrait

    listing = _store().list()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print(portrait.listing_json(listing) if as_json else portrait.table(listing.profiles, width))
    for fault in portrait.faults(listing.broken):
        print(fault, file=sys.stderr)


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show everything about one persona."""
    from chatbot.cli import portrait
    from profiles.store import StoredProfile

    store = _store()
    stored = StoredProfile(store.load(name), store.path(name), store.is_builtin(name))
    print(portrait.sheet_json(stored) if as_json else portrait.sheet(stored))


@app.command()
def edit(name: Name) -> None:
    """Open a persona in $VISUAL or $EDITOR.

    Editing a built-in one makes your own version of it, which stands in front.
    """
    from chatbot.cli import authoring

    store = _store()
    saved = authoring.edited(store, store.find(name)[0], _model_attributes())
    print(f"Saved {saved}" if saved else "Nothing changed")


@app.command()
def delete(name: Name, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete a persona of yours. Conversations with it stay."""
    from chatbot.cli import authoring

    store = _store()
    name, path = store.find(name)
    if not yes and not store.is_builtin(name) and not authoring.agreed(f"Delete {path}?"):
        print("Nothing was deleted.", file=sys.stderr)
        return
    store.delete(name)
    print(f"Deleted {name}" + (", the built-in one shows again" if name in store.names() else ""))


@app.command()
def rename(name: Name, new: New) -> None:
    """Give a persona of yours another name."""
    print(f"Saved {_store().rename(name, new)}")


@app.command()
def copy(name: Name, new: New) -> None:
    """Make a persona of your own from any other."""
    print(f"Saved {_store().copy(name, new)}")


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A card.")],
    name: Annotated[str | None, typer.Option("--name", metavar="NEW", help="Another name for it.")] = None,
) -> None:
    """Make a persona from a character card: PNG, JSON or CHARX, version 1, 2 or 3."""
    from chatbot.cli import sharing

    path, notes, warnings = sharing.imported(_store(), source, name or "", _model_attributes())
    for warning in warnings:
        print(f"Warning: {one_line(warning)}", file=sys.stderr)
    if notes:
        print(f"Its creator says: {clean(notes)}")
    print(f"Saved {path}\nTalk to it: chatbot chat --profile {path.stem}")


@app.command()
def export(
    name: Name,
    form: Annotated[Format | None, typer.Option("--format", "-f", help="Of the card.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A new file; else standard output.")
    ] = None,
) -> None:
    """Make a character card. Without --format the name of the file decides, and else it is JSON."""
    from chatbot.cli import sharing

    for warning in sharing.exported(_store(), name, form, output):
        print(f"Warning: {one_line(warning)}", file=sys.stderr)
    if output is not None:
        print(f"{name} written to {output}")


def _store() -> ProfileStore:
    from chatbot import config
    from profiles.store import ProfileStore

    return ProfileStore(config.load().profiles_folder)


def _model_attributes() -> Mapping[str, Sequence[str]] | None:
    from chatbot import config
    from chatbot.cli import authoring

    return authoring.attributes_of(config.load().model_folder)
