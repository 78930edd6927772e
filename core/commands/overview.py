"""What `status`, the app's header and every empty state tell: where things stand, and what to do next.

Gathered from the store, the file list, the versions, the models and git, never stored. A part that can't be had (no
git-lfs, no camera) is said in a notice; the rest is shown all the same.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from core import human, merge_driver
from core.commands.next_step import next_step
from core.commands.overview_parts import CameraOverview, DraftOverview, Overview, TaskOverview
from core.errors import Damaged, Lacking, PrintModelsError
from core.progress import Report, silent
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.sessions import Work
    from core.labels.store import LabelStore
    from core.storage.git import Git, RepoState

#: Trainings that status tells about; `runs` lists them all.
_RECENT_RUNS = 3
#: What may be an integer for a class, so that a label file is only parsed where there is one.
_NUMBER_AS_LABEL = re.compile(rb':\s*"?[0-9]')


def gather(workspace: Workspace, *, report: Report = silent) -> Overview:
    """Look at everything; scans the camera's changed day folders first. Raises Damaged for a broken label file."""
    from core.commands.cameras import weak_times
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store
    from core.storage.backup import backup
    from core.versions.kept import limit_reached

    notices: list[str] = [str(workspace.read_only)] if workspace.read_only else []
    with FrameIndex(workspace) as index, open_store(workspace) as store:
        for name in workspace.active_sources:
            problem = index.unreachable(name)
            if problem is not None:
                notices.append(_away(workspace, name, problem))
        scanned = index.scan(report)
        away = {name for name in workspace.sources if index.unreachable(name)}
        if odd := sum(p.count for p in scanned.problems if p.where.split("/")[0] not in away):
            are = "is no frame" if odd == 1 else "are no frames"
            notices.append(
                f"{human.count(odd)} of what lies with the frames {are}; by name: print-models frames --problems"
            )
        notices += weak_times(index)
        notices += [safe(notice) for notice in store.notices]
        if workspace.read_only is None and (wrong := merge_driver.missing(workspace.root)):
            notices.append(f"{wrong} Set it up: print-models init")
        notices += [line for task in workspace.tasks.values() if (line := _older_spelling(workspace, task))]
        tasks = tuple(_task(workspace, store, index, task) for task in workspace.tasks.values())
        notices += [task.draft.problem for task in tasks if task.draft.problem]
        frames = index.count()
        if any(task.draft.only_on_camera for task in tasks) and (full := limit_reached(workspace)):
            notices.append(full)
        cameras = tuple(_camera(index, name) for name in workspace.active_sources)
        conflicts = {task: n for task in workspace.tasks if (n := len(store.problems(task)))}
        if marks := len(store.mark_problems()):
            conflicts[""] = marks
        seen = _look_at_git(workspace, notices)
        saved = backup(workspace, store, *seen) if seen else None
        today = _today(workspace, store)
        suggested = {name: _suggested(workspace, store, task) for name, task in workspace.tasks.items()}
    git = _git(workspace, *seen, notices) if seen else {}
    storage = _storage(workspace) if git else {}
    runs = _runs(workspace)
    unfinished = seen[1].operation if seen else None
    left = _interrupted(workspace, seen[0], notices) if seen else None
    step = next_step(workspace, tasks, git, runs, frames, conflicts, saved, unfinished, left, suggested)
    told = tuple(dict.fromkeys(notices))
    return Overview(safe(workspace.root), tasks, cameras, saved, today, git, storage, runs, told, step)


def _suggested(workspace: Workspace, store: LabelStore, task: Task) -> tuple[int, str]:
    """Return how many labels are doubted that nobody changed or put aside since, and the hint what to label next."""
    from core.labels.facts import ASIDE
    from core.labels.suggested import path_of, read_suggestions

    found, _ = read_suggestions(path_of(workspace, task), task)
    if found is None:
        return 0, ""
    given = store.classes(task) if found.doubts else {}
    aside = {key for key, mark in store.marks(task).items() if mark.mark in ASIDE} if found.doubts else set()
    doubted = [one for one in found.doubts.values() if given.get(one.frame) == one.class_]
    return sum(one.frame not in aside for one in doubted), found.hint


def _interrupted(workspace: Workspace, git: Git, notices: list[str]) -> tuple[str, bool] | None:
    """Return the tag of a release that was stopped before all was done, and whether it is made; say how far it came."""
    from core.releasing import journal

    try:
        book = journal.read(workspace)
    except PrintModelsError as error:
        notices.append(str(error))
        return None
    if book is None or book.running:
        return None
    tagged = git.rev_parse(f"refs/tags/{book.tag}") is not None
    if tagged and not book.push:
        return None
    at = f" at the step {safe(book.doing)}" if book.doing else ""
    notices.append(f"The release of {safe(book.tag)} was interrupted{at}.")
    return book.tag, tagged


def _today(workspace: Workspace, store: LabelStore) -> Work | None:
    """Return what the person at work labelled today; None where nobody has a name yet."""
    from core.labels.sessions import work_today

    try:
        return work_today(store, workspace.who())
    except Lacking:
        return None


def _away(workspace: Workspace, name: str, problem: PrintModelsError) -> str:
    """Return why a camera can't be reached, with the place its link names: on a new host that is what to mount."""
    path = workspace.sources[name].path
    where = f" (→ {safe(os.readlink(path), limit=200)})" if path.is_symlink() else ""
    return f"{problem.what.removesuffix('.')}{where}. {problem.remedy}"


