"""A training's checkpoints on the disk: whole or not at all, hashed, the last two kept. No torch here.

What always holds: `last.pt` is the newest whole one, `previous.pt` the one before; each carries the hash of its own
bytes, so that one which was cut off or in which a bit turned is known without anything else. A save that fails (no
room, a failing disk, no permission) or is killed leaves the old ones as they were.
Called by the training process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from core.durable import Hashed, atomic_write, explain, fsync_dir, hash_file
from core.errors import Damaged, Lacking
from core.human import plural, size

LAST, PREVIOUS = "last.pt", "previous.pt"
_MARK = b"print-models checkpoint 1\nsha256:"
_HEAD = len(_MARK) + 64 + 1


@dataclass(frozen=True, slots=True)
class Found:
    """The newest checkpoint that is whole: its content, its file's name, and of newer ones what is wrong with them."""

    data: bytes
    name: str
    problems: tuple[str, ...] = ()


def require_room(folder: Path, whole: int, learned: int) -> None:
    """Refuse to begin where the disk can't take what will be saved.

    `whole` and `learned` are the bytes of all weights and of those that learn: a model file twice, since the old one
    goes after the new one is there, and three checkpoints, each with two more numbers per learned weight. Raises Lacking.
    """
    needed = 2 * whole + 3 * 3 * learned
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Lacking(
            f"Its checkpoints need {size(needed)} and the disk has {size(free)} left.",
            "Free some space first.",
        )


def sealed(content: bytes) -> bytes:
    """Return content as it lies in the file: behind a line with its hash."""
    return b"%s%s\n%s" % (_MARK, hashlib.sha256(content).hexdigest().encode(), content)


def unsealed(data: bytes, name: str) -> bytes:
    """Return the content of a file. Raises Damaged where it is not what was written."""
    content = data[_HEAD:]
    if not data.startswith(_MARK):
        raise Damaged(f"{name} is no checkpoint.", "It is left alone.")
    if data[len(_MARK) : _HEAD] != hashlib.sha256(content).hexdigest().encode() + b"\n":
        raise Damaged(
            f"{name} is not what was written: its hash differs.",
            "Look at the disk (dmesg); it is left alone.",
        )
    return content


def put(folder: Path, content: bytes, *, whole: bool = False) -> Hashed:
    """Save a checkpoint, keeping the one before; return the identity of its file, read back.

    `whole` says that the newest one there is known to be whole, so it need not be read. Raises Lacking (no room, no
    permission, a failing disk), Damaged (it does not read back).
    """
    _keep_previous(folder, whole)
    return write(folder / LAST, sealed(content))


def write(path: Path, data: bytes) -> Hashed:
    """Write one file whole and read it again. Raises as `put`."""
    known = Hashed(f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))
    atomic_write(path, data)
    try:
        found = hash_file(path)
    except OSError as error:
        raise explain(error, f"reading {path.name} back") from error
    if found != known:
        raise Damaged(f"{path.name} does not read back as it was written.", "Look at the disk (dmesg).")
    return known


def _keep_previous(folder: Path, whole: bool) -> None:
    """Give the newest checkpoint its second name; a damaged one does not take the place of a whole one."""
    last, previous = folder / LAST, folder / PREVIOUS
    aside = folder / f".{PREVIOUS}.tmp"
    try:
        if not last.exists() or (not whole and _problem(last)):
            return
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
        try:
            os.link(last, aside)
        except OSError:
            # A file system without hard links (a card's, a share's): then it is a copy.
            atomic_write(previous, last.read_bytes())
            return
        os.rename(aside, previous)
        fsync_dir(folder)
    except OSError as error:
        raise explain(error, f"keeping {PREVIOUS}") from error


def _problem(path: Path) -> str:
    try:
        unsealed(path.read_bytes(), path.name)
    except Damaged as error:
        return error.what
    except OSError as error:
        return f"{path.name} can't be read: {error.strerror}."
    return ""


def newest(folder: Path) -> Found | None:
    """Return the newest checkpoint that is whole, None where there never was one.

    Raises Damaged naming what is wrong where there are checkpoints and none is whole.
    """
    problems: list[str] = []
    for name in (LAST, PREVIOUS):
        path = folder / name
        try:
            return Found(unsealed(path.read_bytes(), name), name, tuple(problems))
        except FileNotFoundError:
            continue
        except Damaged as error:
            problems.append(error.what)
        except OSError as error:
            raise explain(error, f"reading {name}") from error
    if problems:
        raise Damaged(
            f"There is nothing to go on from: {plural(len(problems), 'checkpoint')} {_is(len(problems))} damaged. "
            + " ".join(problems),
            "Start a new training: print-models train",
        )
    return None


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
