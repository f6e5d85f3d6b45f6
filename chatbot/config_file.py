"""Writing the user's settings file: one setting at a time, its comments kept, never half a file,
and of two programs that write at once neither loses what the other wrote."""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from chatbot import config
from chatbot.errors import ConfigError, UnknownNameError
from profiles import ProfileStore, find
from profiles.files import alone, write_atomically


def literal(value: Any) -> str:
    """The value as TOML writes it, on one line."""
    return _item(value).as_string()


def store(name: str, text: str | None) -> str:
    """Write the setting "section.key" to the user's file; None takes it out. Returns the line as TOML.

    ConfigError when the name or the value is not a setting's, or the file as it stands is not valid TOML; but
    what stands in the file can be taken out, setting or not: while a wrong one does, no other command runs.
    UnknownNameError, with the near names, for a preset that neither the program nor the file has;
    UnknownProfileError for a persona;
    ProfileAccessError when the file cannot be written, or another program keeps it locked.
    """
    value = None if text is None else config.anchored(name, config.parse(name, text, "the command line"))
    try:
        line = f"{name} = {literal(value)}" if value is not None else name
        line.encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigError(f"A settings file is UTF-8 text, and {text!r} is not. Write it again.") from None
    path = config.config_path()
    with alone(path.parent, f".{path.name}.lock"):
        _change(path, name, value)
    return line


def _change(path: Path, name: str, value: Any) -> None:
    try:
        document = tomlkit.parse(config.content(path) or "")
    except TOMLKitError as error:
        raise ConfigError(f"Settings file {path} is not valid TOML: {error}. Correct it.") from error
    tables = document.unwrap()
    section, _, key = name.partition(".")
    table = tables.get(section, {})
    if value is not None or not isinstance(table, dict) or key not in table:
        config.known(name, "the command line")
        config.check_table(section, table, str(path))
    if name == "chat.preset" and value:
        presets = config.known_presets(tables.get("presets", {}), str(path))
        if value not in presets:
            raise UnknownNameError("preset", value, presets)
    if name == "chat.profile" and value is not None:
        with suppress(ConfigError):  # the folder of the personas is not known
            find(ProfileStore(config.load().profiles_folder), value)
    if value is None:
        gone = document.get(section, {}).pop(key, None)
        if isinstance(gone, Table):  # what stands below its last line is about what follows it
            below = [*takewhile(lambda part: part[0] is None, reversed(gone.value.body))]
            for _, comment in reversed(below):
                document[section].add(comment)
    else:
        _put(document.setdefault(section, tomlkit.table()), key, value)
    write_atomically(path, tomlkit.dumps(document).encode("utf-8"))


def _put(table: Any, key: str, value: Any) -> None:
    """Set the key. A table that is there changes in place, and one that is not is put on one line: a heading
    such as [tui.keys] would take in the lines that follow `tui.theme = "dusk"`."""
    if isinstance(value, dict) and isinstance(old := table.get(key), dict):
        for name in set(old) - set(value):
            del old[name]
        old.update(value)
    else:
        table[key] = _item(value)


def _item(value: Any) -> Any:
    """The value as a part of a file, on one line."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    return tomlkit.item(list(value) if isinstance(value, tuple) else value)
