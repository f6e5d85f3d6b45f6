"""A conversation as plain text: `name: text`, a blank line after each message, further lines indented.

Hidden messages and alternatives are left out: this is for reading and for taking chats over from elsewhere,
JSON keeps everything. Read is the same form with looser rules: lines that begin with no name go on with the
message before, and where messages stand line under line, the names must be known or come again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from storage.branches import NARRATOR, Tree
from storage.errors import RefusedValueError
from storage.foreign import Origin, Reading, Turn, Version, assembled, bounded

FORM = "text"
USERS = ("you", "user", "me", "human")  # names that mean the user where none was given
INDENT = "  "
_NAMED = re.compile(r"([^\s:][^:\n]{0,59}):(?: (.*)|$)")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def write(tree: Tree) -> str:
    """The active path without what is hidden."""
    names = tree.names
    blocks = (_block(names.of(message), message.text) for message in tree.path() if not message.hidden)
    return "\n\n".join(blocks) + "\n"


def _block(name: str, text: str) -> str:
    """One message; its further lines are indented, so that none of them can pass for another speaker's."""
    name = " ".join(_CONTROLS.sub("", name).replace(":", " ").split())[:60]
    first, *others = _CONTROLS.sub("", text.replace("\r\n", "\n")).strip("\n").split("\n")
    lines = [f"{name}: {first}".rstrip(), *((INDENT + line).rstrip() for line in others)]
    return "\n".join(lines)


def is_chat(data: bytes) -> bool:
    """Whether the first line that says anything begins with a name."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
    return _NAMED.match(start.decode("utf-8", errors="replace").rstrip("\r")) is not None


def read(data: bytes, origin: Origin) -> Reading:
    """The chat in the bytes of a file; RefusedValueError when it is no text or does not begin with a name."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise RefusedValueError(
            f"A chat as plain text is in UTF-8, and this file is not ({error}). Nothing was imported. "
            "Save it as UTF-8."
        ) from None
    lines = text.split("\n")
    origin, strangers = _as_spelt(lines, origin)
    names = _names(lines, origin)
    spoken = list(_messages(lines, names))
    if not spoken:
        first = next((line for line in lines if line.strip()), "")
        raise _refused(f"this file begins with {first[:40]!r}" if first else "this file is empty")
    who = _who(spoken, origin)
    roles = {who.user: "user", NARRATOR: "narrator"}
    turns = [Turn(name, roles.get(name, "bot"), [Version(said)]) for name, said in spoken]
    conversation, messages = assembled(turns, who)
    guessed = (
        f"{who.user or 'Nobody'} is taken for the user and {who.character or 'nobody'} for the character. "
        "If that is wrong, import the file again with --user NAME and --character NAME."
    )
    warnings = strangers if origin.user and origin.character else (*strangers, guessed)
    return Reading(FORM, conversation, messages, warnings)


def _as_spelt(lines: list[str], origin: Origin) -> tuple[Origin, tuple[str, ...]]:
    """The names that were given as the file spells them, and a warning for each that begins no line."""
    speakers = dict.fromkeys(named[1] for line in lines if (named := _NAMED.match(line)))
    by_fold = {name.casefold(): name for name in reversed(speakers)}
    given = {"user": origin.user, "character": origin.character}
    spelt = {
        role: name if name in speakers else by_fold.get(name.casefold(), name) for role, name in given.items()
    }
    warnings = tuple(
        f"No line begins with '{name}:', the name that was given for the {role}. "
        f"If another name is the {role}'s, import the file again with --{role} NAME."
        for role, name in spelt.items()
        if name and name not in speakers
    )
    return replace(origin, **spelt), warnings


def _names(lines: list[str], origin: Origin) -> set[str]:
    """Who speaks: the names that were given, or those that begin blocks, come first or come again."""
    given = {name for name in (origin.user, origin.character) if name}
    if len(given) == 2:
        return {*given, NARRATOR}
    found: Counter[str] = Counter()
    opening: set[str] = set()
    before = ""
    for line in lines:
        if named := _NAMED.match(line):
            found[named[1]] += 1
            if not before.strip():
                opening.add(named[1])
        before = line
    return given | opening | {name for order, name in enumerate(found) if order < 2 or found[name] > 1}


def _messages(lines: list[str], names: set[str]) -> Iterator[tuple[str, str]]:
    """(name, text) of each message; nothing when the first line does not begin with a name."""
    name, said, count = "", list[str](), 0
    for line in lines:
        named = _NAMED.match(line)
        if named and named[1] in names:
            bounded(count := count + 1)
            if name:
                yield name, _text(said)
            name, said = named[1], [named[2] or ""]
        elif name:
            said.append(line)
        elif line.strip():
            return
    if name:
        yield name, _text(said)


def _text(lines: list[str]) -> str:
    first, *others = lines
    if all(line.startswith(INDENT) or not line.strip() for line in others):
        others = [line.removeprefix(INDENT) for line in others]
    return "\n".join([first, *others]).strip("\n").rstrip()


def _who(spoken: list[tuple[str, str]], origin: Origin) -> Origin:
    """The user by the name that was given or that means one; a chat opens with the character otherwise."""
    names = [name for name in dict.fromkeys(name for name, _ in spoken) if name != NARRATOR]
    known = (*USERS, origin.called.casefold())
    user = origin.user or next((name for name in names if name.casefold() in known), "")
    character = origin.character or next((name for name in names if name != user), "")
    user = user or next((name for name in names if name != character), "")
    return replace(origin, user=user, character=character)


def _refused(reason: str) -> RefusedValueError:
    return RefusedValueError(
        f"A chat as plain text has lines that begin with 'name: ', the first line among them, and {reason}. "
        "Nothing was imported. Put the speaker's name and a colon before each message."
    )
