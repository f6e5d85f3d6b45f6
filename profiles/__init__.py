"""Profiles: named personas, the store that keeps them, and character cards that carry them elsewhere."""

from profiles.blend import find
from profiles.errors import (
    BuiltinProfileError,
    CardError,
    ProfileAccessError,
    ProfileError,
    ProfileExistsError,
    ProfileFileError,
    ProfileNameError,
    UnknownProfileError,
)
from profiles.history import Version
from profiles.lore import LoreEntry
from profiles.profile import Profile
from profiles.store import BrokenProfile, Listing, ProfileStore, StoredProfile
from profiles.target import Target

__all__ = [
    "BrokenProfile",
    "BuiltinProfileError",
    "CardError",
    "Listing",
    "LoreEntry",
    "Profile",
    "ProfileAccessError",
    "ProfileError",
    "ProfileExistsError",
    "ProfileFileError",
    "ProfileNameError",
    "ProfileStore",
    "StoredProfile",
    "Target",
    "UnknownProfileError",
    "Version",
    "find",
]
