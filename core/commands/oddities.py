"""What lies in the camera folders and is no frame, by name with the reason: `frames --problems`.

The list of frames only counts such files, folder by folder; here the folders that have some are looked at once more.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.frames.folders import _no_day, _no_frame
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.folders import Problem
    from core.frames.index import FrameIndex


def named(workspace: Workspace, index: FrameIndex, problems: Iterable[Problem]) -> list[tuple[str, str]]:
    """Return (path below the workspace, why it is no frame), in order of paths; a folder that is away stands alone."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        kinds[problem.where].append(problem.what)
    found: list[tuple[str, str]] = []
    for where, whats in kinds.items():
        source, _, folder = where.partition("/")
        try:
            with os.scandir(workspace.sources[source].path / folder) as entries:
                mine = [
                    (f"{where}/{entry.name}", _reason(entry, whats, at_top=not folder))
                    for entry in entries
                    if f"{where}/{entry.name}" not in index
                ]
        except (OSError, KeyError):
            mine = [(where, what) for what in whats]
        found += [(path, why) for path, why in mine if why]
    return sorted(found)


def _reason(entry: os.DirEntry[str], whats: list[str], *, at_top: bool) -> str:
    """Return why an entry is no frame in the words of the list; '' for a day folder."""
    said = _no_day(entry) if at_top else _no_frame(entry)
    if said in whats:
        return said
    return "" if entry.is_dir(follow_symlinks=False) else whats[0]
