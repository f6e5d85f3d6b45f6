"""`chatbot conversation export` and `import`: conversations to files and from those of other programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli.options import AsJson, Reference, profile_names
from chatbot.cli.printing import as_json as json_of
from chatbot.cli.stored import open_manager, settings
from chatbot.errors import UsageError
from chatbot.terminal import clean, counted, one_line

if TYPE_CHECKING:
    from chatbot.config import Config
    from storage import ConversationManager, Reading
    from storage.branches import Tree

Snapshot = Mapping[str, Any]


class Format(StrEnum):
    markdown = "markdown"
    json = "json"
    text = "text"
    sillytavern = "sillytavern"


def export(
    reference: Reference,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A new file or a folder for it; - or none: standard output."),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="JSON keeps everything; the others the active path."),
    ] = None,
    branches: Annotated[
        Path | None,
        typer.Option("--all-branches", metavar="DIR", help="Every branch as a SillyTavern file of its own."),
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Take names, places, addresses and phone numbers out.")
    ] = False,
    persona: Annotated[
        bool, typer.Option("--redact-persona", help="The same, and the persona's name too.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", hidden=True)] = None,
) -> None:
    """Export a conversation.

    Without --format the ending of FILE decides: .md (Markdown, to read), .json (everything, to import again),
    .txt (plain text) or .jsonl (SillyTavern). To standard output it is Markdown.

    With --redact names become [name 1], [place 1], ...: yours, those that personas know of you, and what is
    written like a name. It is made for English, and it cannot find all: read the export before you share it.
    """
    if sum(target is not None for target in (file, output, branches)) > 1:
        raise UsageError("An export goes to one place. Give a FILE or --all-branches DIR, not both.")
    written(reference, form or "", file or output, branches, redact=redact or persona, persona=persona)


def import_(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files; - reads standard input.")],
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", "-p", metavar="NAME", help="Who speaks from now on.", autocompletion=profile_names
        ),
    ] = None,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="The user's name in the chat.")] = "",
    character: Annotated[
        str, typer.Option("--character", metavar="NAME", help="The character's name in the chat.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Import conversations: JSON exports, SillyTavern chats (.jsonl), plain text with 'name: ' lines.

    The persona is the one of the file, else the profile with the character's name, else a bare one.
    """
    raise typer.Exit(imported(files, profile, user, character, as_json=as_json))


def written(
    reference: str, form: str, file: Path | None, branches: Path | None, *, redact: bool, persona: bool
) -> None:
    """Write the export and say where it is, or print it; what was taken out is said beside it."""
    from chatbot.config import expanded
    from storage import export_branches, export_file, transfer
    from storage.errors import UnknownEndingError

    if branches is not None and form not in ("", Format.sillytavern):
        raise UsageError(f"--all-branches writes SillyTavern files, not {form}. Leave out --format.")
    config = settings()
    with open_manager(config) as manager:
        found = manager.get(reference).id
        how: dict[str, Any] = {"user_name": config.chat.user_name}
        if redact:
            how["change"] = _without_names(config, manager, persona=persona)
        if branches is not None:
            paths = export_branches(manager, found, expanded(branches), **how)
        elif file is not None and str(file) != "-":
            try:
                paths = [export_file(manager, found, expanded(file), form, **how)]
            except UnknownEndingError as error:
                raise UsageError(f"{error} Or give the format with --format.") from error
        else:
            text = transfer.exported(manager, found, form or Format.markdown, **how, ascii_only=True)
            print(clean(text), end="" if text.endswith("\n") else "\n")
            return
    for path in paths:
        print(clean(f"{found} written to {path}"))


def imported(files: list[str], profile: str | None, user: str, character: str, *, as_json: bool) -> int:
    """Import files one by one and report on each; the exit code.

    0: all are stored. 1: some are, or the database failed. 2: none is, and nothing was changed.
    """
    from profiles import ProfileError
    from storage import StorageError, transfer

    config = settings()
    persona = _persona(config, profile)
    reports: list[dict[str, Any]] = []
    codes: list[int] = []
    with open_manager(config) as manager:
        for file in files:
            try:
                reading = _read(file, user=user, character=character, called=config.chat.user_name)
                reading = transfer.store(manager, reading, persona(reading))
            except (ProfileError, StorageError) as error:
                reports.append({"file": file, "error": str(error)})
                codes.append(error.exit_code)
            else:
                reports.append(_report(file, reading))
                codes.append(0)
            _told(reports[-1], several=len(files) > 1, as_json=as_json)
    if as_json:
        print(json_of(reports))
    return codes[0] if len(set(codes)) == 1 else 1


def _without_names(config: Config, manager: ConversationManager, *, persona: bool) -> Callable[[Tree], Tree]:
    """How an export loses its names, and says on standard error what it lost."""
    from chatbot.redaction import redacted

    def change(tree: Tree) -> Tree:
        done = redacted(
            tree,
            manager.memories(),
            user_name=config.chat.user_name,
            user_facts=config.chat.user_facts,
            persona=persona,
        )
        print(done.told(), file=sys.stderr)
        return done.tree

    return change


def _read(file: str, **who: str) -> Reading:
    from chatbot.config import expanded
    from profiles import cards
    from storage import RefusedValueError, transfer

    path = None if file == "-" else expanded(file)
    data = transfer.content(path) if path else sys.stdin.buffer.read(transfer.MAX_FILE + 1)
    name = path.name if path else ""
    try:
        return transfer.read(data, name, **who)
    except RefusedValueError:
        if not cards.is_card(data):
            raise
        raise RefusedValueError(
            f"An import is a conversation, and {name or 'this'} is a character card. Nothing was imported. "
            "Make a persona of it: chatbot profile import FILE"
        ) from None


def _persona(config: Config, wanted: str | None) -> Callable[[Reading], Snapshot | None]:
    """Who speaks in a conversation from now on, as a snapshot; None keeps the one of the file."""
    from profiles import Profile, ProfileStore, UnknownProfileError, find
    from profiles.names import slug

    store = ProfileStore(config.profiles_folder)
    if wanted is not None:
        snapshot = find(store, wanted).model_dump(mode="json")
        return lambda reading: snapshot

    def named(reading: Reading) -> Snapshot | None:
        if reading.form == Format.json:
            return None
        name = slug(reading.conversation.profile_name) or "character"
        try:
            return store.load(name).model_dump(mode="json")
        except UnknownProfileError:
            bare = f"There is no persona '{name}' here, so this one has neither facts nor dials."
            print(f"Note: {bare} Import it again with --profile NAME for another.", file=sys.stderr)
            return Profile(name=name).model_dump(mode="json")

    return named


def _report(file: str, reading: Reading) -> dict[str, Any]:
    conversation = reading.conversation
    return {
        "file": file,
        "id": conversation.id,
        "title": conversation.title,
        "profile_name": conversation.profile_name,
        "messages": conversation.message_count,
        "format": reading.form,
        "unreadable_lines": reading.unreadable,
        "warnings": list(reading.warnings),
        "error": None,
    }


def _told(report: Mapping[str, Any], *, several: bool, as_json: bool) -> None:
    """Say how it went with a file: what was stored on standard output, everything else beside it."""
    place = f"{one_line(report['file'])}: " if several else ""
    if report["error"]:
        print(f"Error: {place}{one_line(report['error'])}", file=sys.stderr)
        return
    for warning in report["warnings"]:
        print(f"Note: {place}{one_line(warning)}", file=sys.stderr)
    if not as_json:
        count = counted(report["messages"], "message")
        print(clean(f"{place}Imported {report['id']} {report['title']} ({count})"))
