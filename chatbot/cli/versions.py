"""Versions of personas as people and programs see them: the table of all, and what two of them differ in."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from chatbot.cli import printing
from chatbot.errors import UsageError
from chatbot.terminal import clean, columns
from profiles import ProfileStore, Version, versions

HEAD = ("VERSION", "WRITTEN", "DIGEST", "")


def table(found: Sequence[Version]) -> str:
    """One line a version under a head, the oldest first."""
    return "\n".join(columns([HEAD, *_rows(found)]))


def as_json(found: Sequence[Version]) -> str:
    """The same for programs, with the files."""
    fields = [
        {
            "version": version.number,
            "written": version.written.isoformat(),
            "digest": version.digest,
            "builtin": version.builtin,
            "deleted": version.deleted,
            "current": version.current,
            "path": str(version.path),
        }
        for version in found
    ]
    return printing.as_json(fields)


def chosen(store: ProfileStore, name: str, older: int | None, newer: int | None) -> tuple[Version, Version]:
    """The two versions to compare: by default the last one before now, and the one now."""
    found = versions.versions(store, name)
    if older is None and len(found) < 2:
        raise UsageError(
            f"A comparison needs two versions, and {versions.known(store, name)} has one. Change it first."
        )
    if found[0].builtin and not found[-1].current:
        found.append(found.pop(0))  # now
    first = found[-2] if older is None else versions.version(store, name, older)
    return first, found[-1] if newer is None else versions.version(store, name, newer)


def difference(name: str, older: Version, newer: Version) -> str:
    """The unified difference of two versions' texts; '' when they say the same."""
    before, after = (
        version.path.read_bytes().decode("utf-8", "replace").splitlines() for version in (older, newer)
    )
    first, second = (f"{name} {_called(version)}" for version in (older, newer))
    return clean("\n".join(difflib.unified_diff(before, after, first, second, lineterm="")))


def difference_json(name: str, older: Version, newer: Version) -> str:
    """The same for programs."""
    lines = difference(name, older, newer).splitlines()
    return printing.as_json({"from": older.number, "to": newer.number, "lines": lines})


def _rows(found: Sequence[Version]) -> Iterator[tuple[str, str, str, str]]:
    now = found[-1].digest if found[-1].current else ""
    for version in found:
        note = "built-in" if version.builtin else "now" if version.current else ""
        if version.deleted:
            note = "deleted"
        elif version.digest == now and not note:
            note = "the same as now"
        written = "" if version.builtin else f"{version.written.astimezone():%Y-%m-%d %H:%M}"
        yield str(version.number), written, version.digest, note


def _called(version: Version) -> str:
    return "now" if version.current else "built-in" if version.builtin else f"version {version.number}"
