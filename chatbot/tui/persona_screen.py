"""Whom to talk to: one persona out of the list, or a blend that is typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets.option_list import Option

from chatbot.tui.pick_screen import PickScreen, Row
from profiles import ProfileError, find
from profiles.blend import is_blend
from profiles.store import ProfileStore


class PersonaScreen(PickScreen):
    """Dismissed with a name or a blend as profiles.find reads it, or None."""

    hint = "Type to filter, or a blend: gloomy-poet:0.6,calm-captain:0.4"

    def __init__(self, rows: Sequence[Row], profiles: ProfileStore | None) -> None:
        super().__init__("Talk to", rows, nothing="There are no profiles.")
        self._profiles = profiles

    def _fill(self, typed: str) -> None:
        if self._profiles is None or not is_blend(typed):
            super()._fill(typed)
            return
        try:
            blend = find(self._profiles, typed.strip())
        except (ProfileError, OSError) as error:
            self._offer([], str(error))
        else:
            row = Row(typed.strip(), blend.speaker, blend.description)
            self._offer([Option(row.content(), id=row.key)], "enter begins with this blend · esc back")
