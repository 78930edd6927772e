"""Model versions: the files under models/versions with their records, and how a training becomes one.

What always holds: a model version is never overwritten; its record says what it learned from, how good it is, and
all that is needed to train it again; records are read without torch, also in a clone that has only pointers.
Called by the model commands, the Training screen, the card of a version, and a release that trains.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.durable import Hashed, atomic_write, copy_hashing, explain, fsync_dir, lock
from core.errors import Damaged, Lacking, PrintModelsError, Refused, WrongUsage
from core.storage.hashes import hash_once, recall, remember
from core.storage.lfs import POINTER_LIMIT, parse_pointer
from core.tasks import Task
from core.text import safe
from core.training import answers, promoting, results
from core.training.record import ModelRecord, check
from core.training.runs import Run
from core.versions.manifest import number_of
from core.versions.manifest import withdrawn as withdrawn_of
from core.workspace import Workspace

_UNFINISHED = ".model-"


def identity(path: Path) -> tuple[str, Hashed | None]:
    """Return where a model's bytes are ('file', 'pointer', 'missing') and which they are."""
    try:
        if path.stat().st_size <= POINTER_LIMIT:
            pointer = parse_pointer(path.read_bytes())
            if pointer is not None:
                return "pointer", Hashed(pointer.oid, pointer.size)
        return "file", hash_once(path)
    except OSError:
        return "missing", None


def models(workspace: Workspace) -> list[ModelRecord]:
    """Return every model version, by task and then the order of their numbers. Torch is not needed."""
    recall(workspace)
    in_use = {}
    for task in workspace.tasks.values():
        _, found = identity(workspace.root / task.current_model)
        if found:
            in_use[found.oid] = task.name
    names = {path.stem for path in _files(workspace)}
    found_models = [_read(workspace, name, in_use) for name in sorted(names, key=_order)]
    remember(workspace)
    return found_models


def without_record(workspace: Workspace, known: Iterable[ModelRecord]) -> list[ModelRecord]:
    """Return the models in use that are none of the `known` versions: an older tool's, or somebody's own.

    Each is named by its file's stem; the task that uses it is the only fact there is.
    """
    oids = {record.sha256 for record in known}
    found = []
    for task in workspace.tasks.values():
        path = workspace.root / task.current_model
        here, identified = identity(path)
        if identified is not None and identified.oid not in oids:
            facts = {"task": task.name}
            oid, size = identified.oid, identified.size
            found.append(
                ModelRecord(path.stem, task.current_model, oid, size, here, True, facts, "it has no record")
            )
    remember(workspace)
    return found


def _files(workspace: Workspace) -> Iterator[Path]:
    try:
        found = list(workspace.model_versions.iterdir())
    except OSError:
        return
    yield from (path for path in found if path.suffix in (".pth", ".json") and not path.name.startswith("."))


def _order(name: str) -> tuple[str, list[int]]:
    detector, _, number = name.rpartition("-v")
    return detector, [int(part) if part.isdigit() else 0 for part in number.split(".")]


def _read(workspace: Workspace, name: str, in_use: Mapping[str, str]) -> ModelRecord:
    path = workspace.model_versions / f"{name}.pth"
    here, found = identity(path)
    file, facts, problem = f"models/versions/{name}.pth", {}, ""
    try:
        facts = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        problem = "it has no record"
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        problem = "its record can't be read"
    try:
        check(facts)
    except msgspec.ValidationError as error:
        facts, problem = {}, f"its record is no record of this tool ({safe(str(error), limit=120)})"
    recorded = str(facts.get("sha256", ""))
    if here == "missing":
        problem = problem or "its file is missing"
    elif recorded and found and found.oid != recorded:
        problem = "its file is not the one its record names"
    oid = recorded or (found.oid if found else "")
    size = int(facts.get("size") or (found.size if found else 0))
    return ModelRecord(name, file, oid, size, here, oid in in_use, facts, problem)


def get(workspace: Workspace, name: str) -> ModelRecord:
    """Return a model version by its name, with or without folder and ending. Raises WrongUsage."""
    stem = Path(name).name.removesuffix(".pth").removesuffix(".json")
    known = models(workspace)
    for record in known:
        if record.name == stem:
            return record
    shown = ", ".join(record.name for record in known[-3:]) or "none yet; promote a training"
    raise WrongUsage(f"There is no model “{safe(name, limit=60)}”.", f"There are: {shown}.")


def promote(
    workspace: Workspace, run: Run, *, current: bool = False, who: str = "", because: str = ""
) -> ModelRecord:
    """Make a training's best epoch a model version; with `current` also the model in use. The same run twice is one.

    Raises Refused (it runs still, nothing was saved, its version is gone, it is worse than what is there and
    `because` says no reason), Damaged (its file is not as recorded).
    """
    facts, found = promoting.facts_of(workspace, run, who)
    task = workspace.task(str(facts["task"]))
    with lock(workspace.ensure_private() / "models.lock", what="the models", timeout=10):
        known = models(workspace)
        record = next((m for m in known if m.sha256 == found.oid and not m.problem), None)
        if record is None:
            said = answers.of_run(run)
            facts["promoted"] |= promoting.decided(workspace, run, facts, said, known, because)
            name = next_name(workspace, task, str(facts["dataset"]["version"]), found.oid)
            publish(run.best, workspace.model_versions / f"{name}.pth", found)
            if said is not None:
                atomic_write(answers.path_of(workspace, name), answers.encode(said, facts["dataset"]))
            write(workspace, name, facts)
            record = get(workspace, name)
    return use(workspace, record) if current else record


