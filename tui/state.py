"""What the app knows: frames, labels and figures as they last arrived, and where the cursor stands.

What always holds: lives on the event loop only; changed by results that arrive and by moves; asks nobody.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.errors import PrintModelsError
from core.tasks import Task
from core.workspace import Workspace
from tui.label_messages import Guess, ViewRead
from tui.looks import Looks
from tui.messages import DraftPriced, GitSeen, NotLabelled, RunRow

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.labels.facts import Facts, Known
    from core.labels.filters import Filter
    from core.labels.model import Label, LabelStep, Mark

_NO_LABELS: Mapping[str, Label] = {}


@dataclass(slots=True)
class State:
    """The app's picture of the workspace."""

    workspace: Workspace
    task: Task
    source: str
    frames: tuple[Frame, ...] = ()
    by_source: Mapping[str, tuple[Frame, ...]] = field(default_factory=dict)
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
    unsaved: dict[str, NotLabelled] = field(default_factory=dict)
    guesses: Mapping[str, Mapping[str, Guess]] = field(default_factory=dict)
    known_of: Mapping[str, Known] = field(default_factory=dict)
    undoes: LabelStep | None = None
    left: ViewRead = field(default_factory=ViewRead)
    filter: str = ""
    looks: Looks = field(default_factory=Looks)
    cursor: int = 0
    direction: int = 1
    #: The frame at which a stretch begins that is being marked; it goes on to the cursor.
    anchor: Frame | None = None
    #: The first and the last frame of what is marked and does not follow the cursor.
    span: tuple[Frame, Frame] | None = None
    _wanted: str = ""
    _matches: Filter | None = None
    _recordings: frozenset[str] = frozenset()
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

    def show_source(self, source: str) -> None:
        """Take another camera's frames; the cursor stays as near in time as it can."""
        self.source, self._recordings = source, frozenset()
        self.take_frames(self.by_source.get(source, ()))

    def take_frames(self, frames: tuple[Frame, ...]) -> None:
        """Take the frames of the source that the filter lets through; the cursor stays on its frame, or near its time."""
        before = self.frame
        if self._matches is not None:
            frames = tuple(self._matches.keep(self.facts(frames)))
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
        return next((at for at, frame in enumerate(self.frames) if frame.key == key), None)

    def take_view(self, view: ViewRead) -> None:
        """Begin where the app was left, as far as that is still there."""
        self.left = view
        self.task = self.workspace.tasks.get(view.task, self.task)
        self.looks.take(view.looks)
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
            "looks": self.looks.kept(),
            "left_at": datetime.now().isoformat(timespec="minutes"),
            "frames": {name: len(frames) for name, frames in self.by_source.items()},
        }

    def touched(self) -> None:
        """A person has begun: the cursor is theirs now."""
        self._wanted = ""

    def take_filter(self, text: str) -> None:
        """Show only the frames that a filter line lets through; '' shows all. Raises WrongUsage."""
        self._matches = self._parsed(text)
        self.filter = text
        self.take_frames(self.by_source.get(self.source, ()))

    def _parsed(self, text: str) -> Filter | None:
        from core.labels.filters import parse

        return parse(text, self.task, date.today(), self.workspace.sources) if text else None

    def facts(self, frames: tuple[Frame, ...]) -> Facts:
        """Return what a filter looks at: these frames of a source, all of them, with what is known for the task."""
        from core.labels.facts import Facts, Known

        known = self.known_of.get(self.task.name, Known())
        return Facts(
            self.task,
            frames,
            self.labels,
            self.guesses,
            known.marks,
            known.waiting,
            starts=self._recordings,
            tasks=self.workspace.tasks,
        )

    def take_marks(self, known: Mapping[str, Known]) -> None:
        """Take the marks and what waits for a decision; what is shown stays until frames are taken anew."""
        self.known_of = known
        with suppress(PrintModelsError):  # a filter on a class that this task does not have
            self._matches = self._parsed(self.filter)

    def mark(self, key: str) -> Mark | None:
        """What a frame is marked as for the task on screen."""
        known = self.known_of.get(self.task.name)
        return known.marks.get(key) if known else None

    def take_all_labels(self, labels: Mapping[str, Mapping[str, Label]]) -> None:
        """Take every label; the first time also the filter that was on when the app was left."""
        first = not self.labels
        self.labels = {task: dict(found) for task, found in labels.items()}
        if first and self.left.filter:
            with suppress(PrintModelsError):  # a class that the settings no longer have
                self.take_filter(self.left.filter)

    def guess(self, key: str) -> Guess | None:
        """What the model said of a frame for the task on screen."""
        return self.guesses.get(self.task.name, {}).get(key)

    def take_recordings(self, starts: Sequence[str]) -> None:
        """Take the first frames of the recordings of the source; they hold until others are found."""
        self._recordings = frozenset(starts)
        self._place_recordings()

    def _place_recordings(self) -> None:
        """Find where each recording begins among the frames that are shown: its first one that the filter lets through."""
        self._starts = []
        if not self._recordings:
            return
        every = self.by_source.get(self.source, self.frames) if self._matches else self.frames
        shown, begun = 0, False
        for frame in every:
            begun = begun or frame.key in self._recordings
            if shown < len(self.frames) and frame.key == self.frames[shown].key:
                if begun:
                    self._starts.append(shown)
                shown, begun = shown + 1, False

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
            known = self.labels.setdefault(task, {})
            for key, label in labels.items():
                if label is None:
                    known.pop(key, None)
                else:
                    known[key] = label

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

    def total(self) -> int:
        """Return how many frames count for the task, over all sources."""
        if self.task.when is None:
            return max(self.known, sum(len(frames) for frames in self.by_source.values()))
        return sum(self.counts_for(frame.key) for frames in self.by_source.values() for frame in frames)

    def class_counts(self) -> Counter[str]:
        """Return labels per class of the task."""
        return Counter(label.class_ for label in self.of(self.task).values())

    def next_unlabelled(self) -> int | None:
        """Return the place of the next frame without a label, round the end; None where there is none."""
        done, size = self.of(self.task), len(self.frames)
        for step in range(1, size + 1):
            at = (self.cursor + step) % size
            key = self.frames[at].key
            if key not in done and self.counts_for(key):
                return at
        return None

    def day(self) -> tuple[Frame, ...]:
        """Return the frames of the cursor's calendar day."""
        frame = self.frame
        if frame is None:
            return ()
        midnight = frame.captured_at.replace(hour=0, minute=0, second=0, microsecond=0)
        every = self.by_source.get(self.source, ()) if self.filter else self.frames
        first = bisect_left(every, midnight, key=lambda f: f.captured_at)
        end = bisect_left(every, midnight + timedelta(days=1), key=lambda f: f.captured_at)
        return every[first:end]


def _place(frame: Frame) -> tuple[datetime, str]:
    return frame.captured_at, frame.key
