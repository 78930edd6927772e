"""What the lane for sorting does: the frames that a filter lets through, what is in a queue, how much waits in each.

What always holds: all of it runs in a lane of its own, a piece at a time, and ends at once where something newer is
asked; it sees copies of labels, never what the screen goes on changing. Called by the bridge; tui.sorter asks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from time import sleep
from typing import TYPE_CHECKING

from msgspec import Struct

from core.errors import Cancelled, WrongUsage
from core.progress import CancelToken
from core.workspace import Workspace
from tui.counting import DayCount, days_of
from tui.lanes import Lane, Post
from tui.work_queue import WorkQueue, arranged

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.frames.measured import Changes
    from core.labels.facts import Facts
    from core.labels.filters import Filter
    from core.labels.predictions import Guess
    from core.labels.queues import Queue
    from tui.label_messages import PredictionsRead

#: The queue that is worked through as long as no other was chosen.
FIRST = "unlabelled"
#: Queues of frames that no label was given: a frame that has one waits in none of them.
BARE = frozenset({FIRST, "random", "around", "uncertain", "prints"})
#: Words of a filter, and queues, that ask what pictures look like.
_PICTURES = frozenset({"motion", "bright", "change"})
_SEEN = frozenset({"points", "duplicates"})


class Filtered(Struct, frozen=True):
    """The frames of `every` that a filter line lets through."""

    text: str
    every: Sequence[Frame]
    frames: Sequence[Frame]


class QueueRead(Struct, frozen=True):
    """What is in a queue of a task; where there is none of the name that was asked it is the one of what has no label.

    `number` is that of the question.
    """

    task: str
    asked: str
    queue: WorkQueue
    number: int


class QueuesCounted(Struct, frozen=True):
    """How many frames wait in the queues that were looked at so far, those with none left out; `done`: in all of them."""

    task: str
    queues: tuple[Queue, ...]
    done: bool


class Totalled(Struct, frozen=True):
    """How many frames count for a task of all cameras."""

    totals: Mapping[str, int]


class Placed(Struct, frozen=True):
    """What is suggested, frame by frame, for the frames there are: task → frame → guess, of what was `said`."""

    said: PredictionsRead
    by_source: Mapping[str, Sequence[Frame]]
    guesses: Mapping[str, Mapping[str, Guess]]


class SureFound(Struct, frozen=True):
    """The frames without a label of which a class is suggested so surely that it may be taken unseen, in `runs` runs."""

    task: str
    said: PredictionsRead
    labels: Mapping[str, str]
    runs: int


class DaysCounted(Struct, frozen=True):
    """How much there is of each day of a camera, for a task."""

    task: str
    days: Mapping[date, DayCount]


class Turn(CancelToken):
    """A token that gives the screen's thread its turn whenever it is looked at."""

    def check(self) -> None:
        super().check()
        sleep(0.0005)


