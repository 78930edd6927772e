"""The one place where the app calls core: in worker threads, with frozen results coming back as messages.

What always holds: every method returns at once; the label store and the file list are opened in a worker, once; a
label is asked for by one lane, in order, and is answered by `Labelled` only after the store has it on the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from core import personal
from core.frames.regions import WHOLE, Region
from core.progress import CancelToken
from core.tasks import Task
from core.workspace import Workspace
from tui import (
    assisting,
    changes,
    comparing,
    looking,
    marking,
    measuring,
    mistakes,
    offering,
    remembering,
    storing,
    trainings,
)
from tui.labelling import Bytes, LabelWork
from tui.lanes import Lane, Post
from tui.messages import FramesFound
from tui.sorting import SortWork

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.versions.selection import Draft


class Bridge:
    """Lanes for labels (milliseconds, in order), pictures, scans of the camera (which may hang), looking (drafts,
    git), the gates, trainings, and long work."""

    def __init__(self, workspace: Workspace, post: Post) -> None:
        self.workspace = workspace
        self._post = post
        self._guard = threading.RLock()
        self._store: LabelStore | None = None
        self._index: FrameIndex | None = None
        self._work = LabelWork(workspace, self.store, post)
        #: Called when a picture is on the screen.
        self.picture_there = self._work.picture_there.set
        self._predictions = remembering.Predictions()
        self._views = trainings.Views()
        self._labels = Lane("labels", post)
        self._pictures = Lane("pictures", post)
        self._wanted = CancelToken()
        self._scanning = Lane("scanning", post)
        self._looking = Lane("looking", post)
        self._trainings = Lane("trainings", post)
        self._checking = Lane("checking", post)
        self._working = Lane("working", post)
        self._changes = changes.ChangeWork(
            workspace, self.index, busy=lambda: not self._pictures.idle, post=post
        )
        self.sorting = SortWork(workspace, post)
        self.assistant = assisting.Assistant(workspace, post)
        self.release = storing.ReleaseWork(self._working, post)
        self.compare = comparing.Comparing(
            self._looking,
            self._checking,
            self._working,
            self._pictures,
            post,
            workspace,
            self.store,
            self.index,
        )

    @property
    def unwritten(self) -> tuple[str, ...]:
        """Why label files were not written on leaving, for who says it once the screen is gone."""
        return self._work.unwritten

    @property
    def did(self) -> str:
        """What was labelled today, in a line, for who says it once the screen is gone; '' for nothing."""
        return self._work.did

    @property
    def idle(self) -> bool:
        """True where no lane has anything to do."""
        return all(lane.idle for lane in self._lanes())

    def close(self) -> None:
        """End what waits. The label files are brought in step, and the process beside us has ended; no more is waited for."""
        self.release.stop()
        self.compare.stop()
        self._changes.close()
        self.sorting.close()
        self.assistant.end()
        for lane in self._lanes():
            if lane is not self._labels:
                lane.close(0)
        self._labels.ask("leaving", self._work.leave)
        self._labels.close(10)
        self.assistant.ended()

    # --- frames and pictures ------------------------------------------------------------------------------------

    def first_frames(self, source: str, near: str) -> None:
        """Find the frames of a source around `near` at once, before a scan finds all."""
        self._scanning.ask("frames", partial(self._first, source, near), slot="first")

    def scan(self, *, again: bool = False) -> None:
        """Bring the file list up to date; `again` tells only what changed."""
        job = partial(self._scan, again=again)
        self._scanning.ask("frames", job, slot="scan")

    def picture(self, key: str, box: tuple[int, int], region: Region = WHOLE) -> None:
        """Decode a frame, or a part, for `box` pixels; the latest one asked for wins, also over one that hangs."""
        self._wanted.cancel()
        self._wanted = CancelToken()
        job = partial(looking.picture, self.workspace, key, box, self._wanted, region)
        self._pictures.ask("picture", job, slot="picture", first=True)

    def prefetch(self, keys: Sequence[str], box: tuple[int, int], region: Region = WHOLE) -> None:
        """Decode neighbours when nothing else is wanted."""
        for number, key in enumerate(keys):
            job = partial(looking.picture, self.workspace, key, box, self._wanted, region)
            self._pictures.ask("prefetch", job, slot=f"prefetch{number}")

    def strip(self, keys: Sequence[str], box: tuple[int, int]) -> None:
        """Decode small pictures after everything else that is wanted."""
        for number, key in enumerate(keys):
            job = partial(looking.picture, self.workspace, key, box, self._wanted)
            self._pictures.ask("filmstrip", job, slot=f"strip{number}")

    # --- what changes from frame to frame -----------------------------------------------------------------------

    def changes(self, source: str, day: str = "") -> None:
        """Read what changed from frame to frame on a day, or on all days of a source."""
        self._changes.read(source, day)

    def heat(self, key: str, before: str, box: tuple[int, int], region: Region = WHOLE) -> None:
        """Show what changed between two frames, or in a part, as heat, in a picture for `box` pixels."""
        self._changes.heat(key, before, box, region)

    def measure(self, near: str) -> None:
        """Measure frames that were not yet, the day of the frame `near` first, while no picture is wanted."""
        self._changes.measure(near)

    def pause_measuring(self, paused: bool) -> None:
        """Stop measuring, or go on."""
        self._changes.pause(paused)

    # --- labels -------------------------------------------------------------------------------------------------

    def read_labels(self) -> None:
        """Read where the app was left; once a picture is there, open the store and read every label."""
        self._labels.ask("view", self._work.view)
        self._labels.ask("labels", self._work.read)

    def keep_view(self, view: Mapping[str, Any]) -> None:
        """Keep where the app is, for the next opening."""
        self._labels.ask("view", partial(self._work.keep_view, dict(view)), slot="view")

    def label(
        self,
        task: Task,
        frames: Sequence[str],
        class_: str | None,
        seen: Mapping[str, Bytes],
        how: str = "hand",
    ) -> None:
        """Give frames a class as one step (None: take their label off).

        `seen` are size, mtime and oid of the bytes shown, by frame; `how` is one of `core.labels.model.HOWS`.
        """
        self._labels.ask("label", partial(self._work.label, task, tuple(frames), class_, dict(seen), how))

    def label_each(self, task: Task, labels: Mapping[str, str], how: str, what: str) -> None:
        """Give each frame its own class, all as one step that `what` names."""
        self._labels.ask("label", partial(self._work.label_each, task, dict(labels), how, what))

    def mark(self, task: Task, frames: Sequence[str], mark: str | None, reason: str = "") -> None:
        """Give frames a mark as one step, or take their marks off with None; answered by `Marked`."""
        work = partial(marking.put, task=task, frames=tuple(frames), mark=mark, reason=reason)
        self._labels.ask("mark", partial(self._work.mark, work))

    def note(self, frame: str, text: str) -> None:
        """Note something about a frame; '' takes the note off."""
        self._labels.ask("mark", partial(self._work.mark, partial(marking.note, frame=frame, text=text)))

    def pin(self, task: Task, frame: str, class_: str | None) -> None:
        """Pin a frame as an example of a class, or take it down with None."""
        work = partial(marking.pin, task=task, frame=frame, class_=class_)
        self._labels.ask("mark", partial(self._work.mark, work))

    def history(self, frame: str) -> None:
        """Read everything that happened to a frame; answered by `HistoryRead`."""
        self._labels.ask("history", partial(self._work.history, frame), slot="history")

    def views(self) -> None:
        """Read the views that have names; answered by `ViewsRead`."""
        self._labels.ask("views", self._work.views)

    def keep_named(self, name: str, filter: str, queue: str, task: str) -> None:
        """Keep a filter and a queue under a name; answered by `ViewsRead`."""
        self._labels.ask("views", partial(self._work.views, (name, filter, queue, task)))

    def drop_named(self, name: str) -> None:
        """Forget a named view; answered by `ViewsRead`."""
        self._labels.ask("views", partial(self._work.views, None, name))

    def undo(self) -> None:
        """Take this person's last step back."""
        self._labels.ask("undo", self._work.undo)

    def redo(self) -> None:
        """Give back what the last undo took."""
        self._labels.ask("redo", partial(self._work.undo, again=True))

    def poll(self) -> None:
        """Look whether another session labelled, or a file that is followed was changed."""
        self._labels.ask("poll", self._work.poll, slot="poll")
        self._looking.ask("predictions", partial(self._predictions.look, self.workspace), slot="predictions")

    def flush(self) -> None:
        """Bring the label files in step with the store."""
        self._labels.ask("flush", self._work.flush, slot="flush")

    def accept_outside(self, task: str) -> None:
        """Take a change of a label file outside although it takes many labels off."""
        self._labels.ask("flush", partial(self._work.flush, task))

    # --- figures ------------------------------------------------------------------------------------------------

    def price(self, task: Task) -> None:
        """Work out the draft of a task and what it costs; then pictures that only the camera has are copied."""
        job = partial(looking.priced, self.workspace, self.store, self.index, task, self._keep)
        self._looking.ask("draft", job, slot=f"draft {task.name}")

    def look_at_git(self) -> None:
        """Ask git for the branch and what is not committed."""
        self._looking.ask("git", partial(looking.git_seen, self.workspace), slot="git")

    def recordings(self, source: str) -> None:
        """Find where recordings begin."""
        job = partial(looking.recordings, self.workspace, self.store, self.index, source)
        self._looking.ask("recordings", job, slot="recordings")

    def ledger(self) -> None:
        """Measure what is stored and what the drafts cost."""
        job = partial(measuring.ledger_seen, self.workspace, self.store, self.index)
        self._looking.ask("storage", job, slot="storage")

    def git_log(self) -> None:
        """Read the git commands that were run here."""
        self._looking.ask("git log", partial(looking.git_log, self.workspace), slot="git log")

    def plan_release(self, task: Task, *, push: bool) -> None:
        """Plan a release of the draft."""
        self.release.plan(self.workspace, task, push=push)

    def keep_theme(self, name: str) -> None:
        """Remember a theme in the personal settings."""
        self._looking.ask("theme", partial(personal.keep, "theme", name), slot="theme")

    # --- trainings ----------------------------------------------------------------------------------------------

    def runs(self) -> None:
        """List the trainings."""
        self._trainings.ask("runs", partial(self._views.seen, self.workspace), slot="runs")

    def run(self, run_id: str) -> None:
        """Look at one training closely."""
        self._trainings.ask("run", partial(self._views.one, self.workspace, run_id), slot="run")

    def mistakes(self, run_id: str, when: str) -> None:
        """Find the frames a training got wrong, and those it mends or breaks; answered by `MistakesSeen`."""
        self._trainings.ask(
            "mistakes", partial(mistakes.of_training, self.workspace, run_id, when), slot="mistakes"
        )

    def mistakes_of_models(self, task: Task) -> None:
        """Find the frames that the model versions of a task got wrong; answered by `MistakesSeen`."""
        self._trainings.ask("mistakes", partial(mistakes.of_models, self.workspace, task), slot="mistakes")

    def offer_training(self, task: Task, asked: Mapping[str, str]) -> None:
        """Say what a training started now would do, with what was asked for."""
        self._trainings.ask("offer", partial(offering.offered, self.workspace, task, asked), slot="offer")

    def start_training(self, task: Task, asked: Mapping[str, str]) -> None:
        """Start a training with what was asked for, and defaults for the rest."""
        self._trainings.ask("start", partial(offering.start, self.workspace, task, asked, self._views.again))

    def stop_training(self, run_id: str) -> None:
        """Stop a training; its best is kept."""
        self._trainings.ask("stop", partial(trainings.stop, self.workspace, run_id))

    def resume_training(self, run_id: str) -> None:
        """Go on with a training that was stopped, killed or interrupted."""
        self._trainings.ask("start", partial(trainings.resume, self.workspace, run_id, self._views.again))

    def promote_training(self, run_id: str, *, current: bool, because: str = "") -> None:
        """Make a training a model version, with `current` also the model in use; `because` where it is worse."""
        self._working.ask("promote", partial(trainings.promote, self.workspace, run_id, current, because))

    # --- in the worker threads ----------------------------------------------------------------------------------

    def store(self) -> LabelStore:
        """Return the label store, opened on first use; for worker threads. Raises what opening raises."""
        with self._guard:
            if self._store is None:
                from core.labels.sync import open_store

                self._store = open_store(self.workspace)
            return self._store

    def index(self) -> FrameIndex:
        """Return the file list, opened on first use; for worker threads."""
        with self._guard:
            if self._index is None:
                from core.frames.index import FrameIndex

                self._index = FrameIndex(self.workspace)
            return self._index

    def _lanes(self) -> tuple[Lane, ...]:
        looks = (self._looking, self._checking, self._trainings)
        lanes = (self._labels, self._pictures, self._scanning, *looks, self._working, self.sorting.lane)
        return (*lanes, self.assistant.lane, *self._changes.lanes)

    def _keep(self, found: Draft) -> None:
        """Copy pictures in the lane of the camera: a share that hangs holds up no figure and no label."""
        self._scanning.ask("keeping", partial(self._kept, found), slot=f"keep {found.task.name}")

    def _kept(self, found: Draft) -> None:
        if looking.keep_pictures(self.workspace, self.store, self.index, found):
            self._keep(found)

    def _first(self, source: str, near: str) -> FramesFound:
        return looking.first_frames(self.index(), source, near)

    def _scan(self, *, again: bool) -> FramesFound | None:
        return looking.all_frames(self.index(), self._post, again=again)
