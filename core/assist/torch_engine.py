"""Networks run by torch, in a process of its own that has it: `python -m core.training.asked`.

What always holds: torch is never imported here; the process opens the file by the one safe door, starts at the first
picture, and ends with whoever asked. Called by `engines` and by predicting.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.assist.inputs import Input
from core.errors import Damaged, Lacking, PrintModelsError, Refused
from core.frames.decode import Picture
from core.frames.worker import Header, receive, send
from core.process import spawn_helper
from core.progress import CancelToken
from core.text import safe

#: The process that has torch; its questions and answers are described there.
COMMAND = [sys.executable, "-P", "-m", "core.training.asked"]
_CODES: dict[int, type[PrintModelsError]] = {1: Refused, 3: Damaged, 5: Lacking}
_SLICE_S = 0.2


def installed() -> bool:
    """True where torch and torchvision can be imported; they are not."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "torchvision"))


class Network:
    """A model file asked in another process: `input` is what its pictures are fitted to."""

    def __init__(
        self,
        path: Path,
        *,
        gives: str,
        architecture: str | None = None,
        classes: Sequence[str] | None = None,
        input: Input | None = None,
        threads: int,
        cancel: CancelToken | None = None,
    ) -> None:
        """Start the process and wait until it has the network; that takes seconds.

        `input` stands where the file tells of none. Raises Lacking, Damaged, Refused, Cancelled.
        """
        self._name, self._cancel = safe(path.name, limit=100), cancel
        self._peer, theirs = socket.socketpair()
        try:
            self._child = spawn_helper(COMMAND, socket=theirs.fileno())
        finally:
            theirs.close()
        self._peer.settimeout(_SLICE_S)
        request = {
            "model": str(path), "architecture": architecture, "gives": gives, "threads": threads,
            "size": list((input or Input()).size),
            "classes": None if classes is None else list(classes),
        }  # fmt: skip
        try:
            told = self._ask(request, b"")[0]["ready"]
            self.architecture = str(told["architecture"])
            self.told = told["input"] is not None
            self.dims = int(told["dims"])
            self.input = Input.of(told["input"]) if self.told else input or Input()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        self._peer.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.terminate()
            self._child.wait(timeout=5)
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def run(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the network's numbers of pictures, n x dims. Raises Refused where the process ended, Cancelled."""
        block = self.input.block(pictures)
        header, numbers = self._ask({"shape": list(block.shape)}, block.tobytes())
        shape = header["shape"]
        if len(numbers) != 4 * math.prod(shape) or shape[0] != len(pictures):
            raise Refused(f"The process that asked {self._name} answered something else.", "Try again.")
        return np.frombuffer(numbers, np.float32).reshape(len(pictures), -1)

    def _ask(self, header: Header, payload: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            self._peer.settimeout(None)
            send(self._peer, header, payload)
            self._peer.settimeout(_SLICE_S)
            found, numbers = receive(self._take)
        except (EOFError, OSError, ValueError) as error:
            raise Refused(
                f"The process that asked {self._name} ended without a word.",
                "Is there enough memory? Try again.",
            ) from error
        if "what" in found:
            raise _CODES.get(int(found["code"]), PrintModelsError)(safe(found["what"]), safe(found["remedy"]))
        return found, numbers

    def _take(self, count: int) -> bytes:
        parts = []
        while count:
            if self._cancel is not None:
                self._cancel.check()
            try:
                part = self._peer.recv(min(count, 1 << 20))
            except TimeoutError:
                continue
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
