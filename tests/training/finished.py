"""A training that has ended, as its files: made without torch, so that what follows a training can be looked at alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from core.durable import hash_file
from core.training import predictions, results, spec
from core.training.events import EventWriter
from core.training.predictions import Predictions
from core.training.runs import Run
from core.training.sides import Row, sides
from core.versions.manifest import Version
from core.workspace import Workspace
from tests.training.hostile import View, torch_zip
from tests.training.small import small

#: What a rule that sees no picture reaches: half of it, as a guess does.
GUESS = {"balanced": 0.5, "accuracy": 0.5, "low": 0.2, "high": 0.8}


def finished(
    workspace: Workspace,
    version: Version,
    number: int,
    wrong: Callable[[int, Row], bool] = lambda place, row: False,
    *,
    clock: float = 0.5,
    dataset: dict[str, str] | None = None,
    **changes: object,
) -> Run:
    """Write the files of a training whose best is right but where `wrong(place, row)`; `number` tells them apart."""
    what = small(version, **changes)
    if dataset:
        what = spec.Spec(
            **{**{f: getattr(what, f) for f in what.__struct_fields__}, "dataset": spec.Dataset(**dataset)}
        )
    workspace.ensure_private()
    folder = workspace.runs / f"20251107T0800{number:02}-{version.task.name}"
    folder.mkdir(parents=True)
    spec.write(folder, what)
    rows = sides(version).validation
    first, second = what.classes
    shares = []
    for place, row in enumerate(rows):
        right = row.label if not wrong(place, row) else second if row.label == first else first
        shares.append((0.9, 0.1) if right == first else (0.1, 0.9))
    known = {"majority": GUESS, "nearest_in_time": {**GUESS, "balanced": clock, "accuracy": clock}}
    measured = results.measure(rows, shares, what.classes, known)
    words = results.words(measured, weights="It starts from random weights, not pretrained ones.")
    numbers = os.urandom(24)
    content = {"model_state_dict": {"fc.weight": View()}, "architecture": what.architecture, "epoch": 1}
    (folder / "best.pt").write_bytes(torch_zip(content, {"0": numbers}))
    said = predictions.said(rows, shares)
    predictions.write(folder, Predictions(classes=what.classes, sets={"validation": said}))
    writer = EventWriter(folder)
    facts: dict[str, Any] = {
        "task": what.task,
        "dataset": what.dataset.version,
        "architecture": what.architecture,
    }
    writer.append("started", **{**what.config, **facts}, phase="loading torch", pid=os.getpid())
    weights = {"kind": "random", "name": "", "sha256": ""}
    writer.append(
        "heartbeat", phase="computing features", facts={"weights": weights, "machine": {"torch": "2.11"}}
    )
    shown = {"train_loss": 0.5, "train_accuracy": 0.9, "seconds": 1.5, "recall": {}}
    writer.append("epoch", epoch=1, loss=0.6, balanced=0.9, accuracy=0.9, best=True, **shown)
    best = hash_file(folder / "best.pt").oid
    writer.append("checkpoint", file="best.pt", sha256=best, epoch=1, results=measured, words=words)
    writer.append("finished", results=measured, words=words, best_epoch=1, seconds=3.0)
    writer.close()
    return Run(folder.name, folder)
