"""Bisection: the frame at which a class changes is found by answering for a few frames; then both sides are painted.

What always holds: an answer counts for the frame that is asked about, and only while that is on the screen; a frame
that can't be read is asked about no more; labels that are there, and those that others give meanwhile, stay, but for
the ones a person marked to be covered. Nothing is written before all is known; then it is one step. Who leaves before
that finds the answers again, also in the next opening: the next search there goes on with them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from core.human import plural
from core.labels.bisect import Bisection
from core.labels.facts import ASIDE
from core.labels.stretches import stretch_at
from tui import spans
from tui.drawing import BOLD, GOOD
from tui.label_messages import Marked
from tui.messages import Labelled, LabelsChanged, LabelsRead, PictureFailed
from tui.tools.tool import Tool
from tui.tools.words import class_row, times

if TYPE_CHECKING:
    from tui.state import State
    from tui.tools.desk import Desk


class Bisecting(Tool):
    """One search at a time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._search: Bisection | None = None
        self._keys: tuple[str, ...] = ()
        #: The labels that are to be covered, as they were at the start; None where none is.
        self._covered: Mapping[str, str | None] | None = None
        #: What follows where all frames of a print are alike; None where the search is not about one.
        self._alike: Callable[[], object] | None = None
        #: The task it is about, and whether all was known and is written.
        self._task = ""
        self._painted = False
        #: Frames that can't be read just now and may be in a moment.
        self._passing: set[str] = set()

    marks_many = False
    takes_marks = True

    def do_bisect(self) -> None:
        if self.desk.mode is self:
            self.desk.end()
            return
        if self.state.frame is None or self.desk.refused("No bisection:"):
            return
        marked = self.state.anchor is not None and self.state.marked
        if marked:
            first, last = (self.state.place_of(frame.key) for frame in marked)
        else:
            found = _open_span(self.state)
            first, last = found if found else (None, None)
        if first is None or last is None:
            self.desk.notice("There is nothing unlabelled around here.", "v marks frames to ask about anew.")
        else:
            self.begin(first, last, cover=bool(marked))

    def begin(
        self,
        first: int,
        last: int,
        *,
        cover: bool = False,
        before: str | None = None,
        after: str | None = None,
        alike: Callable[[], object] | None = None,
    ) -> None:
        """Search from one place to another; `before` and `after` are what is known outside of them.

        With `alike` they are what is to be expected of one print, no frames: where all frames turn out to be alike that
        is said of the print, and `alike` is called instead of showing where it begins.
        """
        state = self.state
        places = _counting(state, range(first, last + 1), all_=cover)
        if not places:
            self.desk.notice("These frames don't count for this task.")
            return
        first, last = places[0], places[-1]
        keys = tuple(state.frames[place].key for place in places)
        stops, classes = spans.stops_of(state), spans.classes_of(state)
        if before is None and first > 0 and first not in stops:
            before = classes.get(state.frames[first - 1].key)
        if after is None and last + 1 < len(state.frames) and last + 1 not in stops:
            after = classes.get(state.frames[last + 1].key)
        self.desk.begin(self)
        self._keys, self._alike, self._task, self._painted = keys, alike, state.task.name, False
        self._covered = {key: classes.get(key) for key in keys} if cover else None
        search = Bisection.start(keys, classes, 0, len(keys) - 1, before, after, cover=cover)
        self._search = replace(search, answers=_given_before(state, keys, {} if cover else classes))
        state.span = (state.frames[first], state.frames[last])
        self._go_on()
        if self._search.answers and self.desk.mode is self:
            what = plural(len(self._search.answers), "answer")
            self.desk.notice(f"{what} of before counted.", "u takes the last one back.")

    # --- while it has the keys ----------------------------------------------------------------------------------

    def on_class(self, class_: str) -> bool:
        search, frame = self._search, self.state.frame
        if search is None or frame is None:
            return True
        if search.look is None:  # it could not be written before
            self._paint(search)
        elif frame.key != self._keys[search.look]:
            self._show()
            self.desk.notice("Not counted:", "this is the frame that is asked about.")
        elif self.desk.on_screen("Not counted:"):
            self._search = search.answer(class_)
            self._remember()
            self._go_on()
        return True

    def on_key(self, key: str) -> bool:
        if key != "u" or self._search is None:
            return False
        if not self._search.answers:
            self.desk.end()
            return True
        search = self._search.back()
        while search.answers and search.answers[-1][1] is None:  # what could not be read was no answer
            search = search.back()
        self._search = search
        self._remember()
        self._go_on()
        return True

    def _remember(self) -> None:
        """Keep the answers for who leaves before all is known."""
        search = self._search
        assert search is not None
        kept = self.state.answers.setdefault(self._task, {})
        for key in self._keys:
            kept.pop(key, None)
        kept.update((self._keys[place], class_) for place, class_ in search.answers if class_ is not None)

    def line(self) -> Content | None:
        search = self._search
        if search is None or search.look is None:
            return None
        marked = self.state.marked
        when = times(marked[0].captured_at, marked[1].captured_at) if marked else ""
        left = plural(search.looks_left, "look")
        return Content.assemble(
            ("bisect ", BOLD), f"{when} · {plural(len(self._keys), 'frame')} · at most {left} left"
        )

    def keys(self) -> list[tuple[str, str | Content]]:
        back = "last answer back" if self._search and self._search.answers else "leave"
        return [*class_row(self.state.task), ("u", back), ("esc", "leave"), ("?", "help")]

    def left(self) -> None:
        search, self._search = self._search, None
        self.state.span = None
        self.desk.redraw()
        told = sum(class_ is not None for _, class_ in search.answers) if search and not self._painted else 0
        if told:
            self.desk.notice("Bisection left:", f"{plural(told, 'answer')} kept; b goes on with them there.")

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        if self._search is None:
            return
        match result:
            case PictureFailed(passing=True):
                self._passing.add(result.key)
            case PictureFailed():
                self._passing.discard(result.key)
            case Labelled() | LabelsChanged() | LabelsRead() if not self.desk.saving:
                self._look_again()
            case Marked() if result.step.class_ in ASIDE:
                self._pass_over(result.step.frames)

    def drawn(self) -> None:
        """A frame that can't be read is asked about no more; one that may be back in a moment is waited for."""
        search, view = self._search, self.desk.view
        if search is None or self.desk.saving:
            return
        if search.look is None:
            self._paint(search)
        if search.look is None or view.readable or not self.desk.pm.pictures:
            return
        key = self._keys[search.look]
        away = self.state.source in self.state.unreachable
        if view.drawn == key and key not in self._passing and not away:
            self._search = search.skip()
            self._go_on()

    def _pass_over(self, frames: Collection[str]) -> None:
        """Of a frame that was put aside nobody can tell: its neighbour is asked about."""
        search = self._search
        if search is not None and search.look is not None and self._keys[search.look] in frames:
            self._search = search.skip()
            self._go_on()

    def _look_again(self) -> None:
        """Labels were given otherwise, here or by others: what they say is known as well."""
        search = self._search
        if search is None or self._covered is not None:
            return
        classes = spans.classes_of(self.state)
        fresh = Bisection.start(self._keys, classes, search.first, search.last, search.before, search.after)
        if fresh.labels != search.labels:
            self._search = replace(fresh, answers=search.answers)
            self._go_on()

    # --- the search ---------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Show the next frame that is asked about, or paint where all is known."""
        search = self._search
        assert search is not None
        if search.look is not None:
            self._show()
        else:
            self._paint(search)

    def _show(self) -> None:
        search = self._search
        assert search is not None
        assert search.look is not None
        at = self.state.place_of(self._keys[search.look])
        if at is None:
            self.desk.end()
            self.desk.notice("Bisection left:", "the frame to ask about is not among those shown any more.")
            return
        self.state.go(at)
        self.desk.show_mode()
        self.desk.redraw()

    def _paint(self, search: Bisection) -> None:
        classes = spans.classes_of(self.state)
        labels = {
            self._keys[place]: stretch.class_
            for stretch in search.painted
            for place in stretch.places
            if stretch.class_ is not None
        }
        if self._covered is not None:  # what others gave meanwhile was not there to be covered
            before = self._covered
            labels = {key: given for key, given in labels.items() if classes.get(key) == before.get(key)}
        if not labels:
            self._painted = True
            self.desk.end()
            self.desk.notice("Nothing to paint:", search.said)
            return
        looks = sum(class_ is not None for _, class_ in search.answers)
        classes_found = list(dict.fromkeys(stretch.class_ or "" for stretch in search.painted))
        said = search.said
        whole = self._alike is not None and len(classes_found) == 1 and not search.labels
        if whole:
            end = "from its first" if classes_found == [search.after] else "to its last"
            said = f"{classes_found[0]} {end} frame · {plural(len(labels), 'frame')}"
        said += f" · {plural(looks, 'look')}"
        onset = search.painted[1].first if len(search.painted) > 1 else search.painted[0].first
        key = self._keys[onset]
        what = f"{'bisect' if self._alike is None else 'verdict'} {' → '.join(classes_found)}"
        done = partial(self._done, key, said, whole=whole, task=self._task, keys=self._keys)
        self.desk.give_each(labels, "bisect", what, unread=True, anyway=done)

    def _done(self, key: str, said: str, *, whole: bool, task: str, keys: Collection[str]) -> None:
        """Leave, and show where it begins, or go on, unless a person has left already."""
        self._painted = True
        for one in keys:
            self.state.answers.get(task, {}).pop(one, None)
        if self.desk.mode is not self:
            return
        self.desk.end()
        if whole and self._alike is not None:
            self._alike()
        elif (at := self.state.place_of(key)) is not None:
            self.state.go(at)
        self.desk.redraw()
        self.desk.notice("Found:", said, GOOD)


