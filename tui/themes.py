"""The themes of the app (dark, light, high contrast) with the colours of the classes.

What always holds (tests/tui/test_looks.py): text on its background has a contrast of at least 4.5, in high contrast of
at least 7 (WCAG 2.1, levels AA and AAA). A person's settings name one: `theme = "light"`.
"""

from __future__ import annotations

from textual.theme import Theme

from core.errors import WrongUsage
from core.text import safe

_DARK = {
    "dim": "#8e9bab",
    "label-1": "#6cb6ff", "label-2": "#f0b440", "label-3": "#7ee787", "label-4": "#d2a8ff", "label-5": "#ff9bb0",
}  # fmt: skip
_LIGHT = {
    "dim": "#566473",
    "label-1": "#0550ae", "label-2": "#953800", "label-3": "#116329", "label-4": "#6639ba", "label-5": "#a0134e",
}  # fmt: skip
_CONTRAST = {
    "dim": "#d8d8d8",
    "label-1": "#7fd4ff", "label-2": "#ffd54a", "label-3": "#7dff9a", "label-4": "#e6b8ff", "label-5": "#ffb3c1",
}  # fmt: skip

THEMES = (
    Theme(
        name="print-models",
        primary="#4f8cc9",
        secondary="#8fa3b8",
        accent="#8ecbff",
        foreground="#d6dde6",
        background="#10151b",
        surface="#161c24",
        panel="#1f2731",
        success="#57c785",
        warning="#e5b454",
        error="#f0706a",
        dark=True,
        variables=_DARK,
    ),
    Theme(
        name="print-models-light",
        primary="#2f6fae",
        secondary="#5a6b7d",
        accent="#0a5bb5",
        foreground="#1b2430",
        background="#fbfcfd",
        surface="#f1f4f7",
        panel="#e3e8ee",
        success="#116b36",
        warning="#7d5200",
        error="#b02621",
        dark=False,
        variables=_LIGHT,
    ),
    Theme(
        name="print-models-contrast",
        primary="#ffffff",
        secondary="#ffffff",
        accent="#8fe3ff",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1c1c1c",
        success="#7dff9a",
        warning="#ffd54a",
        error="#ff9e96",
        dark=True,
        variables=_CONTRAST,
    ),
)
#: What a person calls them, in the settings and in the palette.
NAMES = {"dark": THEMES[0].name, "light": THEMES[1].name, "contrast": THEMES[2].name}


def named(name: str) -> str:
    """Return the theme of a person's name for it, the dark one for ''. Raises WrongUsage."""
    if name and name not in NAMES:
        raise WrongUsage(
            f"theme = “{safe(name, limit=40)}” in your settings names no theme.",
            f"Use one of: {', '.join(NAMES)}.",
        )
    return NAMES[name or "dark"]


def colours(*, dark: bool) -> dict[str, str]:
    """Return the app's own colours for a theme that does not have them."""
    return dict(_DARK if dark else _LIGHT)
