"""What a profile said before, and going back to it. What is kept, and where, is in history.py."""

from __future__ import annotations

from pathlib import Path

from profiles.errors import ProfileError, ProfileFileError, UnknownProfileError
from profiles.files import alone, files_in, read, refusals
from profiles.history import UNREADABLE, Version, digest_of, written
from profiles.names import folded
from profiles.store import BUILTIN, ProfileStore, card_file
from profiles.toml import renamed


def known(store: ProfileStore, name: str) -> str:
    """The name as it is written, of a profile that there is or was; UnknownProfileError otherwise."""
    try:
        return store.find(name)[0]
    except UnknownProfileError:
        if earlier := store.history.name(name):
            return earlier
        raise


def versions(store: ProfileStore, name: str) -> list[Version]:
    """Every version of a profile, the oldest first: 0 is the built-in one, the last that of the user now."""
    name = known(store, name)
    found = [_version(path, 0, name) for path in _file(BUILTIN, name)]
    found += store.history.versions(name)
    number = found[-1].number + 1 if found else 1
    return found + [_version(path, number, name) for path in _file(store.folder, name)]


def version(store: ProfileStore, name: str, number: int) -> Version:
    """One version of a profile; ProfileError when there is no such number."""
    found = versions(store, name)
    for candidate in found:
        if candidate.number == number:
            return candidate
    numbers = ", ".join(str(candidate.number) for candidate in found)
    raise ProfileError(
        f"{known(store, name)} has these versions: {numbers}; not {number}. Choose one of them."
    )


def rollback(store: ProfileStore, name: str, number: int) -> Path:
    """Let an earlier version stand again, as a new one; a deleted profile comes back with its card."""
    with alone(store.folder):
        name, chosen = known(store, name), version(store, name, number)
        if chosen.digest == UNREADABLE:
            raise ProfileFileError(
                f"Version {number} of {name} is no valid profile: {chosen.path}. Choose another."
            )
        text = renamed(read(chosen.path), name)
        ended = any(later.deleted and later.number >= number > 0 for later in versions(store, name))
        kept = store.history.card(name, number) if ended else None
        card = card_file(kept) if kept else None
        if ended and _file(store.folder, name):  # another profile of that name has come since
            store.delete(name)
        return store.write(name, text, overwrite=True, card=card)


def _version(path: Path, number: int, name: str) -> Version:
    with refusals(path, "read"):
        digest, when = digest_of(path.read_bytes(), name), written(path)
    return Version(number, digest, when, path, current=number > 0, builtin=number == 0)


def _file(folder: Path, name: str) -> list[Path]:
    """The file of the profile in this folder: none or one."""
    found = files_in(folder).get(folded(name))
    return [found[1]] if found else []
