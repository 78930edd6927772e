"""Several processes that learn together, started by the first one or by `torchrun`: it reports, the others only compute.

What always holds: only the process of rank 0 writes into the run's folder; the others end with it, however it ends, and
one that fails ends all. Torch is not needed here.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from core.durable import explain
from core.errors import PrintModelsError
from core.training import events, spec
from core.training.events import EventWriter
from core.training.heart import Heart
from core.training.worker import Job, Outcome, Stopped
from core.workspace import Workspace

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class _Silent:
    """Stands where the first process has its writer and its heart."""

    rested: float = 0.0

    def append(self, event: str, **facts: Any) -> None:
        return

    def say(self, phase: str, facts: dict[str, Any] | None = None, *, force: bool = True) -> None:
        return

    def rest(self) -> None:
        return


def alone_or_first() -> bool:
    """True for the process that reports: the only one, or torchrun's rank 0."""
    return os.environ.get("RANK", "0") == "0"


def start_others(folder: Path, processes: int) -> None:
    """Start the other processes of a training on this machine; under torchrun they are there already.

    What the first one must know to find them is put into its environment. Raises Lacking.
    """
    if processes < 2 or "WORLD_SIZE" in os.environ:
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    together = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    for rank in range(1, processes):
        own = {**os.environ, **together, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        try:
            subprocess.Popen(
                [sys.executable, "-P", "-m", "core.training.fit", os.fspath(folder)],
                stdin=subprocess.DEVNULL, env=own, preexec_fn=partial(_end_with, os.getpid(), library),
            )  # fmt: skip
        except OSError as error:
            raise explain(error, "starting the training's other processes") from error
    os.environ.update(together, RANK="0", LOCAL_RANK="0")


def _end_with(parent: int, library: ctypes.CDLL | None) -> None:
    """Let the system end this process when the one that started it ends (Linux; elsewhere it meets a closed connection)."""
    if library is not None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def follow(folder: Path, train: Callable[[Job], None]) -> int:
    """Compute along with the first process; return the exit code."""
    # The first process hears the wish to stop and passes it on between two steps.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    silent = _Silent()
    try:
        job = Job(
            folder,
            Workspace.open(folder.parents[2]),
            spec.read(folder),
            cast("EventWriter", silent),
            cast("Heart", silent),
            threading.Event(),
            events.fold(folder / events.FILE)[0],
            Outcome(),
        )
        train(job)
        return 0
    except Stopped:
        return 0
    except PrintModelsError as error:
        sys.stderr.write(f"{error.what} {error.remedy}\n")
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return 1
