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
_read_open, _picture = check._read_open, decode.picture


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
    if b"CRASH" in file.data:
        os.kill(os.getpid(), signal.SIGSEGV)
    while b"LOOP" in file.data:
        pass
    if b"EAT" in file.data:
        bytearray(8 << 30)
    return _picture(file, name, box, **words)


if __name__ == "__main__":
    check._read_open, decode.picture = _read, _decode
    sys.exit(worker.main(sys.argv[1:]))
