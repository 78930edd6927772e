"""What a training started now would do, each setting with its reason and what else it may be; and the start of it.

What always holds: a setting nobody changed is the one the command line takes as well; nothing is started by looking.
Called by the bridge for the form of the Training screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import PrintModelsError
from core.human import duration
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.messages import RunStarted, Setting, TrainingOffered
from tui.ways import in_app

if TYPE_CHECKING:
    from core.training.advice import Reasons
    from core.training.spec import Spec

#: What a person asked for instead of a default, by the setting's key.
Asked = Mapping[str, str]
_NETWORKS = ("resnet18", "resnet34", "resnet50", "mobilenet_v3_small", "efficientnet_b0")
_EPOCHS = (5, 10, 15, 25, 40, 80)
_STEPS = (0.1, 0.3, 1.0, 3.0, 10.0)
_YES = {True: "yes", False: "no"}


def offered(workspace: Workspace, task: Task, asked: Asked) -> TrainingOffered:
    """Say what a training of this task would do with what was asked for and defaults for the rest."""
    from core import pretrained
    from core.training import advice, readiness

    try:
        if workspace.read_only is not None:
            raise workspace.read_only
        readiness.require_torch()
        plain, what = _plan(workspace, task, _without_numbers(asked)), _plan(workspace, task, asked)
        from core.versions.manifest import read_version

        images = len(read_version(workspace, task, what.dataset.version).items)
    except PrintModelsError as error:
        return TrainingOffered(task.name, (), problem=error.what, remedy=in_app(error.remedy))
    why = advice.reasons(what, images, weights=_of_weights(what, pretrained.describe(what.architecture)))
    settings = [
        Setting("", "dataset", f"{what.task} {what.dataset.version}", why.of["dataset"]),
        _setting("mode", "trained", what.mode, why, ("head", "last", "full")),
        _setting("architecture", "network", what.architecture, why, _NETWORKS),
        _setting(
            "weights", "begins with", _token(what), why, ("auto", "imagenet", "random", *_files(workspace))
        ),
        _setting("epochs", "epochs", what.epochs, why, _with(_EPOCHS, plain.epochs, what.epochs)),
        _setting("folds", "cross-check", what.folds, why, _with((0, 3, 5, 10), what.folds)),
        _setting("augment", "varied", _YES[what.augment], why, ("no", "yes")),
        _setting("batch_size", "batch", what.batch_size, why, _with((8, 16, 32, 64), what.batch_size)),
        _setting("lr", "step size", f"{what.lr:g}", why, tuple(f"{plain.lr * by:g}" for by in _STEPS)),
        _setting("seed", "seed", what.seed, why, _with(range(5), what.seed)),
        _setting("threads", "threads", what.threads, why, _with(range(1, _cores() + 1), what.threads)),
    ]
    summary = (
        f"{what.mode} of {what.architecture} on {what.task} {what.dataset.version}, {images} images: "
        f"up to about {duration(why.seconds)}."
    )
    return TrainingOffered(task.name, tuple(settings), summary)


def start(workspace: Workspace, task: Task, asked: Asked, forget: Callable[[str], None]) -> RunStarted:
    """Start a training with what was asked for, and defaults for the rest."""
    from core.training import readiness, runs

    readiness.require_torch()
    run = runs.start(workspace, _plan(workspace, task, asked))
    forget(run.id)
    return RunStarted(run.id, run.warning)


def _plan(workspace: Workspace, task: Task, asked: Asked) -> Spec:
    from core.training import planning

    read: dict[str, Callable[[str], Any]] = {
        "epochs": int, "folds": int, "batch_size": int, "seed": int, "threads": int, "lr": float,
        "augment": "yes".__eq__,
    }  # fmt: skip
    return planning.plan(
        workspace, task=task.name, **{key: read.get(key, str)(value) for key, value in asked.items()}
    )


def _without_numbers(asked: Asked) -> Asked:
    """What decides the other defaults."""
    return {key: value for key, value in asked.items() if key in ("mode", "architecture", "threads")}


def _setting(key: str, name: str, value: object, why: Reasons, choices: tuple[str, ...]) -> Setting:
    return Setting(key, name, str(value), why.of[key], choices)


def _with(usual: Iterable[int], *own: int) -> tuple[str, ...]:
    return tuple(str(number) for number in sorted({*usual, *own}))


def _cores() -> int:
    from core.training.spec import default_threads

    return default_threads() + 1


def _token(what: Spec) -> str:
    return what.weights.path or what.weights.kind


def _of_weights(what: Spec, told: str) -> str:
    start = what.weights
    if start.kind == "file":
        return f"the file {safe(start.name, limit=60)}, of an earlier training here"
    if start.kind == "random":
        return "it knows nothing yet: worse, unless there are very many pictures"
    return f"ImageNet weights: {told}" if start.kind == "auto" else "ImageNet weights, or it does not begin"


def _files(workspace: Workspace) -> tuple[str, ...]:
    """Return the files of weights that earlier trainings here began with, as far as they are still there."""
    from core.training import runs

    found: dict[str, None] = {}
    for run in runs.list_runs(workspace)[:20]:
        try:
            path = run.spec.weights.path
        except PrintModelsError:
            continue
        if path and Path(path).is_file():
            found[path] = None
    return tuple(found)
