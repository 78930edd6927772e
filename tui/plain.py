"""Where a terminal has no UTF-8: every sign of the app as one ASCII character of the same width; and NO_COLOR.

What always holds: two classes never get the same sign, a line keeps its width, and no byte above 127 is written.
Called by the app when it starts; the locale of the environment decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    # the classes: a glyph each, and the filling of the day bar
    "○": "&", "●": "@", "◆": "#", "◇": "%", "▲": "A", "△": "^", "■": "H", "□": "B", "★": "*", "☆": "$",
    "░": ":", "█": "#", "▓": "%", "▒": "=", "▚": "\\", "▞": "/", "▙": "L", "▟": "J", "▛": "F", "▜": "T",
    "·": ".", "✓": "+", "✗": "x", "☐": ".", "⚑": "!", "⊘": "/", "▸": ">", "▾": "v", "▶": ">", "▪": "*", "•": "*",
    "→": ">", "←": "<", "↑": "^", "↓": "v", "≠": "#", "−": "-", "–": "-", "—": "-", "×": "x", "…": "~", "±": "+",
    "“": '"', "”": '"', "‘": "'", "’": "'", "▀": '"', "▄": "~",
    # heights, also of a scroll bar
    "▁": "_", "▂": ".", "▃": "-", "▅": "=", "▆": "+", "▇": "%", "▌": "|", "▊": "|", "▎": "|", "▐": "|",
    # frames and axes
    **dict.fromkeys("─━┄╌╴╶═╸╺", "-"), **dict.fromkeys("│┃║▕▏", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╭╮╰╯┝┥┯┷┿┠┨┰┸╂", "+"),
}  # fmt: skip
_TABLE = str.maketrans(_SIGNS)


def wanted(environment: Mapping[str, str]) -> bool:
    """Return whether the locale says that the terminal does not show UTF-8; one that says nothing is taken to."""
    named = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((value for value in named if value), "")
    return bool(locale) and "utf" not in locale.lower()


@lru_cache(4096)
def ascii_of(text: str) -> str:
    """Return a text of the same width in ASCII; what has no sign of its own is a point (a dot of a curve) or `?`."""
    if text.isascii():
        return text
    known = text.translate(_TABLE)
    return known if known.isascii() else "".join(char if char.isascii() else _other(char) for char in known)


def _other(char: str) -> str:
    if "\u2800" <= char <= "\u28ff":
        return " " if char == "\u2800" else "."
    return "?" * cell_len(char)


class Styled(LineFilter):
    """What a chart leaves without any style gets an empty one: the filter for NO_COLOR asks every piece for its own."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, style or Style.null(), control) for text, style, control in segments]


class Ascii(LineFilter):
    """Every line that is drawn goes through here."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_of(text), style, control) for text, style, control in segments]
