"""A part of a picture, as shares of its width and height: where somebody looks closer, or all a network looks at.

What always holds: a part lies within the picture; a region has its shape too. Regions are made by the app, parts by
the settings of a source; `decode` cuts both out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

_LEAST = 1 / 16


class Region(NamedTuple):
    """The part from `left` and `top` on, `size` of the picture wide and high: shares from 0 to 1."""

    left: float
    top: float
    size: float

    @classmethod
    def of(cls, numbers: Any) -> Region | None:
        """Return the region of three numbers that came from outside, None where they make none."""
        if not isinstance(numbers, list | tuple) or len(numbers) != 3:
            return None
        if any(isinstance(n, bool) or not isinstance(n, int | float) or not 0 <= n <= 1 for n in numbers):
            return None
        return cls(*map(float, numbers)).within() if numbers[2] >= _LEAST else None

    @property
    def whole(self) -> bool:
        """True where it is the whole picture."""
        return self.size >= 1

    def within(self) -> Region:
        """Return this region moved so that it lies within the picture."""
        most = 1 - self.size
        return Region(min(max(self.left, 0.0), most), min(max(self.top, 0.0), most), self.size)

    def moved(self, across: int, down: int) -> Region:
        """Return the region a quarter of itself further to the right or down (negative: left, up)."""
        step = self.size / 4
        return Region(self.left + across * step, self.top + down * step, self.size).within()

    def scaled(self, by: float) -> Region:
        """Return the region around the same middle, `by` times as large, no larger than the picture."""
        size = min(1.0, max(_LEAST, self.size * by))
        shift = (self.size - size) / 2
        return Region(self.left + shift, self.top + shift, size).within()

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in a picture of that size; at least a pixel wide and high."""
        left, top = int(self.left * width), int(self.top * height)
        right = max(left + 1, round((self.left + self.size) * width))
        bottom = max(top + 1, round((self.top + self.size) * height))
        return left, top, min(right, width), min(bottom, height)


class Part(NamedTuple):
    """The part from `left` and `top` on, `width` and `height` of the picture wide and high: shares from 0 to 1."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, numbers: Any) -> Part | None:
        """Return the part of four numbers that came from outside, None where they make none within the picture."""
        if not isinstance(numbers, list | tuple) or len(numbers) != 4:
            return None
        if any(isinstance(n, bool) or not isinstance(n, int | float) or not 0 <= n <= 1 for n in numbers):
            return None
        left, top, width, height = map(float, numbers)
        fits = min(width, height) >= _LEAST and left + width <= 1 + 1e-9 and top + height <= 1 + 1e-9
        return cls(left, top, width, height) if fits else None

    @property
    def whole(self) -> bool:
        """True where it is the whole picture."""
        return self.width >= 1 and self.height >= 1

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in a picture of that size; at least a pixel wide and high."""
        left, top = min(int(self.left * width), width - 1), min(int(self.top * height), height - 1)
        right = max(left + 1, round((self.left + self.width) * width))
        bottom = max(top + 1, round((self.top + self.height) * height))
        return left, top, min(right, width), min(bottom, height)


#: The whole picture.
WHOLE = Region(0.0, 0.0, 1.0)
