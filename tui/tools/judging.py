"""The verdict on a whole print: fine, failed from some frame on, or not sure; and its name and a note.

What always holds: a verdict labels the frames of the print that have no label; those labelled otherwise are counted,
shown before anything is painted, and stay. Of a task about prints (two classes, and frames that count only where
another task says so) the second class is a failure with an onset, which is looked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from core.frames.among import place_among
from core.frames.names import captured_at
from core.human import count, plural
from core.labels.marks import print_name
from core.labels.prints import verdict
from core.tasks import Task
from core.text import safe
from tui import keymap, spans
from tui.drawing import BOLD, COLOURS, class_keys, class_mark, in_order
from tui.label_messages import MarksRead
from tui.tools.bisecting import Bisecting
from tui.tools.desk import Desk
from tui.tools.tool import Tool
from tui.tools.words import class_row, counted, times

if TYPE_CHECKING:
    from tui.state import State

#: Where a class has the letter the other key does it: no letter in upper case, which a class key is under CapsLock.
_UNSURE, _NOTE = ("w", "tilde"), ("i", "number_sign")


class Judging(Tool):
    """One print at a time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._keys: tuple[str, ...] = ()
        #: The frame at which its name stands.
        self._named = ""
        #: The name at a frame before it that the camera has deleted.
        self._earlier = ""
        #: The class for which frames labelled otherwise were shown.
        self._shown_for: str | None = None

    def do_verdict(self) -> None:
        state = self.state
        if self.desk.mode is self:
            self.desk.end()
            return
        if state.frame is None or self.desk.refused("No verdict:"):
            return
        found = spans.print_of(state)
        if found is None:
            task, class_ = state.task.when or ("", "")
            self.desk.notice("No print here:", f"for {task} this frame is not {class_}.")
            return
        self.desk.begin(self)
        # Where it is known which frames are of the print, the others are not judged with it.
        places = [
            place for place in found.places if state.counts_for(state.frames[place].key)
        ] or found.places
        self._keys = tuple(state.frames[place].key for place in places)
        self._named = _recording_of(state) or self._keys[0]
        self._earlier = _name_of_gone(state, self._named)
        self._shown_for = None
        state.span = (state.frames[places[0]], state.frames[places[-1]])
        self.desk.show_mode()
        self.desk.redraw()

    # --- while it has the keys ----------------------------------------------------------------------------------

    def on_class(self, class_: str) -> bool:
        if not self.desk.on_screen("Not judged:"):
            return True
        if has_onset(self.state.task) and class_ == self.state.task.classes[1]:
            self._find_onset()
        else:
            self._judge(class_)
        return True

    def on_key(self, key: str) -> bool:
        if key == self._free(_UNSURE):
            self._unsure()
        elif key == self._free(_NOTE):
            self.desk.ask(self._note, self._noted, hint="the print's name, and what is to be said of it")
        else:
            return False
        return True

    def line(self) -> Content | None:
        state, marked = self.state, self.state.marked
        if marked is None:
            return None
        classes = spans.classes_of(state)
        if self._shown_for is not None:
            found = verdict(self._keys, classes, self._shown_for)
            key = _key(state.task, self._shown_for)
            others = plural(len(found.otherwise), "frame")
            return Content.assemble(
                (f"{others} labelled otherwise, here is one", BOLD),
                f" · {key} again: they stay, {count(len(found.paint))} become ",
                class_mark(state.task, self._shown_for),
            )
        number = state.recording()[0]
        name = f" {safe(self._note, limit=24)}" if self._note else ""
        when = times(marked[0].captured_at, marked[1].captured_at)
        what = counted(state.task, spans.census(state, self._keys))
        return Content.assemble(
            (f"print {number}{name}" if number else f"print{name}", BOLD), f" · {when} · ", what
        )

    def keys(self) -> list[tuple[str, str | Content]]:
        task = self.state.task
        rows = class_row(task)
        if has_onset(task):
            fine, failed = task.classes
            said = {fine: "fine", failed: f"{failed}: its onset"}
            rows = [
                (_key(task, class_), Content.styled(said[class_], COLOURS[task.code(class_)]))
                for class_ in in_order(task)
            ]
        unsure, note = (keymap.shown(self._free(keys)) for keys in (_UNSURE, _NOTE))
        return [*rows, (unsure, "not sure"), (note, "name, note"), ("esc", "leave"), ("?", "help")]

    def _free(self, keys: tuple[str, ...]) -> str:
        """Return the first of these keys that no class has."""
        taken = class_keys(self.state.task)
        return next(key for key in keys if key not in taken)

    def left(self) -> None:
        self.state.span, self._shown_for = None, None
        self.desk.redraw()

    # --- the verdict --------------------------------------------------------------------------------------------

    def _judge(self, class_: str) -> None:
        found = verdict(self._keys, spans.classes_of(self.state), class_)
        if not found.paint:
            self.desk.end()
            words = f"{count(len(found.otherwise))} of them otherwise." if found.otherwise else ""
            self.desk.notice("Every frame of this print has a label.", words)
        elif found.otherwise and self._shown_for != class_:
            self._shown_for = class_
            at = self.state.place_of(found.otherwise[0])
            if at is not None:
                self.state.go(at)
            self.desk.show_mode()
            self.desk.redraw()
        else:
            then = partial(self._go_on, self._keys[-1])
            self.desk.give(found.paint, class_, "verdict", then=then, anyway=partial(self.desk.leave, self))

    def _go_on(self, last: str) -> None:
        """Go on after the print."""
        at = self.state.place_of(last)
        if at is not None:
            self.state.go(at)
            self.desk.advance()

    def _find_onset(self) -> None:
        """A print that failed was good before it began, and is failed at its end: what lies between is asked about."""
        state = self.state
        first, last = state.place_of(self._keys[0]), state.place_of(self._keys[-1])
        good, failed = state.task.classes
        self.desk.end()
        if first is not None and last is not None:
            self.desk.tool(Bisecting).begin(
                first, last, before=good, after=failed, alike=partial(self._go_on, self._keys[-1])
            )

    def _unsure(self) -> None:
        """Mark what has no label; of a print that has labels only, all of it."""
        if self.desk.on_screen("Not marked:"):
            done = self.state.of(self.state.task)
            bare = tuple(key for key in self._keys if key not in done)
            self.bridge.mark(self.state.task, bare or self._keys, "unsure")
            self.desk.end()

    # --- its name -----------------------------------------------------------------------------------------------

    @property
    def _note(self) -> str:
        """The name and note of the print."""
        known = self.state.known_of.get(self.state.task.name)
        return (print_name(known.marks, self._named) if known else "") or self._earlier

    def _noted(self, text: str) -> bool:
        if text != self._note:
            self._earlier = ""
            self.bridge.note(self._named, text)
        return True

    def receive(self, result: object) -> None:
        if isinstance(result, MarksRead) and self.desk.mode is self:
            self.desk.show_mode()


def has_onset(task: Task) -> bool:
    """True for a task about prints, whose second class is a failure that begins somewhere and does not end."""
    return task.when is not None and len(task.classes) == 2


def _recording_of(state: State) -> str:
    """Return the first frame of the recording under the cursor, whether the filter shows it or not; '' if unknown."""
    frame = state.frame
    assert frame is not None
    begins = ((captured_at(key) or datetime.min, key) for key in state.recordings)
    return max((begin for begin in begins if begin <= (frame.captured_at, frame.key)), default=(None, ""))[1]


def _name_of_gone(state: State, first: str) -> str:
    """Return the name of the print from `first` on where it stands at a frame that the camera has deleted, else ''."""
    known, frames = state.known_of.get(state.task.name), state.by_source.get(state.source, ())
    at = place_among(frames, first)
    if known is None or at is None:
        return ""
    gap = timedelta(minutes=state.workspace.settings.split.gap_minutes)
    return print_name(known.marks, first, after=frames[at - 1].key if at else "", gap=gap)


def _key(task: Task, class_: str) -> str:
    return {name: key for key, name in class_keys(task).items()}[class_]
