"""Text on its way to a terminal: words of users, models and files are data and never control it."""

from __future__ import annotations

import re

# C0 and C1 controls but newline and tab, delete, and the marks that reorder text right to left.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_GRADES = ("high", "low")  # aspects of several attributes


def clean(text: str) -> str:
    """The text without control characters. It may be given in pieces: each character stands alone."""
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """The clean text with every run of white space made one space."""
    return " ".join(clean(text).split())


def label(attribute: str, aspect: str) -> str:
    """The aspect by itself where that says enough; "extraversion high" where it does not."""
    return one_line(f"{attribute} {aspect}" if aspect in _GRADES else aspect)
