"""What filters and queues look at: the frames of a task with all that is known of them, put together in one object.

What always holds: making one copies nothing and costs nothing at any number of frames; what is derived is derived when
first asked for. What it holds must not change while it is looked at: who goes on labelling gives copies of its labels
(100 000 take a millisecond). Frames are all of a camera, never those a filter has left: neighbours would be missing.
Made by the app (in a lane) and by the commands.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import compress, islice
from operator import gt, itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from core.frames.among import alike_from, key_at, keys_of, moment_from
from core.frames.framelist import FrameList
from core.frames.names import captured_at
from core.labels.model import Label, Mark
from core.tasks import Task

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.frames.signatures import Change
    from core.labels.suggested import Suggestions
    from core.progress import CancelToken

#: Frames looked at between two looks at the token: a few milliseconds, so that the screen's thread has its turn.
PIECE = 16_384
#: To search for a frame takes about as long as to ask so many.
_SEARCH = 20
#: The moment of a frame that has none: one that a label file names and no camera lists.
UNDATED = datetime.min
#: Marks that put a frame aside: it is in no queue of work, only in the queue of its mark.
ASIDE = ("unsure", "excluded", "skipped")

T = TypeVar("T")
#: The moment of a frame, for bisecting: several times as quick as its name.
moment_of: Callable[[Any], datetime] = itemgetter(2)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Said(Protocol):
    """What a model said of a frame: a class, and how sure it was from 0 to 1, where it told."""

    @property
    def class_(self) -> str: ...
    @property
    def confidence(self) -> float | None: ...


class Known(NamedTuple):
    """What is known of a task's frames beside their labels: entries that wait for a decision, and marks.

    `waiting` are frames of the label file with why each waits, `undecided` those of marks.json.
    """

    waiting: Mapping[str, str] = _NOTHING
    marks: Mapping[str, Mark] = _NOTHING
    undecided: Mapping[str, str] = _NOTHING


class Span(NamedTuple):
    """Places from `first` up to `end`, not included: a source's, or a day's of a source."""

    source: str
    day: str
    first: int
    end: int


class Column(NamedTuple, Generic[T]):
    """What is known of some frames: their places in ascending order, and beside each what is said."""

    places: list[int]
    values: list[T]


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known for `task`. Mappings are by frame; `labels` and `guesses` by task first, of all tasks.

    `frames` are in order of time, one source after the other. `marks`, `waiting` (entries of the label file that wait
    for a decision) and `undecided` (those of marks.json) are those of the task. `thresholds` has by source the motion above which a picture changed.
    `starts` are the first frames of recordings. `tasks` are all tasks, for what contradicts. `at` is the frame under
    the cursor, `seed` what the random queue begins from, `suggested` what a small model asks and doubts.
    """

    task: Task
    frames: Sequence[Frame] = ()
    labels: Mapping[str, Mapping[str, Label]] = field(default_factory=dict)
    guesses: Mapping[str, Mapping[str, Said]] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    waiting: Collection[str] = frozenset()
    changes: Mapping[str, Change] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    starts: Collection[str] = frozenset()
    tasks: Mapping[str, Task] = field(default_factory=dict)
    at: str = ""
    seed: int = 0
    gap_minutes: float = 15
    undecided: Collection[str] = frozenset()
    suggested: Suggestions | None = None
    cancel: CancelToken | None = None

    # --- of the task --------------------------------------------------------------------------------------------

    @property
    def labelled(self) -> Mapping[str, Label]:
        """The labels of the task."""
        return self.labels.get(self.task.name, _NOTHING)

    @property
    def guessed(self) -> Mapping[str, Said]:
        """What the model said for the task."""
        return self.guesses.get(self.task.name, _NOTHING)

    @cached_property
    def aside(self) -> frozenset[str]:
        """Frames that a mark puts aside; a label that was given later takes a skipped one back."""
        return frozenset(
            key
            for key, mark in self.marks.items()
            if mark.mark in ASIDE and not (mark.mark == "skipped" and self._labelled_since(key, mark))
        )

    def _labelled_since(self, key: str, mark: Mark) -> bool:
        label = self.labelled.get(key)
        return label is not None and label.at[:19] >= mark.at[:19]  # to the second, which is all a mark tells

    @cached_property
    def contradicting(self) -> tuple[tuple[str, str, str], ...]:
        """Own class, other task, its class: what can't be true of one frame, whichever of the two tasks says so."""
        mine, name = self.task.contradicts, self.task.name
        theirs = [
            (class_, task.name, own)
            for task in self.tasks.values()
            for own, other, class_ in task.contradicts
            if other == name
        ]
        return tuple(dict.fromkeys([*mine, *theirs]))

    # --- of the frames ------------------------------------------------------------------------------------------

    @cached_property
    def sources(self) -> tuple[Span, ...]:
        """The places of each source."""
        found: list[Span] = []
        frames, first = self.frames, 0
        while first < len(frames):
            source = frames[first].source
            end = len(frames)
            if frames[-1].source != source:
                rest = enumerate(islice(frames, first, None), first)
                end = next(at for at, frame in rest if frame.source != source)
            found.append(Span(source, "", first, end))
            first = end
        return tuple(found)

    @cached_property
    def days(self) -> tuple[Span, ...]:
        """The places of each day of each source, found without looking at every frame; of what has a moment."""
        found = []
        for source, _, first, end in self.sources:
            while first < end:
                day = self.frames[first].captured_at.date()
                midnight = datetime.combine(day, datetime.min.time()) + timedelta(days=1)
                upto = moment_from(self.frames, midnight, first, end)
                if day != UNDATED.date():
                    found.append(Span(source, f"{day:%Y%m%d}", first, upto))
                first = upto
        return tuple(found)

    @cached_property
    def stops(self) -> frozenset[int]:
        """Places at which a recording or another source begins: what belongs together never goes over one."""
        return frozenset([*(span.first for span in self.sources), *self.placed(self.starts)])

    @cached_property
    def changed(self) -> list[int]:
        """Places where the picture changed, by what is usual for its camera."""
        if not self.changes:
            return []
        from core.frames.points import points

        found: list[int] = []
        for source, _, first, end in self.sources:
            self.check()
            keys = list(keys_of(self.frames[first:end]))
            found += [first + place for place in points(keys, self.changes, self.threshold(source))]
        return found

    def threshold(self, source: str) -> float:
        """Return the motion from which on a picture of a camera is another one."""
        from core.frames.points import FIRST_THRESHOLD

        return self.thresholds.get(source, FIRST_THRESHOLD)

    def check(self) -> None:
        """Raise Cancelled where nobody waits for the answer any more."""
        if self.cancel is not None:
            self.cancel.check()

    # --- what is known, by place --------------------------------------------------------------------------------

    def place(self, key: str) -> int | None:
        """Return the place of a frame, found without looking at every frame; None where it is not among them."""
        frames = self.frames
        found = frames.place_of(key) if isinstance(frames, FrameList) else None
        if found is not None and found < len(frames):
            return found if key_at(frames)(found) == key else None
        moment = captured_at(key) or UNDATED
        for _, _, first, end in self.sources:
            at = bisect_left(self.frames, moment, first, end, key=moment_of)
            while at < end and self.frames[at][2] == moment:  # several have one moment, or none
                if self.frames[at][0] == key:
                    return at
                at += 1
        return None

    def placed(self, keys: Collection[str]) -> list[int]:
        """Return the places of those frames that are among the frames, in order."""
        return self._lined_up(dict.fromkeys(keys, True)).places

    def column(self, of: Mapping[str, T]) -> Column[T]:
        """Return what a mapping by frame says, in order of places; worked out once for each mapping."""
        known = self._columns.get(id(of))
        if known is None:
            known = self._columns[id(of)] = (of, self._lined_up(of))
        found: Column[T] = known[1]
        return found

    @cached_property
    def _columns(self) -> dict[int, tuple[Mapping[str, Any], Column[Any]]]:
        return {}

    def _lined_up(self, of: Mapping[str, T]) -> Column[T]:
        """Return places and values. What is known comes in stretches: the next key is mostly the next frame's.

        So stretches of both are held against each other, and a key is searched for only where one ends: the time goes
        with what is known, not with the frames. Where that is too often, and where there are few frames, each frame is
        asked instead.
        """
        told = getattr(of, "places_in", None)  # of suggestions, which are runs
        known = told(self.frames) if told is not None else None
        if known is not None:
            return Column(*known)
        keys, said, count = list(of), list(of.values()), len(self.frames)
        places: list[int] = []
        values: list[T] = []
        number = at = missed = 0
        if len(keys) > 4 * count:
            return self._asked(of)
        while number < len(keys):
            self.check()
            alike = alike_from(self.frames, at, keys, number, PIECE)
            places += range(at, at + alike)
            values += said[number : number + alike]
            number, at = number + alike, at + alike
            if alike == PIECE or number == len(keys):
                continue
            missed += 1
            if missed * _SEARCH > count + _SEARCH * 100:
                return self._asked(of)
            found = self.place(keys[number])
            if found is None:  # behind a key that is no frame's there is no next
                number, at = number + 1, count
            else:
                at = found
        if any(map(gt, places, islice(places, 1, None))):
            order = sorted(zip(places, range(len(places)), strict=True))
            return Column([place for place, _ in order], [values[number] for _, number in order])
        return Column(places, values)

    def _asked(self, of: Mapping[str, T]) -> Column[T]:
        get, places, values = of.get, [], []
        for place, key in enumerate(keys_of(self.frames)):
            if place % PIECE == 0:
                self.check()
            value = get(key)
            if value is not None:
                places.append(place)
                values.append(value)
        return Column(places, values)

    def chosen(self, mask: bytes | bytearray) -> list[int]:
        """Return the places that a mask of one byte a frame has set, a piece at a time."""
        found: list[int] = []
        for begin in range(0, len(mask), PIECE):
            self.check()
            found += compress(range(begin, begin + PIECE), mask[begin : begin + PIECE])
        return found

    @cached_property
    def classes(self) -> Column[str]:
        """The class of every labelled frame."""
        places, labels = self.column(self.labelled)
        return Column(places, [label.class_ for label in labels])

    @cached_property
    def guessed_classes(self) -> Column[str]:
        """The class that the model gave every frame it looked at."""
        places, guesses = self.column(self.guessed)
        return Column(places, [guess.class_ for guess in guesses])

    # --- what counts --------------------------------------------------------------------------------------------

    @cached_property
    def counting(self) -> bytes | None:
        """One byte a frame, 1 for those that count for the task; None where every frame does.

        Of a task with `when` those frames count that have a label of it, or the other task's class that `when` names:
        as labelled there or, where no label says, as predicted.
        """
        if self.task.when is None:
            return None
        other, wanted = self.task.when
        mask = bytearray(len(self.frames))
        for known in (self.guesses.get(other, _NOTHING), self.labels.get(other, _NOTHING)):
            for place, said in zip(*self.column(known), strict=True):
                mask[place] = said.class_ == wanted
        for place in self.classes.places:
            mask[place] = 1
        return bytes(mask)

    @cached_property
    def work(self) -> bytes | None:
        """One byte a frame, 1 for those that count and that no mark puts aside; None where that is every frame."""
        aside = self.placed(self.aside)
        if not aside:
            return self.counting
        mask = bytearray(self.counting or b"\1" * len(self.frames))
        for place in aside:
            mask[place] = 0
        return bytes(mask)

    @cached_property
    def unlabelled(self) -> bytes:
        """One byte a frame, 1 for those of the work that have no label."""
        mask = bytearray(self.work or b"\1" * len(self.frames))
        for place in self.classes.places:
            mask[place] = 0
        return bytes(mask)
