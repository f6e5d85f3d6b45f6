"""A profile as it speaks: its texts with {{char}} and {{user}} filled in, and what of them the model sees."""

from __future__ import annotations

import re

from profiles import Profile

NAMELESS = "friend"  # what {{user}} becomes for a user who gave no name
_MACRO = re.compile(r"\{\{\s*(char|user)\s*\}\}", re.IGNORECASE)


def spoken(text: str, profile: Profile, user_name: str) -> str:
    """The text with its macros filled in; names are put in as they are, never read as macros again."""
    names = {"char": profile.name, "user": user_name or NAMELESS}
    return _MACRO.sub(lambda found: names[found[1].lower()], text)


def facts(profile: Profile, user_name: str) -> tuple[str, ...]:
    """What the model is told about itself and the scene, before everything else."""
    written = (*profile.facts, profile.scenario)
    return tuple(spoken(text, profile, user_name) for text in written if text.strip())


def greetings(profile: Profile, user_name: str) -> tuple[str, ...]:
    """The ways in which the profile may open a conversation; the first is the usual one."""
    written = (profile.greeting, *profile.alternate_greetings)
    return tuple(spoken(text, profile, user_name) for text in written if text.strip())
