"""What filters and queues look at: the frames of a task with all that is known of them, put together in one object.

What always holds: making one copies nothing and costs nothing at any number of frames; what is derived is derived when
first asked for. What it holds must not change while it is looked at: who goes on labelling gives copies of its labels
(100 000 take a millisecond). Frames are all of a camera, never those a filter has left: neighbours would be missing.
Made by the app (in a lane) and by the commands.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import islice
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from core.frames.names import captured_at
from core.labels.model import Label, Mark
from core.tasks import Task

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.frames.signatures import Change
    from core.progress import CancelToken

#: Frames looked at between two looks at the token: a few milliseconds, so that the screen's thread has its turn.
PIECE = 16_384
#: Where fewer than one in so many frames are meant, each is found by itself rather than all looked at.
_FEW = 100
#: The moment of a frame that has none: one that a label file names and no camera lists.
UNDATED = datetime.min
#: Marks that put a frame aside: it is in no queue of work, only in the queue of its mark.
ASIDE = ("unsure", "excluded", "skipped")

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_key_of: Callable[[Any], str] = itemgetter(0)


class Said(Protocol):
    """What a model said of a frame: a class, and how sure it was from 0 to 1, where it told."""

    @property
    def class_(self) -> str: ...
    @property
    def confidence(self) -> float | None: ...


class Known(NamedTuple):
    """What is known of a task's frames beside their labels: entries that wait for a decision, and marks."""

    waiting: Collection[str] = frozenset()
    marks: Mapping[str, Mark] = _NOTHING


class Span(NamedTuple):
    """Places from `first` up to `end`, not included: a source's, or a day's of a source."""

    source: str
    day: str
    first: int
    end: int


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known for `task`. Mappings are by frame; `labels` and `guesses` by task first, of all tasks.

    `frames` are in order of time, one source after the other. `marks` and `waiting` (entries of the label file that
    wait for a decision) are those of the task. `thresholds` has by source the motion above which a picture changed.
    `starts` are the first frames of recordings. `tasks` are all tasks, for what contradicts. `at` is the frame under
    the cursor, `seed` what the random queue begins from.
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
    def classes(self) -> dict[str, str]:
        """The class of every labelled frame."""
        return {key: label.class_ for key, label in self.labelled.items()}

    @cached_property
    def guessed_classes(self) -> dict[str, str]:
        """The class that the model gave every frame it looked at."""
        return {key: guess.class_ for key, guess in self.guessed.items()}

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
    def keys(self) -> list[str]:
        """The keys of the frames by place."""
        return [key for piece in self.pieces(self.frames) for key in map(_key_of, piece)]

    def place(self, key: str) -> int | None:
        """Return the place of a frame, found without looking at every frame; None where it is not among them."""
        wanted = (captured_at(key) or UNDATED, key)
        for _, _, first, end in self.sources:
            at = bisect_left(self.frames, wanted, first, end, key=_order)
            if at < end and self.frames[at].key == key:
                return at
        return None

    def placed(self, keys: Collection[str]) -> list[int]:
        """Return the places of those frames that are among the frames, in order."""
        if len(keys) * _FEW < len(self.frames):
            return sorted(place for key in keys if (place := self.place(key)) is not None)
        meant = keys if isinstance(keys, Set | Mapping) else frozenset(keys)
        found, begin = [], 0
        for piece in self.pieces(self.keys):
            found += [place for place, key in enumerate(piece, begin) if key in meant]
            begin += len(piece)
        return found

    @cached_property
    def labelled_places(self) -> list[int]:
        """The places of the frames that have a label."""
        return self.placed(self.labelled)

    def pieces(self, of: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Yield a sequence in pieces, looking at the token before each. Raises Cancelled."""
        if len(of) <= PIECE:
            yield of
            return
        for begin in range(0, len(of), PIECE):
            if self.cancel is not None:
                self.cancel.check()
            yield of[begin : begin + PIECE]

    @cached_property
    def sources(self) -> tuple[Span, ...]:
        """The places of each source."""
        found: list[Span] = []
        frames, first = self.frames, 0
        while first < len(frames):
            source = frames[first].source
            end = len(frames)
            if frames[-1].source != source:
                end = next(
                    at
                    for at, frame in enumerate(islice(frames, first, None), first)
                    if frame.source != source
                )
            found.append(Span(source, "", first, end))
            first = end
        return tuple(found)

    @cached_property
    def days(self) -> tuple[Span, ...]:
        """The places of each day of each source that has a moment, found without looking at every frame."""
        found = []
        for source, _, first, end in self.sources:
            while first < end:
                day = self.frames[first].captured_at.date()
                upto = bisect_left(self.frames, self._midnight_after(day), first, end, key=_moment)
                if day != UNDATED.date():
                    found.append(Span(source, f"{day:%Y%m%d}", first, upto))
                first = upto
        return tuple(found)

    @staticmethod
    def _midnight_after(day: date) -> datetime:
        return datetime.combine(day, datetime.min.time()) + timedelta(days=1)

    @cached_property
    def stops(self) -> frozenset[int]:
        """Places at which a recording or another source begins: what belongs together never goes over one."""
        begins = {span.first for span in self.sources} | set(self.placed(self.starts))
        return frozenset(begins)

    @cached_property
    def changed(self) -> list[int]:
        """Places where the picture changed, by what is usual for its camera."""
        if not self.changes:
            return []
        from core.frames.points import points

        found: list[int] = []
        for source, _, first, end in self.sources:
            if self.cancel is not None:
                self.cancel.check()
            keys = self.keys[first:end]
            found += [first + place for place in points(keys, self.changes, self.threshold(source))]
        return found

    def threshold(self, source: str) -> float:
        """Return the motion from which on a picture of a camera is another one."""
        from core.frames.points import FIRST_THRESHOLD

        return self.thresholds.get(source, FIRST_THRESHOLD)

    # --- what counts --------------------------------------------------------------------------------------------

    def counting(self) -> Callable[[str], bool] | None:
        """Return what says whether a frame counts for the task, by its key; None where every frame does.

        Of a task with `when` those frames count that have a label of it, or the other task's class that `when` names:
        as labelled there or, where no label says, as predicted.
        """
        when = self.task.when
        if when is None:
            return None
        other, wanted = when
        mine = self.labelled
        there, said = self.labels.get(other, _NOTHING), self.guesses.get(other, _NOTHING)

        def counts(key: str) -> bool:
            if key in mine:
                return True
            label = there.get(key)
            if label is not None:
                return bool(label.class_ == wanted)
            guess = said.get(key)
            return guess is not None and bool(guess.class_ == wanted)

        return counts


def _moment(frame: Frame) -> datetime:
    return frame.captured_at


def _order(frame: Frame) -> tuple[datetime, str]:
    return frame.captured_at, frame.key
