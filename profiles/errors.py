"""The errors of this package. Each carries the exit code that a command line gives it.

    ProfileError                2  the caller's data or request is wrong; the sentence says what to do
    ├── ProfileNameError        2  a name that cannot be the name of a profile
    ├── UnknownProfileError     2  a name that no profile has
    ├── ProfileExistsError      2  a name that is taken
    ├── BuiltinProfileError     2  a built-in profile cannot be changed
    ├── ProfileFileError        2  a file that holds no valid profile
    │   └── ProfileAccessError  1  the system refused to read or write it
    └── CardError               2  a character card that cannot be read or written

Every message has three parts: the rule, the value received, what to do.
"""

from __future__ import annotations


class ProfileError(ValueError):
    """A profile, or a request about one, is wrong."""

    exit_code = 2


class ProfileNameError(ProfileError):
    """The name breaks the rule for names."""


class UnknownProfileError(ProfileError):
    """No profile has this name."""


class ProfileExistsError(ProfileError):
    """Another profile has this name already."""


class BuiltinProfileError(ProfileError):
    """A built-in profile was to be deleted or renamed."""


class ProfileFileError(ProfileError):
    """The file holds no valid profile."""


class ProfileAccessError(ProfileFileError):
    """The system refused to read or write the file."""

    exit_code = 1


class CardError(ProfileError):
    """The file is no character card, is damaged, or is larger than the limits."""
