"""The two themes of this program, beside those of Textual: dusk (dark) and dawn (light)."""

from __future__ import annotations

from textual.theme import Theme

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
