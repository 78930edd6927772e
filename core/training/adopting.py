"""A checkpoint from elsewhere becomes a model version, with a record that claims no more than is known.

What always holds: the file that was there is not changed; it is vetted before anything opens it, and nothing in it is
run; it fits the task's classes and a known network; the record says that the dataset is claimed, not proven, or
unknown, and what this tool measured itself. Called by `adopt` and `migrate`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from core.durable import Hashed, atomic_write, copy_hashing, lock
from core.errors import Damaged, Lacking, PrintModelsError, Refused
from core.process import run
from core.progress import Progress, Report, silent
from core.tasks import Task
from core.text import safe
from core.training import answers, registry, vetting
from core.training.held import Held
from core.training.record import FORMAT, ModelRecord
from core.training.runs import require_torch
from core.version import __version__
from core.versions.manifest import latest, read_version
from core.workspace import Workspace

CLAIMED, UNKNOWN = "claimed, not proven", "unknown"
#: What an older checkpoint says of itself in plain numbers.
_CLAIMS = ("epoch", "val_acc", "val_loss", "best_val_acc", "accuracy")
_LONG_S = 600


def adopt(
    workspace: Workspace,
    task: Task,
    file: Path,
    *,
    version: str | None = None,
    stripped: bool = True,
    measured: bool = False,
    known_network: bool = True,
    who: str = "",
    report: Report = silent,
) -> ModelRecord:
    """Make a checkpoint a model version of a task, trained, as is claimed, on the dataset `version`.

    `stripped` keeps its weights alone, else its bytes as they are; `measured` asks it about the version, or the task's
    latest, at once; without `known_network` any network will do. A file that was adopted before is that model version
    again. Raises Lacking (torch, the file), Damaged (code inside, no weights, another network or number of classes, numbers that are not finite), WrongUsage.
    """
    held = vetting.vet(file)
    _require_classes(held, task, safe(file.name, limit=100))
    learned = read_version(workspace, task, version) if version is not None else None
    require_torch()
    workspace.ensure_private()
    workspace.model_versions.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workspace.private, prefix="adopt-") as folder:
        weights = Path(folder) / "weights.pth"
        report(Progress("opening the file", 0, None))
        known = _opened(file, weights, task, "known" if known_network else "any")
        found = Hashed(str(known["sha256"]), int(known["size"]))
        if not stripped:
            weights = Path(folder) / "whole.pth"
            found = copy_hashing(file, weights, keep_mtime=False)
        with lock(workspace.private / "models.lock", what="the models", timeout=10):
            same = (one for one in registry.models(workspace) if one.sha256 == found.oid and not one.problem)
            record = next((one for one in same if one.task == task.name), None)
            if record is None:
                name = registry.next_name(workspace, task, version or UNKNOWN, found.oid)
                facts = _facts(workspace, task, file, held, known, who)
                facts |= {
                    "sha256": found.oid,
                    "size": found.size,
                    "left_out": list(held.left) if stripped else [],
                }
                facts["dataset"] = {
                    "task": task.name,
                    "version": learned.name if learned else None,
                    "digest": None,
                    "claim": CLAIMED if learned else UNKNOWN,
                }
                facts["words"] = _words(file, held, version, None, kept=not stripped)
                registry.publish(weights, workspace.model_versions / f"{name}.pth", found)
                registry.write(workspace, name, facts)
                record = registry.get(workspace, name)
    # One that was adopted before may have been killed before it was asked.
    if not measured or record.results or "adopted" not in record.facts:
        return record
    return _measured(workspace, task, record, file, held, version or record.dataset or None, report, stripped)


def _require_classes(held: Held, task: Task, name: str) -> None:
    """Refuse a file whose own list of classes is another than the task's."""
    told = held.plain.get("classes")
    if isinstance(told, list | tuple) and tuple(map(str, told)) != task.classes:
        raise Damaged(
            f"{name} tells {safe(', '.join(map(str, told)), limit=120)} apart, and {task.name} "
            f"{', '.join(task.classes)}, in this order.",
            "Name its task with --task, or train a model of these classes.",
        )


