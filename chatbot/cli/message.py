"""`chatbot message`: one message at a time, by its number."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.cli import options
from chatbot.cli.options import LARGEST, AsJson
from chatbot.cli.printing import as_json as json_of
from chatbot.cli.stored import agreed, open_manager, say_what_is_left, settings
from chatbot.terminal import clean

if TYPE_CHECKING:
    from storage import ConversationManager, Memory, Message

app = typer.Typer(
    help="Read, change, mark and delete single messages; conversation tree shows their numbers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="The number of a message.")]


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Print a message and what is known of it."""
    from chatbot.cli import outline, transcript

    with open_manager() as manager:
        found = manager.message(number)
        conversation = manager.get(found.conversation_id)
    if as_json:
        print(json_of(transcript.fields_of(found)))
    else:
        print(outline.message_sheet(found, conversation))


@app.command()
def copy(number: Number, as_json: AsJson = False) -> None:
    """Print the text of a message and nothing else, for a pipe into the clipboard."""
    with open_manager() as manager:
        text = manager.message(number).text
    print(json_of(text) if as_json else clean(text))


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

    with open_manager(config := settings()) as manager:
        old = manager.message(number)
        wanted = _new_text(old.text, text)
        new = old if wanted == old.text else manager.edit(number, wanted)
        if new is not old:
            unsay(manager, old)
            if new.role == "user" and config.memory.enabled:
                _heed(manager, new, config.chat.user_name)
    if as_json:
        print(json_of(transcript.fields_of(new)))
    elif new is old:
        print("Nothing was changed.", file=sys.stderr)
    else:
        print(f"{new.id} is the alternative to {number} and ends the active path of {new.conversation_id}")
    say_what_is_left(manager)


def _heed(manager: ConversationManager, message: Message, user_name: str) -> None:
    from chatbot.memory.memories import heard
    from profiles import Profile, ProfileError

    with suppress(ProfileError):  # of an imported chat, in which nobody can hear it
        persona = Profile.parse(manager.get(message.conversation_id).profile)
        kept, gone = heard(manager, persona, manager.path(message.conversation_id), user_name)
        _say_of("Remembered", kept)
        _say_of("Forgotten", gone)


def unsay(manager: ConversationManager, message: Message) -> None:
    """Forget what only this message told, and say so."""
    from chatbot.memory import memories

    _say_of("Forgotten", memories.unsay(manager, message))


def _say_of(what: str, memories: list[Memory]) -> None:
    from chatbot.memory.memories import spoken_of

    for memory in memories:
        print(clean(f"{what}: {spoken_of(memory.text)}"), file=sys.stderr)


def _new_text(old: str, given: str | None) -> str:
    """The text as it was given, read from standard input, or left by the editor."""
    from chatbot.cli.authoring import on_terminal
    from chatbot.conversing import Conversing
    from chatbot.editor import edited
    from chatbot.errors import UsageError

    if given == "-":
        given = sys.stdin.read().rstrip("\n")
    if given is None and not on_terminal():
        raise UsageError(
            "An editor needs a terminal, and there is none here. Give the new text, or - to read it."
        )
    return Conversing.checked(edited(old) if given is None else given)


@app.command()
def delete(
    number: Number,
    yes: options.Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete one message for good; what followed it then follows the message before it.

    Nothing of it is left in the file, its index and its log.
    """
    from chatbot.cli import outline, transcript

    with open_manager() as manager:
        doomed = manager.message(number)
        if not yes and not agreed(f"Delete message {number} {outline.first_words(doomed)!r} for good?"):
            print("Nothing was deleted.", file=sys.stderr)
            return
        unsay(manager, doomed)
        manager.delete_message(number)
    say_what_is_left(manager)
    if as_json:
        print(json_of(transcript.fields_of(doomed)))
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
        print(json_of(transcript.fields_of(changed)))
    else:
        print(f"Message {changed.id} of {changed.conversation_id} is {what}")


@app.command()
def speaker(
    number: Number,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Who said it.")] = None,
    user: Annotated[bool, typer.Option("--user", help="You did.")] = False,
    bot: Annotated[bool, typer.Option("--bot", help="The persona did.")] = False,
    narrator: Annotated[bool, typer.Option("--narrator", help="Nobody did: it is narration.")] = False,
    as_json: AsJson = False,
) -> None:
    """Correct who said a message, as after the import of a chat.

    Its text and its place stay. A NAME that speaks in the conversation is on the side where it speaks; a new
    one is on the side that the message had, or on the side that --user or --bot gives it.
    """
    from chatbot.cli import turns
    from chatbot.memory.memories import reattributed

    role = turns.role_of({"user": user, "bot": bot, "narrator": narrator}, name)
    with open_manager(config := settings()) as manager:
        changed = turns.corrected(manager, number, role, name, config.chat.user_name)
        _say_of("Forgotten", reattributed(manager, changed))
    say_what_is_left(manager)
    _say(changed, f"now said by {turns.called(changed)}", as_json)


@app.command("continue")
def continue_(
    number: Number,
    model: options.Model = None,
    device: options.Device = None,
    seed: options.Seed = None,
    temperature: options.Temperature = None,
    as_json: AsJson = False,
) -> None:
    """Let a reply go on. What comes out is an alternative to it that begins as it does."""
    from chatbot.cli import turns

    config = settings(options.flags(model, device, seed, temperature))
    raise typer.Exit(turns.continued(config, number, as_json=as_json))


@app.command()
def select(
    number: Number,
    end: Annotated[
        bool, typer.Option("--end", help="End the path there: what is said next follows it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the path through a message the active one: another alternative, or what an undo took back.

    The path goes on as far as it was last followed, unless --end is given. Nothing is deleted.
    """
    from chatbot.cli import transcript

    with open_manager() as manager:
        path = manager.select(number, follow=not end)
        conversation = manager.get(path[-1].conversation_id)
    if as_json:
        print(transcript.sheet_json(conversation, path))
    else:
        print(f"The active path of {conversation.id} goes through {number} and ends at {path[-1].id}")


@app.command("list-bookmarks")
def list_bookmarks(
    conversation: options.Within = None,
    as_json: AsJson = False,
) -> None:
    """List the messages with a bookmark, in the order in which they were said."""
    from chatbot.cli import outline, transcript

    with open_manager() as manager:
        found = manager.bookmarks(None if conversation is None else manager.get(conversation).id)
        talks = {number: manager.get(number) for number in {one.conversation_id for one in found}}
    if as_json:
        print(json_of([transcript.fields_of(one) for one in found]))
    elif found:
        print(outline.message_list(found, talks))
    else:
        print("No message is bookmarked. Mark one with: chatbot message bookmark ID", file=sys.stderr)
