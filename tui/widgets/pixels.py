"""What the widgets that show real pixels share: cells and pixels, few colours, and the two protocols' bytes.

What always holds: nothing here asks or sends anything; a picture is encoded as it was decoded; only one smaller
than its place is enlarged, where the terminal does not do that. Called in threads.
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
#: A place larger than this is filled with a picture of half its width and height: no person waits for the rest.
_MOST_PIXELS = 750_000
_SIXEL_ROWS = 6
#: A picture goes over a slow line in pieces of so many rows of cells at least, and in so many pieces at most: xterm keeps
#: sixteen pictures on its screen.
_PIECE_ROWS, _MOST_PIECES = 2, 14
_END = "\x1b\\"
#: Columns without a pixel of a colour, and full ones, are shorter as a count. The others rarely come in a row.
_LONG_RUN = re.compile(rb"\?{4,}|~{4,}")
#: Base64 of one escape sequence of kitty's protocol: the most that it allows.
_CHUNK = 4096
#: Little is gained by packing a picture tighter, and a person waits for it.
_LEVEL = zlib.Z_BEST_SPEED + 1


@dataclass(frozen=True, slots=True)
class Room:
    """What a picture may take: width and height in its own pixels, each so many of the terminal's, and colours.

    A link that is far carries half the width and height, and fewer colours; `piece` are the pixels of the terminal that
    one of the pieces is high in which sixels go over it, 0 for all at once.
    """

    box: tuple[int, int]
    pixel: int
    sixel_colours: int
    tgp_colours: int
    piece: int = 0


def room(columns: int, rows: int, *, slow: bool = False) -> Room:
    """Return what a picture may take that fills so many cells, over the link as it is: `slow` where that was measured."""
    cell = terminal.cell_pixels()
    rows = max(1, rows - _FREE_ROWS)
    width, height = max(1, columns * cell[0]), rows * cell[1]
    if slow or terminal.far():
        piece = max(_PIECE_ROWS, -(-rows // _MOST_PIECES)) * cell[1]
        return Room((max(1, width // 2), max(1, height // 2)), 2, 24, 64, piece)
    pixel = 2 if width * height > _MOST_PIXELS else 1
    return Room((max(1, width // pixel), max(1, height // pixel)), pixel, 48, 256)


def size_in(room: Room, picture: Picture) -> tuple[int, int]:
    """Return width and height of a picture where it fills the room, in its pixels; one that is too small is enlarged."""
    scale = min(room.box[0] / picture.columns, room.box[1] / picture.rows)
    return max(1, round(picture.columns * scale)), max(1, round(picture.rows * scale))


def cells_of(room: Room, picture: Picture) -> tuple[int, int]:
    """Return the columns and rows that a picture takes."""
    width, height = terminal.cell_pixels()
    size = size_in(room, picture)
    return -(-size[0] * room.pixel // width), -(-size[1] * room.pixel // height)


def _in_few_colours(picture: Picture, colours: int, size: tuple[int, int] | None = None) -> Image:
    """Return a picture in Pillow's form with a palette of its own. Not dithered: equal neighbours are few bytes."""
    from PIL import Image as Pillow

    image = Pillow.frombytes("RGB", (picture.columns, picture.rows), picture.rgb)
    if size is not None and size != image.size:
        image = image.resize(size, Pillow.Resampling.BICUBIC)
    return image.quantize(colours, method=Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE)


# --- sixel ------------------------------------------------------------------------------------------------------


def sixels(picture: Picture, room: Room) -> str:
    """Return a picture as an escape sequence that draws it at the cursor, or as several, each for a piece of it."""
    image = _in_few_colours(picture, room.sixel_colours, size_in(room, picture))
    places = np.asarray(image)
    if room.pixel > 1:
        places = places.repeat(room.pixel, axis=0).repeat(room.pixel, axis=1)
    palette = np.asarray(image.getpalette(), dtype=np.uint16).reshape(-1, 3)
    levels: list[list[int]] = ((palette * 100 + 127) // 255).tolist()
    high = room.piece or len(places)
    return "".join(_sixel(places[at : at + high], levels) for at in range(0, len(places), high))


def in_pieces(sixels: str) -> list[str]:
    """Return each of the escape sequences that `sixels` made."""
    return [f"{one}{_END}" for one in sixels.split(_END)[:-1]]


def _sixel(places: NDArray[np.uint8], levels: list[list[int]]) -> str:
    """Return rows of places in a palette (in hundredths) as one escape sequence.

    Every colour is defined before the first pixel: xterm paints some pixels wrong that come before the last definition.
    """
    height, width = places.shape
    used = np.flatnonzero(np.bincount(places.ravel(), minlength=len(levels))).tolist()
    colours = "".join(f"#{one};2;{levels[one][0]};{levels[one][1]};{levels[one][2]}" for one in used)
    bands = [_band(places[at : at + _SIXEL_ROWS]) for at in range(0, height, _SIXEL_ROWS)]
    return f'\x1bP0;1q"1;1;{width};{height}{colours}' + b"-".join(bands).decode("ascii") + _END


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
    return b"!%d%c" % (run.end() - run.start(), run.group()[0])


# --- kitty's graphics protocol ----------------------------------------------------------------------------------


def transmitted(picture: Picture, room: Room, *, id: int, cells: tuple[int, int]) -> str:
    """Return what gives the terminal a picture under an id, to be shown by placeholders in so many columns and rows.

    The terminal scales it to them.
    """
    kept = io.BytesIO()
    _in_few_colours(picture, room.tgp_colours).save(kept, "PNG", compress_level=_LEVEL)
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
