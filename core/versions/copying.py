"""The images of a version into its stage: each read once, hashed, checked and measured, and read back once.

What always holds: what is written is what was labelled, or the export stops and names every frame at fault; an image
whose object git's store has, read back earlier and unchanged since, is taken from there without reading it where the
file system or the settings let files share their bytes, else copied from there within the kernel and read back. Called by
core/versions/export.py.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from core.errors import Lacking, PrintModelsError, Refused
from core.frames.check import Unreadable, inspect
from core.human import plural
from core.labels.model import Binding
from core.progress import CancelToken, Progress, Report
from core.storage.lfs import Pointer
from core.storage.placing import Shelf, wrong_bytes
from core.text import safe
from core.versions.blocks import few
from core.versions.images import Bytes, Changed, Images, Missing, describe
from core.versions.lights import Lights, sample
from core.versions.manifest import Item
from core.versions.plan import ExportPlan, held_items
from core.versions.selection import Chosen
from core.versions.stage import Stage
from core.workspace import Workspace

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Copied:
    """An image in the stage: its facts, and for some its mean grey, for the baselines.

    `shared` has the bytes of an object that was read back; `binding` is the camera's file that was read, where the
    label does not name its bytes yet.
    """

    chosen: Chosen
    file_name: str
    oid: str
    size: int
    width: int
    height: int
    brightness: float | None = None
    shared: bool = False
    binding: Binding | None = None


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why a frame could not be copied: 'missing', 'changed' or 'unreadable', in words."""

    kind: str
    text: str
    lacking: bool = False


def pooled(
    work: Callable[[_T], object], jobs: Sequence[_T], step: str, report: Report, cancel: CancelToken
) -> None:
    """Run `work` on every job on a few threads; the first error, or a cancel, ends it."""
    done, failed = 0, threading.Event()

    def one(job: _T) -> None:
        if failed.is_set():
            return
        try:
            cancel.check()
            work(job)
        except BaseException:
            failed.set()
            raise

    # While one waits for the disk, another hashes; more of them would only wait for each other's turn in Python.
    with ThreadPoolExecutor(max_workers=max(2, min(4, os.cpu_count() or 1))) as pool:
        try:
            for future in [pool.submit(one, job) for job in jobs]:
                future.result()
                done += 1
                report(Progress(step, done, len(jobs)))
        except BaseException:  # also a signal's: what has not begun must not begin any more
            failed.set()
            raise


def copy(
    workspace: Workspace,
    planned: ExportPlan,
    stage: Stage,
    shelf: Shelf | None,
    report: Report,
    cancel: CancelToken,
) -> list[Copied]:
    """Bring every image into the stage, and with a shelf its object beside git's store. In key order."""
    with Lights(workspace) as lights:
        copier = _Copier(workspace, planned, stage, shelf, lights)
        return _carried_out(copier, workspace, planned, "copying", report, cancel, "nothing was exported")


def _carried_out(
    copier: _Copier, workspace: Workspace, planned: ExportPlan, step: str, report: Report, cancel: CancelToken,
    nothing: str,
) -> list[Copied]:  # fmt: skip
    pooled(copier.one, planned.chosen, step, report, cancel)
    copier.wait_for_lights()
    if copier.problems:
        _ask_cameras_again(workspace, sorted(copier.problems), nothing)
        raise _stopped([copier.problems[frame] for frame in sorted(copier.problems)], nothing)
    copied = [copier.copied[chosen.frame] for chosen in planned.chosen]
    copier.lights.keep({one.oid: one.brightness for one in copied})
    return copied


def look(
    workspace: Workspace, planned: ExportPlan, report: Report, cancel: CancelToken, *, nothing: str
) -> list[Copied]:
    """Find out of every image what `copy` does, and bring it nowhere; `nothing` says what an error prevented.

    What the parent version says of the same bytes is taken from there, unread.
    """
    with Lights(workspace) as lights:
        looker = _Looker(workspace, planned, None, None, lights)
        return _carried_out(looker, workspace, planned, "reading pictures", report, cancel, nothing)


