"""What a training is to do: one frozen object, written as `spec.json` before the process starts.

What always holds: the spec names its dataset by version and digest and holds every setting that decides the result;
with the same spec, start weights and torch build the same model file comes out. Made by the `train` command and the
Training screen, read by the training process, copied into a model's record.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from core.durable import atomic_write, hash_file
from core.errors import Damaged, Lacking, WrongUsage
from core.tasks import Task
from core.text import safe
from core.version import __version__
from core.versions.manifest import Version

FORMAT = 1
FILE = "spec.json"
MODES = ("head", "last", "full")

Mode = Literal["head", "last", "full"]
Kind = Literal["auto", "imagenet", "file", "random"]

#: Least and greatest share of a split of its own.
SHARES = (0.05, 0.5)
_SOURCES: tuple[Kind, ...] = ("auto", "imagenet", "random")
_ASPECT = re.compile(r"[1-9][0-9]{0,2}:[1-9][0-9]{0,2}")
_ARCHITECTURE = re.compile(r"[a-z][a-z0-9_]{1,40}")


class Dataset(msgspec.Struct, frozen=True):
    """The dataset version a training learns from; `digest` is its content's identity."""

    task: str
    version: str
    digest: str


class Weights(msgspec.Struct, frozen=True):
    """Where a network starts: `auto` = torchvision's download, else random; `file` has a name, a path and a hash."""

    kind: Kind = "auto"
    name: str = ""
    path: str = ""
    sha256: str = ""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of what a training is to do.

    `classes` in the order of the outputs, `patience` epochs without a better one end it, `threads` of torch,
    `input_size` is the longer side in pixels that a picture is scaled to, `regions` the part that is looked at by source
    (left, top, width, height as shares), `aspect` the input's shape if not that of the pictures ("4:3"); `augment` shows
    pictures slightly changed; `folds` is how many networks cross-validation takes (0: none); `until` an epoch after which
    to end although the plan is for `epochs` (0: none); `val_split` is validation's share in a split of its own (0: the
    version's split); `processes` learn together, each with `batch_size` images per step and `threads`; `commit` is the
    workspace's head when it was started, `again` the model that it reproduces ('': none).
    """

    dataset: Dataset
    classes: tuple[str, ...]
    mode: Mode = "last"
    architecture: str = "resnet18"
    weights: Weights = Weights()
    epochs: int = 15
    batch_size: int = 32
    lr: float = 3e-4
    weight_decay: float = 1e-2
    patience: int = 6
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    processes: int = 1
    input_size: int = 224
    regions: dict[str, tuple[float, ...]] = {}
    aspect: str = ""
    augment: bool = False
    folds: int = 0
    until: int = 0
    val_split: float = 0.0
    commit: str = ""
    again: str = ""
    tool: str = ""
    format: int = FORMAT

    @property
    def task(self) -> str:
        return self.dataset.task

    @property
    def last_epoch(self) -> int:
        return min(self.epochs, self.until or self.epochs)

    @property
    def config(self) -> dict[str, Any]:
        """What decides the result, without where anything lies: this goes into the model file."""
        # Only where it is asked for, so that a file made without it keeps its bytes.
        own = {"val_split": self.val_split} if self.val_split else {}
        return {
            "mode": self.mode,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "lr": self.lr,
            "weight_decay": self.weight_decay,
            "patience": self.patience,
            "seed": self.seed,
            "threads": self.threads,
            "device": self.device,
            "processes": self.processes,
            "input_size": self.input_size,
            "regions": {name: list(part) for name, part in sorted(self.regions.items())},
            "aspect": self.aspect,
            "augment": self.augment,
            **own,
        }


#: Per mode: a head alone takes large steps, a whole network small ones. Changed pictures and further networks cost
#: little where features are kept, and as much as the training itself where they are not.
DEFAULTS: dict[str, dict[str, Any]] = {
    "head": {"epochs": 40, "lr": 3e-3, "patience": 10, "augment": False, "folds": 5},
    "last": {"epochs": 15, "lr": 3e-4, "patience": 6, "augment": False, "folds": 3},
    "full": {"epochs": 15, "lr": 1e-4, "patience": 6, "augment": True, "folds": 0},
}


def batch_of(mode: str, images: int) -> int:
    """Return how many images make a step: 32; a head's steps cost by their number, so with many images it takes more."""
    batch = 32
    while mode == "head" and batch * 20 < images and batch < 512:
        batch *= 2
    return batch


