"""`chatbot storage`: where the file of the conversations is, whether it is sound, a copy of it, and back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli import stored
from chatbot.cli.options import AsJson
from chatbot.cli.printing import as_json as json_of
from chatbot.errors import UsageError
from chatbot.terminal import clean, counted, one_line

if TYPE_CHECKING:
    from storage import Report

app = typer.Typer(
    help="Back up, check and restore the file of the conversations.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def path(as_json: AsJson = False) -> None:
    """Print where conversations, memories and drafts are kept, whether the file exists or not."""
    place = stored.database()
    size = place.stat().st_size if place.exists() else None
    print(json_of({"path": str(place), "bytes": size}) if as_json else clean(str(place)))


@app.command()
def backup(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A new file, or a folder for it; else beside the database."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database into a new file and check the copy.

    It may be in use meanwhile. The copy is readable by you alone, and a file that exists is never written
    over. Your personas are files of their own, in the folder `profiles` beside the database.
    """
    from chatbot.config import expanded
    from storage import backup

    report = backup(stored.database(), file and expanded(file))
    if as_json:
        print(json_of(_fields(report)))
    else:
        unread = report.problems and not report.conversations
        what = "The file was" if unread else _counted(report)
        print(clean(f"{what} copied to {report.path}"))
    _leave(report, as_json)


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A backup; else the database itself.")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild-index", help="First make the index of the search anew.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that the database is sound: the file, every message's place, the index of the search.

    Exit code 1 when it is not; then it says what is wrong. Nothing is changed without --rebuild-index.
    """
    from chatbot.config import expanded
    from storage import check, rebuild_index

    if rebuild and file is not None:
        raise UsageError("--rebuild-index changes the database, not a backup. A restore does it by itself.")
    place = stored.database() if file is None else expanded(file)
    if rebuild and place.is_file():
        rebuild_index(place)
    report = check(place, ours=file is None)
    if as_json:
        print(json_of(_fields(report)))
    elif report.sound:
        print(clean(f"{report.path} is sound: version {report.version}, {_counted(report)}"))
    _leave(report, as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, of this version or an older one.")],
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the database, which is kept beside it.

    The backup is checked first and stays as it is. While chatbot runs elsewhere, nothing is restored.
    """
    from chatbot.config import expanded
    from storage import restore

    done = restore(expanded(file), stored.database())
    if as_json:
        kept = None if done.kept is None else str(done.kept)
        print(json_of({**_fields(done.report), "kept": kept, "version_of_backup": done.version}))
        return
    print(clean(f"{_counted(done.report)} restored to {done.report.path}"))
    if done.version < done.report.version:
        print(f"Brought from version {done.version} to {done.report.version}")
    if done.kept is not None:
        print(clean(f"The database that was there is kept as {done.kept}"))


def _counted(report: Report) -> str:
    return f"{counted(report.conversations, 'conversation')} with {counted(report.messages, 'message')}"


def _fields(report: Report) -> dict[str, Any]:
    return {**asdict(report), "path": str(report.path), "sound": report.sound}


def _leave(report: Report, as_json: bool) -> None:
    """With exit code 1, and in words what is wrong, when something is."""
    if report.sound:
        return
    if not as_json:
        print(clean(f"{report.path} is not sound:"))
        for problem in report.problems:
            print(f"- {one_line(problem)}")
        if report.stale_index:
            print(
                "- Search does not know what the messages say. Nothing that was said is lost; make its index "
                "anew with: chatbot storage check --rebuild-index"
            )
    raise typer.Exit(1)
