"""What the commands of learning say, where the obvious sentence would be wrong. No torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.training import proc, runs, spec
from core.training.planning import weights_available
from core.workspace import Workspace
from tests.conftest import Cli
from tests.training.small import make_version, small

#: A training that is just writing its last line when it is asked to stop.
_ENDING = """
import os, signal, sys
from pathlib import Path
from core.training.events import EventWriter
writer = EventWriter(Path(sys.argv[1]))
writer.append("started", epochs=3, task="offline-detection", dataset="v1", phase="training", pid=os.getpid())
def end(number, frame):
    writer.append("finished", seconds=3.0, words=[])
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
signal.pause()
"""


def test_a_training_that_finished_meanwhile_is_not_called_stopped(plain: Workspace, cli: Cli) -> None:
    what = small(make_version(plain))
    plain.ensure_private()
    folder = plain.runs / "20261101T120000-offline-detection"
    folder.mkdir(parents=True)
    spec.write(folder, what)
    child = subprocess.Popen(
        [sys.executable, "-c", _ENDING, folder], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        who = proc.identify(child.pid)
        assert who is not None
        proc.write(folder, who)
        assert runs.view(runs.get(plain)).state == "running"
        done = cli(plain.root, "stop", folder.name)
    finally:
        child.kill()
        child.communicate()
    assert done.code == 0, done.err
    assert "is stopped" not in done.out
    assert "before it could be stopped: it is finished" in done.out


def test_going_on_takes_no_other_wish(plain: Workspace, cli: Cli) -> None:
    done = cli(plain.root, "train", "--resume", "2026", "--epochs", "50", "--lr", "0.1", "--task", "x")
    assert done.code == 2
    for name in ("--epochs", "--lr", "--task"):
        assert name in done.err
    assert "--mode" not in done.err
    assert cli(plain.root, "train", "--resume", "2026", "--foreground", "--json").code == 1


@pytest.mark.parametrize("variable", ["TORCH_HOME", "XDG_CACHE_HOME"])
def test_weights_on_this_machine_are_found_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    there, said = weights_available("resnet18")
    assert (there, "tries to download them" in said) == (False, True)
    folder = tmp_path / ("" if variable == "TORCH_HOME" else "torch") / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for name in (
        "resnet18-f37072fd.pth",
        "resnet18-f37072fd.pth.part",
        "efficientnet_b0_rwightman-7f5810bc.pth",
    ):
        (folder / name).touch()
    assert weights_available("resnet18") == (
        True,
        "ImageNet weights of resnet18 are on this machine (resnet18-f37072fd.pth).",
    )
    assert weights_available("efficientnet_b0")[0]
    assert not weights_available("resnet1")[0]
