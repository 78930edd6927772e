"""What a training takes of its machine, measured beside it: processor, memory, temperature. Torch is not needed here.

What always holds: a figure that this machine does not tell is left out, never guessed. Called by the heartbeat.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

#: Degrees from which a processor counts as too hot where it does not say so itself; small boards slow down at 80.
HOT = 80.0
_MOST = 3 / 4
_CGROUP = Path("/sys/fs/cgroup/memory.max")


class Meter:
    """Measures this process and its machine; the processor's share is that since the last call."""

    def __init__(self) -> None:
        try:
            import psutil
        except ImportError:
            self._process = None
            return
        self._process = psutil.Process()
        self._process.cpu_percent(None)

    def read(self) -> dict[str, float]:
        """Return what is known: `cpu` in percent of one core, `memory` of this process and `free` in bytes,
        `temperature` in degrees Celsius and `hot`, from where on that is too much."""
        if self._process is None:
            return {}
        import psutil

        found: dict[str, float] = {}
        with contextlib.suppress(psutil.Error, OSError):
            found["cpu"] = round(self._process.cpu_percent(None))
            found["memory"] = self._process.memory_info().rss
            found["free"] = psutil.virtual_memory().available
        with contextlib.suppress(AttributeError, OSError, ValueError):
            rows = [row for rows in psutil.sensors_temperatures().values() for row in rows]
            found.update(warmth((row.current, row.high) for row in rows))
        return found


def warmth(sensors: Iterable[tuple[float | None, float | None]]) -> dict[str, float]:
    """Return `temperature` and `hot` of the warmest of (now, too hot from) sensors; nothing where none tells."""
    known = [(now, high) for now, high in sensors if now is not None and 0 < now < 150]
    if not known:
        return {}
    now, high = max(known, key=lambda one: one[0])
    return {"temperature": round(now, 1), "hot": high if high and 40 < high < 120 else HOT}


def all_memory() -> int | None:
    """Return the bytes of memory this machine, or the container this is, may use; None where that is not told."""
    try:
        import psutil

        total = int(psutil.virtual_memory().total)
    except (ImportError, OSError):
        return None
    try:
        said = _CGROUP.read_text(encoding="ascii").strip()
        return min(total, int(said)) if said.isdigit() else total
    except (OSError, UnicodeDecodeError):
        return total


def memory_limit(asked_gb: float) -> int | None:
    """Return how many bytes a training may take: what was asked for, else three quarters of all; None: not known."""
    if asked_gb:
        return round(asked_gb * 1e9)
    whole = all_memory()
    return round(whole * _MOST) if whole else None
