"""The training itself: read, cut, compute once what stays, then epochs; `python -m core.training.fit RUN_FOLDER`.

What always holds: the same spec, start weights, torch build and kind of processor give the same model file, byte by
byte, also after a stop, a kill and a resume at any step. The best epoch is the one with the highest balanced accuracy,
so that a rare failure counts as much as all that went well; of equal ones that which misses fewest of the rarest class,
then the one with the lower loss, each class weighing the same. Under torchrun only the first process writes.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Refused
from core.training import checkpoints, dataset, results
from core.training.pictures import Pictures
from core.training.quick import Seen
from core.training.ranks import alone_or_first, follow, start_others
from core.training.sides import Sides, sides
from core.training.worker import Job, Stopped, supervise

if TYPE_CHECKING:
    from torch import nn

    from core.training.data import Images, Input
    from core.training.devices import Device
    from core.training.features import Inputs
    from core.training.learning import Learner
    from core.training.network import Start

#: Decimal places of a probability, in what is kept and in what is measured.
_DIGITS = 6
#: Images from which the statistics of a network with random weights are measured together.
_SETTLE = 32


def main() -> int:
    """Run the training whose folder is the first argument; return its exit code."""
    folder = Path(sys.argv[1]).resolve()
    return supervise(folder, train) if alone_or_first() else follow(folder, train)


def train(job: Job) -> None:
    """Train as the spec says; what comes out is in the run's folder and in `job.outcome`."""
    from core.training import network
    from core.training.devices import Device

    start_others(job.folder, job.spec.processes)
    device = Device(job.spec.device, job.spec.threads)
    try:
        _Fit(job, device).run()
    except RuntimeError as error:
        raise network.explain(error) or error from error
    finally:
        device.close()


