"""The hidden folder a version is built in, beside where it will appear: made, filled, swept.

What always holds: it lies on the file system of the version, ignores itself in git, and belongs to a living process;
one left by a dead process is removed by `sweep`. Files are opened below folders already open, never through a link.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from core.durable import explain, fsync_dir, sync_filesystem
from core.errors import Refused
from core.human import size
from core.storage.placing import Spot, write_new
from core.text import safe
from core.versions.manifest import number_of
from core.workspace import Workspace

_STAGE = re.compile(r"\.v[0-9]+\.([0-9]+)(?:\.[0-9]+)?\.tmp")
_numbers = itertools.count(1)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A stage whose process number lives but whose lock is free is another program's number, or one second old.
_SURELY_DEAD_S = 3600.0
#: After so many bytes the disk is set to work, while the next images are read.
_BATCH = 32 << 20


class Stage:
    """A version being filled: `path` is its folder, inside the hidden one, which git ignores up to the last moment."""

    def __init__(self, around: Path, name: str) -> None:
        self.path = around / name
        around.mkdir()
        self._around = os.open(around, _FOLDER)
        fcntl.flock(self._around, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (around / ".gitignore").write_bytes(b"*\n")
        os.mkdir(name, dir_fd=self._around)
        self._folder = os.open(name, _FOLDER, dir_fd=self._around)
        self._below: dict[str, int] = {}
        self._disk = ThreadPoolExecutor(max_workers=1)
        self._syncing: Future[None] | None = None
        self._fresh = 0
        self._counting = threading.Lock()

    def make_folder(self, name: str) -> None:
        os.mkdir(name, dir_fd=self._folder)
        self._below[name] = os.open(name, _FOLDER, dir_fd=self._folder)

    def write(self, name: str, data: bytes, mtime_ns: int | None = None) -> None:
        """Write a new file `name` or `class/name`; a name that exists, as anything, is an OSError."""
        write_new(self.spot(name), data, mtime_ns)
        self.written(len(data))

    def spot(self, name: str) -> Spot:
        """Return where a file is, to be opened below the open folder it lies in and through no link."""
        folder, _, base = name.rpartition("/")
        return (self._below[folder] if folder else self._folder), base

    def written(self, number: int) -> None:
        """Count bytes that were written here; the disk begins on them, so that little is left to wait for at the end."""
        with self._counting:
            self._fresh += number
            if self._fresh >= _BATCH and (self._syncing is None or self._syncing.done()):
                self._settle()
                self._fresh = 0
                self._syncing = self._disk.submit(sync_filesystem, self.path)

    def _settle(self) -> None:
        if self._syncing is not None:
            self._syncing.result()  # a write that failed meanwhile is told to one sync only: it must not be lost

    def make_durable(self) -> None:
        """Make everything that was written durable. Raises OSError where the disk fails."""
        self._settle()
        sync_filesystem(self.path)

    def stat(self, name: str) -> os.stat_result:
        """Return lstat of a file that was written."""
        folder, base = self.spot(name)
        return os.stat(base, dir_fd=folder, follow_symlinks=False)

    def read(self, name: str) -> bytes:
        """Read back a file that was written."""
        folder, base = self.spot(name)
        fd = os.open(base, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(fd, "rb", buffering=0) as file:
            return file.read()

    def close(self) -> None:
        self._disk.shutdown()
        for fd in (*self._below.values(), self._folder, self._around):
            os.close(fd)
        self._below.clear()


@contextlib.contextmanager
def staged(root: Path, name: str, needed: int = 0) -> Iterator[Stage]:
    """Give a stage for version `name` of `needed` bytes in the folder `root`; what is left afterwards is removed."""
    _real_folder(root.parent)
    _real_folder(root)
    path = root / f".{name}.{os.getpid()}.{next(_numbers)}.tmp"
    stage: Stage | None = None
    try:
        stage = Stage(path, name)
        yield stage
    except OSError as error:
        raise explain(error, f"writing {name}, which takes {size(needed)}") from error
    finally:
        if stage is not None:
            stage.close()
        if path.exists():
            shutil.rmtree(path, ignore_errors=True)


def _real_folder(path: Path) -> None:
    if path.is_symlink():
        raise Refused(
            f"{safe(path.name)} is a symbolic link; git can't hold what lies behind it.",
            "Put a real folder there.",
        )
    if not path.is_dir():
        try:
            path.mkdir(parents=True)
            fsync_dir(path.parent)
        except OSError as error:
            raise explain(error, f"making {safe(path.name)}") from error


def sweep(workspace: Workspace) -> list[Path]:
    """Remove the stages that dead processes left; return them.

    And the empty folders of versions: where a rename may replace, a name is claimed by one before.
    """
    removed = []
    for task in workspace.tasks.values():
        root = workspace.dataset_root(task)
        try:
            entries = list(root.iterdir())
        except OSError:
            continue
        for entry in entries:
            if number_of(entry.name):
                with contextlib.suppress(OSError):  # nearly always: it holds a version
                    entry.rmdir()
            elif not _STAGE.fullmatch(entry.name):
                continue
            elif not entry.is_symlink() and _dead(entry):
                shutil.rmtree(entry, ignore_errors=True)
                removed.append(entry)
    return removed


def _dead(path: Path) -> bool:
    found = _STAGE.fullmatch(path.name)
    pid = int(found[1]) if found else 0
    try:
        fd = os.open(path, _FOLDER)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        age = time.time() - os.fstat(fd).st_mtime
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return age > _SURELY_DEAD_S or not _alive(pid)


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
