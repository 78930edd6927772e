"""Where a version comes from and what came of it, and how its recordings are split: looked up in worker threads, as lines.

What always holds: only what files, git and models' records say; outside text is made safe. Called by comparing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from core.errors import PrintModelsError
from core.human import count, plural, size
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.version_messages import DRAFT, LinesSeen

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.versions.manifest import Version
    from core.versions.plan import ExportPlan
    from core.versions.split_view import Placed, SplitView

LINEAGE, SPLITS = "lineage", "splits"
_MOST_RECORDINGS = 400
_HOW = {
    "hand": "by hand",
    "stretch": "as part of a stretch",
    "suggestion": "accepted from a model",
    "import": "imported",
    "imported": "imported",
}

Line = tuple[str, str, str]


# --- lineage ----------------------------------------------------------------------------------------------------


def lineage_of(workspace: Workspace, task: Task, target: str, planned: Callable[[], ExportPlan]) -> LinesSeen:
    """Follow a version, or the draft, both ways: labels and frames, parent, commit and tag, versions after, models."""
    if target == DRAFT:
        lines = list(_draft_lines(workspace, planned()))
    else:
        from core.versions.manifest import read_version

        lines = list(_version_lines(workspace, task, read_version(workspace, task, target)))
    return LinesSeen(LINEAGE, task.name, target, tuple(lines))


def _draft_lines(workspace: Workspace, planned: ExportPlan) -> Iterator[Line]:
    chosen = planned.chosen
    yield "frames", _frames([c.frame for c in chosen]), ""
    yield "labels", f"{planned.draft.labelled:,}".replace(",", " ") + f" in {planned.task.labels_file}", ""
    yield "", _given(Counter(c.how for c in chosen), Counter(c.by for c in chosen)), ""
    parent = planned.parent
    yield "follows", f"{parent.name}, {_digest(parent.digest)}" if parent else "nothing: it is the first", ""
    yield "becomes", f"{planned.name} in {safe(planned.path.relative_to(workspace.root).as_posix())}", ""


def _version_lines(workspace: Workspace, task: Task, version: Version) -> Iterator[Line]:
    items, info = version.items, version.info
    yield (
        "content",
        f"{plural(len(items), 'image')}, {size(version.total_bytes)}, {_digest(version.digest)}",
        "",
    )
    yield "frames", _frames([item.source for item in items]), ""
    yield (
        "labels",
        _given(Counter(i.labelled_how or "" for i in items), Counter(i.labelled_by or "" for i in items)),
        "",
    )
    if info.source_labels:
        yield "", f"from {safe(info.source_labels)}", ""
    yield from _kin(workspace, task, version)
    yield from _in_git(workspace, task, version.name)
    yield from _models(workspace, task, version)


def _kin(workspace: Workspace, task: Task, version: Version) -> Iterator[Line]:
    """Which version it follows and how much of that it holds; which follow it."""
    from core.versions.manifest import list_versions, read_version

    parent = version.info.parent
    if parent:
        shared = ""
        try:
            before = {item.oid for item in read_version(workspace, task, parent).items if item.oid}
            shared = f", {plural(sum(i.oid in before for i in version.items), 'image')} of it"
        except PrintModelsError:
            shared = ", which is not here"
        yield "follows", f"{safe(parent)}{shared}", ""
    else:
        yield "follows", "nothing: it is the first", ""
    after = []
    for name in list_versions(workspace, task):
        try:
            if read_version(workspace, task, name).info.parent == version.name:
                after.append(name)
        except PrintModelsError:
            continue
    if after:
        yield "followed by", ", ".join(after), ""


def _in_git(workspace: Workspace, task: Task, name: str) -> Iterator[Line]:
    from core.releasing.standing import Standing, standings
    from core.storage.git import Git

    git = Git(workspace.root)
    far = standings(workspace, git, [task]).get((task.name, name), Standing())
    folder = workspace.version_dir(task, name).relative_to(workspace.root).as_posix()
    tag = f"{task.name}/{name}"
    made = git.line(
        "log", "-1", "--diff-filter=A", "--format=%h %cs %an: %s", "--", f"{folder}/metadata.jsonl"
    )
    made = made or git.line("log", "-1", "--format=%h %cs %an: %s", "--", folder)
    yield "commit", safe(made) if made else "none yet: it is exported only", "" if made else "warn"
    if far.tagged:
        at = git.line("rev-parse", "--short", f"refs/tags/{tag}^{{commit}}") or ""
        yield "tag", f"{safe(tag)} on {safe(at)}", ""
    yield "", far.text, "pass" if far.remotes else ""


def _models(workspace: Workspace, task: Task, version: Version) -> Iterator[Line]:
    from core.training import registry

    found = [m for m in registry.models(workspace) if m.task == task.name and m.dataset == version.name]
    head = "models"
    for model in found:
        used = ", in use" if model.current else ""
        other = bool(version.digest and model.digest and model.digest != version.digest)
        words = ", but its record names other content than this" if other else ""
        yield head, f"{safe(model.name, limit=80)}{used}{words}", "warn" if other else ""
        head = ""
    if not found:
        yield head, "none was trained on it", ""


def _frames(keys: list[str]) -> str:
    from core.frames.names import captured_at, source_of

    if not keys:
        return "none"
    moments = sorted(moment for key in keys if (moment := captured_at(key)) is not None)
    sources = sorted({source_of(key) for key in keys})
    span = f", {moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}" if moments else ""
    return f"{count(len(keys))} of {', '.join(safe(name, limit=60) for name in sources)}{span}"


def _given(hows: Counter[str], whos: Counter[str]) -> str:
    ways = [
        f"{count(n)} {_HOW.get(how, safe(how, limit=40) or 'nobody knows how')}"
        for how, n in hows.most_common()
    ]
    people = [safe(who, limit=40) for who, _ in whos.most_common(4) if who]
    return ", ".join(ways) + (f"; by {', '.join(people)}" if people else "")


def _digest(digest: str) -> str:
    return f"content {safe(digest.removeprefix('sha256:'))[:12]}" if digest else "no digest is recorded"


# --- splits -----------------------------------------------------------------------------------------------------


def splits_of(
    workspace: Workspace, task: Task, target: str, store: LabelStore, index: FrameIndex
) -> LinesSeen:
    """Say of each class and recording on which side it is and why, how near the sides come, and what is too few."""
    from core.versions.split_view import view

    found = view(workspace, task, target, store=store, index=index)
    return LinesSeen(SPLITS, task.name, target, tuple(_split_lines(found)))


def _split_lines(found: SplitView) -> Iterator[Line]:
    for limit in found.limits:
        yield "too few" if "recording" in limit else "limit", safe(limit), "warn"
    if not found.limits:
        yield "enough", "every class has recordings on both sides", "pass"
    least = found.least_distance
    near = "no train and validation images are of one camera" if least is None else f"{least:g} min"
    yield (
        "distance",
        f"{near} between the sides at the nearest; within {found.embargo_minutes:g} min is embargo",
        "",
    )
    for one in found.classes:
        for number, (side, images) in enumerate(one.images.items()):
            if not images and side not in ("train", "validation"):
                continue
            where = f"{side:<11}{count(images):>7} in {plural(one.recordings.get(side, 0), 'recording')}"
            yield "" if number else safe(one.name, limit=14), where, "" if images else "warn"
    yield "", "", ""
    yield (
        "recordings",
        f"{count(len(found.recordings))}, never cut; each stays on its side in every later version",
        "",
    )
    for row in found.recordings[:_MOST_RECORDINGS]:
        yield "", _recording(row), ""
    if len(found.recordings) > _MOST_RECORDINGS:
        yield "", f"and {count(len(found.recordings) - _MOST_RECORDINGS)} more", "warn"


def _recording(row: Placed) -> str:
    when = f"{row.begin:%Y-%m-%d %H:%M}" if row.begin else safe(row.id, limit=60)
    held = ", ".join(f"{safe(name, limit=40)} {count(n)}" for name, n in row.images.items() if n)
    return f"{row.side:<11}{when}  {held}  {safe(row.reason, limit=80)}"
