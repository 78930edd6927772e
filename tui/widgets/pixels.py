"""What the widgets that show real pixels share: cells and pixels, few colours, and the two protocols' bytes.

What always holds: nothing here asks or sends anything; a picture is encoded as it was decoded; only one smaller
than its place is enlarged, where the terminal does not do that. Over a link that is far a picture has half the width and height, and fewer colours. Called in threads.
"""

from __future__ import annotations

import base64
import io
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tui import terminal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from core.frames.decode import Picture

#: Rows that stay free below a picture: the line for a filter opens there without cutting it off.
_FREE_ROWS = 1
_SIXEL_ROWS = 6
#: Five equal columns and more are shorter as a count.
_LONG_RUN = re.compile(rb"(.)\1{4,}", re.DOTALL)
#: Base64 of one escape sequence of kitty's protocol: the most that it allows.
_CHUNK = 4096
#: Little is gained by packing a picture tighter, and a person waits for it.
_LEVEL = zlib.Z_BEST_SPEED + 1


@dataclass(frozen=True, slots=True)
class Fit:
    """What a link carries: a pixel of the picture is so many of the terminal's wide and high, in so many colours."""

    pixel: int
    sixel_colours: int
    tgp_colours: int


_NEAR = Fit(pixel=1, sixel_colours=64, tgp_colours=256)
_FAR = Fit(pixel=2, sixel_colours=24, tgp_colours=64)


def fit() -> Fit:
    """Return what the link to this terminal carries."""
    return _FAR if terminal.far() else _NEAR


def room(columns: int, rows: int) -> tuple[int, int]:
    """Return the pixels of a picture that fills so many cells."""
    width, height = terminal.cell_pixels()
    pixel = fit().pixel
    return max(1, columns * width // pixel), max(1, (rows - _FREE_ROWS) * height // pixel)


def size_in(box: tuple[int, int], picture: Picture) -> tuple[int, int]:
    """Return width and height of a picture where it fills the box, in its pixels; one that is too small is enlarged."""
    scale = min(box[0] / picture.columns, box[1] / picture.rows)
    return max(1, round(picture.columns * scale)), max(1, round(picture.rows * scale))


def cells_of(size: tuple[int, int]) -> tuple[int, int]:
    """Return the columns and rows that a picture of so many pixels takes."""
    width, height = terminal.cell_pixels()
    pixel = fit().pixel
    return -(-size[0] * pixel // width), -(-size[1] * pixel // height)


def _in_few_colours(picture: Picture, colours: int, size: tuple[int, int] | None = None) -> Image:
    """Return a picture in Pillow's form with a palette of its own. Not dithered: equal neighbours are few bytes."""
    from PIL import Image as Pillow

    image = Pillow.frombytes("RGB", (picture.columns, picture.rows), picture.rgb)
    if size is not None and size != image.size:
        image = image.resize(size, Pillow.Resampling.BICUBIC)
    return image.quantize(colours, method=Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE)


# --- sixel ------------------------------------------------------------------------------------------------------


def sixels(picture: Picture, link: Fit, size: tuple[int, int]) -> str:
    """Return a picture as one escape sequence that draws it in that size at the cursor.

    Every colour is defined before the first pixel: xterm paints some pixels wrong that come before the last definition.
    """
    image = _in_few_colours(picture, link.sixel_colours, size)
    places = np.asarray(image)
    if link.pixel > 1:
        places = places.repeat(link.pixel, axis=0).repeat(link.pixel, axis=1)
    height, width = places.shape
    palette = np.asarray(image.getpalette(), dtype=np.uint16).reshape(-1, 3)
    levels = ((palette * 100 + 127) // 255).tolist()
    used = np.flatnonzero(np.bincount(places.ravel(), minlength=len(levels))).tolist()
    colours = "".join(f"#{one};2;{levels[one][0]};{levels[one][1]};{levels[one][2]}" for one in used)
    bands = [_band(places[at : at + _SIXEL_ROWS]) for at in range(0, height, _SIXEL_ROWS)]
    return f'\x1bP0;1q"1;1;{width};{height}{colours}' + b"-".join(bands).decode("ascii") + "\x1b\\"


def _band(rows: NDArray[np.uint8]) -> bytes:
    """Return six rows of places in the palette (the last band may have fewer): for each colour its columns as bits."""
    colours, width = int(rows.max()) + 1, rows.shape[1]
    bits = np.zeros((colours, width), dtype=np.uint8)
    columns = np.arange(width)
    for number, row in enumerate(rows):
        bits[row, columns] |= 1 << number
    bits += ord("?")
    lines = []
    for colour in np.unique(rows).tolist():
        line = bits[colour].tobytes().rstrip(b"?")
        lines.append(b"#%d" % colour + _LONG_RUN.sub(_counted, line))
    return b"$".join(lines)


def _counted(run: re.Match[bytes]) -> bytes:
    return b"!%d%s" % (run.end() - run.start(), run[1])


# --- kitty's graphics protocol ----------------------------------------------------------------------------------


def transmitted(picture: Picture, link: Fit, *, id: int, cells: tuple[int, int]) -> str:
    """Return what gives the terminal a picture under an id, to be shown by placeholders in so many columns and rows.

    The terminal scales it to them.
    """
    kept = io.BytesIO()
    _in_few_colours(picture, link.tgp_colours).save(kept, "PNG", compress_level=_LEVEL)
    data = base64.b64encode(kept.getbuffer()).decode("ascii")
    first = f"i={id},a=T,U=1,q=2,f=100,c={cells[0]},r={cells[1]},"
    starts = range(0, len(data), _CHUNK)
    return "".join(
        f"\x1b_G{first if not at else ''}m={int(at + _CHUNK < len(data))};{data[at : at + _CHUNK]}\x1b\\"
        for at in starts
    )


def forgotten(id: int) -> str:
    """Return what makes the terminal drop a picture and its bytes."""
    return f"\x1b_Ga=d,d=I,i={id},q=2\x1b\\"
