"""Which cells of a picture as half-blocks have to be drawn, given what is on the screen. Pure; used by what draws them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.geometry import Region

from tui.widgets.painting import KEPT, Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture

#: Unchanged cells between two changed ones that are cheaper drawn again than jumped over.
_BRIDGED = 1
#: Steps of green by which a pixel stands out that must not be evened out; one by more is seen all the same.
_FAINT = (6, 13)


def even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an even number of rows: the last one twice where it had no other in its cells."""
    import numpy as np

    return np.vstack([pixels, pixels[-1:]]) if pixels.shape[0] % 2 else pixels


def all_cells(picture: Picture) -> list[Cell]:
    """Return every cell of a picture, without numpy."""
    rgb, wide = picture.rgb, 3 * picture.columns
    rows = [
        [
            (green, red - green, blue - green)
            for red, green, blue in zip(row[::3], row[1::3], row[2::3], strict=True)
        ]
        for row in (rgb[at : at + wide] for at in range(0, len(rgb), wide))
    ]
    rows += rows[-1:] * (len(rows) % 2)
    return [
        Cell(y, x, upper, lower)
        for y in range(len(rows) // 2)
        for x, (upper, lower) in enumerate(zip(rows[2 * y], rows[2 * y + 1], strict=True))
    ]


def changed_cells(picture: Picture, shown: list[list[int]]) -> tuple[list[Cell], NDArray[np.bool_]]:
    """Return the cells of which a pixel is farther off than it may be from what is shown, and where they are."""
    import numpy as np

    def tones(red: NDArray[np.int32], green: NDArray[np.int32], blue: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.stack([green, red - green, blue - green], axis=2)

    pixels, on_screen = even(picture.pixels).astype(np.int32), np.array(shown, dtype=np.int32)
    new = tones(pixels[..., 0], pixels[..., 1], pixels[..., 2])
    moved = np.abs(new - tones(on_screen >> 16, on_screen >> 8 & 255, on_screen & 255)) > np.array(KEPT)
    off = moved.any(axis=2)
    where = off[0::2] | off[1::2]
    ys, xs = np.nonzero(where)
    halves = new[0::2][where].tolist(), new[1::2][where].tolist()
    thin = faint(new[..., 0])
    return list(
        map(Cell, ys.tolist(), xs.tolist(), *halves, (thin[0::2] | thin[1::2])[where].tolist())
    ), where


def faint(green: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return where a pixel is a little brighter than what is on both sides of it, or a little darker: a thin thread."""
    import numpy as np

    above, below = np.diff(green, axis=0)[:-1], -np.diff(green, axis=0)[1:]
    left, right = np.diff(green, axis=1)[:, :-1], -np.diff(green, axis=1)[:, 1:]
    stands = np.zeros_like(green)
    stands[1:-1] = _ridge(above, below)
    stands[:, 1:-1] = np.maximum(stands[:, 1:-1], _ridge(left, right))
    found: NDArray[np.bool_] = (stands >= _FAINT[0]) & (stands <= _FAINT[1])
    return found


def _ridge(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return by how much a middle is above both sides, or below both; 0 where it is between them."""
    import numpy as np

    found: NDArray[np.int32] = np.where(one * other > 0, np.minimum(np.abs(one), np.abs(other)), 0)
    return found


def regions(changed: NDArray[np.bool_]) -> Iterator[Region]:
    """Yield the stretches of changed cells, line by line; `changed` is rows x columns."""
    import numpy as np

    for y in np.flatnonzero(changed.any(axis=1)).tolist():
        places = np.flatnonzero(changed[y])
        gaps = np.flatnonzero(np.diff(places) > _BRIDGED + 1)
        firsts = places[np.concatenate(([0], gaps + 1))].tolist()
        lasts = places[np.concatenate((gaps, [len(places) - 1]))].tolist()
        for first, last in zip(firsts, lasts, strict=True):
            yield Region(first, y, last - first + 1, 1)
