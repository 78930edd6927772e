"""What a training started now would do, each setting with its reason and what else it may be; and the start of it.

What always holds: a setting nobody changed is the one the command line takes as well; nothing is started by looking.
Called by the bridge for the form of the Training screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from core.errors import PrintModelsError
from core.human import duration
from core.tasks import Task
from core.text import safe
from core.versions.manifest import DRAFT
from core.workspace import Workspace
from tui.messages import RunStarted, Setting, TrainingOffered
from tui.ways import in_app

if TYPE_CHECKING:
    from core.training.advice import Reasons
    from core.training.spec import Spec
    from core.versions.manifest import Version
    from core.versions.plan import ExportPlan

#: What a person asked for instead of a default, by the setting's key.
Asked = Mapping[str, str]
_NETWORKS = ("resnet18", "resnet34", "resnet50", "mobilenet_v3_small", "efficientnet_b0")
_EPOCHS = (5, 10, 15, 25, 40, 80)
_STEPS = (0.1, 0.3, 1.0, 3.0, 10.0)
_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4)
_YES = {True: "yes", False: "no"}


def offered(workspace: Workspace, task: Task, asked: Asked) -> TrainingOffered:
    """Say what a training of this task would do with what was asked for and defaults for the rest."""
    from core import pretrained
    from core.training import advice, dataset, readiness

    try:
        if workspace.read_only is not None:
            raise workspace.read_only
        readiness.require_torch()
        draft = _sketch(workspace, task) if _of_draft(asked) else None
        plain = _plan(workspace, task, _without_numbers(asked), draft)
        what = _plan(workspace, task, asked, draft)
        images = len(draft.items if draft else dataset.version_of(workspace, what).items)
        latest = _plan(workspace, task, {}).dataset.version
    except PrintModelsError as error:
        problem = TrainingOffered(task.name, (), problem=error.what, remedy=in_app(error.remedy))
        return problem if not asked else _to_change(offered(workspace, task, {}), asked, problem)
    why = advice.reasons(what, images, weights=_of_weights(what, pretrained.describe(what.architecture)))
    settings = [
        _setting(
            "dataset",
            "dataset",
            f"{what.task} {what.dataset.version}",
            why,
            (f"{task.name} {latest}", f"{task.name} {DRAFT}"),
        ),
        _setting("mode", "trained", what.mode, why, ("head", "last", "full")),
        _setting("architecture", "network", what.architecture, why, _NETWORKS),
        _setting(
            "weights", "begins with", _token(what), why, ("auto", "imagenet", "random", *_files(workspace))
        ),
        _setting("epochs", "epochs", what.epochs, why, _with(_EPOCHS, plain.epochs, what.epochs)),
        _setting("folds", "cross-check", what.folds, why, _with((0, 3, 5, 10), what.folds)),
        _setting("val_split", "validation", _share(what.val_split), why, tuple(map(_share, _SHARES))),
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


def _to_change(plain: TrainingOffered, asked: Asked, problem: TrainingOffered) -> TrainingOffered:
    """Return the settings with what was asked for, so that what can't be is changed again, and why it can't."""
    settings = tuple(replace(one, value=asked.get(one.key, one.value)) for one in plain.settings)
    return replace(problem, settings=settings)


def start(workspace: Workspace, task: Task, asked: Asked, forget: Callable[[str], None]) -> RunStarted:
    """Start a training with what was asked for, and defaults for the rest."""
    from core.training import readiness, runs

    readiness.require_torch()
    draft = _drafted(workspace, task) if _of_draft(asked) else None
    run = runs.start(workspace, _plan(workspace, task, asked, draft), draft=draft)
    forget(run.id)
    return RunStarted(run.id, run.warning)


def _of_draft(asked: Asked) -> bool:
    return asked.get("dataset", "").endswith(f" {DRAFT}")


def _sketch(workspace: Workspace, task: Task) -> Version:
    """Return the draft as far as it is known without reading a picture. Raises what keeps it from being a version."""
    from core.versions.preview import sketch

    with _planned(workspace, task) as plan:
        return sketch(plan)


def _drafted(workspace: Workspace, task: Task) -> Version:
    """Return the draft, every picture of it read. Raises what keeps it from being a version."""
    from core.versions.drafted import drafted

    with _planned(workspace, task) as plan:
        return drafted(workspace, plan)


@contextmanager
def _planned(workspace: Workspace, task: Task) -> Iterator[ExportPlan]:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.versions.plan import plan

    with LabelStore(workspace) as store, FrameIndex(workspace) as index:
        yield plan(workspace, store, index, task, again=True)


def _share(part: float) -> str:
    return f"{100 * part:.0f} % of its own" if part else "the version's"


def _plan(workspace: Workspace, task: Task, asked: Asked, draft: Version | None = None) -> Spec:
    from core.training import planning

    shares = {_share(part): part or None for part in _SHARES}
    read: dict[str, Callable[[str], Any]] = {
        "epochs": int, "folds": int, "batch_size": int, "seed": int, "threads": int, "lr": float,
        "augment": "yes".__eq__, "val_split": shares.__getitem__,
    }  # fmt: skip
    words = {key: read.get(key, str)(value) for key, value in asked.items() if key != "dataset"}
    return planning.plan(workspace, task=task.name, draft=draft, **words)


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