def _camera(index: FrameIndex, name: str) -> CameraOverview:
    days = [day.day for day in index.days() if day.source == name]
    newest, oldest = max(days, default=None), min(days, default=None)
    return CameraOverview(name, index.count(name), newest, oldest, index.unreachable(name) is None)


def _older_spelling(workspace: Workspace, task: Task) -> str:
    """Say how many labels of a file are integers or spelled otherwise, which are read as classes; '' for none."""
    from core.labels.files import read, read_bytes

    path = workspace.labels_path(task)
    try:
        if not _NUMBER_AS_LABEL.search(read_bytes(path)):
            return ""
        converted = read(path, task).converted
    except (OSError, PrintModelsError):
        return ""  # the store's own notice says what is wrong with the file
    if not converted:
        return ""
    order = ", ".join(f"{number} = {name}" for number, name in enumerate(task.classes))
    labels = human.plural(converted, "label")
    return f"{safe(task.labels_file)}: {labels} in the older spelling, read as classes ({order})."


def _task(workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task) -> TaskOverview:
    counts = store.counts(task)
    total = index.count()
    if task.when:
        other, wanted = workspace.tasks[task.when[0]], task.when[1]
        given = store.classes(other).items()
        shown = workspace.active_sources
        total = sum(class_ == wanted and frame.split("/", 1)[0] in shown for frame, class_ in given)
    labelled = sum(counts.values())
    overview, latest = _draft(workspace, store, index, task)
    model = _model(workspace, task)
    classes = {name: counts.get(name, 0) for name in task.classes}
    return TaskOverview(
        task.name,
        labelled,
        max(total, labelled),
        classes,
        overview,
        latest,
        model,
        task.when[1] if task.when else None,
    )


def _draft(
    workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task
) -> tuple[DraftOverview, str | None]:
    """Return the draft, and the latest version's name; where that one can't be read the rest is told all the same."""
    from core.versions.manifest import list_versions
    from core.versions.warm import key, once

    try:
        found = once(
            workspace,
            f"status of {task.name}",
            lambda: key(workspace, task, index),
            lambda: _made(workspace, store, index, task),
            DraftOverview,
        )
    except Damaged as error:
        newest = next(reversed(list_versions(workspace, task)), None)
        return DraftOverview(newest, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, f"{error.what} {error.remedy}"), newest
    return found, found.base


def _made(
    workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task
) -> tuple[DraftOverview, bool]:
    """Return the draft in numbers, and whether they last as long as what it is made of."""
    from core.versions.kept import held_nowhere
    from core.versions.plan import going_in
    from core.versions.warm import told

    draft = going_in(workspace, store, index, task)
    added, removed, relabelled = draft.changes
    alone = held_nowhere(workspace, draft)
    away = {name for name in workspace.sources if index.unreachable(name)}
    base = draft.parent.name if draft.parent else None
    held = sum(excluded.reason == "held" for excluded in draft.excluded)
    found = DraftOverview(
        base,
        len(draft.chosen),
        added,
        removed,
        relabelled,
        draft.bytes_estimate,
        sum(frame in index for frame in alone),
        sum(frame.split("/", 1)[0] not in away and frame not in index for frame in alone),
        len(draft.excluded) - held,
        draft.left_out_by_rule,
        held,
    )
    return found, told(workspace, store, task, (chosen.frame for chosen in draft.chosen))


def _model(workspace: Workspace, task: Task) -> str | None:
    """Return the model in use, else the newest model version, else an older tool's file of unknown origin."""
    from core.training.registry import models

    own = [record for record in models(workspace) if record.task == task.name]
    chosen = next((record for record in own if record.current), own[-1] if own else None)
    if chosen is not None:
        return chosen.name
    return task.current_model if (workspace.root / task.current_model).exists() else None


def _look_at_git(workspace: Workspace, notices: list[str]) -> tuple[Git, RepoState] | None:
    from core.storage.git import Git

    try:
        git = Git(workspace.root, workspace.git_log)
        return git, git.state()
    except PrintModelsError as error:
        notices.append(str(error))
        return None


def _git(workspace: Workspace, git: Git, state: RepoState, notices: list[str]) -> dict[str, Any]:
    from core.releasing.standing import unreleased, waiting_tags

    try:
        tags, exported = waiting_tags(workspace, git), unreleased(workspace, git)
    except PrintModelsError as error:
        notices.append(str(error))
        return {}
    return {
        "branch": state.branch,
        "dirty": state.dirty + state.untracked,
        "waiting": _waiting(git, state),
        "waiting_tags": tags,
        "exported": exported,
        "detached": state.detached,
        "remotes": list(state.remotes),
    }


def _waiting(git: Git, state: RepoState) -> int | None:
    """Return how many commits no remote has yet, as far as this clone knows; None without a remote."""
    if not state.remotes:
        return None
    if state.head is None:
        return 0
    return int(git.line("rev-list", "--count", "HEAD", "--not", "--remotes") or 0)


def _storage(workspace: Workspace) -> dict[str, Any]:
    from core.storage.known import known_objects

    known = known_objects(workspace)
    return {"objects": len(known), "bytes": sum(known.values())}


def _runs(workspace: Workspace) -> tuple[dict[str, Any], ...]:
    from core.training import runs

    found = []
    for run in runs.list_runs(workspace)[:_RECENT_RUNS]:
        try:
            view, task = runs.view(run), run.spec.task
        except PrintModelsError:
            continue
        found.append(
            {
                "id": run.id,
                "state": view.state,
                "task": task,
                "epoch": view.epoch,
                "epochs": view.epochs,
                "share": None if view.share is None else round(view.share, 3),
                "best": view.best,
                "eta_s": view.eta_s,
            }
        )
    return tuple(found)
