"""Alt keys as most terminals send them: Escape and then the letter, or the return."""

from __future__ import annotations

from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

SEQUENCES = {"\x1b\r": "alt+enter"} | {f"\x1b{letter}": f"alt+{letter}" for letter in ascii_lowercase}


def know_alt_keys() -> None:
    """Let Textual know them, where it has no meaning of its own for them (Alt+B, Alt+F: a step by one word).

    Textual waits 100 ms for the rest of a sequence that it does not know. A second Alt key within that time
    would be taken for "^" and a letter, and Alt+Enter for Enter, which sends.
    """
    known = cast("dict[str, Any]", ANSI_SEQUENCES_KEYS)  # Textual only reads it, and types it so
    for sequence, key in SEQUENCES.items():
        known.setdefault(sequence, (SimpleNamespace(value=key),))  # it asks nothing but the value
