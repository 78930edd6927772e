"""Pictures decoded in helper processes: what crashes, loops or eats memory there is an unreadable picture here.

What always holds: a call returns or raises within its time limits; a helper that died is replaced at the next call; an
answer is what `frames.decode` says of the same bytes. Called by the app and by exports; a training decodes in its own
process, which is one to lose anyway.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from core.errors import Cancelled
from core.frames.check import Unreadable
from core.frames.regions import WHOLE, Part, Region
from core.frames.worker import Header, receive, send
from core.process import spawn_helper
from core.progress import CancelToken
from core.text import safe

if TYPE_CHECKING:
    from core.frames.decode import Picture

_SLICE_S = 0.2
_START_S = 30.0
#: A picture that ended a helper is not tried again for so long: looking back and forth costs no processor time.
_AGAIN_S = 60.0


class Limits(Struct, frozen=True):
    """What one picture may take: memory in bytes, processor seconds, seconds of waiting for the disk and the decoder.

    After `patience_s` a call whose answer is no longer wanted is given up.
    """

    memory: int = 512 << 20
    cpu_s: int = 10
    read_s: float = 60.0
    decode_s: float = 20.0
    patience_s: float = 1.0


class _NoHelper(Exception):
    """No helper process can be had on this host."""


class _Ended(Exception):
    """The helper ended, or was ended, before it answered; `code` is its exit code, None for a time limit."""

    def __init__(self, code: int | None, *, reading: bool) -> None:
        super().__init__()
        self.code, self.reading = code, reading


class _Helper:
    """One process and the socket to it."""

    def __init__(self, command: list[str], limits: Limits, nice: int) -> None:
        ours, theirs = socket.socketpair()
        try:
            words = [*command, str(limits.memory), str(limits.cpu_s), str(nice)]
            self._child = spawn_helper(words, socket=theirs.fileno())
        except OSError as error:
            ours.close()
            raise _NoHelper from error
        finally:
            theirs.close()
        self._peer = ours
        self._limits = limits
        self._ready = False

    def ask(self, request: Header, payload: bytes, cancel: CancelToken | None) -> tuple[Header, bytes]:
        """Return the answer. Raises _NoHelper, _Ended, Cancelled; then the process is gone."""
        reading = "path" in request
        try:
            if not self._ready:
                self._message(time.monotonic() + _START_S, cancel)
                self._ready = True
            now = time.monotonic()
            self._peer.settimeout(self._limits.decode_s)
            send(self._peer, request, payload)
            if reading:
                found = self._message(now + self._limits.read_s, cancel)
                if "read" not in found[0]:
                    return found
                reading, now = False, time.monotonic()
            return self._message(now + self._limits.decode_s, cancel)
        except (EOFError, OSError, ValueError) as error:
            code = self.end(wait=not isinstance(error, TimeoutError))
            if not self._ready:
                raise _NoHelper from error
            raise _Ended(None if isinstance(error, TimeoutError) else code, reading=reading) from error
        except Cancelled:
            self.end(wait=False)
            raise

    def _message(self, until: float, cancel: CancelToken | None) -> tuple[Header, bytes]:
        begin = time.monotonic()

        def take(count: int) -> bytes:
            parts = []
            while count:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                if cancel is not None and time.monotonic() - begin > self._limits.patience_s:
                    cancel.check()
                self._peer.settimeout(min(left, _SLICE_S))
                try:
                    part = self._peer.recv(min(count, 1 << 20))
                except TimeoutError:
                    continue
                if not part:
                    raise EOFError
                parts.append(part)
                count -= len(part)
            return b"".join(parts)

        return receive(take)

    def end(self, *, wait: bool) -> int | None:
        """End the process; one that hangs in a dead share can't be waited for."""
        self._peer.close()
        if wait:
            try:
                return self._child.wait(timeout=2)
            except subprocess.TimeoutExpired:
                pass
        self._child.kill()
        threading.Thread(target=self._child.wait, name="reap helper", daemon=True).start()
        return None


