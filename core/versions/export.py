"""The draft becomes a version's folder: copied, hashed, checked, re-read, and then there by one rename, or not at all.

What always holds: what is written is what was labelled, or the export stops; nothing in git is touched; an earlier
version is never changed. `plan` (in plan.py) says first what would happen. Called by the command, the release, the app.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from core.durable import publish_dir
from core.errors import Lacking, PrintModelsError, Refused
from core.frames.check import Unreadable, inspect
from core.frames.helper import helpers
from core.frames.names import captured_at
from core.human import plural
from core.progress import CancelToken, Progress, Report, silent
from core.storage.lfs import store_of
from core.text import safe
from core.version import __version__
from core.versions import baselines, card, manifest
from core.versions.blocks import check_room, few
from core.versions.images import Changed, Images, Missing, describe
from core.versions.manifest import Info, Item, Selection, Version, read_version
from core.versions.plan import ExportPlan, held_items, plan, split_of
from core.versions.selection import Chosen
from core.versions.splits import RULE, Split
from core.versions.stage import Stage, staged, sweep
from core.workspace import Workspace

__all__ = ["ExportPlan", "export", "plan", "sweep"]

_T = TypeVar("_T")
#: At most so many images are decoded for the brightness rule.
_MEASURED = 96


@dataclass(frozen=True, slots=True)
class _Copied:
    """An image in the stage: its facts, and for some its mean grey, for the baselines."""

    chosen: Chosen
    file_name: str
    oid: str
    size: int
    width: int
    height: int
    brightness: float | None


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why a frame could not be copied: 'missing', 'changed' or 'unreadable', in words."""

    kind: str
    text: str
    lacking: bool = False


def export(
    workspace: Workspace, planned: ExportPlan, report: Report = silent, cancel: CancelToken | None = None
) -> Version:
    """Make the version that was planned and return it as it was read back.

    Raises the plan's first block; Refused for frames that changed since they were labelled, are missing, unreadable,
    or have the same bytes under two labels; Lacking where room or an image's bytes lack; Cancelled. Then nothing of
    it is left.
    """
    sweep(workspace)
    if planned.blocks:
        raise planned.blocks[0]
    cancel = cancel or CancelToken()
    with staged(workspace.dataset_root(planned.task), planned.name, planned.bytes_needed) as stage:
        files = len(planned.chosen) + len(planned.task.classes) + 5
        objects = _object_folder(workspace)
        check_room(stage.path, planned.bytes_needed, files, new=planned.bytes_new, objects=objects)
        for name in sorted({chosen.label for chosen in planned.chosen}):
            stage.make_folder(name)
        copied = _copy(workspace, planned, stage, report, cancel)
        _refuse_contradictions(copied)
        oids = {one.chosen.frame: one.oid for one in copied}
        split = split_of(workspace, planned.task, planned.chosen, planned.places, oids)
        items = [_item(one, planned, split) for one in copied]
        info = _info(workspace, planned, copied, items, split)
        stage.write(manifest.METADATA, manifest.encode_metadata(items))
        stage.write(manifest.LABELS, manifest.encode_labels(items))
        stage.write(manifest.INFO, manifest.encode_info(info))
        ordered = tuple(sorted(items, key=lambda item: item.file_name))
        version = Version(planned.task, planned.name, planned.path, info, ordered, info.digest)
        stage.write(
            manifest.CARD, card.render(version, parent=planned.parent, license_=workspace.settings.license)
        )
        _verify(stage, items, report, cancel)
        cancel.check()
        report(Progress("publishing", len(items), len(items)))
        stage.make_durable()
        publish_dir(stage.path, planned.path)
    return read_version(workspace, planned.task, planned.name)


def _object_folder(workspace: Workspace) -> Path | None:
    """Return where Git LFS will copy the images to, None outside a repository."""
    try:
        return store_of(workspace.root).folder
    except PrintModelsError:
        return None


