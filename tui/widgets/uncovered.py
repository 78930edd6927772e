"""Where a widget can write to the terminal itself, past Textual: it lies there whole, and nothing lies over it.

A person waits for a picture. Textual draws an update at its next turn, up to a sixtieth of a second later, in strips of
styled text that are taken apart again for the line. Used by the widgets that draw pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.errors import NoWidget

if TYPE_CHECKING:
    from textual.geometry import Region
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


def write(widget: Widget, text: str) -> None:
    """Write to the terminal, and leave its cursor where Textual has it."""
    column, row = widget.app.cursor_position
    assert widget.app._driver is not None
    widget.app._driver.write(f"{text}\x1b[{row + 1};{column + 1}H")
