"""ProfileStore: the built-in personas, and in front of them the user's own, one TOML file each.

    FOLDER/NAME.toml     the user's own profile; it shadows a built-in one of the same name
    FOLDER/NAME.card.*   the character card that it came from, byte for byte, if it came from one (cards.py)

The name of a profile is the name of its file. Every write is complete or does not happen.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from profiles.errors import (
    BuiltinProfileError,
    ProfileAccessError,
    ProfileError,
    ProfileExistsError,
    ProfileFileError,
    ProfileNameError,
    UnknownProfileError,
)
from profiles.names import checked_name, did_you_mean, folded, shortened
from profiles.profile import Profile
from profiles.toml import from_toml, renamed, to_toml

BUILTIN = Path(__file__).parent / "personas"
MAX_FILE = 1024 * 1024  # bytes; a profile is a page of text


@dataclass(frozen=True)
class StoredProfile:
    """A profile and where it lies."""

    profile: Profile
    path: Path
    builtin: bool


@dataclass(frozen=True)
class BrokenProfile:
    """A file in the place of a profile that cannot be used, and why."""

    name: str
    path: Path
    reason: str


@dataclass(frozen=True)
class Listing:
    """All profiles by name, and the files that hold none."""

    profiles: list[StoredProfile]
    broken: list[BrokenProfile]


class ProfileStore:
    """The user's own profiles in `folder` (made on the first write) before the built-in ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> Sequence[str]:
        """Every name that has a file, broken files included: `load` says what is wrong with them."""
        return [name for _, (name, _) in sorted(self._files().items())]

    def list(self) -> Listing:
        """Every profile, read; a broken file is reported and hides no other."""
        listing = Listing([], [])
        for _, (name, path) in sorted(self._files().items()):
            try:
                profile = from_toml(_read(path), name)
            except ProfileError as error:
                listing.broken.append(BrokenProfile(name, path, str(error)))
            else:
                listing.profiles.append(StoredProfile(profile, path, builtin=path.parent == BUILTIN))
        listing.broken.extend(self._misnamed())
        return listing

    def load(self, name: str) -> Profile:
        """The profile of this name, whatever its case; UnknownProfileError with the near names."""
        name, path = self.find(name)
        text = _read(path)
        try:
            return from_toml(text, name)
        except ProfileError as error:
            raise ProfileFileError(f"The profile in {path} cannot be used. {error}") from error

    def read(self, name: str) -> str:
        """The text of the file as it is, valid or not."""
        return _read(self.path(name))

    def find(self, name: str) -> tuple[str, Path]:
        """The name as its file spells it, and the file."""
        files = self._files()
        if folded(name) not in files:
            near = did_you_mean(name, (known for known, _ in files.values()))
            raise UnknownProfileError(
                f"There is no profile {shortened(name)}.{near} See: chatbot profile list"
            )
        return files[folded(name)]

    def path(self, name: str) -> Path:
        """The file of a profile: the user's own, or the built-in one."""
        return self.find(name)[1]

    def is_builtin(self, name: str) -> bool:
        """Whether the profile comes with the program and has no version of the user's own."""
        return self.path(name).parent == BUILTIN

    def save(self, profile: Profile, *, overwrite: bool = False) -> Path:
        """Write the user's own profile and return its file; a taken name is refused unless `overwrite`."""
        return self.write(profile.name, to_toml(profile), overwrite=overwrite)

    def write(self, name: str, text: str, *, overwrite: bool = False) -> Path:
        """Write the text of a profile as it stands, with its comments, once it has proved valid."""
        name, data = from_toml(text, checked_name(name)).name, text.encode("utf-8")
        self.check_free(name, except_for=name if overwrite else None)
        path = self.folder / f"{name}.toml"
        _check_size(path, data)
        write_atomically(path, data)
        return path

    def delete(self, name: str) -> None:
        """Delete the user's own profile and its card; a built-in one that it shadowed shows again."""
        name, path = self._own(name, "deleted")
        with _refusals(path, "deleted"):
            for file in (path, *self._cards(name)):
                file.unlink()

    def rename(self, old: str, new: str) -> Path:
        """Give the user's own profile another name; another case of the same name is another name too."""
        (old, path), new = self._own(old, "renamed"), checked_name(new)
        text, cards = self._valid_text(old), self._cards(old)
        self.check_free(new, except_for=old if new != old else None)
        target = self.folder / f"{new}.toml"
        with _refusals(path, "renamed"):
            if folded(new) == folded(old):  # one and the same file where the system sees no case
                path = path.replace(target)
            write_atomically(target, renamed(text, new).encode("utf-8"))
            for card in cards:
                card.replace(_card_of(new, card))
            if path != target:
                path.unlink()
        return target

    def copy(self, source: str, new: str) -> Path:
        """Write a copy of any profile as the user's own, with its card if it has one."""
        source, new = self.find(source)[0], checked_name(new)
        copy = self.write(new, renamed(self._valid_text(source), new))
        for card in self._cards(source):
            with _refusals(copy, "written"):
                shutil.copyfile(card, _card_of(new, card))
        return copy

    def card(self, name: str) -> bytes | None:
        """The character card that the user's own profile came from, if it came from one."""
        for path in self._cards(name):
            with _refusals(path, "read"):
                return path.read_bytes()
        return None

    def save_with_card(self, profile: Profile, card: bytes, form: str) -> Path:
        """Write a new profile of the user's own and beside it the card that it came from."""
        path = self.save(profile)
        for forgotten in self._cards(profile.name):  # of a profile whose file somebody removed by hand
            with _refusals(forgotten, "deleted"):
                forgotten.unlink()
        write_atomically(self.folder / f"{profile.name}.card.{form}", card)
        return path

    def check_free(self, name: str, *, except_for: str | None = None) -> None:
        """Refuse a name that another profile has; a built-in one may be shadowed under its exact name."""
        taken, path = self._files().get(folded(name), (None, BUILTIN))
        own = path.parent != BUILTIN
        if taken is None or taken == except_for or (taken == name and not own):
            return
        difference = "" if taken == name else f", which differs from {name!r} only in case"
        remedy = f", or delete that one first: chatbot profile delete {taken}" if own else "."
        raise ProfileExistsError(f"There is a profile {taken!r}{difference}. Choose another name{remedy}")

    def _files(self) -> dict[str, tuple[str, Path]]:
        """Folded name -> (name, file); the user's own before the built-in ones."""
        return _by_fold(BUILTIN) | _by_fold(self.folder)

    def _misnamed(self) -> Iterator[BrokenProfile]:
        """Files of the user whose names break the rule or collide with another one's."""
        files = _by_fold(self.folder)
        for path in _toml_files(self.folder):
            name = _name(path)
            if reason := _fault(name):
                yield BrokenProfile(name, path, reason)
            elif (first := files[folded(name)][1]) != path:
                reason = f"Two names differ in more than case, but there is {first.name} too. Rename one."
                yield BrokenProfile(name, path, reason)

    def _own(self, name: str, act: str) -> tuple[str, Path]:
        name, path = self.find(name)
        if path.parent == BUILTIN:
            raise BuiltinProfileError(
                f"A built-in profile cannot be {act}, and {name!r} is one. "
                f"Make your own of it: chatbot profile copy {name} NEW"
            )
        return name, path

    def _cards(self, name: str) -> Sequence[Path]:
        """The files of cards beside the user's own profile: none or one."""
        name, path = self.find(name)
        return [] if path.parent == BUILTIN else sorted(self.folder.glob(f"{name}.card.*"))

    def _valid_text(self, name: str) -> str:
        self.load(name)
        return self.read(name)


