"""ProfileStore: the built-in personas, and in front of them the user's own, one TOML file each.

    FOLDER/NAME.toml     the user's own profile; it shadows a built-in one of the same name
    FOLDER/NAME.card.*   the character card that it came from, byte for byte, if it came from one (cards.py)
    FOLDER/.history/     every version that was written over or deleted (history.py)
    FOLDER/.state.json   which ones are favourites (favourites.py)
    FOLDER/.lock         held by the one program that writes; there is nothing in it (files.py)

The name of a profile is the name of its file. Every write is complete or does not happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from profiles.errors import (
    BuiltinProfileError,
    ProfileError,
    ProfileExistsError,
    ProfileFileError,
    UnknownProfileError,
)
from profiles.favourites import Favourites
from profiles.files import (
    alone,
    check_size,
    fault,
    files_in,
    name_of,
    read,
    refusals,
    toml_files,
    write_atomically,
    write_new,
)
from profiles.history import History
from profiles.names import checked_name, did_you_mean, folded, shortened
from profiles.profile import Profile
from profiles.toml import from_toml, renamed, to_toml

CardFile = tuple[str, bytes]  # the ending of its name, with the dot, and what is in it
BUILTIN = Path(__file__).parent / "personas"


@dataclass(frozen=True)
class StoredProfile:
    """A profile and where it lies."""

    profile: Profile
    path: Path | None  # None: a blend, which is kept nowhere
    builtin: bool
    favourite: bool = False


@dataclass(frozen=True)
class BrokenProfile:
    """A file in the place of a profile that cannot be used, and why."""

    name: str
    path: Path
    reason: str


@dataclass(frozen=True)
class Listing:
    """All profiles by name, favourites first, and the files that hold none."""

    profiles: list[StoredProfile]
    broken: list[BrokenProfile]


class ProfileStore:
    """The user's own profiles in `folder` (made on the first write) before the built-in ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History(folder)
        self.favourites = Favourites(folder)

    def names(self) -> Sequence[str]:
        """Every name that has a file, favourites first; `load` says what is wrong with broken files."""
        return [name for name, _, _ in self._ordered()]

    def list(self) -> Listing:
        """Every profile, read; a broken file is reported and hides no other."""
        listing = Listing([], [])
        for name, path, favourite in self._ordered():
            try:
                profile = from_toml(read(path), name)
            except ProfileError as error:
                listing.broken.append(BrokenProfile(name, path, str(error)))
            else:
                listing.profiles.append(StoredProfile(profile, path, path.parent == BUILTIN, favourite))
        listing.broken.extend(self._misnamed())
        return listing

    def load(self, name: str) -> Profile:
        """The profile of this name, whatever its case; UnknownProfileError with the near names."""
        name, path = self.find(name)
        text = read(path)
        try:
            return from_toml(text, name)
        except ProfileError as error:
            raise ProfileFileError(f"The profile in {path} cannot be used. {error}") from error

    def read(self, name: str) -> str:
        """The text of the file as it is, valid or not."""
        return read(self.path(name))

    def find(self, name: str) -> tuple[str, Path]:
        """The name as its file spells it, and the file."""
        files = self._files()
        if folded(name) not in files:
            near = did_you_mean(name, (known for known, _ in files.values()))
            if "," in name:
                raise UnknownProfileError(
                    f"A blend has no file, and {shortened(name)} is one. "
                    f"Save it first: chatbot profile copy {shortened(name)} NEW"
                )
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

    def write(self, name: str, text: str, *, overwrite: bool = False, card: CardFile | None = None) -> Path:
        """Write the text of a profile as it stands, with its comments, once it has proved valid.

        With a card both are written or neither.
        """
        name, data = from_toml(text, checked_name(name)).name, text.encode("utf-8")
        path = self.folder / f"{name}.toml"
        check_size(path, data)
        with alone(self.folder):
            self.check_free(name, except_for=name if overwrite else None)
            # The file that is there may spell the name otherwise: with its accents taken apart.
            _, path = files_in(self.folder).get(folded(name), (name, path))
            self._keep(name, path, data)
            self._write(path, data, card, overwrite=overwrite)
        return path

    def delete(self, name: str) -> None:
        """Delete the user's own profile and its card; a built-in one that it shadowed shows again.

        Both are kept as a version, so versions.rollback brings them back.
        """
        with alone(self.folder):
            name, path = self._own(name, "deleted")
            self.history.keep(name, path, self._cards(name), deleted=True)
            with refusals(path, "deleted"):
                path.unlink()

    def rename(self, old: str, new: str) -> Path:
        """Give the user's own profile another name; another case of the same name is another name too."""
        with alone(self.folder):
            (old, path), new = self._own(old, "renamed"), checked_name(new)
            text, cards = self._valid_text(old), self._cards(old)
            self.check_free(new, except_for=old if new != old else None)
            target, data = self.folder / f"{new}.toml", renamed(text, new).encode("utf-8")
            same = folded(new) == folded(old)  # one and the same file where the system sees no case
            if same and target.exists() and not target.samefile(path):
                raise ProfileExistsError(f"There is another file {target}. Rename that file first.")
            self.history.keep(old, path)
            # What is undone where it cannot be finished: the versions go last, and the old file after them.
            with refusals(path, "renamed"), ExitStack() as back:
                if same:
                    write_atomically(path, data)
                    back.callback(write_atomically, path, text.encode("utf-8"))
                    back.callback(path.replace(target).replace, path)
                else:
                    write_new(target, data)
                    back.callback(target.unlink)
                for card in cards:
                    back.callback(card.replace(_card_of(new, card)).replace, card)
                self.favourites.rename(old, new)
                back.callback(self.favourites.rename, new, old)
                self.history.move(old, new)
                back.pop_all()
                if not same:
                    path.unlink()
        return target

    def copy(self, source: str, new: str) -> Path:
        """Write a copy of any profile as the user's own, with its card if it has one."""
        with alone(self.folder):
            source, new = self.find(source)[0], checked_name(new)
            return self.write(new, renamed(self._valid_text(source), new), card=self._card(source))

    def card(self, name: str) -> bytes | None:
        """The character card that the user's own profile came from, if it came from one."""
        found = self._card(name)
        return found[1] if found else None

    def save_with_card(self, profile: Profile, card: bytes, form: str) -> Path:
        """Write a new profile of the user's own and beside it the card that it came from."""
        return self.write(profile.name, to_toml(profile), card=(f".{form}", card))

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
        return files_in(BUILTIN) | files_in(self.folder)

    def _misnamed(self) -> Iterator[BrokenProfile]:
        """Files of the user whose names break the rule or collide with another one's."""
        files = files_in(self.folder)
        for path in toml_files(self.folder):
            name = name_of(path)
            if reason := fault(name):
                yield BrokenProfile(name, path, reason)
            elif (first := files[folded(name)][1]) != path:
                reason = f"Two names differ in more than case, but there is {first.name} too. Rename a file."
                yield BrokenProfile(name, path, reason)

    def _ordered(self) -> list[tuple[str, Path, bool]]:
        """(name, file, whether it is a favourite), favourites first, each group by name."""
        favourites = {folded(name) for name in self.favourites.names()}
        files = [(key not in favourites, key, *found) for key, found in self._files().items()]
        return [(name, path, not other) for other, _, name, path in sorted(files)]

    def _write(self, path: Path, data: bytes, card: CardFile | None, *, overwrite: bool) -> None:
        """The card first: a program that is killed leaves at most a card without a profile, or a profile
        with the newer card. A card that is there before its profile is that of a forgotten one."""
        new = not path.is_file()
        beside = path.with_name(f"{path.stem}.card{card[0]}") if card else None
        with ExitStack() as back:
            if card and beside:
                write_atomically(beside, card[1])
                if new:
                    back.callback(beside.unlink)
            if new:
                self._forget_cards(path.stem, but=beside)
            (write_atomically if overwrite else write_new)(path, data)
            back.pop_all()
        if beside:
            self._forget_cards(path.stem, but=beside)

    def _forget_cards(self, name: str, but: Path | None) -> None:
        for card in self.folder.glob(f"{name}.card.*"):
            if card != but:
                with refusals(card, "deleted"):
                    card.unlink()

    def _keep(self, name: str, path: Path, data: bytes) -> None:
        """Make a version of the file that is to be written over by something else, if there is one."""
        with refusals(path, "read"):
            changes = path.is_file() and path.read_bytes() != data
        if changes:
            self.history.keep(name, path)

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

    def _card(self, name: str) -> CardFile | None:
        return next(map(card_file, self._cards(name)), None)

    def _valid_text(self, name: str) -> str:
        self.load(name)
        return self.read(name)


def card_file(path: Path) -> CardFile:
    """The character card in this file."""
    with refusals(path, "read"):
        return path.suffix, path.read_bytes()


def _card_of(name: str, card: Path) -> Path:
    return card.with_name(f"{name}.card{card.suffix}")
