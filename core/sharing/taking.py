"""`import OUT.zip`: what was shown is taken: pictures that are new, the sources they go to, labels and marks.

What always holds: every picture was compared with its hash before the first file appears, and is again while it is
written; a picture appears under its name whole, and never in the place of another; where something stands in the way of
the labels, the pictures that were just written are taken away again. Called by commands/arrivals.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.durable import explain, fsync_dir, fsync_tree
from core.errors import Lacking, Refused
from core.frames import identity
from core.frames.cameras import changing, settle
from core.human import size
from core.labels.model import Binding, LabelStep
from core.labels.receiving import Received, add_lines, receive
from core.labels.store import LabelStore
from core.process import run
from core.progress import CancelToken, Progress, Report, silent
from core.sharing.arriving import FOLDER, Arrival, mark_of
from core.sharing.manifest import SharedLabel
from core.sharing.unpack import Archive
from core.text import safe
from core.workspace import Workspace

_STAGED = ".incoming."
#: So much of the disk is left free.
_FREE = 50_000_000


def check_room(workspace: Workspace, arrival: Arrival) -> None:
    """Raise Lacking where the new pictures don't fit on the disk."""
    free = shutil.disk_usage(workspace.root).free
    if arrival.fresh and free < arrival.fresh_bytes + _FREE:
        raise Lacking(
            f"The new pictures take {size(arrival.fresh_bytes)}, and {size(free)} are free on the disk; nothing was "
            "changed.",
            "Free some space (df -h), then try again.",
        )


def take(
    workspace: Workspace,
    store: LabelStore,
    archive: Archive,
    arrival: Arrival,
    *,
    who: str,
    what: str,
    here: Mapping[str, Mapping[str, str]],
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> tuple[list[LabelStep], tuple[str, ...]]:
    """Take what a file brings; return the labelling steps, and the files that changed and are not committed.

    Raises Damaged, Refused (a folder in the way), Lacking, Busy, Cancelled; then no picture and no label was taken.
    """
    check_room(workspace, arrival)
    placed: list[Path] = []
    files: tuple[str, ...] = ()
    try:
        if arrival.fresh:
            with changing(workspace):
                files, placed = _pictures(workspace, archive, arrival, report, cancel)
        labels = {
            task: {frame: _received(arrival, frame, label) for frame, label in given.items()}
            for task, given in arrival.labels.items()
        }
        marks = {frame: mark_of(frame, mark) for frame, mark in arrival.marks.items()}
        origin = f"shared by {safe(arrival.share.who, limit=80)}"
        done = receive(store, labels, marks, who=who, what=what, origin=origin, here=here)
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    _history(workspace, arrival)
    return done, files


def _received(arrival: Arrival, frame: str, label: SharedLabel) -> Received:
    return Received(
        label.class_, label.by, label.how, label.at, label.before, Binding(*arrival.bindings[frame])
    )


def _history(workspace: Workspace, arrival: Arrival) -> None:
    """Keep the lines about the labels that were taken: who gave them stands in git then."""
    keys = {
        task: {theirs: here for theirs, here in arrival.keys.items() if here in given}
        for task, given in arrival.labels.items()
    }
    for part in arrival.share.history:
        add_lines(workspace.history_dir, part.journal, part.lines, keys)


# --- sources and pictures ---------------------------------------------------------------------------------------


def _pictures(
    workspace: Workspace, archive: Archive, arrival: Arrival, report: Report, cancel: CancelToken | None
) -> tuple[tuple[str, ...], list[Path]]:
    """Write the new pictures beside their places, then let them appear; return changed files, and where they are."""
    root = workspace.root / FOLDER
    _check_folder(workspace, root)
    placed: list[Path] = []
    staged: Path | None = None
    try:
        root.mkdir(exist_ok=True)
        for left in root.glob(f"{_STAGED}*"):  # of one that was killed: this one holds the lock
            shutil.rmtree(left, ignore_errors=True)
        staged = Path(tempfile.mkdtemp(prefix=_STAGED, dir=root))
        _stage(staged, archive, arrival, report, cancel)
        files = _sources(workspace, arrival)
        for key in sorted(arrival.fresh):
            target = workspace.frame_path(key)
            target.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(target):
                raise Refused(f"{safe(key)} is there already.", "Try again: it is compared anew then.")
            os.rename(staged / key, target)
            placed.append(target)
        for folder in {path.parent for path in placed}:
            fsync_dir(folder)
    except BaseException as error:
        for path in placed:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise explain(error, "writing shared pictures") from error
        raise
    finally:
        if staged is not None:
            shutil.rmtree(staged, ignore_errors=True)
    for name in arrival.sources:
        identity.settle(workspace, workspace.sources[name])
    return files, placed


def _check_folder(workspace: Workspace, root: Path) -> None:
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        raise Refused(f"{FOLDER} is here and is no folder of print-models.", "Move it away, then try again.")
    if run(["git", "ls-files", "--", FOLDER], cwd=workspace.root, check=False).out:
        raise Refused(f"git has files under {FOLDER}/ here.", "Take them out of it, then try again.")


def _stage(
    staged: Path, archive: Archive, arrival: Arrival, report: Report, cancel: CancelToken | None
) -> None:
    for done, (key, frame) in enumerate(sorted(arrival.fresh.items())):
        if cancel is not None:
            cancel.check()
        report(Progress("taking pictures", done, len(arrival.fresh)))
        path = staged / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.picture(frame.picture or ""))
        moment = frame.moment.timestamp()
        os.utime(path, (moment, moment))
    fsync_tree(staged)


def _sources(workspace: Workspace, arrival: Arrival) -> tuple[str, ...]:
    """Enter the sources of new frames into the settings, and their folder among what git ignores."""
    changed: list[str] = []
    for name, folder in arrival.sources.items():
        if name in workspace.settings.sources:
            continue
        (workspace.root / folder).mkdir(parents=True, exist_ok=True)
        changed += settle(workspace, name, {"path": folder}, FOLDER)
    workspace.sources_changed()
    return tuple(dict.fromkeys(changed))
