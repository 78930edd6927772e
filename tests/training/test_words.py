"""What the commands of learning say, where the obvious sentence would be wrong. No torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core import pretrained
from core.training import proc, runs, spec
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
    assert pretrained.on_this_machine("resnet18") is None
    assert "random weights" in pretrained.describe("resnet18")
    folder = tmp_path / ("" if variable == "TORCH_HOME" else "torch") / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    names = ("resnet18-f37072fd.pth", "efficientnet_b0_rwightman-7f5810bc.pth", "vgg11_bn-6002323d.pth")
    for name in (*names, "resnet34-b627a593.pth.part"):
        (folder / name).touch()
    known = ("resnet18", "efficientnet_b0", "vgg11_bn")
    assert [pretrained.on_this_machine(one) for one in known] == [folder / name for name in names]
    assert [pretrained.on_this_machine(one) for one in ("resnet1", "vgg11", "resnet34")] == [None] * 3
    assert "already" in pretrained.describe("resnet18")
