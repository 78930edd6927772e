"""Pictures that only a remote has, for the Versions screen: what they cost, then their bytes, in the lane for long work.

What always holds: nothing is downloaded before its size was said and a person agreed; exactly the objects of the pictures
that were meant come. Called by comparing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import Lacking
from core.progress import CancelToken, Report
from core.tasks import Task
from core.text import address, safe
from core.versions.seeing import Place
from core.workspace import Workspace
from tui.version_messages import Fetched, FetchOffered


def offered(workspace: Workspace, task: Task, places: Sequence[Place]) -> FetchOffered:
    """Find out which of these pictures a remote has to give, and what they weigh. Raises Lacking where it is none."""
    from core.releasing.fetching import pictures

    wanted: dict[str, set[str]] = {}
    for place in places:
        file = Path(place.file)
        if place.file and place.oid and file.is_relative_to(workspace.dataset_root(task)):
            wanted.setdefault(file.relative_to(workspace.dataset_root(task)).parts[0], set()).add(place.oid)
    plans = [pictures(workspace, task, version, oids) for version, oids in sorted(wanted.items())]
    plans = [plan for plan in plans if plan.target is not None]
    if not plans:
        raise Lacking(
            "No version in git holds these pictures, so no remote can give them.",
            "They are where the camera is: connect it.",
        )
    target = plans[0].target
    assert target is not None
    return FetchOffered(
        tuple(plans),
        sum(len(plan.lacking) for plan in plans),
        sum(plan.bytes for plan in plans),
        f"{safe(target.remote, limit=40)} ({address(target.lfs_url)})",
    )


def fetched(workspace: Workspace, offer: FetchOffered, report: Report, cancel: CancelToken) -> Fetched:
    """Download them, and hash each. Raises Lacking, Damaged, Cancelled."""
    from core.releasing.fetching import run

    return Fetched(sum(run(workspace, plan, report, cancel).objects for plan in offer.plans))
