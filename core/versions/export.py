"""The draft becomes a version's folder: copied, hashed, checked, re-read, and then there by one rename, or not at all.

What always holds: what is written is what was labelled, or the export stops; nothing in git is touched; an earlier
version is never changed. `plan` (in plan.py) says first what would happen. Called by the command, the release, the app.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

from core.durable import publish_dir
from core.errors import PrintModelsError
from core.frames.names import captured_at
from core.progress import CancelToken, Progress, Report, silent
from core.storage.lfs import ObjectStore, store_of
from core.storage.placing import Shelf, shelf_of
from core.storage.proven import note_files, note_links, stamp_of
from core.version import __version__
from core.versions import baselines, card, manifest
from core.versions.blocks import check_room
from core.versions.copying import Copied, copy, refuse_contradictions, verify
from core.versions.manifest import Info, Item, Selection, Version, read_version
from core.versions.plan import ExportPlan, plan, split_of
from core.versions.splits import RULE, Split
from core.versions.stage import Stage, staged, sweep
from core.workspace import Workspace

__all__ = ["ExportPlan", "export", "plan", "sweep"]


def export(
    workspace: Workspace,
    planned: ExportPlan,
    report: Report = silent,
    cancel: CancelToken | None = None,
    *,
    objects: bool = False,
) -> Version:
    """Make the version that was planned and return it as it was read back.

    With `objects`, which only a release asks for, every image's object gets into git's LFS store by the same read.
    Raises the plan's first block; Refused for frames that changed since they were labelled, are missing, unreadable,
    or have the same bytes under two labels; Lacking where room or an image's bytes lack; Cancelled. Then nothing of
    it is left, but objects that no version has yet may be.
    """
    sweep(workspace)
    if planned.blocks:
        raise planned.blocks[0]
    cancel = cancel or CancelToken()
    store = _store(workspace)
    with ExitStack() as around:
        stage = around.enter_context(
            staged(workspace.dataset_root(planned.task), planned.name, planned.bytes_needed)
        )
        files = len(planned.chosen) + len(planned.task.classes) + 5
        folder = store.folder if store else None
        check_room(stage.path, planned.bytes_needed, files, new=planned.bytes_new, objects=folder)
        shelf = around.enter_context(shelf_of(workspace, store)) if objects and store else None
        for name in sorted({chosen.label for chosen in planned.chosen}):
            stage.make_folder(name)
        copied = copy(workspace, planned, stage, shelf, report, cancel)
        refuse_contradictions(copied)
        items = _write_texts(workspace, planned, stage, copied)
        seen = verify(stage, shelf, copied, report, cancel)
        cancel.check()
        report(Progress("publishing", len(items), len(items)))
        stage.make_durable()
        if shelf is not None:
            shelf.publish(synced=stage.path)
        publish_dir(stage.path, planned.path, synced=True)
        if shelf is not None:
            _note(planned, shelf, copied, seen)
    _bind(workspace, planned, copied)
    return read_version(workspace, planned.task, planned.name)


def _write_texts(
    workspace: Workspace, planned: ExportPlan, stage: Stage, copied: Sequence[Copied]
) -> list[Item]:
    """Write manifest, labels, facts and card; return the items."""
    oids = {one.chosen.frame: one.oid for one in copied}
    split = split_of(workspace, planned.task, planned.chosen, planned.places, oids)
    items = [item_of(one, planned, split) for one in copied]
    info = info_of(workspace, planned, copied, items, split)
    stage.write(manifest.METADATA, manifest.encode_metadata(items))
    stage.write(manifest.LABELS, manifest.encode_labels(items))
    stage.write(manifest.INFO, manifest.encode_info(info))
    ordered = tuple(sorted(items, key=lambda item: item.file_name))
    version = Version(planned.task, planned.name, planned.path, info, ordered, info.digest)
    text = card.render(version, parent=planned.parent, license_=workspace.settings.license)
    stage.write(manifest.CARD, text)
    return items


def _store(workspace: Workspace) -> ObjectStore | None:
    """Return where Git LFS keeps the images, None outside a repository."""
    try:
        return store_of(workspace.root)
    except PrintModelsError:
        return None


def _note(
    planned: ExportPlan, shelf: Shelf, copied: Sequence[Copied], seen: Mapping[str, tuple[int, int]]
) -> None:
    """Remember the files that are as they were `seen` when they were read back, so that staging reads none again."""
    found = ((one, planned.path / one.file_name) for one in copied)
    stats = [(path, one.oid, os.lstat(path), seen[one.file_name]) for one, path in found]
    note_files((p, oid, stamp_of(at)) for p, oid, at, was in stats if (at.st_size, at.st_mtime_ns) == was)
    note_links(shelf.linked)


def _bind(workspace: Workspace, planned: ExportPlan, copied: Sequence[Copied]) -> None:
    """Record for labels that name no bytes yet which the export read, so that the next one need not look at the camera.

    A label that was given anew meanwhile is left as it is. What can't be recorded is read once more next time.
    """
    bindings = {one.chosen.frame: one.binding for one in copied if one.binding is not None}
    if not bindings or planned.draft.rule == "file" or workspace.read_only is not None:
        return
    from core.labels.store import LabelStore

    with suppress(PrintModelsError, OSError), LabelStore(workspace) as labels:
        if labels.read_only is None:
            fitting = {}
            for frame, binding in bindings.items():
                label = labels.get(planned.task, frame)
                seen = (binding.size, binding.mtime_ns)
                if label and (label.size is None or (label.size, label.mtime_ns) == seen):
                    fitting[frame] = binding
            labels.bind(planned.task, fitting)


def local_time(moment: str) -> str:
    """Return a moment of the label store (UTC) as local time with its offset, in whole seconds."""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.astimezone().isoformat(timespec="seconds")


def item_of(one: Copied, planned: ExportPlan, split: Split) -> Item:
    """Return what a version says of one of its images."""
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


def info_of(
    workspace: Workspace, planned: ExportPlan, copied: Sequence[Copied], items: Sequence[Item], split: Split
) -> Info:
    """Return what a version says of itself."""
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
        comments=list(planned.comments),
        tool=f"print-models {__version__}",
    )
