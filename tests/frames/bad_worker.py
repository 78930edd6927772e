"""A decoding helper whose disk and decoder fail on demand; started by tests in the place of the real one.

The end of a file's name says how its reading fails, a comment inside the picture how its decoding does.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from core.frames import check, decode, worker

#: The command of `Helpers` with this helper.
COMMAND = [sys.executable, "-P", "-m", "tests.frames.bad_worker"]

_seen: set[str] = set()
_read_open, _picture, _small_grey = check._read_open, decode.picture, decode.small_grey


def _read(fd: int, name: str) -> check.FileBytes:
    kind = Path(name).stem.rpartition("_")[2]
    if kind == "hang":
        threading.Event().wait()
    if kind == "eio":
        raise OSError(errno.EIO, "Input/output error")
    if kind == "stale" or (kind == "once" and name not in _seen):
        _seen.add(name)
        raise OSError(errno.ESTALE, "Stale file handle")
    return _read_open(fd, name)


def _decode(
    file: check.FileBytes, name: str, box: tuple[int, int] | None = None, **words: Any
) -> decode.Picture:
    _harm(file)
    return _picture(file, name, box, **words)


def _small(file: check.FileBytes, name: str, size: tuple[int, int]) -> bytes:
    _harm(file)
    return _small_grey(file, name, size)


def _harm(file: check.FileBytes) -> None:
    if b"CRASH" in file.data:
        os.kill(os.getpid(), signal.SIGSEGV)
    while b"LOOP" in file.data:
        pass
    if b"EAT" in file.data:
        bytearray(8 << 30)


if __name__ == "__main__":
    check._read_open, decode.picture, decode.small_grey = _read, _decode, _small
    sys.exit(worker.main(sys.argv[1:]))