def _pooled(
    work: Callable[[_T], object], jobs: Sequence[_T], step: str, report: Report, cancel: CancelToken
) -> None:
    """Run `work` on every job on a few threads; the first error, or a cancel, ends it."""
    done, failed = 0, threading.Event()

    def one(job: _T) -> None:
        if failed.is_set():
            return
        try:
            cancel.check()
            work(job)
        except BaseException:
            failed.set()
            raise

    # More threads than cores: while some wait for the disk, others hash.
    with ThreadPoolExecutor(max_workers=2 + min(4, os.cpu_count() or 1)) as pool:
        try:
            for future in [pool.submit(one, job) for job in jobs]:
                future.result()
                done += 1
                report(Progress(step, done, len(jobs)))
        except BaseException:  # also a signal's: what has not begun must not begin any more
            failed.set()
            raise


def _copy(
    workspace: Workspace, planned: ExportPlan, stage: Stage, report: Report, cancel: CancelToken
) -> list[_Copied]:
    """Read every image once: hash, check and measure the bytes that are written. In key order."""
    images, held = Images(workspace), held_items(planned.draft)
    measured = _measured(planned.chosen)
    copied: dict[str, _Copied] = {}
    problems: dict[str, _Problem] = {}

    def one(chosen: Chosen) -> None:
        frame, name = chosen.frame, planned.file_names[chosen.frame]
        try:
            found = images.find(chosen, held.get(frame))
            facts = inspect(found.data)
            light = helpers().brightness(found.data) if frame in measured else None
        except Missing:
            problems[frame] = _Problem("missing", safe(frame, limit=120), lacking=True)
        except Changed:
            problems[frame] = _Problem("changed", describe(frame, chosen, workspace))
        except Unreadable as error:
            text = f"{safe(frame, limit=120)}: {error.what} {error.remedy}"
            problems[frame] = _Problem("unreadable", text, error.missing)
        else:
            stage.write(name, found.data, found.mtime_ns)
            copied[frame] = _Copied(
                chosen, name, found.oid, len(found.data), facts.width, facts.height, light
            )

    _pooled(one, planned.chosen, "copying", report, cancel)
    if problems:
        _ask_cameras_again(workspace, sorted(problems))
        raise _stopped([problems[frame] for frame in sorted(problems)])
    return [copied[chosen.frame] for chosen in planned.chosen]


def _ask_cameras_again(workspace: Workspace, frames: Sequence[str]) -> None:
    """Raise why the camera of a frame that could not be read is away; it may have gone while it was copied from."""
    from core.frames.index import FrameIndex

    with FrameIndex(workspace) as index:
        for source in sorted({frame.split("/", 1)[0] for frame in frames} & workspace.sources.keys()):
            if (why := index.unreachable(source)) is not None:
                raise Lacking(
                    why.what, f"{why.remedy} Nothing was exported.".lstrip(), detail=why.detail
                ) from why


