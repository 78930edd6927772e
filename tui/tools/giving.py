"""One frame at a time: a class given, a label taken off, the last step taken back."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from core.frames.names import captured_at
from core.human import plural
from core.labels.model import LabelStep
from tui.drawing import BAD, DIM
from tui.messages import Failed, Labelled, NothingToUndo, NotLabelled
from tui.screens.just_texts import just_done, kept
from tui.tools.tool import Tool


class Giving(Tool):
    """What a class key does where no other tool has the keys."""

    def give(self, class_: str) -> None:
        """Label the frame on the screen, or say why that can't be."""
        frame = self.state.frame
        if self.desk.on_screen() and frame is not None:
            self.desk.give([frame.key], class_, then=self.desk.advance)

    def do_clear(self) -> None:
        frame = self.state.frame
        if self.state.label is None or frame is None:
            self.desk.notice("This frame has no label.")
        else:
            self.desk.give([frame.key], None)

    def do_undo(self) -> None:
        if not self.desk.refused("Not undone:"):
            self.bridge.undo()

    def do_redo(self) -> None:
        if not self.desk.refused("Not redone:"):
            self.bridge.redo()

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        match result:
            case Labelled():
                self._labelled(result)
            case NotLabelled():
                self.desk.not_saved()
                self.desk.notice(result.what, result.remedy, BAD)
            case Failed(job="label"):
                self.desk.not_saved()
            case NothingToUndo():
                left = " · what a pull or sync brought goes back by git alone" if result.by_git else ""
                text = "nothing to redo" if result.again else f"nothing to undo{left}"
                self.desk.tell(Content.styled(text, DIM))
                if result.elsewhere:
                    what = f"Your last step ({result.elsewhere}) was made in another session:"
                    self.desk.notice(what, "press u there; or, from a shell: print-models undo")

    def _labelled(self, result: Labelled) -> None:
        step = result.step
        self.desk.just = just_done(step, self.state.workspace.tasks.get(step.task), undone=result.undone)
        if result.undone:
            self._go_to(step)
            if step.left:
                self.desk.notice(*kept(step))
        else:
            self.desk.saved(frozenset(result.labels))
        if result.unusable:
            self._left_out(result.unusable)

    def _left_out(self, unusable: Mapping[str, str]) -> None:
        """Say which frames of a step got no label; each says why when it is looked at."""
        times = [f"{moment:%H:%M:%S}" for key in sorted(unusable) if (moment := captured_at(key))]
        more = f" and {len(unusable) - 3} more" if len(unusable) > 3 else ""
        what = f"{plural(len(unusable), 'frame')} got no label:"
        self.desk.notice(what, f"no whole picture at {', '.join(times[:3])}{more}.")

    def _go_to(self, step: LabelStep) -> None:
        """Show what was taken back."""
        if step.task in self.state.workspace.tasks and step.task != self.state.task.name:
            self.desk.pm.to_task(self.state.workspace.tasks[step.task])
            self.desk.screen.show_state()
        frame = self.state.frame
        if frame is not None and frame.key in step.frames:
            return
        places = (self.state.place_of(key) for key in step.frames)
        at = next((place for place in places if place is not None), None)
        if at is not None:
            self.state.go(at)