def write(workspace: Workspace, name: str, facts: Mapping[str, Any]) -> None:
    """Write the record of a model version: `NAME.json` beside its file."""
    whole = {**facts, "name": name, "file": f"models/versions/{name}.pth"}
    path = workspace.model_versions / f"{name}.json"
    atomic_write(path, msgspec.json.format(msgspec.json.encode(whole, order="sorted"), indent=2) + b"\n")


def next_name(workspace: Workspace, task: Task, version: str, oid: str) -> str:
    """Return the next free name: detector-v2, then detector-v2.2 …; a file that a crash left without a record is its own."""
    for count in range(1, 10_000):
        name = f"{task.detector}-{version}" + (f".{count}" if count > 1 else "")
        path = workspace.model_versions / f"{name}.pth"
        if path.with_suffix(".json").exists():
            continue
        here, found = identity(path)
        if here == "missing" or (found is not None and found.oid == oid):
            return name
    raise Refused(f"There are too many models of {task.name} {version}.", "Release a new dataset version.")


def publish(source: Path, target: Path, expected: Hashed) -> None:
    """Let a model file appear whole under its name, or not at all; one with these bytes may be there already.

    The caller holds the lock of the models, so what lies there unfinished is of one that was killed.
    """
    for left in target.parent.glob(f"{_UNFINISHED}????????"):
        shutil.rmtree(left, ignore_errors=True)
    if target.exists():
        return
    temporary = Path()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target.parent))
        temporary = folder / target.name
        if copy_hashing(source, temporary, keep_mtime=False) != expected:
            raise Damaged(f"{safe(source.name)} changed while it was copied.", "Try again.")
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.link(temporary, target)
        fsync_dir(target.parent)
    except OSError as error:
        raise explain(error, f"writing {safe(target.name)}") from error
    finally:
        temporary.unlink(missing_ok=True)
        temporary.parent.rmdir()


def use(workspace: Workspace, record: ModelRecord) -> ModelRecord:
    """Make a model version the one in use: `models/…​.pth` of its task gets its bytes. Raises Lacking, Damaged."""
    if record.here != "file":
        raise Lacking(
            f"{record.name} is {'a Git LFS pointer' if record.here == 'pointer' else 'missing'} here.",
            record.how_to_get,
        )
    if record.problem:
        raise Damaged(
            f"{record.name} can't be used: {record.problem}.", "Get it as it was: git checkout -- models"
        )
    target = workspace.root / workspace.task(record.task).current_model
    data = (workspace.root / record.file).read_bytes()
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != record.sha256:
        raise Damaged(
            f"{record.name} has other bytes than its record names.",
            "Get it as it was: git checkout -- models",
        )
    atomic_write(target, data)
    return get(workspace, record.name)


def for_card(workspace: Workspace, task: Task, version: str) -> list[dict[str, Any]]:
    """Return the models trained on a version as plain rows for its card, oldest first."""
    rows = []
    for record in models(workspace):
        found = record.results
        if record.task != task.name or record.dataset != version or number_of(version) is None:
            continue
        row: dict[str, Any] = {
            "model": _named(record),
            "date": str(record.facts.get("trained", ""))[:10],
            "file": record.file,
            "note": " ".join(record.words),
        }
        if found:
            row |= {key: found[key] for key in ("accuracy", "low", "high", "balanced", "baselines")}
            row["recall"] = {name: one["recall"] for name, one in found["classes"].items()}
        rows.append(row)
    return rows


def withdrawn(workspace: Workspace, record: ModelRecord) -> str | None:
    """Return why the version a model was trained on is withdrawn, None where it is not."""
    if record.task not in workspace.tasks:
        return None
    try:
        said = withdrawn_of(workspace, workspace.tasks[record.task]).get(record.dataset)
    except PrintModelsError:  # `versions` says what is wrong with the file; the models are all there
        return None
    if said is None:
        return None
    return str(said.get("reason", "")) if isinstance(said, dict) else str(said)


def rows(workspace: Workspace, records: Iterable[ModelRecord]) -> list[dict[str, Any]]:
    """Return the records as data, each with why its version is withdrawn, or None."""
    return [{**record.as_json(), "withdrawn": withdrawn(workspace, record)} for record in records]


def _named(record: ModelRecord) -> str:
    """Return 'offline-detector-v2 (resnet18, last)'; a record may lack either, and of an adopted one it says so."""
    how = [record.facts.get("architecture"), (record.facts.get("config") or {}).get("mode")]
    if record.facts.get("adopted"):
        how.append(f"adopted, {(record.facts.get('dataset') or {}).get('claim') or 'unknown'}")
    said = ", ".join(safe(str(part), limit=60) for part in how if part)
    return f"{record.name} ({said})" if said else record.name


def describe(record: ModelRecord) -> str:
    """Return a model's result as one short phrase: out of fold where it has one."""
    how = "out of fold" if record.headline is not record.results else "on validation"
    return record.problem or results.summary(record.headline, how)
