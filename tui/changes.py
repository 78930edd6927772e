"""What changes from frame to frame, for the app: read for its bars and keys, and measured while nobody waits.

What always holds: reading never waits for measuring (two lanes of their own); measuring begins nothing while a picture
is wanted or while it is told to pause, and ends at once with the app; what was measured is kept. Called by the bridge.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from core.errors import Cancelled, PrintModelsError
from core.frames.regions import WHOLE, Region
from core.progress import CancelToken, Progress
from core.workspace import Workspace
from tui.lanes import Lane, Post

if TYPE_CHECKING:
    from core.frames.change import Change, Changes
    from core.frames.decode import Picture
    from core.frames.index import FrameIndex

#: Seconds between two words on how far measuring is.
_SAY_S = 0.5


class ChangesRead(Struct, frozen=True):
    """What is known of a source's frames of one day, or of all (`day` empty).

    `changes` has the frames that were measured, by key; a frame with more motion than `threshold` moved; `points` are
    the frames, in order of time, at which the picture changed; `lacking` those that were not measured yet, without what
    can't be.
    """

    source: str
    day: str
    changes: Mapping[str, Change]
    threshold: float
    points: tuple[str, ...]
    lacking: frozenset[str] = frozenset()


class HeatReady(Struct, frozen=True):
    """The frame `key` for a box of pixels, with what changed since the frame `before` as heat; None, and `why` not.

    `region` is the part of it that is shown.
    """

    key: str
    before: str
    box: tuple[int, int]
    picture: Picture | None
    why: str = ""
    region: Region = WHOLE


class Measuring(Struct, frozen=True):
    """How far measuring is: frames done of those that lacked it when it began, and the day it is at."""

    done: int
    total: int
    day: str


class Measured(Struct, frozen=True):
    """Measuring came to its end: frames measured, and how many of all can't be read."""

    frames: int
    unreadable: int


class ChangeWork:
    """The two lanes and what they share."""

    def __init__(
        self, workspace: Workspace, index: Callable[[], FrameIndex], busy: Callable[[], bool], post: Post
    ) -> None:
        self._workspace, self._index, self._busy, self._post = workspace, index, busy, post
        self._guard = threading.Lock()
        self._kept: Changes | None = None
        self._near, self._asked = "", False
        self._token = CancelToken()
        self._paused = self._closed = False
        self._said = 0.0
        self._reading = Lane("changes", post)
        self._measuring = Lane("measuring", post)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Both lanes."""
        return (self._reading, self._measuring)

    def read(self, source: str, day: str = "") -> None:
        """Read what is known of a source's day, or of all its days; answered by `ChangesRead`."""
        self._reading.ask("changes", partial(self._read, source, day), slot=f"{source}/{day}")

    def heat(self, key: str, before: str, box: tuple[int, int], region: Region = WHOLE) -> None:
        """Show what changed between two frames; answered by `HeatReady`, the latest one asked for wins."""
        job = partial(heat, self._workspace, key, before, box, region)
        self._reading.ask("heat", job, slot="heat", first=True)

    def measure(self, near: str) -> None:
        """Measure what is missing, the day of the frame `near` first; one that is at work turns to that day."""
        with self._guard:
            other = near.rpartition("/")[0] != self._near.rpartition("/")[0]
            self._near, self._asked = near, True
            if self._paused or self._closed:
                return
            if other or self._token.cancelled:
                self._token.cancel()
                self._token = CancelToken()
            job = partial(self._measure, near, self._token)
        self._measuring.ask("measuring", job, slot="measure")

    def pause(self, paused: bool) -> None:
        """Stop measuring, or go on where it stopped."""
        with self._guard:
            self._paused = paused
            if paused:
                self._token.cancel()
            again = self._asked and not paused
        if again:
            self.measure(self._near)

    def close(self) -> None:
        """Stop at once; what was measured is kept."""
        with self._guard:
            self._closed = True
            self._token.cancel()

    # --- in the worker threads ----------------------------------------------------------------------------------

    def _changes(self) -> Changes:
        from core.frames.change import Changes

        with self._guard:
            if self._kept is None:
                self._kept = Changes(self._workspace)
            return self._kept

    def _read(self, source: str, day: str) -> ChangesRead:
        from core.frames.change import points, points_of_day

        known, index = self._changes(), self._index()
        threshold = known.threshold(source)
        if day:
            found = known.day(source, day)
            places = points_of_day(known, index, source, day, threshold)
            keys = [frame.key for frame in index.frames(source, day)]
        else:
            found = known.all(source)
            keys = index.keys(source)
            places = [keys[place] for place in points(keys, found, threshold)]
        lacking = frozenset(key for key in keys if key not in found)
        lacking = lacking.difference(known.unreadable(source)) if lacking else lacking
        return ChangesRead(source, day, found, threshold, tuple(places), lacking)

    def _measure(self, near: str, token: CancelToken) -> Measured | None:
        from core.frames.change import measure

        known = self._changes()
        most = max(1, min(2, (os.cpu_count() or 1) - 1))
        try:
            done = measure(
                self._workspace,
                self._index(),
                report=self._say,
                cancel=token,
                pause=self._busy,
                near=near,
                changes=known,
                workers=most,
            )
        except Cancelled:
            return None
        with self._guard:
            self._asked = False
        return Measured(done, len(known.unreadable())) if done else None

    def _say(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._said >= _SAY_S or progress.done == progress.total:
            self._said = now
            self._post(Measuring(progress.done, progress.total or progress.done, progress.note))


def heat(
    workspace: Workspace, key: str, before: str, box: tuple[int, int], region: Region = WHOLE
) -> HeatReady:
    """Decode two frames, or a part, for a box of pixels in helpers, and show what changed; or say why not."""
    from core.frames.change import heat_picture
    from core.frames.helper import helpers

    try:
        found = [
            helpers().load(
                workspace.frame_path(one),
                box,
                root=workspace.source_for(one).path,
                settled=True,
                region=region,
            )
            for one in (before, key)
        ]
    except PrintModelsError as error:
        return HeatReady(key, before, box, None, error.what, region)
    return HeatReady(key, before, box, heat_picture(*found), region=region)
