"""Keeps what is shown in step with the filter line, and the queue with frames, labels and task: asks, and takes answers.

What always holds: lives on the event loop; an answer about frames that are no longer the ones on screen is asked again,
never shown. Until a filter's answer has come the frames that were shown stay. Called by the app and the Label screen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from core.errors import PrintModelsError
from core.frames.among import joined
from core.tasks import Task
from tui.label_messages import MarksRead, PredictionsRead
from tui.messages import FramesFound
from tui.sorting import BARE, FIRST, Filtered, Placed, QueueRead, QueuesCounted, SortWork, Totalled
from tui.state import State

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.labels.facts import Facts, Known
    from core.labels.filters import Filter
    from core.labels.model import Label
    from tui.work_queue import WorkQueue


def facts_of(
    state: State,
    task: Task | None = None,
    frames: Sequence[Frame] | None = None,
    labels: Mapping[str, Mapping[str, Label]] | None = None,
) -> Facts:
    """Return what filters and queues look at for a task: all frames of the camera, with what is known of them now."""
    from core.labels.facts import Facts, Known

    task = task or state.task
    known = state.known_of.get(task.name, Known())
    return Facts(
        task,
        state.every if frames is None else frames,
        _copied(state) if labels is None else labels,
        state.guesses,
        known.marks,
        known.waiting,
        starts=state.recordings,
        tasks=state.workspace.tasks,
        at=state.frame.key if state.frame else "",
        gap_minutes=state.workspace.settings.split.gap_minutes,
        undecided=known.undecided,
        suggested=state.predicted.suggested.get(task.name),
    )


def _copied(state: State) -> dict[str, dict[str, Label]]:
    """Return the labels of all tasks as they are: who sorts in a thread is not to see them change."""
    return {task: dict(found) for task, found in state.labels.items()}


class Sorter:
    """One for the app."""

    def __init__(self, state: State, work: SortWork) -> None:
        self.state, self._work = state, work
        #: Frames that were decided (False), or wait again (True), since the queue was asked for.
        self._since: dict[str, bool] = {}
        #: Frames that were picked on another screen, by the words that stand where a filter line stands else.
        self._picked: dict[str, Filter] = {}
        #: The number of the last question what is in the queue: an answer to one before it knows less.
        self._asked = 0

    # --- asking -------------------------------------------------------------------------------------------------

    def filter(self, text: str) -> None:
        """Show only the frames that a filter line lets through, as soon as they are known. Raises WrongUsage."""
        wanted = self._parsed(text)
        self.state.filter = text
        self._filter(wanted)

    def pick(self, words: str, keys: Collection[str]) -> None:
        """Show only these frames, as a filter that `words` stand for."""
        from core.labels.filters import chosen

        self._picked = {words: chosen(words, keys)}
        self.filter(words)

    def choose(self, id_: str) -> None:
        """Work through another queue, or begin the one anew."""
        state = self.state
        state.queue_id, state.queue = id_, None
        state.decided.clear()
        self.queue()

    def queue(self) -> None:
        """Read anew what is in the queue."""
        state = self.state
        self._since.clear()
        self._asked += 1
        if state.frames:
            decided = frozenset(state.decided)
            self._work.queue(state.queue_id, facts_of(state), state.frames, decided, self._asked)

    def count(self) -> None:
        """Count what waits in every queue."""
        self.state.queues = None
        self._work.count(facts_of(self.state))

    def stop_counting(self) -> None:
        """Nobody looks at the counts any more."""
        self._work.stop_counting()

    def days(self) -> None:
        """Count what there is of each day of the camera."""
        self._work.days(facts_of(self.state))

    def sure(self) -> None:
        """Find the frames of which a class is suggested so surely that it may be taken unseen."""
        state = self.state
        if state.suggestions is not None:
            frames = joined([frames for frames in state.by_source.values() if frames])
            self._work.sure(facts_of(state, frames=frames), state.predicted, state.by_source)

    def total(self) -> None:
        """Count the frames that count for those tasks for which not every frame does."""
        state = self.state
        asked = [task for task in state.workspace.tasks.values() if task.when is not None]
        if asked and state.by_source:
            frames = joined([frames for frames in state.by_source.values() if frames])
            labels = _copied(state)
            self._work.total({task.name: facts_of(state, task, frames, labels) for task in asked})

    def frames_came(self, found: FramesFound) -> bool:
        """Put the frames into the state; False where they are those it has."""
        state = self.state
        changed = state.by_source is not found.frames or state.scanning != found.scanning
        state.by_source, state.scanning = found.frames, found.scanning
        state.unreachable, state.problems, state.odd = found.unreachable, found.problems, found.odd
        state.known = found.total
        if changed:
            self._place()
            self.again()
        return changed

    def _place(self) -> None:
        """What is suggested tells of runs: find anew which frames those are."""
        state = self.state
        if state.predicted.newer and state.by_source:
            self._work.place(state.predicted, state.by_source)

    def again(self) -> None:
        """Frames came, or another task or camera is looked at: find anew what the filter shows and the queue holds."""
        state = self.state
        try:
            wanted = self._parsed(state.filter)
        except PrintModelsError:  # on a class that this task does not have
            wanted, state.filter = None, ""
        if wanted is not None and not state.filtered:
            state.show_unfiltered()  # until the answer is there
        self._filter(wanted)
        self.total()

    def new_task(self) -> None:
        """Another task is looked at: the queue of it, from the beginning."""
        self.state.queue = None
        self.state.decided.clear()
        if self.state.queue_id.startswith("class:"):
            self.state.queue_id = FIRST
        self.again()

    def _filter(self, wanted: Filter | None) -> None:
        state = self.state
        if wanted is None:
            state.show_unfiltered()
            self.queue()
        else:
            state.filtering = True
            self._work.filter(wanted, facts_of(state))

    def _parsed(self, text: str) -> Filter | None:
        if not text:
            return None
        if text in self._picked:
            return self._picked[text]
        from core.labels.filters import parse

        return parse(text, self.state.task, date.today(), self.state.workspace.sources)

    # --- what was decided -----------------------------------------------------------------------------------------

    def take_labels(self, changed: Mapping[str, Mapping[str, Label | None]], *, undone: bool = False) -> None:
        """Take labels that were given or taken off: task → frame → label or None.

        What was `undone` waits again, but a label that an undo gave back never does where no labels wait.
        """
        self.state.take_labels(changed)
        mine = changed.get(self.state.task.name, {})
        again = undone and self.state.queue_id not in BARE
        self._settle([key for key, label in mine.items() if label is None], waits=True)
        self._settle([key for key, label in mine.items() if label is not None], waits=again)

    def _take_marks(self, known: Mapping[str, Known]) -> None:
        """Take marks and what waits for a decision; who was marked is decided in the queue."""
        state = self.state
        before, now = (found.get(state.task.name) for found in (state.known_of, known))
        state.known_of = known
        if before is None or now is None or before.marks == now.marks:
            return
        put = [key for key, mark in now.marks.items() if mark.mark and before.marks.get(key) != mark]
        off = [key for key, mark in before.marks.items() if mark.mark and not _has_mark(now, key)]
        labelled = state.of(state.task)
        self._settle([key for key in off if key not in labelled], waits=True)
        self._settle(put, waits=False)

    def _settle(self, keys: Collection[str], *, waits: bool) -> None:
        """Take that frames were decided, or wait for a decision again."""
        state, queue = self.state, self.state.queue
        self._since.update(dict.fromkeys(keys, waits))
        if queue is None or not keys:
            return
        places = state.places_of(keys)
        inside = [place for place in places if queue.position(place) is not None]
        queue.settle(inside, waits)
        if not waits:
            state.decided.update(state.frames[place].key for place in inside)
            return
        # What was decided before the queue was read is in it no more: only reading it anew brings it back.
        lost = len(inside) < len(places) and not state.decided.isdisjoint(keys)
        state.decided.difference_update(keys)
        if lost:
            self.queue()

    # --- answers ------------------------------------------------------------------------------------------------

    def take(self, result: object) -> None:
        """Put an answer, or what filters and queues look at, into the state."""
        state = self.state
        match result:
            case PredictionsRead():
                self._take_predictions(result)
            case Placed() if result.said is state.predicted and result.by_source is state.by_source:
                state.guesses = {**state.predicted.guesses, **result.guesses}
                self.queue()
                self.total()
            case MarksRead():
                self._take_marks(result.known)
            case Filtered() if result.text == state.filter:
                if result.every is not state.every:
                    self.again()
                    return
                state.show_filtered(result.frames)
                self.queue()
            case QueueRead() if (result.task, result.asked) == (state.task.name, state.queue_id):
                if result.number == self._asked:
                    self._take_queue(result.queue)
            case QueuesCounted() if result.task == state.task.name:
                state.queues = result
            case Totalled():
                state.totals = dict(result.totals)

    def _take_predictions(self, said: PredictionsRead) -> None:
        """Take what was predicted at once; of what is suggested the frames have to be found first."""
        state = self.state
        state.predicted = said
        held = {name: found for name, found in state.guesses.items() if name in said.newer}
        state.guesses = {**said.guesses, **held}
        self._place()
        self.queue()
        self.total()

    def _take_queue(self, queue: WorkQueue) -> None:
        if queue.frames is not self.state.frames:
            self.queue()
            return
        self.state.queue_id, self.state.queue = queue.kind.id, queue
        since = dict(self._since)
        for waits in (False, True):
            self._settle([key for key, state in since.items() if state == waits], waits=waits)


def _has_mark(known: Known, key: str) -> bool:
    found = known.marks.get(key)
    return found is not None and found.mark is not None
