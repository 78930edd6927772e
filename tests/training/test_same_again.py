"""The same training gives the same bytes, however often it is ended; what would make it another one is said.

All of it in this process, which has torch: the end of a process is an exception that nothing catches, and a slow test
does the same to real processes.
"""

import os
import random
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.durable import hash_file
from core.errors import Damaged, PrintModelsError, Refused
from core.training import predictions, spec
from core.training.spec import Spec
from core.training.worker import Stopped
from core.workspace import Workspace
from tests.training.small import make_version, make_workspace, small

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("torchvision", reason="training needs torchvision")

from core.training import keeping, learning  # noqa: E402  (only where torch is)
from tests.training.here import Here, Killed, kill_at, new_run, run_here, stop_at, told  # noqa: E402

pytestmark = pytest.mark.xdist_group("torch")


@dataclass(frozen=True)
class Whole:
    """A training that nothing disturbed: `first` is the step at which learning begins, `last` the last one."""

    workspace: Workspace
    what: Spec
    run: Path
    first: int
    last: int

    @property
    def made(self) -> tuple[str, str]:
        return made(self.run)


def made(run: Path) -> tuple[str, str]:
    return hash_file(run / "best.pt").oid, hash_file(run / predictions.FILE).oid


@pytest.fixture(autouse=True)
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save at every step, so that an end at any of them finds another checkpoint."""
    monkeypatch.setattr(keeping, "EVERY_S", 0.0)
    monkeypatch.setattr(keeping, "RATHER", 0.0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Everything that could differ: all is learned, with dropout, changed pictures, an uneven last batch, two folds."""
    workspace = make_workspace(tmp_path_factory.mktemp("same") / "ws")
    version = make_version(workspace, recordings=8, each=3)
    what = small(version, mode="full", epochs=2, batch_size=5, folds=2, augment=True)
    run = new_run(workspace, what)
    run_here(workspace, run)
    return Whole(workspace, what, run, len(version.items) + 2, Here.steps)


def begin(whole: Whole, tmp_path: Path, what: Spec | None = None) -> tuple[Workspace, Path]:
    """The same version in another workspace, with a training that has not begun."""
    shutil.copytree(whole.workspace.root, tmp_path / "ws", ignore=shutil.ignore_patterns("runs", "cache"))
    workspace = Workspace.open(tmp_path / "ws")
    return workspace, new_run(workspace, what or whole.what)


def killed(workspace: Workspace, run: Path, step: int) -> None:
    with pytest.raises(Killed):
        run_here(workspace, run, kill_at(step))


@pytest.mark.parametrize("share", [0.3, pytest.param(0.9, marks=pytest.mark.slow)])
def test_f_096_a_training_killed_at_a_step_and_gone_on_with(
    whole: Whole, tmp_path: Path, share: float
) -> None:
    """bit-identical"""
    workspace, run = begin(whole, tmp_path)
    killed(workspace, run, whole.first + round(share * (whole.last - whole.first)))
    run_here(workspace, run)
    assert made(run) == whole.made
    assert any(event["epoch"] or event["step"] for event in told(run, "resumed"))


@pytest.mark.slow
def test_f_096_fifty_random_steps_of_real_processes(whole: Whole, tmp_path: Path) -> None:
    """bit-identical, at fifty of them, killed up to three times on the way"""
    chance = random.Random(96)
    for number in range(50):
        workspace, run = begin(whole, tmp_path / f"{number}")
        for _ in range(chance.randint(1, 3)):
            step = chance.randint(2, whole.last)

            def end(now: int, step: int = step) -> None:
                if now >= step:
                    os.kill(os.getpid(), signal.SIGKILL)

            child = os.fork()
            if not child:
                try:
                    run_here(workspace, run, end)
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
        run_here(workspace, run)
        assert made(run) == whole.made, (number, step)
        shutil.rmtree(workspace.root)


def test_stopped_in_the_middle_of_an_epoch_it_goes_on_from_there(whole: Whole, tmp_path: Path) -> None:
    workspace, run = begin(whole, tmp_path)
    with pytest.raises(Stopped):
        run_here(workspace, run, stop_at(whole.first + 2))
    said = predictions.read(run / predictions.FILE)
    assert said is not None
    assert said.folds_note == "It was stopped before."
    run_here(workspace, run)
    assert [(event["epoch"], event["step"]) for event in told(run, "resumed")] == [(0, 2)]
    assert made(run) == whole.made


