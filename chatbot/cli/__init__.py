"""The command line. Each command calls one function elsewhere and reads heavy modules only when it runs."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from chatbot import __version__
from chatbot.cli import (
    batch,
    bench,
    chat,
    config,
    conversation,
    duet,
    evaluate,
    measures,
    memory,
    message,
    profile,
    storage,
    sweep,
    train,
)
from chatbot.terminal import one_line

HELP = """Persona chat in the terminal.

\b
Begin with:   chatbot chat
Someone else: chatbot profile list, then chatbot chat --profile NAME
Go on later:  chatbot chat --resume
"""
EXIT_CODES = """\b
Exit codes:
  0    all went well
  1    something failed; standard error says what
  2    the request or a setting is wrong; nothing was done
  130  interrupted with Ctrl+C; what was said is stored
"""


@contextmanager
def _told() -> Iterator[None]:
    """Turns any error that carries an exit code into one line on standard error."""
    try:
        yield
    except (typer.Exit, typer.TyperException):
        raise  # Typer's own
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise typer.Exit from error  # as after `| head -1`: the reader has all that it wanted
        where = f"{error.filename}: " if error.filename else ""
        raise _failed(f"{where}{error.strerror or error}", 1) from error
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if code is None:
            raise
        raise _failed(str(error), code) from error


class Commands(TyperGroup):
    """The commands, and options such as --install-completion, which do their work while they are read."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _told():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with _told():
            return super().invoke(ctx)


def _failed(reason: str, code: int) -> typer.Exit:
    print(f"Error: {one_line(reason)}", file=sys.stderr)
    return typer.Exit(code)


app = typer.Typer(
    cls=Commands,
    help=HELP,
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"chatbot {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


app.command("chat", cls=chat.ChatCommand)(chat.chat)
app.command("duet")(duet.duet)
app.command("sweep")(sweep.sweep)
app.command("batch")(batch.batch)
app.add_typer(profile.app, name="profile")
app.add_typer(conversation.app, name="conversation")
app.add_typer(message.app, name="message")
measures.register(message.app, conversation.app, profile.app)
app.add_typer(memory.app, name="memory")
app.add_typer(storage.app, name="storage")
app.add_typer(config.app, name="config")
app.command("train")(train.train)
app.add_typer(evaluate.app, name="eval")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """The entry point. Bytes that are no text, letters that the terminal lacks, and streams that were closed
    before never end the program."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # On Windows pipes would be in an old code page, in which no export can be read again.
            stream.reconfigure(encoding="utf-8" if sys.platform == "win32" else None, errors="replace")
    try:
        app(prog_name="chatbot")
    except SystemExit as end:
        sys.exit(_written(end.code))


def _written(code: Any) -> Any:
    """Writes what the streams still hold, while it can be told where that fails; the exit code then."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            # Else Python tries again at its end, and complains.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if error.errno != errno.EPIPE and not code:
                code = _failed(error.strerror or str(error), 1).exit_code
    return code