class _Fit:
    """One training from its pictures to its results; the places of `rows` are those of `images` and `inputs`."""

    def __init__(self, job: Job, device: Device) -> None:
        from core.training import data, network
        from core.training.cache import FILE, Cache

        self.job, self.what, self.device = job, job.spec, device
        job.check()
        job.heart.say("reading pictures", {"machine": network.machine(), **device.said})
        task = job.workspace.task(self.what.task)
        self.version = dataset.version_of(job.workspace, self.what, job.folder)
        dataset.require_same(self.what, self.version)
        self.both: Sides = sides(self.version)
        self.rows = (*self.both.train, *self.both.validation)
        self.learn = range(len(self.both.train))
        self.ask = range(len(self.both.train), len(self.rows))
        self.shape: Input = data.input_of(
            self.version, self.what.input_size, self.what.architecture,
            regions=self.what.regions, aspect=self.what.aspect,
        )  # fmt: skip
        # Below a workspace that is only read nothing is kept.
        where = None if job.workspace.read_only else job.workspace.cache / FILE
        with Cache(where) as cache:
            self.images: Images = data.read(
                self.version, self.rows, task.classes, self.shape,
                threads=self.what.threads, on_image=self._told("reading pictures"), cache=cache,
                opener=Pictures(job.workspace, self.version).open,
            )  # fmt: skip
            self.start: Start = network.start(self.what)
            self.baselines = self._baselines()
            self._announce()
            self._prepare(cache)

    def _told(self, what: str) -> Any:
        def told(done: int, total: int) -> None:
            self.job.check()
            self.job.heart.say(f"{what} {done}/{total}", force=done == total)

        return told

    def _baselines(self) -> dict[str, Any]:
        from core.training.data import part_of
        from core.training.evaluate import baselines_of

        n = len(self.learn)
        train, asked = part_of(self.images, slice(0, n)), part_of(self.images, slice(n, None))
        return baselines_of(self.version, self.both, train, asked)

    def _announce(self) -> None:
        """Say what this training stands on before its first epoch."""
        from msgspec import to_builtins

        weights = {key: value for key, value in to_builtins(self.start.weights).items() if key != "path"}
        self.job.heart.say(
            "computing features",
            {
                "weights": weights,
                "start": self.start.words,
                "images": self.both.facts,
                "notes": list(self.both.notes),
                "baselines": self.baselines,
                "input": self.shape.as_json(),
                "best_by": f"balanced accuracy, then recall of {self._rarest()}, then loss",
            },
        )
        if self.start.alert:
            self.job.writer.append("alert", kind="weights", text=self.start.alert)

    def _rarest(self) -> str:
        counts = {name: sum(row.label == name for row in self.both.train) for name in self.what.classes}
        return min(self.what.classes, key=lambda name: counts[name])

    def _prepare(self, cache: Any) -> None:
        """Cut the network, compute what stays, make what learns, and go back to where an earlier process was."""
        import torch

        from core.training import data, network
        from core.training.crossing import learned
        from core.training.features import Inputs
        from core.training.keeping import Keeper
        from core.training.learning import Learner

        if self.start.weights.kind == "random":
            known = self.images.pixels[: len(self.learn)].split(_SETTLE)
            self.start.model.to(memory_format=torch.channels_last)
            network.settle_statistics(self.start.model, (data.normalised(block) for block in known))
        model = self.start.model.to(self.device.name, memory_format=torch.channels_last)
        parts = network.cut(model, self.what.mode)
        checkpoints.require_room(
            self.job.folder,
            sum(p.numel() * p.element_size() for p in model.state_dict().values()),
            sum(p.numel() * p.element_size() for p in parts.trained.parameters() if p.requires_grad),
        )
        self.trained: nn.Module = parts.trained
        if parts.before is not None and self.device.kind == "cpu":
            # The small maps of the last blocks are learned from a third faster in torch's own layout.
            self.trained.to(memory_format=torch.contiguous_format)
        self.inputs: Inputs = Inputs(
            parts.before, self.images, device=self.device, seed=self.what.seed, augment=self.what.augment,
            cache=cache, on_batch=self._told("computing features"),
        )  # fmt: skip
        self.begin = learned(model)
        self.learner: Learner = Learner(self.trained, self.inputs, self.learn, self.what, self.device)
        self.keeper = Keeper(self.job, self.start, self.shape, self.learner, self.device)

    def run(self) -> None:
        """Go through the epochs, from the last checkpoint on where there is one, then through the folds."""
        self.keeper.restore()
        try:
            while self.keeper.epoch < self.what.last_epoch:
                if self.keeper.stale >= self.what.patience:
                    self.job.outcome.early = True
                    break
                self._epoch(self.keeper.epoch + 1)
            self.keeper.save()
            self._believe(self._cross())
        except Stopped:
            self.keeper.save()
            self._believe("It was stopped before.")
            raise

    def _epoch(self, epoch: int) -> None:
        from core.training.learning import Diverged

        begun, rested = time.monotonic(), self.job.rested
        spoke = begun

        def on_step(step: int, loss: float) -> None:
            nonlocal spoke
            if self.device.agreed(self.job.wish.is_set()):
                raise Stopped
            self.job.check()
            if self.keeper.due:
                self.keeper.save()
            if step and time.monotonic() - spoke >= 1:
                spoke = time.monotonic()
                self.job.writer.append(
                    "batch", epoch=epoch, batch=step, batches=self.learner.steps, loss=round(loss, 6)
                )

        try:
            loss, accuracy = self.learner.epoch(epoch, on_step)
            spent = time.monotonic() - begun - (self.job.rested - rested)
            said = self.learner.probabilities(self.ask, self.job.check) if self.ask else None
            if not self.learner.finite() or (said is not None and not bool(said.isfinite().all())):
                raise Diverged
        except Diverged:
            raise self._diverged(epoch) from None
        shares = [[round(float(one), _DIGITS) for one in row] for row in said] if said is not None else []
        seen = Seen.of(self.both.validation, self.what.classes, shares, self._rarest())
        found = None
        key = seen.key if seen else [-loss]
        if self.keeper.best is None or key > self.keeper.best.key:
            found = results.measure(
                self.both.validation, shares, self.what.classes, self.baselines, alarm=self._alarm
            )
        better = self.keeper.offer(key, epoch, found, shares)
        self.job.writer.append(
            "epoch",
            epoch=epoch,
            epochs=self.what.last_epoch,
            train_loss=round(loss, 6),
            train_accuracy=round(accuracy, 4),
            loss=round(seen.loss, 6) if seen else None,
            balanced=round(seen.balanced, 4) if seen else None,
            accuracy=round(seen.accuracy, 4) if seen else None,
            recall={name: round(share, 4) for name, share in seen.recall.items()} if seen else {},
            best=better,
            seconds=round(time.monotonic() - begun - (self.job.rested - rested), 3),
            images_per_s=round(len(self.learn) / max(spent, 1e-6), 1),
        )
        if self.keeper.due or self.keeper.fresh:
            self.keeper.save()

    def _diverged(self, epoch: int) -> Refused:
        """Return why a training whose numbers mean nothing any more ends; what was good is kept."""
        keeper = self.keeper
        keeper.save_best()
        kept = f"the best, epoch {keeper.best.epoch}, is kept" if keeper.best else "nothing was saved"
        text = f"The loss of epoch {epoch} is no longer a finite number, or beyond all sense; {kept}."
        self.job.writer.append("alert", kind="diverged", text=text)
        return Refused(text, "The steps are too large: use a smaller --lr.")

    def _cross(self) -> Any:
        """Let networks that never saw a recording predict it; return what they said, or why there is nothing."""
        from core.training import keeping
        from core.training.crossing import Crossing
        from core.training.folds import assign

        if not self.what.folds:
            return f"Not asked for: mode {self.what.mode} without --folds."
        best = self.keeper.best
        if best is None:
            return "No epoch was kept."
        folds = assign(self.rows, self.what.classes, self.what.folds, seed=self.what.seed)
        if not folds.count:
            return folds.note

        def say(phase: str) -> None:
            if self.device.agreed(self.job.wish.is_set()):
                raise Stopped
            self.job.check()
            self.job.heart.say(phase, force=False)

        crossing = Crossing(
            self.start.model, self.trained, self.begin, self.inputs, self.rows, self.what, self.device, self.job.folder
        )  # fmt: skip
        of = keeping.fingerprint({**self.what.config, "digest": self.version.digest})
        self.job.heart.say(f"asking about recordings it did not see: fold 1 of {folds.count}")
        return crossing.run(folds, best.epoch, of, say)

    def _believe(self, crossed: Any) -> None:
        """Write down what was said of every image, and what that is worth. `crossed` is a sentence where it lacks."""
        from core.training import predictions as kept
        from core.training.crossing import FILE as FOLDS_FILE
        from core.training.crossing import Crossed

        keeper, outcome = self.keeper, self.job.outcome
        done = crossed if isinstance(crossed, Crossed) else Crossed((), (), str(crossed))
        sets = {}
        if keeper.best is not None:
            sets[kept.VALIDATION] = kept.said(self.both.validation, keeper.best.probabilities)
        over = None
        if done.probabilities:
            sets[kept.FOLDS] = kept.said(self.rows, done.probabilities, done.folds)
            over = results.measure(
                self.rows, done.probabilities, self.what.classes, self._fold_baselines(), alarm=self._alarm
            )
        keeper.tell()
        outcome.results_folds = over
        if keeper.best is not None:
            outcome.words = results.words(keeper.best.results, weights=self.start.words, folds=over)
        if self.device.first:
            said = kept.Predictions(classes=self.what.classes, sets=sets, folds_note=done.note)
            kept.write(self.job.folder, said)
            if over is not None:
                (self.job.folder / FOLDS_FILE).unlink(missing_ok=True)

    @property
    def _alarm(self) -> str | None:
        """The class somebody should be called for."""
        return self.job.workspace.task(self.what.task).alarm

    def _fold_baselines(self) -> dict[str, Any]:
        """Return what the rules that look at no content reach when each recording is judged by the others."""
        from core.versions.baselines import Sample, out_of_fold

        samples = [
            Sample(row.source, row.label, row.recording, "", row.captured_at, grey)
            for row, grey in zip(self.rows, self.images.grey, strict=True)
        ]
        return dict(out_of_fold(samples, self.what.classes))


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Everything is on the disk and told: taking torch apart in good order would hold the machine for a second.
    os._exit(code)
