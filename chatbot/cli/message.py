"""`chatbot message`: one message at a time, by its number."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.cli.options import AsJson
from chatbot.cli.stored import agreed, open_manager
from chatbot.errors import UsageError
from chatbot.terminal import clean

if TYPE_CHECKING:
    from storage import Message

app = typer.Typer(
    help="Read, change, mark and delete single messages; conversation tree shows their numbers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
LARGEST = 2**63 - 1  # what the database can count to
Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="The number of a message.")]


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Print a message and what is known of it."""
    from chatbot.cli import outline, transcript

    with open_manager() as manager:
        found = manager.message(number)
        conversation = manager.get(found.conversation_id)
    if as_json:
        print(transcript.as_json(transcript.fields_of(found)))
    else:
        print(outline.message_sheet(found, conversation))


@app.command()
def copy(number: Number, as_json: AsJson = False) -> None:
    """Print the text of a message and nothing else, for a pipe into the clipboard."""
    from chatbot.cli import transcript

    with open_manager() as manager:
        text = manager.message(number).text
    print(transcript.as_json(text) if as_json else clean(text))


@app.command()
def edit(
    number: Number,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Its new text; - reads it; without it: $EDITOR.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say a message differently. The new text is an alternative to the old one and ends the active path."""
    from chatbot.cli import transcript

    with open_manager() as manager:
        old = manager.message(number)
        if (wanted := _new_text(old.text, text)) == old.text:
            print("Nothing was changed.", file=sys.stderr)
            return
        new = manager.edit(number, wanted)
    if as_json:
        print(transcript.as_json(transcript.fields_of(new)))
    else:
        print(f"{new.id} is the alternative to {number} and ends the active path of {new.conversation_id}")


def _new_text(old: str, given: str | None) -> str:
    """The text as it was given, read from standard input, or left by the editor."""
    from chatbot.tui.editor import edited

    if given == "-":
        given = sys.stdin.read().rstrip("\n")
    new = edited(old) if given is None else given
    if not clean(new).strip():
        raise UsageError(f"A message needs at least one visible character; this one is {new!r}. Write one.")
    return new


@app.command()
def delete(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete one message for good; what followed it then follows the message before it.

    Nothing of it is left in the file, its index and its log.
    """
    from chatbot.cli import outline, transcript

    with open_manager() as manager:
        doomed = manager.message(number)
        if not yes and not agreed(f"message {number} {outline.first_words(doomed)!r}"):
            print("Nothing was deleted.", file=sys.stderr)
            return
        manager.delete_message(number)
    if as_json:
        print(transcript.as_json(transcript.fields_of(doomed)))
    else:
        print(f"Deleted message {number} of {doomed.conversation_id}")


@app.command()
def hide(number: Number, as_json: AsJson = False) -> None:
    """Keep a message from the model; it is still shown."""
    with open_manager() as manager:
        _say(manager.hide(number), "hidden from the model", as_json)


@app.command()
def unhide(number: Number, as_json: AsJson = False) -> None:
    """Show a message to the model again."""
    with open_manager() as manager:
        _say(manager.hide(number, hidden=False), "shown to the model", as_json)


@app.command()
def bookmark(number: Number, as_json: AsJson = False) -> None:
    """Mark a message, to find it again."""
    with open_manager() as manager:
        _say(manager.bookmark(number), "bookmarked", as_json)


@app.command()
def unbookmark(number: Number, as_json: AsJson = False) -> None:
    """Take the mark off a message."""
    with open_manager() as manager:
        _say(manager.bookmark(number, bookmarked=False), "not bookmarked any more", as_json)


def _say(changed: Message, what: str, as_json: bool) -> None:
    from chatbot.cli import transcript

    if as_json:
        print(transcript.as_json(transcript.fields_of(changed)))
    else:
        print(f"Message {changed.id} of {changed.conversation_id} is {what}")


@app.command("list-bookmarks")
def list_bookmarks(
    conversation: Annotated[
        str | None, typer.Option("--conversation", "-c", metavar="REFERENCE", help="Only in this one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the messages with a bookmark, in the order in which they were said."""
    from chatbot.cli import outline, transcript

    with open_manager() as manager:
        found = manager.bookmarks(None if conversation is None else manager.get(conversation).id)
        talks = {number: manager.get(number) for number in {one.conversation_id for one in found}}
    if as_json:
        print(transcript.as_json([transcript.fields_of(one) for one in found]))
    elif found:
        print(outline.message_list(found, talks))
    else:
        print("No message is bookmarked. Mark one with: chatbot message bookmark ID", file=sys.stderr)
