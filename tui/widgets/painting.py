"""Half-cells as the fewest bytes that look the same: what is written to a terminal for the cells that changed.

Two pixels lie in a cell. What always holds: no colour that is set for a cell differs from the true one by more than the
`Play` says. Within that a colour which is set already is used on, whichever half of a cell it was set for; of the colours
that would do the one is set that does for most of the cells to its right; and cells that two colours do for are drawn
together, wherever they are, because going there is fewer bytes than setting colours. Pure, and without numpy, whose
import the first picture of all does not wait for. Called by the widget of half-cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

#: Green (most of what the eye takes for brightness), and what red and blue differ from it: a grey that turns
#: reddish is seen sooner than one that is a little darker.
Tone = Sequence[int]


class Play(NamedTuple):
    """Steps of a channel (of 256) that a tone may be off."""

    green: int
    red: int
    blue: int


#: A whole picture is drawn nearly exactly, a cell of the next one by what can't be seen in a cell, and one that is
#: faint in between; it stays for as long as noise of a camera could be all that moved it.
WHOLE, FAINT, CHANGED, KEPT = Play(2, 2, 2), Play(3, 5, 5), Play(7, 5, 5), Play(8, 6, 6)
#: How many cells of its line a colour looks ahead to, and how many elsewhere are tried with it; for more cells than the
#: last of these, and for a whole picture, a person would wait longer for the search than for the bytes.
_AHEAD, _TRIED, _MOST_SEARCHED = 12, 60, 2500
#: Cells elsewhere are found by the upper bits of their greens.
_COARSE = 5
_NOTHING: Tone = (-1000, 0, 0)
#: A cell is its background, or one of its halves is its foreground; never all of it: many fonts leave a gap around a
#: full block, and there any other colour would shine through.
_BACK, _UPPER, _LOWER = " ", "▀", "▄"


class Cell(NamedTuple):
    """A cell that is to be drawn: line and column in the picture, and the tones of its halves.

    Of one that is `faint`, as a thread that fills a part of it, little may be off, or it would be evened out.
    """

    y: int
    x: int
    upper: Tone
    lower: Tone
    faint: bool = False


def tone(red: int, green: int, blue: int) -> Tone:
    """Return a colour as a tone."""
    return green, red - green, blue - green


def _colour(tone: Tone) -> tuple[int, int, int]:
    """Return a tone as red, green and blue."""
    green, red, blue = tone
    red, blue = red + green, blue + green
    if 0 <= red <= 255 and 0 <= blue <= 255:
        return red, green, blue
    return min(255, max(0, red)), green, min(255, max(0, blue))


def _nearness(play: Play) -> Callable[[Tone, Tone], bool]:
    """Return what says whether two tones look the same."""
    green, red, blue = play

    def near(one: Tone, other: Tone) -> bool:
        return (
            -green <= one[0] - other[0] <= green
            and -red <= one[1] - other[1] <= red
            and -blue <= one[2] - other[2] <= blue
        )

    return near


class Painter:
    """Draws cells of one picture, once."""

    def __init__(self, cells: Sequence[Cell], play: Play) -> None:
        """`cells` are those to draw, line by line; `play` is how far off a tone may be."""
        self._cells, self._play = cells, play
        self._near_enough = _nearness(play), _nearness(FAINT)
        self._spread = [2 * steps for steps in play]
        self._drawn = bytearray(len(cells))
        self._sent: list[str] = []
        self._fore = self._back = _NOTHING
        self._fore_packed = self._back_packed = 0
        self._at = (-1, -1)

    def paint(self, shown: list[list[int]], origin: tuple[int, int] = (0, 0)) -> str:
        """Return what draws the cells, with the picture's first cell at `origin` (column, row) of the screen.

        `shown` are the picture's pixels, packed rgb, row by row; those that are drawn are put into it as they look.
        """
        return "".join(self.pieces(shown, origin))

    def pieces(
        self, shown: list[list[int]], origin: tuple[int, int] = (0, 0), signs: int = 0
    ) -> Iterator[str]:
        """Yield what `paint` returns in pieces of about so many signs and codes, each complete in itself; 0: in one."""
        self._shown, self._column, self._row = shown, origin[0] + 1, origin[1] + 1
        alike: dict[tuple[int, int], list[int]] = {}
        searched = self._play is not WHOLE and len(self._cells) <= _MOST_SEARCHED
        for place, cell in enumerate(self._cells if searched else ()):
            alike.setdefault((cell.upper[0] >> _COARSE, cell.lower[0] >> _COARSE), []).append(place)
        for place, cell in enumerate(self._cells):
            if self._drawn[place] or self._fits(place):
                continue
            self._go(cell.y, cell.x)
            self._draw(place, self._set(place))
            after = self._along(place + 1)
            if searched:
                kind = cell.upper[0] >> _COARSE, cell.lower[0] >> _COARSE
                alike[kind] = self._elsewhere(alike[kind], after)
            if 0 < signs < len(self._sent):
                yield self._taken()
        if self._sent:
            yield self._taken()

    def _taken(self) -> str:
        """Return what draws the cells since the last time; what comes after it relies on nothing of it."""
        text = "".join(self._sent) + "\x1b[m"
        self._sent.clear()
        self._fore = self._back = _NOTHING
        self._at = (-1, -1)
        return text

    def _along(self, place: int) -> int:
        """Draw what follows in the line with the colours as they are; return the first cell that they don't do for."""
        y = self._cells[place - 1].y
        while place < len(self._cells) and self._cells[place].y == y:
            if not self._drawn[place] and not self._fits(place):
                break
            place += 1
        return place

    def _elsewhere(self, alike: list[int], after: int) -> list[int]:
        """Draw some of the cells like the one that the colours were set for; return those that are left to be drawn."""
        left: list[int] = []
        for number, place in enumerate(alike):
            if len(left) == _TRIED:
                return left + alike[number:]
            if not self._drawn[place] and place >= after and not self._fits(place):
                left.append(place)
        return left

    def _fits(self, place: int) -> bool:
        """Draw a cell where the two colours that are set do for it."""
        _, _, upper, lower, faint = self._cells[place]
        near = self._near_enough[faint]
        if near(self._back, lower):
            if near(self._back, upper):
                self._draw(place, _BACK)
            elif near(self._fore, upper):
                self._draw(place, _UPPER)
            else:
                return False
        elif not near(self._fore, lower):
            return False
        elif near(self._back, upper):
            self._draw(place, _LOWER)
        else:
            return False
        return True

    def _set(self, place: int) -> str:
        """Set a colour, or both, for a cell that those set don't do for; return the sign to draw it with."""
        _, _, upper, lower, faint = self._cells[place]
        near = self._near_enough[faint]
        if near(upper, lower):
            middle = [(one + other) >> 1 for one, other in zip(upper, lower, strict=True)]
            self._send(self._set_back(middle))
            return _BACK
        if near(self._fore, upper) or near(self._fore, lower):
            keeps = near(self._fore, upper)
            self._send(self._set_back(self._common(place, 3 if keeps else 2)))
            return _UPPER if keeps else _LOWER
        if near(self._back, lower) or near(self._back, upper):
            keeps = near(self._back, lower)
            self._send(self._set_fore(self._common(place, 2 if keeps else 3)))
            return _UPPER if keeps else _LOWER
        self._send(f"{self._set_fore(self._common(place, 2))};{self._set_back(self._common(place, 3))}")
        return _UPPER

    def _send(self, codes: str) -> None:
        self._sent.append(f"\x1b[{codes}m")

    def _set_fore(self, tone: Tone) -> str:
        red, green, blue = _colour(tone)
        self._fore, self._fore_packed = tone, red << 16 | green << 8 | blue
        return f"38;2;{red};{green};{blue}"

    def _set_back(self, tone: Tone) -> str:
        red, green, blue = _colour(tone)
        self._back, self._back_packed = tone, red << 16 | green << 8 | blue
        return f"48;2;{red};{green};{blue}"

    def _common(self, place: int, half: int) -> Tone:
        """Return a tone that does for one half of a cell and of as many as possible that follow in its line.

        `half` is the place of the half in a `Cell`. It is asked for every colour that is set, so it is written out.
        """
        cells, (most, most_red, most_blue) = self._cells, self._spread
        y, _, upper_half, lower_half, faint = cells[place]
        low, low_red, low_blue = high, high_red, high_blue = lower_half if half == 3 else upper_half
        if faint:
            return low, low_red, low_blue
        for cell in cells[place + 1 : place + _AHEAD]:
            if cell.y != y or cell.faint:
                break
            green, red, blue = cell.lower if half == 3 else cell.upper
            lower, upper = (green, high) if green < low else (low, green if green > high else high)
            lower_red, upper_red = (
                (red, high_red) if red < low_red else (low_red, red if red > high_red else high_red)
            )
            lower_blue, upper_blue = (
                (blue, high_blue) if blue < low_blue else (low_blue, blue if blue > high_blue else high_blue)
            )
            if (
                upper - lower > most
                or upper_red - lower_red > most_red
                or upper_blue - lower_blue > most_blue
            ):
                break
            low, high, low_red, high_red = lower, upper, lower_red, upper_red
            low_blue, high_blue = lower_blue, upper_blue
        return (low + high) >> 1, (low_red + high_red) >> 1, (low_blue + high_blue) >> 1

    def _go(self, y: int, x: int) -> None:
        line, column = self._at
        if y == line and x > column:
            self._sent.append("\x1b[C" if x == column + 1 else f"\x1b[{x - column}C")
        elif y != line or x != column:
            self._sent.append(f"\x1b[{y + self._row};{x + self._column}H")
        self._at = (y, x)

    def _draw(self, place: int, sign: str) -> None:
        y, x = self._cells[place][:2]
        if self._at != (y, x):
            self._go(y, x)
        self._at = (y, x + 1)
        self._sent.append(sign)
        self._drawn[place] = 1
        fore, back = self._fore_packed, self._back_packed
        self._shown[2 * y][x] = fore if sign == _UPPER else back
        self._shown[2 * y + 1][x] = fore if sign == _LOWER else back
