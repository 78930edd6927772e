"""Reading a camera folder: day folders of a source, pictures of a day, and all that is neither.

What always holds: nothing below a source is followed through a link, nothing blocks on a pipe, nothing is written; and
what is not listed is counted with its reason. Called by frames/index only.
"""

from __future__ import annotations

import errno
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from core.errors import Lacking, PrintModelsError
from core.frames.names import SUFFIXES, captured_at, is_day
from core.frames.packed import Names
from core.text import safe
from core.workspace import Source

T = TypeVar("T")

# A camera's usual name with a 0 for each digit, where its hour begins, and where minutes and seconds have their tens.
_USUAL = b"00000000T000000.jpg\0"
_ALIKE = bytes.maketrans(b"0123456789", b"0000000000")
_HOUR, _TENS = 9, (11, 13)


class Problem(Struct, frozen=True):
    """What is in a camera folder and no frame: why, where, and how many of that kind there.

    `passing`: the folder itself could not be read just now; what it held is not gone for that.
    """

    what: str
    where: str
    count: int = 1
    passing: bool = False


class Listing(Struct, frozen=True):
    """The day folders of a source with their mtime in ns, and what else lies there."""

    days: dict[str, int]
    problems: tuple[Problem, ...]


def list_source(source: Source) -> Listing:
    """List the day folders of a source. Raises Lacking where the camera is not reachable."""

    def read() -> Listing:
        days: dict[str, int] = {}
        others: Counter[str] = Counter()
        seen = 0
        with os.scandir(source.path) as entries:
            for entry in entries:
                seen += 1
                what = None if _valid(entry.name) else "a name that is no valid text"
                what = what or _no_day(entry)
                if what is None:
                    days[entry.name] = entry.stat(follow_symlinks=False).st_mtime_ns
                else:
                    others[what] += 1
        if not seen:
            raise _not_reachable(source, "its folder is empty: not mounted, or nothing recorded yet")
        return Listing(days, tuple(Problem(what, source.name, n) for what, n in sorted(others.items())))

    return _reached(source, read)


def _reached(source: Source, read: Callable[[], Listing]) -> Listing:
    try:
        return retrying(read)
    except OSError as error:
        why = {
            errno.ENOENT: "the link points nowhere"
            if source.path.is_symlink()
            else "the folder is not there",
            errno.ENOTDIR: "it is no folder",
            errno.EACCES: "permission was denied",
            errno.ELOOP: "the link points at itself",
        }.get(error.errno or 0, (error.strerror or str(error)).lower())
        raise _not_reachable(source, why) from error


