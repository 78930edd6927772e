"""The bytes of every frame of a draft, wherever they are: camera, earlier version, LFS store, kept copy, remote.

A label belongs to bytes, not to a name. Where the sha256 of the labelled picture is known, exactly these bytes are
taken, from wherever they lie; where only size and time were recorded, the file must still have them. A picture that
the camera deleted is looked for in earlier versions, in git's LFS store, among the kept copies and on remotes that are
folders. Nothing here writes.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from core.errors import PrintModelsError
from core.frames.decode import FileBytes, Unreadable, read_file
from core.storage.git import Git
from core.storage.lfs import ObjectStore, remote_store, store_of
from core.storage.proven import Stamp, stamp_of
from core.storage.remotes import lfs_address
from core.text import safe
from core.versions import kept
from core.versions.looks import Looks
from core.versions.manifest import Item, list_versions, read_version
from core.versions.selection import Chosen
from core.workspace import Workspace

#: Of more frames than these in one folder it is listed, instead of asking for each.
_FEW = 50


class Missing(Exception):
    """The labelled picture was found nowhere."""


class Changed(Exception):
    """The file under that name is not the picture that was labelled, and that picture was found nowhere."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """A picture's bytes with their oid, the modification time to keep, and whether the `camera`'s file was read.

    `copy` is the kept copy they were read from, and what the file system said of it before that.
    """

    data: bytes = field(repr=False)
    oid: str
    mtime_ns: int
    camera: bool = False
    copy: tuple[Path, Stamp] | None = None


def _oid(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _wanted(chosen: Chosen, item: Item | None) -> str | None:
    """Return the oid the label names, else that of the parent version, where the file may be that one by its size."""
    if chosen.oid is None and item is not None and chosen.size in (None, item.size):
        return item.oid
    return chosen.oid


class Images:
    """Finds pictures for one task's draft; safe to use from several threads.

    What the file system is asked without reading a file, it is asked through `looks`.
    """

    def __init__(self, workspace: Workspace, looks: Looks | None = None) -> None:
        self.workspace = workspace
        self.looks = looks or Looks()

    def find(self, chosen: Chosen, item: Item | None) -> Bytes:
        """Return the picture that was labelled. `item` is the frame in the parent version, where that holds it.

        Raises Missing, Changed, or Unreadable where the camera's file is there but can't be read.
        """
        wanted = _wanted(chosen, item)
        if chosen.oid is None and chosen.size is not None:
            try:
                camera = self._camera(chosen.frame)
            except Unreadable:
                if wanted is not None and (found := self.stored(wanted)):
                    return found
                raise
            if camera is not None and (len(camera.data), camera.mtime_ns) == (chosen.size, chosen.mtime_ns):
                return Bytes(camera.data, _oid(camera.data), camera.mtime_ns, camera=True)
            return self._matching(wanted, camera)
        if wanted is not None:
            return self.stored(wanted) or self._matching(wanted, self._camera(chosen.frame))
        camera = self._camera(chosen.frame)
        if camera is None:
            raise Missing
        return Bytes(camera.data, _oid(camera.data), camera.mtime_ns, camera=True)

    def wanted(self, chosen: Chosen, item: Item | None) -> str | None:
        """Return the oid of the bytes that were labelled, where it is known without looking at the camera's file."""
        return None if chosen.oid is None and chosen.size is not None else _wanted(chosen, item)

    def _matching(self, wanted: str | None, camera: FileBytes | None) -> Bytes:
        if camera is not None and wanted is not None and _oid(camera.data) == wanted:
            return Bytes(camera.data, wanted, camera.mtime_ns)
        found = self.stored(wanted) if wanted is not None else None
        if found is None:
            raise Changed if camera is not None else Missing
        return found

    def on_camera(self, frame: str) -> bool:
        """True where the source has a file of that name."""
        try:
            return self.looks.is_file(self.workspace.frame_path(frame))
        except PrintModelsError:
            return False

    def on_cameras(self, frames: Sequence[str]) -> set[str]:
        """Return those of the frames that their sources have a file of; a folder that many lie in is listed once."""
        folders: dict[str, list[str]] = defaultdict(list)
        for frame in frames:
            folders[frame.rpartition("/")[0]].append(frame)
        found: set[str] = set()
        for some in folders.values():
            names = self._listed(some[0]) if len(some) > _FEW else None
            if names is None:
                found.update(frame for frame in some if self.on_camera(frame))
            else:
                found.update(frame for frame in some if frame.rpartition("/")[2] in names)
        return found

    def _listed(self, frame: str) -> set[str] | None:
        """Return the names of the files in the folder a frame lies in, None where that can't be told."""
        try:
            folder = self.workspace.frame_path(frame).parent
            self.looks.at(folder)  # its times change with what lies in it
            with os.scandir(folder) as entries:
                return {entry.name for entry in entries if entry.is_file()}
        except FileNotFoundError:
            return set()
        except (PrintModelsError, OSError):
            return None

    def _camera(self, frame: str) -> FileBytes | None:
        try:
            path = self.workspace.frame_path(frame)
        except PrintModelsError:  # of a source that this workspace does not have
            return None
        source = self.workspace.sources[frame.split("/", 1)[0]]
        try:
            return read_file(path, root=source.path)
        except Unreadable as error:
            if error.missing and not path.exists():
                return None
            raise

    def stored(self, oid: str) -> Bytes | None:
        """Return a picture by its oid from wherever it is kept; its bytes are checked."""
        for path in self._places(oid):
            try:
                at = os.stat(path)
                data = Path(path).read_bytes()
            except OSError:
                continue
            if _oid(data) == oid:
                ours = kept.path_of(self.workspace, oid)
                return Bytes(data, oid, at.st_mtime_ns, copy=(ours, stamp_of(at)) if path == ours else None)
        return None

    def has(self, oid: str, size: int | None) -> bool:
        """True where a file of that size that should hold these bytes is here; they are checked when they are read."""
        if size is None:
            return False
        if self._objects is not None and self.looks.size(self._objects.where(oid)) == size:
            return True
        return any(self.looks.size(path) == size for path in self._places(oid, objects=False))

    def _places(self, oid: str, *, objects: bool = True) -> Iterator[str | Path]:
        yield from self._copies.get(oid, ())
        if objects and self._objects is not None:
            yield self._objects.path(oid)
        if self._keeps:
            yield kept.path_of(self.workspace, oid)
        yield from (store.path(oid) for store in self._remotes)

    @cached_property
    def _remotes(self) -> list[ObjectStore]:
        """The object stores of remotes that are folders; one that is away or none has nothing to give."""
        stores = []
        git = Git(self.workspace.root)
        for remote in (git.line("remote") or "").split():
            address = lfs_address(git, remote) or git.line("remote", "get-url", remote)
            try:
                if address:
                    stores.append(remote_store(address, self.workspace.root))
            except PrintModelsError:
                continue
        return stores

    @cached_property
    def _objects(self) -> ObjectStore | None:
        try:
            return store_of(self.workspace.root)
        except PrintModelsError:  # no git repository: nothing is kept there
            return None

    @cached_property
    def _keeps(self) -> bool:
        return self.workspace.kept.is_dir()

    @cached_property
    def _copies(self) -> dict[str, list[str]]:
        """Where the images of all versions of all tasks lie, by oid."""
        copies: dict[str, list[str]] = {}
        for task in self.workspace.tasks.values():
            for name in list_versions(self.workspace, task):
                try:
                    version = read_version(self.workspace, task, name)
                except PrintModelsError:  # a damaged version has nothing to give; verify names it
                    continue
                for item in version.items:
                    if item.oid is not None:
                        copies.setdefault(item.oid, []).append(f"{version.path}/{item.file_name}")
        return copies


def describe(frame: str, chosen: Chosen, workspace: Workspace) -> str:
    """Say what a changed frame was and is now: '282 kB of 2025-11-07 00:56, now 301 kB of …'."""
    from datetime import datetime

    from core.human import size

    was = "other bytes"
    if chosen.size is not None:
        when = (
            f" of {datetime.fromtimestamp(chosen.mtime_ns / 1e9):%Y-%m-%d %H:%M:%S}"
            if chosen.mtime_ns
            else ""
        )
        was = f"{size(chosen.size)}{when}"
    try:
        found = workspace.frame_path(frame).stat()
        now = f"{size(found.st_size)} of {datetime.fromtimestamp(found.st_mtime):%Y-%m-%d %H:%M:%S}"
    except (OSError, PrintModelsError):
        now = "gone"
    return f"{safe(frame, limit=120)} (labelled: {was}; now: {now})"
