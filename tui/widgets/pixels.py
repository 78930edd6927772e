"""What a widget that shows real pixels shares with another: cells and pixels, the picture fitted and in Pillow's form.

What always holds: nothing here asks the terminal anything, and `textual_image` is imported only by `made`, while
standard output is seen as no terminal: at its import it would ask, and late answers would come in as keys. Used by the
Label screen where a person chose `--graphics sixel` or `tgp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import terminal

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.frames.decode import Picture
    from tui.widgets.sixel import Sixel
    from tui.widgets.tgp import Tgp

#: How pictures can be drawn as pixels.
SIXEL, TGP = "sixel", "tgp"
#: Rows that stay free below a picture: the line for a filter opens there without cutting it off.
_FREE_ROWS = 1


def made(kind: str) -> Sixel | Tgp:
    """Return the widget that draws pixels that way; its class is imported now."""
    with terminal.unasked():
        # Takes the size of a cell as it is told now; later the library would ask the terminal for it.
        import textual_image.widget  # noqa: F401 - for what its import does

        if kind == SIXEL:
            from tui.widgets.sixel import Sixel

            return Sixel(id="still")
        from tui.widgets.tgp import Tgp

        return Tgp(id="still")


def room(columns: int, rows: int) -> tuple[int, int]:
    """Return the pixels that so many cells have room for."""
    width, height = terminal.cell_pixels()
    return max(1, columns * width), max(1, (rows - _FREE_ROWS) * height)


def cells_of(pixels: tuple[int, int]) -> tuple[int, int]:
    """Return the columns and rows that so many pixels take."""
    width, height = terminal.cell_pixels()
    return -(-pixels[0] // width), -(-pixels[1] // height)


def fitted(picture: Picture, box: tuple[int, int]) -> Image:
    """Return a picture as large as the box allows, in whole cells as the encoder counts them: it scales no second time."""
    from PIL import Image as Pillow

    image = Pillow.frombytes("RGB", (picture.columns, picture.rows), picture.rgb)
    scale = min(box[0] / picture.columns, box[1] / picture.rows)
    width, height = (
        max(unit, int(side * scale) // unit * unit)
        for side, unit in zip(image.size, terminal.told_cell(), strict=True)
    )
    return image.resize((width, height), Pillow.Resampling.BICUBIC)