class Helpers:
    """Helper processes, as many as calls at once but no more than processors; safe to use from several threads."""

    def __init__(self, *, most: int | None = None, limits: Limits | None = None, nice: int = 0) -> None:
        self.limits = limits or Limits()
        #: How far the processes stand back behind others: 0 not at all, 19 the farthest.
        self.nice = nice
        #: The program that is started; limits are put behind it.
        self.command = [sys.executable, "-P", "-m", "core.frames.worker"]
        self._most = most or max(1, min(4, os.cpu_count() or 1))
        self._idle: list[_Helper] = []
        self._running = 0
        self._free = threading.Condition()
        self._impossible = False
        self._closed = False
        self._dangerous: dict[str, tuple[float, Unreadable]] = {}

    def start(self) -> None:
        """Begin to start a helper, so that the first picture need not wait for it."""
        with self._free:
            if self._running or self._impossible:
                return
            try:
                self._idle.append(_Helper(self.command, self.limits, self.nice))
                self._running += 1
            except _NoHelper:
                self._impossible = True

    def close(self) -> None:
        """End the helpers that do nothing; those at work end when their call does, or with this process."""
        with self._free:
            self._closed = True
            idle, self._idle = self._idle, []
            self._running -= len(idle)
        for helper in idle:
            helper.end(wait=False)

    def load(
        self,
        path: Path,
        box: tuple[int, int] | None = None,
        *,
        root: Path | None = None,
        settled: bool = False,
        region: Region | Part = WHOLE,
        cancel: CancelToken | None = None,
    ) -> Picture:
        """Like `decode.load`, elsewhere. Raises Unreadable, Cancelled (not before `Limits.patience_s`)."""
        request = {"do": "load", "box": box, "settled": settled, "region": region}
        try:
            header, rgb = self._ask_of(path, request, root, cancel)
        except _NoHelper:
            from core.frames import decode

            return decode.load(path, box, root=root, settled=settled, region=region)
        from core.frames.decode import Picture

        return Picture(rgb=rgb, **header["picture"])

    def grey(
        self, path: Path, size: tuple[int, int], *, root: Path, cancel: CancelToken | None = None
    ) -> tuple[bytes, int, int]:
        """Like `decode.small_grey`, elsewhere; with the file's size and mtime in ns. Raises what `load` raises."""
        try:
            header, greys = self._ask_of(path, {"do": "grey", "box": size}, root, cancel)
        except _NoHelper:
            from core.frames import decode

            file = decode.read_file(path, root=root)
            return decode.small_grey(file, path.name, size), len(file.data), file.mtime_ns
        length, mtime_ns = header["grey"]
        return greys, length, mtime_ns

    def greys(
        self, paths: Sequence[Path], size: tuple[int, int], *, root: Path, cancel: CancelToken | None = None
    ) -> list[tuple[bytes, int, int] | Unreadable]:
        """Like `grey` for several files with one question, each with its answer. Raises Cancelled."""
        words = [os.fspath(path) for path in paths]
        request = {"do": "greys", "paths": words, "root": os.fspath(root), "box": size}
        try:
            header, greys = self._ask(request, b"", cancel)
        except (_NoHelper, _Ended):  # one of them: each is asked for alone, so that the others have an answer
            return [self._grey(path, size, root, cancel) for path in paths]
        found: list[tuple[bytes, int, int] | Unreadable] = []
        length, at = size[0] * size[1], 0
        for told in header["greys"]:
            if len(told) == 2:
                found.append((greys[at : at + length], told[0], told[1]))
                at += length
            else:
                found.append(Unreadable(told[0], told[1], missing=told[2], passing=told[3]))
        return found

    def _grey(
        self, path: Path, size: tuple[int, int], root: Path, cancel: CancelToken | None
    ) -> tuple[bytes, int, int] | Unreadable:
        try:
            return self.grey(path, size, root=root, cancel=cancel)
        except Unreadable as error:
            return error

    def _ask_of(
        self, path: Path, request: Header, root: Path | None, cancel: CancelToken | None
    ) -> tuple[Header, bytes]:
        """Ask something about a file; one that ended a helper a moment ago is not tried again."""
        known = self._dangerous.get(os.fspath(path))
        if known and time.monotonic() < known[0]:
            raise known[1]
        where = {"path": os.fspath(path), "root": None if root is None else os.fspath(root)}
        try:
            return self._ask({**request, **where}, b"", cancel)
        except _Ended as ended:
            error = _why(safe(path.name, limit=80), ended, self.limits)
            if not ended.reading:
                self._dangerous[os.fspath(path)] = (time.monotonic() + _AGAIN_S, error)
            raise error from None

    def brightness(self, data: bytes) -> float:
        """Like `decode.brightness`, elsewhere. Raises Unreadable."""
        try:
            header, _ = self._ask({"do": "brightness"}, data, None)
        except _NoHelper:
            from core.frames import decode

            return decode.brightness(data)
        except _Ended as ended:
            raise _why("The picture", ended, self.limits) from None
        return float(header["brightness"])

    def _ask(self, request: Header, payload: bytes, cancel: CancelToken | None) -> tuple[Header, bytes]:
        with self._one() as helper:
            header, found = helper.ask(request, payload, cancel)
        if "unreadable" in header:
            what, remedy, missing, passing = header["unreadable"]
            raise Unreadable(what, remedy, missing=missing, passing=passing)
        return header, found

    @contextmanager
    def _one(self) -> Iterator[_Helper]:
        """Lend a helper; one that failed is not taken back."""
        with self._free:
            while not self._idle and self._running >= self._most:
                self._free.wait()
            if self._impossible:
                # A host that grants no process (limits, a sandbox) still shows pictures: decoded here, under the caps
                # of `inspect` alone.
                raise _NoHelper
            helper = self._idle.pop() if self._idle else None
            if helper is None:
                self._running += 1
        try:
            helper = helper or _Helper(self.command, self.limits, self.nice)
            yield helper
        except BaseException as error:
            with self._free:
                self._running -= 1
                if isinstance(error, _NoHelper):
                    self._impossible = True
                    self._free.notify_all()  # nobody waits for what will not come
                self._free.notify()
            raise
        with self._free:
            if not self._closed:
                self._idle.append(helper)
                self._free.notify()
                return
            self._running -= 1
            self._free.notify()
        helper.end(wait=False)


def _why(name: str, ended: _Ended, limits: Limits) -> Unreadable:
    """Say why a helper gave no answer."""
    if ended.reading and ended.code is None:
        return Unreadable(
            f"{name} can't be read: the disk has not answered for {limits.read_s:.0f} seconds.",
            "Check the camera's disk and its mount.",
            missing=True,
        )
    slow = ended.code in (None, -signal.SIGXCPU)
    how = "did not come to an end" if slow else f"ended the decoder{_signal(ended.code)}"
    return Unreadable(
        f"{name} {how}: it is damaged, or made to do harm.",
        "It can't be used as a frame; decoding went on without it.",
    )


def _signal(code: int | None) -> str:
    if code is None or code >= 0:
        return ""
    try:
        return f" ({signal.Signals(-code).name})"
    except ValueError:
        return f" (signal {-code})"


_shared = Helpers()


def helpers() -> Helpers:
    """Return the helpers that this process shares."""
    return _shared