class _Copier:
    """Copies one image after another; `copied` and `problems` are by frame."""

    def __init__(
        self,
        workspace: Workspace,
        planned: ExportPlan,
        stage: Stage | None,
        shelf: Shelf | None,
        lights: Lights,
    ) -> None:
        self.workspace, self.planned, self._stage = workspace, planned, stage
        self.shelf, self.lights = shelf, lights
        self.images, self.held = Images(workspace), held_items(planned.draft)
        self.measured = sample(planned.chosen)
        self.copied: dict[str, Copied] = {}
        self.problems: dict[str, _Problem] = {}
        self._waiting: dict[str, Future[float]] = {}

    def one(self, chosen: Chosen) -> None:
        frame, item = chosen.frame, self.held.get(chosen.frame)
        if item is not None and self._known(chosen, item):
            return
        try:
            found = self.images.find(chosen, item)
            facts = inspect(found.data)
        except Missing:
            self.problems[frame] = _Problem("missing", safe(frame, limit=120), lacking=True)
        except Changed:
            self.problems[frame] = _Problem("changed", describe(frame, chosen, self.workspace))
        except Unreadable as error:
            self._unreadable(frame, error)
        else:
            self.copied[frame] = Copied(
                chosen,
                self.planned.file_names[frame],
                found.oid,
                len(found.data),
                facts.width,
                facts.height,
                self._light(frame, found),
                self._write(frame, found),
                self._binding(chosen, found),
            )

    @property
    def stage(self) -> Stage:
        assert self._stage is not None, "who only looks has no stage"
        return self._stage

    def _known(self, chosen: Chosen, item: Item) -> bool:
        """Take an image of the parent version from git's store, unread; False where it has to be read.

        Where files can't share their bytes it is copied there, and read back like any other.
        """
        oid, size = item.oid, item.size
        if self.shelf is None or oid is None or size is None or self.images.wanted(chosen, item) != oid:
            return False
        if not item.width or not item.height:
            return False
        light = self.lights.known.get(oid) if chosen.frame in self.measured else None
        if light is None and chosen.frame in self.measured:
            return False
        name = self.planned.file_names[chosen.frame]
        pointer, spot = Pointer(oid, size), self.stage.spot(name)
        shared = self.shelf.share(pointer, spot)
        if not shared:
            if not self.shelf.copy(pointer, spot):
                return False
            self.stage.written(size)
        self.copied[chosen.frame] = Copied(chosen, name, oid, size, item.width, item.height, light, shared)
        return True

    def _write(self, frame: str, found: Bytes) -> bool:
        """Write an image, and its object where git's store lacks it; True where both are the same bytes on the disk."""
        name, pointer = self.planned.file_names[frame], Pointer(found.oid, len(found.data))
        shelf, spot = self.shelf, self.stage.spot(name)
        there = shelf is not None and shelf.adopt(pointer)
        if shelf is not None and there and shelf.share(pointer, spot, found.mtime_ns):
            return True
        self.stage.write(name, found.data, found.mtime_ns)
        if shelf is not None and not there:
            shelf.place(pointer, found.data, spot, found.mtime_ns, kept=found.copy)
        return False

    def _light(self, frame: str, found: Bytes) -> float | None:
        if frame not in self.measured:
            return None
        known = self.lights.known.get(found.oid)
        if known is None:
            self._waiting[frame] = self.lights.measure(found.oid, found.data)
        return known

    def wait_for_lights(self) -> None:
        """Set the brightness of those that were measured meanwhile."""
        for frame, future in self._waiting.items():
            try:
                self.copied[frame] = replace(self.copied[frame], brightness=future.result())
            except Unreadable as error:
                self._unreadable(frame, error)

    def _unreadable(self, frame: str, error: Unreadable) -> None:
        text = f"{safe(frame, limit=120)}: {error.what} {error.remedy}"
        self.problems[frame] = _Problem("unreadable", text, error.missing)

    def _binding(self, chosen: Chosen, found: Bytes) -> Binding | None:
        if chosen.oid is not None or not found.camera:
            return None
        return Binding(len(found.data), found.mtime_ns, found.oid)


