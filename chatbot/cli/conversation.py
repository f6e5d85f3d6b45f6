"""`chatbot conversation`: find, read, keep and give away what was said."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Annotated

import typer

from chatbot.cli import transfer
from chatbot.cli.options import LARGEST, AsJson, Reference, Within, Yes, profile_names
from chatbot.cli.printing import as_json as json_of
from chatbot.cli.stored import (
    agreed,
    last_message,
    open_manager,
    persona_named,
    say_what_is_left,
    settings,
)
from chatbot.errors import UsageError
from chatbot.terminal import clean, one_line

app = typer.Typer(
    help="Find, read, export and delete conversations.", no_args_is_help=True, rich_markup_mode=None
)
References = Annotated[list[str], typer.Argument(metavar="REFERENCE", help="One or more.")]
Persona = Annotated[
    str | None,
    typer.Option(
        "--profile", "-p", metavar="NAME", help="Only with this persona.", autocompletion=profile_names
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, max=LARGEST, metavar="N", help="At most so many.")
]


@app.command("list")
def list_(
    profile: Persona = None,
    archived: Annotated[bool, typer.Option("--archived", help="Only the archived ones.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="The archived ones too.")] = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List conversations, the newest first."""
    from chatbot.cli import transcript

    if archived and everything:
        raise UsageError("--archived lists some and --all lists every conversation. Give one of them.")
    config = settings()
    with open_manager(config) as manager:
        name = persona_named(manager, config, profile)
        found = manager.list(limit=limit, profile_name=name, archived=None if everything else archived)
        put_away = not archived and manager.list(limit=1, profile_name=name, archived=True)
    if as_json:
        print(transcript.listing_json(found))
    elif found:
        print(transcript.table(found))
    else:
        asked = profile if profile and "," in profile else name  # a blend is not found by its own name
        print(_none_listed(name, asked, archived=archived, put_away=bool(put_away)), file=sys.stderr)


def _none_listed(name: str | None, asked: str | None, *, archived: bool, put_away: bool) -> str:
    who = f" with {one_line(name)}" if name else ""
    flag = f" --profile {shlex.quote(one_line(asked))}" if asked else ""
    if put_away:
        return f"Every conversation{who} is archived. See: chatbot conversation list --archived{flag}"
    if archived:
        return f"No conversation{who} is archived."
    return f"There are no conversations{who} yet. Begin one with: chatbot chat{flag}"


@app.command()
def show(reference: Reference, as_json: AsJson = False) -> None:
    """Print the active path of a conversation."""
    from chatbot.cli import transcript

    with open_manager() as manager:
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
    reference: Reference,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Its new title.")],
    as_json: AsJson = False,
) -> None:
    """Give a conversation another title."""
    from chatbot.cli import transcript

    with open_manager() as manager:
        renamed = manager.rename(manager.get(reference).id, title)
    if as_json:
        print(transcript.listing_json([renamed]))
    else:
        print(clean(f"{renamed.id} is now called {renamed.title}"))


@app.command()
def narrate(
    reference: Reference,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What happens; - reads it.")],
    as_json: AsJson = False,
) -> None:
    """Add what happens, said by neither side, at the end of the active path. It asks for no reply."""
    from chatbot.cli import transcript
    from chatbot.conversing import Conversing

    with open_manager() as manager:
        found = manager.get(reference)
        told = Conversing.checked(sys.stdin.read() if text == "-" else text)
        added = manager.add_message(found.id, role="narrator", text=told)
    if as_json:
        print(json_of(transcript.fields_of(added)))
    else:
        print(f"Message {added.id} of {found.id} is narration")


@app.command()
def undo(reference: Reference, as_json: AsJson = False) -> None:
    """Take back your last message and what followed it, and print its text.

    The active path ends before it. Nothing is deleted: `message select` goes back to it.
    """
    from chatbot.cli.message import unsay

    with open_manager() as manager:
        found = manager.get(reference)
        message = manager.undo(found.id)
        unsay(manager, message)
        head = manager.get(found.id).head_id
    if as_json:
        print(json_of({"conversation_id": found.id, "head_id": head, "text": message.text}))
    else:
        print(clean(message.text))
    say_what_is_left(manager)


