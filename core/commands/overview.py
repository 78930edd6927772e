"""What `status`, the app's header and every empty state tell: where things stand, and what to do next.

Gathered from the store, the file list, the versions, the models and git, never stored. A part that can't be had (no
git-lfs, no camera) is said in a notice; the rest is shown all the same.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core import human, merge_driver
from core.errors import PrintModelsError
from core.progress import Report, silent
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.storage.git import Git

#: Trainings that status tells about; `runs` lists them all.
_RECENT_RUNS = 3
#: What may be an integer for a class, so that a label file is only parsed where there is one.
_NUMBER_AS_LABEL = re.compile(rb':\s*"?[0-9]')


@dataclass(frozen=True, slots=True)
class DraftOverview:
    """The draft against the latest version: counts of frames, and the bytes it would add."""

    base: str | None
    images: int
    added: int
    removed: int
    relabelled: int
    bytes: int

    @property
    def changed(self) -> bool:
        return bool(self.added or self.removed or self.relabelled)

    @property
    def price(self) -> str:
        """The bytes it would add. New images that weigh nothing are frames that are not here, of unknown size."""
        return "size unknown" if self.added and not self.bytes else human.signed_size(self.bytes)


@dataclass(frozen=True, slots=True)
class TaskOverview:
    """One task: labels of all frames that count for it, draft, latest version and model in use."""

    name: str
    labelled: int
    total: int
    classes: dict[str, int]
    draft: DraftOverview
    latest: str | None
    model: str | None

    def text(self) -> str:
        counts = ", ".join(f"{name} {human.count(n)}" for name, n in self.classes.items())
        draft = self.draft
        change = f"+{draft.added} −{draft.removed} ~{draft.relabelled}"
        against = f"against {draft.base}: {change}" if draft.base else "the first version"
        lines = [
            self.name,
            f"  labels   {human.count(self.labelled)} of {human.plural(self.total, 'frame')}   {counts}",
            f"  draft    {human.plural(draft.images, 'image')}, {against}, {draft.price}",
            f"  latest   {self.latest or 'no version yet'}   model {safe(self.model or 'none yet')}",
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole workspace at one glance."""

    root: str
    tasks: tuple[TaskOverview, ...]
    git: dict[str, Any]
    storage: dict[str, Any]
    runs: tuple[dict[str, Any], ...]
    notices: tuple[str, ...]
    next: str

    def as_json(self) -> dict[str, Any]:
        tasks = {task.name: {k: v for k, v in asdict(task).items() if k != "name"} for task in self.tasks}
        return {
            "tasks": tasks,
            "git": self.git,
            "storage": self.storage,
            "runs": list(self.runs),
            "notices": list(self.notices),
            "next": self.next,
        }

    def text(self) -> str:
        lines = [self.root, ""]
        lines += [task.text() + "\n" for task in self.tasks]
        if self.storage:
            objects = human.plural(self.storage["objects"], "object")
            lines.append(f"storage    {objects} in Git LFS, {human.size(self.storage['bytes'])}")
        lines.append(f"git        {self._git_text()}")
        lines += [
            f"training   {safe(run['id'])}  {run['state']}" for run in self.runs if run["state"] == "running"
        ]
        lines += [f"note       {notice}" for notice in self.notices]
        return "\n".join([*lines, "", f"next: {self.next}"])

    def _git_text(self) -> str:
        branch = safe(self.git.get("branch") or "no branch")
        dirty = self.git.get("dirty", 0)
        said = [branch, f"{human.plural(dirty, 'path')} not committed" if dirty else "clean"]
        waiting = [
            human.plural(number, word)
            for number, word in (
                (self.git.get("waiting"), "commit"),
                (len(self.git.get("waiting_tags", ())), "tag"),
            )
            if number
        ]
        if waiting:
            said.append(f"{' and '.join(waiting)} not pushed")
        return ", ".join(said)

    def line(self) -> str:
        parts = [f"{t.name} {t.labelled}/{t.total} → {t.draft.images} {t.draft.price}" for t in self.tasks]
        parts += [f"T {safe(run['id'])} {run['state']}" for run in self.runs if run["state"] == "running"]
        return " · ".join([*parts, f"next: {self.next}"])


def gather(workspace: Workspace, *, report: Report = silent) -> Overview:
    """Look at everything; scans the camera's changed day folders first. Raises Damaged for a broken label file."""
    from core.commands.cameras import weak_times
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store

    notices: list[str] = [str(workspace.read_only)] if workspace.read_only else []
    with FrameIndex(workspace) as index, open_store(workspace) as store:
        for name in workspace.active_sources:
            problem = index.unreachable(name)
            if problem is not None:
                notices.append(_away(workspace, name, problem))
        index.scan(report)
        notices += weak_times(index)
        notices += [safe(notice) for notice in store.notices]
        if workspace.read_only is None and (wrong := merge_driver.missing(workspace.root)):
            notices.append(f"{wrong} Set it up: print-models init")
        notices += [line for task in workspace.tasks.values() if (line := _older_spelling(workspace, task))]
        tasks = tuple(_task(workspace, store, index, task) for task in workspace.tasks.values())
        frames = index.count()
    git = _git(workspace, notices)
    storage = _storage(workspace) if git else {}
    runs = _runs(workspace)
    step = _next(workspace, tasks, git, runs, frames)
    return Overview(safe(workspace.root), tasks, git, storage, runs, tuple(dict.fromkeys(notices)), step)


