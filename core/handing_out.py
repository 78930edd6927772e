"""Where a file for somebody else may be written: a report, a shared archive.

What always holds: not among frames, versions or git's own files, not through a link, and over nothing but a file of the
same kind. Called by core/sharing and by the reports of versions and of trainings.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from core.errors import Refused, WrongUsage
from core.text import safe
from core.workspace import Workspace


def check_place(workspace: Workspace, path: Path, ours: Callable[[Path], bool], kind: str) -> None:
    """Raise Refused where no file of this kind ('a report of a diff') may be written; `ours` knows one that is there."""
    shown, folder = safe(path), path.parent
    if not folder.is_dir():
        raise Refused(f"There is no folder {safe(folder)}.", "Make it first, or name a file in another.")
    real = Path(os.path.realpath(folder)) / path.name
    shut = [workspace.datasets, workspace.root / ".git", *(one.path for one in workspace.sources.values())]
    for place in shut:
        if real.is_relative_to(os.path.realpath(place)):
            raise Refused(
                f"{shown} lies in {safe(place)}, where {kind} does not belong.", "Name a file elsewhere."
            )
    if path.is_symlink() or (path.exists() and not ours(path)):
        raise Refused(f"{shown} is there already and is not {kind}.", "Give another name, or move it away.")


def check_page(workspace: Workspace, path: Path, mark: str, kind: str, like: str) -> None:
    """Raise WrongUsage for a name that is no page's (`like` is one), Refused where no page of this kind may be written.

    `mark` is what every page of the kind begins with; an empty file counts as one.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise WrongUsage(
            f"{kind[0].upper()}{kind[1:]} is a page for a browser; {safe(path.name)} is no name of one.",
            f"Name it like {like}.",
        )

    def ours(there: Path) -> bool:
        if not there.is_file():
            return False
        with open(there, "rb") as file:
            head = file.read(len(mark))
        return not head or head == mark.encode()

    check_place(workspace, path, ours, kind)
