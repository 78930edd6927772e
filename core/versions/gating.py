"""What the gates of drafts and of versions share: how grave a result is, and what both are asked.

What always holds: nothing is written, and no picture is read. Called by gates and `version_gates`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import Lacking, PrintModelsError, Refused
from core.human import plural
from core.tasks import Task
from core.text import safe
from core.versions import leaks, quality
from core.versions.baselines import Sample
from core.versions.checks import CheckResult
from core.versions.quality import named
from core.versions.splits import Row as SplitRow
from core.workspace import Workspace


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


def of_error(id_: str, error: PrintModelsError, frames: tuple[str, ...] = ()) -> CheckResult:
    level = "warn" if isinstance(error, Lacking) else "block"
    return CheckResult(id_, level, error.what, error.remedy, frames)


def pairs_with(task: Task, other: str) -> set[tuple[str, str]]:
    return {(own, class_) for own, name, class_ in task.contradicts if name == other}


def spelled(path: Path, task: Task, name: str) -> Iterator[CheckResult]:
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


def of_pictures(
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
