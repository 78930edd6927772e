"""From a difference to a file: where it may lie, and its writing.

What always holds: the file is the old page or the new one, whole; nothing is overwritten but such a page, and nothing
is written among a camera's frames, the versions or git's own files, or under a name that is no page's.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from core.durable import atomic_write
from core.handing_out import check_page
from core.progress import CancelToken, Report, silent
from core.versions.report.facts import Facts
from core.versions.report.page import MARK, page
from core.versions.report.pictures import Strips, strips
from core.workspace import Workspace


def allowed(workspace: Workspace, path: Path) -> None:
    """Say before anything is looked up that a page can't be written there. Raises Refused, WrongUsage."""
    check_page(workspace, path, MARK, "a report of a diff", "report.html")


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