class _Looker(_Copier):
    """Does all of it but the writing."""

    def _known(self, chosen: Chosen, item: Item) -> bool:
        if item.oid is None or item.size is None or not item.width or not item.height:
            return False
        if self.images.wanted(chosen, item) != item.oid:
            return False
        light = self.lights.known.get(item.oid) if chosen.frame in self.measured else None
        if light is None and chosen.frame in self.measured:
            return False
        name = self.planned.file_names[chosen.frame]
        self.copied[chosen.frame] = Copied(chosen, name, item.oid, item.size, item.width, item.height, light)
        return True

    def _write(self, frame: str, found: Bytes) -> bool:
        return False


def _ask_cameras_again(workspace: Workspace, frames: Sequence[str], nothing: str) -> None:
    """Raise why the camera of a frame that could not be read is away; it may have gone while it was copied from."""
    from core.frames.index import FrameIndex

    with FrameIndex(workspace) as index:
        for source in sorted({frame.split("/", 1)[0] for frame in frames} & workspace.sources.keys()):
            if (why := index.unreachable(source)) is not None:
                raise Lacking(
                    why.what, f"{why.remedy} {nothing[:1].upper()}{nothing[1:]}.".lstrip(), detail=why.detail
                ) from why


_SAYS = {
    "changed": ("changed since it was labelled", "changed since they were labelled"),
    "missing": ("is found nowhere", "are found nowhere"),
    "unreadable": ("can't be used", "can't be used"),
}
_DO = {
    "changed": "Look at it again and label it anew, or take its label off; {}.",
    "missing": "Bring the files back, or leave them out by name: print-models export --allow-missing   ({}.)",
    "unreadable": "Take its label off or exclude it by name; {}.",
}


def _stopped(problems: Sequence[_Problem], nothing: str) -> PrintModelsError:
    """Return the error of pictures that can't be taken, the first kind in words."""
    kind = problems[0].kind
    same = [problem for problem in problems if problem.kind == kind]
    named = few([problem.text.rstrip(".") for problem in same])
    first = f"{plural(len(same), 'frame')} {_SAYS[kind][len(same) > 1]}: {named}."
    rest = "\n".join(problem.text for problem in problems)
    error = Lacking if all(problem.lacking for problem in problems) and kind == "unreadable" else Refused
    others = len(problems) - len(same)
    also = f" {plural(others, 'other frame')} can't be taken either." if others else ""
    return error(first + also, _DO[kind].format(nothing), detail=rest)


def refuse_contradictions(copied: Iterable[Copied]) -> None:
    first: dict[str, Copied] = {}
    for one in copied:
        other = first.setdefault(one.oid, one)
        if other.chosen.label != one.chosen.label:
            raise Refused(
                f"{safe(other.chosen.frame)} is labelled {other.chosen.label} and {safe(one.chosen.frame)} "
                f"{one.chosen.label}, but they are the same picture, byte for byte.",
                "Correct one of the two labels; nothing was exported.",
            )


def verify(
    stage: Stage, shelf: Shelf | None, copied: Sequence[Copied], report: Report, cancel: CancelToken
) -> dict[str, tuple[int, int]]:
    """Read every image that was written again and compare it with its oid, and its object with it.

    One that shares the bytes of an object that was read back is not read once more. Returns file name → size and
    modification time (ns) of each as it was before it was read.
    """
    seen: dict[str, tuple[int, int]] = {}

    def one(image: Copied) -> None:
        at = stage.stat(image.file_name)
        seen[image.file_name] = at.st_size, at.st_mtime_ns
        if image.shared:
            return
        data = stage.read(image.file_name)
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != image.oid:
            if shelf is not None:  # it may be the object it was copied from: the next export reads that
                shelf.proven.forget(image.oid)
            raise wrong_bytes(image.file_name)
        if shelf is not None and not shelf.same(image.oid, data):
            raise wrong_bytes(f"the object of {image.file_name}")

    pooled(one, copied, "checking", report, cancel)
    return seen
