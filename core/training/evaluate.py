"""What a network says of images, and what that is worth; torch gives the probabilities, results.py the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.training.data import Images
from core.training.results import measure
from core.training.sides import Row, Sides
from core.versions.baselines import NAMES, Sample, on_split
from core.versions.manifest import TRAIN, VALIDATION, Version


@dataclass(frozen=True, slots=True)
class Measured:
    """A network on validation: mean loss, balanced accuracy, and all of `results.measure`."""

    loss: float
    balanced: float
    results: dict[str, Any]


@torch.no_grad()
def evaluate(
    trained: nn.Module,
    inputs: Sequence[Tensor],
    labels: Tensor,
    rows: Sequence[Row],
    classes: Sequence[str],
    baselines: Mapping[str, Any],
) -> Measured | None:
    """Measure the trained part on batches of what comes before it; None without validation images."""
    if not rows:
        return None
    trained.eval()
    scores = torch.cat([trained(batch) for batch in inputs])
    loss = float(nn.functional.cross_entropy(scores.double(), labels))
    found = measure(rows, torch.softmax(scores.double(), dim=1).tolist(), classes, baselines)
    assert found is not None
    return Measured(loss, float(found["balanced"]), found)


def baselines_of(version: Version, sides: Sides, train: Images, validation: Images | None) -> dict[str, Any]:
    """Return what the rules that look at no content reach on this validation: the version's own, else computed."""
    if version.info.validation_baselines:
        return {name: version.info.validation_baselines.get(name) for name in NAMES}
    samples = []
    grey_of = {TRAIN: train.grey, VALIDATION: validation.grey if validation else ()}
    for side, rows in ((TRAIN, sides.train), (VALIDATION, sides.validation)):
        samples += [
            Sample(row.source, row.label, row.recording, side, row.captured_at, grey)
            for row, grey in zip(rows, grey_of[side], strict=True)
        ]
    return dict(on_split(samples, version.task.classes))
