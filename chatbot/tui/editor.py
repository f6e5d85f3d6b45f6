"""Writing a text in the person's own editor, the program that $VISUAL or $EDITOR names."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path


class EditorError(Exception):
    """The text could not be edited; its message says what to do."""

    exit_code = 1


def command() -> list[str]:
    """The words of the editor's command line; no shell reads them."""
    for variable in ("VISUAL", "EDITOR"):
        if os.environ.get(variable, "").strip():
            try:
                return shlex.split(os.environ[variable], posix=os.name == "posix")
            except ValueError as error:
                raise EditorError(f"{variable} is {os.environ[variable]!r}: {error}. Correct it.") from error
    for name in ("sensible-editor", "nano", "vim", "vi", "notepad"):
        if shutil.which(name):
            return [name]
    raise EditorError("There is no editor. Name one in the variable EDITOR.")


def edited(text: str) -> str:
    """The text as the editor left it. Its file is readable to the person alone and deleted afterwards."""
    words = command()
    with tempfile.TemporaryDirectory(prefix="chatbot-") as folder:
        path = Path(folder) / "message.md"
        path.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*words, str(path)])
        except OSError as error:
            message = f"The editor {words[0]!r} cannot be run: {error.strerror}. Set the variable EDITOR."
            raise EditorError(message) from error
        if done.returncode != 0:
            raise EditorError(f"{words[0]} ended with the code {done.returncode}; the text stays as it was.")
        try:
            return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
        except OSError as error:
            raise EditorError("The editor took the file away; the text stays as it was.") from error
