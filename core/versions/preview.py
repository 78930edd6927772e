"""The card of a version that does not exist yet: what README.md would say if the draft were exported now.

What always holds: nothing is written and no picture is read, so the digest and what depends on pixels (brightness) are
not in it. Called by the Versions screen, and by the form of a training.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from core.frames.names import captured_at
from core.versions import baselines, card, manifest, splits
from core.versions.manifest import DRAFT, Info, Item, Selection, Version
from core.versions.plan import ExportPlan
from core.workspace import Workspace


def card_of(workspace: Workspace, planned: ExportPlan) -> str:
    """Return the Markdown of the card that an export of this plan would write, as far as it is known before."""
    items = tuple(_item(planned, number) for number in range(len(planned.chosen)))
    version = Version(
        planned.task, planned.name, planned.path, _info(workspace, planned, items), items, digest=""
    )
    text = card.render(version, parent=planned.parent, license_=workspace.settings.license)
    return text.decode("utf-8", "replace")


def sketch(planned: ExportPlan) -> Version:
    """Return what an export of this plan would hold, as far as it is known without reading a picture: no digest.

    Raises the plan's first block.
    """
    if planned.blocks:
        raise planned.blocks[0]
    items = tuple(_item(planned, number) for number in range(len(planned.chosen)))
    info = Info(version="", name=DRAFT, dataset_type=planned.task.name, source_labels=planned.source_labels)
    return Version(planned.task, DRAFT, planned.path.parent / DRAFT, info, items, "")


def _item(planned: ExportPlan, number: int) -> Item:
    chosen = planned.chosen[number]
    at = captured_at(chosen.frame)
    return Item(
        file_name=planned.file_names.get(chosen.frame, f"{chosen.label}/{number}"),
        label=chosen.label,
        source=chosen.frame,
        captured_at=at.isoformat() if at else None,
        oid=chosen.oid,
        size=chosen.size,
        recording=planned.places.recordings[chosen.frame],
        split=planned.split.of[chosen.frame],
        labelled_by=chosen.by or None,
        labelled_how=chosen.how,
    )


def _info(workspace: Workspace, planned: ExportPlan, items: tuple[Item, ...]) -> Info:
    rule, found = workspace.settings.split, planned.draft
    per_split: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        per_split[item.split or ""][item.label] += 1
    samples = [
        baselines.Sample(
            item.source, item.label, item.recording or "", item.split or "", captured_at(item.source), None
        )
        for item in items
    ]
    return Info(
        format=manifest.FORMAT,
        version=f"{manifest.number_of(planned.name)}.0",
        name=planned.name,
        dataset_type=planned.task.name,
        description=planned.description,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        parent=planned.parent.name if planned.parent else None,
        total_images=len(items),
        splits={side: dict(counts) for side, counts in per_split.items() if side},
        split_rule={
            "rule": splits.RULE,
            "frames_without_list": len(planned.places.unlisted),
            "gap_minutes_without_list": planned.places.unlisted_gap,
        },
        least_distance_minutes=planned.split.least_distance,
        baselines=dict(
            baselines.out_of_fold(samples, planned.task.classes, embargo_minutes=rule.embargo_minutes)
        ),
        excluded=list(planned.excluded),
        selection=Selection(
            rule=found.rule,
            labelled=found.labelled,
            left_out=found.left_out_by_rule,
            per_stretch=planned.task.per_stretch if found.rule == "spread" else None,
        ),
        limits=list(planned.split.limits),
        comments=list(planned.comments),
    )
