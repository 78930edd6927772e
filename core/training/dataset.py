"""What a training learns from: a released version, or the draft as it stood; in its own split, or one drawn for it.

What always holds: what comes out of here has the digest that the training's spec names, or it is not what the training
was started on. The draft of a training lies in its folder, as the text of a version without pictures; a draft that was
released since is found by its digest. Called by who starts a training, by the training, and by who judges it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from core.durable import atomic_write, explain
from core.errors import Damaged, Lacking, PrintModelsError, Refused
from core.human import plural
from core.text import safe
from core.training.sides import cut
from core.training.spec import Spec
from core.versions import manifest
from core.versions.manifest import DRAFT, TRAIN, VALIDATION, Item, Version, list_versions, read_version
from core.versions.splits import Row, split
from core.workspace import Workspace

FOLDER = "draft"


def keep_draft(run: Path, version: Version) -> None:
    """Write a draft into a training's folder: what a version would say, without its pictures. Raises Lacking."""
    folder = run / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        atomic_write(folder / manifest.METADATA, manifest.encode_metadata(version.items))
        atomic_write(folder / manifest.LABELS, manifest.encode_labels(version.items))
        atomic_write(folder / manifest.INFO, manifest.encode_info(version.info))
    except OSError as error:
        raise explain(error, "keeping the draft of a training") from error


def version_of(workspace: Workspace, what: Spec, run: Path | None = None) -> Version:
    """Return the version that a spec names, its own split put in place; `run` is the training's folder.

    Raises Lacking (no such version), Damaged (it can't be read), Refused (the split it asks for can't be).
    """
    found = _named(workspace, what, run)
    return anew(workspace, found, what.val_split, what.seed) if what.val_split else found


def require_same(what: Spec, version: Version) -> None:
    """Raise Refused where a version is not what a training was started on."""
    if version.digest == what.dataset.digest and version.task.classes == what.classes:
        return
    name = f"{version.task.name} {safe(what.dataset.version)}"
    raise Refused(
        f"{name} is not what this training was started on: its digest differs.",
        "Start another training on it as it is: print-models train"
        if what.dataset.version == DRAFT or what.val_split
        else f"Get the version as it was: git checkout -- datasets/{version.task.name}/{version.name}",
    )


def _named(workspace: Workspace, what: Spec, run: Path | None) -> Version:
    task, name = workspace.task(what.task), what.dataset.version
    if name == DRAFT and run is not None and (run / FOLDER).is_dir():
        from core.versions.trees import FolderTree, read_tree

        try:
            return read_tree(FolderTree(run / FOLDER), task, DRAFT, run / FOLDER)
        except Damaged as error:
            raise Damaged(f"The draft of {safe(run.name)}: {error.what}", "Train again.") from error
    if name in list_versions(workspace, task):
        found = read_version(workspace, task, name)
        if found.digest == what.dataset.digest or what.val_split:
            return found
    known = released(workspace, what)
    if known is None and name == DRAFT:
        raise Lacking(
            f"The draft of {task.name} that was learned from is not here, and no version holds the same.",
            "Train again: print-models train",
        )
    return known or read_version(workspace, task, name)


def released(workspace: Workspace, what: Spec) -> Version | None:
    """Return the version with exactly what a spec learned from, whatever it is called."""
    task = workspace.task(what.task)
    for name in list_versions(workspace, task):
        try:
            version = read_version(workspace, task, name)
        except PrintModelsError:  # a damaged one is nobody's
            continue
        if version.digest and version.digest == what.dataset.digest:
            return version
    return None


def how_to_release(workspace: Workspace, what: Spec, run: Path) -> str:
    """Return how the draft that a training learned from becomes a version, after which its model can become one."""
    task = workspace.task(what.task)
    release = f"print-models release --task {task.name}"
    try:
        labels = _named(workspace, what, run).info.source_labels
    except PrintModelsError:
        labels = task.labels_file
    if labels in ("", task.labels_file):
        return f"Release these labels, then promote it: {release}"
    export = f"print-models export --task {task.name} --labels {shlex.quote(safe(labels))}"
    return f"Make a version of these labels, then promote it: {export} && {release}"


def anew(workspace: Workspace, version: Version, share: float, seed: int) -> Version:
    """Return a version with all of its recordings assigned anew, `share` of each class (0 to 1) to validation.

    The rule is that of every split (core.versions.splits), as if no version had been before; among equally good ones
    `seed` decides. Its digest is another one, since the sides are part of it. Raises Refused where a class would be on
    one side only.
    """
    items, recordings, moments = cut(version)
    rows = [Row(i.file_name, i.label, recordings[i.file_name], moments[i.file_name], i.oid) for i in items]
    done = split(
        rows, inherited={}, classes=version.task.classes, target=share, seed=seed,
        embargo_minutes=workspace.settings.split.embargo_minutes,
    )  # fmt: skip
    _require_both_sides(version, items, done.of, recordings, share)
    ours = tuple(
        msgspec.structs.replace(i, split=done.of[i.file_name], recording=recordings[i.file_name])
        for i in items
    )
    asked = sum(item.split == VALIDATION for item in ours)
    note = (
        f"Its own split (--val-split {share:g}, seed {seed}): {asked} of {plural(len(ours), 'image')} are asked, and "
        f"the split of {version.name} is set aside, so its result stands beside no other model's."
    )
    # What the version measured for its own sides does not hold for these.
    info = msgspec.structs.replace(version.info, baselines={}, validation_baselines={})
    return replace(
        version, items=ours, digest=manifest.digest(ours), info=info, legacy=False,
        problems=(*version.problems, note),
    )  # fmt: skip


def _require_both_sides(
    version: Version, items: list[Item], of: Mapping[str, str], recordings: Mapping[str, str], share: float
) -> None:
    for name in version.task.classes:
        held = [item.file_name for item in items if item.label == name]
        lacking = [side for side in (TRAIN, VALIDATION) if not any(of[file] == side for file in held)]
        if lacking:
            number = plural(len({recordings[file] for file in held}), "recording")
            raise Refused(
                f"--val-split {share:g} can't be: all {name} of {version.task.name} {version.name} comes from {number}, "
                f"and none of it would be in {lacking[0]}.",
                "Label that class in more recordings, ask for another share, or leave --val-split out.",
            )
