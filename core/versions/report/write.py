"""From a difference to a file: where it may lie, and its writing.

What always holds: the file is the old page or the new one, whole; nothing is overwritten but such a page, and nothing
is written among a camera's frames, the versions or git's own files, or under a name that is no page's.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from core.durable import atomic_write
from core.errors import Refused, WrongUsage
from core.progress import CancelToken, Report, silent
from core.text import safe
from core.versions.report.facts import Facts
from core.versions.report.page import MARK, page
from core.versions.report.pictures import Strips, strips
from core.workspace import Workspace


def allowed(workspace: Workspace, path: Path) -> None:
    """Say before anything is looked up that a page can't be written there. Raises Refused, WrongUsage."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise WrongUsage(
            f"A report is a page for a browser; {safe(path.name)} is no name of one.",
            "Name it like report.html.",
        )
    shown, folder = safe(path), path.parent
    if not folder.is_dir():
        raise Refused(f"There is no folder {safe(folder)}.", "Make it first, or name a file in another.")
    real = Path(os.path.realpath(folder)) / path.name
    shut = [workspace.datasets, workspace.root / ".git", *(one.path for one in workspace.sources.values())]
    for place in shut:
        if real.is_relative_to(os.path.realpath(place)):
            raise Refused(
                f"{shown} lies in {safe(place)}, where no report belongs.", "Name a file elsewhere."
            )
    if path.is_symlink() or (path.exists() and not _ours(path)):
        raise Refused(
            f"{shown} is there already and is no report of a diff.", "Give another name, or move it away."
        )


def _ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        head = file.read(len(MARK))
    return not head or head == MARK.encode()


def write(
    workspace: Workspace,
    facts: Facts,
    path: Path,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Strips:
    """Write the page of a difference and return what was shown in it. Raises Refused, Lacking, Cancelled."""
    allowed(workspace, path)
    shown = strips(workspace, facts.found, facts.files, report, cancel)
    made = page(facts, shown, datetime.now())
    atomic_write(path, made.encode("utf-8", "replace"), last_look=lambda: allowed(workspace, path))
    return shown
