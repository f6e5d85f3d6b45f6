"""Profiles as TOML text: read strictly, written for people to read and edit, without loss."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import tomlkit
from tomlkit.items import Array, Item

from profiles.errors import ProfileError
from profiles.lore import LoreEntry
from profiles.names import shortened
from profiles.profile import Profile
from profiles.target import Target

LORE = "\n[[lorebook]]"
_UNPRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f]")  # what only an escape can carry


def from_toml(text: str, name: str) -> Profile:
    """The profile that the text of a file holds; `name` is the file's, which an inner `name` must repeat."""
    try:
        fields = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the first also for a number that is too long
        raise ProfileError(f"A profile is TOML, and this is not: {error}. Correct that place.") from error
    if isinstance(fields.setdefault("name", name), str) and fields["name"] != name:
        raise ProfileError(
            f"The key 'name' repeats the name of the profile, {name!r}, not {shortened(fields['name'])}. "
            f'Write name = "{name}"; to rename it: chatbot profile rename.'
        )
    return Profile.parse(fields)


def to_toml(profile: Profile) -> str:
    """The text of a file; keys that say nothing are left out."""
    document = tomlkit.document()
    document["name"] = profile.name
    for key in ("display_name", "description", "scenario", "greeting", "example_dialogue"):
        if text := getattr(profile, key):
            document[key] = _text(text)
    for key in ("facts", "alternate_greetings", "tags"):
        if texts := getattr(profile, key):
            document[key] = _lines(texts) if key != "tags" else list(texts)
    if profile.attributes:
        document["attributes"] = {name: _target(target) for name, target in profile.attributes.items()}
    if profile.arc:
        points = {name: [list(map(_short, point)) for point in arc] for name, arc in profile.arc.items()}
        document["arc"] = points
    if profile.sampling:
        document["sampling"] = dict(profile.sampling)
    # Written here: thousands of entries take the library minutes.
    return tomlkit.dumps(document) + "".join(line for entry in profile.lorebook for line in _lore(entry))


def renamed(text: str, name: str) -> str:
    """The text of a file under another name, its comments and layout kept."""
    head, lore = _parts(text)
    document = tomlkit.parse(head)
    document["name"] = name
    return tomlkit.dumps(document) + lore


def _parts(text: str) -> tuple[str, str]:
    """The text up to its lorebook, and that: a long one takes the library that keeps the layout minutes."""
    head, mark, rest = text.partition(LORE)
    try:
        tomllib.loads(head)  # it is whole, so the mark does not stand within a text
    except tomllib.TOMLDecodeError:
        return text, ""
    return head, mark + rest


def _lore(entry: LoreEntry) -> Iterator[str]:
    yield f"{LORE}\n"
    for key, value in entry.model_dump(exclude_defaults=True).items():
        yield f"{key} = {_literal(value)}\n"


def _literal(value: Any) -> str:
    """A value of an entry as TOML; a long text without escapes, for those read fast."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if not isinstance(value, str):
        return str(value).lower()
    plain = not _UNPRINTED.search(value)
    if plain and "\n" in value and "'''" not in value and not value.endswith("'"):
        return f"'''\n{value}'''"
    if (
        plain
        and "\n" not in value
        and "'" not in value
        and (len(value) > 100 or '"' in value or "\\" in value)
    ):
        return f"'{value}'"
    return tomlkit.string(value).as_string()


def _text(text: str) -> Item:
    """A string; over several lines where it has several, the first one below the opening quotes."""
    if "\n" not in text or "\r" in text:  # \r\n inside a multi-line string would be read back as \n
        return tomlkit.string(text)
    written = tomlkit.string(text, multiline=True).as_string()
    return tomlkit.value(written if text.startswith("\n") else written.replace('"""', '"""\n', 1))


def _lines(texts: tuple[str, ...]) -> Array:
    array = tomlkit.array()
    array.extend(_text(text) for text in texts)
    return array.multiline(True)


def _target(target: Target) -> Item:
    """`"lyrical"`, `{ aspect = "lyrical", strength = 0.9 }`, or with `aspects` a table of its own."""
    shares = {name: repr(share) for name, share in target.aspects.items()}
    fields = {"aspects": _inline(shares)}
    if len(shares) == 1:
        (aspect,) = (tomlkit.string(name) for name in shares)
        fields = {"aspect": aspect.as_string()}
        if target.weight is None and target.probability is None:
            return aspect
    pulls = {"weight": target.weight, "strength": target.probability}
    fields |= {key: repr(pull) for key, pull in pulls.items() if pull is not None}
    return tomlkit.value(_inline(fields))


def _inline(fields: Mapping[str, str]) -> str:
    """An inline table of values that are TOML already, with the spaces that people put in."""
    return (
        "{ " + ", ".join(f"{tomlkit.key(key).as_string()} = {value}" for key, value in fields.items()) + " }"
    )


def _short(number: float) -> float:
    """A whole number without its ".0"."""
    return int(number) if number.is_integer() else number
