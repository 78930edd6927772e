"""The ends of a labelled stretch moved by keys: of the stretch under the cursor the end that is nearer, frame by frame.

What always holds: a press moves the end by one frame, as one step, and the cursor goes with it, so that a person sees
the frame that changes sides; what the end moves over gets the class of the stretch, what it leaves that of the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.labels.stretches import stretch_at
from tui import spans
from tui.drawing import GOOD
from tui.tools.tool import Tool

if TYPE_CHECKING:
    from core.labels.stretches import Stretch


class Edging(Tool):
    """One end, one frame, one step."""

    def do_edge_later(self) -> None:
        self._move(1)

    def do_edge_earlier(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        state = self.state
        if not state.frames or state.label is None:
            self.desk.notice("No stretch here:", "the frame under the cursor has no label.")
            return
        stops = spans.stops_of(state)
        here = stretch_at(spans.keys_of(state), spans.classes_of(state), state.cursor, stops=stops)
        tail = here.last - state.cursor <= state.cursor - here.first
        edge = here.last if tail else here.first
        grows = tail == (by > 0)
        beyond = edge + (1 if tail else -1)  # the frame next to that end, outside
        inside = 0 <= beyond < len(state.frames) and max(beyond, edge) not in stops
        if grows and not inside:
            self.desk.notice("Not moved:", "the recording ends here.")
            return
        other = state.class_of(state.frames[beyond].key) if inside else None
        place, class_ = (beyond, here.class_) if grows else (edge, other)
        if grows and spans.ruled_out(state, state.frames[place].key):
            self.desk.notice("Not moved:", "another task rules the next frame out.")
            return
        end = edge + by
        self.desk.give(
            [state.frames[place].key], class_, "stretch", then=lambda: self._moved(here, end, tail=tail)
        )

    def _moved(self, stretch: Stretch, end: int, *, tail: bool) -> None:
        """Say to where the stretch goes now, and show the frame at its end."""
        state, class_ = self.state, stretch.class_
        gone = stretch.count == 1 and not (end > stretch.last if tail else end < stretch.first)
        state.go(end)
        self.desk.redraw()
        frame = state.frame
        if gone:
            self.desk.notice(f"{class_} is gone here.", style=GOOD)
        elif frame is not None:
            at = f"{frame.captured_at:%H:%M:%S}".removesuffix(":00")
            self.desk.notice(f"{class_} now {'to' if tail else 'from'} {at}", style=GOOD)
