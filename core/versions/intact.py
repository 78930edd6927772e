"""Can every picture of a draft or a version still be had, as it was labelled, and is there room for the copy?

What always holds: looks at names, sizes and times; a file is hashed only where its time changed and its size did not, and
at most a few hundred of them. Whether a picture can be decoded is known where frames were measured or a version was
made of it; the export reads every byte all the same. Called by gates.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.durable import hash_file
from core.errors import Lacking, PrintModelsError
from core.frames.measured import Changes
from core.human import count, plural, size
from core.storage import plans
from core.storage.git import Git
from core.storage.known import known_objects
from core.storage.lfs import store_of
from core.tasks import Task
from core.text import safe
from core.versions.blocks import check_room
from core.versions.checks import CheckResult
from core.versions.images import Images, describe
from core.versions.manifest import Version
from core.versions.plan import ExportPlan, held_items
from core.versions.quality import named
from core.versions.selection import Chosen
from core.workspace import Workspace

#: So many files whose time changed and whose size did not are hashed; the export compares them all.
_HASHED = 200


@dataclass(frozen=True, slots=True)
class Weight:
    """What a planned version takes: its images, the bytes of a copy of all, and those that are new."""

    task: Task
    images: int
    bytes_needed: int
    bytes_new: int


def changed(workspace: Workspace, planned: ExportPlan, images: Images | None = None) -> CheckResult:
    """Name the frames whose file is another than the one that was labelled, and whose picture is kept nowhere."""
    images, suspects = images or Images(workspace), []
    for chosen in planned.chosen:
        if chosen.size is None:
            continue
        try:
            found = images.looks.at(workspace.frame_path(chosen.frame))
        except PrintModelsError:
            continue
        if found is None:
            continue  # `missing` and `camera` tell of it
        if (found.st_size, found.st_mtime_ns) != (chosen.size, chosen.mtime_ns):
            suspects.append((chosen, found.st_size))
    held, hashed = held_items(planned.draft), 0
    gone, unsure = [], 0
    for chosen, now in suspects:
        item = held.get(chosen.frame)
        wanted = chosen.oid or (item.oid if item is not None and item.size == chosen.size else None)
        if wanted is not None and images.has(wanted, chosen.size):
            continue  # the labelled picture is kept; that one is taken
        if wanted is not None and now == chosen.size:
            if hashed == _HASHED:
                unsure += 1
                continue
            hashed += 1
            if _oid(workspace.frame_path(chosen.frame)) == wanted:
                continue  # touched, and the same bytes
        gone.append(chosen)
    if gone:
        told = "; ".join(describe(c.frame, c, workspace) for c in gone[:3])
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        text = f"{plural(len(gone), 'frame')} changed since labelled: {told}{more}."
        remedy = "Look at each again and label it anew, or take its label off."
        return CheckResult("changed", "block", text, remedy, tuple(c.frame for c in gone))
    later = f"; {plural(unsure, 'file')} with another time will be compared by the export" if unsure else ""
    return CheckResult("changed", "pass", f"No file is known to have changed since it was labelled{later}.")


def _oid(path: Path) -> str:
    try:
        return hash_file(path).oid
    except (OSError, PrintModelsError):
        return ""


def missing(planned: ExportPlan) -> CheckResult | None:
    """Name the frames of a draft that are found nowhere; None where a camera is away, which is said in their stead."""
    if not planned.missing:
        return CheckResult("missing", "pass", "The picture of every frame is somewhere.")
    for error in planned.blocks:
        if isinstance(error, Lacking):
            return None
    text = f"{plural(len(planned.missing), 'labelled frame')} of the draft found nowhere: {named(planned.missing)}."
    remedy = "Bring the files back, or leave them out by name: print-models export --allow-missing"
    return CheckResult("missing", "block", text, remedy, planned.missing)


def images_there(version: Version) -> CheckResult:
    """Name the images of a version that its folder lacks, by name alone; `verify` reads their bytes."""
    there: dict[str, set[str]] = {}
    for name in {item.label for item in version.items}:
        try:
            there[name] = set(os.listdir(version.path / name))
        except OSError:
            there[name] = set()
    gone = tuple(item.file_name for item in version.items if item.base_name not in there.get(item.label, ()))
    if gone:
        text = f"{plural(len(gone), 'image')} of the version missing: {named(gone)}."
        return CheckResult("missing", "block", text, "git checkout -- its folder, then git lfs pull.", gone)
    return CheckResult("missing", "pass", "The file of every image is there; verify reads their bytes.")


def decodable(workspace: Workspace, planned: ExportPlan, images: Images | None = None) -> CheckResult:
    """Name the frames of a draft that could not be read when they were measured, and that no version holds."""
    held = held_items(planned.draft)
    asked = [chosen for chosen in planned.chosen if chosen.frame not in held]
    images = images or Images(workspace)
    broken = _unreadable(images, asked)
    lost = {
        c.frame: broken[c.frame]
        for c in asked
        if c.frame in broken and not (c.oid is not None and images.has(c.oid, c.size))
    }
    return _decodable(lost, "The export decodes every picture that no version holds yet")


def version_decodable(workspace: Workspace, version: Version) -> CheckResult:
    """Say of which images of a version it is known that they are whole: those that an export of ours looked at."""
    looked = sum(item.width is not None for item in version.items)
    if looked == len(version.items):
        text = "Every picture was looked at when the version was made; verify compares its bytes."
        return CheckResult("decodable", "pass", text)
    unseen = [Chosen(i.source, i.label, "", "", "", "") for i in version.items if i.width is None]
    return _decodable(
        _unreadable(Images(workspace), unseen),
        f"Nothing looked at {plural(len(unseen), 'picture')} when it was made",
    )


def _decodable(broken: dict[str, str], otherwise: str) -> CheckResult:
    if not broken:
        return CheckResult("decodable", "pass", f"No picture is known to be broken. {otherwise}.")
    told = "; ".join(
        f"{safe(frame, limit=100)}: {safe(why, limit=120).rstrip('.')}"
        for frame, why in list(broken.items())[:3]
    )
    more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
    return CheckResult(
        "decodable",
        "block",
        f"{plural(len(broken), 'picture')} can't be read: {told}{more}.",
        "Take the label off, or exclude the frame by name.",
        tuple(broken),
    )


def _unreadable(images: Images, asked: Iterable[Chosen]) -> dict[str, str]:
    """Return the frames that could not be measured, with why; those that are gone are the business of `missing`."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for chosen in asked:
        by_source[chosen.frame.partition("/")[0]].append(chosen.frame)
    found: dict[str, str] = {}
    if not by_source or not images.workspace.index_db.is_file():
        return found
    with Changes(images.workspace) as changes:
        for source, frames in by_source.items():
            broken = changes.unreadable(source)
            found.update({frame: broken[frame] for frame in frames if frame in broken})
    return {frame: why for frame, why in found.items() if images.on_camera(frame)}


