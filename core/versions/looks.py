"""What the file system was asked for an answer, written down, so that the same can be asked again later.

What always holds: as long as every file that was asked for tells the same of itself (kind, size, both times, inode; or that
it is not there), an answer that was made of nothing else is the same; a file that was written within the last moments may
be written again without telling, so nothing is kept then. Called by `rechecked`, and by those who ask.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable

#: A file that was written less long ago may be written once more with the same times (FAT counts in two seconds).
_SETTLED_S = 3.0


class Looks:
    """Asks the file system of files and folders, and writes down what was asked and answered where `kept`."""

    def __init__(self, *, kept: bool = False) -> None:
        self._kept = kept
        self._told: dict[str, str] = {}
        self._settled = True

    def at(self, path: str | os.PathLike[str]) -> os.stat_result | None:
        """Return what the file system says of a path, None where there is nothing, or nothing that may be seen."""
        path = os.fspath(path)
        try:
            found = os.stat(path)
        except OSError:
            found = None
        if self._kept:
            self._told.setdefault(path, _told(found))
            if found is not None and abs(time.time() - found.st_mtime) < _SETTLED_S:
                self._settled = False
        return found

    def size(self, path: str | os.PathLike[str]) -> int | None:
        """Return the bytes of a file, None where it is not there."""
        found = self.at(path)
        return None if found is None else found.st_size

    def is_file(self, path: str | os.PathLike[str]) -> bool:
        """True where a file is there."""
        found = self.at(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def written(self) -> tuple[list[str], str] | None:
        """Return the paths that were asked for and what names all answers; None where nothing may be kept of them."""
        if not self._kept or not self._settled:
            return None
        return list(self._told), _digest(self._told.values())


def again(paths: Iterable[str]) -> str:
    """Ask for all these paths again; return what names the answers, as `Looks.written` does.

    Of a folder that is not there, what would lie in it is not asked for one by one.
    """
    absent: dict[str, bool] = {}

    def told(path: str) -> str:
        folder = path.rpartition("/")[0].rpartition("/")[0]
        if folder not in absent:
            absent[folder] = not os.path.isdir(folder)
        if absent[folder]:
            return _told(None)
        try:
            return _told(os.stat(path))
        except OSError:
            return _told(None)

    return _digest(map(told, paths))


def _told(found: os.stat_result | None) -> str:
    if found is None:
        return "-"
    kind = stat.S_IFMT(found.st_mode)
    return f"{kind} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def _digest(facts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
