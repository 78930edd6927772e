"""What becomes readable on a remote with the first push to it: which pictures, of which days and classes, and how many.

What always holds: nothing is sent or written. A push can't be taken back, and pictures may show more than a print; so
the first one to a place says what it shows. Called by the planning of a release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.errors import PrintModelsError
from core.frames.names import day_of
from core.human import count, plural
from core.releasing.pushing import Waiting
from core.text import safe
from core.versions.manifest import Version, number_of, read_version
from core.versions.seeing import Batch, Place
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.releasing.planning import ReleasePlan
    from core.versions.selection import Chosen

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
    for version in _versions(workspace, tags):
        found += counted(version.task.name, version.name, ((i.source, i.label) for i in version.items))
    return found


def batches(plan: ReleasePlan) -> tuple[Batch, ...]:
    """Return the pictures that the first push to a remote shows there, by version, day and class; none for a later one.

    A picture that several versions hold is with the first of them.
    """
    if not plan.shows or plan.waits is None:
        return ()
    rows = [(plan.task.name, plan.name, one.label, Place(one.frame, one.oid or "", "")) for one in _own(plan)]
    for version in (*([plan.existing] if plan.existing else []), *_versions(plan.workspace, plan.waits.tags)):
        folder = plan.workspace.version_dir(version.task, version.name)
        rows += [
            (
                version.task.name,
                version.name,
                item.label,
                Place(item.source, item.oid or "", f"{folder / item.file_name}"),
            )
            for item in version.items
        ]
    rows.sort(key=lambda row: (row[0], number_of(row[1]) or 0, row[3]))
    found: dict[tuple[str, str, str, str], list[Place]] = {}
    seen: set[tuple[str, str]] = set()
    for task, name, label, place in rows:
        if (picture := (place.key, place.oid)) not in seen:
            seen.add(picture)
            found.setdefault((task, name, day_of(place.key) or "", label), []).append(place)
    order = sorted(found, key=lambda one: (one[0], number_of(one[1]) or 0, *one[2:]))
    return tuple(Batch(*which, tuple(found[which])) for which in order)


def _own(plan: ReleasePlan) -> Iterable[Chosen]:
    return plan.planned.chosen if plan.planned is not None else ()


def _versions(workspace: Workspace, tags: Iterable[str]) -> Iterable[Version]:
    for tag in tags:
        task, _, name = tag.partition("/")
        if task not in workspace.tasks or number_of(name) is None:
            continue
        try:
            yield read_version(workspace, workspace.task(task), name)
        except PrintModelsError:
            continue


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
