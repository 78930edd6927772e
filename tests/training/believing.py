"""Rows with answers made by hand: 'gggfff' is what the frames of a recording are, 'ggffff' what was said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.training.predictions import Predicted
from core.training.sides import Row

CLASSES = ("good", "failed")
BEGIN = datetime(2025, 11, 7, 8)
_NAMES = {"g": "good", "f": "failed"}


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
