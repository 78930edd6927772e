"""The apps that `pictures` measures in a terminal: one picture and the key n for the next, ours and textual-image's.

`python -m benchmarks.picture_app WHOSE GRAPHICS ROWS FRAME…`; every frame is given by its path, and nothing is decoded
beforehand. Both have so many rows for the picture and some below it. Ours is the pane of the Label screen.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from textual.binding import BindingType

#: Pixels of a cell, for whoever asks.
CELL = (10, 20)
#: Rows below the picture: our pane leaves one free where it draws pixels, and sixels stay clear of the last two.
BELOW = 3


def ours(graphics: str, rows: int, frames: list[Path]) -> None:
    """The pane that shows a frame, with the decoder that the app has."""
    from textual.app import ComposeResult

    from core.frames.decode import Picture
    from core.frames.helper import helpers
    from tui import terminal
    from tui.careful import CarefulApp
    from tui.widgets.frame_view import FrameView

    terminal.take(CELL, far=os.environ.get("BENCH_FAR") == "1")
    helpers().start()

    class Ours(CarefulApp):
        CSS_PATH = Path(__file__).parents[1] / "tui" / "app.tcss"
        CSS = f"""
            #frame {{ height: {rows + (graphics != "halfcell")} !important; }}
            #frame-top, #frame-bottom {{ display: none; }}
            #inside {{ border: none; height: 100%; width: 100%; }}
        """
        BINDINGS: ClassVar[list[BindingType]] = [("n", "next"), ("q", "quit")]
        at = 0
        ahead: ClassVar[dict[Path, Picture]] = {}

        def compose(self) -> ComposeResult:
            yield FrameView(graphics)

        async def action_next(self) -> None:
            view, path = self.query_one(FrameView), frames[self.at % len(frames)]
            self.at += 1
            view.want(path.name, view.box)
            picture = self.ahead.pop(path, None) or await asyncio.to_thread(helpers().load, path, view.box)
            view.show_picture(path.name, picture)

        async def on_frame_view_drawn(self) -> None:
            """What the Label screen does beside: the next picture is decoded, and encoded where pixels are sent."""
            view, path = self.query_one(FrameView), frames[self.at % len(frames)]
            if os.environ.get("BENCH_AHEAD") == "1":
                self.ahead[path] = await asyncio.to_thread(helpers().load, path, view.box)
                view.prepare(self.ahead[path], view.box)

    _run(Ours(Path(os.environ["BENCH_PRIVATE"])))


def theirs(graphics: str, rows: int, frames: list[Path]) -> None:
    """textual-image's widget, given the path."""
    os.environ.update(TEXTUAL_CELL_WIDTH=str(CELL[0]), TEXTUAL_CELL_HEIGHT=str(CELL[1]))
    kept = sys.__stdout__
    with open(os.devnull, "w") as nowhere:
        vars(sys)["__stdout__"] = nowhere  # it would ask the terminal
        from textual_image import widget
    vars(sys)["__stdout__"] = kept
    from textual.app import App, ComposeResult

    classes = {"halfcell": widget.HalfcellImage, "sixel": widget.SixelImage, "tgp": widget.TGPImage}

    class Theirs(App[None]):
        CSS = f"#image {{ width: auto; height: {rows}; }}"
        BINDINGS: ClassVar[list[BindingType]] = [("n", "next"), ("q", "quit")]
        at = 0

        def compose(self) -> ComposeResult:
            yield classes[graphics](id="image")

        def action_next(self) -> None:
            self.query_one("#image").image = frames[self.at % len(frames)]
            self.at += 1

    _run(Theirs())


def _run(app: object) -> None:
    app.run()


if __name__ == "__main__":
    {"ours": ours, "theirs": theirs}[sys.argv[1]](
        sys.argv[2], int(sys.argv[3]), [Path(word) for word in sys.argv[4:]]
    )
