"""The two themes of this program, dusk (dark) and dawn (light), and the colours of words in all themes."""

from __future__ import annotations

from collections.abc import Mapping
from operator import mul

from textual.color import Color
from textual.theme import Theme

READABLE = 4.5  # the least contrast of words (WCAG 2, AA)
COLOURS = ("primary", "secondary", "accent", "success", "warning", "error")

DUSK = Theme(
    name="dusk",
    primary="#8fb0d6",
    secondary="#b9a3d0",
    accent="#e0b487",
    foreground="#d7dae0",
    background="#15181e",
    surface="#1b1f27",
    panel="#232833",
    success="#93c39b",
    warning="#dcb46e",
    error="#dd8186",
    variables={
        "footer-background": "#15181e",
        "footer-key-foreground": "#e0b487",
        "footer-description-foreground": "#8b919d",
        "block-cursor-text-style": "none",
        "input-selection-background": "#8fb0d6 30%",
    },
)

DAWN = Theme(
    name="dawn",
    primary="#3c6591",
    secondary="#765a92",
    accent="#a4652a",
    foreground="#2c3038",
    background="#faf8f4",
    surface="#f3f0ea",
    panel="#e8e4dc",
    success="#3d7a48",
    warning="#94660f",
    error="#ad3d43",
    dark=False,
    variables={
        "footer-background": "#faf8f4",
        "footer-key-foreground": "#a4652a",
        "footer-description-foreground": "#6d717a",
        "block-cursor-text-style": "none",
        "input-selection-background": "#3c6591 25%",
    },
)


def words(theme: Mapping[str, str]) -> dict[str, str]:
    """The colours of words, for the variables of a theme: its own, moved until they can be read on the
    screen, in dialogs, and in the chosen row of a list (app.tcss)."""

    def own(name: str) -> Color:
        return Color.parse(theme[name])

    ground, surface, plain = own("background"), own("surface"), own("foreground")
    if ground.ansi is not None:  # the terminal's own, which nobody here knows
        return {"text-faint": theme["foreground"]}
    grounds = (ground, surface, surface.blend(own("primary"), 0.15))
    end = ground.get_contrast_text(1.0)
    found = {f"text-{name}": _readable(own(name), end, *grounds) for name in COLOURS}
    found["text-faint"] = _readable(ground.blend(plain, 0.6), plain, *grounds)
    key = "footer-key-foreground"
    return found | {key: _readable(own(key), end, own("footer-background"))}


def contrast(one: Color, other: Color) -> float:
    """1 for two that are alike to 21 for black and white."""
    dark, light = sorted((_light(one), _light(other)))
    return (light + 0.05) / (dark + 0.05)


def _readable(colour: Color, end: Color, *grounds: Color) -> str:
    moved = (colour.blend(end, step / 20) for step in range(20))
    return next((c for c in moved if all(contrast(c, g) >= READABLE for g in grounds)), end).hex


def _light(colour: Color) -> float:
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in colour.normalized)
    return sum(map(mul, (0.2126, 0.7152, 0.0722), linear))
