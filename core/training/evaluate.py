"""What a network says of images, and what that is worth; torch gives the probabilities, results.py the numbers.

The training process calls `baselines_of`; `asking` starts this file as a process of its own
(`python -m core.training.evaluate`) and asks it on a socket, its standard input, what a finished model says. What
always holds there: a model file is opened by the one safe door, every picture is compared with its recorded hash, and
whatever goes wrong is told before the process ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.errors import Damaged, PrintModelsError
from core.text import safe
from core.training import data, network
from core.training.data import Images
from core.training.sides import Sides, sides
from core.versions.baselines import NAMES, Sample, on_split
from core.versions.manifest import TRAIN, VALIDATION, Version, read_version
from core.workspace import Workspace

#: Images that are read and asked together: as many as fit beside everything else on a small machine.
_BLOCK = 256
_BATCH = 32


def baselines_of(version: Version, sides: Sides, train: Images, validation: Images | None) -> dict[str, Any]:
    """Return what the rules that look at no content reach on this validation: the version's own, else computed."""
    if version.info.validation_baselines:
        return {name: version.info.validation_baselines.get(name) for name in NAMES}
    samples = []
    grey_of = {TRAIN: train.grey, VALIDATION: validation.grey if validation else ()}
    for side, rows in ((TRAIN, sides.train), (VALIDATION, sides.validation)):
        samples += [
            Sample(row.source, row.label, row.recording, side, row.captured_at, grey)
            for row, grey in zip(rows, grey_of[side], strict=True)
        ]
    return dict(on_split(samples, version.task.classes))


def load(path: Path, architecture: str, classes: Sequence[str]) -> tuple[nn.Module, dict[str, Any]]:
    """Return a model of a file, ready to be asked, and what else the file holds. Raises Lacking, Damaged, WrongUsage."""
    from core.training.loading import load_file, state_in

    found = load_file(path)
    state = state_in(found, safe(path.name, limit=100))
    model = network.build(architecture, len(classes))
    network.fit_state(model, state, path.name)
    head = network.head_of(model)
    own = model.state_dict()
    if any(key.startswith(f"{head}.") and key in own and state[key].shape != own[key].shape for key in state):
        raise Damaged(
            f"{safe(path.name)} tells other classes apart than {', '.join(classes)}.",
            "Use a model of this task.",
        )
    model.eval()
    return model, found


@torch.no_grad()
def answers(request: Mapping[str, Any], told: Callable[[int, int], None]) -> dict[str, Any]:
    """Return what a model says of images of a version: probabilities per image in the order asked, and their brightness.

    `request` names root, task, version, file_names, model (a path), architecture, input (what the record says of it, or
    None) and threads. Raises what `load` and `data.read` raise.
    """
    workspace = Workspace.open(Path(request["root"]))
    task = workspace.task(request["task"])
    version = read_version(workspace, task, request["version"])
    network.same_every_time(int(request["threads"]), "cpu")
    model, found = load(Path(request["model"]), request["architecture"], task.classes)
    said = found.get("input") or request["input"]
    known = isinstance(said, Mapping)
    shape = data.Input.of(said) if known else data.input_of(version, 224, request["architecture"])
    both = sides(version)
    by_name = {row.file_name: row for row in (*both.train, *both.validation)}
    rows = [by_name[name] for name in request["file_names"]]
    shares: list[list[float]] = []
    grey: list[float] = []
    for begin in range(0, len(rows), _BLOCK):

        def on_image(done: int, total: int, before: int = begin) -> None:
            told(before + done, len(rows))

        block = data.read(
            version,
            rows[begin : begin + _BLOCK],
            task.classes,
            shape,
            threads=int(request["threads"]),
            on_image=on_image,
        )
        for pixels in block.pixels.split(_BATCH):
            shares += torch.softmax(model(data.normalised(pixels)).double(), dim=1).tolist()
        grey += block.grey
    return {"probabilities": shares, "grey": grey, "input_known": known}


def main() -> int:
    """Answer one request on the socket that is standard input; progress and the answer are lines of JSON."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)  # a print may be running, and the app is open
    with socket.socket(fileno=0) as peer, peer.makefile("rw", encoding="utf-8") as lines:

        def tell(**facts: Any) -> None:
            lines.write(json.dumps(facts) + "\n")
            lines.flush()

        try:
            request = json.loads(lines.readline())
            tell(answer=answers(request, lambda done, total: tell(done=done, total=total)))
        except PrintModelsError as error:
            tell(what=error.what, remedy=error.remedy, code=error.exit_code)
        except (RuntimeError, OSError, ValueError, KeyError, MemoryError) as error:
            known = network.explain(error) if isinstance(error, RuntimeError) else None
            what = known.what if known else f"The model could not be asked: {safe(str(error), limit=200)}."
            tell(what=what, remedy=known.remedy if known else "", code=known.exit_code if known else 1)
    return 0


if __name__ == "__main__":
    code = main()
    # Everything is told: taking torch apart in good order would hold the machine for a second.
    os._exit(code)
