"""The two themes of this program, dusk (dark) and dawn (light), and the colours of words in all themes."""

from __future__ import annotations

from collections.abc import Mapping
from operator import mul

from textual.color import BLACK, WHITE, Color
from textual.theme import Theme

READABLE = 4.5  # the least contrast of words (WCAG 2, AA)
COLOURS = ("primary", "secondary", "accent", "success", "warning", "error")
GROUNDS = ("background", "surface", "panel", "footer-background")

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
    },
)


def words(theme: Mapping[str, str], *, fine: bool = True) -> dict[str, str]:
    """The colours of words, for the variables of a theme: its own, moved until they can be read on the
    screen, in dialogs, in boxes and notices, in the chosen row of a list and where text is marked (app.tcss).
    Where the terminal has no `fine` shades grounds are grey: it would make plain blue or yellow of a tint."""

    def own(name: str) -> Color:
        return Color.parse(theme[name])

    grounds = [own(name) for name in GROUNDS]
    if grounds[0].ansi is not None:  # the terminal's own, which nobody here knows
        return {"text-faint": theme["foreground"]}
    ground, surface, panel, footer = grounds if fine else [colour.monochrome for colour in grounds]
    plain, primary = own("foreground"), own("primary")
    panel = surface.blend(plain, 0.08) if panel == surface else panel  # a box is told from what is around it
    marked = primary.with_alpha(0.25)
    found = {"input-selection-background": marked.hex}
    found |= zip(GROUNDS, (colour.hex for colour in (ground, surface, panel, footer)), strict=True)
    grounds = [ground, surface, panel, surface.blend(primary, 0.15)]
    found |= {f"text-{name}": _readable(own(name), *grounds) for name in COLOURS}
    found["foreground"] = found["input-selection-foreground"] = _readable(plain, *grounds, ground + marked)
    found["text-faint"] = _readable(ground.blend(plain, 0.6), *grounds, end=Color.parse(found["foreground"]))
    for key in "footer-key-foreground", "footer-description-foreground":
        found[key] = _readable(own(key), footer)
    if contrast(panel, panel.blend(panel.get_contrast_text(1.0), 0.6)) < READABLE:
        found["text-muted"] = found["text-faint"]
    return found


def contrast(one: Color, other: Color) -> float:
    """1 for two that are alike to 21 for black and white."""
    dark, light = sorted((_light(one), _light(other)))
    return (light + 0.05) / (dark + 0.05)


def _readable(colour: Color, *grounds: Color, end: Color | None = None) -> str:
    end = end or max((WHITE, BLACK), key=lambda c: min(contrast(c, ground) for ground in grounds))
    moved = (colour.blend(end, step / 20) for step in range(20))
    return next((c for c in moved if all(contrast(c, g) >= READABLE for g in grounds)), end).hex


def _light(colour: Color) -> float:
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in colour.normalized)
    return sum(map(mul, (0.2126, 0.7152, 0.0722), linear))
