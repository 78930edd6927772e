"""How bright the images of a version are, for the rule that looks at nothing else: measured of some, and remembered.

What always holds: which images are measured depends on their frames alone, so that the next version asks for nearly
the same ones; what was measured of the same bytes is not measured again. Pictures are decoded in the helper process.
Called by core/versions/copying.py.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import msgspec

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.frames.helper import helpers
from core.versions.selection import Chosen
from core.workspace import Workspace

_FILE = "brightness.json"
#: At most so many images are decoded for the brightness rule.
_MEASURED = 64


def sample(chosen: Sequence[Chosen]) -> frozenset[str]:
    """Return the frames whose brightness is measured: all, of many ones some of each class, drawn by their names.

    Decoding costs ten times what copying does, and frames of one recording are as bright as each other.
    """
    if len(chosen) <= _MEASURED:
        return frozenset(c.frame for c in chosen)
    left = {
        label: max(1, _MEASURED * n // len(chosen)) for label, n in Counter(c.label for c in chosen).items()
    }
    found = set()
    for one in sorted(
        chosen, key=lambda c: hashlib.sha256(c.frame.encode("utf-8", "surrogateescape")).digest()
    ):
        if left[one.label]:
            left[one.label] -= 1
            found.add(one.frame)
    return frozenset(found)


def ahead(workspace: Workspace, chosen: Sequence[Chosen]) -> None:
    """Begin to start the helper that a version of these will ask, where it will."""
    known, measured = _load(workspace.cache / _FILE), sample(chosen)
    if any(one.oid is None or one.oid not in known for one in chosen if one.frame in measured):
        helpers().start()


def _load(path: Path) -> dict[str, float]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, float])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


class Lights:
    """Measures beside the copying, one helper for every two cores; `known` holds what was measured, by oid.

    As a context it waits for what was begun, and keeps what was measured for the next version.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.cache / _FILE
        self._writable = workspace.read_only is None and workspace.private.is_dir()
        self.known = _load(self._path)
        self._fresh: dict[str, float] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 1) // 2))

    def __enter__(self) -> Lights:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)

    def measure(self, oid: str, data: bytes) -> Future[float]:
        """Begin to measure a picture; the result raises Unreadable for what can't be decoded."""

        def work() -> float:
            light = helpers().brightness(data)
            with self._guard:
                self._fresh[oid] = light
            return light

        return self._pool.submit(work)

    def keep(self, used: Mapping[str, float | None]) -> None:
        """Keep what this version was measured with, oid → brightness, for the next; one that can't be kept is measured again."""
        if not self._fresh or not self._writable:
            return
        try:
            self._path.parent.mkdir(exist_ok=True)
            kept = {**self.known, **{oid: light for oid, light in used.items() if light is not None}}
            atomic_write(self._path, msgspec.json.encode(dict(list(kept.items())[-20 * _MEASURED :])))
        except (OSError, PrintModelsError):
            return
