"""How a training makes itself small: everything else on the machine goes first, since a print may be running.

What always holds: each limit is set by the training's own process before torch is loaded, can be read in /proc, and is
named in what `apply` returns; one that this system does not have is left out. Threads are no matter of this file: their
number decides the last bits of a model, so it stands in the spec.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

#: The first to go where memory runs out: of -1000 to 1000, a login shell has 0.
_EXPENDABLE = 600


def apply(memory: int | None) -> dict[str, int | str]:
    """Lower this process's priority and bound its memory (bytes; None: not bounded); return what holds from here on."""
    held: dict[str, int | str] = {}
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)
        held["nice"] = os.getpriority(os.PRIO_PROCESS, 0)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ImportError, AttributeError):
            import psutil

            psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
            held["io"] = "idle"
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(f"{_EXPENDABLE}\n", encoding="ascii")
            held["oom_score_adj"] = _EXPENDABLE
        if memory:
            held.update(_bounded(memory))
    return held


def _bounded(memory: int) -> dict[str, int | str]:
    """Bound what may be written to. Not the address space: libraries of CUDA reserve tens of GB that are never used."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        return {"memory": most}
    return {}
