"""What a training's best epoch is worth becoming: the facts of its record, and the decision to promote it.

What always holds: a record names a released version by the digest that was learned from, also where the training
began on the draft; a model that is worse than the one in use, or than the clock, needs a reason, which is kept.
Called by the registry, which writes what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from core.durable import Hashed, hash_file
from core.errors import Damaged, PrintModelsError, Refused
from core.text import safe
from core.training import answers, dataset, gate, runs
from core.training.gate import Side
from core.training.predictions import Predictions
from core.training.record import FORMAT, ModelRecord
from core.training.runs import Run
from core.training.spec import Spec
from core.version import __version__
from core.versions.manifest import DRAFT, Version, list_versions, read_version
from core.workspace import Workspace


def facts_of(workspace: Workspace, run: Run, who: str) -> tuple[dict[str, Any], Hashed]:
    """Return the record of a training's best epoch and the identity of its file.

    Raises Refused (it runs still, nothing was saved, no version holds what it learned from), Damaged.
    """
    seen, what = runs.view(run), run.spec
    if not seen.over:
        raise Refused(
            f"The training {run.id} is still running.", f"Wait for it, or: print-models stop {run.id}"
        )
    if not run.best.exists() or not seen.best_sha256:
        raise Refused(
            f"The training {run.id} has saved no model: {seen.reason or seen.state}.", "Train again."
        )
    found = hash_file(run.best)
    if found.oid != seen.best_sha256:
        if found.oid in seen.saved.get(runs.BEST, ()):
            raise Refused(
                f"The training {run.id} was killed while it saved its best epoch.",
                f"Let it go on: print-models train --resume {run.id}",
            )
        raise Damaged(f"{runs.BEST} of {run.id} is not the file that was saved.", "Train again.")
    version = _version(workspace, run, what)
    weights = dict(seen.facts.get("weights") or {})
    record = {
        "format": FORMAT,
        "task": what.task,
        "detector": version.task.detector,
        "sha256": found.oid,
        "size": found.size,
        "architecture": what.architecture,
        "classes": list(what.classes),
        "input": seen.facts.get("input"),
        "dataset": {**msgspec.to_builtins(what.dataset), "version": version.name},
        **({"learned_as": what.dataset.version} if what.dataset.version != version.name else {}),
        "config": what.config,
        "weights": weights,
        "epoch": seen.best_epoch,
        "results": seen.results,
        "results_folds": seen.results_folds,
        "words": list(seen.words),
        "images": seen.facts.get("images"),
        "notes": seen.facts.get("notes") or [],
        **{key: seen.facts[key] for key in ("best_by", "not_identical") if seen.facts.get(key)},
        "machine": seen.facts.get("machine") or {},
        "commit": what.commit,
        "run": run.id,
        "trained": seen.started_at,
        "seconds": round(sum(epoch.seconds for epoch in seen.history), 1),
        "epochs_run": len(seen.history),
        "ended": seen.state,
        "promoted": {"by": who, "at": datetime.now().astimezone().isoformat(timespec="seconds")},
        "tool": f"print-models {__version__}",
    }
    return record, found


def _version(workspace: Workspace, run: Run, what: Spec) -> Version:
    """Return the version whose content a training learned from, under whatever name it learned. Raises Refused."""
    task = workspace.task(what.task)
    names = list_versions(workspace, task)
    if what.dataset.version in names:
        names = [what.dataset.version, *(name for name in names if name != what.dataset.version)]
    for name in names:
        version = read_version(workspace, task, name)
        if version.digest == what.dataset.digest:
            return version
    if what.val_split:
        raise Refused(
            f"It learned with a split of its own (--val-split {what.val_split:g}): its result is about other images than "
            "that of any other model, and it learned from some of those they are asked about.",
            f"Train with the version's own split, then promote that: print-models train --task {task.name}",
        )
    if what.dataset.version in names:
        raise Refused(
            f"{task.name} {what.dataset.version} is not what this training learned from: its digest differs.",
            "Get the version as it was, or train on it as it is.",
        )
    digest = f" ({safe(what.dataset.digest[:19])}…)" if what.dataset.version == DRAFT else ""
    raise Refused(
        f"It learned from labels that no version of {task.name} holds{digest}, so nobody could train it again.",
        f"{dataset.how_to_release(workspace, what, run.path)}   If labels changed since, train on that version instead.",
    )


def decided(
    workspace: Workspace,
    run: Run,
    facts: Mapping[str, Any],
    said: Predictions | None,
    known: Sequence[ModelRecord],
    because: str,
) -> dict[str, Any]:
    """Return what the record keeps of the decision: what it was weighed against, and the reason given.

    Raises Refused where the model is worse than what is there and no reason is given.
    """
    new = Side("", str(facts["dataset"]["digest"]), facts["results"], said)
    other = gate.opponent(known, str(facts["task"]), str(facts["sha256"]))
    old = None
    if other is not None:
        old = Side(other.name, _measured_on(other), other.results, _answers(workspace, other))
    found = gate.weigh(new, facts.get("results_folds"), old)
    reason = " ".join(because.split())
    if found.worse and not reason:
        raise Refused(
            " ".join(found.worse),
            f"Promote it all the same with a reason, which its record keeps: print-models promote {run.id} --because TEXT",
        )
    return {**found.as_json(), "because": reason if found.worse else ""}


def objection(workspace: Workspace, record: ModelRecord, known: Sequence[ModelRecord]) -> str:
    """Return why a model version should not replace the one in use without a reason; '' where nothing is known against it."""
    in_use = [one for one in known if one.current and one.task == record.task and one.sha256 != record.sha256]
    if not in_use or not in_use[0].results or not record.results:
        return ""
    new, old = (
        Side(one.name, _measured_on(one), one.results, _answers(workspace, one))
        for one in (record, in_use[0])
    )
    said, worse = gate.between(new, old)
    return said if worse else ""


def _measured_on(record: ModelRecord) -> str:
    """Return the digest of the version whose validation a record's results are about."""
    return str((record.facts.get("measured_on") or {}).get("digest") or record.digest)


def _answers(workspace: Workspace, record: ModelRecord) -> Predictions | None:
    """Return what a model said, None where nothing of it can be used: then results are compared instead."""
    try:
        return answers.read(workspace, record)
    except PrintModelsError:
        return None
