"""What is said of frames beside their class: skip, unsure, exclude with a reason, a note, an example of a class.

What always holds: each is one step, of the frame on the screen or of the stretch that is marked; where all of them have
the mark already the same key takes it off. After a mark the cursor goes on as after a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from core.human import plural
from core.labels.model import PRIVATE
from tui import spans
from tui.drawing import BAD, WARN
from tui.label_messages import Marked
from tui.messages import Failed
from tui.screens.just_texts import just_done
from tui.screens.pick import PickScreen, Row
from tui.tools.tool import Tool

if TYPE_CHECKING:
    from core.frames.index import Frame

#: Why frames are left out most often; the last row asks for words of one's own.
REASONS = (
    "hand in the picture",
    "camera moved",
    "blurred",
    "too dark",
    "printer not in the picture",
    PRIVATE,
)
_OTHER = "other"
_PRIVATE = "private: the picture is never exported, shared or kept here."


class Marking(Tool):
    """Marks, notes and examples."""

    _waiting: tuple[str, ...] = ()
    _off = False

    def do_skip(self) -> None:
        self._toggle("skipped")

    def do_unsure(self) -> None:
        self._toggle("unsure")

    def do_exclude(self) -> None:
        frames = self._meant()
        if not frames:
            return
        if self._all(frames, "excluded"):
            self._put(frames, "excluded", off=True)
            return
        rows = [Row(reason, Content(reason)) for reason in REASONS]
        rows.append(Row(_OTHER, Content("other: write it")))
        title = "exclude: why?" if len(frames) == 1 else f"exclude {plural(len(frames), 'frame')}: why?"
        self.desk.pm.push_screen(
            PickScreen(title, rows, lambda reason: self._reason(frames, reason), last=_PRIVATE)
        )

    def _reason(self, frames: Sequence[str], reason: str) -> None:
        if reason != _OTHER:
            self._put(frames, "excluded", reason=reason)
            return

        def written(text: str) -> bool:
            if not text:
                self.desk.notice("An excluded frame needs a reason.", "esc leaves it as it is.")
                return False
            self._put(frames, "excluded", reason=text)
            return True

        self.desk.ask("", written, hint="why these frames are left out")

    def do_note(self) -> None:
        frame = self.state.frame
        if frame is None or self.desk.refused("Not noted:"):
            return
        old = self.state.mark(frame.key)
        note = old.note if old else ""

        def written(text: str) -> bool:
            if text != note:
                self.bridge.note(frame.key, text)
            return True

        self.desk.ask(note, written, hint="a note about this frame (nothing: none)")

    def do_pin(self) -> None:
        frame, label = self.state.frame, self.state.label
        if frame is None or self.desk.refused("Not pinned:"):
            return
        old = self.state.mark(frame.key)
        if old is not None and old.example in self.state.task.classes:
            self.bridge.pin(self.state.task, frame.key, None)
        elif label is None:
            self.desk.notice("Not pinned:", "label it first; a pinned frame is an example of its class.")
        else:
            self.bridge.pin(self.state.task, frame.key, label.class_)

    # --- putting ------------------------------------------------------------------------------------------------

    def _meant(self) -> tuple[str, ...]:
        """The frames that are marked, else the one on the screen; none, and why, where that is not to be judged."""
        state = self.state
        if self._waiting:
            self.desk.notice("Not yet:", "the step before is still being saved.")
        elif self.desk.on_screen("Not marked:", unread=True) and state.frame is not None:
            marked = self._marked()
            return tuple(spans.between(state, *marked)) if marked else (state.frame.key,)
        return ()

    def _marked(self) -> tuple[Frame, Frame] | None:
        mode = self.desk.mode
        return self.state.marked if mode is None or mode.marks_many else None

    def _all(self, frames: Sequence[str], mark: str) -> bool:
        return all(self.state.mark_word(key) == mark for key in frames)

    def _toggle(self, mark: str) -> None:
        frames = self._meant()
        if frames:
            self._put(frames, mark, off=self._all(frames, mark))

    def _put(self, frames: Sequence[str], mark: str, *, reason: str = "", off: bool = False) -> None:
        self._waiting, self._off = tuple(frames), off
        if self._marked() is not None:
            self.desk.end()
        self.bridge.mark(self.state.task, frames, None if off else mark, reason)

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        match result:
            case Marked():
                waiting, self._waiting = self._waiting, ()
                step = result.step
                self.desk.tell(self._said(result))
                frame = self.state.frame
                if waiting and set(waiting) == set(step.frames) and frame and frame.key in waiting:
                    if not self._off:
                        self.desk.advance()
                    if step.left:
                        self._say_left(len(step.left))
                self.desk.redraw()
            case Failed(job="mark"):
                self._waiting = ()
                self.desk.notice(result.what, result.remedy, BAD)

    def _said(self, done: Marked) -> Content:
        step = done.step
        if not step.changed:
            return Content.styled("marked so already", WARN)
        return just_done(step, None)

    def _say_left(self, left: int) -> None:
        self.desk.notice(
            f"{plural(left, 'frame')} kept another mark:", "a stronger one, or one for another task."
        )
