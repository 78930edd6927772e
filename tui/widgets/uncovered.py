"""Where a widget can write to the terminal itself, past Textual: it lies there whole, and nothing lies over it.

A person waits for a picture. Textual draws an update at its next turn, up to a sixtieth of a second later, in strips of
styled text that are taken apart again for the line. Used by the widgets that draw pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.errors import NoWidget
from textual.geometry import Region

if TYPE_CHECKING:
    from textual.widget import Widget


def uncovered(widget: Widget) -> Region | None:
    """Return where a widget lies on the screen, None where it must leave the drawing to Textual."""
    app = widget.app
    if not app.is_running or app.is_headless or app._driver is None or not widget.display:
        return None
    screen = widget.screen
    if screen is not app.screen or screen._layout_required or screen._scroll_required or app._batch_count:
        return None
    try:
        region = screen.find_widget(widget).visible_region
    except NoWidget:
        return None
    if not region.area or region != widget.region or region.size != widget.outer_size:
        return None
    # From front to back: what comes before the widget lies over it.
    for other, (place, clip) in screen._compositor.visible_widgets.items():
        if other is widget:
            return region
        if other.visible and place.intersection(clip).overlaps(region):
            return None
    return None


def lines_beside(part: Region, over: Iterable[Region]) -> list[Region]:
    """Return the lines of a part of the screen that nothing of `over` touches."""
    lines = (Region(part.x, y, part.width, 1) for y in range(part.y, part.bottom))
    covering = [one for one in over if one.overlaps(part)]
    return [line for line in lines if not any(one.overlaps(line) for one in covering)]


def over(widget: Widget) -> list[Region]:
    """Return where on the screen something lies over a widget."""
    found, here = [], widget.region
    for other, (place, clip) in widget.screen._compositor.visible_widgets.items():
        if other is widget:
            break
        seen = place.intersection(clip)
        if other.visible and seen.overlaps(here):
            found.append(seen)
    return found


def write(widget: Widget, text: str) -> None:
    """Write to the terminal, and leave its cursor where Textual has it."""
    column, row = widget.app.cursor_position
    assert widget.app._driver is not None
    widget.app._driver.write(f"{text}\x1b[{row + 1};{column + 1}H")
