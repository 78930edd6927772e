"""The quality gates: everything worth knowing before a version is made, released or trained on, over drafts and versions.

What always holds: nothing is written but what is remembered of versions, and no picture is read; one thing that can't be read is a result, and the others
are looked at all the same. What only this host lacks (a camera) warns; what a rule forbids blocks. The workspace's
[checks] say of each result how grave it is, but for what keeps data whole. Called by `check`, the screens, the release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Lacking, PrintModelsError, Refused
from core.frames.names import captured_at
from core.human import plural
from core.tasks import Task
from core.text import safe
from core.versions import blocks, claims, intact, leaks, manifest, quality
from core.versions.around import TEXTS, of_history, of_models, of_paths, of_repository
from core.versions.baselines import Sample
from core.versions.checks import CheckResult
from core.versions.manifest import Version, current_names, read_version
from core.versions.numbering import tagged_numbers
from core.versions.quality import Row, named
from core.versions.remembered import once
from core.versions.splits import Row as SplitRow
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.model import LabelProblem
    from core.labels.store import LabelStore
    from core.versions.plan import ExportPlan

__all__ = [
    "blocking",
    "of_draft",
    "of_history",
    "of_models",
    "of_planned",
    "of_repository",
    "of_version",
    "refuse",
    "settled",
]


def settled(workspace: Workspace, results: Iterable[CheckResult]) -> list[CheckResult]:
    """Return results as grave as the workspace's [checks] say; one that passes passes."""
    levels = workspace.settings.checks
    found = []
    for result in results:
        level = levels.get(result.id, result.level)
        if result.level == "pass" or level == result.level:
            found.append(result)
            continue
        why = f'print-models.toml makes it a {level}: checks.{result.id} = "{level}".'
        found.append(replace(result, level=level, remedy=f"{result.remedy} {why}".strip()))
    return found


