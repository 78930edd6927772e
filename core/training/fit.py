"""The training itself: read, cut, compute once what stays, then epochs; `python -m core.training.fit RUN_FOLDER`.

What always holds: the same spec, start weights and torch build give the same model file, byte by byte, also after a
stop, a kill and a resume: each epoch's order is drawn from the seed and its number, the threads are fixed, the
algorithms deterministic. `best.pt` is always the whole of the best epoch so far, verified before it is announced.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.durable import Hashed, atomic_write, hash_file
from core.errors import Damaged, Lacking, Refused
from core.human import size
from core.training import results
from core.training.runs import BEST, LAST
from core.training.sides import Sides, sides
from core.training.worker import Job, supervise
from core.versions.manifest import read_version

if TYPE_CHECKING:
    from torch import nn

    from core.training.data import Images, Input, Inputs
    from core.training.network import Parts, Start

#: Seconds between two checkpoints to resume from.
SAVE_EVERY_S = 20.0


def main() -> int:
    """Run the training whose folder is the first argument; return its exit code."""
    return supervise(Path(sys.argv[1]).resolve(), train)


@dataclass(slots=True)
class Learner:
    """What changes while learning: trained part, optimizer, and the best epoch so far."""

    trained: nn.Module
    optimizer: Any
    best_key: list[float] | None = None
    best_epoch: int | None = None
    results: dict[str, Any] | None = None
    stale: int = 0
    saved_at: float = field(default_factory=lambda: -math.inf)


def train(job: Job) -> None:
    """Train as the spec says; what comes out is in the run's folder and in `job.outcome`."""
    import torch

    from core.training import data, network
    from core.training.evaluate import baselines_of

    what = job.spec
    network.same_every_time(what.threads, what.device)
    job.check()
    job.heart.say("reading pictures", {"machine": network.machine()})
    task = job.workspace.task(what.task)
    version = read_version(job.workspace, task, what.dataset.version)
    if version.digest != what.dataset.digest or task.classes != what.classes:
        raise Damaged(
            f"{task.name} {version.name} is not what this training was started on: its digest differs.",
            f"Get the version as it was: git checkout -- datasets/{task.name}/{version.name}",
        )
    both = sides(version)
    shape = data.input_of(version, what.input_size, what.architecture)

    def told(done: int, total: int) -> None:
        job.check()
        job.heart.say(f"reading pictures {done}/{total}", force=done == total)

    images, asked = data.read_sides(version, both, shape, threads=what.threads, on_image=told)
    try:
        start = network.start(what)
        baselines = baselines_of(version, both, images, asked)
        _announce(job, both, start, baselines, shape)
        device = torch.device(what.device)
        if start.weights.kind == "random":
            network.settle_statistics(
                start.model, (data.normalised(b) for b in images.pixels.split(data.BATCH))
            )
        parts = network.cut(start.model.to(device), what.mode)
        _require_room(job, start.model, parts.trained)
        learn, ask = _inputs(job, parts, images), _inputs(job, parts, asked) if asked else None
        _Fit(job, both, start, parts, shape, baselines, learn, ask).run()
    except RuntimeError as error:
        raise network.explain(error) or error from error


def _announce(job: Job, both: Sides, start: Start, baselines: dict[str, Any], shape: Input) -> None:
    """Say what this training stands on before its first epoch."""
    from msgspec import to_builtins

    weights = {key: value for key, value in to_builtins(start.weights).items() if key != "path"}
    facts = {"weights": weights, "start": start.words, "images": both.facts, "notes": list(both.notes)}
    job.heart.say("computing features", {**facts, "baselines": baselines, "input": shape.as_json()})
    if start.alert:
        job.writer.append("alert", kind="weights", text=start.alert)


def _require_room(job: Job, model: nn.Module, trained: nn.Module) -> None:
    """Refuse to begin where the disk can't take two of each checkpoint: the old one goes after the new one is whole."""
    whole = sum(p.numel() * p.element_size() for p in model.state_dict().values())
    learned = sum(p.numel() * p.element_size() for p in trained.parameters())
    needed = 2 * whole + 2 * 3 * learned
    free = shutil.disk_usage(job.folder).free
    if free < needed:
        raise Lacking(
            f"Its checkpoints need {size(needed)} and the disk has {size(free)} left.",
            "Free some space first.",
        )


