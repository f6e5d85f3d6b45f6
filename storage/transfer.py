"""Conversations to and from files. One table says which formats there are; each has a module of its own.

`export_file`, and `content`, `read` and `store` in a row, are the doors. What an import brings is data from
elsewhere: it is bounded in size, checked completely before anything is stored, and refused with the reason,
so that nothing is lost.
"""

from __future__ import annotations

import errno
import os
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storage import markdown, own_json, plaintext, sillytavern
from storage.branches import Tree
from storage.conversations import ConversationManager
from storage.dates import local
from storage.errors import RefusedValueError, StorageError, UnknownEndingError
from storage.foreign import Origin, Reading
from storage.values import one_of

MAX_FILE = 64 * 1024 * 1024  # bytes of a file that is imported, as of a character card
NAME_BYTES = 150  # of a character's name in the name of a file; a file name has 255 on most systems
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u202a-\u202e\u2066-\u2069]')


@dataclass(frozen=True)
class Format:
    """What a file of a conversation may look like."""

    name: str
    ending: str
    write: Callable[[Tree, bool], str]  # the second: without letters beyond ASCII, where the format allows it
    read: Callable[[bytes, Origin], Reading] | None = None  # None: it is for people alone


Change = Callable[[Tree], Tree]  # what an export says in place of what is stored


def _same(tree: Tree) -> Tree:
    return tree


FORMATS = (
    Format("markdown", ".md", lambda tree, _: markdown.write(tree)),
    Format("json", ".json", own_json.write, lambda data, _: own_json.read(data)),
    Format("text", ".txt", lambda tree, _: plaintext.write(tree), plaintext.read),
    Format("sillytavern", ".jsonl", sillytavern.write, sillytavern.read),
)
_BY_NAME = {form.name: form for form in FORMATS}
_BY_ENDING = {form.ending: form for form in FORMATS}


def exported(
    manager: ConversationManager,
    conversation_id: str,
    form: str = "markdown",
    *,
    user_name: str = "",
    ascii_only: bool = False,
    change: Change = _same,
) -> str:
    """The text of an export, by the name of its format. `user_name` is what the user is called in it."""
    found = _BY_NAME[one_of("export format", form, _BY_NAME)]
    return found.write(change(Tree.read(manager, conversation_id, user_name)), ascii_only)


def export_file(
    manager: ConversationManager,
    conversation_id: str,
    path: Path,
    form: str = "",
    *,
    user_name: str = "",
    change: Change = _same,
) -> Path:
    """Export to a new file; returns its path. Without `form` the ending of its name decides.

    A folder gets a file with the name of the character and the time. A file that exists is never overwritten,
    and a file that could not be finished is not left behind. `change` may take something out before.
    """
    if form:
        one_of("export format", form, _BY_NAME)
    tree = change(Tree.read(manager, conversation_id, user_name))
    if os.path.isdir(path):  # unlike Path.is_dir it never fails
        chosen = _BY_NAME[form or "markdown"]
        path = path / f"{file_stem(tree)}{chosen.ending}"
    else:
        chosen = _BY_NAME[form] if form else _by_ending(path)
    write_new({path: chosen.write(tree, False).encode("utf-8")})
    return path


def export_branches(
    manager: ConversationManager,
    conversation_id: str,
    folder: Path,
    *,
    user_name: str = "",
    change: Change = _same,
) -> list[Path]:
    """Export all branches as SillyTavern files of their own into a folder; the paths, the active one first.

    A message that stands as an alternative in one of the files needs no other. All are written or none.
    """
    tree = change(Tree.read(manager, conversation_id, user_name))
    try:
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        raise _unwritable(folder, error) from error
    chats = sillytavern.write_branches(tree, file_stem(tree))
    files = {folder / f"{stem}.jsonl": text.encode("utf-8") for stem, text in chats.items()}
    write_new(files)
    return list(files)


def store(
    manager: ConversationManager, reading: Reading, profile: Mapping[str, Any] | None = None
) -> Reading:
    """Store what was read and return it, its conversation as it is stored.

    With `profile`, the snapshot of a persona, that one speaks from now on.
    """
    conversation = manager.restore(reading.conversation, reading.messages)
    if profile is not None:
        name = str(profile.get("name", conversation.profile_name))
        conversation = manager.set_profile(conversation.id, profile_name=name, profile=profile)
    return replace(reading, conversation=conversation)


