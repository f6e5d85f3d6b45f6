"""The versions of a user's profiles: whatever is written over, renamed or deleted is kept before.

    FOLDER/.history/NAME/0002-DIGEST.toml            the text of a version that another one replaced
    FOLDER/.history/NAME/0003-DIGEST.deleted.toml    the last one before the profile was deleted,
    FOLDER/.history/NAME/0003.card.png               and the character card that went with it

Versions are numbered from 1 on; nothing here is ever changed. The digest is the profile's own, so it tells
which version a conversation or a reply was made with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from profiles.errors import ProfileError
from profiles.files import refusals, write_atomically
from profiles.names import folded
from profiles.toml import from_toml

UNREADABLE = "unreadable"  # in the place of a digest: a file that somebody broke by hand
_NAMED = re.compile(rf"(\d{{4,}})-([0-9a-f]{{16}}|{UNREADABLE})(\.deleted)?\.toml")
_CARD = re.compile(r"(\d{4,})\.card\.\w+")


@dataclass(frozen=True)
class Version:
    """One version of a profile, on its own file. The one that holds now has the highest number."""

    number: int  # 0 for the built-in profile that the user's own ones stand before
    digest: str
    written: datetime
    path: Path
    deleted: bool = False  # the profile was deleted then
    current: bool = False
    builtin: bool = False


class History:
    """The earlier versions in the folder of a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / ".history"

    def name(self, name: str) -> str | None:
        """The name, whatever its case, as its earlier versions have it; None when there are none."""
        kept = self._folder(name).name
        return kept if folded(kept) == folded(name) and self.versions(name) else None

    def versions(self, name: str) -> list[Version]:
        """Every earlier version, the oldest first."""
        folder = self._folder(name)
        with refusals(folder, "read"):
            found = [(path, _NAMED.fullmatch(path.name)) for path in folder.glob("*.toml")]
            versions = [
                Version(int(named[1]), named[2], written(path), path, deleted=bool(named[3]))
                for path, named in found
                if named
            ]
        return sorted(versions, key=lambda version: version.number)

    def keep(self, name: str, path: Path, cards: Iterable[Path] = (), *, deleted: bool = False) -> None:
        """Make the file a version, and take its cards over where the profile is deleted."""
        with refusals(path, "read"):
            data, when = path.read_bytes(), path.stat().st_mtime
        versions = self.versions(name)
        if versions and not deleted and _holds(versions[-1], data):
            return  # kept by a write that failed afterwards
        number = versions[-1].number + 1 if versions else 1
        ending = ".deleted.toml" if deleted else ".toml"
        kept = self._folder(name) / f"{number:04d}-{digest_of(data, name)}{ending}"
        write_atomically(kept, data)
        with refusals(kept, "written"):
            os.utime(kept, (when, when))
            for card in cards:
                card.replace(kept.with_name(f"{number:04d}.card{card.suffix}"))

    def card(self, name: str, number: int) -> Path | None:
        """The card that was deleted with the profile when it was last of this version or a later one."""
        last = next((v.number for v in self.versions(name) if v.number >= number and v.deleted), 0)
        return next(self._folder(name).glob(f"{last:04d}.card.*"), None)

    def move(self, old: str, new: str) -> None:
        """Put the versions of one name behind those of another; what is none of ours stays where it is."""
        source, target = self._folder(old), self._folder(new)
        if folded(old) == folded(new):
            target = self.folder / new
        if not source.is_dir():
            return
        with refusals(source, "renamed"):
            if not target.exists() or target.samefile(source):
                source.replace(target)
                return
            behind = self.versions(new)[-1].number if self.versions(new) else 0
            for path in sorted(source.iterdir()):
                if kept := _NAMED.fullmatch(path.name) or _CARD.fullmatch(path.name):
                    path.replace(target / f"{behind + int(kept[1]):04d}{path.name[kept.end(1) :]}")
            if not any(source.iterdir()):
                source.rmdir()

    def _folder(self, name: str) -> Path:
        """Where the versions of this name lie, or of one that differs only in case."""
        with refusals(self.folder, "read"):
            found = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        alike = [path for path in found if folded(path.name) == folded(name)]
        exact = self.folder / name
        return alike[0] if alike and exact not in alike else exact


def _holds(version: Version, data: bytes) -> bool:
    with refusals(version.path, "read"):
        return not version.deleted and version.path.read_bytes() == data


def digest_of(data: bytes, name: str) -> str:
    """The digest of the profile that a file holds."""
    try:
        fields = data.decode("utf-8-sig")
        return from_toml(fields, name).digest()
    except (ProfileError, UnicodeDecodeError):
        return UNREADABLE


def written(path: Path) -> datetime:
    """When the file was written."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
