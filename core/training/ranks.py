"""Several processes that learn together, started by `torchrun`: the first one reports, the others only compute.

What always holds: only the process of rank 0 writes into the run's folder; another one that fails ends with its exit
code, which torchrun takes as the end of all. Torch is not needed here.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from core.errors import PrintModelsError
from core.training import events, spec
from core.training.events import EventWriter
from core.training.heart import Heart
from core.training.worker import Job, Outcome, Stopped
from core.workspace import Workspace


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
            events.reduce(events.read(folder / events.FILE).events),
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
