"""Small pictures as numbers, a pixel each: kept by the hundred, and few bytes when they are drawn as half-cells.

What always holds: a number of pixels' rows that half-cells can take. Called by the rows of pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.halfcells import dithered

if TYPE_CHECKING:
    from core.frames.decode import Picture


def packed(picture: Picture, *, few: bool) -> list[list[int]]:
    """Return a small picture as a number a pixel in an even number of rows; alike neighbours become equal, to be few bytes."""
    import numpy as np

    if few:
        greys: list[list[int]] = dithered(picture).tolist()
        return greys
    pixels = picture.pixels.astype(np.int32)
    if pixels.shape[0] % 2:
        pixels = np.vstack([pixels, pixels[-1:]])
    pixels = np.minimum((pixels + 4) >> 3 << 3, 248)
    packed: list[list[int]] = (pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]).tolist()
    return packed
