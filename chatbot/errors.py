"""The errors of this package. Each carries the exit code that the command line gives it.

    ChatbotError            1  something went wrong; the sentence says what to do
    ├── UsageError          2  the caller asked for something that cannot be
    │   ├── ConfigError     2  a setting is unknown or has an impossible value
    │   └── UnknownNameError 2 a name that is not among the known ones
    ├── ModelError          1  a model folder is corrupt, newer or unfinished (2: there is none)
    └── FlowError           1  the flow became non-finite or ran away; the engine replies from the prior

`profiles.ProfileError` and `storage.StorageError` stand beside this tree (those packages do not know this
one) and carry an `exit_code` too. Every message has three parts: the rule, the value received, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ChatbotError(Exception):
    """Any failure of this package that a person can do something about."""

    exit_code = 1


class UsageError(ChatbotError):
    """The request itself is wrong; nothing was done."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown, of the wrong type or out of range."""


class UnknownNameError(UsageError):
    """A name that is not among the known ones. Writes its own sentence with the near names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"There is no {kind} {name!r}.{suggestion(name, self.known)}")


class ModelError(ChatbotError):
    """A model folder cannot be used: missing, corrupt, of a newer format or not finished."""


class FlowError(ChatbotError):
    """The flow became non-finite or ran away."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """' Did you mean 'a'? Known: a, b.' for a message about an unknown name; '' when nothing is known."""
    names = sorted(known)
    if not names:
        return ""
    near = near_names(name, names)
    question = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return f"{question} Known: {', '.join(names)}."


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Up to two known names that `name` may have been meant for."""
    lowered = {candidate.lower(): candidate for candidate in known}
    return [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, n=2)]
