"""What a model says of a camera's frames: asked once per picture, kept, and written where other programs look for it.

What always holds: an answer belongs to the bytes of the model and of the picture, so a run that was stopped or killed
goes on where it was; the predictions file is of one model, whose identity lies beside it, and is replaced whole; a
frame that could not be read has no prediction. Called by `predict`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.assist.embeddings import Embeddings, Filled
from core.assist.engines import Engine
from core.assist.inputs import Input
from core.durable import atomic_write, explain
from core.frames.decode import Picture
from core.labels.predictions import Guess
from core.progress import CancelToken, Report, silent
from core.tasks import Task
from core.workspace import Workspace

#: Frames of the task that has an idle class, which its predictions call anything else.
ACTIVE = "data/active_images.txt"
FORMAT = 1
_DIGITS = 4


class Scores(Protocol):
    """A network that gives a score per class of each picture."""

    @property
    def input(self) -> Input: ...

    def run(self, pictures: Sequence[Picture]) -> NDArray[np.float32]: ...

    def close(self) -> None: ...


class Asked(Engine):
    """A model as an engine: of each picture the probabilities of the classes, in their order."""

    kind, width, many = "predictions", "float32", False
    doing, nice = "asking the model", 0

    def __init__(self, network: Scores, classes: Sequence[str], key: str, text: str) -> None:
        """`key` names the model's bytes and what runs them."""
        self._network, self.dims = network, len(classes)
        self.key, self.text, self.box = key, text, network.input.box
        self.parts = network.input.parts

    def embed(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        return softmax(self._network.run(pictures))

    def close(self) -> None:
        self._network.close()


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return shares that add up to 1 in each row; what is no number becomes none."""
    exact = scores.astype(np.float64)
    raised = np.exp(exact - exact.max(axis=1, keepdims=True))
    found: NDArray[np.float32] = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said: guesses by frame, what came of the frames asked for, those of which nothing can be said."""

    guesses: Mapping[str, Guess]
    filled: Filled
    without: tuple[str, ...] = ()


def ask(
    workspace: Workspace,
    engine: Asked,
    task: Task,
    frames: Sequence[str],
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Said:
    """Return what a model says of frames, by their keys; whatever it said before of the same bytes is not asked again.

    Raises Cancelled (what was answered is kept), Busy, Lacking.
    """
    with Embeddings(workspace, engine) as answers:
        filled = answers.fill(frames, report, cancel)
        shares, known = answers.of(frames)
    sure = known & np.isfinite(shares).all(axis=1)
    best = shares.argmax(axis=1)
    guesses = {
        key: Guess(task.classes[best[at]], round(float(shares[at, best[at]]), _DIGITS))
        for at, key in enumerate(frames)
        if sure[at]
    }
    return Said(guesses, filled, tuple(key for key in frames if key not in guesses))


def meta_path(workspace: Workspace, task: Task) -> Path:
    """Return where the identity of the model lies whose predictions a task has."""
    return (workspace.root / task.predictions).with_suffix(".meta.json")


def write(
    workspace: Workspace, task: Task, guesses: Mapping[str, Guess], model: Mapping[str, Any]
) -> list[Path]:
    """Write a task's predictions, the identity of the model beside them, and the active frames of the idle task.

    The old identity goes before the new predictions come, and the new one after them: whenever it ends, no answers lie
    beside another model's name. Returns what was written.
    """
    path, meta = workspace.root / task.predictions, meta_path(workspace, task)
    rows = {key: {"confidence": one.confidence, "label": one.class_} for key, one in sorted(guesses.items())}
    counts = {name: sum(1 for one in guesses.values() if one.class_ == name) for name in task.classes}
    said = {
        "format": FORMAT, "task": task.name, "classes": list(task.classes), "model": dict(model),
        "frames": len(rows), "counts": counts, "file": task.predictions,
        "made_at": datetime.now().astimezone().isoformat(timespec="seconds"),
    }  # fmt: skip
    written = [path, meta]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        meta.unlink(missing_ok=True)
        atomic_write(path, _json(rows))
        atomic_write(meta, _json(said))
        if task == workspace.idle_task:
            active = [key for key, one in guesses.items() if one.class_ != task.idle]
            lines = "".join(f"{key}\n" for key in sorted(active))
            target = workspace.root / ACTIVE
            target.parent.mkdir(exist_ok=True)
            atomic_write(target, lines.encode("utf-8", "surrogateescape"))
            written.append(target)
    except OSError as error:
        raise explain(error, "writing predictions") from error
    return written


def read_meta(workspace: Workspace, task: Task) -> dict[str, Any]:
    """Return what lies beside a task's predictions; nothing where they are another program's."""
    try:
        found = msgspec.json.decode(meta_path(workspace, task).read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"