def _measured(chosen: Sequence[Chosen]) -> set[str]:
    """Return the frames whose brightness is measured: all, of many ones spread evenly over the classes and the time.

    Decoding costs ten times what copying does, and frames of one recording are as bright as each other.
    """
    frames = [c.frame for c in sorted(chosen, key=lambda c: (c.label, c.frame))]
    if len(frames) <= _MEASURED:
        return set(frames)
    return {frames[i * len(frames) // _MEASURED] for i in range(_MEASURED)}


_SAYS = {
    "changed": ("changed since it was labelled", "changed since they were labelled"),
    "missing": ("is found nowhere", "are found nowhere"),
    "unreadable": ("can't be used", "can't be used"),
}
_DO = {
    "changed": "Look at it again and label it anew, or take its label off; nothing was exported.",
    "missing": "Nothing was exported. Bring the files back, or leave them out by name: print-models export --allow-missing",
    "unreadable": "Take its label off or exclude it by name; nothing was exported.",
}


def _stopped(problems: Sequence[_Problem]) -> PrintModelsError:
    kind = problems[0].kind
    same = [problem for problem in problems if problem.kind == kind]
    named = few([problem.text.rstrip(".") for problem in same])
    first = f"{plural(len(same), 'frame')} {_SAYS[kind][len(same) > 1]}: {named}."
    rest = "\n".join(problem.text for problem in problems)
    error = Lacking if all(problem.lacking for problem in problems) and kind == "unreadable" else Refused
    others = len(problems) - len(same)
    also = f" {plural(others, 'other frame')} can't be taken either." if others else ""
    return error(first + also, _DO[kind], detail=rest)


def _refuse_contradictions(copied: Iterable[_Copied]) -> None:
    first: dict[str, _Copied] = {}
    for one in copied:
        other = first.setdefault(one.oid, one)
        if other.chosen.label != one.chosen.label:
            raise Refused(
                f"{safe(other.chosen.frame)} is labelled {other.chosen.label} and {safe(one.chosen.frame)} "
                f"{one.chosen.label}, but they are the same picture, byte for byte.",
                "Correct one of the two labels; nothing was exported.",
            )


def local_time(moment: str) -> str:
    """Return a moment of the label store (UTC) as local time with its offset, in whole seconds."""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.astimezone().isoformat(timespec="seconds")


def _item(one: _Copied, planned: ExportPlan, split: Split) -> Item:
    chosen = one.chosen
    at = captured_at(chosen.frame)
    return Item(
        file_name=one.file_name,
        label=chosen.label,
        source=chosen.frame,
        captured_at=at.isoformat() if at else None,
        oid=one.oid,
        size=one.size,
        width=one.width,
        height=one.height,
        recording=planned.places.recordings[chosen.frame],
        split=split.of[chosen.frame],
        labelled_by=chosen.by or None,
        labelled_how=chosen.how,
        labelled_at=local_time(chosen.at) if chosen.at else None,
    )


def _info(
    workspace: Workspace, planned: ExportPlan, copied: Sequence[_Copied], items: Sequence[Item], split: Split
) -> Info:
    rule, task = workspace.settings.split, planned.task
    per_split: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        per_split[item.split or ""][item.label] += 1
    samples = [
        baselines.Sample(
            one.chosen.frame,
            one.chosen.label,
            planned.places.recordings[one.chosen.frame],
            split.of[one.chosen.frame],
            captured_at(one.chosen.frame),
            one.brightness,
        )
        for one in copied
    ]
    split_rule: dict[str, object] = {
        "rule": RULE,
        "unit": "recording",
        "gap_minutes": rule.gap_minutes,
        "embargo_minutes": rule.embargo_minutes,
        "validation": rule.validation,
        "seed": rule.seed,
        "inherited_from": planned.parent.name if planned.parent and planned.places.inherited else None,
    }
    if planned.places.unlisted:
        split_rule["frames_without_list"] = len(planned.places.unlisted)
        split_rule["gap_minutes_without_list"] = planned.places.unlisted_gap
    by_class = Counter(item.label for item in items)
    return Info(
        format=manifest.FORMAT,
        version=f"{manifest.number_of(planned.name)}.0",
        name=planned.name,
        dataset_type=task.name,
        description=planned.description,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        parent=planned.parent.name if planned.parent else None,
        digest=manifest.digest(items),
        total_images=len(items),
        total_bytes=sum(one.size for one in copied),
        classes={name: by_class[name] for name in task.classes},
        splits={
            side: {name: per_split[side][name] for name in task.classes}
            for side in (manifest.TRAIN, manifest.VALIDATION, manifest.EMBARGO)
            if side != manifest.EMBARGO or side in per_split
        },
        recordings=len({item.recording for item in items}),
        split_rule=split_rule,
        least_distance_minutes=split.least_distance,
        baselines=dict(baselines.out_of_fold(samples, task.classes, embargo_minutes=rule.embargo_minutes)),
        validation_baselines=dict(baselines.on_split(samples, task.classes)),
        source_labels=planned.source_labels,
        excluded=list(planned.excluded),
        selection=Selection(
            rule=planned.draft.rule,
            labelled=planned.draft.labelled,
            left_out=planned.draft.left_out_by_rule,
            per_stretch=task.per_stretch if planned.draft.rule == "spread" else None,
        ),
        limits=list(split.limits),
        tool=f"print-models {__version__}",
    )


def _verify(stage: Stage, items: Sequence[Item], report: Report, cancel: CancelToken) -> None:
    """Read every staged image again and compare it with its oid."""

    def one(item: Item) -> None:
        if f"sha256:{hashlib.sha256(stage.read(item.file_name)).hexdigest()}" != item.oid:
            raise Lacking(
                f"{safe(item.file_name)} was written with other bytes than were read: the disk or memory is failing.",
                "Look at the disk (dmesg), then try again; nothing was exported.",
            )

    _pooled(one, items, "checking", report, cancel)
