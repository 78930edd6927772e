"""Real trainings: started, watched, killed, stopped, hung up on, done again. Each start of torch takes seconds."""

import fcntl
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from core.durable import hash_file
from core.errors import Busy, Damaged, Refused, WrongUsage
from core.training import events, proc, registry, runs, spec
from core.training.reproduce import reproduce, spec_of
from core.training.runs import Run
from core.workspace import Workspace
from tests.conftest import Cli
from tests.training.small import make_version, needs_torch, small, until

Trained = tuple[Workspace, Run]


def _copy(trained: Trained, target: Path) -> Trained:
    """A workspace of one's own with the shared training in it; files are linked, since nothing changes them."""
    shutil.copytree(trained[0].root, target, copy_function=os.link)
    workspace = Workspace.open(target)
    return workspace, runs.get(workspace)


@needs_torch
def test_a_training_learns_and_tells_all_of_it_in_its_files(trained: Trained) -> None:
    _, run = trained
    seen = runs.view(run)
    assert seen.state == "finished", (seen.reason, run.log.read_text())
    lines = [json.loads(line) for line in (run.path / events.FILE).read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0]["event"] == "started"
    assert lines[0]["phase"] == "loading torch"
    assert lines[-1]["event"] == "finished"
    assert {path.name for path in run.path.iterdir()} == {
        "spec.json", "proc.json", "events.jsonl", "train.log", "last.pt", "best.pt", "previous.pt",
        "predictions.json",
    }  # fmt: skip
    assert hash_file(run.best).oid == seen.best_sha256
    assert seen.results is not None
    assert seen.results["balanced"] == 1.0
    # All right, but in few recordings: that is no proof.
    assert seen.results["better_than_clock"] is None
    assert any("too few to be sure" in line for line in seen.words)
    assert set(seen.results["baselines"]) == {"majority", "nearest_in_time", "brightness", "time_of_day"}


@needs_torch
def test_random_weights_are_said_plainly_everywhere(trained: Trained, tmp_path: Path) -> None:
    workspace, run = _copy(trained, tmp_path / "ws")
    said = "It starts from random weights, not pretrained ones."
    assert runs.view(run).facts["start"] == said
    assert said in runs.view(run).words
    record = registry.promote(workspace, run)
    assert record.facts["weights"]["kind"] == "random"
    assert said in record.facts["words"]
    rows = registry.for_card(workspace, workspace.task(record.task), "v1")
    assert said in rows[0]["note"]


@needs_torch
def test_a_promoted_model_has_its_name_and_record_and_is_never_overwritten(
    trained: Trained, tmp_path: Path
) -> None:
    workspace, run = _copy(trained, tmp_path / "ws")
    record = registry.promote(workspace, run, who="ana")
    assert record.name == "offline-detector-v1"
    assert hash_file(workspace.root / record.file).oid == record.sha256 == runs.view(run).best_sha256
    assert registry.promote(workspace, run) == record
    other = workspace.model_versions / "offline-detector-v1.pth"
    other.unlink()
    other.write_bytes(b"another model")
    second = registry.promote(workspace, run, current=True)
    assert (second.name, second.current) == ("offline-detector-v1.2", True)
    assert other.read_bytes() == b"another model"
    assert hash_file(workspace.root / "models/printer_offline_detector.pth").oid == second.sha256
    where = str(trained[0].root)
    assert where not in (workspace.model_versions / "offline-detector-v1.json").read_text()
    assert where.encode() not in run.best.read_bytes()


