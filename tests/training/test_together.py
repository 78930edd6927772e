"""Two processes that learn together under torchrun make what one makes with twice the batch."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from core.training import predictions, runs, spec
from core.training.spec import Spec
from core.workspace import Workspace
from tests.training.here import new_run
from tests.training.small import make_version, needs_torch, small

pytestmark = [needs_torch, pytest.mark.slow, pytest.mark.timeout(900)]

#: Numbers are added in another order. AdamW's first steps are as large for a tiny gradient as for a large one, so with
#: large steps rounding grows; with these it stays far below this.
WITHIN, STEP = 0.001, 1e-5
ROOT = Path(__file__).resolve().parents[2]


def trained(workspace: Workspace, name: str, what: Spec, processes: int) -> Path:
    run = new_run(workspace, what, name)
    together = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    by_torchrun = together if processes > what.processes else []
    words = [sys.executable, *by_torchrun, "-m", "core.training.fit", os.fspath(run)]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return run


@pytest.mark.parametrize(("mode", "own"), [("full", False), ("last", True)])
def test_two_processes_learn_what_one_learns_with_twice_the_batch(
    plain: Workspace, mode: str, own: bool
) -> None:
    """Started by torchrun, or by the training itself."""
    version = make_version(plain, recordings=8, each=5)
    what = small(version, architecture="resnet18", mode=mode, epochs=3, batch_size=3, folds=2, lr=STEP)
    two = trained(
        plain, "20251107T080000-offline-detection", msgspec.structs.replace(what, processes=1 + own), 2
    )
    double = msgspec.structs.replace(what, batch_size=6)
    one = trained(plain, "20251107T090000-offline-detection", double, 1)
    found = [predictions.read(run / predictions.FILE) for run in (one, two)]
    views = [runs.view(runs.Run(run.name, run)) for run in (one, two)]
    assert [view.state for view in views] == ["finished"] * 2
    assert [view.facts["processes"] for view in views] == [1, 2]
    for name in (predictions.VALIDATION, predictions.FOLDS):
        rows, others = (said.of(name) for said in found if said is not None)
        assert [row.file_name for row in rows] == [row.file_name for row in others]
        apart = [
            abs(a - b)
            for row, other in zip(rows, others, strict=True)
            for a, b in zip(row.probabilities, other.probabilities, strict=True)
        ]
        assert max(apart) < WITHIN, (name, max(apart))
    losses = [[epoch.train_loss for epoch in view.history] for view in views]
    assert losses[0] == pytest.approx(losses[1], abs=WITHIN)
    assert spec.read(two).batch_size * 2 == spec.read(one).batch_size