def content(path: Path) -> bytes:
    """The bytes of a file to import, up to what `read` refuses; RefusedValueError where there are none."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise RefusedValueError(f"{path} cannot be read: {_reason(error)}. Give another file.") from error


def read(data: bytes, name: str = "", *, user: str = "", character: str = "", called: str = "") -> Reading:
    """The conversation in the bytes of a file of this name ("" where it has none); nothing is stored.

    `user` and `character` say who is who in files that do not, and `called` what the user of this program is
    called. RefusedValueError for a file that holds no conversation.
    """
    if len(data) > MAX_FILE:
        raise RefusedValueError(
            f"A file to import has at most {MAX_FILE} bytes, and this one has more. Nothing was imported. "
            "Split it."
        )
    data = _in_utf8(data)
    path = Path(name)
    found = _recognised(data, path.suffix.lower())
    if found is None or found.read is None:
        ends = "is Markdown, which is for people to read" if found else "is none of them"
        raise RefusedValueError(
            "An import is a JSON export, a SillyTavern chat (.jsonl) or plain text with 'name: ' before each "
            f"message, and {name or 'this'} {ends}. Nothing was imported. Export it again as one of them."
        )
    return found.read(data, Origin(title=path.stem, user=user, character=character, called=called))


# What JSON begins with, be it whole, cut short or a line of many; `[persona 1]: Hello` is a chat.
_JSON = re.compile(rb"[\xef\xbb\xbf\s]*(?:\{\s*(?:\"|\})|\[\s*[{\"\[\]])")


def _in_utf8(data: bytes) -> bytes:
    """What is in UTF-16, as `>` in Windows PowerShell writes, in UTF-8; a broken line may only begin so."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="ignore")
        if "\n" in text:
            return text.encode()
    return data


def _recognised(data: bytes, ending: str) -> Format | None:
    """The format by what stands in the file, and where that says nothing by the ending of its name."""
    by_ending = _BY_ENDING.get(ending)
    if sillytavern.is_chat(data):
        return _BY_NAME["sillytavern"]
    chat = ending == ".txt" or (by_ending is None and plaintext.is_chat(data))
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        if own_json.is_export(data):
            return _BY_NAME["json"]
        if ending == ".jsonl":
            return by_ending
        return _BY_NAME["json" if _JSON.match(data) or not chat else "text"]
    return _BY_NAME["text"] if chat else by_ending


def file_stem(tree: Tree) -> str:
    """The name of a file without its ending, as SillyTavern gives it: character, local date and time."""
    name = " ".join(_UNSAFE.sub(" ", tree.names.bot).split()).strip(". ")
    name = name.encode("utf-8")[:NAME_BYTES].decode("utf-8", errors="ignore").rstrip(". ")
    return f"{name or 'chat'} - {local(tree.conversation.created_at):%Y-%m-%d@%Hh%Mm%Ss}"


def _by_ending(path: Path) -> Format:
    if (found := _BY_ENDING.get(path.suffix.lower())) is None:
        raise UnknownEndingError(
            f"The name of an export ends in {', '.join(_BY_ENDING)}, and {path.name!r} in none of them. "
            "Give another name."
        )
    return found


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write files that do not exist yet: all of them or none."""
    written: list[Path] = []
    for path, data in files.items():
        try:
            with path.open("xb") as file:
                written.append(path)
                file.write(data)
        except (OSError, ValueError) as error:
            for unfinished in written:
                unfinished.unlink()
            if isinstance(error, FileExistsError):
                raise RefusedValueError(
                    f"An export never overwrites a file, and {path} exists. Give another name."
                ) from None
            raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError | ValueError) -> StorageError:
    elsewhere = isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG
    failed = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
    return (StorageError if failed else RefusedValueError)(
        f"An export needs a file that can be written, and {path} cannot be: {_reason(error)}. "
        f"Give another {'folder' if elsewhere else 'name'}."
    )


def _reason(error: OSError | ValueError) -> str:
    """What the system says; a ValueError is about a name that it cannot be given: one with a NUL."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