def _opened(file: Path, target: Path, task: Task, which: str) -> dict[str, Any]:
    """Return what is known of a checkpoint once its weights alone are in `target`."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "core.training.strip",
        str(file),
        str(target),
        which,
        *task.classes,
    ]
    done = run(command, cwd=Path(__file__).parents[2], check=False, timeout=_LONG_S)
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
    workspace: Workspace, task: Task, file: Path, held: Held, known: dict[str, Any], who: str
) -> dict[str, Any]:
    """Return the record: what the bytes say, and what the file claims."""
    inside = file.resolve()
    return {
        "format": FORMAT,
        "task": task.name,
        "detector": task.detector,
        "architecture": known["architecture"],
        "classes": list(task.classes),
        "claims": claims_of(held),
        "form": held.form,
        "adopted": {
            "by": who,
            "at": datetime.now().astimezone().isoformat(timespec="seconds"),
            "from": inside.relative_to(workspace.root).as_posix()
            if inside.is_relative_to(workspace.root)
            else safe(file.name),
        },
        "tool": f"print-models {__version__}",
    }


def claims_of(held: Held) -> dict[str, int | float]:
    """Return what a checkpoint says of itself in numbers."""
    return {
        key: held.plain[key]
        for key in _CLAIMS
        if isinstance(held.plain.get(key), int | float) and not isinstance(held.plain[key], bool)
    }


def _words(
    file: Path, held: Held, version: str | None, measured: tuple[str, list[str]] | None, *, kept: bool
) -> list[str]:
    """Return what is known of an adopted model in sentences; `measured` names on which version, and what came out."""
    name = safe(file.name, limit=100)
    how = f"measured here on {measured[0]}" if measured else "nobody measured it here"
    lines = list(measured[1] if measured else ())
    lines.append(
        f"It learned from {version}: {CLAIMED}."
        if version
        else "What it learned from is unknown: it may have seen the images it is measured on."
    )
    lines.append(f"Adopted from {name}; {how}.")
    if claims := ", ".join(f"{name} {value:g}" for name, value in claims_of(held).items()):
        lines.append(f"Its file claims {claims}.")
    if kept and held.left:
        lines.append(
            f"Its file holds {', '.join(held.left)}, which no model needs: adopt --strip leaves it out."
        )
    return lines


def _measured(
    workspace: Workspace,
    task: Task,
    record: ModelRecord,
    file: Path,
    held: Held,
    version: str | None,
    report: Report,
    stripped: bool,
) -> ModelRecord:
    """Ask an adopted model about its version, or the task's latest, and write the answer into its record.

    What keeps it from being asked (no version yet, pictures that are elsewhere) is said instead: it is adopted anyway.
    """
    from core.training.judging import judge

    on = read_version(workspace, task, version) if version is not None else latest(workspace, task)
    facts = {key: value for key, value in record.facts.items() if key not in ("name", "file")}
    try:
        if on is None:
            raise Refused(f"{task.name} has no version to measure it on.", "Release one first.")
        found = judge(workspace, record, on, report)
    except (Refused, Lacking) as error:
        words = _words(file, held, version, None, kept=not stripped)
        facts["words"] = [*words, f"It could not be measured: {error.what}"]
        registry.write(workspace, record.name, facts)
        return registry.get(workspace, record.name)
    facts["results"] = found.results
    facts["measured_on"] = {"task": task.name, "version": on.name, "digest": on.digest}
    said = [*found.words, *found.notes]
    facts["words"] = _words(file, held, version, (on.name, said), kept=not stripped)
    said_of_each = answers.encode(found.predictions, facts["measured_on"])
    atomic_write(answers.path_of(workspace, record.name), said_of_each)
    registry.write(workspace, record.name, facts)
    return registry.get(workspace, record.name)
