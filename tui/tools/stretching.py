"""Stretches: many frames in a row marked by moving, and painted, or cleared, as one step."""

from __future__ import annotations

from functools import partial

from textual.content import Content

from core.human import plural
from core.labels.stretches import gap_at
from tui import spans
from tui.drawing import BOLD, DIM
from tui.tools.tool import Tool
from tui.tools.words import class_row, counted, times


class Stretching(Tool):
    """From where `v` was pressed to the cursor, wherever that goes."""

    lost = "The stretch is no longer marked."

    def do_stretch(self) -> None:
        frame = self.state.frame
        if self.desk.mode is self or frame is None:
            self.desk.end()
        elif not self.desk.refused("No stretch:"):
            self.desk.begin(self)
            self.state.anchor = frame
            self._draw()

    def do_fill(self) -> None:
        """Give the unlabelled frames around the cursor the class that both sides of them have."""
        state = self.state
        keys, classes, stops = spans.keys_of(state), spans.classes_of(state), spans.stops_of(state)
        gap = gap_at(keys, classes, state.cursor, stops=stops) if state.frames else None
        if gap is None:
            self.desk.notice("No gap here:", "this frame has a label.")
            return
        beside = [
            classes.get(keys[gap.first - 1]) if gap.first > 0 and gap.first not in stops else None,
            classes.get(keys[gap.last + 1])
            if gap.last + 1 < len(keys) and gap.last + 1 not in stops
            else None,
        ]
        before, after = beside
        if before is None or before != after:
            words = " and ".join(class_ or "nothing" for class_ in beside)
            self.desk.notice(f"Beside this gap: {words}.", "b finds where it changes, v marks it.")
            return
        found = spans.census(state, (keys[place] for place in gap.places))
        self.desk.give(found.keys, before, "stretch", then=self.desk.advance)

    # --- while it has the keys ----------------------------------------------------------------------------------

    def on_class(self, class_: str) -> bool:
        self._paint(class_)
        return True

    def on_key(self, key: str) -> bool:
        if key == "x":
            self._paint(None)
            return True
        return False

    def line(self) -> Content | None:
        marked = self.state.marked
        if marked is None:
            return None
        first, last = marked
        task = self.state.task
        found = spans.census(self.state, spans.between(self.state, first, last))
        when = times(first.captured_at, last.captured_at)
        filtered = " · only frames that the filter shows" if self.state.filter else ""
        out = f"not {task.when[1]}" if task.when else ""
        said = counted(task, found, out=out)
        return Content.assemble(("stretch ", BOLD), f"{when} · ", said, (filtered, DIM))

    def keys(self) -> list[tuple[str, str | Content]]:
        return [*class_row(self.state.task), ("x", "clear"), ("b", "bisect"), ("esc", "leave"), ("?", "help")]

    def left(self) -> None:
        self.state.anchor = None
        self.desk.redraw()

    # --- painting -----------------------------------------------------------------------------------------------

    def _paint(self, class_: str | None) -> None:
        """Give the marked frames a class as one step, or take their labels off; the mode ends once the disk has it."""
        marked = self.state.marked
        if marked is None:
            self.desk.notice("There is no frame to label.")
            return
        found = spans.census(self.state, spans.between(self.state, *marked))
        keys = found.keys if class_ else tuple(key for key in found.keys if self.state.class_of(key))
        if not keys:
            said = (
                "these frames have no label." if class_ is None else f"{plural(found.out, 'frame')} left out."
            )
            self.desk.notice("Nothing to do:", said)
            return
        then = partial(self._go_on, marked[1].key) if class_ else None
        self.desk.give(keys, class_, "stretch", then=then, anyway=partial(self.desk.leave, self))

    def _go_on(self, last: str) -> None:
        """Go on after the last frame of what was painted."""
        at = self.state.place_of(last)
        if at is not None:
            self.state.go(at)
            self.desk.advance()

    def _draw(self) -> None:
        self.desk.show_mode()
        self.desk.redraw()
