"""Profiles as people and programs see them: the table of all, the sheet of one, and their JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chatbot.cli.printing import as_json, cut
from chatbot.errors import UnknownNameError
from chatbot.persona import opening, spoken
from chatbot.terminal import clean, columns, one_line
from profiles.lore import LoreEntry
from profiles.profile import Profile
from profiles.store import BrokenProfile, Listing, StoredProfile
from profiles.target import Target

LONGEST_DESCRIPTION = 200  # characters; that of a card may fill screens


def chosen(listing: Listing, tag: str | None, favourite: bool) -> Listing:
    """The profiles that have the tag, whatever its case, and are favourites if that is asked for."""
    found = listing.profiles
    if tag is not None:
        known = {name.casefold(): name for stored in found for name in stored.profile.tags}
        if tag.casefold() not in known:
            raise UnknownNameError("tag", tag, known.values())
        found = [one for one in found if tag.casefold() in map(str.casefold, one.profile.tags)]
    return Listing([stored for stored in found if stored.favourite or not favourite], listing.broken)


def table(profiles: Sequence[StoredProfile], width: int | None, user_name: str = "") -> str:
    """One line a profile under a head, with its first sentences; cut at `width` cells unless that is None."""
    rows = [("NAME", "FROM", "DESCRIPTION")]
    for stored in profiles:
        said = spoken(stored.profile.description, stored.profile, user_name)
        rows.append((stored.profile.name, origin(stored), one_line(opening(said, LONGEST_DESCRIPTION))))
    lines = columns(rows)
    return "\n".join(lines if width is None else (cut(line, width).rstrip() for line in lines))


def sheet(stored: StoredProfile) -> str:
    """Everything that a profile says, in named blocks; what it does not say is left out."""
    profile = stored.profile
    blocks = {
        "Called": [profile.display_name],
        "Attributes": list(_dials(profile)),
        "Arc": [_arc(name, points) for name, points in profile.arc.items()],
        "Sampling": [f"{name} = {value}" for name, value in profile.sampling.items()],
        "Facts": list(profile.facts),
        "Scenario": [profile.scenario],
        "Greeting": [profile.greeting],
        "Other greetings": list(profile.alternate_greetings),
        "Example dialogue": [profile.example_dialogue],
        "Tags": [", ".join(profile.tags)],
        "Lorebook": [_knowledge(entry) for entry in profile.lorebook],
    }
    parts = [f"{profile.name} ({origin(stored)})\n{clean(profile.description)}".rstrip()]
    for title, texts in blocks.items():
        if lines := [line for text in texts if text for line in clean(text).split("\n")]:
            parts.append("\n".join((title, *(f"  {line}".rstrip() for line in lines))))
    place = f"File    {stored.path}\n" if stored.path else ""
    return "\n\n".join((*parts, f"{place}Digest  {profile.digest()}"))


def sheet_json(stored: StoredProfile) -> str:
    return as_json(_fields(stored))


def listing_json(listing: Listing) -> str:
    broken = [{"name": file.name, "path": str(file.path), "reason": file.reason} for file in listing.broken]
    return as_json({"profiles": [_fields(stored) for stored in listing.profiles], "broken": broken})


def faults(broken: Iterable[BrokenProfile]) -> Iterable[str]:
    """A line for each file that is no profile."""
    for file in broken:
        yield one_line(f"Broken profile {file.name!r} ({file.path}): {file.reason}")


def origin(stored: StoredProfile) -> str:
    if stored.path is None:
        return "a blend"
    return ("built-in" if stored.builtin else "yours") + (", favourite" if stored.favourite else "")


def _knowledge(entry: LoreEntry) -> str:
    """An entry of a lorebook on one line: what calls it up, and how it begins."""
    groups = [", ".join(entry.keys), ", ".join(entry.secondary_keys)]
    if groups[1] and entry.secondary != "any":
        groups[1] = f"{entry.secondary} of {groups[1]}"
    if entry.use_regex:
        groups = [", ".join(key if key.startswith("/") else f"/{key}/" for key in entry.keys)]
    keys = " and ".join(filter(None, groups))
    called = "always" if entry.constant else keys or "never"
    return cut(one_line(f"{called if entry.enabled else f'off: {called}'} -> {entry.content}"), 100)


def _dials(profile: Profile) -> Iterable[str]:
    rows = [(name, _aspects(target), _strength(target)) for name, target in profile.attributes.items()]
    return columns(rows)


def _arc(name: str, points: Sequence[tuple[float, float]]) -> str:
    return f"{name}  {', '.join(f'turn {turn:g}: {value:g}' for turn, value in points)}"


def _strength(target: Target) -> str:
    if target.probability is not None:
        return f"strength {target.probability * 100:g}%"
    return f"weight {1 if target.weight is None else target.weight:g}"


def _aspects(target: Target) -> str:
    """`lyrical`, or the shares of a vector: `80% emotional, 20% critical`."""
    if len(target.aspects) == 1:
        return next(iter(target.aspects))
    return ", ".join(f"{share:.0%} {name}" for name, share in target.aspects.items())


def _fields(stored: StoredProfile) -> dict[str, Any]:
    where = {
        "builtin": stored.builtin,
        "favourite": stored.favourite,
        "path": stored.path and str(stored.path),
        "digest": stored.profile.digest(),
    }
    return stored.profile.model_dump(mode="json") | where
