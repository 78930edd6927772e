"""The Label screen: one frame as a picture, its facts, its day, and a key per class.

What always holds: a class key labels the frame whose picture is on the screen, or is refused with a word; a label is
shown as given only after the store has it on the disk. Moves collapse: pictures in between are not decoded.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from core.errors import PrintModelsError
from core.labels.model import LabelStep
from tui import keymap
from tui.drawing import BAD, DIM, WARN, class_keys
from tui.label_messages import MarksRead, PredictionsRead, Undoes
from tui.messages import (
    DraftPriced,
    Failed,
    FramesFound,
    Labelled,
    LabelsChanged,
    LabelsRead,
    NothingToUndo,
    NotLabelled,
    PictureFailed,
    PictureReady,
    RecordingsFound,
)
from tui.pictures import Pictures
from tui.screens import label_panes
from tui.screens.base import Place
from tui.screens.label_texts import just_done, nothing_there, what_next
from tui.widgets.filmstrip import BOX
from tui.widgets.filter_line import FilterLine
from tui.widgets.frame_view import FrameView


class LabelScreen(Place):
    """Look at a frame, give it a class, go on."""

    PLACE = keymap.LABEL
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.LABEL)

    def __init__(self) -> None:
        super().__init__()
        self._pictures = Pictures()
        self._panes = label_panes.Panes(self, self._pictures)
        self._greeted = False
        self._saving = ""
        self._just = Content("")

    def compose_body(self) -> ComposeResult:
        yield from label_panes.compose(self.pm.graphics)

    # --- drawing ------------------------------------------------------------------------------------------------

    def show_state(self) -> None:
        super().show_state()
        self._show_frame()

    def keys(self) -> list[tuple[str, str | Content]]:
        return label_panes.keys_of(self.state.task)

    def _show_frame(self) -> None:
        """Draw what belongs to the cursor; ask for the picture unless it is at hand or there already."""
        state, view = self.state, self._panes.view
        frame = state.frame
        self._show_facts()
        self._panes.around(state)
        self._panes.strip(state)
        if frame is None:
            view.want("")
            view.show_hint(nothing_there(state))
            return
        box = view.box
        if view.wanted == (frame.key, box):
            return
        view.want(frame.key, box)
        ready = self._pictures.get(frame.key, box)
        if ready is not None:
            self._draw(ready)
        else:
            self.bridge.picture(frame.key, box)

    def _show_facts(self) -> None:
        frame = self.state.frame
        saving = frame is not None and self._saving == frame.key
        self._panes.words(self.state, self._just, saving=saving)

    def resized(self) -> None:
        self.show_state()

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        match result:
            case PictureReady() | PictureFailed():
                self._picture_came(result)
            case Labelled():
                self._labelled(result)
            case NotLabelled():
                self._saving = ""
                self._notice(result.what, result.remedy, BAD)
                self._show_facts()
            case Failed(job="label"):
                self._saving = ""
                self._show_facts()
            case NothingToUndo():
                self._tell(Content.styled("nothing to undo", DIM))
            case Undoes():
                self._show_facts()
            case DraftPriced():
                self._show_frame()
                self._greet()
            case (
                FramesFound()
                | LabelsRead()
                | LabelsChanged()
                | RecordingsFound()
                | PredictionsRead()
                | MarksRead()
            ):
                self._show_frame()

    def _greet(self) -> None:
        """Say once, when it is known, what came meanwhile and what is next; a key takes it away."""
        if not self._greeted and self.state.frames and not self.state.scanning:
            self._greeted = True
            self._panes.view.next_line(what_next(self.state))

    def _picture_came(self, result: PictureReady | PictureFailed) -> None:
        self._pictures.put(result)
        if result.box == BOX:
            self._panes.strip(self.state)
            return
        view = self._panes.view
        if view.wanted == (result.key, result.box) and view.drawn != result.key:
            self._draw(result)
        elif isinstance(result, PictureReady):
            view.prepare(result.picture, result.box)

    def _draw(self, result: PictureReady | PictureFailed) -> None:
        view = self._panes.view
        if not self.pm.pictures:
            view.show_reason(
                result.key, "Pictures are off (--graphics none).", "To label, start without that."
            )
        elif isinstance(result, PictureReady):
            view.show_picture(result.key, result.picture)
        else:
            self._pictures.forget(result.key)
            # A camera that is away explains every missing frame; “gone” would blame the camera for deleting it.
            what, remedy = self.state.unreachable.get(self.state.source, (result.what, result.remedy))
            view.show_reason(result.key, what, remedy, again=self.bridge.picture if result.passing else None)

    def on_frame_view_drawn(self, event: FrameView.Drawn) -> None:
        self._show_facts()
        state, box = self.state, self._panes.view.box
        ahead = (
            state.cursor + state.direction,
            state.cursor + 2 * state.direction,
            state.cursor - state.direction,
        )
        keys = [state.frames[at].key for at in ahead if 0 <= at < len(state.frames)]
        self.bridge.prefetch([key for key in keys if self._pictures.get(key, box) is None], box)
        if self.pm.pictures:
            self.bridge.strip(self._panes.strip(state), BOX)

    def _labelled(self, result: Labelled) -> None:
        step = result.step
        self._just = just_done(step, self.state.workspace.tasks.get(step.task), undone=result.undone)
        if result.undone:
            self._go_to_undone(step)
        elif self._saving and self._saving in result.labels and self.state.frame:
            mine, self._saving = self._saving, ""
            if self.state.frame.key == mine and step.class_ is not None:
                self.state.move(1)
        self._show_frame()

    def _go_to_undone(self, step: LabelStep) -> None:
        if step.task in self.state.workspace.tasks:
            self.state.task = self.state.workspace.tasks[step.task]
        keys = set(step.frames)
        at = next((at for at, frame in enumerate(self.state.frames) if frame.key in keys), None)
        if at is not None:
            self.state.go(at)
        super().show_state()

    def _tell(self, text: Content) -> None:
        self._just = text
        self._show_facts()

    def _notice(self, what: str, remedy: str = "", style: str = WARN) -> None:
        text = Content.assemble((what, f"bold {style}"), f" {remedy}" if remedy else "")
        self._panes.view.notify_line(text)

    # --- keys ---------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Class keys come before the keymap's: a letter that only moves gives way to them."""
        if self.query_one(FilterLine).display:
            return
        self._greeted = True
        self.state.touched()
        self._panes.view.notify_line(None)
        self._panes.view.next_line(None)
        class_ = class_keys(self.state.task).get(event.key)
        if class_ is not None:
            event.stop()
            self._give(class_)
            return
        lower = event.key.lower()
        bound = {key for action in keymap.actions_of(self.PLACE) for key in action.keys}
        if event.key != lower and len(lower) == 1:
            meant = class_keys(self.state.task).get(lower)
            if meant is not None and (event.key not in bound or event.key == "L"):
                event.stop()
                self._notice("CapsLock?", f"{lower} labels {meant}; an upper-case letter labels nothing.")

    def _give(self, class_: str | None) -> None:
        """Label the frame on the screen, or say why that can't be."""
        state, view = self.state, self._panes.view
        frame = state.frame
        if frame is None:
            self._notice("There is no frame to label.")
        elif self._refused("Not labelled:"):
            pass
        elif self._saving:
            self._notice("Not yet:", "the label before is still being saved.")
        elif view.drawn != frame.key:
            self._notice("Not shown yet:", "the picture is still loading; nothing was labelled.")
        elif not view.readable and class_ is not None:
            self._notice("Not labelled:", "this frame can't be shown, so it can't be labelled.")
        else:
            self._saving = frame.key
            self.bridge.label(state.task, frame.key, class_, self._pictures.bytes_of(frame.key))
            self._show_facts()

    def action_clear(self) -> None:
        if self.state.label is None:
            self._notice("This frame has no label.")
        else:
            self._give(None)

    def action_undo(self) -> None:
        if not self._refused("Not undone:"):
            self.bridge.undo()

    def _refused(self, so: str) -> bool:
        """True where the workspace is only read; then it is said why, and nothing is counted as typed."""
        why = self.state.workspace.read_only
        if why is not None:
            self._notice(f"{so} {why.what}", why.remedy)
        return why is not None

    def action_next(self) -> None:
        self._moved(self.state.move(1), "This is the last frame.")

    def action_previous(self) -> None:
        self._moved(self.state.move(-1), "This is the first frame.")

    def action_ten_on(self) -> None:
        self._moved(self.state.move(10), "This is the last frame.")

    def action_ten_back(self) -> None:
        self._moved(self.state.move(-10), "This is the first frame.")

    def action_recording_next(self) -> None:
        self._moved(self.state.go_recording(1), "This is the last recording.")

    def action_recording_previous(self) -> None:
        self._moved(self.state.go_recording(-1), "This is the first recording.")

    def action_first(self) -> None:
        self._moved(self.state.go(0), "This is the first frame.")

    def action_last(self) -> None:
        self._moved(self.state.go(len(self.state.frames) - 1), "This is the last frame.")

    def action_unlabelled(self) -> None:
        at = self.state.next_unlabelled()
        if at is None:
            self._notice(
                f"Every frame has a label for {self.state.task.name}.", "Release the draft: V, then R."
            )
        else:
            self._moved(self.state.go(at), "This is the only frame without a label.")

    def action_task(self) -> None:
        self._just = Content("")
        self.pm.next_task()
        self._filter(self.state.filter)
        self.show_state()

    def action_source(self) -> None:
        names = list(self.state.workspace.active_sources)
        if len(names) < 2:
            self._notice("There is one camera here.", "Add another one: print-models source add NAME PATH")
            return
        self.state.show_source(names[(names.index(self.state.source) + 1) % len(names)])
        self.bridge.recordings(self.state.source)
        self.show_state()

    def action_next_line(self) -> None:
        self._panes.view.next_line(what_next(self.state))

    def action_filter(self) -> None:
        self.query_one(FilterLine).open(self.state.filter)

    def on_input_submitted(self, event: FilterLine.Submitted) -> None:
        event.stop()
        if self._filter(event.value.strip()):
            self.on_filter_line_left()
            self.bridge.recordings(self.state.source)

    def on_filter_line_left(self) -> None:
        self.query_one(FilterLine).close()
        self._show_frame()

    def _filter(self, text: str) -> bool:
        """Show what a filter lets through; False where it can't be read, then all is as before."""
        try:
            self.state.take_filter(text)
        except PrintModelsError as error:
            self._notice(error.what, error.remedy)
            return False
        self._panes.view.notify_line(None)
        self.show_header()
        return True

    def _moved(self, moved: bool, else_say: str) -> None:
        if moved:
            self._show_frame()
        elif self.state.frame is not None:
            self._notice(else_say)