@needs_torch
def test_a_model_s_record_is_read_without_torch_and_with_only_a_pointer(
    trained: Trained, tmp_path: Path
) -> None:
    workspace, run = _copy(trained, tmp_path / "ws")
    record = registry.promote(workspace, run)
    path = workspace.root / record.file
    path.unlink()
    path.write_bytes(
        f"version https://git-lfs.github.com/spec/v1\noid {record.sha256}\nsize {record.size}\n".encode()
    )
    script = (
        "import sys; from core.commands.shell import main; main(['-C', sys.argv[1], 'models', '--json'])\n"
        "assert not {'torch', 'numpy', 'PIL'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, workspace.root], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["models"]
    assert (found["here"], found["problem"], found["dataset"]["version"]) == ("pointer", "", "v1")
    assert found["results"]["classes"]["active"]["recall"] == 1.0


@needs_torch
def test_a_file_that_is_not_the_one_saved_is_not_promoted(trained: Trained, tmp_path: Path) -> None:
    workspace, run = _copy(trained, tmp_path / "ws")
    data = bytearray(run.best.read_bytes())
    data[len(data) // 2] ^= 1
    run.best.unlink()
    run.best.write_bytes(data)
    with pytest.raises(Damaged) as caught:
        registry.promote(workspace, run)
    assert caught.value.exit_code == 3
    assert not registry.models(workspace)


@needs_torch
def test_trained_again_from_its_record_the_file_is_the_same(trained: Trained, tmp_path: Path) -> None:
    workspace, run = _copy(trained, tmp_path / "ws")
    found = reproduce(workspace, registry.promote(workspace, run))
    assert found.identical, found.differs
    assert found.sha256 == runs.view(run).best_sha256


@needs_torch
def test_another_dataset_under_the_same_name_is_not_taken_for_it(trained: Trained, tmp_path: Path) -> None:
    workspace, run = _copy(trained, tmp_path / "ws")
    record = registry.promote(workspace, run)
    shutil.rmtree(workspace.version_dir(workspace.task(None), "v1"))
    make_version(workspace, seed=1)
    with pytest.raises(Refused, match="digest differs"):
        spec_of(workspace, record)
    with pytest.raises(WrongUsage, match="no model"):
        registry.get(workspace, "nothing")


@needs_torch
def test_killed_and_gone_on_with_it_gives_the_same_file(trained: Trained, plain: Workspace) -> None:
    what = small(make_version(plain), architecture="resnet18", epochs=4)
    run = runs.start(plain, what)
    until((run.path / "last.pt").exists, "the first checkpoint")
    who = proc.read(run.path)
    assert who is not None
    os.kill(who.pid, signal.SIGKILL)
    until(lambda: not proc.alive(who), "the death of the training", 20)
    seen = runs.view(run)
    assert seen.state == "killed"
    assert "Its best, epoch " in seen.reason
    assert "it can go on from " in seen.reason
    runs.resume(plain, run)
    until(lambda: runs.view(run).over, "the end of the resumed training")
    assert runs.view(run).state == "finished", runs.view(run).reason
    assert any(line["event"] == "resumed" and line["epoch"] > 0 for line in runs.tail(run).events)
    assert hash_file(run.best).oid == runs.view(trained[1]).best_sha256
    with pytest.raises(Refused, match="is finished"):
        runs.resume(plain, run)


@needs_torch
def test_it_outlives_its_terminal_is_the_only_one_and_stops_keeping_its_best(
    plain: Workspace, cli: Cli
) -> None:
    make_version(plain)
    master, slave = pty.openpty()
    train = "train --arch resnet18 --weights random --mode full --batch-size 4 --epochs 500 --lr 1e-5"
    program = f"{sys.executable} -m core -C {plain.root}"
    shell = subprocess.Popen(
        ["sh", "-c", f"{program} {train} && {program} watch"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    until(lambda: bool(runs.list_runs(plain)), "the start of a training")
    run = runs.get(plain)
    until(lambda: run.best.exists() or runs.view(run).over, "its first epoch")
    os.close(master)  # what a lost connection does: everything on this terminal is hung up on
    shell.wait(timeout=30)
    far = runs.view(run).last_at
    until(lambda: runs.view(run).last_at > far, "a sign of life after the hang-up")
    with pytest.raises(Busy, match="one at a time"):
        runs.start(plain, run.spec)
    stopped = cli(plain.root, "stop", "--json")
    assert stopped.code == 0, stopped.err
    assert stopped.json["state"] == "stopped"
    seen = runs.view(run)
    assert (seen.state, seen.exit_code) == ("stopped", 0)
    assert hash_file(run.best).oid == seen.best_sha256
    until(lambda: not runs.is_alive(run), "its process to leave", 10)
    assert registry.promote(plain, run).facts["ended"] == "stopped"


@needs_torch
@pytest.mark.slow
def test_a_picture_that_cannot_be_read_ends_it_before_the_first_epoch(plain: Workspace) -> None:
    version = make_version(plain)
    broken = version.path / version.items[5].file_name
    broken.write_bytes(broken.read_bytes()[:-40])
    run = runs.start(plain, small(version))
    until(lambda: runs.view(run).over, "the refusal")
    seen = runs.view(run)
    assert (seen.state, seen.exit_code, seen.history) == ("failed", 3, ())
    assert version.items[5].file_name in seen.reason
    assert "nothing was trained" in seen.reason
    assert not run.best.exists()


@needs_torch
@pytest.mark.slow
def test_a_loss_that_explodes_ends_it_and_the_best_stays(plain: Workspace) -> None:
    run = runs.start(plain, small(make_version(plain), lr=1e9, epochs=40, patience=40, mode="full"))
    until(lambda: runs.view(run).over, "the end")
    seen = runs.view(run)
    assert (seen.state, seen.exit_code) == ("failed", 1)
    assert "no longer a finite number" in seen.reason
    assert "--lr" in seen.remedy


@needs_torch
@pytest.mark.slow
def test_real_pretrained_weights_from_a_file(plain: Workspace, real_frames: Path, cli: Cli) -> None:
    weights = real_frames.parent / "weights" / "mobilenet_v2.pth"
    make_version(plain)
    words = (
        "train",
        "--arch",
        "mobilenet_v2",
        "--weights",
        weights,
        "--epochs",
        "2",
        "--foreground",
        "--json",
    )
    done = cli(plain.root, *words)
    assert done.code == 0, done.err
    seen = runs.view(runs.get(plain))
    assert seen.facts["weights"]["kind"] == "file"
    assert "It starts from the weights in mobilenet_v2.pth." in seen.words
    record = registry.promote(plain, runs.get(plain))
    assert str(weights) not in json.dumps(record.as_json())
    assert spec_of(plain, record).weights.path == str(weights.resolve())


@needs_torch
@pytest.mark.slow
def test_weights_that_cannot_be_had_end_it_or_are_replaced_with_a_word(plain: Workspace, cli: Cli) -> None:
    version = make_version(plain)
    away = {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "TORCH_HOME": str(plain.root),
    }
    asked = cli(plain.root, "train", "--weights", "imagenet", "--epochs", "1", "--foreground", env=away)
    assert asked.code == 5
    assert "could not be downloaded" in asked.out
    done = cli(plain.root, "train", "--mode", "head", "--epochs", "1", "--foreground", env=away)
    assert done.code == 0, done.err
    assert "It starts from random weights" in done.out
    assert "starts from random weights: the ImageNet weights" in done.err
    assert spec.read(runs.get(plain).path).dataset.digest == version.digest