def _away(workspace: Workspace, name: str, problem: PrintModelsError) -> str:
    """Return why a camera can't be reached, with the place its link names: on a new host that is what to mount."""
    path = workspace.sources[name].path
    where = f" (→ {safe(os.readlink(path), limit=200)})" if path.is_symlink() else ""
    return f"{problem.what.removesuffix('.')}{where}. {problem.remedy}"


def _older_spelling(workspace: Workspace, task: Task) -> str:
    """Say how many labels of a file are integers or spelled otherwise, which are read as classes; '' for none."""
    from core.labels.files import read

    path = workspace.labels_path(task)
    try:
        if not _NUMBER_AS_LABEL.search(path.read_bytes()):
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
    from core.versions.selection import draft as select

    draft = select(workspace, store, index, task)
    added, removed, relabelled = draft.changes
    counts = store.counts(task)
    total = index.count()
    if task.when:
        other, wanted = workspace.tasks[task.when[0]], task.when[1]
        given = store.classes(other).items()
        shown = workspace.active_sources
        total = sum(class_ == wanted and frame.split("/", 1)[0] in shown for frame, class_ in given)
    labelled = sum(counts.values())
    base = draft.parent.name if draft.parent else None
    overview = DraftOverview(base, len(draft.chosen), added, removed, relabelled, draft.bytes_estimate)
    model = _model(workspace, task)
    classes = {name: counts.get(name, 0) for name in task.classes}
    return TaskOverview(task.name, labelled, max(total, labelled), classes, overview, base, model)


def _model(workspace: Workspace, task: Task) -> str | None:
    """Return the model in use, else the newest model version, else an older tool's file of unknown origin."""
    from core.training.registry import models

    own = [record for record in models(workspace) if record.task == task.name]
    chosen = next((record for record in own if record.current), own[-1] if own else None)
    if chosen is not None:
        return chosen.name
    return task.current_model if (workspace.root / task.current_model).exists() else None


def _git(workspace: Workspace, notices: list[str]) -> dict[str, Any]:
    from core.releasing.standing import unreleased, waiting_tags
    from core.storage.git import Git

    try:
        git = Git(workspace.root, workspace.git_log)
        state = git.state()
        tags, exported = waiting_tags(workspace, git), unreleased(workspace, git)
    except PrintModelsError as error:
        notices.append(str(error))
        return {}
    return {
        "branch": state.branch,
        "dirty": state.dirty + state.untracked,
        "waiting": _waiting(git),
        "waiting_tags": tags,
        "exported": exported,
        "detached": state.detached,
        "remotes": list(state.remotes),
    }


def _waiting(git: Git) -> int | None:
    """Return how many commits no remote has yet, as far as this clone knows; None without a remote."""
    if not git.line("remote"):
        return None
    if git.rev_parse("HEAD") is None:
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
                "best": view.best,
                "eta_s": view.eta_s,
            }
        )
    return tuple(found)


def _next(
    workspace: Workspace,
    tasks: tuple[TaskOverview, ...],
    git: dict[str, Any],
    runs: tuple[dict[str, Any], ...],
    frames: int,
) -> str:
    if workspace.read_only is not None:
        return "make this repository a workspace: print-models init"
    if workspace.questions:
        return f"say what {safe(next(iter(workspace.questions)))} is now: print-models source list"
    if not any(source.path.exists() for source in workspace.active_sources.values()):
        return "link the camera: print-models init --source /path/to/camera"
    if not frames:
        return "wait for the camera's first frames, or check that it writes into day folders (YYYYMMDD)"
    for task in tasks:
        if f"{task.name}/{task.latest}" in git.get("exported", ()):
            if task.draft.changed:
                return f"{task.name} {task.latest} is exported, not released, and differs from the draft: print-models diff --task {task.name}"
            return f"release {task.name} {task.latest}, which is exported only: print-models release --task {task.name}"
    for task in tasks:
        if not task.labelled:
            return f"label the first frames of {task.name}: open the app with print-models"
    for task in tasks:
        if task.draft.changed or task.latest is None:
            ready = sum(1 for count in task.classes.values() if count)
            if ready < 2:
                return f"label frames of another class of {task.name}; a version needs at least two"
            return f"review and release {task.name}: print-models diff --task {task.name}, then release --task {task.name}"
    running = [run for run in runs if run["state"] == "running"]
    if running:
        return f"watch the training: print-models watch {safe(running[0]['id'])}"
    for task in tasks:
        if task.model is None:
            return f"train a model on {task.name} {task.latest}: print-models train --task {task.name}"
    return "nothing to do: everything labelled is released; record another print"
