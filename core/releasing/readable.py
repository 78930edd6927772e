"""What becomes readable on a remote with the first push to it: which pictures, of which days and classes, and how many.

What always holds: nothing is sent or written. A push can't be taken back, and pictures may show more than a print; so
the first one to a place says what it shows. Called by the planning of a release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import PrintModelsError
from core.frames.names import day_of
from core.human import count, plural
from core.releasing.pushing import Waiting
from core.text import safe
from core.versions.manifest import number_of, read_version
from core.workspace import Workspace

#: So many days are listed one by one.
_DAYS = 20


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """So many images of one class and day in a version; `day` is 'YYYYMMDD', '' where the name tells none."""

    task: str
    version: str
    day: str
    label: str
    images: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def counted(task: str, version: str, labels: Iterable[tuple[str, str]]) -> list[Shown]:
    """Count (frame, label) of a version by day and class."""
    found = Counter((day_of(frame) or "", label) for frame, label in labels)
    return sorted(Shown(task, version, day, label, number) for (day, label), number in found.items())


def at_first(
    workspace: Workspace, tag: str, waits: Waiting | None, labels: Iterable[tuple[str, str]]
) -> tuple[Shown, ...]:
    """Return what the first push to a remote shows there; nothing for a later one, or one that could not be asked."""
    if waits is None or not waits.first:
        return ()
    task, _, name = tag.partition("/")
    return (*counted(task, name, labels), *of_tags(workspace, waits.tags))


def of_tags(workspace: Workspace, tags: Iterable[str]) -> list[Shown]:
    """Count the versions of tags that wait for the same remote; one that can't be read here is left to its tag's name."""
    found: list[Shown] = []
    for tag in tags:
        task, _, name = tag.partition("/")
        if task not in workspace.tasks or number_of(name) is None:
            continue
        try:
            version = read_version(workspace, workspace.task(task), name)
        except PrintModelsError:
            continue
        found += counted(task, name, ((item.source, item.label) for item in version.items))
    return found


def lines(shown: Iterable[Shown]) -> list[str]:
    """Return the list for a person: a line per version and day, then what else lies beside the pictures."""
    days: dict[tuple[str, str, str], list[Shown]] = {}
    for one in sorted(shown):
        days.setdefault((one.task, one.version, one.day), []).append(one)
    said = []
    for (task, version, day), rows in list(days.items())[:_DAYS]:
        classes = " · ".join(f"{safe(row.label)} {count(row.images)}" for row in rows)
        when = f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else "unknown day"
        said.append(f"{safe(task)} {safe(version)}  {when}  {classes}")
    if len(days) > _DAYS:
        rest = sum(row.images for rows in list(days.values())[_DAYS:] for row in rows)
        said.append(f"and {plural(len(days) - _DAYS, 'more day')} with {plural(rest, 'image')}")
    said.append("labels, marks and history in data/, with who gave each and when")
    return said
