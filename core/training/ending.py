"""What can be said of a training's end from what it left: its checkpoints, its last figures, the end of its log.

What always holds: a crash is told from a kill by what the log holds after the line with which the last process began;
nothing here looks at a process. Called by `runs`, `watch` and the training itself.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from core.durable import hash_file
from core.human import size
from core.text import safe, safe_lines
from core.training.view import RunView

LOG, LAST, BEST = "train.log", "last.pt", "best.pt"
#: What a training leaves: its end names the hash of each.
LEFT = (BEST, LAST, "predictions.json")
_TAIL = 20_000
_BEGINS = re.compile(rb"^\[[0-9T:+-]{19,32}\] process \d+$", re.MULTILINE)
#: What programs say as they go down: the interpreter, the C library, the C++ runtime.
_CRASHES = re.compile(
    r"^(Fatal Python error: .+|terminate called .+|.*: ABORT|.*bad_alloc.*|Segmentation fault.*)$"
)
_MEMORY = re.compile("memory|bad_alloc")


def begins(pid: int) -> str:
    """Return the line with which a process begins to write into a training's log."""
    return f"[{datetime.now().astimezone().isoformat(timespec='seconds')}] process {pid}\n"


def kept(folder: Path, seen: RunView) -> str:
    """Say which checkpoints of a training are on the disk; '' where there is none."""
    best = seen.epochs_saved.get(BEST, seen.best_epoch)
    said = [f"its best, epoch {best}, is kept in {BEST}"] if best and (folder / BEST).exists() else []
    if (folder / LAST).exists():
        epoch = seen.epochs_saved.get(LAST)  # a kill may come between a checkpoint and the word about it
        said.append(f"it can go on from {f'epoch {epoch} in ' if epoch else ''}{LAST}")
    words = "; ".join(said)
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def left(folder: Path) -> dict[str, str]:
    """Return the hash of every file that a training leaves, by name; what can't be read is left out."""
    found = {}
    for name in LEFT:
        with suppress(OSError):
            found[name] = hash_file(folder / name).oid
    return found


def scarce(seen: RunView) -> str:
    """Say how much memory there was when it was last heard of, where it was little."""
    free, held = seen.figures.get("free"), seen.figures.get("memory")
    if free is None or held is None or free > 0.1 * (free + held):
        return ""
    return f": it held {size(round(held))} and {size(round(free))} were left"


def crash(folder: Path) -> str:
    """Say what the last process of a training said as it crashed, and what to do where that is known; '' if nothing."""
    data = _tail(folder)
    begun = [found.end() for found in _BEGINS.finditer(data)]
    lines = safe_lines(data[begun[-1] if begun else 0 :], limit=400).split("\n")
    said = next((safe(line.strip(), limit=160) for line in lines if _CRASHES.match(line.strip())), "")
    if not said:
        return ""
    more = " Give it more memory: [training] memory in print-models.toml." if _MEMORY.search(said) else ""
    return f"{said.rstrip('.')}.{more}"


def last_words(folder: Path) -> str:
    """Return the last line of a training's log."""
    return safe_lines(_tail(folder).rstrip(), limit=1)


def _tail(folder: Path) -> bytes:
    try:
        with open(folder / LOG, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read()
    except OSError:
        return b""