def _given_before(
    state: State, keys: tuple[str, ...], known: Mapping[str, str]
) -> tuple[tuple[int, str], ...]:
    """Return the answers that were given for some of these frames before a search was left, by place.

    What has a label meanwhile is `known`, and no answer any more.
    """
    kept = state.answers.get(state.task.name, {})
    place_of = {key: place for place, key in enumerate(keys)} if kept else {}
    return tuple(
        (place_of[key], class_)
        for key, class_ in kept.items()
        if key in place_of and key not in known and class_ in state.task.classes
    )


def _counting(state: State, places: range, *, all_: bool) -> list[int]:
    """Return those of some places whose frames count for the task; where none is known to, or `all_` of them are meant,
    those that no other task rules out."""
    free = [place for place in places if not spans.ruled_out(state, state.frames[place].key)]
    known = [] if all_ else [place for place in free if state.counts_for(state.frames[place].key)]
    return known or free


def _open_span(state: State) -> tuple[int, int] | None:
    """Return the unlabelled frames around the cursor with the stretch under it; None where there are none.

    They end at labels, at the ends of the recording, and at midnight: a day is what a person has in mind.
    """
    keys, classes = spans.keys_of(state), spans.classes_of(state)
    stops = spans.stops_of(state).union(spans.day_of(state.frames, state.cursor))
    here = stretch_at(keys, classes, state.cursor, stops=stops)
    first, last = here.first, here.last
    if here.class_ is None:
        return first, last
    if first > 0 and first not in stops and keys[first - 1] not in classes:
        first = stretch_at(keys, classes, first - 1, stops=stops).first
    if last + 1 < len(keys) and last + 1 not in stops and keys[last + 1] not in classes:
        last = stretch_at(keys, classes, last + 1, stops=stops).last
    return (first, last) if (first, last) != (here.first, here.last) else None
