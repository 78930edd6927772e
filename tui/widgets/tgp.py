"""A picture by kitty's graphics protocol: placeholders that are text to Textual, whose pixels the terminal keeps.

Imported late, and only where a person chose it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual_image.widget import TGPImage

from tui.widgets.pixels import cells_of, fitted

if TYPE_CHECKING:
    from core.frames.decode import Picture


class Tgp(Container):
    """The frame's picture as pixels."""

    def compose(self) -> ComposeResult:
        yield TGPImage()

    def put(self, picture: Picture | None, box: tuple[int, int], shown: Callable[[], object]) -> None:
        """Show a picture in a box of pixels, or nothing; `shown` is called once it is on the screen."""
        inside = self.query_one(TGPImage)
        self.display = picture is not None
        if picture is None:
            inside.image = None
            return
        image = fitted(picture, box)
        columns, rows = cells_of(image.size)
        for styles in (self.styles, inside.styles):
            styles.width, styles.height = columns, rows
        inside.image = image
        self.call_after_refresh(shown)

    def prepare(self, picture: Picture, box: tuple[int, int]) -> None:
        """Nothing can be done beforehand: the terminal takes a picture when it is shown."""
