"""A real disk that fills up while a training saves: told, nothing lost, and gone on with once there is room."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.harness import on_small_disk
from tests.training.here import new_run
from tests.training.small import make_version, make_workspace, needs_torch, small

pytestmark = [needs_torch, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]

#: Trains on the small disk; fills it at a step, and makes room again for a second try.
DRIVER = """
import json, os, sys
from pathlib import Path
from core.errors import PrintModelsError
from core.training import checkpoints, keeping
from core.workspace import Workspace
from tests.training.here import run_here
from core.durable import hash_file
keeping.EVERY_S = keeping.RATHER = 0.0
workspace = Workspace.open(Path(sys.argv[1]))
[run] = workspace.runs.iterdir()
filler = workspace.root / "filler"

def fill(step):
    if step == int(sys.argv[2]):
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass

said = {"code": 0}
try:
    run_here(workspace, run, fill)
except PrintModelsError as error:
    said = {"code": error.exit_code, "what": error.what}
said["left"] = sorted(path.name for path in run.iterdir())
said["whole"] = checkpoints.newest(run) is not None
filler.unlink(missing_ok=True)
run_here(workspace, run)
said["sha256"] = hash_file(run / "best.pt").oid
print(json.dumps(said))
"""


def test_a_disk_that_fills_during_a_checkpoint(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    version = make_version(workspace, recordings=8, each=3)
    new_run(workspace, small(version, mode="full", epochs=2, batch_size=5))

    def trained(step: int) -> dict[str, Any]:
        script = f'cp -a "{workspace.root}" ws; exec "{sys.executable}" -c "$DRIVER" "$PWD/ws" {step}'
        place = {"DRIVER": DRIVER, "PYTHONPATH": os.fspath(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = on_small_disk(script, mount=tmp_path / "disk", size="90m", cwd=ROOT, env=place)
        assert done.code == 0, done.err[-3000:]
        found: dict[str, Any] = json.loads(done.out.strip().rpartition("\n")[2])
        return found

    undisturbed = trained(0)
    assert undisturbed["code"] == 0
    full = trained(len(version.items) + 4)
    assert full["code"] == 5
    assert "No room on the disk" in str(full["what"])
    assert full["whole"] is True
    assert not [name for name in full["left"] if name.endswith(".tmp")]
    assert full["sha256"] == undisturbed["sha256"]