@pytest.mark.parametrize("spoiled", ["last.pt", pytest.param("best.pt", marks=pytest.mark.slow)])
def test_a_file_that_was_damaged_meanwhile_costs_time_and_changes_nothing(
    whole: Whole, tmp_path: Path, spoiled: str
) -> None:
    workspace, run = begin(whole, tmp_path)
    killed(workspace, run, whole.first + 6)
    data = bytearray((run / spoiled).read_bytes())
    data[len(data) // 3] ^= 4
    (run / spoiled).write_bytes(data)
    run_here(workspace, run)
    assert made(run) == whole.made
    alerts = [event["text"] for event in told(run, "alert") if event["kind"] == "checkpoint"]
    assert len(alerts) == 1
    assert alerts[0].startswith(f"{spoiled} is not ")


def changed(run: Path, **changes: Any) -> None:
    spec.write(run, msgspec.structs.replace(spec.read(run), **changes))


@pytest.mark.parametrize(
    "what", ["seed", "dataset", "torch", pytest.param("threads", marks=pytest.mark.slow)]
)
def test_f_097_gone_on_with_as_another_training(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """refuses "identical" or continues flagged"""
    workspace, run = begin(whole, tmp_path, msgspec.structs.replace(whole.what, folds=0))
    killed(workspace, run, whole.first + 4)
    if what == "seed":
        changed(run, seed=7)
    elif what == "dataset":
        shutil.rmtree(workspace.version_dir(workspace.task(None), "v1"))
        other = make_version(workspace, recordings=8, each=3, seed=1)
        changed(run, dataset=msgspec.structs.replace(whole.what.dataset, digest=other.digest))
    elif what == "threads":
        changed(run, threads=2)
    else:
        now = keeping.machine()
        monkeypatch.setattr(keeping, "machine", lambda: {**now, "torch": "9.9.0"})
    if what in ("seed", "dataset"):
        with pytest.raises(Refused, match=f"would not be the same training: {what} was") as caught:
            run_here(workspace, run)
        assert caught.value.exit_code == 1
        return
    run_here(workspace, run)
    [alert] = [event["text"] for event in told(run, "alert") if event["kind"] == "machine"]
    assert "may differ in the last bits" in alert
    assert f"{what} was" in alert


def test_f_098_an_image_that_cannot_be_read(whole: Whole, tmp_path: Path) -> None:
    """stop before epoch 1 (full verify), never a black substitute"""
    workspace, run = begin(whole, tmp_path)
    folder = workspace.version_dir(workspace.task(None), "v1")
    names = sorted(folder.glob("*/*.jpg"))
    names[3].write_bytes(names[3].read_bytes()[:-40])
    os.utime(names[3], (1_700_000_000, 1_700_000_000))
    with pytest.raises(Damaged, match="nothing was trained") as caught:
        run_here(workspace, run)
    assert caught.value.exit_code == 3
    assert names[3].name in caught.value.what
    assert not told(run, "epoch")
    assert sorted(path.name for path in run.iterdir()) == ["events.jsonl", "spec.json"]


def test_f_100_a_loss_that_explodes(whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """stops, keeps last finite"""
    workspace, run = begin(whole, tmp_path)
    steady = learning.Learner._step_size
    monkeypatch.setattr(learning.Learner, "_step_size", lambda self, n: steady(self, n) if n < 2 else 1e9)
    with pytest.raises(Refused, match="no longer a finite number") as caught:
        run_here(workspace, run)
    assert caught.value.exit_code == 1
    assert "the best, epoch 1, is kept" in caught.value.what
    assert "--lr" in caught.value.remedy
    assert [event["kind"] for event in told(run, "alert")] == ["diverged"]
    best = torch.load(run / "best.pt", weights_only=True)
    assert best["epoch"] == 1
    assert all(bool(torch.isfinite(value).all()) for value in best["model_state_dict"].values())
    kept = keeping.checkpoints.newest(run)
    assert kept is not None


def test_a_checkpoint_that_cannot_be_saved_is_never_called_saved(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run = begin(whole, tmp_path)

    def refused(folder: Path, content: bytes, *, whole: bool = False) -> Any:
        raise PermissionError(13, "Permission denied", str(folder / "last.pt"))

    monkeypatch.setattr(keeping.checkpoints, "put", refused)
    with pytest.raises((PrintModelsError, PermissionError)):
        run_here(workspace, run)
    assert not [event for event in told(run, "checkpoint") if event["file"] == "last.pt"]


def test_every_recording_is_asked_about_once_and_by_a_network_of_another_fold(whole: Whole) -> None:
    said = predictions.read(whole.run / predictions.FILE)
    assert said is not None
    rows = said.of(predictions.FOLDS)
    assert len({row.file_name for row in rows}) == len(rows) == 24
    of = {}
    for row in rows:
        assert of.setdefault(row.recording, row.fold) == row.fold
    assert set(of.values()) == {0, 1}
    assert len(said.of(predictions.VALIDATION)) == 6
