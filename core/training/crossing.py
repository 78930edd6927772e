"""Grouped cross-validation: every recording is predicted by a network that learned from none of its frames.

What always holds: each fold's network begins as the training itself began and learns for as many epochs as the kept
one had, with the same settings; what it is asked about decides nothing in it. A fold that is done is kept, so that a
stop or a kill costs the fold at work only, and changes no number.
Called by the training process, after the training itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from torch import Tensor, nn

from core.durable import atomic_write
from core.training.devices import Device
from core.training.features import Inputs
from core.training.folds import Folds, lacking, learners
from core.training.learning import Diverged, Learner
from core.training.sides import Row
from core.training.spec import Spec

FILE = "folds.json"
_DIGITS = 6


class _Kept(msgspec.Struct):
    """`folds.json`: what the folds belong to, and what each that is done said of its images, by the fold's number."""

    of: str
    said: dict[str, list[list[float]]] = {}


@dataclass(frozen=True, slots=True)
class Crossed:
    """What was said of each row, in order; empty with the reason as `note` where nothing can be said."""

    probabilities: tuple[tuple[float, ...], ...]
    folds: tuple[int, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Crossing:
    """All that the folds of a training share; `begin` is what was learned before anything was."""

    model: nn.Module
    trained: nn.Module
    begin: Mapping[str, Tensor]
    inputs: Inputs
    rows: Sequence[Row]
    what: Spec
    device: Device
    folder: Path

    def run(self, folds: Folds, epochs: int, of: str, say: Callable[[str], None]) -> Crossed:
        """Train and ask the network of every fold; `say` hears what is being done and may raise.

        `of` names what the training is, so that folds kept by another one are not taken.
        """
        kept = self._read(f"{of} {epochs} {folds.count}")
        found: list[tuple[float, ...]] = [()] * len(self.rows)
        for fold in range(folds.count):
            learn, asked = learners(self.rows, folds, fold)
            if missing := lacking(self.rows, learn, self.what.classes):
                return Crossed((), (), missing)
            said = kept.said.get(str(fold))
            if said is None or len(said) != len(asked):
                try:
                    said = self._fold(fold, folds.count, learn, asked, epochs, say)
                except Diverged:
                    return Crossed((), (), f"The loss of fold {fold + 1} grew beyond all sense.")
                kept.said[str(fold)] = said
                if self.device.first:
                    atomic_write(self.folder / FILE, msgspec.json.encode(kept, order="sorted"))
            for place, shares in zip(asked, said, strict=True):
                found[place] = tuple(shares)
        return Crossed(tuple(found), folds.of, "")

    def _fold(
        self,
        fold: int,
        count: int,
        learn: Sequence[int],
        asked: Sequence[int],
        epochs: int,
        say: Callable[[str], None],
    ) -> list[list[float]]:
        put_back(self.model, self.begin)
        learner = Learner(self.trained, self.inputs, learn, self.what, self.device)
        for epoch in range(1, epochs + 1):
            phase = f"asking about recordings it did not see: fold {fold + 1} of {count}, epoch {epoch} of {epochs}"

            def on_step(_: int, __: float, phase: str = phase) -> None:
                say(phase)

            learner.epoch(epoch, on_step)
        shares = learner.probabilities(asked)
        if not bool(shares.isfinite().all()):
            raise Diverged
        return [[round(float(one), _DIGITS) for one in row] for row in shares]

    def _read(self, of: str) -> _Kept:
        try:
            kept = msgspec.json.decode((self.folder / FILE).read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return _Kept(of)
        whole = all(
            math.isclose(sum(shares), 1, abs_tol=1e-3) for said in kept.said.values() for shares in said
        )
        return kept if kept.of == of and whole else _Kept(of)


def learned(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of the weights that a training changes."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def put_back(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Set the weights that a training changes to what they were."""
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.detach().copy_(weights[name])
