"""The price of a draft: which of its bytes the repository does not hold yet, against the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.storage import plans
from core.storage.git import Git
from core.storage.plans import Plan
from core.versions.selection import Draft
from core.versions.weighing import images_of
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex


def draft_images(found: Draft, index: FrameIndex) -> list[tuple[str | None, int]]:
    """Return (oid or None, bytes) of every image of a draft."""
    return images_of(
        found.chosen, {item.source: item for item in found.parent.items} if found.parent else {}, index
    )


def plan_of(workspace: Workspace, git: Git, named: str | None = None) -> Plan | None:
    """Return the plan meant: `named`, else the settings', else the one the remotes point to."""
    remotes = {
        key.split(".", 1)[1].removesuffix(".url"): url
        for key, url in git.config().items()
        if key.startswith("remote.") and key.endswith(".url")
    }
    return plans.plan_for(named or workspace.settings.storage.plan, remotes)
