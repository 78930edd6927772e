"""What a release is doing: one small durable file, `.print-models/release.json`, from its first step to its last.

What always holds: it is written before a step begins, so what a killed release may have begun is always named in it; it
is gone once nothing is left to do or to take back. It is a memory of what was asked for: whether a step is done is asked
of git, never of this file. Called by the release, its resuming and its taking back; the caller holds the release's lock.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec

from core.durable import atomic_write, explain, fsync_dir
from core.errors import Damaged
from core.training.proc import Proc, alive, identify
from core.workspace import Workspace

FORMAT = 1


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """A release that is not at its end: what was asked for, who does it, and how far it said it is.

    `labels` names the labels that were shown with the plan, `agreed` that what a first push shows was seen and agreed
    to. `doing` is the step it is at since `since`, `done` maps the
    steps before to the time they ended; times are local with offset. `by` is the process, None where unknown. `train` says that a training follows before the push, `run` which.
    """

    format: int = FORMAT
    task: str
    version: str
    message: str = ""
    push: bool = False
    remote: str | None = None
    proof: str = ""
    labels: str = ""
    agreed: bool = False
    train: bool = False
    run: str = ""
    begun: str = ""
    doing: str = ""
    since: str = ""
    done: dict[str, str] = {}
    by: Proc | None = None

    @property
    def tag(self) -> str:
        return f"{self.task}/{self.version}"

    @property
    def running(self) -> bool:
        """True while the process that wrote it runs."""
        return self.by is not None and alive(self.by)


def now() -> str:
    """Return this moment as the files of a workspace tell it: local time with its offset."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def path_of(workspace: Workspace) -> Path:
    return workspace.private / "release.json"


def read(workspace: Workspace) -> Journal | None:
    """Return the release that is not at its end, None where there is none. Raises Damaged for a file that is no journal."""
    path = path_of(workspace)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Journal)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain(error, "reading what a release was doing") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(
            "What an interrupted release was doing can't be read: .print-models/release.json is damaged.",
            "Delete that file; git knows what was done, and release goes on from there.",
        ) from error


def begin(workspace: Workspace, journal: Journal) -> Journal:
    """Write that a release begins, by this process, with its first step; return what was written."""
    at = now()
    begun = msgspec.structs.replace(
        journal, begun=journal.begun or at, doing="checks", since=at, by=identify(os.getpid())
    )
    return _write(workspace, begun)


def enter(workspace: Workspace, journal: Journal, step: str) -> Journal:
    """Write that a step begins, and with it that the one before is done; return what was written."""
    at = now()
    done = {**journal.done, journal.doing: at} if journal.doing else journal.done
    # That a release began is on the disk; after a power cut the step before may be named, and git is asked anyway.
    return _write(workspace, msgspec.structs.replace(journal, doing=step, since=at, done=done), at_once=False)


def end(workspace: Workspace) -> None:
    """Take the journal away: nothing is left to do, or to take back."""
    path = path_of(workspace)
    try:
        path.unlink()
        fsync_dir(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise explain(error, "ending the journal of a release") from error


def _write(workspace: Workspace, journal: Journal, *, at_once: bool = True) -> Journal:
    data = msgspec.json.format(msgspec.json.encode(journal, order="sorted"), indent=2) + b"\n"
    try:
        atomic_write(path_of(workspace), data, at_once=at_once)
    except OSError as error:
        raise explain(error, "writing what the release is doing") from error
    return journal
