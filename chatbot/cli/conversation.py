"""`chatbot conversation`: find, read, keep and give away what was said."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.cli import transfer
from chatbot.errors import UsageError
from chatbot.terminal import clean, one_line

if TYPE_CHECKING:
    from storage import ConversationManager

app = typer.Typer(
    help="Find, read, export and delete conversations.", no_args_is_help=True, rich_markup_mode=None
)
Reference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help="An id, the beginning of one, an exact title, or 'last'."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=1, metavar="N", help="At most so many.")]


def _manager() -> ConversationManager:
    from chatbot import config
    from storage import ConversationManager

    # Incognito is about chats to come; what is stored can be looked at all the same.
    return ConversationManager(config.load({"chat.incognito": False}).database)


@app.command("list")
def list_(
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", metavar="NAME", help="Only with this persona.")
    ] = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """List conversations, the newest first."""
    from chatbot.cli import transcript

    with _manager() as manager:
        found = manager.list(limit=limit, profile_name=profile)
    if as_json:
        print(transcript.listing_json(found))
    elif found:
        print(transcript.table(found))
    else:
        print("There are no conversations yet. Begin one with: chatbot chat", file=sys.stderr)


@app.command()
def show(reference: Reference, as_json: Json = False) -> None:
    """Print the active path of a conversation."""
    from chatbot.cli import transcript

    with _manager() as manager:
        conversation = manager.get(reference)
        path = manager.path(conversation.id)
    print(transcript.sheet_json(conversation, path) if as_json else transcript.sheet(conversation, path))


@app.command()
def resume(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Which one.")] = "last",
) -> None:
    """Go on with a conversation, as chatbot chat --resume does."""
    from chatbot import config
    from chatbot.cli import start

    raise typer.Exit(start.chat(config.load(), reference, []))


@app.command()
def rename(
    reference: Reference, title: Annotated[str, typer.Argument(metavar="TITLE", help="Its new title.")]
) -> None:
    """Give a conversation another title."""
    with _manager() as manager:
        renamed = manager.rename(manager.get(reference).id, title)
    print(clean(f"{renamed.id} is now called {renamed.title}"))


@app.command()
def delete(
    references: Annotated[list[str], typer.Argument(metavar="REFERENCE", help="One or more.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete conversations for good.

    Nothing of them is left in the file, its index and its log.
    """
    with _manager() as manager:
        doomed = {found.id: found for found in map(manager.get, references)}
        if not yes and not _agreed([f"{found.id} {found.title!r}" for found in doomed.values()]):
            print("Nothing was deleted.", file=sys.stderr)
            return
        wiped = True
        for found in doomed.values():
            wiped = manager.delete(found.id)
            print(clean(f"Deleted {found.id} {found.title}"))
    if not wiped:
        print("Some of the text may stay on disk until other programs close the file.", file=sys.stderr)


def _agreed(names: list[str]) -> bool:
    """Whether the person at the terminal says yes; UsageError when nobody is there."""
    if not sys.stdin.isatty():
        raise UsageError(
            "Deleting asks first, and there is no terminal to ask on. Add --yes to delete at once."
        )
    print(f"Delete {one_line(', '.join(names))} for good? [y/N]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="All of them must occur.")],
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Find messages by their words, the best match first. The last word may be unfinished."""
    from chatbot.cli import transcript

    query = " ".join(words)
    with _manager() as manager:
        found = manager.search(query, limit or 20)
    if as_json:
        print(transcript.hits_json(found))
    elif found:
        print(transcript.hits(found, colour=sys.stdout.isatty()))
    else:
        print(f"No message contains {one_line(repr(query))}.", file=sys.stderr)


app.command("export")(transfer.export)
app.command("import")(transfer.import_)