def write_atomically(path: Path, data: bytes) -> None:
    """The whole file or, after any failure, the old one: write beside it, flush to the disk, replace."""
    with _refusals(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _refusals(path: Path, act: str) -> Iterator[None]:
    """What the system refuses, in a sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProfileAccessError(
            f"{path} could not be {act}: {reason}. Check its rights and the free space."
        ) from error


def _toml_files(folder: Path) -> list[Path]:
    with _refusals(folder, "read"):
        if not folder.exists():
            return []
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.name[0] != ".")


def _by_fold(folder: Path) -> dict[str, tuple[str, Path]]:
    """Folded name -> (name, file); of names that differ only in case, the first in order."""
    files: dict[str, tuple[str, Path]] = {}
    for path in _toml_files(folder):
        if not _fault(_name(path)):
            files.setdefault(folded(_name(path)), (_name(path), path))
    return files


def _read(path: Path) -> str:
    with _refusals(path, "read"), path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    _check_size(path, data)
    try:
        return data.decode("utf-8-sig")  # some editors put a mark at the beginning
    except UnicodeDecodeError as error:
        raise ProfileFileError(f"A profile is UTF-8 text, and {path} is not: {error}. Save it so.") from error


def _check_size(path: Path, data: bytes) -> None:
    if len(data) > MAX_FILE:
        raise ProfileFileError(f"A profile has at most {MAX_FILE} bytes, and {path} has more. Shorten it.")


def _name(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem)  # some file systems take accents apart


def _fault(name: str) -> str:
    """Why the name cannot be one of a profile, or ''."""
    try:
        checked_name(name)
    except ProfileNameError as error:
        return str(error)
    return ""


def _card_of(name: str, card: Path) -> Path:
    return card.with_name(f"{name}.card{card.suffix}")
