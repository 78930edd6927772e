"""Rows with answers made by hand: 'gggfff' is what the frames of a recording are, 'ggffff' what was said of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.training import asking, registry
from core.training.predictions import Predicted
from core.training.record import ModelRecord
from core.training.sides import Row
from core.versions import manifest
from core.versions.manifest import Info, Item, Version
from core.workspace import Workspace

TASK = "failed-print-detection"

CLASSES = ("good", "failed")
BEGIN = datetime(2025, 11, 7, 8)
_NAMES = {"g": "good", "f": "failed"}
_SIDES = {"t": "train", "v": "validation", "e": "embargo"}


def predicted(
    prints: Mapping[str, tuple[str, str]], *, every_min: float = 1, sure: float = 0.9
) -> list[Predicted]:
    """Return rows: per recording what its frames are and what was said; recordings lie days apart."""
    rows = []
    for number, (name, (truth, answers)) in enumerate(prints.items()):
        for i, (label, answer) in enumerate(zip(truth, answers, strict=True)):
            at = BEGIN + timedelta(days=number, minutes=every_min * i)
            shares = (sure, 1 - sure) if answer == "g" else (1 - sure, sure)
            rows.append(
                Predicted(
                    file_name=f"{_NAMES[label]}/{name}-{i:03}.jpg",
                    frame=f"camera/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}.jpg",
                    label=_NAMES[label],
                    recording=name,
                    oid=f"sha256:{number:032x}{i:032x}",
                    captured_at=at.isoformat(),
                    probabilities=shares,
                )
            )
    return rows


def asked(rows: Sequence[Predicted]) -> tuple[list[Row], list[tuple[float, ...]]]:
    """Return rows as measuring takes them: the images, and what was said of them."""
    return [row.row for row in rows], [row.probabilities for row in rows]


def version_of(
    workspace: Workspace, name: str, prints: Mapping[str, tuple[str, str]], **facts: Any
) -> Version:
    """Write a version without pictures: per recording its side (t, v, e) and what its frames are.

    A recording of a name has the same frames in every version, so a later one may change its side or its labels.
    """
    task = workspace.task(TASK)
    folder = workspace.version_dir(task, name)
    items = []
    for recording, (side, truth) in prints.items():
        day = int(recording.strip("abcdefghijklmnopqrstuvwxyz") or 0)
        for i, label in enumerate(truth):
            at = BEGIN + timedelta(days=day, hours=ord(recording[0]) - ord("a"), minutes=i)
            data = f"{recording}-{i}".encode()
            items.append(
                Item(
                    file_name=f"{_NAMES[label]}/{recording}-{i:03}.jpg",
                    label=_NAMES[label],
                    source=f"printer-timelapses/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}.jpg",
                    captured_at=at.isoformat(),
                    oid=f"sha256:{hashlib.sha256(data).hexdigest()}",
                    size=len(data),
                    width=64,
                    height=36,
                    recording=recording,
                    split=_SIDES[side],
                )
            )
            path = folder / items[-1].file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    info = Info(
        version=f"{name[1:]}.0", name=name, format=2, dataset_type=TASK, total_images=len(items),
        digest=manifest.digest(items), **facts,
    )  # fmt: skip
    (folder / manifest.METADATA).write_bytes(manifest.encode_metadata(items))
    (folder / manifest.INFO).write_bytes(manifest.encode_info(info))
    (folder / manifest.LABELS).write_bytes(manifest.encode_labels(items))
    return manifest.read_version(workspace, task, name)


def model_of(
    workspace: Workspace, version: Version, name: str, said: Mapping[str, str], *, on: Version | None = None
) -> ModelRecord:
    """Write a model version that learned from `version`, and what it said of the validation of `on` (else of that).

    `said` has per recording what its frames were called; a recording that is not named was answered rightly.
    """
    folder = workspace.model_versions
    folder.mkdir(parents=True, exist_ok=True)
    data = f"the weights of {name}".encode()
    (folder / f"{name}.pth").write_bytes(data)
    facts = {
        "format": 1, "task": TASK, "sha256": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data),
        "architecture": "resnet18", "classes": list(CLASSES), "epoch": 1, "trained": "2025-11-20T10:00:00+01:00",
        "dataset": {"task": TASK, "version": version.name, "digest": version.digest},
        "weights": {"kind": "random"}, "words": [],
    }  # fmt: skip
    (folder / f"{name}.json").write_text(json.dumps(facts))
    record = registry.get(workspace, name)
    about = on or version
    asking.keep(workspace, record, about, answers_of(about, said))
    return record


def answers_of(version: Version, said: Mapping[str, str]) -> list[Predicted]:
    """Return answers on a version's validation: what is not named in `said` was answered rightly."""
    rows = []
    for item in version.items:
        if item.split == "validation":
            assert item.recording is not None
            place = int(item.file_name[-7:-4])
            answer = said[item.recording][place] if item.recording in said else item.label[0]
            rows.append(
                Predicted(
                    file_name=item.file_name, frame=item.source, label=item.label, recording=item.recording,
                    oid=item.oid, captured_at=item.captured_at,
                    probabilities=(0.9, 0.1) if answer == "g" else (0.1, 0.9),
                )
            )  # fmt: skip
    return rows
