"""What an epoch says of validation, in the few numbers that decide which one is kept; pure Python, no interval.

What always holds: every class weighs the same, however many images it has, in the share that is right and in the loss.
Called by the training process after every epoch; what the kept one is worth is measured by results.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from core.training.sides import Row

_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Seen:
    """Mean loss and balanced accuracy over the classes there are, share that is right, recall of each class."""

    loss: float
    balanced: float
    accuracy: float
    recall: Mapping[str, float]
    rarest: str

    @property
    def key(self) -> list[float]:
        """What decides: the greater of two is the better one."""
        return [self.balanced, self.recall.get(self.rarest, 0.0), -self.loss]

    @classmethod
    def of(
        cls, rows: Sequence[Row], classes: Sequence[str], shares: Sequence[Sequence[float]], rarest: str
    ) -> Self | None:
        """Return what probabilities per class say of labelled images, None without any."""
        if not rows:
            return None
        held: dict[str, list[tuple[bool, float]]] = {}
        for row, said in zip(rows, shares, strict=True):
            truth = classes.index(row.label)
            right = max(range(len(classes)), key=said.__getitem__) == truth
            held.setdefault(row.label, []).append((right, -math.log(max(said[truth], _LEAST))))
        recall = {name: _mean([float(r) for r, _ in held[name]]) for name in classes if name in held}
        return cls(
            _mean([_mean([loss for _, loss in held[name]]) for name in recall]),
            _mean(list(recall.values())),
            _mean([float(right) for one in held.values() for right, _ in one]),
            recall,
            rarest,
        )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
