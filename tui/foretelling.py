"""What the labels of a version or the draft would fix and break against those it is compared with, as lines; in a lane.

What always holds: only what core's comparison of two small models says, with the words that it is not a trained network;
where nothing can be said, why. It ends soon after nobody looks any more. Called by comparing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from core.errors import Cancelled
from core.frames.names import captured_at
from core.human import count
from core.progress import CancelToken, Report
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.version_messages import DRAFT, LinesSeen

if TYPE_CHECKING:
    from core.assist.impact import Impact
    from core.versions.diff import Snapshot
    from core.versions.plan import ExportPlan

IMPACT = "impact"
#: Frames that are named one by one.
_NAMED = 12

Line = tuple[str, str, str]


def impact_of(
    workspace: Workspace,
    task: Task,
    target: str,
    base: str,
    planned: Callable[[], ExportPlan],
    report: Report,
    cancel: CancelToken,
) -> LinesSeen | None:
    """Compare what labels of `base`, a version's name, teach with what those of the target do; None where cancelled."""
    if not base:
        why = "There is no version before it, so there is nothing that it could fix or break."
        return LinesSeen(IMPACT, task.name, target, ((IMPACT, why, ""),))
    try:
        cancel.check()
        from core.assist.impact import impact

        before = _version(workspace, task, base)
        after = _draft(planned()) if target == DRAFT else _version(workspace, task, target)
        found = impact(workspace, task, before, after, report, cancel)
    except Cancelled:
        return None
    return LinesSeen(IMPACT, task.name, target, tuple(_lines(found)), frames=(*found.broken, *found.fixed))


def _version(workspace: Workspace, task: Task, name: str) -> Snapshot:
    from core.versions.manifest import read_version
    from core.versions.plan import version_snapshot

    return version_snapshot(read_version(workspace, task, name))


def _draft(planned: ExportPlan) -> Snapshot:
    from core.versions.plan import draft_snapshot

    return draft_snapshot(planned.draft, planned.places, planned.split.of)


def _lines(found: Impact) -> Iterator[Line]:
    yield IMPACT, found.text, ""
    if found.why_not:
        return
    yield "broken", _named(found.broken), "warn" if found.broken else ""
    yield "fixed", _named(found.fixed), ""
    told = (
        "A small model learned from either side's labels, and was asked about the validation frames of both."
    )
    yield "how", f"{told} A trained network may answer otherwise.", ""
    if found.fixed or found.broken:
        yield "", "enter shows these frames in Label, those that break first.", ""


def _named(keys: Sequence[str]) -> str:
    """'9 Nov 09:12:01, …': the times of some frames."""
    words = []
    for key in keys[:_NAMED]:
        moment = captured_at(key)
        words.append(
            f"{moment.day} {moment:%b %H:%M:%S}" if moment else safe(key.rpartition("/")[2], limit=40)
        )
    more = f" and {count(len(keys) - _NAMED)} more" if len(keys) > _NAMED else ""
    return f"{', '.join(words)}{more}" if words else "none"
