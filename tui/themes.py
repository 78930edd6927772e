"""The two themes of the app, dark and light, with the colours of the classes; other themes get those of theirs."""

from __future__ import annotations

from textual.theme import Theme

_DARK = {
    "dim": "#8e9bab",
    "label-1": "#6cb6ff", "label-2": "#f0b440", "label-3": "#7ee787", "label-4": "#d2a8ff", "label-5": "#ff9bb0",
}  # fmt: skip
_LIGHT = {
    "dim": "#566473",
    "label-1": "#0550ae", "label-2": "#953800", "label-3": "#116329", "label-4": "#6639ba", "label-5": "#a0134e",
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
        success="#1a7f43",
        warning="#8a5a00",
        error="#c0312b",
        dark=False,
        variables=_LIGHT,
    ),
)


def colours(*, dark: bool) -> dict[str, str]:
    """Return the app's own colours for a theme that does not have them."""
    return dict(_DARK if dark else _LIGHT)
