"""What is said of frames, accepted: for the frame on the screen, or for all frames in a row of which the same is said.

What always holds: a label that is there stays; a class key changes that of the frame on the screen. What was accepted is
told from what a person labelled, for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from core.human import count, plural
from core.labels.stretches import stretch_at
from tui import keymap, spans
from tui.drawing import class_keys
from tui.screens.said_texts import doubt_of, suggests, why_of
from tui.sorting import SureFound
from tui.tools.tool import Tool
from tui.tools.words import passed_over

if TYPE_CHECKING:
    from tui.state import State


class Suggesting(Tool):
    """Accepting what a model said."""

    #: What is offered to be taken unseen, as long as this tool has the keys; and what is said until it is known.
    _sure: SureFound | None = None
    _looking: Content | None = None

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

    # --- what may be taken unseen ---------------------------------------------------------------------------------

    def do_accept_sure(self) -> None:
        """Say how many frames may be labelled unseen; the same key again labels them, as one step."""
        found = self._sure
        if self.desk.mode is self and found is not None:
            what = f"suggested: {plural(len(found.labels), 'frame')} in {plural(found.runs, 'run')}, unseen"
            self.desk.end()
            self.desk.give_each(found.labels, "suggestion", what, unread=True)
        elif suggests(self.state) is None:
            self.desk.notice("Nothing is suggested.", _hint(self.state))
        elif not self.desk.refused("Not labelled:"):
            self._looking = self.desk.notice("Looking what is sure …")
            self.desk.pm.sorter.sure()

    def receive(self, result: object) -> None:
        if (
            isinstance(result, SureFound)
            and self._looking is not None
            and self.desk.still_said(self._looking)
        ):
            if (result.task, result.said) != (self.state.task.name, self.state.predicted):
                self.desk.pm.sorter.sure()  # others are suggested by now
                return
            self.desk.unsay(self._looking)
            self._looking = None
            if result.labels:
                self._sure = result
                self.desk.begin(self)
            else:
                self.desk.notice(
                    "No frame without a label is sure enough to be taken unseen.", _hint(self.state)
                )

    def line(self) -> Content | None:
        found, known = self._sure, self.state.suggestions
        if found is None or known is None:
            return None
        what = f"{plural(len(found.labels), 'frame')} in {plural(found.runs, 'run')} are sure"
        of = f"of {count(known.answers)} labelled ones as sure {count(known.right)} were right · "
        return Content.assemble(
            (what, "bold"), " · ", of if known.answers else "", ("&", "bold $accent"), " labels them unseen, as one step"
        )  # fmt: skip

    def keys(self) -> list[tuple[str, str | Content]]:
        return [("&", "label them unseen"), ("esc", "no")]

    def on_class(self, class_: str) -> bool:
        self.desk.leave(self)
        return False

    def on_key(self, key: str) -> bool:
        """Any key but its own goes on with what that key does."""
        own = {
            key
            for action in keymap.actions_of(keymap.LABEL)
            if action.id == "accept_sure"
            for key in action.keys
        }
        if key not in own:
            self.desk.leave(self)
        return key == "escape"

    def left(self) -> None:
        self._sure = None

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
            why = _hint(self.state) if suggests(self.state) is None else ""
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


def _hint(state: State) -> str:
    """What is missing, where that is known."""
    return state.suggestions.hint if state.suggestions is not None else ""
