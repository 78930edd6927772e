"""The engine that needs no network: a thumbnail's light, its edges and its colours, as numbers.

What always holds: the same picture gives the same numbers on every machine; a brighter light changes the greys but
hardly the edges, which are taken relative to how bright a place is. Chosen by `engines` where there is nothing better.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.assist.engines import Engine
from core.frames.decode import Picture

#: Cells across and down that light and edges are told in, and those of the colours.
_CELLS, _COLOURS = (16, 12), (8, 6)
#: The thumbnail that edges are seen in: a whole number of cells.
_FINE = (64, 48)


class Thumbnails(Engine):
    """Greys (16 x 12), edges (16 x 12) and two differences of colours (8 x 6 each): 480 numbers from 0 to 1, or -1 to 1."""

    key = "thumbs-1"
    dims = 2 * _CELLS[0] * _CELLS[1] + 2 * _COLOURS[0] * _COLOURS[1]
    box = (96, 96)

    def __init__(self, text: str = "Suggestions compare thumbnails.") -> None:
        self.text = text

    def embed(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return n x 480 numbers."""
        found = np.empty((len(pictures), self.dims), np.float32)
        for place, picture in enumerate(pictures):
            found[place] = _numbers(picture)
        return found


def _numbers(picture: Picture) -> NDArray[np.float32]:
    image = Image.frombytes("RGB", (picture.columns, picture.rows), picture.rgb)
    fine = np.asarray(image.resize(_FINE, Image.Resampling.BOX)).astype(np.float32) / np.float32(255)
    grey: NDArray[np.float32] = fine @ np.array([0.299, 0.587, 0.114], np.float32)  # luma, ITU-R BT.601
    across, down = np.diff(grey, axis=1, append=grey[:, -1:]), np.diff(grey, axis=0, append=grey[-1:])
    light, edges = _cells(grey, _CELLS), _cells(np.hypot(across, down), _CELLS)
    red = _cells(fine[:, :, 0] - fine[:, :, 1], _COLOURS)
    blue = _cells(fine[:, :, 2] - fine[:, :, 1], _COLOURS)
    parts = (light, np.clip(edges / (light + 0.1), 0, 1), red, blue)
    return np.concatenate([part.ravel() for part in parts])


def _cells(values: NDArray[np.float32], cells: tuple[int, int]) -> NDArray[np.float32]:
    """Return the mean of each cell, `cells` across and down."""
    across, down = cells
    high, wide = values.shape
    found: NDArray[np.float32] = values.reshape(down, high // down, across, wide // across).mean(axis=(1, 3))
    return found