def blocking(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Return what blocks."""
    return [result for result in results if result.level == "block"]


def refuse(about: str, results: Iterable[CheckResult]) -> None:
    """Raise Refused, or Lacking for room, naming every check that blocks; `about` is as 'offline-detection draft'."""
    found = blocking(results)
    if not found:
        return
    names = ", ".join(dict.fromkeys(safe(result.id) for result in found))
    kind = Lacking if all(result.code == Lacking.exit_code for result in found) else Refused
    raise kind(
        f"{safe(about)} is blocked by {names}: {found[0].text}",
        found[0].remedy or "See all with: print-models check",
        detail="\n".join(f"{safe(result.id)}: {result.text}" for result in found),
    )


def of_draft(workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task) -> list[CheckResult]:
    """Look at a task's labels and at the version that would be exported from them."""
    from core.versions.plan import plan

    try:
        planned = plan(workspace, store, index, task, again=True)
    except PrintModelsError as error:
        return settled(workspace, [_of_error("draft", error)])
    return of_planned(workspace, store, planned)


def of_planned(
    workspace: Workspace, store: LabelStore, planned: ExportPlan, *, paths: bool = True
) -> list[CheckResult]:
    """Look at a version that was planned, and at the labels it is made of.

    Without `paths` git is not asked about the files' names, for who asks it of the same ones with more.
    """
    task = planned.task
    labels = store.classes(task)
    entries = list(_entries(workspace, store, task))
    if not labels:
        nothing = CheckResult("draft", "pass", f"{task.name} has no labels yet.")
        return settled(workspace, [nothing, *(one for one in entries if one.level != "pass")])
    found = [*entries, *_blocks(workspace, store, planned)]
    if all(one.level == "pass" for one in found):
        text = f"{plural(len(planned.chosen), 'image')} could be exported."
        found.insert(0, CheckResult("draft", "pass", text))
    found += _spelled(workspace.labels_path(task), task, task.labels_file)
    for name in dict.fromkeys(other for _, other, _ in task.contradicts):
        files = (task.labels_file, workspace.tasks[name].labels_file)
        found.append(quality.contradicts(labels, store.classes(name), _pairs(task, name), files))
    found += [intact.changed(workspace, planned), intact.decodable(workspace, planned)]
    known = {chosen.frame: chosen.oid for chosen in planned.chosen}
    rows = [Row(frame, label, captured_at(frame), known.get(frame)) for frame, label in labels.items()]
    found.append(quality.lone(rows, workspace.settings.split.gap_minutes))
    found.append(quality.same_bytes(rows))
    found.append(quality.balance(planned.draft.classes))
    found.append(quality.recordings(planned.split.limits))
    places = planned.places.recordings
    split_rows = [
        SplitRow(c.frame, c.label, places[c.frame], captured_at(c.frame), c.oid) for c in planned.chosen
    ]
    of, embargo = planned.split.of, workspace.settings.split.embargo_minutes
    found.append(leaks.leak(split_rows, of, embargo))
    found += _of_pictures(workspace, task, split_rows, of)
    found += [intact.room(workspace, planned), intact.plan_limit(workspace, planned)]
    if paths:
        folder = f"datasets/{task.name}/{planned.name}"
        images = [f"{folder}/{name}" for name in planned.file_names.values()]
        found += of_paths(workspace, images, [*(f"{folder}/{text}" for text in TEXTS), task.labels_file])
    return settled(workspace, found)


def _pairs(task: Task, other: str) -> set[tuple[str, str]]:
    return {(own, class_) for own, name, class_ in task.contradicts if name == other}


def _entries(workspace: Workspace, store: LabelStore, task: Task) -> Iterator[CheckResult]:
    """What of the label file and the marks is no label, waits for a decision, or can't be read at all."""
    others = set(workspace.tasks) - {task.name}
    errors = [error for name, error in store.file_errors.items() if name not in others]
    if errors:
        yield CheckResult("label-file", "block", errors[0].what, errors[0].remedy)
    else:
        yield CheckResult("label-file", "pass", "The label file and the marks can be read.")
    waiting = ((task.labels_file, store.problems(task)), (blocks.MARKS_FILE, store.mark_problems()))
    for id_, in_conflict, good in (
        ("unknown-labels", False, "Every entry is a label of a frame."),
        ("conflicts", True, "No frame waits for a decision."),
    ):
        mine: list[tuple[str, LabelProblem]] = [
            (name, entry) for name, some in waiting for entry in some if entry.in_conflict == in_conflict
        ]
        if not mine:
            yield CheckResult(id_, "pass", good)
            continue
        error = blocks.entry_block(mine[0][0], [entry for name, entry in mine if name == mine[0][0]])
        yield CheckResult(id_, "block", error.what, error.remedy, tuple(entry.key for _, entry in mine))


def _blocks(workspace: Workspace, store: LabelStore, planned: ExportPlan) -> Iterator[CheckResult]:
    """What else keeps the version from being made, each under its own id."""
    told = {str(error) for error in blocks.file_blocks(workspace, store, planned.task)}
    classes = {str(error) for error in blocks.class_blocks(planned.draft)}
    there = intact.missing(planned)
    if there is not None:
        yield there
    for error in planned.blocks:
        if str(error) in told:
            continue
        if isinstance(error, Lacking):
            yield _of_error("camera", error, planned.missing)
        elif str(error) in classes:
            yield CheckResult("classes", "block", error.what, error.remedy)
        elif not planned.file_names and error is planned.blocks[-1]:  # names are looked at last
            yield CheckResult("names", "block", error.what, error.remedy)
        elif not planned.missing:
            yield CheckResult("draft", "block", error.what, error.remedy)


def _of_pictures(
    workspace: Workspace,
    task: Task,
    rows: Sequence[SplitRow],
    of: Mapping[str, str],
    baselines: Mapping[str, Any] | None = None,
) -> Iterator[CheckResult]:
    """What hour, light and likeness of the pictures give away, as far as they were measured.

    `baselines` are those a version holds: how bright its images are was measured when it was made.
    """
    measured = leaks.measured_of(workspace, (row.frame for row in rows))
    yield leaks.near_duplicates(rows, of, measured)
    samples = [
        Sample(
            row.frame,
            row.label,
            row.recording,
            of.get(row.frame, ""),
            row.captured_at,
            measured[row.frame].brightness if row.frame in measured else None,
        )
        for row in rows
    ]
    yield quality.confounded(samples, task.classes, "time_of_day")
    told = (baselines or {}).get("brightness")
    if told is None:
        yield quality.confounded(samples, task.classes, "brightness")
        return
    recordings = len({sample.recording for sample in samples})
    seen = int(told.get("images", len(samples)))
    yield quality.tells(
        "brightness", float(told["balanced"]), len(task.classes), recordings, seen, len(samples)
    )


def of_version(workspace: Workspace, task: Task, name: str) -> list[CheckResult]:
    """Look at a version's facts, card and labels; `verify` reads its images. Raises Lacking where there is none."""
    try:
        version = read_version(workspace, task, name)
    except Lacking:
        raise
    except PrintModelsError as error:
        return settled(workspace, [_of_error("version", error)])
    found = [_whole(version), intact.images_there(version)]
    if version.legacy:
        found += _spelled(version.path / manifest.LABELS, task, f"{name}/{manifest.LABELS}")
    found.append(claims.of_version(version))
    found += _contradicting(workspace, version)
    found.append(intact.version_decodable(workspace, version))
    found += once(workspace, version, lambda: _of_rows(workspace, version))
    if version.number not in tagged_numbers(workspace, task):
        folder = f"datasets/{task.name}/{name}"
        images = [f"{folder}/{item.file_name}" for item in version.items]
        found += of_paths(workspace, images, [f"{folder}/{text}" for text in TEXTS])
    return settled(workspace, found)


def _whole(version: Version) -> CheckResult:
    if version.problems:
        more = f" and {len(version.problems) - 3} more" if len(version.problems) > 3 else ""
        text = " ".join(version.problems[:3]) + more
        return CheckResult("version", "warn", text, "An older tool made it; make a new version.")
    if not version.legacy and manifest.digest(version.items) != version.digest:
        text = "metadata.jsonl does not fit the digest in dataset_info.json."
        return CheckResult("version", "block", text, "Get it as it was released: git checkout -- its folder")
    return CheckResult("version", "pass", f"{plural(len(version.items), 'image')} with their labels.")


def _contradicting(workspace: Workspace, version: Version) -> Iterator[CheckResult]:
    """Hold a version's labels against the newest versions of the tasks that they could contradict."""
    labels = {item.source: item.label for item in version.items}
    for name in dict.fromkeys(other for _, other, _ in version.task.contradicts):
        task = workspace.tasks[name]
        try:
            newest = current_names(workspace, task)[-1:]
            items = read_version(workspace, task, newest[0]).items if newest else ()
        except PrintModelsError:  # it is looked at on its own account
            continue
        if newest:
            files = (f"{version.task.name} {version.name}", f"{name} {newest[0]}")
            other = {item.source: item.label for item in items}
            yield quality.contradicts(labels, other, _pairs(version.task, name), files)


def _of_rows(workspace: Workspace, version: Version) -> Iterator[CheckResult]:
    rows = [Row(item.source, item.label, _moment(item.captured_at), item.oid) for item in version.items]
    yield quality.lone(rows, workspace.settings.split.gap_minutes)
    yield quality.same_bytes(rows)
    yield quality.balance(version.classes)
    if version.legacy:
        text = "It has no splits, so results of it can't be compared."
        yield CheckResult("recordings", "warn", text, "Make a new version.")
        return
    yield quality.recordings(version.info.limits)
    of = {item.source: item.split or "" for item in version.items}
    split_rows = [
        SplitRow(item.source, item.label, item.recording or "", row.captured_at, item.oid)
        for item, row in zip(version.items, rows, strict=True)
    ]
    embargo = version.info.split_rule.get("embargo_minutes", workspace.settings.split.embargo_minutes)
    yield leaks.leak(split_rows, of, float(embargo), version.info.least_distance_minutes)
    yield from _of_pictures(workspace, version.task, split_rows, of, version.info.baselines)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _of_error(id_: str, error: PrintModelsError, frames: tuple[str, ...] = ()) -> CheckResult:
    level = "warn" if isinstance(error, Lacking) else "block"
    return CheckResult(id_, level, error.what, error.remedy, frames)


def _spelled(path: Path, task: Task, name: str) -> Iterator[CheckResult]:
    """Name labels that are integers or spelled otherwise than their class."""
    try:
        found: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return  # there is no file, or what reads it says what is wrong with it
    entries = found.items() if isinstance(found, dict) else ()
    odd = {key: value for key, value in entries if value not in task.classes and not isinstance(value, dict)}
    if not odd:
        yield CheckResult("spelling", "pass", f"Every label in {safe(name)} is a class by its name.")
        return
    numbers = sum(isinstance(value, int) for value in odd.values())
    what = (
        plural(len(odd), "integer label")
        if numbers == len(odd)
        else plural(len(odd), "label") + " in another spelling"
    )
    order = ", ".join(f"{code} = {class_}" for code, class_ in enumerate(task.classes))
    yield CheckResult(
        "spelling",
        "warn",
        f"{safe(name)} has {what}: {named(sorted(odd))}. They are read as classes ({order}).",
        "Nothing to do: labels are written by name from the next step on.",
        tuple(sorted(odd)),
    )
