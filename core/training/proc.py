"""Which process a training is: pid, start time, boot and host together, so that a stranger is never taken for it.

A pid alone is used again by the system; a pid with the moment its process began and the identity of this boot is not.
Linux is read exactly (clock ticks since boot); elsewhere psutil answers.
"""

from __future__ import annotations

import os
import platform
import signal
from pathlib import Path

import msgspec

from core.durable import atomic_write

FILE = "proc.json"


class Proc(msgspec.Struct, frozen=True):
    """A process on a host: `started` in clock ticks since boot on Linux, elsewhere in hundredths of a second."""

    pid: int
    started: int
    boot: str
    host: str


def boot_id() -> str:
    """Return what names this boot of this machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        import psutil

        return f"{psutil.boot_time():.0f}"


def this_host() -> str:
    """Return the name of this machine."""
    return platform.node()


def _started(pid: int) -> int | None:
    """Return when a process began, None where there is none or it is a zombie."""
    try:
        # The name in brackets may hold anything, spaces and brackets too: what counts follows the last bracket.
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
        return None if fields[0] in ("Z", "X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        if os.path.isdir("/proc/self"):
            return None
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else round(process.create_time() * 100)
    except psutil.Error:
        return None


def identify(pid: int) -> Proc | None:
    """Return the identity of a process that runs now, or None."""
    started = _started(pid)
    return None if started is None else Proc(pid, started, boot_id(), this_host())


def here(proc: Proc) -> bool:
    """True where the process was started on this machine since it was last switched on."""
    return proc.host == this_host() and proc.boot == boot_id()


def alive(proc: Proc) -> bool:
    """True while exactly this process runs; a zombie does not."""
    return here(proc) and _started(proc.pid) == proc.started


def ask_to_stop(proc: Proc) -> bool:
    """Send SIGTERM to a training's process group if it still is that process; return whether it was sent."""
    if not alive(proc):
        return False
    try:
        # It leads a session of its own. One that a person started by hand may share a shell's group: then only it.
        own_group = os.getpgid(proc.pid) == proc.pid
        (os.killpg if own_group else os.kill)(proc.pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


def write(folder: Path, proc: Proc) -> None:
    """Write `proc.json` into a run's folder."""
    atomic_write(
        folder / FILE, msgspec.json.format(msgspec.json.encode(proc, order="sorted"), indent=2) + b"\n"
    )


def read(folder: Path) -> Proc | None:
    """Return who runs, or ran, a training; None where nobody has begun."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Proc)
    except (OSError, msgspec.MsgspecError):
        return None
