"""Writing a text in the person's own editor, the program that $VISUAL or $EDITOR names."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from chatbot.errors import ChatbotError, UsageError


def command() -> list[str]:
    """The words of the editor's command line; no shell reads them. UsageError where there is none."""
    for variable in ("VISUAL", "EDITOR"):
        if os.environ.get(variable, "").strip():
            try:
                if sys.platform == "win32":  # where a backslash is no escape
                    return [word.strip('"') for word in shlex.split(os.environ[variable], posix=False)]
                return shlex.split(os.environ[variable])
            except ValueError as error:
                raise UsageError(f"{variable} is {os.environ[variable]!r}: {error}. Correct it.") from error
    for name in ("nano", "notepad"):  # which say themselves how they are left; vim is for those who name it
        if shutil.which(name):
            return [name]
    raise UsageError(
        "No editor is named, and there is no nano. Name yours in the variable EDITOR: EDITOR=vim"
    )


def edited(text: str) -> str:
    """The message as the editor left it."""
    return edited_file("message.md", text.encode("utf-8")).decode("utf-8", errors="replace").rstrip("\n")


def edited_file(name: str, content: bytes) -> bytes:
    """What the editor leaves of a file of that name. Only the person can read it; it is deleted afterwards.

    UsageError for an editor that does not start, ChatbotError for one that ends with another code than 0.
    """
    words = command()
    with tempfile.TemporaryDirectory(prefix="chatbot-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            # Windows itself looks for .exe alone, and "code" is a .cmd.
            done = subprocess.run([shutil.which(words[0]) or words[0], *words[1:], str(path)])
        except OSError as error:
            message = f"The editor {words[0]!r} cannot be run: {error.strerror}. Set the variable EDITOR."
            raise UsageError(message) from error
        if done.returncode != 0:
            raise ChatbotError(f"{words[0]} ended with the code {done.returncode}; the text stays as it was.")
        try:
            return path.read_bytes()
        except OSError as error:
            raise ChatbotError("The editor took the file away; the text stays as it was.") from error
