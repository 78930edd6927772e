"""Trainings that terminals, systems, other people and printers get in the way of. No torch: the process is a stand-in."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from core.labels.store import LabelStore
from core.training import proc, runs
from core.training.runs import Run
from core.versions.manifest import Version, read_version
from core.workspace import Workspace
from tests.conftest import run_program, write_frames
from tests.training.small import make_version, make_workspace, small, until
from tests.training.standin import ROOT, environment, instead_of_torch, program

BENCH = 'format = 1\n[sources.bench]\npath = "bench"\n'
DOCS = ROOT / "docs"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with a version; whatever trains in it in the end is ended."""
    workspace = make_workspace(tmp_path / "ws")
    make_version(workspace, recordings=4, each=2)
    yield workspace
    for run in runs.list_runs(workspace):
        who = proc.read(run.path)
        if who is not None and proc.alive(who):
            os.kill(who.pid, signal.SIGKILL)


def _started(workspace: Workspace) -> Run:
    run = runs.start(workspace, small(_version(workspace)))
    until(lambda: "last.pt" in runs.view(run).epochs_saved or runs.view(run).over, "its first checkpoint")
    return run


def _version(workspace: Workspace) -> Version:
    return read_version(workspace, workspace.task(None), "v1")


def _who(run: Run) -> proc.Proc:
    who = proc.read(run.path)
    assert who is not None
    return who


def _gone(run: Run) -> None:
    until(lambda: not runs.is_alive(run), "the death of its process", 60)