def room(workspace: Workspace, weight: Weight) -> CheckResult:
    """Is there room on the disks, bytes and inodes, for the version and for its copy in Git LFS?"""
    root = workspace.dataset_root(weight.task)
    there = next(folder for folder in (root, *root.parents) if folder.is_dir())
    try:
        objects = store_of(workspace.root).folder
    except PrintModelsError:  # no repository: nothing is copied
        objects = None
    files = weight.images + len(weight.task.classes) + 5
    try:
        check_room(there, weight.bytes_needed, files, new=weight.bytes_new, objects=objects)
    except Lacking as error:
        return CheckResult("room", "block", error.what, error.remedy, code=error.exit_code)
    disk = os.statvfs(there)
    free = f"{size(disk.f_bavail * disk.f_frsize)} free"
    inodes = f", {count(disk.f_favail)} inodes" if disk.f_files else ""
    return CheckResult("room", "pass", f"The version takes {size(weight.bytes_needed)}, of {free}{inodes}.")


def plan_limit(workspace: Workspace, weight: Weight) -> CheckResult:
    """Would what is new to the repository go over the storage of its plan?"""
    remotes = {
        key.split(".", 1)[1].removesuffix(".url"): url
        for key, url in Git(workspace.root).config().items()
        if key.startswith("remote.") and key.endswith(".url")
    }
    try:
        plan = plans.plan_for(workspace.settings.storage.plan, remotes)
    except PrintModelsError as error:
        return CheckResult("plan-limit", "warn", error.what, error.remedy)
    if plan is None or plan.storage is None:
        return CheckResult("plan-limit", "pass", "No plan here has a limit that is known.")
    after = sum(known_objects(workspace).values()) + weight.bytes_new
    told = f"{size(after)} would be stored, of the {size(plan.storage)} of {plan.name}"
    if after <= plan.storage:
        return CheckResult("plan-limit", "pass", f"{told}.")
    remedy = "What is pushed to a hosted store can't be taken back; see print-models storage, or label fewer frames."
    return CheckResult("plan-limit", "warn", f"{told}: {size(after - plan.storage)} too much.", remedy)
