"""The decoding helper: a process that opens strangers' pictures, so that one which crashes or loops ends only this.

`python -m core.frames.worker MEMORY CPU [NICE]`, limits in bytes and seconds per picture, and how far it stands back
behind other processes; the socket is its standard input.
What always holds: one request, one answer, in order; nothing is written but to the socket; it ends with whoever
started it. Started by frames/helper only.

A message is two lengths (header, payload; network order), a JSON header and raw bytes. Requests: `load` (path, root,
box, settled, region), `grey` (path, root, box: a small grey picture of a settled file), `greys` (paths, root, box: several at once) and `brightness` (payload: the file).
Answers: `ready` once, `read` when a file's bytes are here, then `picture`, `grey` (size and mtime of the file),
`greys` (the same of each, or what `unreadable` says) or `brightness`, or `unreadable` (what, remedy, missing, passing).
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LENGTHS = struct.Struct("!II")
_MOST = 1 << 30

Header = dict[str, Any]


def send(peer: socket.socket, header: Header, payload: bytes = b"") -> None:
    """Send one message."""
    text = json.dumps(header).encode("ascii")
    peer.sendall(_LENGTHS.pack(len(text), len(payload)) + text)
    if payload:
        peer.sendall(payload)


def receive(take: Callable[[int], bytes]) -> tuple[Header, bytes]:
    """Read one message with `take`, which returns exactly as many bytes as asked for. Raises ValueError."""
    lengths = _LENGTHS.unpack(take(_LENGTHS.size))
    if sum(lengths) > _MOST:
        raise ValueError("a message longer than any that is sent")
    header = json.loads(take(lengths[0]))
    if not isinstance(header, dict):
        raise ValueError("a message without a header")
    return header, take(lengths[1]) if lengths[1] else b""


def limit(memory: int) -> None:
    """Bound this process: memory, no core dump, no file longer than nothing.

    macOS has no limit on address space that holds, and some containers forbid setting any: there the caps on bytes
    and pixels that `inspect` applies before anything is decoded are what bounds the memory.
    """
    import resource

    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue


def allow(seconds: int) -> None:
    """Give the next picture that much processor time; beyond it the system ends this process."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    try:
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))
    except (OSError, ValueError):  # as above; whoever waits for the answer has a time limit as well
        return


def answer(peer: socket.socket, request: Header, payload: bytes) -> tuple[Header, bytes]:
    """Do what is asked."""
    from core.frames import decode
    from core.frames.regions import Part, Region

    try:
        if request["do"] == "brightness":
            return {"brightness": decode.brightness(payload)}, b""
        if request["do"] == "greys":
            return _greys(request)
        path, root, box = Path(request["path"]), request["root"], request["box"]
        file = decode.read_file(path, root=None if root is None else Path(root))
        send(peer, {"read": True})
        fit = None if box is None else (box[0], box[1])
        if request["do"] == "grey" and fit is not None:
            greys = decode.small_grey(file, path.name, fit)
            return {"grey": [len(file.data), file.mtime_ns]}, greys
        shares = request["region"]
        region = Part(*shares) if len(shares) == 4 else Region(*shares)
        found = decode.picture(file, path.name, fit, settled=bool(request["settled"]), region=region)
        facts = {name: getattr(found, name) for name in decode.FACTS}
        return {"picture": facts}, found.rgb
    except decode.Unreadable as error:
        return {"unreadable": [error.what, error.remedy, error.missing, error.passing]}, b""


def _greys(request: Header) -> tuple[Header, bytes]:
    """Answer for several files at once: nobody waits for each to be asked for."""
    from core.frames import decode

    told: list[list[Any]] = []
    parts = []
    for path in map(Path, request["paths"]):
        try:
            file = decode.read_file(path, root=Path(request["root"]))
            parts.append(decode.small_grey(file, path.name, (request["box"][0], request["box"][1])))
            told.append([len(file.data), file.mtime_ns])
        except decode.Unreadable as error:
            told.append([error.what, error.remedy, error.missing, error.passing])
    return {"greys": told}, b"".join(parts)


def main(words: list[str]) -> int:
    """Answer until the socket closes."""
    peer = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what a library prints must neither mix with answers nor reach a terminal
        os.dup2(nothing, number)
    memory, seconds = int(words[0]), int(words[1])
    limit(memory)
    os.nice(int(words[2]) if len(words) > 2 else 0)
    from PIL import Image, JpegImagePlugin  # noqa: F401 - imported before the first picture waits for it

    from core.frames import decode  # noqa: F401 - as above

    def take(count: int) -> bytes:
        parts = []
        while count:
            part = peer.recv(min(count, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    try:
        send(peer, {"ready": True})
        while True:
            request, payload = receive(take)
            allow(seconds * len(request.get("paths", "1")))
            send(peer, *answer(peer, request, payload))
    except (EOFError, ConnectionError):
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
