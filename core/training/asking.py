"""What a model says of images: looked up where it was said before, else asked of a process that has torch.

What always holds: an answer is about exactly the bytes of the model and of the image; a new answer is kept, so that
the same question costs nothing twice; the process ends with its caller's wish. Called by `judging`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.durable import atomic_write
from core.errors import Cancelled, Damaged, Lacking, PrintModelsError, Refused
from core.process import spawn_helper
from core.progress import CancelToken, Progress, Report
from core.text import safe
from core.training import answers, predictions, runs
from core.training.predictions import VALIDATION, Predicted, Predictions
from core.training.record import ModelRecord
from core.training.runs import Run
from core.training.sides import Row, missing
from core.training.spec import default_threads
from core.versions.manifest import DRAFT, Version
from core.workspace import Workspace

_CODES: dict[int, type[PrintModelsError]] = {1: Refused, 3: Damaged, 5: Lacking}
_SLICE_S = 0.2
#: The process that has torch: it takes one request on the socket that is its standard input, and answers there.
COMMAND = [sys.executable, "-P", "-m", "core.training.evaluate"]


def answered(
    workspace: Workspace,
    record: ModelRecord,
    on: Version,
    rows: Sequence[Row],
    report: Report,
    cancel: CancelToken | None,
    notes: list[str],
) -> tuple[list[Predicted], str]:
    """Return what a model says of rows and where from: 'kept' where every one was answered before, else 'asked'."""
    known = known_answers(workspace, record)
    if found := _matched(rows, known):
        return found, "kept"
    problem = cannot_ask(record, on, rows)
    if problem is not None:
        raise problem
    answer = _ask(workspace, record, on, rows, report, cancel)
    if not answer["input_known"]:
        notes.append("Its file does not say how pictures are prepared: whole, 224 pixels, as here.")
    said = predictions.said(rows, answer["probabilities"])
    keep(workspace, record, on, said)
    return said, "asked"


def known_answers(workspace: Workspace, record: ModelRecord) -> list[Predicted]:
    """Return every answer of a model that is kept: of its own training, and of whatever it was asked since."""
    found = list(kept(workspace, record).of(VALIDATION))
    if record.sha256:
        for path in sorted(_folder(workspace).glob(f"{_short(record.sha256)}-*.json")):
            cached = predictions.read(path)
            found += cached.of(VALIDATION) if cached else ()
    return found


def kept(workspace: Workspace, record: ModelRecord) -> Predictions:
    """Return the answers of a model's own training: those beside the model, else its run's; none where neither is."""
    with contextlib.suppress(PrintModelsError):  # answers about images that are not here as they were
        if found := answers.read(workspace, record):
            return found
    run = Run(name := str(record.facts.get("run") or ""), workspace.runs / name)
    if name and "/" not in name and runs.view(run).best_sha256 == record.sha256:
        return answers.of_run(run) or Predictions(classes=())
    return Predictions(classes=())


def _matched(rows: Sequence[Row], known: Sequence[Predicted]) -> list[Predicted]:
    """Return an answer for every row, by the identity of its bytes and with the row's own label; [] where one lacks."""
    by_oid = predictions.by_oid(known)
    found = [by_oid.get(row.oid or "") for row in rows]
    shares = [one.probabilities for one in found if one is not None]
    return predictions.said(rows, shares) if len(shares) == len(rows) else []


def cannot_ask(record: ModelRecord, on: Version, rows: Sequence[Row]) -> PrintModelsError | None:
    """Return why a model can't be asked here, None where it can: its file, the pictures, torch."""
    if record.here != "file":
        return Lacking(
            f"{record.name} is {'a Git LFS pointer' if record.here == 'pointer' else 'missing'} here, "
            f"and its answers on {on.name} are not kept.",
            record.how_to_get,
        )
    if on.name == DRAFT:
        return Lacking(
            f"{record.name} was never asked about all of these images, and a draft's are read by its own training only.",
            "Release the labels, then compare on that version: --on V",
        )
    try:
        runs.require_torch()
    except Lacking as error:
        return error
    return missing(on, tuple(rows))


def _ask(
    workspace: Workspace,
    record: ModelRecord,
    on: Version,
    rows: Sequence[Row],
    report: Report,
    cancel: CancelToken | None,
) -> dict[str, Any]:
    request = {
        "root": os.fspath(workspace.root),
        "task": on.task.name,
        "version": on.name,
        "file_names": [row.file_name for row in rows],
        "model": os.fspath(workspace.root / record.file),
        "architecture": str(record.facts.get("architecture") or "resnet18"),
        "input": record.facts.get("input"),
        "threads": default_threads(),
    }
    report(Progress("loading torch", 0, None))
    ours, theirs = socket.socketpair()
    with ours:
        try:
            child = spawn_helper(COMMAND, socket=theirs.fileno())
        finally:
            theirs.close()
        try:
            ours.sendall(json.dumps(request).encode() + b"\n")
            return _believed(_listen(ours, report, cancel), len(rows), record)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"The process that asked {record.name} gave no answer: {safe(str(error), limit=120)}.",
                "Try again.",
            ) from error
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.terminate()
                child.wait(timeout=5)
            if child.poll() is None:
                child.kill()


def _believed(answer: dict[str, Any], asked: int, record: ModelRecord) -> dict[str, Any]:
    """Return an answer that has a share for every image and class. Raises Damaged, ValueError."""
    shares = answer["probabilities"]
    if len(shares) != asked:
        raise ValueError(f"{len(shares)} answers for {asked} images")
    if not all(math.isfinite(one) for row in shares for one in row):
        raise Damaged(f"{record.name} answers with what is no number.", "Train it again.")
    return answer


def _listen(peer: socket.socket, report: Report, cancel: CancelToken | None) -> dict[str, Any]:
    """Return the answer of the process at the other end, telling how far it is until then."""
    peer.settimeout(_SLICE_S)
    rest = b""
    while True:
        if cancel is not None and cancel.cancelled:
            raise Cancelled()
        try:
            part = peer.recv(1 << 20)
        except TimeoutError:
            continue
        if not part:
            raise Refused(
                "The process that asked the model ended without a word.", "Is there enough memory? Try again."
            )
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if "answer" in told:
                found: dict[str, Any] = told["answer"]
                return found
            if "what" in told:
                raise _CODES.get(int(told["code"]), PrintModelsError)(
                    safe(told["what"]), safe(told["remedy"])
                )
            report(Progress("asking the model", int(told["done"]), int(told["total"])))


def _folder(workspace: Workspace) -> Path:
    return workspace.cache / "answers"


def _short(oid: str) -> str:
    return oid.removeprefix("sha256:")[:24]


def keep(workspace: Workspace, record: ModelRecord, on: Version, said: list[Predicted]) -> None:
    """Keep what a model said of a version's validation, so that nobody has to ask it again."""
    if not on.digest or not record.sha256:
        return
    with contextlib.suppress(PrintModelsError, OSError):  # they are only asked again
        workspace.ensure_private()
        path = _folder(workspace) / f"{_short(record.sha256)}-{_short(on.digest)}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, predictions.encode(Predictions(classes=on.task.classes, sets={VALIDATION: said})))
