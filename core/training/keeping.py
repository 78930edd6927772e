"""What a training keeps on its way: the model file of its best epoch, and checkpoints to go on from.

What always holds: `best.pt` is written before the checkpoint that speaks of it, and announced before it is written, so
that a kill between two system calls leaves nothing unknown; a training goes on only as the one it began as: another
dataset, seed or setting is refused by name, another torch, processor or number of threads is said.
Called by the training process.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from core.durable import hash_file
from core.errors import Refused
from core.training import checkpoints, results
from core.training.data import Input
from core.training.devices import Device
from core.training.learning import Learner
from core.training.loading import load_bytes
from core.training.network import Start, machine, plain_state, serialise
from core.training.runs import BEST
from core.training.worker import Job

#: Seconds between two saves, and how many times longer than the last save took.
EVERY_S, RATHER = 20.0, 20.0


@dataclass(slots=True)
class Best:
    """The best epoch: `key` decides (greater is better), `learned` its weights, `probabilities` of validation's images.

    `learned` is None for one that is in `best.pt` already.
    """

    key: list[float]
    epoch: int
    results: dict[str, Any] | None
    probabilities: list[list[float]]
    learned: dict[str, Tensor] | None = None


class Keeper:
    """Saves a training and takes it up again. `epoch` is how many are done, `stale` how many brought nothing better."""

    def __init__(self, job: Job, start: Start, shape: Input, learner: Learner, device: Device) -> None:
        self.job, self.start, self.shape, self.learner, self.device = job, start, shape, learner, device
        self.best: Best | None = None
        self.epoch, self.stale = 0, 0
        self._due, self._whole, self._best_sha256 = time.monotonic() + EVERY_S, False, ""
        #: Epoch and step that are on the disk.
        self._saved: tuple[int, int] | None = None

    @property
    def due(self) -> bool:
        """True where it is time to save."""
        return time.monotonic() >= self._due

    @property
    def fresh(self) -> bool:
        """True where nothing was saved yet: the first epoch is, at once."""
        return self._saved is None

    def offer(
        self, key: list[float], epoch: int, found: dict[str, Any] | None, said: list[list[float]]
    ) -> bool:
        """Take an epoch as the best one if it is; return whether it was."""
        self.epoch = epoch
        if self.best is not None and key <= self.best.key:
            self.stale += 1
            return False
        self.stale = 0
        self.best = Best(key, epoch, found, said, self._learned())
        return True

    def _learned(self) -> dict[str, Tensor]:
        model = self.start.model.named_parameters()
        return {name: p.detach().cpu().clone() for name, p in model if p.requires_grad}

    def save(self) -> None:
        """Put the best epoch and this very step on the disk. Raises Lacking, Damaged."""
        begun, at = time.monotonic(), (self.epoch, self.learner.progress.step)
        self.save_best()
        if self.device.first and at != self._saved and self.learner.finite():
            data, _ = serialise(self._state())
            hashed = checkpoints.put(self.job.folder, data, whole=self._whole)
            self._whole = True
            self.job.writer.append(
                "checkpoint", file=checkpoints.LAST, sha256=hashed.oid, size=hashed.size, epoch=self.epoch,
                step=at[1],
            )  # fmt: skip
        self._saved = at
        self._due = time.monotonic() + max(EVERY_S, RATHER * (time.monotonic() - begun))

    def save_best(self) -> None:
        """Put the best epoch's model file on the disk if it is not there."""
        best = self.best
        if best is None or best.learned is None or not self.device.first:
            return
        data, hashed = serialise(self._model_file(best))
        self.job.writer.append("heartbeat", phase="training", saving={BEST: hashed.oid})
        checkpoints.write(self.job.folder / BEST, data)
        best.learned, self._best_sha256 = None, hashed.oid
        self.tell()
        self.job.writer.append(
            "checkpoint", file=BEST, sha256=hashed.oid, size=hashed.size, epoch=best.epoch,
            results=best.results, words=self.job.outcome.words,
        )  # fmt: skip

    def tell(self) -> None:
        """Put what is known of the best epoch where the end of the training is told from."""
        if self.best is not None:
            outcome = self.job.outcome
            outcome.best_epoch, outcome.results = self.best.epoch, self.best.results
            outcome.words = results.words(self.best.results, weights=self.start.words)

    def _model_file(self, best: Best) -> dict[str, Any]:
        """Return the content of a model version: what another program needs to use it, and where it comes from."""
        what, weights = self.job.spec, self.start.weights
        return {
            "model_state_dict": {**plain_state(self.start.model), **(best.learned or {})},
            "architecture": what.architecture,
            "classes": list(what.classes),
            "input": self.shape.as_json(),
            "dataset": {
                "task": what.task,
                "version": what.dataset.version,
                "digest": what.dataset.digest,
            },
            "config": {**what.config, "weights": {"kind": weights.kind, "sha256": weights.sha256}},
            "metrics": best.results or {},
            "epoch": best.epoch,
        }

    def _state(self) -> dict[str, Any]:
        best = self.best
        return {
            **self.learner.state(),
            "asked": self._asked(),
            "machine": self._machine(),
            "epoch": self.epoch,
            "stale": self.stale,
            "best": None
            if best is None
            else {
                "key": best.key, "epoch": best.epoch, "results": best.results,
                "probabilities": best.probabilities, "sha256": self._best_sha256,
            },
        }  # fmt: skip

    def _asked(self) -> dict[str, str]:
        """Return all that a training must not change on its way, by the name a person knows it by."""
        what, weights = self.job.spec, self.start.weights
        asked = {k: v for k, v in what.config.items() if k not in ("threads", "device")}
        asked |= {"dataset": f"{what.task} {what.dataset.version} {what.dataset.digest}"}
        asked |= {"classes": list(what.classes), "network": what.architecture}
        asked |= {"start weights": f"{weights.kind} {weights.sha256}".strip()}
        return {name: str(value) for name, value in asked.items()}

    def _machine(self) -> dict[str, str]:
        """Return what the last bits of the numbers depend on beside what was asked for."""
        what = self.job.spec
        return {
            **machine(),
            "threads": str(what.threads),
            "device": what.device,
            "processes": str(self.device.world),
        }

    def restore(self) -> None:
        """Go on from the newest whole checkpoint of this run, if it has any.

        Raises Damaged where every checkpoint is, Refused where this run is no longer what it began as.
        """
        found = checkpoints.newest(self.job.folder)
        if found is None:
            return
        for problem in found.problems:
            self._alert("checkpoint", f"{problem} It goes on from {found.name}, the one before.")
        saved = load_bytes(found.data, found.name)
        self._require_same(saved["asked"])
        if not self._has_best(saved["best"]):
            self._alert("checkpoint", f"{BEST} is not as it was saved, so it begins anew.")
            return
        differ = _differences(saved["machine"], self._machine())
        if differ:
            text = f"It goes on elsewhere than it began, so its file may differ in the last bits: {'; '.join(differ)}."
            self._alert("machine", text)
            self.job.heart.say("training", {"not_identical": text})
        self.learner.restore(saved)
        self.epoch, self.stale, self._whole = int(saved["epoch"]), int(saved["stale"]), not found.problems
        self._saved = (self.epoch, self.learner.progress.step)
        if (best := saved["best"]) is not None:
            self.best = Best(best["key"], int(best["epoch"]), best["results"], best["probabilities"])
            self._best_sha256 = best["sha256"]
            self.tell()
        self.job.writer.append("resumed", epoch=self.epoch, step=self.learner.progress.step, phase="training")

    def _require_same(self, then: Mapping[str, str]) -> None:
        differ = _differences(then, self._asked())
        if differ:
            raise Refused(
                f"It would not be the same training: {'; '.join(differ)}.",
                "Put its spec.json back as it was, or start a new training: print-models train",
            )

    def _has_best(self, best: Mapping[str, Any] | None) -> bool:
        """True where `best.pt` is what the checkpoint speaks of, or a later epoch's that was announced."""
        if best is None:
            return True
        try:
            oid = hash_file(self.job.folder / BEST).oid
        except OSError:
            return False
        return oid in (best["sha256"], *self.job.before.saved.get(BEST, ()))

    def _alert(self, kind: str, text: str) -> None:
        self.job.writer.append("alert", kind=kind, text=text)


def _differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return in words what is otherwise than it was."""
    names = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    return [f"{name} was {then.get(name, 'unknown')}, is {now.get(name, 'unknown')}" for name in names]


def fingerprint(facts: Mapping[str, Any]) -> str:
    """Return what names some facts, for files that must belong to them."""
    return hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()
