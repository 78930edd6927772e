"""What the app knows: frames, labels and figures as they last arrived, and where the cursor stands.

What always holds: lives on the event loop only; changed by results that arrive and by moves; asks nobody.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from core.frames.among import key_at, place_among, place_from
from core.tasks import Task
from core.workspace import Workspace
from tui.label_messages import PredictionsRead, ViewRead
from tui.looks import Looks
from tui.messages import DraftPriced, GitSeen, RunRow
from tui.unsaved import Unsaved
from tui.work_queue import WorkQueue

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.labels.facts import Known
    from core.labels.model import Label, LabelStep, Mark
    from core.labels.predictions import Guess
    from core.labels.suggested import Suggestions
    from tui.sorting import QueuesCounted

_NO_LABELS: Mapping[str, Label] = {}


class State(Struct, eq=False):
    """The app's picture of the workspace."""

    workspace: Workspace
    task: Task
    source: str
    frames: Sequence[Frame] = ()
    by_source: Mapping[str, Sequence[Frame]] = field(default_factory=dict)
    known: int = 0
    scanning: bool = True
    opened: bool = False
    unreachable: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    odd: int = 0
    labels: dict[str, dict[str, Label]] = field(default_factory=dict)
    seq: int = 0
    drafts: dict[str, DraftPriced] = field(default_factory=dict)
    git: GitSeen = field(default_factory=GitSeen)
    training: str = ""
    runs: tuple[RunRow, ...] | None = None
    unsaved: Unsaved = field(default_factory=Unsaved)
    #: What is said of frames: by a small model's suggestions where those are newer, else by the predictions.
    guesses: Mapping[str, Mapping[str, Guess]] = field(default_factory=dict)
    predicted: PredictionsRead = field(default_factory=lambda: PredictionsRead({}))
    known_of: Mapping[str, Known] = field(default_factory=dict)
    undoes: LabelStep | None = None
    left: ViewRead = field(default_factory=ViewRead)
    filter: str = ""
    #: What a filter lets through is being looked for; what is shown is what one let through.
    filtering: bool = False
    filtered: bool = False
    queue_id: str = "unlabelled"
    queue: WorkQueue | None = None
    #: Frames that were decided since the queue was chosen.
    decided: set[str] = field(default_factory=set)
    queues: QueuesCounted | None = None
    #: Frames that count for a task, of those for which not every frame does.
    totals: dict[str, int] = field(default_factory=dict)
    looks: Looks = field(default_factory=Looks)
    #: Answers of searches that were left before all was known: task → frame → class.
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    cursor: int = 0
    direction: int = 1
    #: The frame at which a stretch begins that is being marked; it goes on to the cursor.
    anchor: Frame | None = None
    #: The first and the last frame of what is marked and does not follow the cursor.
    span: tuple[Frame, Frame] | None = None
    _wanted: str = ""
    _counts: dict[str, Counter[str]] = field(default_factory=dict)
    recordings: frozenset[str] = frozenset()
    _starts: list[int] = field(default_factory=list)

    # --- frames and the cursor ----------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame | None:
        """The frame under the cursor."""
        return self.frames[self.cursor] if self.frames else None

    @property
    def marked(self) -> tuple[Frame, Frame] | None:
        """The first and the last frame of what is marked, for who draws it; None where nothing is."""
        anchor, frame = self.anchor, self.frame
        if anchor is None or frame is None:
            return self.span
        return (anchor, frame) if _place(anchor) <= _place(frame) else (frame, anchor)

    @property
    def starts(self) -> Sequence[int]:
        """The places at which recordings begin, in order."""
        return self._starts

    @property
    def every(self) -> Sequence[Frame]:
        """All frames of the camera that is looked at."""
        return self.by_source.get(self.source, ())

    def show_source(self, source: str) -> None:
        """Take another camera's frames; the cursor stays as near in time as it can."""
        self.source, self.recordings, self.queue = source, frozenset(), None
        self.decided.clear()
        self.show_unfiltered()

    def show_unfiltered(self) -> None:
        """Show all frames of the camera."""
        self.filtering = self.filtered = False
        self._show(self.every)

    def show_filtered(self, frames: Sequence[Frame]) -> None:
        """Show the frames that the filter lets through."""
        self.filtering, self.filtered = False, True
        self._show(frames)

    def _show(self, frames: Sequence[Frame]) -> None:
        """Show these frames; the cursor stays on its frame, or near its time."""
        before = self.frame
        if frames is not self.frames:
            self.frames = frames
            self._place_recordings()
        if self._wanted and (place := self.place_of(self._wanted)) is not None:
            self.cursor, self._wanted = place, ""
        elif before is None or not frames:
            self.cursor = 0
        else:
            at = bisect_left(frames, (before.captured_at, before.key), key=_place)
            self.cursor = min(at, len(frames) - 1)

    def place_of(self, key: str) -> int | None:
        """Return the place of a frame among those that are shown, None where it is not."""
        return place_among(self.frames, key)

    def places_of(self, keys: Collection[str]) -> list[int]:
        """Return the places of those frames that are shown; of a stretch without looking for each."""
        found: list[int] = []
        after, key_of = -1, key_at(self.frames)
        for key in sorted(keys):
            beside = 0 <= after < len(self.frames) and key_of(after) == key
            at = after if beside else self.place_of(key)
            if at is not None:
                found.append(at)
                after = at + 1
        return found

    def take_view(self, view: ViewRead) -> None:
        """Begin where the app was left, as far as that is still there."""
        self.left = view
        self.task = self.workspace.tasks.get(view.task, self.task)
        self.looks.take(view.looks)
        self.answers = {task: dict(given) for task, given in view.answers.items()}
        if view.source in self.workspace.active_sources:
            self.source = view.source
            self._wanted = view.frame

    def view(self, place: str) -> dict[str, Any]:
        """Return where the app is, to be kept for the next opening."""
        return {
            "place": place,
            "task": self.task.name,
            "source": self.source,
            "frame": self.frame.key if self.frame else self._wanted,
            "filter": self.filter,
            "queue": self.queue_id,
            "looks": self.looks.kept(),
            "answers": {task: dict(given) for task, given in self.answers.items() if given},
            "left_at": datetime.now().isoformat(timespec="minutes"),
            "frames": {name: len(frames) for name, frames in self.by_source.items()},
        }

    def touched(self) -> None:
        """A person has begun: the cursor is theirs now."""
        self._wanted = ""

    def mark(self, key: str) -> Mark | None:
        """What a frame is marked as for the task on screen."""
        known = self.known_of.get(self.task.name)
        return known.marks.get(key) if known else None

    def mark_word(self, key: str) -> str | None:
        """'excluded', 'unsure' or 'skipped', None for a frame that is none of these."""
        mark = self.mark(key)
        return mark.mark if mark else None

    def take_all_labels(self, labels: Mapping[str, Mapping[str, Label]]) -> None:
        """Take every label; the first time also the filter and the queue that were on when the app was left."""
        first = not self.labels
        self.labels = {task: dict(found) for task, found in labels.items()}
        self._counts.clear()
        if first:
            self.filter, self.queue_id = self.left.filter, self.left.queue or self.queue_id

    def guess(self, key: str) -> Guess | None:
        """What the model said of a frame for the task on screen."""
        return self.guesses.get(self.task.name, {}).get(key)

    @property
    def suggestions(self) -> Suggestions | None:
        """What is suggested for the task on screen."""
        return self.predicted.suggested.get(self.task.name)

    def take_recordings(self, starts: Sequence[str]) -> bool:
        """Take the first frames of the recordings of the source; False where they are the ones there are already."""
        found = frozenset(starts)
        if found == self.recordings:
            return False
        self.recordings = found
        self._place_recordings()
        return True

    def _place_recordings(self) -> None:
        """Find where each recording begins among the frames that are shown: its first one that the filter lets through."""
        places = {place_from(self.frames, key) for key in self.recordings}
        self._starts = sorted(place for place in places if place < len(self.frames))

    def move(self, by: int) -> bool:
        """Move the cursor by frames, as far as there are any; False where it stands already."""
        return self.go(self.cursor + by)

    def go(self, at: int) -> bool:
        """Put the cursor on a frame by its place."""
        at = max(0, min(at, len(self.frames) - 1))
        if not self.frames or at == self.cursor:
            return False
        self.direction = 1 if at > self.cursor else -1
        self.cursor = at
        return True

    def recording(self) -> tuple[int, int, int]:
        """Return the recording under the cursor: its number from 1, its first place, its length; zeros if unknown."""
        number = bisect_right(self._starts, self.cursor)
        if not number:
            return 0, 0, 0
        first = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.frames)
        return number, first, end - first

    def go_recording(self, by: int) -> bool:
        """Go to the next recording's first frame, or back to this one's, then to the one before."""
        number, first, _ = self.recording()
        if not number:
            return False
        if by > 0:
            return number < len(self._starts) and self.go(self._starts[number])
        if self.cursor > first:
            return self.go(first)
        return number > 1 and self.go(self._starts[number - 2])

    # --- labels -------------------------------------------------------------------------------------------------

    def of(self, task: Task) -> Mapping[str, Label]:
        """Return the labels of a task by frame."""
        return self.labels.get(task.name, _NO_LABELS)

    def take_labels(self, changed: Mapping[str, Mapping[str, Label | None]]) -> None:
        """Take labels that were given or taken off: task → frame → label or None."""
        for task, labels in changed.items():
            known, counts = self.labels.setdefault(task, {}), self._counts.get(task)
            for key, label in labels.items():
                old = known.pop(key, None) if label is None else known.get(key)
                if label is not None:
                    known[key] = label
                if counts is not None:
                    counts[old.class_ if old else ""] -= 1
                    counts[label.class_ if label else ""] += 1

    def class_of(self, key: str) -> str | None:
        """The class of a frame for the task on screen."""
        label = self.of(self.task).get(key)
        return label.class_ if label else None

    @property
    def label(self) -> Label | None:
        """The label of the frame under the cursor for the task on screen."""
        frame = self.frame
        return self.of(self.task).get(frame.key) if frame else None

    def counts_for(self, key: str, task: Task | None = None) -> bool:
        """True where a frame counts for a task: `when` asks for a class of another task, or it is labelled."""
        task = task or self.task
        when = task.when
        if when is None or key in self.of(task):
            return True
        label = self.labels.get(when[0], {}).get(key)
        return label is not None and label.class_ == when[1]

    def total(self, task: Task | None = None) -> int:
        """Return how many frames count for a task, over all sources; at least its labels where that is not known yet."""
        task = task or self.task
        if task.when is None:
            return max(self.known, sum(len(frames) for frames in self.by_source.values()))
        return self.totals.get(task.name, len(self.of(task)))

    def class_counts(self, task: Task | None = None) -> Counter[str]:
        """Return labels per class of a task."""
        task = task or self.task
        if task.name not in self._counts:
            self._counts[task.name] = Counter(label.class_ for label in self.of(task).values())
        return self._counts[task.name]

    def near_unlabelled(self, most: int) -> int | None:
        """Return the place of the next frame without a label, of the next `most`, round the end; None where none is."""
        done, size, key_of = self.of(self.task), len(self.frames), key_at(self.frames)
        for step in range(1, min(size, most) + 1):
            at = (self.cursor + step) % size
            key = key_of(at)
            if key not in done and self.counts_for(key):
                return at
        return None


def _place(frame: Frame) -> tuple[datetime, str]:
    return frame.captured_at, frame.key