def _inputs(job: Job, parts: Parts, images: Images) -> Inputs:
    from core.training.data import Inputs

    def told(done: int) -> None:
        job.check()
        job.heart.say(f"computing features {done}/{len(images.labels)}", force=False)

    return Inputs(parts.before, images, device=job.spec.device, on_batch=told)


class _Fit:
    """The epochs of one training."""

    def __init__(
        self,
        job: Job,
        both: Sides,
        start: Start,
        parts: Parts,
        shape: Input,
        baselines: dict[str, Any],
        learn: Inputs,
        ask: Inputs | None,
    ) -> None:
        import torch

        self.job, self.what, self.both, self.start = job, job.spec, both, start
        self.shape, self.baselines, self.inputs, self.ask = shape, baselines, learn, ask
        learned = [p for p in parts.trained.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learned, lr=self.what.lr, weight_decay=self.what.weight_decay)
        self.now = Learner(parts.trained, optimizer)
        counts = torch.bincount(learn.labels, minlength=len(self.what.classes)).double()
        # Each class weighs the same in the loss, however many images it has.
        self.weight = (counts.sum() / (len(counts) * counts)).float()

    def run(self) -> None:
        """Go through the epochs, from the last checkpoint on where there is one."""
        for epoch in range(self._restored() + 1, self.what.last_epoch + 1):
            if self.now.stale >= self.what.patience:
                self.job.outcome.early = True
                break
            self._epoch(epoch)

    def _epoch(self, epoch: int) -> None:
        from core.training.evaluate import evaluate

        begun = time.monotonic()
        loss, accuracy = self._learn(epoch)
        spent = time.monotonic() - begun
        found = None
        if self.ask is not None:
            found = evaluate(
                self.now.trained, self.ask.batches(), self.ask.labels, self.both.validation, self.what.classes,
                self.baselines,
            )  # fmt: skip
        self._require_finite(epoch, found.loss if found else loss)
        key = [found.balanced, -found.loss] if found else [-loss]
        better = self.now.best_key is None or key > self.now.best_key
        self.now.stale = 0 if better else self.now.stale + 1
        if better:
            self.now.best_key, self.now.best_epoch = key, epoch
            self.now.results = found.results if found else None
        files = self._checkpoints(epoch, better)
        self.job.writer.append(
            "epoch",
            epoch=epoch,
            epochs=self.what.last_epoch,
            train_loss=round(loss, 6),
            train_accuracy=round(accuracy, 4),
            loss=round(found.loss, 6) if found else None,
            balanced=round(found.balanced, 4) if found else None,
            accuracy=found.results["accuracy"] if found else None,
            recall={name: c["recall"] for name, c in found.results["classes"].items() if c["images"]}
            if found
            else {},
            best=better,
            seconds=round(time.monotonic() - begun, 3),
            images_per_s=round(self.inputs.count / max(spent, 1e-6), 1),
            saving={name: hashed.oid for name, (_, hashed) in files.items()},
        )
        self._save(epoch, files)

    def _learn(self, epoch: int) -> tuple[float, float]:
        """Show every training image once; return mean loss and share that was right."""
        import torch

        from core.training.network import learn

        torch.manual_seed(self.what.seed * 1_000_003 + epoch)
        order = torch.randperm(self.inputs.count)
        for group in self.now.optimizer.param_groups:
            group["lr"] = self._step_size(epoch)
        learn(self.now.trained)
        batches = order.split(self.what.batch_size)
        total, right, spoke = 0.0, 0, time.monotonic()
        for number, places in enumerate(batches, 1):
            self.job.check()
            labels = self.inputs.labels[places]
            scores = self.now.trained(self.inputs.batch(places))
            loss = torch.nn.functional.cross_entropy(scores, labels, weight=self.weight)
            value = float(loss.detach())
            self._require_finite(epoch, value)
            self.now.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.now.optimizer.step()
            total += value * len(places)
            right += int((scores.detach().argmax(1) == labels).sum())
            if time.monotonic() - spoke >= 1:
                spoke = time.monotonic()
                self.job.writer.append(
                    "batch", epoch=epoch, batch=number, batches=len(batches), loss=round(value, 6)
                )
        return total / self.inputs.count, right / self.inputs.count

    def _step_size(self, epoch: int) -> float:
        """Return the learning rate of an epoch: half a cosine from `lr` towards zero (Loshchilov and Hutter, 2016)."""
        return self.what.lr * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / self.what.epochs))

    def _require_finite(self, epoch: int, loss: float) -> None:
        if math.isfinite(loss):
            return
        kept = (
            f"the best, epoch {self.now.best_epoch}, is kept" if self.now.best_epoch else "nothing was saved"
        )
        text = f"The loss of epoch {epoch} is no longer a finite number; {kept}."
        self.job.writer.append("alert", kind="diverged", text=text)
        raise Refused(text, "The steps are too large: use a smaller --lr.")

    def _checkpoints(self, epoch: int, better: bool) -> dict[str, tuple[bytes, Hashed]]:
        """Return what is to be saved after an epoch: the model file if it is the best, and where to resume from."""
        from core.training.network import machine, plain_state, serialise

        files = {}
        if better:
            files[BEST] = serialise(self._model_file(epoch))
        due = time.monotonic() - self.now.saved_at >= SAVE_EVERY_S
        if due or epoch == self.what.last_epoch or self.now.stale >= self.what.patience:
            files[LAST] = serialise(
                {
                    "epoch": epoch,
                    "trained": plain_state(self.now.trained),
                    "optimizer": self.now.optimizer.state_dict(),
                    "best_key": self.now.best_key,
                    "best_epoch": self.now.best_epoch,
                    "results": self.now.results,
                    "stale": self.now.stale,
                    "machine": machine(),
                }
            )
        return files

    def _model_file(self, epoch: int) -> dict[str, Any]:
        """Return the content of a model version: what another program needs to use it, and where it comes from."""
        from core.training.network import plain_state

        what, start = self.what, self.start.weights
        return {
            "model_state_dict": plain_state(self.start.model),
            "architecture": what.architecture,
            "classes": list(what.classes),
            "input": self.shape.as_json(),
            "dataset": {
                "task": what.task,
                "version": what.dataset.version,
                "digest": what.dataset.digest,
            },
            "config": {**what.config, "weights": {"kind": start.kind, "sha256": start.sha256}},
            "metrics": self.now.results or {},
            "epoch": epoch,
        }

    def _save(self, epoch: int, files: dict[str, tuple[bytes, Hashed]]) -> None:
        """Put checkpoints on the disk whole, read them again, and only then announce them."""
        found = self.now.results
        said = results.words(found, weights=self.start.words)
        for name, (data, hashed) in files.items():
            path = self.job.folder / name
            atomic_write(path, data)
            if hash_file(path).oid != hashed.oid:
                raise Damaged(f"{name} does not read back as it was written.", "Look at the disk (dmesg).")
            worth = {"results": found, "words": said} if name == BEST else {}
            self.job.writer.append(
                "checkpoint", file=name, sha256=hashed.oid, size=hashed.size, epoch=epoch, **worth
            )
            if name == LAST:
                self.now.saved_at = time.monotonic()
        self.job.outcome.best_epoch = self.now.best_epoch
        self.job.outcome.results, self.job.outcome.words = found, said

    def _restored(self) -> int:
        """Go back to the last checkpoint of this run; return its epoch, 0 to begin at the beginning."""
        import torch

        from core.training.network import machine

        path = self.job.folder / LAST
        if not path.exists():
            return 0
        data = path.read_bytes()
        if hash_file(path).oid not in self.job.before.saved.get(LAST, ()):
            self.job.writer.append(
                "alert",
                kind="checkpoint",
                text="The last checkpoint is not as it was recorded: it begins anew.",
            )
            return 0
        saved = torch.load(io.BytesIO(data), map_location=self.what.device, weights_only=True)
        if saved["machine"] != machine():
            text = "It goes on with another torch or processor than it began: the file may differ in its last bits."
            self.job.writer.append("alert", kind="machine", text=text)
        self.now.trained.load_state_dict(saved["trained"])
        self.now.optimizer.load_state_dict(saved["optimizer"])
        self.now.best_key, self.now.best_epoch = saved["best_key"], saved["best_epoch"]
        self.now.results, self.now.stale = saved["results"], saved["stale"]
        epoch = int(saved["epoch"])
        self.job.writer.append("resumed", epoch=epoch, phase="training")
        return epoch


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Everything is on the disk and told: taking torch apart in good order would hold the machine for a second.
    os._exit(code)
