"""Frames decoded small, ahead of who looks at them: in helper processes, several at a time, in the order asked.

What always holds: a picture is read once, and its hash is of the bytes that were decoded; the part that its source's
settings name is all that is seen of it; one that can't be read is told with its reason, never guessed. Called by
embeddings and by predicting.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

from core.errors import PrintModelsError
from core.frames.decode import Picture, Unreadable
from core.frames.helper import Helpers
from core.frames.regions import WHOLE, Part, Region
from core.progress import CancelToken
from core.workspace import Workspace

#: Pictures decoded ahead per helper.
_AHEAD = 6

Found = Picture | Unreadable


def part_of(workspace: Workspace, key: str) -> Region | Part:
    """Return the part of a frame's picture that networks look at, by its source's settings."""
    source = workspace.sources.get(key.partition("/")[0])
    found = Part.of(list(source.settings.region)) if source and source.settings.region else None
    return found if found is not None else WHOLE


class Pictures:
    """Helpers that decode frames to fit `box` (width, height in pixels)."""

    def __init__(
        self, workspace: Workspace, box: tuple[int, int], *, nice: int = 0, workers: int | None = None
    ) -> None:
        self._workspace, self._box = workspace, box
        self._workers = workers or max(1, min(4, os.cpu_count() or 1))
        self._helpers = Helpers(most=self._workers, nice=nice)
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="pictures")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._helpers.close()

    def of(
        self,
        keys: Iterable[str],
        cancel: CancelToken | None = None,
        parts: Mapping[str, Region | Part] | None = None,
    ) -> Iterator[tuple[str, Found]]:
        """Yield each key with its picture or what is wrong with it, in order. Raises Cancelled.

        `parts` names by source what is looked at, where that is not what the settings say.
        """

        def begin(key: str) -> Future[Found]:
            part = part_of(self._workspace, key) if parts is None else parts.get(key.partition("/")[0], WHOLE)
            return self._pool.submit(self._one, key, part, cancel)

        waiting: deque[tuple[str, Future[Found]]] = deque()
        rest = iter(keys)
        try:
            waiting.extend((key, begin(key)) for key in islice(rest, _AHEAD * self._workers))
            while waiting:
                if cancel is not None:
                    cancel.check()
                key, future = waiting.popleft()
                found = future.result()
                waiting.extend((key, begin(key)) for key in islice(rest, 1))
                yield key, found
        finally:
            for _, future in waiting:
                future.cancel()

    def _one(self, key: str, part: Region | Part, cancel: CancelToken | None) -> Found:
        try:
            path, root = self._workspace.frame_path(key), self._workspace.source_for(key).path
            return self._helpers.load(path, self._box, root=root, settled=True, region=part, cancel=cancel)
        except Unreadable as error:
            return error
        except PrintModelsError as error:
            if cancel is not None and cancel.cancelled:
                raise
            return Unreadable(error.what, error.remedy, missing=True)


@contextmanager
def decoding(
    workspace: Workspace, box: tuple[int, int], *, nice: int = 0, workers: int | None = None
) -> Iterator[Pictures]:
    """Lend helpers for as long as something is decoded."""
    pictures = Pictures(workspace, box, nice=nice, workers=workers)
    try:
        yield pictures
    finally:
        pictures.close()
