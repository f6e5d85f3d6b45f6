"""Which profiles the user likes best: the store's own state, in no profile and in no card.

FOLDER/.state.json    {"favourites": ["gloomy-poet"]}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from profiles.files import alone, refusals, write_atomically
from profiles.names import folded


class Favourites:
    """The favourites of the store in `folder`; a name that no profile has any more does no harm."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".state.json"

    def __contains__(self, name: str) -> bool:
        return folded(name) in map(folded, self.names())

    def names(self) -> list[str]:
        """The names, in the order in which they became favourites."""
        found = self._state().get("favourites")
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def set(self, name: str, *, favourite: bool = True) -> None:
        """Add the name, or take it away."""
        with alone(self.path.parent):
            others = [other for other in self.names() if folded(other) != folded(name)]
            self._write([*others, name] if favourite else others)

    def rename(self, old: str, new: str) -> None:
        """A favourite stays one under its new name."""
        with alone(self.path.parent):
            if old in self:
                self._write([new if folded(name) == folded(old) else name for name in self.names()])

    def _write(self, names: list[str]) -> None:
        state = {**self._state(), "favourites": names}
        write_atomically(self.path, json.dumps(state, ensure_ascii=False, indent=2).encode("utf-8") + b"\n")

    def _state(self) -> dict[str, Any]:
        """What the file says; nothing where it is missing or damaged."""
        with refusals(self.path, "read"):
            if not self.path.exists():
                return {}
            text = self.path.read_bytes()
        try:
            state = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        return state if isinstance(state, dict) else {}
