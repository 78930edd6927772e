"""The price of a draft: which of its bytes the repository does not hold yet, against the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.storage import plans
from core.storage.git import Git
from core.storage.ledger import ledger
from core.storage.plans import Plan, Price
from core.versions.selection import Draft
from core.versions.weighing import images_of
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex


@dataclass(frozen=True, slots=True)
class Weight:
    """What a release adds to what is stored: its price, and how many of its bytes no commit holds yet."""

    price: Price
    new: int


def weighed(workspace: Workspace, git: Git, images: Iterable[tuple[str | None, int]]) -> Weight:
    """Count what all refs hold and what these images add to it."""
    found = ledger(workspace)
    new = found.new_bytes(images)
    return Weight(plans.price(found, new, plan_of(workspace, git)), new)


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
