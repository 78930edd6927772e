"""The price of a draft: which of its bytes the repository does not hold yet, against the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.storage import plans
from core.storage.git import Git
from core.storage.ledger import Ledger
from core.storage.plans import Plan
from core.versions.selection import Draft
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex


def draft_images(found: Draft, index: FrameIndex) -> list[tuple[str | None, int]]:
    """Return (oid, bytes) of every image of a draft.

    An oid nobody recorded is the parent version's where the size agrees, else None; an unknown size is the file's.
    """
    held = {item.source: item for item in found.parent.items} if found.parent else {}
    images: list[tuple[str | None, int]] = []
    for chosen in found.chosen:
        item = held.get(chosen.frame)
        oid, size = chosen.oid, chosen.size
        if item is not None and oid in (None, item.oid) and size in (None, item.size):
            oid, size = item.oid, item.size
        if size is None:
            frame = index.get(chosen.frame)
            size = (frame.size if frame is not None else None) or 0
        images.append((oid, size))
    return images


def plan_of(workspace: Workspace, git: Git, named: str | None = None) -> Plan | None:
    """Return the plan meant: `named`, else the settings', else the one the remotes point to."""
    remotes = {
        key.split(".", 1)[1].removesuffix(".url"): url
        for key, url in git.config().items()
        if key.startswith("remote.") and key.endswith(".url")
    }
    return plans.plan_for(named or workspace.settings.storage.plan, remotes)


def new_bytes(ledger: Ledger, images: list[tuple[str | None, int]]) -> int:
    """Return what these images would add to the ledger."""
    return ledger.new_bytes(images)
