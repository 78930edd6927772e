"""Train a model again from its record and compare the two files byte by byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.durable import hash_file
from core.errors import Lacking, PrintModelsError, Refused
from core.progress import CancelToken, Progress, Report, silent
from core.text import safe
from core.training import runs, spec
from core.training.dataset import version_of
from core.training.events import RunView
from core.training.record import ModelRecord
from core.training.spec import Dataset, Spec, Weights
from core.version import __version__
from core.workspace import Workspace

_NAMED = {"torch": "the build of torch", "instructions": "the processor's instructions"}


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What came out: `identical` files or not, the new file's sha256, and in sentences what `differs`."""

    identical: bool
    sha256: str
    differs: tuple[str, ...]
    run: str

    def as_json(self) -> dict[str, Any]:
        return {
            "identical": self.identical,
            "sha256": self.sha256,
            "differs": list(self.differs),
            "run": self.run,
        }


def reproduce(
    workspace: Workspace,
    record: ModelRecord,
    *,
    weights: Path | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Reproduced:
    """Train a model again up to its best epoch and compare; `weights` is the file it started from, if any.

    Raises Refused (no record, another dataset), Lacking (torch, pictures, start weights), or the training's failure.
    """
    what = spec_of(workspace, record, weights)
    run = runs.start(workspace, what)

    def told(seen: RunView) -> None:
        if cancel is not None and cancel.cancelled:
            runs.stop(run, wait_s=0)
        report(Progress(seen.phase or "training", seen.epoch, seen.epochs or None))

    seen = runs.follow(run, told)
    if cancel is not None:
        cancel.check()
    if seen.state != "finished":
        raise Refused(f"It could not be trained again: {seen.reason or seen.state}", seen.remedy)
    sha256 = hash_file(run.best).oid
    if sha256 == record.sha256:
        return Reproduced(True, sha256, (), run.id)
    return Reproduced(False, sha256, tuple(differences(record, what, seen)), run.id)


def spec_of(workspace: Workspace, record: ModelRecord, weights: Path | None = None) -> Spec:
    """Return the spec that made a model, to its best epoch. Raises Refused, Lacking."""
    facts = record.facts
    if record.problem == "it has no record" or not facts.get("config"):
        raise Refused(f"{record.name} has no record of how it was trained.", "Train a new one.")
    try:
        # What it was called when it was learned from stands in the model file.
        named = {**facts["dataset"], "version": facts.get("learned_as") or facts["dataset"]["version"]}
        dataset = msgspec.convert(named, Dataset)
        what = msgspec.convert(
            {
                **facts["config"],
                "dataset": named,
                "classes": facts["classes"],
                "architecture": facts["architecture"],
                "until": facts["epoch"],
                "commit": facts["commit"],
                "tool": facts["tool"],
                "again": record.name,
            },
            Spec,
        )
        start = msgspec.convert(facts["weights"], Weights)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise Refused(f"The record of {record.name} is not complete: {error}.", "Train a new one.") from error
    version = version_of(workspace, what)
    if version.digest != dataset.digest:
        raise Refused(
            f"{dataset.task} {record.dataset} is not what {record.name} learned from: its digest differs.",
            f"Get it as it was: git checkout {dataset.task}/{record.dataset} -- datasets/{dataset.task}/{record.dataset}",
        )
    return spec.check(msgspec.structs.replace(what, weights=_weights(workspace, record, start, weights)))


def _weights(workspace: Workspace, record: ModelRecord, start: Weights, given: Path | None) -> Weights:
    """Return the start weights; a file is the one given, or one that an earlier training here was given."""
    if start.kind != "file":
        return Weights(kind=start.kind)
    paths = [given] if given else [Path(path) for path in _paths_of_runs(workspace, start.sha256)]
    for path in paths:
        if path.is_file() and hash_file(path).oid == start.sha256:
            return Weights(kind="file", name=start.name, path=str(path.resolve()), sha256=start.sha256)
    raise Lacking(
        f"{record.name} started from {start.name} ({start.sha256[:19]}…), which is not here.",
        "Give that file: --weights FILE",
    )


def _paths_of_runs(workspace: Workspace, sha256: str) -> list[str]:
    found = []
    for run in runs.list_runs(workspace):
        try:
            known = run.spec.weights
        except PrintModelsError:
            continue
        if known.sha256 == sha256 and known.path:
            found.append(known.path)
    return found


def differences(record: ModelRecord, what: Spec, seen: RunView) -> list[str]:
    """Return in sentences what may be why, and whether the decisions are the same."""
    then: Mapping[str, Any] = record.facts.get("machine") or {}
    now: Mapping[str, Any] = seen.facts.get("machine") or {}
    said = [
        f"{_NAMED.get(key, key)}: {safe(str(then[key]), limit=80)} then, {safe(str(now.get(key)), limit=80)} now"
        for key in then
        if then[key] != now.get(key)
    ]
    threads = (record.facts.get("config") or {}).get("threads", what.threads)
    if threads != what.threads:
        said.append(f"threads: {threads} then, {what.threads} now")
    was, then_weights = seen.facts.get("weights") or {}, record.facts.get("weights") or {}
    if (was.get("kind"), was.get("sha256")) != (then_weights.get("kind"), then_weights.get("sha256")):
        said.append("the start weights have other bytes")
    if what.dataset.digest != record.digest:
        said.append(f"the dataset's digest: {safe(record.digest, limit=80)} then, {what.dataset.digest} now")
    if record.facts.get("tool") != f"print-models {__version__}":
        said.append(
            f"made by {safe(str(record.facts.get('tool')), limit=60)}, again by print-models {__version__}"
        )
    if odd := record.facts.get("not_identical"):
        said.append(f"of the first training: {safe(str(odd), limit=300)}")
    if not said:
        said.append("nothing that is recorded differs: not the build, the processor, the weights or the data")
    before, after = record.results or {}, seen.results or {}
    if before.get("confusion") == after.get("confusion"):
        said.append("as many validation images of each class are taken for each class as then")
    else:
        said.append(f"balanced accuracy {before.get('balanced')} then, {after.get('balanced')} now")
    return said