def default_threads(processes: int = 1) -> int:
    """Return for each process its part of one less than the cores there are, at least one: the app stays quick."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, (cores - 1) // max(1, processes))


def weights_of(word: str | None, folder: Path) -> Weights:
    """Read `--weights`: auto, imagenet, random or a file (relative to `folder`). Raises Lacking, WrongUsage."""
    for kind in _SOURCES:
        if word in (None, kind):
            return Weights(kind=kind)
    assert word is not None
    path = (folder / word).resolve()
    if not path.is_file():
        raise Lacking(
            f"There is no file of weights at {safe(word)}.", "Give a .pth file, or: imagenet, random."
        )
    try:
        hashed = hash_file(path)
    except OSError as error:
        raise Lacking(
            f"{safe(word)} can't be read: {safe(str(error.strerror))}.", "Check who may read it."
        ) from error
    return Weights(kind="file", name=safe(path.name, limit=100), path=os.fspath(path), sha256=hashed.oid)


def make(
    task: Task,
    version: Version,
    *,
    mode: str = "last",
    architecture: str = "resnet18",
    weights: Weights | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    processes: int = 1,
    input_size: int = 224,
    regions: Mapping[str, tuple[float, ...]] | None = None,
    aspect: str = "",
    augment: bool | None = None,
    folds: int | None = None,
    val_split: float = 0.0,
    commit: str = "",
) -> Spec:
    """Return the spec of a training on a version, defaults filled in and checked. Raises WrongUsage."""
    if mode not in DEFAULTS:
        raise WrongUsage(f"There is no mode “{safe(mode, limit=40)}”.", f"Use one of: {', '.join(MODES)}.")
    chosen = {**DEFAULTS[mode]}
    asked = {"epochs": epochs, "lr": lr, "augment": augment, "folds": folds}
    chosen.update({name: value for name, value in asked.items() if value is not None})
    spec = Spec(
        dataset=Dataset(task.name, version.name, version.digest),
        classes=task.classes,
        mode=msgspec.convert(mode, Mode),
        architecture=architecture,
        weights=weights or Weights(),
        batch_size=batch_of(mode, len(version.items)) if batch_size is None else batch_size,
        seed=seed,
        threads=default_threads(processes) if threads is None else threads,
        processes=processes,
        device=device,
        input_size=input_size,
        regions=dict(regions or {}),
        aspect=aspect,
        val_split=val_split,
        commit=commit,
        tool=f"print-models {__version__}",
        **chosen,
    )
    return check(spec)


def check(spec: Spec) -> Spec:
    """Return the spec if its numbers make sense. Raises WrongUsage naming the one that does not."""
    wrong = (
        (not _ARCHITECTURE.fullmatch(spec.architecture), "--arch is a network's name such as resnet18"),
        (not 1 <= spec.epochs <= 10_000, "--epochs lies between 1 and 10 000"),
        (not 1 <= spec.batch_size <= 4096, "--batch-size lies between 1 and 4096"),
        (not (math.isfinite(spec.lr) and 0 < spec.lr <= 1e12), "--lr is a number above 0"),
        (not 0 <= spec.seed < 2**31, "--seed is a whole number from 0"),
        (not 32 <= spec.input_size <= 1024, "the input is 32 to 1024 pixels"),
        (spec.device not in ("cpu", "cuda"), "--device is cpu or cuda"),
        (not 1 <= spec.threads <= 1024, "threads lie between 1 and 1024"),
        (not 1 <= spec.processes <= 64, "--processes lies between 1 and 64"),
        (not (spec.folds == 0 or 2 <= spec.folds <= 20), "--folds is 0, or between 2 and 20"),
        (bool(spec.aspect) and not _ASPECT.fullmatch(spec.aspect), "aspect is written as 16:9"),
    )
    for bad, rule in wrong:
        if bad:
            raise WrongUsage(f"This training can't be: {rule}.", "Correct that setting.")
    return spec


def share(val_split: float) -> float:
    """Return the share of a split of its own. Raises WrongUsage where it makes no sense."""
    if SHARES[0] <= val_split <= SHARES[1]:
        return val_split
    raise WrongUsage(
        f"--val-split {val_split:g} can't be: it is the share of the images that validation gets, between {SHARES[0]:g} and "
        f"{SHARES[1]:g}; without validation nothing tells which epoch is the best.",
        "Ask for another share, or leave it out: then the version's own split holds.",
    )


def write(folder: Path, spec: Spec) -> None:
    """Write `spec.json` into a run's folder."""
    atomic_write(
        folder / FILE, msgspec.json.format(msgspec.json.encode(spec, order="sorted"), indent=2) + b"\n"
    )


def read(folder: Path) -> Spec:
    """Read `spec.json` of a run. Raises Damaged."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Spec)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(
            f"The spec of the training {safe(folder.name)} can't be read: {safe(str(error), limit=160)}.",
            "Start it again: print-models train",
        ) from error