def list_day(source: Source, day: str) -> tuple[Sequence[str], tuple[Problem, ...]]:
    """List one day folder: names of frames in order of (moment, name), and what is no frame.

    A folder that can't be read is one problem and no frames; it is tried again at the next scan.
    """
    where = f"{source.name}/{day}"

    def read() -> tuple[Sequence[str], Counter[str]]:
        names: list[str] = []
        rest: list[str | None] = []
        found = names.append
        # Listed by its number an entry makes no path of its own, and is let go at once: its room is the next one's.
        folder = os.open(source.path / day, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        found(entry.name)
                    else:
                        rest.append(_no_file(entry))
        finally:
            os.close(folder)
        names.sort()
        if not rest and (usual := _all_usual(names, day)) is not None:
            return usual, Counter()
        whats = [(name, _no_frame_by_name(name)) for name in names]
        others = Counter(what for _, what in whats if what)
        others.update(what for what in rest if what)
        return tuple(name for name, what in whats if what is None), others

    try:
        names, others = retrying(read)
    except OSError as error:
        return (), (_unread(error, where),)
    # Sorted names are in order of (moment, name): the moment comes first in each.
    return names, tuple(Problem(what, where, count) for what, count in sorted(others.items()))


def _all_usual(names: list[str], day: str) -> Names | None:
    """Return sorted names, packed, where they are all a camera's usual ones, seen over all of them at once.

    Of sorted names the first and the last tell how all begin, and the last tells the latest hour.
    """
    if not names or not (names[0].startswith(day) and names[-1].startswith(day)):
        return None
    text = "\0".join(names)
    letters = text.encode("utf-8", "surrogateescape") + b"\0"
    if letters.translate(_ALIKE) != _USUAL * len(names) or names[-1][_HOUR : _HOUR + 2] > "23":
        return None
    if any(letters[at :: len(_USUAL)].translate(None, b"012345") for at in _TENS):
        return None
    return Names.even(text, len(_USUAL))


def peek_day(source: Source, day: str, name: str, most: int) -> tuple[str, ...]:
    """Return at most so many frames of a day folder, those around `name`, without looking at all others closely."""
    try:
        with os.scandir(source.path / day) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return ()
    return tuple(entry.name for entry in around(listed, name, most) if _no_frame(entry) is None)


def around(listed: Sequence[T], name: str, most: int) -> Sequence[T]:
    """Return at most so many of some names, or entries by name, in order: those around `name`."""
    at = bisect_left(listed, name, key=_name_of)
    begin = max(0, min(at - most // 2, len(listed) - most))
    return listed[begin : begin + most]


def _name_of(one: object) -> str:
    return one if isinstance(one, str) else str(getattr(one, "name", ""))


def list_folders(source: Source, levels: int) -> Listing:
    """List a source's own folder ('') and those below it, at most so many levels deep, whatever their names.

    Raises Lacking where the camera is not reachable.
    """

    def read() -> Listing:
        found = {"": os.stat(source.path).st_mtime_ns}
        others: Counter[str] = Counter()
        level, seen = [""], 0
        for depth in range(levels + 1):
            below = []
            for folder in level:
                with os.scandir(source.path / folder) as entries:
                    for entry in entries:
                        seen += 1
                        if not entry.is_dir(follow_symlinks=False):
                            continue
                        if depth == levels or not _valid(entry.name) or entry.name.startswith("."):
                            others["a folder that holds no frames"] += 1
                            continue
                        place = f"{folder}/{entry.name}" if folder else entry.name
                        found[place] = entry.stat(follow_symlinks=False).st_mtime_ns
                        below.append(place)
            level = below
        if not seen:
            raise _not_reachable(source, "its folder is empty: not mounted, or nothing recorded yet")
        return Listing(found, tuple(Problem(what, source.name, n) for what, n in sorted(others.items())))

    return _reached(source, read)


def list_pictures(
    source: Source, folder: str, fits: Callable[[str], bool], misfit: str
) -> tuple[dict[str, os.stat_result], tuple[Problem, ...]]:
    """List the pictures of a folder whose names `fits` takes, with their stat, and what is none; folders are neither.

    A folder that can't be read is one problem and no frames.
    """
    where = f"{source.name}/{folder}".rstrip("/")

    def read() -> tuple[dict[str, os.stat_result], Counter[str]]:
        found: dict[str, os.stat_result] = {}
        others: Counter[str] = Counter()
        with os.scandir(source.path / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    continue
                what = _no_picture(entry) or (None if fits(entry.name) else misfit)
                if what is None:
                    found[entry.name] = entry.stat(follow_symlinks=False)
                else:
                    others[what] += 1
        return found, others

    try:
        found, others = retrying(read)
    except OSError as error:
        return {}, (_unread(error, where),)
    return found, tuple(Problem(what, where, count) for what, count in sorted(others.items()))


def _unread(error: OSError, where: str) -> Problem:
    why = (error.strerror or str(error)).lower()
    return Problem(f"a folder that can't be read ({why})", where, passing=True)


def retrying(read: Callable[[], T]) -> T:
    """Call `read`, once more after a stale network handle (ESTALE), which a second look often mends."""
    try:
        return read()
    except OSError as error:
        if error.errno != errno.ESTALE:
            raise
    return read()


def _not_reachable(source: Source, why: str) -> PrintModelsError:
    return Lacking(
        f"The camera {safe(source.name)} is not reachable: {why}.",
        f"Mount it, or say where it is: print-models source move {safe(source.name)} PATH; labels and versions are safe.",
    )


def _no_day(entry: os.DirEntry[str]) -> str | None:
    if entry.is_symlink():
        return "a symbolic link"
    if not entry.is_dir(follow_symlinks=False):
        picture = entry.name.lower().endswith(SUFFIXES)
        return "a picture outside a day folder" if picture else "neither a picture nor a day folder"
    return None if is_day(entry.name) else "a folder that is no day"


def _no_frame(entry: os.DirEntry[str]) -> str | None:
    """Return why an entry of a day folder is no frame, None for a frame."""
    return _no_file(entry) or _no_frame_by_name(entry.name)


def _no_frame_by_name(name: str) -> str | None:
    """Return why a file of a day folder is no frame, None for a frame."""
    return _no_picture_by_name(name) or (None if captured_at(name) else "a name that tells no time")


def _no_picture(entry: os.DirEntry[str]) -> str | None:
    """Return why an entry is no picture file, None for one."""
    return _no_file(entry) or _no_picture_by_name(entry.name)


def _no_file(entry: os.DirEntry[str]) -> str | None:
    """Return why an entry is no file that can be named, None for one."""
    if not _valid(entry.name):
        return "a name that is no valid text"
    if entry.is_symlink():
        return "a symbolic link"
    if entry.is_dir(follow_symlinks=False):
        return "a folder"
    return None if entry.is_file(follow_symlinks=False) else "neither a file nor a folder"


def _no_picture_by_name(name: str) -> str | None:
    """Return why a file is no picture by its name, None for one."""
    if not _valid(name):
        return "a name that is no valid text"
    return None if name.lower().endswith(SUFFIXES) else "no picture by its name"


def _valid(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
