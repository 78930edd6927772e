"""A checkpoint of an older tool becomes a model version: its weights alone, with a record that claims no more than is known.

What always holds: the file that was there is not changed; nothing in it is run; the record says that the dataset is
claimed, not proven, and that nobody measured the model here. Called by `migrate`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core.durable import Hashed, atomic_write, lock
from core.errors import Damaged, Lacking, PrintModelsError
from core.process import run
from core.tasks import Task
from core.text import safe
from core.training import registry
from core.training.record import FORMAT, ModelRecord
from core.version import __version__
from core.workspace import Workspace

CLAIMED = "claimed, not proven"
_LONG_S = 600


def adopt(workspace: Workspace, task: Task, file: Path, *, version: str, who: str = "") -> ModelRecord:
    """Make a checkpoint a model version of a task, trained, as is claimed, on the dataset `version`.

    A file that was adopted before is that model version again. Raises Lacking (torch, the file), Damaged (no weights).
    """
    workspace.ensure_private()
    workspace.model_versions.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workspace.private, prefix="adopt-") as folder:
        weights = Path(folder) / "weights.pth"
        known = _stripped(file, weights, task)
        found = Hashed(str(known["sha256"]), int(known["size"]))
        with lock(workspace.private / "models.lock", what="the models", timeout=10):
            for record in registry.models(workspace):
                if record.sha256 == found.oid and record.task == task.name and not record.problem:
                    return record
            name = registry.next_name(workspace, task, version, found.oid)
            registry.publish(weights, workspace.model_versions / f"{name}.pth", found)
            record_file = workspace.model_versions / f"{name}.json"
            facts = _facts(workspace, task, file, known, version, who)
            whole = {**facts, "name": name, "file": f"models/versions/{name}.pth"}
            text = msgspec.json.format(msgspec.json.encode(whole, order="sorted"), indent=2)
            atomic_write(record_file, text + b"\n")
    return registry.get(workspace, name)


def _stripped(file: Path, target: Path, task: Task) -> dict[str, Any]:
    """Return what is known of a checkpoint once its weights alone are in `target`."""
    command = [sys.executable, "-P", "-m", "core.training.strip", str(file), str(target), *task.classes]
    done = run(command, cwd=Path(__file__).parents[2], check=False, timeout=_LONG_S)
    if "No module named 'torch" in done.err:
        raise Lacking("Opening a model needs torch, which is not installed.", "Set it up: make setup TRAIN=1")
    try:
        answer: dict[str, Any] = json.loads(done.text.strip().rpartition("\n")[2])
    except ValueError as error:
        raise Damaged(
            f"{safe(file.name)} could not be opened.", "Try again with --debug.", detail=done.err
        ) from error
    if "what" in answer:
        kinds: dict[int, type[PrintModelsError]] = {3: Damaged, 5: Lacking}
        raise kinds.get(answer["code"], PrintModelsError)(answer["what"], answer["remedy"])
    return answer


def _facts(
    workspace: Workspace, task: Task, file: Path, known: dict[str, Any], version: str, who: str
) -> dict[str, Any]:
    """Return the record: what the bytes say, what the file claims, and that neither was measured here."""
    claims = ", ".join(f"{name} {value:g}" for name, value in known["claims"].items())
    words = [
        f"Adopted from {safe(file.name)}; nobody measured it here.",
        f"It learned from {version}: {CLAIMED}.",
    ]
    if claims:
        words.append(f"Its file claims {claims}.")
    return {
        "format": FORMAT,
        "task": task.name,
        "detector": task.detector,
        "sha256": known["sha256"],
        "size": known["size"],
        "architecture": known["architecture"],
        "classes": list(task.classes),
        "dataset": {"task": task.name, "version": version, "digest": None, "claim": CLAIMED},
        "claims": known["claims"],
        "left_out": known["left"],
        "words": words,
        "adopted": {
            "by": who,
            "at": datetime.now().astimezone().isoformat(timespec="seconds"),
            "from": file.relative_to(workspace.root).as_posix()
            if file.is_relative_to(workspace.root)
            else safe(file.name),
        },
        "tool": f"print-models {__version__}",
    }
