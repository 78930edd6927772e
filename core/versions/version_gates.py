"""What is odd in a version: whether its files fit together, its card, its labels, its sides.

What always holds: nothing is written but what is remembered of a version's rows, and no picture is read. Called by gates.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from core.errors import Lacking, PrintModelsError
from core.human import plural
from core.tasks import Task
from core.versions import claims, intact, leaks, manifest, quality
from core.versions.around import TEXTS, of_paths
from core.versions.checks import CheckResult
from core.versions.gating import of_error, of_pictures, pairs_with, settled, spelled
from core.versions.manifest import Version, current_names, read_version
from core.versions.numbering import tagged_numbers
from core.versions.quality import Row
from core.versions.remembered import once
from core.versions.splits import Row as SplitRow
from core.workspace import Workspace


def of_version(workspace: Workspace, task: Task, name: str) -> list[CheckResult]:
    """Look at a version's facts, card and labels; `verify` reads its images. Raises Lacking where there is none."""
    try:
        version = read_version(workspace, task, name)
    except Lacking:
        raise
    except PrintModelsError as error:
        return settled(workspace, [of_error("version", error)])
    found = [_whole(version), intact.images_there(version)]
    if version.legacy:
        found += spelled(version.path / manifest.LABELS, task, f"{name}/{manifest.LABELS}")
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
            yield quality.contradicts(labels, other, pairs_with(version.task, name), files)


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
    yield from of_pictures(workspace, version.task, split_rows, of, version.info.baselines)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
