"""`chatbot profile`: make, look at, change and share personas."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.cli.options import AsJson, Yes, profile_names
from chatbot.terminal import one_line

if TYPE_CHECKING:
    from profiles.store import ProfileStore

app = typer.Typer(
    help="Make, look at, change and share personas.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="A profile.", autocompletion=profile_names)]
New = Annotated[str, typer.Argument(metavar="NEW", help="Letters, digits, '-' and '_'.")]
Version = Annotated[int, typer.Argument(metavar="VERSION", help="A number that `history` lists.")]


class Format(StrEnum):
    json = "json"
    png = "png"
    charx = "charx"


@app.command()
def create(
    name: New,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ATTRIBUTE=ASPECT[:90%|:WEIGHT]", help="An attribute; repeatable."),
    ] = None,
    facts: Annotated[
        list[str] | None,
        typer.Option("--fact", metavar="TEXT", help="A short fact in the first person; repeatable."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="NAME", help="Begin with this one, or a blend.", autocompletion=profile_names
        ),
    ] = None,
    greeting: Annotated[str | None, typer.Option(metavar="TEXT", help="What it says first.")] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="Who it is, for the list.")] = None,
    called: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it is called in a chat, if not NEW.")
    ] = None,
) -> None:
    """Make a persona: by questions on a terminal, or by flags."""
    from chatbot.cli import authoring
    from profiles import Profile, find
    from profiles.names import checked_name

    store, attributes, name = _store(), _model_attributes(), checked_name(name)
    store.check_free(name)
    texts = {"greeting": greeting, "description": description, "display_name": called}
    if any(flag is not None for flag in (sets, facts, source, *texts.values())):
        draft = find(store, source).changed(name=name, display_name="") if source else Profile(name=name)
        draft = authoring.flagged(draft, sets or [], facts or [], texts)
    else:
        draft = authoring.asked(Profile(name=name), attributes)
    path = store.save(authoring.check(draft, attributes))
    print(f"Saved {path}\nTalk to it: chatbot chat --profile {name}")


@app.command("list")
def list_(
    tag: Annotated[str | None, typer.Option("--tag", metavar="T", help="Only those with this tag.")] = None,
    favourite: Annotated[bool, typer.Option("--favourite", help="Only favourites.")] = False,
    as_json: AsJson = False,
) -> None:
    """List all personas, favourites first; broken files are named on standard error."""
    from chatbot import config
    from chatbot.cli import portrait
    from profiles.store import ProfileStore

    settings = config.load()
    listing = portrait.chosen(ProfileStore(settings.profiles_folder).list(), tag, favourite)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    user = settings.chat.user_name
    if as_json:
        print(portrait.listing_json(listing))
    elif listing.profiles:
        print(portrait.table(listing.profiles, width, user))
    else:  # every tag has a persona
        print("No favourite is among them. See: chatbot profile favourite --help", file=sys.stderr)
    for fault in portrait.faults(listing.broken):
        print(fault, file=sys.stderr)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show everything about one persona or blend."""
    from chatbot.cli import portrait
    from profiles.blend import find, is_blend
    from profiles.store import StoredProfile

    store = _store()
    profile = find(store, name)
    path = None if is_blend(name) else store.path(name)
    builtin = path is not None and store.is_builtin(name)
    stored = StoredProfile(profile, path, builtin, profile.name in store.favourites)
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
def delete(name: Name, yes: Yes = False) -> None:
    """Delete a persona of yours. Conversations with it stay, and `rollback` brings it back."""
    from chatbot.cli.stored import agreed
    from profiles import versions
    from profiles.history import UNREADABLE

    store = _store()
    name, path = store.find(name)
    if not yes and not store.is_builtin(name) and not agreed(f"Delete {path}?"):
        print("Nothing was deleted.", file=sys.stderr)
        return
    store.delete(name)
    last = versions.versions(store, name)[-1]
    print(f"Deleted {name}" + (", the built-in one shows again" if name in store.names() else ""))
    if last.digest == UNREADABLE:
        print(f"What stood in it is kept: {last.path}")
    else:
        print(f"Bring it back: chatbot profile rollback {name} {last.number}")


