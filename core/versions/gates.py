"""The quality gates: everything worth knowing before a version is made, released or trained on, over drafts and versions.

What always holds: nothing is written but what is remembered of drafts and versions, and no picture is read; one thing that can't be read is a result, and the others
are looked at all the same. What only this host lacks (a camera) warns; what a rule forbids blocks. The workspace's
[checks] say of each result how grave it is, but for what keeps data whole. Called by `check`, the screens, the release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from core.errors import Lacking, PrintModelsError
from core.frames.names import captured_at
from core.human import plural
from core.tasks import Task
from core.versions import blocks, intact, leaks, quality, rechecked, warm
from core.versions.around import TEXTS, of_history, of_models, of_paths, of_repository
from core.versions.checks import CheckResult
from core.versions.gating import blocking, of_error, of_pictures, pairs_with, refuse, settled, spelled
from core.versions.images import Images
from core.versions.looks import Looks
from core.versions.quality import Row
from core.versions.splits import Row as SplitRow
from core.versions.version_gates import of_version
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


def of_draft(workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task) -> list[CheckResult]:
    """Look at a task's labels and at the version that would be exported from them; the file list has to be scanned.

    What was found of the same labels, lists and files is taken; git's rules and the room on the disk are always asked.
    """
    entries = list(_entries(workspace, store, task))
    in_order = all(one.level == "pass" for one in entries)
    named = rechecked.key(workspace, task, index) if in_order else None
    known = rechecked.recall(workspace, task, named)
    if known is not None:
        with ThreadPoolExecutor(1) as pool:
            around = pool.submit(_around, workspace, task, known)
            if known.holds:
                return settled(workspace, [*known.results, *around.result()])
    return settled(workspace, _of_draft(workspace, store, index, task, entries, named))


def _of_draft(
    workspace: Workspace,
    store: LabelStore,
    index: FrameIndex,
    task: Task,
    entries: Sequence[CheckResult],
    named: str | None,
) -> list[CheckResult]:
    """Look at a draft anew; what was found is kept where all that it was found of has the name it had before."""
    from core.versions.plan import plan

    images = Images(workspace, Looks(kept=named is not None))
    try:
        planned = plan(workspace, store, index, task, again=True, images=images)
    except PrintModelsError as error:
        return [of_error("draft", error)]
    if not store.classes(task):
        return _nothing(task, entries)
    found = _found(planned, _of_content(workspace, store, planned, entries, images))
    written, frames = images.looks.written(), (chosen.frame for chosen in planned.chosen)
    if (
        named is not None
        and written is not None
        and warm.told(workspace, store, task, frames)
        and rechecked.key(workspace, task, index) == named
    ):
        looked, told = written
        rechecked.keep(
            workspace, task, named, msgspec.structs.replace(found, looked=tuple(looked), told=told)
        )
    return [*found.results, *_around(workspace, task, found)]


def of_planned(
    workspace: Workspace, store: LabelStore, planned: ExportPlan, *, paths: bool = True
) -> list[CheckResult]:
    """Look at a version that was planned, and at the labels it is made of.

    Without `paths` git is not asked about the files' names, for who asks it of the same ones with more.
    """
    entries = list(_entries(workspace, store, planned.task))
    if not store.classes(planned.task):
        return settled(workspace, _nothing(planned.task, entries))
    found = _found(planned, _of_content(workspace, store, planned, entries, Images(workspace)))
    return settled(workspace, [*found.results, *_around(workspace, planned.task, found, paths=paths)])


def _nothing(task: Task, entries: Iterable[CheckResult]) -> list[CheckResult]:
    nothing = CheckResult("draft", "pass", f"{task.name} has no labels yet.")
    return [nothing, *(one for one in entries if one.level != "pass")]


def _found(planned: ExportPlan, results: Iterable[CheckResult]) -> rechecked.Found:
    files = tuple(planned.file_names.values())
    return rechecked.Found(tuple(results), planned.name, files, planned.bytes_needed, planned.bytes_new)


def _of_content(
    workspace: Workspace,
    store: LabelStore,
    planned: ExportPlan,
    entries: Sequence[CheckResult],
    images: Images,
) -> list[CheckResult]:
    """Look at what a planned version would hold: labels, pictures, classes, recordings, splits."""
    task = planned.task
    labels = store.classes(task)
    found = [*entries, *_blocks(workspace, store, planned)]
    if all(one.level == "pass" for one in found):
        text = f"{plural(len(planned.chosen), 'image')} could be exported."
        found.insert(0, CheckResult("draft", "pass", text))
    found += spelled(workspace.labels_path(task), task, task.labels_file)
    for name in dict.fromkeys(other for _, other, _ in task.contradicts):
        files = (task.labels_file, workspace.tasks[name].labels_file)
        found.append(quality.contradicts(labels, store.classes(name), pairs_with(task, name), files))
    found += [intact.changed(workspace, planned, images), intact.decodable(workspace, planned, images)]
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
    return [*found, *of_pictures(workspace, task, split_rows, of)]


def _around(
    workspace: Workspace, task: Task, found: rechecked.Found, *, paths: bool = True
) -> list[CheckResult]:
    """Look at what a version needs around it: room, the plan's limit, git's rules for the path of every file."""
    weight = intact.Weight(task, len(found.files), found.bytes_needed, found.bytes_new)
    asked = [intact.room(workspace, weight), intact.plan_limit(workspace, weight)]
    if paths:
        folder = f"datasets/{task.name}/{found.name}"
        images = [f"{folder}/{name}" for name in found.files]
        asked += of_paths(workspace, images, [*(f"{folder}/{text}" for text in TEXTS), task.labels_file])
    return asked


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
            yield of_error("camera", error, planned.missing)
        elif str(error) in classes:
            yield CheckResult("classes", "block", error.what, error.remedy)
        elif not planned.file_names and error is planned.blocks[-1]:  # names are looked at last
            yield CheckResult("names", "block", error.what, error.remedy)
        elif not planned.missing:
            yield CheckResult("draft", "block", error.what, error.remedy)
