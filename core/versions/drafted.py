"""The draft as a version that nobody exported: the same images, sides and digest, and no folder in datasets/.

What always holds: every picture that no version holds yet is read once and has to be the one that was labelled, as an
export would ask; what comes out has the digest that an export of the same plan gives; nothing is written here.
Called by who trains on the labels as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.progress import CancelToken, Report, silent
from core.versions.copying import Copied, look, refuse_contradictions
from core.versions.export import info_of, item_of
from core.versions.manifest import DRAFT, Version
from core.versions.plan import ExportPlan, split_of
from core.workspace import Workspace


def drafted(
    workspace: Workspace, planned: ExportPlan, report: Report = silent, cancel: CancelToken | None = None
) -> Version:
    """Return what an export of this plan would hold, as a version called `draft` without a folder of its own.

    Raises the plan's first block; Refused or Lacking for pictures that changed, are missing or can't be read, or have
    the same bytes under two labels; Cancelled.
    """
    if planned.blocks:
        raise planned.blocks[0]
    copied = look(workspace, planned, report, cancel or CancelToken(), nothing="nothing was trained")
    refuse_contradictions(copied)
    return _version(workspace, planned, copied)


def _version(workspace: Workspace, planned: ExportPlan, copied: Sequence[Copied]) -> Version:
    split = split_of(
        workspace, planned.task, planned.chosen, planned.places, {one.chosen.frame: one.oid for one in copied}
    )
    items = sorted((item_of(one, planned, split) for one in copied), key=lambda item: item.file_name)
    # Its rules that see no picture are those an export would have: they are part of the model's file.
    info = info_of(workspace, planned, copied, items, split)
    info = msgspec.structs.replace(info, name=DRAFT, version="")
    return Version(planned.task, DRAFT, planned.path.parent / DRAFT, info, tuple(items), info.digest)