def test_f_088_a_training_outlives_its_terminal_and_is_seen_from_another(place: Workspace) -> None:
    """job goes on; re-attach shows it"""
    master, slave = pty.openpty()
    words = ("--arch", "squeezenet1_1", "--weights", "random", "--foreground")
    shell = subprocess.Popen(
        program("-C", place.root, "train", *words),
        stdin=slave, stdout=slave, stderr=slave, env=environment("wait"), start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    until(lambda: bool(runs.list_runs(place)), "the start of a training")
    run = runs.get(place)
    until(lambda: "last.pt" in runs.view(run).epochs_saved, "its first checkpoint")
    os.close(master)  # what a lost connection does: everything on this terminal is hung up on
    shell.wait(timeout=60)
    assert runs.view(run).state == "running"
    who = _who(run)
    assert os.getsid(who.pid) == who.pid
    assert os.readlink(f"/proc/{who.pid}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{who.pid}/fd/1") == os.fspath(run.log)
    seen = run_program(program("-C", place.root, "watch", "--json"), cwd=ROOT).json
    assert (seen["id"], seen["state"], len(seen["history"])) == (run.id, "running", 1)
    told = run_program(program("-C", place.root, "stop"), cwd=ROOT)
    assert (told.code, "its best, epoch 1, is kept" in told.out) == (0, True), told.err


SYSTEMD = """#!/bin/sh
echo "$@" >> {log}
while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""
LOGINCTL = """#!/bin/sh
case "$*" in *Linger*) echo {lingers};; *KillUserProcesses*) echo yes;; esac
"""


def _systemd(folder: Path, *, lingers: str) -> Path:
    """Programs that answer like systemd's; what systemd-run was asked is written into a file."""
    folder.mkdir()
    log = folder / "asked"
    log.touch()
    for name, text in (
        ("systemd-run", SYSTEMD.format(log=log)),
        ("loginctl", LOGINCTL.format(lingers=lingers)),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return log


def test_f_089_where_a_logout_ends_everything_a_scope_keeps_it_or_it_is_said(
    place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """documented; `systemd-run --user` is used where it works: with the same process, so that its pid is the training's"""
    instead_of_torch(monkeypatch, "epochs")
    path = os.environ["PATH"]
    asked = _systemd(tmp_path / "works", lingers="yes")
    monkeypatch.setenv("PATH", f"{asked.parent}:{path}")
    run = runs.start(place, small(_version(place)))
    until(lambda: runs.view(run).over, "its end")
    seen = runs.view(run)
    assert (seen.state, seen.facts["keeper"], run.warning) == ("finished", "systemd", "")
    _, started = asked.read_text().splitlines()
    for word in ("--user", "--scope", f"--unit=print-models-{run.id}", "--property=MemoryMax="):
        assert word in started
    _gone(run)
    asked = _systemd(tmp_path / "no lingering", lingers="no")
    monkeypatch.setenv("PATH", f"{asked.parent}:{path}")
    run = runs.start(place, small(_version(place)))
    until(lambda: runs.view(run).over, "its end")
    assert runs.view(run).facts["keeper"] == "session"
    assert "loginctl enable-linger" in run.warning
    assert asked.read_text() == ""
    page = (DOCS / "training.md").read_text()
    assert all(word in page for word in ("KillUserProcesses", "enable-linger", "systemd-run"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_f_090_a_training_that_is_ended_from_outside(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """status exact, last good checkpoint named"""
    instead_of_torch(monkeypatch, "wait")
    run = _started(place)
    os.kill(_who(run).pid, number)
    _gone(run)
    seen = runs.view(run)
    said = run_program(program("-C", place.root, "watch"), cwd=ROOT)
    if number == signal.SIGTERM:  # what a person's stop is, too
        assert (seen.state, seen.exit_code, said.code) == ("stopped", 0, 0)
    else:
        assert (seen.state, seen.exit_code, said.code) == ("killed", 1, 1)
        assert "killed from outside" in said.out
        assert f"--resume {run.id}" in said.out
    assert "Its best, epoch 1, is kept in best.pt; it can go on from epoch 1 in last.pt." in said.out


def test_f_090_a_training_that_crashes_below_python(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """status exact, last good checkpoint named: a crash of a library is no kill from outside"""
    instead_of_torch(monkeypatch, "crash")
    run = runs.start(place, small(_version(place)))
    _gone(run)
    seen = runs.view(run)
    assert (seen.state, seen.exit_code) == ("failed", 1)
    assert seen.reason.startswith("It crashed: Fatal Python error: Aborted. Its best, epoch 1, is kept")
    instead_of_torch(monkeypatch, "wait")
    runs.resume(place, run)
    until(lambda: runs.view(run).state == "running", "it to go on")
    os.kill(_who(run).pid, signal.SIGKILL)
    _gone(run)
    assert runs.view(run).state == "killed"  # the crash before it is history


@pytest.mark.parametrize(
    ("does", "reason"), [("fail", "Something unforeseen ended"), ("memory", "ran out of memory")]
)
def test_f_090_a_training_that_fails_by_itself(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, does: str, reason: str
) -> None:
    """status exact, last good checkpoint named: a limit on its memory, an exception in it"""
    instead_of_torch(monkeypatch, does)
    (place.root / "print-models.toml").write_text("format = 1\n[training]\nmemory = 0.6\n")
    place = Workspace.open(place.root)
    run = runs.start(place, small(_version(place)))
    until(lambda: runs.view(run).over, "its end")
    seen = runs.view(run)
    assert (seen.state, seen.exit_code) == ("failed", 1)
    assert reason in seen.reason
    assert "\x1b" not in seen.reason
    assert runs.as_json(run, seen)["kept"].startswith("Its best, epoch 1, is kept")
    _gone(run)
    assert runs.running(place) is None


def test_f_091_after_a_reboot_and_where_its_pid_is_a_stranger_s(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "interrupted", offers to go on; never signals a stranger"""
    instead_of_torch(monkeypatch, "wait")
    run = _started(place)
    who = _who(run)
    monkeypatch.setattr(proc, "boot_id", lambda: "the machine was switched on again")
    assert runs.view(run).state == "interrupted"
    monkeypatch.undo()
    assert runs.view(run).state == "running"
    instead_of_torch(monkeypatch, "epochs")
    # The pid is that of a process which began later: somebody else's, and it stays alive whatever is asked of us.
    proc.write(run.path, proc.Proc(who.pid, who.started - 100, who.boot, who.host))
    assert runs.view(run).state == "killed"
    for words in (("stop", run.id), ("stop",)):
        assert run_program(program("-C", place.root, *words), cwd=ROOT).code == 1
    assert proc.alive(who)
    os.kill(who.pid, signal.SIGKILL)
    until(lambda: not proc.alive(who), "its death", 60)
    proc.write(run.path, proc.Proc(who.pid, who.started, "an earlier boot", who.host))
    said = run_program(program("-C", place.root, "watch"), cwd=ROOT)
    assert "interrupted" in said.out
    assert f"print-models train --resume {run.id}" in said.out
    runs.resume(place, run)
    until(lambda: runs.view(run).state == "finished", "the end of what was taken up again")


def test_f_092_of_two_trainings_started_at_once_one_runs(place: Workspace) -> None:
    """one per workspace: second refused"""
    argv = program("-C", place.root, "train", "--arch", "squeezenet1_1", "--weights", "random", "--json")
    both = [
        subprocess.Popen(
            argv, env=environment("wait"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [child.communicate(timeout=150) for child in both]
    assert sorted(child.returncode for child in both) == [0, 4], said
    assert len(runs.list_runs(place)) == 1
    refused = next(err for child, (_, err) in zip(both, said, strict=True) if child.returncode == 4)
    # On a very slow machine the second may already find the first one's start in its way.
    assert "a workspace trains one at a time" in refused or "the start of a training" in refused


def test_f_106_a_training_goes_behind_everything_else(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nice, idle, threads and memory limit set; as /proc says, and the training itself"""
    instead_of_torch(monkeypatch, "wait")
    (place.root / "print-models.toml").write_text("format = 1\n[training]\nmemory = 2.5\n")
    place = Workspace.open(place.root)
    run = _started(place)
    process = psutil.Process(_who(run).pid)
    told = Path(f"/proc/{process.pid}")
    assert process.nice() == 19
    assert process.ionice().ioclass == psutil.IOPRIO_CLASS_IDLE
    assert (told / "oom_score_adj").read_text().strip() == "600"
    limit = next(
        line for line in (told / "limits").read_text().splitlines() if line.startswith("Max data size")
    )
    assert limit.split()[3] == "2500000000"
    assert b"OMP_NUM_THREADS=1\0" in (told / "environ").read_bytes()
    assert runs.view(run).facts["limits"] == {
        "nice": 19, "io": "idle", "oom_score_adj": 600, "memory": 2_500_000_000
    }  # fmt: skip


def test_f_106_it_waits_while_a_print_runs_and_none_is_started(
    tmp_path: Path, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nice, idle, threads and memory limit set; waits or is refused where asked"""
    instead_of_torch(monkeypatch, "wait", STANDIN_LOOK_S="0.5")
    (key,) = write_frames(place.root / "bench", 1, start=f"{datetime.now():%Y%m%dT%H%M%S}")
    last = key.replace("printer-timelapses", "bench")
    os.utime(place.root / last)  # a camera's clock may be off; that the file is new tells as well
    settings = place.root / "print-models.toml"
    settings.write_text(f'{BENCH}[training]\nwhile_printing = "refuse"\n')
    refused = run_program(program("-C", place.root, "train", "--weights", "random"), cwd=ROOT)
    assert refused.code == 4, refused.err
    assert "No training starts while a print is running." in refused.err
    assert not runs.list_runs(place)
    settings.write_text(f'{BENCH}[training]\nwhile_printing = "pause"\n')
    place = Workspace.open(place.root)
    run = runs.start(place, small(_version(place)))
    until(lambda: runs.view(run).state == "paused", "its rest")
    assert "nothing says that it is idle" in runs.view(run).reason
    assert not run.best.exists()
    with LabelStore(place) as store:
        store.set("offline-detection", [last], "offline", who="ana")
    until(run.best.exists, "an epoch after the print")
    assert runs.view(run).state == "running"
    with LabelStore(place) as store:
        store.set("offline-detection", [last], "active", who="ana")
    until(lambda: "labelled active" in runs.view(run).reason, "its rest during the next print")
    assert runs.stop(run).state == "stopped"
