"""What goes over the line: of an update only the cells that it names, with no more colour codes than it takes.

Textual draws an update's line from the left edge of the widget, and sets and resets every colour for every piece. For
a picture most of whose cells stayed as they were that is most of the bytes; for a whole screen it is a third of them
and half of the time. Called by the app for every update.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import (  # there are no public names for updates of the screen
    ChopsUpdate,
    LayoutUpdate,
)
from textual.geometry import Region
from textual.strip import Strip

_RESET = "\x1b[0m"


class Changed(ChopsUpdate):
    """An update that sends exactly the spans it was made for, less the `kept` parts, where the screen is right."""

    @classmethod
    def of(cls, update: ChopsUpdate, kept: Sequence[Region] = ()) -> Changed:
        """Return the same update, to be sent this way."""
        spans = list(update.spans)
        for hole in kept:
            spans = [part for span in spans for part in _beside(span, hole)]
        return cls(update.chops, spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """Return the bytes to send, as text."""
        system = console._color_system
        sent: list[str] = []
        for y, x1, x2 in self.spans:
            line, ends = self.chops[y], self.chop_ends[y]
            at = -1
            for end, (x, strip) in zip(ends, line.items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                first, last = max(x, x1), min(end, x2)
                if first != at:
                    sent.append(f"\x1b[{y + 1};{first + 1}H")
                sent.append(lean(strip.crop(first - x, last - x), system))
                at = last
        return "".join(sent)


class Whole(LayoutUpdate):
    """An update of every cell of a region but of the `kept` parts, where what is on the screen is right."""

    kept: Sequence[Region] = ()

    @classmethod
    def of(cls, update: LayoutUpdate, kept: Sequence[Region] = ()) -> Whole:
        """Return the same update, to be sent this way."""
        whole = cls(update.strips, update.region)
        whole.kept = kept
        return whole

    def render_segments(self, console: Console) -> str:
        """Return the bytes to send, as text."""
        system, column = console._color_system, self.region.x
        sent: list[str] = []
        for y, parts in enumerate(self.strips, self.region.y):
            line = Strip(chain.from_iterable(parts))
            first = 0
            for hole in self.kept:
                if hole.y <= y < hole.bottom:
                    sent.append(_placed(line.crop(first, hole.x - column), column + first, y, system))
                    first = hole.right - column
            sent.append(_placed(line.crop(first) if first else line, column + first, y, system))
        return "".join(sent)


def _beside(span: tuple[int, int, int], hole: Region) -> list[tuple[int, int, int]]:
    """Return what is left of a line's span (y, from, to) outside of a region."""
    y, first, end = span
    if not hole.y <= y < hole.bottom:
        return [span]
    parts = ((y, first, min(end, hole.x)), (y, max(first, hole.right), end))
    return [part for part in parts if part[1] < part[2]]


def _placed(strip: Strip, x: int, y: int, system: ColorSystem | None) -> str:
    return f"\x1b[{y + 1};{x + 1}H{lean(strip, system)}" if strip else ""


def lean(strip: Strip, system: ColorSystem | None) -> str:
    """Return a strip with its colours, none set twice and one reset at the end."""
    if system is None:
        return strip.text
    parts: list[str] = []
    fore = back = ""
    plain = True
    for text, style, control in strip:
        if control:
            continue
        simple = _simple(style, system) if style else None
        if simple is None:
            parts.append(
                ("" if plain else _RESET) + (style.render(text, color_system=system) if style else text)
            )
            fore, back, plain = "", "", True
            continue
        codes = [new for new, old in zip(simple, (fore, back), strict=True) if new != old]
        parts.append(f"\x1b[{';'.join(codes)}m{text}" if codes else text)
        (fore, back), plain = simple, False
    return "".join(parts) + ("" if plain else _RESET)


@lru_cache(maxsize=1 << 15)
def _simple(style: Style, system: ColorSystem) -> tuple[str, str] | None:
    """Return the codes of a style that is two colours and nothing else, None for any other."""
    if (
        style.color is None
        or style.bgcolor is None
        or style.link
        or style._attributes
        or style._set_attributes
    ):
        return None
    return _codes(style.color, system, True), _codes(style.bgcolor, system, False)


@lru_cache(maxsize=1 << 14)
def _codes(colour: Color, system: ColorSystem, foreground: bool) -> str:
    return ";".join(colour.downgrade(system).get_ansi_codes(foreground))
