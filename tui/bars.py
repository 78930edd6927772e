"""The day bars as numbers: which span of time they show, which frames lie in each cell, and what a cell is drawn as.

What always holds: only frames of the span are looked at, each once per row for as long as span, width and what the row
shows stay the same; a cell is a glyph and a colour, and the glyph alone says enough. Pure; the day bar calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import log2
from typing import TYPE_CHECKING

from msgspec import Struct
from textual.content import Content

from core.frames.among import moment_from
from core.tasks import Task
from tui.drawing import BAD, COLOURS, DIM, FILLS, GLYPHS, UNLABELLED, WARN

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.frames.signatures import Change
    from core.labels.model import Label
    from core.labels.predictions import Guess

DAY, HOURS, RECORDING = "day", "hours", "recording"
#: From far to near.
ZOOMS = (DAY, HOURS, RECORDING)
HEIGHTS = "▁▂▃▄▅▆▇█"
#: Hours of the nearer view; its pages begin at multiples of it, so that a step of the cursor seldom turns the page.
_PAGE_H = 6
_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
#: Frames so many times farther apart than the middle pair of a span have a gap between them.
_USUAL = 3
#: A glyph and its style; None where the cell has no frame.
Cell = tuple[str, str]
_NOTHING: Cell = (" ", "")


class Span(Struct, frozen=True):
    """From `begin` up to, not with, `end`; `kind` is one of ZOOMS."""

    kind: str
    begin: datetime
    end: datetime

    def column(self, moment: datetime, width: int) -> int:
        """Return the cell of a moment, of `width` cells; outside of the span the nearest one."""
        share = (moment - self.begin) / (self.end - self.begin)
        return max(0, min(width - 1, int(share * width)))

    @property
    def words(self) -> str:
        """'day', '06–12 h', 'recording 00:34–00:55'."""
        if self.kind == DAY:
            return DAY
        if self.kind == RECORDING:
            return f"{RECORDING} {self.begin:%H:%M}–{self.end:%H:%M}"
        return f"{self.begin:%H}–{self.begin.hour + _PAGE_H:02d} h"

    def name(self, recording: int) -> str:
        """'day', '6 h', 'rec 14', in the cells beside the scale; `recording` is its number."""
        return {DAY: DAY, HOURS: f"{_PAGE_H} h"}.get(self.kind, f"rec {recording}")


def span_of(kind: str, at: datetime, recording: tuple[datetime, datetime] | None) -> Span:
    """Return the span around a moment; a recording (its first and last frame) that is not known is its hours."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == RECORDING and recording is not None:
        return Span(RECORDING, recording[0], recording[1] + timedelta(seconds=1))
    if kind == DAY:
        return Span(DAY, midnight, midnight + timedelta(days=1))
    begin = midnight + timedelta(hours=at.hour // _PAGE_H * _PAGE_H)
    return Span(HOURS, begin, begin + timedelta(hours=_PAGE_H))


def within(frames: Sequence[Frame], span: Span) -> tuple[int, int]:
    """Return the places from which and up to which frames (in order of time) lie in a span."""
    return (
        moment_from(frames, span.begin),
        moment_from(frames, span.end),
    )


def place_near(frames: Sequence[Frame], moment: datetime) -> int | None:
    """Return the place of the frame (in order of time) nearest to a moment, None where there is none."""
    at = moment_from(frames, moment)
    around = [place for place in (at - 1, at) if 0 <= place < len(frames)]
    return min(around, key=lambda place: abs(frames[place].captured_at - moment), default=None)


class Rows:
    """The cells of each row, worked out once for a span, a width and what the row is about."""

    def __init__(self) -> None:
        self._frames: Sequence[Frame] = ()
        self._span: Span | None = None
        self._edges: list[int] = []
        #: Cells between two frames that follow each other closely, which show what the earlier one shows.
        self._bridged: list[bool] = []
        self._rows: dict[str, tuple[object, list[Cell | None]]] = {}
        self._known: dict[int, tuple[object, bool]] = {}

    def take(self, frames: Sequence[Frame], span: Span, width: int) -> None:
        """Look at these frames of a source, all of them, in that span and so many cells."""
        if frames is self._frames and span == self._span and len(self._edges) == width + 1:
            return
        self._frames, self._span, self._rows, self._known = frames, span, {}, {}
        first, end = within(frames, span)
        step = (span.end - span.begin) / width
        starts = (span.begin + step * at for at in range(1, width))
        inner = [moment_from(frames, start, first, end) for start in starts]
        self._edges = [first, *inner, end]
        self._bridged = self._bridges(first, end)

    def _bridges(self, first: int, end: int) -> list[bool]:
        """Find the empty cells between frames that are no farther apart than usual: no gap, but a nearer view."""
        edges, frames = self._edges, self._frames
        bridged = [False] * (len(edges) - 1)
        if not 1 < end - first < 2 * len(bridged):
            return bridged
        apart = sorted(frames[at + 1].captured_at - frames[at].captured_at for at in range(first, end - 1))
        most = apart[len(apart) // 2] * _USUAL
        for at in range(len(bridged)):
            after = edges[at]
            if edges[at + 1] == after and first < after < end:
                gap = frames[after].captured_at - frames[after - 1].captured_at
                bridged[at] = gap <= most
        return bridged

    @property
    def places(self) -> tuple[int, int]:
        """The places of the frames in the span: from, up to."""
        return (self._edges[0], self._edges[-1]) if self._edges else (0, 0)

    def has(self, known: Collection[str]) -> bool:
        """True where something is known of any frame of the span."""
        if not known:
            return False
        answer = self._known.get(id(known))
        if answer is None or answer[0] is not known:
            first, end = self.places
            answer = (known, any(frame.key in known for frame in self._frames[first:end]))
            self._known[id(known)] = answer
        return answer[1]

    def row(self, name: str, about: object, draw: Callable[[Sequence[Frame]], Cell]) -> list[Cell]:
        """Return the cells of a row; what was worked out for the same `about` (the same object) is not done again."""
        known = self._rows.get(name)
        if known is None or known[0] is not about:
            known = (about, [None] * (len(self._edges) - 1))
            self._rows[name] = known
        found: list[Cell] = []
        for at, cell in enumerate(known[1]):
            if cell is None:
                first, end = self._edges[at], self._edges[at + 1]
                cell = draw(self._frames[first:end]) if end > first else _NOTHING
                known[1][at] = cell
            found.append(found[-1] if found and self._bridged[at] else cell)
        return found

    def forget(self, name: str, moments: Sequence[datetime] = ()) -> None:
        """A row is worked out anew: in the cells of these moments, or without any everywhere."""
        if not moments or self._span is None:
            self._rows.pop(name, None)
            return
        known = self._rows.get(name)
        for moment in moments if known else ():
            assert known is not None
            if self._span.begin <= moment < self._span.end:
                # One cell to each side: a moment on an edge may be counted to either.
                at = self._span.column(moment, len(known[1]))
                known[1][max(0, at - 1) : at + 2] = [None] * len(known[1][max(0, at - 1) : at + 2])


# --- what a cell says ---------------------------------------------------------------------------------------------


def class_cell(task: Task, classes: Mapping[str, int], frames: int) -> Cell:
    """Return a cell of classes (class → frames): the one that most have, filled where all `frames` have one."""
    named = {class_: number for class_, number in classes.items() if class_ in task.classes}
    if not named:
        return UNLABELLED, DIM
    most = max(named, key=lambda class_: named[class_])
    code = task.code(most)
    return (FILLS if sum(named.values()) >= frames else GLYPHS)[code], COLOURS[code]


def labels_of(
    task: Task, labels: Mapping[str, Label], counts: Callable[[str], bool] | None
) -> Callable[[Sequence[Frame]], Cell]:
    """Return what draws cells of labels; frames that do not count for the task are passed over."""

    def draw(frames: Sequence[Frame]) -> Cell:
        found: dict[str, int] = {}
        there = 0
        for frame in frames:
            label = labels.get(frame.key)
            if label is not None:
                found[label.class_] = found.get(label.class_, 0) + 1
            elif counts is not None and not counts(frame.key):
                continue
            there += 1
        return class_cell(task, found, there) if there else _NOTHING

    return draw


def guesses_of(task: Task, guesses: Mapping[str, Guess]) -> Callable[[Sequence[Frame]], Cell]:
    """Return what draws cells of a model's classes."""

    def draw(frames: Sequence[Frame]) -> Cell:
        found: dict[str, int] = {}
        for frame in frames:
            guess = guesses.get(frame.key)
            if guess is not None:
                found[guess.class_] = found.get(guess.class_, 0) + 1
        return class_cell(task, found, 0) if found else _NOTHING

    return draw


def sureness_of(task: Task, guesses: Mapping[str, Guess]) -> Callable[[Sequence[Frame]], Cell]:
    """Return what draws cells of a model's confidence: the least that was told in it, from guessing (▁) to certain (█)."""
    least = 1 / max(2, len(task.classes))

    def draw(frames: Sequence[Frame]) -> Cell:
        said = (guess.confidence for frame in frames if (guess := guesses.get(frame.key)))
        found = [sure for sure in said if sure is not None]
        if not found:
            return _NOTHING
        level = height((min(found) - least) / (1 - least))
        return HEIGHTS[level], WARN if level < 4 else DIM

    return draw


def motion_of(changes: Mapping[str, Change], threshold: float) -> Callable[[Sequence[Frame]], Cell]:
    """Return what draws cells of change: the greatest motion of the cell."""

    def draw(frames: Sequence[Frame]) -> Cell:
        found = [change.motion for frame in frames if (change := changes.get(frame.key))]
        return (motion_mark(max(found), threshold)) if found else _NOTHING

    return draw


def light_of(changes: Mapping[str, Change]) -> Callable[[Sequence[Frame]], Cell]:
    """Return what draws cells of brightness: the mean of the cell; nearly black stands out."""

    def draw(frames: Sequence[Frame]) -> Cell:
        found = [change.brightness for frame in frames if (change := changes.get(frame.key))]
        return light_mark(sum(found) / len(found)) if found else _NOTHING

    return draw


def height(share: float) -> int:
    """Return which of HEIGHTS stands for a share from 0 to 1."""
    return max(0, min(7, int(share * 8)))


def motion_mark(motion: float, threshold: float) -> Cell:
    """Return how much a picture changed: ▁▂ below the camera's threshold, a step for each factor of 1.6 above it."""
    if motion <= threshold:
        return HEIGHTS[1 if motion > threshold / 2 else 0], DIM
    return HEIGHTS[max(2, min(7, 2 + int(log2(motion / max(threshold, 0.01)) * 1.5)))], "$accent"


def light_mark(brightness: float) -> Cell:
    """Return how bright a picture is, of 255."""
    level = height(brightness / 256)
    return HEIGHTS[level], BAD if level == 0 else DIM


# --- lines --------------------------------------------------------------------------------------------------------


def line(cells: Sequence[Cell]) -> Content:
    """Return cells as one line, equal styles as one run."""
    parts: list[tuple[str, str]] = []
    for glyph, style in cells:
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + glyph, style)
        else:
            parts.append((glyph, style))
    return Content.assemble(*parts)


def scale(
    span: Span,
    width: int,
    cursor: datetime | None,
    stretch: tuple[datetime, datetime] | None = None,
    marked: tuple[datetime, datetime] | None = None,
) -> Content:
    """Return the scale over the rows: times as far as they fit, ▾ over the cursor's cell.

    The stretch under the cursor lies between [ and ], what is marked is a line ━. A time that one of these touches is
    left out: half a number is another one.
    """
    signs: dict[int, Cell] = {}
    if stretch is not None:
        for moment, bracket in ((stretch[0], "["), (stretch[1], "]")):
            if span.begin <= moment < span.end:
                signs[span.column(moment, width)] = (bracket, "$accent")
    if marked is not None and marked[1] >= span.begin and marked[0] < span.end:
        first, last = (span.column(moment, width) for moment in marked)
        signs |= dict.fromkeys(range(first, last + 1), ("━", f"bold {WARN}"))
    if cursor is not None and span.begin <= cursor < span.end:
        signs[span.column(cursor, width)] = ("▾", "bold $accent")
    cells: list[Cell] = [(" ", DIM)] * width
    for at, words in _times(span, width):
        if signs.keys().isdisjoint(range(at - 1, at + len(words) + 1)):
            cells[at : at + len(words)] = [(char, DIM) for char in words]
    for at, sign in signs.items():
        cells[at] = sign
    return line(cells)


def _times(span: Span, width: int) -> Iterator[tuple[int, str]]:
    """Yield the times that fit, each with the cell it begins at."""
    minutes = (span.end - span.begin).total_seconds() / 60
    step = next(
        (s for s in _STEPS_MIN if s / minutes * width >= (5 if s >= 60 else 8)),
        max(720, int(minutes / max(1, width // 8) / 720 + 1) * 720),
    )
    midnight = span.begin.replace(hour=0, minute=0, second=0, microsecond=0)
    number = -int((midnight - span.begin).total_seconds() // (60 * step))
    while (moment := midnight + timedelta(minutes=step * number)) < span.end:
        words = f"{moment:%H}" if step >= 60 else f"{moment:%H:%M}"
        at = span.column(moment, width)
        if at + len(words) <= width:
            yield at, words
        number += 1
