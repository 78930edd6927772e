"""What is said of frames, accepted: for the frame on the screen, or for all frames in a row of which the same is said.

What always holds: a label that is there stays; a class key changes that of the frame on the screen. What was accepted is
told from what a person labelled, for good.
"""

from __future__ import annotations

from core.human import plural
from core.labels.stretches import stretch_at
from tui import spans
from tui.drawing import class_keys
from tui.screens.said_texts import doubt_of, why_of
from tui.tools.tool import Tool
from tui.tools.words import passed_over


class Suggesting(Tool):
    """Accepting what a model said."""

    def do_accept(self) -> None:
        said = self._said()
        frame = self.state.frame
        if said is None or frame is None:
            return
        label = self.state.label
        if label is None:
            self.desk.give([frame.key], said, "suggestion", then=self.desk.advance)
        elif label.class_ == said:
            self.desk.notice("Nothing to do:", f"it is labelled {said} already.")
        else:
            keys = {class_: key for key, class_ in class_keys(self.state.task).items()}
            self.desk.notice("The label stays;", f"{keys[said]} makes it {said}.")

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

    def do_evidence(self) -> None:
        """Show the doubted frame beside those that speak for and against its label; of another say why all the same."""
        doubt, state = doubt_of(self.state), self.state
        if doubt is not None and any(key in state.of(state.task) for key in doubt.evidence):
            from tui.screens.evidence import EvidenceScreen

            self.desk.pm.push_screen(EvidenceScreen(state.task, doubt, state.of(state.task)))
            return
        why = why_of(state)
        self.desk.notice("Nobody doubts this label." if state.label else "There is no label to doubt.", why)

    def _said(self) -> str | None:
        """Return what the model said of the frame on the screen; None, with a word, where it said nothing."""
        frame = self.state.frame
        guess = self.state.guess(frame.key) if frame else None
        if guess is None:
            found = self.state.suggestions
            why = found.hint if found is not None and not found.runs else ""
            self.desk.notice("Nothing is suggested for this frame.", why or "A class key labels it.")
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
