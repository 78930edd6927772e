"""A training as a person sees it: what follows from its events, as plain data and in one phrase.

What always holds: nothing here is looked up; `events.reduce` fills it, `runs.settle` adds what the process tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.human import duration
from core.text import safe

#: The states of a training from which more will come.
LIVE = ("starting", "running", "paused", "stopping")


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training images. What validation says is None where a version has no validation images."""

    number: int
    train_loss: float
    train_accuracy: float
    loss: float | None
    balanced: float | None
    accuracy: float | None
    recall: Mapping[str, float]
    seconds: float
    best: bool


@dataclass(frozen=True, slots=True)
class RunView:
    """A training as a person sees it.

    `state`: starting, running, paused, stopping, finished, stopped, failed, killed, interrupted. `phase` says what a
    running one does just now, `reason` why it is paused or ended as it did, `figures` what it takes of the machine
    (figures.Meter). `best` is the best epoch's balanced accuracy (0 to 1), `eta_s` seconds still to go, `results` what
    validation says of the best epoch (results.measure), `words` the same in sentences, `best_sha256` the model file they
    are about, `results_folds` what networks say of recordings they never saw, `folds` how many those are and `folded`
    how much of them is done (0 to 1), `saved` the sha256 of every checkpoint that may be on the disk, by file, `pid` the process that
    spoke last, `epochs_saved` the epoch of the newest checkpoint by file.
    """

    state: str = "starting"
    phase: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    batch_loss: float | None = None
    best: float | None = None
    best_epoch: int | None = None
    eta_s: float | None = None
    images_per_s: float | None = None
    history: tuple[Epoch, ...] = ()
    alerts: tuple[str, ...] = ()
    reason: str = ""
    remedy: str = ""
    exit_code: int = 0
    results: Mapping[str, Any] | None = None
    words: tuple[str, ...] = ()
    saved: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    best_sha256: str = ""
    started_at: str = ""
    last_at: str = ""
    seconds: float = 0.0
    pid: int | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    epochs_saved: Mapping[str, int] = field(default_factory=dict)
    results_folds: Mapping[str, Any] | None = None
    folds: int = 0
    folded: float = 0.0

    @property
    def share(self) -> float | None:
        """How much of its work is done, 0 to 1, cross-validation included; None where nothing can be said yet.

        A fold takes as many epochs as the best one had, so the share of a training that gets better may go back.
        """
        if self.state == "finished":
            return 1.0
        if not self.epochs:
            return None
        ahead = self.folds * (self.best_epoch or 1)
        if self.folded:
            return (self.epoch + ahead * self.folded) / (self.epoch + ahead)
        part = self.batch / self.batches if self.batches else 1.0
        done = max(0.0, self.epoch - 1 + min(part, 1.0)) / (self.epochs + ahead) if self.epoch else 0.0
        return min(1.0, done)

    @property
    def over(self) -> bool:
        """True where nothing more will come."""
        return self.state not in LIVE


def describe(seen: RunView) -> str:
    """Return how a training stands as one short phrase: 'epoch 3 of 15 · best 94 % · 2 min to go'.

    What is not to be taken for a person's training, or not to be held against others, is said first.
    """
    again, own = seen.facts.get("again"), seen.facts.get("val_split")
    marks = [f"reproduces {safe(str(again), limit=60)}"] if again else []
    marks += ["a split of its own"] if own else []
    return " · ".join([*marks, said] if (said := _stands(seen)) else marks)


def _stands(seen: RunView) -> str:
    from core.training.results import percent, summary

    if seen.state == "paused":
        return f"epoch {seen.epoch} of {seen.epochs} · {seen.reason}" if seen.epoch else seen.reason
    if seen.state in ("running", "stopping"):
        parts = [f"epoch {seen.epoch} of {seen.epochs}" if seen.epoch else seen.phase or "starting"]
        if seen.best is not None:
            parts.append(f"best {percent(seen.best)}")
        if seen.eta_s:
            parts.append(f"{duration(seen.eta_s)} to go")
        if host := seen.facts.get("host"):
            parts.append(f"on {safe(str(host), limit=60)}")
        return " · ".join(parts)
    if seen.state == "finished":
        how = "out of fold" if seen.results_folds else "on validation" if seen.results else ""
        return summary(seen.results_folds or seen.results, how)
    if seen.state == "stopped":
        return (
            f"after epoch {len(seen.history)} of {seen.epochs}" if seen.history else "before its first epoch"
        )
    return seen.reason