class SortWork:
    """The lane; every method returns at once."""

    def __init__(self, workspace: Workspace, post: Post) -> None:
        self._workspace, self._post = workspace, post
        self._lane = Lane("sorting", post)
        self._turns: dict[str, Turn] = {}
        self._changes: Changes | None = None

    @property
    def lane(self) -> Lane:
        return self._lane

    def close(self) -> None:
        """End what is being sorted."""
        for turn in self._turns.values():
            turn.cancel()

    def filter(self, wanted: Filter, facts: Facts) -> None:
        """Find the frames that a filter lets through; answered by `Filtered`."""
        self._ask("filter", lambda facts: self._filter(wanted, facts), facts)

    def queue(
        self, id_: str, facts: Facts, frames: Sequence[Frame], decided: Collection[str], number: int
    ) -> None:
        """Find what is in a queue, of the frames that are shown; answered by `QueueRead` with this `number`."""
        self._ask("queue", lambda facts: self._queue(id_, facts, frames, decided, number), facts)

    def count(self, facts: Facts) -> None:
        """Count what waits in each queue; answered by `QueuesCounted`, several times."""
        self._ask("queues", self._count, facts)

    def stop_counting(self) -> None:
        """Nobody looks at the counts any more."""
        if "queues" in self._turns:
            self._turns["queues"].cancel()

    def days(self, facts: Facts) -> None:
        """Count what there is of each day; answered by `DaysCounted`."""
        self._ask("days", lambda facts: DaysCounted(facts.task.name, days_of(facts)), facts)

    def total(self, every: Mapping[str, Facts]) -> None:
        """Count the frames that count for tasks; answered by `Totalled`."""
        self._lane.ask("totals", lambda: _totalled(every), slot="totals")

    def place(self, said: PredictionsRead, by_source: Mapping[str, Sequence[Frame]]) -> None:
        """Find the frames of the runs that are suggested; answered by `Placed`."""
        self._lane.ask("suggestions", lambda: _placed(said, by_source), slot="suggestions")

    def sure(self, facts: Facts, said: PredictionsRead, by_source: Mapping[str, Sequence[Frame]]) -> None:
        """Find the frames that may be labelled unseen; answered by `SureFound`. The facts are of all cameras."""
        self._ask("sure", lambda facts: _sure(facts, said, by_source), facts)

    def _ask(self, slot: str, job: Callable[[Facts], object], facts: Facts) -> None:
        if slot in self._turns:
            self._turns[slot].cancel()
        turn = self._turns[slot] = Turn()
        self._lane.ask(slot, partial(_unless_cancelled, job, replace(facts, cancel=turn)), slot=slot)

    # --- in the worker thread -----------------------------------------------------------------------------------

    def _seen(self, facts: Facts, wanted: bool) -> Facts:
        """Return the facts with what was measured of the pictures, where that is asked."""
        if not wanted or not facts.frames:
            return facts
        if self._changes is None:
            from core.frames.measured import Changes

            self._changes = Changes(self._workspace)
        source = facts.frames[0].source
        known, threshold = self._changes.all(source), self._changes.threshold(source)
        return replace(facts, changes=known, thresholds={source: threshold})

    def _filter(self, wanted: Filter, facts: Facts) -> Filtered:
        facts = self._seen(facts, not _PICTURES.isdisjoint(wanted.names))
        return Filtered(wanted.text, facts.frames, wanted.keep(facts))

    def _queue(
        self, id_: str, facts: Facts, frames: Sequence[Frame], decided: Collection[str], number: int
    ) -> QueueRead:
        from core.labels.queues import find

        try:
            kind = find(id_, facts.task)
        except WrongUsage:  # kept by another version, or of a class that is gone
            kind = find(FIRST, facts.task)
        facts = self._seen(facts, kind.id in _SEEN)
        places = kind.places(facts)
        found = arranged(kind, places, facts.frames, frames, decided)
        return QueueRead(facts.task.name, id_, found, number)

    def _count(self, facts: Facts) -> QueuesCounted:
        from core.labels.queues import counted

        found: list[Queue] = []
        for queue in counted(self._seen(facts, True)):
            found.append(queue)
            self._post(QueuesCounted(facts.task.name, tuple(found), False))
        return QueuesCounted(facts.task.name, tuple(found), True)


def _unless_cancelled(job: Callable[[Facts], object], facts: Facts) -> object:
    try:
        return job(facts)
    except Cancelled:
        return None


def _placed(said: PredictionsRead, by_source: Mapping[str, Sequence[Frame]]) -> Placed:
    from core.labels.suggested import Expanded

    used = {name: found for name, found in said.suggested.items() if name in said.newer}
    return Placed(said, by_source, {name: Expanded(found.runs, by_source) for name, found in used.items()})


def _sure(facts: Facts, said: PredictionsRead, by_source: Mapping[str, Sequence[Frame]]) -> SureFound:
    from core.frames.among import key_at
    from core.labels.suggested import Expanded

    name, key_of = facts.task.name, key_at(facts.frames)
    runs = [run for run in said.suggested[name].runs if run.sure]
    labels: dict[str, str] = {}
    taken = 0
    for run in runs:
        facts.check()
        column = facts.column(Expanded([run], by_source))
        found = {key_of(at): guess.class_ for at, guess in zip(*column, strict=True) if facts.unlabelled[at]}
        labels |= found
        taken += bool(found)
    return SureFound(name, said, labels, taken)


def _totalled(every: Mapping[str, Facts]) -> Totalled:
    totals = {}
    for name, facts in every.items():
        totals[name] = len(facts.frames) if facts.counting is None else sum(facts.counting)
    return Totalled(totals)
