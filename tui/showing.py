"""How the app shows what the terminal turned out to show: all colours, and pictures drawn another way, while it runs.

What always holds: a picture that was on the screen is drawn again the new way, and until it is no label counts.
Called when the app begins and when the terminal has answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import ColorSystem

from core.terminals import NONE, TGP, Seen
from tui import terminal
from tui.screens.base import Place
from tui.widgets.frame_view import FrameView
from tui.widgets.halfcells import Still

if TYPE_CHECKING:
    from tui.careful import CarefulApp


def begin(app: CarefulApp) -> None:
    """Take over what is known before anything is drawn."""
    if app.probe is not None:
        terminal.take(app.probe.seen.cell if app.probe.seen else (0, 0), far=app.probe.far)
        _colours(app)


async def take(app: CarefulApp, seen: Seen) -> None:
    """Take over an answer that came while the app runs."""
    if app.probe is None or not app.probe.take(seen):
        return
    before = (terminal.cell_pixels(), terminal.far())
    coloured = _colours(app)
    begin(app)
    way = app.probe.way
    anew = way.graphics != app.graphics or before != (terminal.cell_pixels(), terminal.far())
    app.graphics = way.graphics
    for screen in app.screen_stack:
        if coloured:
            for still in screen.query(Still):
                still.recolour()
            screen.refresh(layout=True)
        if anew and NONE not in (way.graphics, *(view.graphics for view in screen.query(FrameView))):
            for view in screen.query(FrameView):
                await view.draw_as(way.graphics)
            if isinstance(screen, Place):
                screen.resized()


def _colours(app: CarefulApp) -> bool:
    """Draw with all colours where the terminal has them; True where it did not before."""
    assert app.probe is not None
    seen = app.probe.seen
    # A placeholder's colour says which picture it is: none may be rounded.
    wanted = app.probe.way.graphics == TGP or (seen is not None and seen.truecolour)
    console = app.console
    if not wanted or console._color_system in (None, ColorSystem.TRUECOLOR):
        return False
    console._color_system = ColorSystem.TRUECOLOR
    return True
