"""The one line that says what to do next: `status`, the app's header and every empty state end with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.commands.overview_parts import TaskOverview, in_nothing
from core.errors import Refused
from core.human import plural
from core.settings import FILE_NAME
from core.storage.backup import Backup
from core.text import safe
from core.workspace import Workspace


def next_step(
    workspace: Workspace,
    tasks: tuple[TaskOverview, ...],
    git: dict[str, Any],
    runs: tuple[dict[str, Any], ...],
    frames: int,
    conflicts: Mapping[str, int],
    saved: Backup | None,
    unfinished: str | None = None,
    interrupted: tuple[str, bool] | None = None,
    suggested: Mapping[str, tuple[int, str]] | None = None,
) -> str:
    """Return the one thing to do next; `conflicts` counts by task the entries of label files that wait for a decision.

    Those of marks.json stand there under ''.
    `unfinished` names the merge, rebase, cherry-pick or revert that git was left in, `interrupted` the tag of the
    release that was stopped, which no other release goes past, and whether it is made: then the push is what is left.
    `suggested` tells by task how many labels are doubted, and what to record or to label next.
    """
    if (why := workspace.read_only) is not None:
        if not (workspace.root / FILE_NAME).is_file() and isinstance(why, Refused):
            return "make this repository a workspace: print-models init"
        return why.remedy[:1].lower() + why.remedy[1:]
    if workspace.questions:
        return f"say what {safe(next(iter(workspace.questions)))} is now: print-models source list"
    if conflicts:
        name, waiting = next(iter(conflicts.items()))
        entries = plural(waiting, "entry", "entries")
        if not name:
            return f"decide {entries} of data/marks.json, named above: print-models mark FRAME"
        file = safe(workspace.tasks[name].labels_file)
        return f"decide {entries} of {file}, named above: print-models label --task {name} --as CLASS FRAME"
    if unfinished:
        go_on = "git commit" if unfinished == "merge" else f"git {unfinished} --continue"
        return f"finish the {unfinished}: git add data, then {go_on}"
    if interrupted:
        tag, made = safe(interrupted[0]), interrupted[1]
        back = "" if made else ", or take it back: release --abort"
        return f"finish {'pushing ' * made}{tag}: print-models release --resume{back}"
    if not any(source.path.exists() for source in workspace.active_sources.values()):
        away = next((n for n, source in workspace.active_sources.items() if source.path.is_symlink()), None)
        if away:
            return f"connect the camera, or say where it is now: print-models source move {safe(away)} PATH"
        return "link the camera: print-models init --source /path/to/camera"
    if not frames:
        return "wait for the camera's first frames, or set name_pattern in print-models.toml to how it calls them"
    for task in tasks:
        if task.draft.problem:
            return f"see what is wrong with {task.name} {task.latest}: print-models check --task {task.name}"
    for task in tasks:
        if f"{task.name}/{task.latest}" in git.get("exported", ()):
            if task.draft.changed:
                return f"{task.name} {task.latest} is exported, not released, and differs from the draft: print-models diff --task {task.name}"
            return f"release {task.name} {task.latest}, which is exported only: print-models release --task {task.name}"
    for task in tasks:
        if task.draft.nowhere:  # a release would refuse
            return f"see why {in_nothing(task.draft.nowhere)}: print-models check --task {task.name}"
    # A camera that writes only while it prints never shows a second class: that must not hide what else waits.
    one_class = [task for task in tasks if task.labelled and sum(map(bool, task.classes.values())) < 2]
    for task in tasks:
        if task.labelled and task not in one_class and (task.draft.changed or task.latest is None):
            return f"review and release {task.name}: print-models diff --task {task.name}, then release --task {task.name}"
    another = (
        f"label frames of another class of {one_class[0].name}; a version needs at least two"
        if one_class
        else ""
    )
    # Who works on one task alone is not held up by the other one.
    bare = next((task.name for task in tasks if not task.labelled and task.total), None)
    begin = f"label the first frames of {bare}: open the app with print-models" if bare else ""
    if (begin or another) and not any(task.latest for task in tasks):
        return begin or another
    running = [run for run in runs if run["state"] == "running"]
    if running:
        return f"watch the training: print-models watch {safe(running[0]['id'])}"
    for task in tasks:
        if task.model is None and task.latest:
            return f"train a model on {task.name} {task.latest}: print-models train --task {task.name}"
    if saved and saved.unsaved:
        how = "sync" if saved.remote else "save"
        return f"save {plural(saved.unsaved, 'label')}, which no commit holds: print-models {how}"
    if tags := git.get("waiting_tags"):
        task = tags[0].partition("/")[0]
        return (
            f"send {plural(len(tags), 'tag')} that no remote has: print-models release --task {task} --push"
        )
    if saved and saved.unpushed:
        return f"back {plural(saved.unpushed, 'label')} up: print-models sync"
    if another:
        return another
    for name, (doubted, _) in (suggested or {}).items():
        if doubted:
            return f"look at {plural(doubted, 'label')} of {name}, likely wrong: ; in the app, or print-models frames --queue doubts --task {name}"
    if begin:
        return begin
    if hint := next((hint for _, hint in (suggested or {}).values() if hint), ""):
        return f"nothing to do: everything labelled is released. {hint}"
    rarest = min(
        ((n, name, task.name) for task in tasks if task.latest for name, n in task.classes.items()),
        default=None,
    )
    wanted = f"; the fewest labels are {rarest[1]} of {rarest[2]}, record more of it" if rarest else ""
    return f"nothing to do: everything labelled is released{wanted}"