@app.command()
def archive(references: References, as_json: AsJson = False) -> None:
    """Put conversations away: out of the list, found by search and by their names as before."""
    _put(references, archived=True, as_json=as_json)


@app.command()
def unarchive(references: References, as_json: AsJson = False) -> None:
    """Put archived conversations back into the list."""
    _put(references, archived=False, as_json=as_json)


def _put(references: list[str], *, archived: bool, as_json: bool) -> None:
    from chatbot.cli import transcript

    with open_manager() as manager:
        ids = dict.fromkeys(manager.get(reference).id for reference in references)
        done = [manager.archive(found, archived) for found in ids]
    verb = "archived" if archived else "in the list again"
    lines = [clean(f"{found.id} {found.title} is {verb}") for found in done]
    print(transcript.listing_json(done) if as_json else "\n".join(lines))


@app.command()
def fork(
    reference: Reference,
    message: Annotated[
        int | None,
        typer.Option("--message", "-m", metavar="N", min=1, help="The last message to take along."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go another way from here on: copy the path to a message into a new conversation.

    Without --message it is the whole active path. The numbers of messages are in: chatbot conversation tree
    """
    from chatbot.cli import transcript

    with open_manager() as manager:
        source = manager.get(reference)
        new = manager.fork(last_message(manager, source, message))
    if as_json:
        print(transcript.listing_json([new]))
    else:
        print(clean(f"{new.id} {new.title} has the first {new.message_count} messages of {source.id}"))


@app.command()
def stats(
    reference: Annotated[
        str | None, typer.Argument(metavar="REFERENCE", help="One conversation; else all of them.")
    ] = None,
    profile: Persona = None,
    as_json: AsJson = False,
) -> None:
    """Count what was said: messages, words, tokens, times, and with whom. Alternatives count too."""
    from chatbot.cli import outline

    config = settings()
    with open_manager(config) as manager:
        profile = persona_named(manager, config, profile)
        only = None if reference is None else manager.get(reference).id
        found = manager.statistics(only, profile_name=profile)
    print(outline.figures_json(found) if as_json else outline.figures(found))


@app.command()
def tree(reference: Reference, as_json: AsJson = False) -> None:
    """Draw the whole tree, one line a message: its number, who said it, its first words.

    An asterisk marks the active path.
    """
    from chatbot.cli import outline

    with open_manager() as manager:
        whole = manager.whole(manager.get(reference).id)
    print(outline.tree_json(*whole) if as_json else outline.tree(*whole))


@app.command()
def delete(
    references: References,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete conversations for good.

    Nothing of them is left in the file, its index and its log. So no command can bring them back: what could
    be brought back would still be there to be read.
    """
    from chatbot.cli import transcript

    with open_manager() as manager:
        doomed = {found.id: found for found in map(manager.get, references)}
        named = ", ".join(f"{found.id} {found.title!r}" for found in doomed.values())
        if not yes and not agreed(f"Delete {named} for good?"):
            print("Nothing was deleted.", file=sys.stderr)
            return
        manager.delete(*doomed)
    lines = [clean(f"Deleted {found.id} {found.title}") for found in doomed.values()]
    print(transcript.listing_json([*doomed.values()]) if as_json else "\n".join(lines))
    say_what_is_left(manager)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="All of them must occur.")],
    profile: Persona = None,
    conversation: Within = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Find messages by their words, the best match first. The last word may be unfinished."""
    from chatbot.cli import transcript
    from storage.search import expression

    query = " ".join(words)
    config = settings()
    with open_manager(config) as manager:
        profile = persona_named(manager, config, profile)
        only = None if conversation is None else manager.get(conversation).id
        found = manager.search(query, limit or 20, profile_name=profile, conversation_id=only)
        talks = {number: manager.get(number) for number in {hit.conversation_id for hit in found}}
    if as_json:
        print(transcript.hits_json(found))
    elif found:
        bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        print(transcript.hits(found, talks, colour=bold))
    else:
        shown = one_line(repr(query))
        none = f"No message contains {shown}." if expression(query) else f"Search finds words, not {shown}."
        print(none, file=sys.stderr)


app.command("export")(transfer.export)
app.command("import")(transfer.import_)
