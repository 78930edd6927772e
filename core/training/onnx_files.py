"""ONNX files beside a model version: what they cost, how they are made and proven, what the record says of them.

What always holds: one is made on request only, its bytes named before; it lies beside the model as `NAME.onnx` or
`NAME.half.onnx` or `NAME.int8.onnx`, is never overwritten, and the record tells its hash and how well it agrees. No torch here: making it is
a process of its own. Called by `promote --onnx`.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.durable import hash_file, lock
from core.errors import Damaged, Lacking, PrintModelsError, Refused
from core.human import size
from core.process import run
from core.progress import Progress, Report, silent
from core.text import safe
from core.training import registry, vetting
from core.training.record import ModelRecord
from core.workspace import Workspace


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a record tells of an ONNX file; a record may come from anywhere, so its shape is checked."""

    file: str
    precision: str
    sha256: str
    size: int
    asked: int
    same_answers: int
    farthest: float
    seen_on: str


FLOAT, HALF, INT8 = PRECISIONS = ("float32", "float16", "int8")
#: On a processor half precision is no quicker than whole: it is computed in whole precision there.
_QUICKEST = (INT8, FLOAT, HALF)
_NEEDS = ("torch", "torchvision", "onnx", "onnxscript", "onnxruntime")
_WIDTH = {FLOAT: 4, HALF: 2, INT8: 1}
_ENDING = {FLOAT: "onnx", HALF: "half.onnx", INT8: "int8.onnx"}
_LONG_S = 600


def told(record: ModelRecord) -> list[Made]:
    """Return what a record tells of its ONNX files; what has another shape is passed over."""
    found = []
    for one in record.facts.get("onnx") or []:
        try:
            found.append(msgspec.convert(one, Made))
        except msgspec.ValidationError:
            continue
    return found


def words(record: ModelRecord) -> list[str]:
    """Return a line for each ONNX file of a model version: its bytes, and how well it agrees."""
    return [
        f"{safe(one.file, limit=120)}  {size(one.size)}, {one.same_answers} of {one.asked} answers as the model gives them, "
        f"a probability differs by {one.farthest:.1g} at most ({safe(one.seen_on, limit=80)})"
        for one in told(record)
    ]


def best(workspace: Workspace, record: ModelRecord) -> tuple[Made | None, str]:
    """Return the ONNX file of a model version that is quickest to run and here as recorded, else None and why."""
    why = ""
    made = sorted(
        told(record), key=lambda one: _QUICKEST.index(one.precision) if one.precision in _QUICKEST else 9
    )
    for one in made:
        if "/" not in one.file or one.file != f"models/versions/{Path(one.file).name}":
            continue
        here, found = registry.identity(workspace.root / one.file)
        if here == "file" and found is not None and found.oid == one.sha256:
            return one, ""
        state = {"pointer": "a Git LFS pointer", "missing": "missing"}.get(
            here, "not the one its record names"
        )
        why = why or f"{safe(Path(one.file).name)} is {state} here."
    return None, why


def name_of(record_name: str, precision: str) -> str:
    """Return the file's name: 'offline-detector-v2.onnx', 'offline-detector-v2.half.onnx', 'offline-detector-v2.int8.onnx'."""
    return f"{record_name}.{_ENDING[precision]}"


def require() -> None:
    """Raise Lacking where something that is needed to make an ONNX file is not installed; nothing is imported."""
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise Lacking(
            f"An ONNX file needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed.",
            "Install it: pip install '.[train,onnx]'   (set up by pipx: pipx install --force '.[train,onnx]')",
        )


def price(workspace: Workspace, record: ModelRecord, precision: str) -> int:
    """Return about how many bytes the file will have: one number of that width for each of the model's."""
    _here(record)
    held = vetting.vet(workspace.root / record.file)
    return sum(math.prod(shape) for _, shape in held.tensors.values()) * _WIDTH[precision]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An ONNX file that is made and seen to agree, and has no name yet; `answer` is what the record will tell of it."""

    path: Path
    answer: dict[str, Any]


@contextmanager
def prepared(
    workspace: Workspace, record: ModelRecord, precision: str, report: Report = silent
) -> Iterator[Prepared | None]:
    """Make an ONNX file of a model version in a folder of its own, for as long as the context lasts.

    None where there is one already, as the record names it. Raises Lacking (torch or ONNX, the model's bytes), Damaged,
    Refused (it does not agree with the model, another file has its name).
    """
    require()
    _here(record)
    target = workspace.model_versions / name_of(record.name, precision)
    known = [one for one in told(record) if one.precision == precision]
    if known and target.exists() and hash_file(target).oid == known[0].sha256:
        yield None
        return
    if target.exists():
        raise Refused(
            f"{safe(target.name)} is there already, and is not the one that the record names.",
            "Move it away, then again.",
        )
    report(Progress(f"making {safe(target.name)}", 0, None))
    dataset = record.facts.get("measured_on") or record.facts.get("dataset") or {}
    with tempfile.TemporaryDirectory(dir=workspace.private, prefix="onnx-") as folder:
        made = Path(folder) / target.name
        request = {
            "root": str(workspace.root), "task": record.task, "version": dataset.get("version"),
            "model": str(workspace.root / record.file), "sha256": record.sha256, "input": record.facts.get("input"),
            "architecture": record.facts.get("architecture"), "classes": record.facts.get("classes"),
            "precision": precision, "target": str(made),
        }  # fmt: skip
        yield Prepared(made, _asked(request))


def keep(workspace: Workspace, record: ModelRecord, precision: str, made: Prepared | None) -> ModelRecord:
    """Give a prepared file its name and write what is known of it into the record, as that is by then.

    Raises Refused where the model is another one by then, or another file has the name.
    """
    if made is None:
        return record
    target = workspace.model_versions / name_of(record.name, precision)
    found = hash_file(made.path)
    with lock(workspace.ensure_private() / "models.lock", what="the models", timeout=10):
        now = registry.get(workspace, record.name)
        if now.sha256 != record.sha256:
            raise Refused(f"{safe(record.name)} is another model by now.", "Make its ONNX file again.")
        registry.publish(made.path, target, found)
        one = {
            **made.answer, "file": f"models/versions/{target.name}", "sha256": found.oid, "size": found.size,
        }  # fmt: skip
        others = [msgspec.to_builtins(kept) for kept in told(now) if kept.precision != precision]
        registry.write(workspace, record.name, {**now.facts, "onnx": [*others, one]})
    return registry.get(workspace, record.name)


def _here(record: ModelRecord) -> None:
    if record.here != "file":
        raise Lacking(
            f"{record.name} is {'a Git LFS pointer' if record.here == 'pointer' else 'missing'} here.",
            record.how_to_get,
        )


def _asked(request: dict[str, Any]) -> dict[str, Any]:
    argv = [sys.executable, "-P", "-m", "core.training.to_onnx"]
    cwd = Path(__file__).parents[2]
    done = run(argv, cwd=cwd, check=False, timeout=_LONG_S, stdin=json.dumps(request).encode())
    try:
        told: dict[str, Any] = json.loads(done.text.strip().rpartition("\n")[2])
    except ValueError as error:
        raise Damaged(
            f"No ONNX file could be made of {safe(Path(request['model']).name)}.", "Try again with --debug.",
            detail=done.err,
        ) from error  # fmt: skip
    if "what" in told:
        kinds: dict[int, type[PrintModelsError]] = {1: Refused, 3: Damaged, 5: Lacking}
        raise kinds.get(told["code"], PrintModelsError)(told["what"], told["remedy"])
    return told
