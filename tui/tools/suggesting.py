"""What a model said, accepted: for the frame on the screen, or for all frames in a row of which it says the same.

What always holds: a label that is there stays, but for the one of the frame on the screen where `space` is pressed.
"""

from __future__ import annotations

from core.human import plural
from core.labels.stretches import stretch_at
from tui import spans
from tui.tools.tool import Tool
from tui.tools.words import passed_over


class Suggesting(Tool):
    """Accepting what a model said."""

    def do_accept(self) -> None:
        said = self._said()
        frame = self.state.frame
        if said is not None and frame is not None:
            self.desk.give([frame.key], said, "suggestion", then=self.desk.advance)

    def do_accept_stretch(self) -> None:
        state, said = self.state, self._said()
        if said is None:
            return
        at, classes = state.cursor, spans.classes_of(state)
        found = stretch_at(spans.keys_of(state), spans.guesses_of(state), at, stops=spans.stops_of(state))
        census = spans.census(state, (state.frames[place].key for place in found.places))
        bare = [key for key in census.keys if key not in classes]
        if not bare:
            self.desk.notice("Nothing to do:", f"all {plural(found.count, 'frame')} have a label.")
            return
        left = census.given.total() - census.given[said]
        last = state.frames[found.last].key
        self.desk.give(bare, said, "suggestion", then=lambda: self._after(last, left, census.out))

    def _said(self) -> str | None:
        """Return what the model said of the frame on the screen; None, with a word, where it said nothing."""
        frame = self.state.frame
        guess = self.state.guess(frame.key) if frame else None
        if guess is None:
            self.desk.notice("No model said anything of this frame.", "A class key labels it.")
        return guess.class_ if guess else None

    def _after(self, last: str, left: int, out: int) -> None:
        """Go on after the last frame; say how many were left as they are."""
        at = self.state.place_of(last)
        if at is not None:
            self.state.go(at)
        self.desk.advance()
        self.desk.redraw()
        words = passed_over(left, out)
        if words:
            self.desk.notice("Left as they are:", words)