@app.command()
def rename(name: Name, new: New) -> None:
    """Give a persona of yours another name. Its conversations and what it knows of you go with it."""
    from chatbot.cli.stored import database, open_manager

    store = _store()
    old = store.find(name)[0]
    with open_manager() if database().exists() else nullcontext() as manager:
        saved = store.rename(old, new)
        if manager is not None:
            manager.rename_persona(old, saved.stem)
    print(f"Saved {saved}")


@app.command()
def copy(name: Name, new: New) -> None:
    """Make a persona of your own from any other, or from a blend."""
    from profiles.blend import find, is_blend
    from profiles.names import checked_name

    store = _store()
    if is_blend(name):
        saved = store.save(find(store, name).changed(name=checked_name(new), display_name=""))
    else:
        saved = store.copy(name, new)
    print(f"Saved {saved}")


@app.command()
def favourite(name: Name, off: Annotated[bool, typer.Option("--off", help="Not any more.")] = False) -> None:
    """Make a persona a favourite: lists begin with it."""
    store = _store()
    name = store.find(name)[0]
    store.favourites.set(name, favourite=not off)
    print(f"{name} is {'no favourite any more' if off else 'a favourite'}")


@app.command()
def history(name: Name, as_json: AsJson = False) -> None:
    """List every version of a persona, also of a deleted one.

    The digest is the one that replies and conversations were made with.
    """
    from chatbot.cli import versions as shown
    from profiles import versions

    found = versions.versions(_store(), name)
    print(shown.as_json(found) if as_json else shown.table(found))


@app.command()
def diff(
    name: Name,
    older: Annotated[
        int | None, typer.Argument(metavar="VERSION", help="By default the last before now.")
    ] = None,
    newer: Annotated[int | None, typer.Argument(metavar="VERSION", help="By default the one now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed in a persona between two versions, as a unified diff of their files."""
    from chatbot.cli import versions as shown
    from profiles import versions

    store = _store()
    pair = shown.chosen(store, name, older, newer)
    name = versions.known(store, name)
    if as_json:
        print(shown.difference_json(name, *pair))
    else:
        print(shown.difference(name, *pair) or "They say the same.")


@app.command()
def rollback(name: Name, version: Version) -> None:
    """Let an earlier version of a persona stand again. The one before it stays in the history."""
    from profiles import versions

    print(f"Saved {versions.rollback(_store(), name, version)}")


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A card.")],
    name: Annotated[str | None, typer.Option("--name", metavar="NEW", help="Another name for it.")] = None,
) -> None:
    """Make a persona from a character card: PNG, JSON or CHARX, version 1, 2 or 3."""
    from chatbot import config
    from chatbot.cli import sharing
    from chatbot.persona import NAMELESS

    path, told, warnings = sharing.imported(_store(), source, name or "", _model_attributes())
    for warning in warnings:
        print(f"Warning: {one_line(warning)}", file=sys.stderr)
    print(*told, f"Saved {path}", sep="\n")
    if "{{user}}" in path.read_text(encoding="utf-8").lower() and not config.load().chat.user_name:
        print(f'It calls you "{NAMELESS}" until you say your name: chatbot config set chat.user_name NAME')
    print(f"Change it: chatbot profile edit {path.stem}\nTalk to it: chatbot chat --profile {path.stem}")


@app.command()
def export(
    name: Name,
    form: Annotated[Format | None, typer.Option("--format", "-f", help="Of the card.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A new file; else standard output.")
    ] = None,
) -> None:
    """Make a character card. Without --format the ending of FILE decides; without one it is JSON."""
    from chatbot.cli import sharing

    store = _store()
    name = store.find(name)[0]
    for warning in sharing.exported(store, name, form, output):
        print(f"Warning: {one_line(warning)}", file=sys.stderr)
    if output is not None and str(output) != "-":
        print(f"{name} written to {output}")


def _store() -> ProfileStore:
    from chatbot import config
    from profiles.store import ProfileStore

    return ProfileStore(config.load().profiles_folder)


def _model_attributes() -> Mapping[str, Sequence[str]] | None:
    from chatbot import config
    from chatbot.cli import authoring

    return authoring.attributes_of(config.load().model_folder)
