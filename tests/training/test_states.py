"""Who a training is, and what state follows from its files: no torch, real processes where it matters."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.errors import Busy, Lacking, Refused, WrongUsage
from core.training import proc, readiness, runs, spec
from core.training.events import EventWriter
from core.training.runs import Run
from core.workspace import Workspace
from tests.training.small import make_version, make_workspace, needs_torch, small, until


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing until it is ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield child
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _run(workspace: Workspace, who: proc.Proc | None, *, begun: bool = True, spoke: int | None = None) -> Run:
    """A run's folder as a training leaves it, with `who` as its process; `spoke` is the pid its events are from."""
    what = small(make_version(workspace))
    workspace.ensure_private()
    folder = workspace.runs / "20261101T120000-offline-detection"
    folder.mkdir(parents=True)
    spec.write(folder, what)
    if begun:
        writer = EventWriter(folder)
        pid = spoke or (who.pid if who else None)
        writer.append("started", epochs=3, task=what.task, dataset="v1", phase="loading torch", pid=pid)
        writer.close()
    if who is not None:
        proc.write(folder, who)
    return Run(folder.name, folder)


def _identity(child: subprocess.Popen[bytes]) -> proc.Proc:
    found = proc.identify(child.pid)
    assert found is not None
    return found


def test_a_process_is_known_by_pid_start_and_boot(sleeper: subprocess.Popen[bytes]) -> None:
    who = _identity(sleeper)
    assert proc.alive(who)
    assert not proc.alive(msgspec.structs.replace(who, started=who.started + 1))
    assert not proc.alive(msgspec.structs.replace(who, boot="another boot"))
    assert not proc.alive(msgspec.structs.replace(who, host="elsewhere"))


def test_a_dead_process_that_nobody_reaped_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    who = _identity(sleeper)
    os.kill(sleeper.pid, signal.SIGKILL)
    until(lambda: not proc.alive(who), "the zombie to be seen as dead", 10)


def test_a_stranger_with_the_same_pid_never_gets_a_signal(
    plain: Workspace, sleeper: subprocess.Popen[bytes]
) -> None:
    who = _identity(sleeper)
    run = _run(plain, msgspec.structs.replace(who, started=who.started - 5))
    assert runs.view(run).state == "killed"
    with pytest.raises(Refused, match="does not run"):
        runs.stop(run)
    assert not proc.ask_to_stop(msgspec.structs.replace(who, started=who.started - 5))
    assert sleeper.poll() is None


def test_a_training_that_a_restart_ended_is_interrupted_and_can_go_on(
    plain: Workspace, sleeper: subprocess.Popen[bytes]
) -> None:
    run = _run(plain, msgspec.structs.replace(_identity(sleeper), boot="before the restart"))
    seen = runs.view(run)
    assert seen.state == "interrupted"
    assert "restarted" in seen.reason
    assert f"--resume {run.id}" in seen.remedy


def test_one_taken_up_again_is_starting_until_its_new_process_speaks(
    plain: Workspace, sleeper: subprocess.Popen[bytes]
) -> None:
    run = _run(plain, _identity(sleeper), spoke=1)
    writer = EventWriter(run.path)
    writer.append("stopped")
    writer.close()
    assert runs.view(run).state == "starting"
    os.kill(sleeper.pid, signal.SIGKILL)
    until(lambda: not runs.is_alive(run), "its death", 10)
    (run.path / "train.log").write_text("no such library\n", encoding="utf-8")
    seen = runs.view(run)
    assert (seen.state, seen.reason) == ("failed", "It ended before it went on. no such library")


def test_who_goes_on_waits_for_the_dying_writer(plain: Workspace) -> None:
    run = _run(plain, None)
    dying = EventWriter(run.path)
    with pytest.raises(Busy):
        EventWriter(run.path)
    threading.Timer(0.3, dying.close).start()
    EventWriter(run.path, wait_s=30).close()


def test_a_training_that_never_began_says_what_its_log_says(plain: Workspace) -> None:
    run = _run(plain, None, begun=False)
    run.log.write_text("python: No module named core\n")
    assert runs.view(run).state == "starting"
    os.utime(run.path, (1_700_000_000, 1_700_000_000))
    seen = runs.view(run)
    assert seen.state == "failed"
    assert "No module named core" in seen.reason


@needs_torch
def test_one_training_at_a_time(plain: Workspace, sleeper: subprocess.Popen[bytes]) -> None:
    run = _run(plain, _identity(sleeper))
    with pytest.raises(Busy) as caught:
        runs.start(plain, run.spec)
    assert caught.value.exit_code == 4
    assert run.id in caught.value.what


def test_a_run_is_found_by_the_beginning_of_its_id(plain: Workspace) -> None:
    run = _run(plain, None)
    assert runs.get(plain, "20261101").id == run.id
    assert runs.get(plain).id == run.id
    with pytest.raises(WrongUsage):
        runs.get(plain, "2025")


@needs_torch
def test_pictures_that_are_pointers_are_named_before_anything_starts(plain: Workspace) -> None:
    version = make_version(plain)
    for item in version.items[:3]:
        (version.path / item.file_name).write_bytes(
            f"version https://git-lfs.github.com/spec/v1\noid {item.oid}\nsize {item.size}\n".encode()
        )
    with pytest.raises(Lacking) as caught:
        runs.start(plain, small(version))
    assert caught.value.exit_code == 5
    assert version.items[0].file_name in caught.value.what
    assert "git lfs pull" in caught.value.remedy
    assert not runs.list_runs(plain)


@needs_torch
def test_a_missing_picture_is_named(plain: Workspace) -> None:
    version = make_version(plain)
    (version.path / version.items[0].file_name).unlink()
    with pytest.raises(Lacking, match=r"1 image .* missing"):
        runs.start(plain, small(version))


@needs_torch
def test_a_class_without_training_images_is_refused(plain: Workspace) -> None:
    version = make_version(plain, recordings=1)
    with pytest.raises(Refused, match="no training image of active"):
        runs.start(plain, small(version))


def test_without_torch_it_says_so_with_the_remedy(plain: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Lacking, match="torch and torchvision, which are not installed") as caught:
        runs.start(plain, small(make_version(plain)))
    assert (caught.value.exit_code, "make setup" in caught.value.remedy) == (5, True)


def test_settings_that_make_no_sense_are_named(plain: Workspace) -> None:
    version = make_version(plain)
    for changes in (
        {"lr": -1.0},
        {"epochs": 0},
        {"batch_size": 5000},
        {"architecture": "../x"},
        {"lr": float("nan")},
    ):
        with pytest.raises(WrongUsage):
            spec.make(version.task, version, **changes)


def test_weights_are_a_word_or_a_file(tmp_path: Path) -> None:
    assert spec.weights_of(None, tmp_path).kind == "auto"
    assert spec.weights_of("random", tmp_path).kind == "random"
    (tmp_path / "w.pth").write_bytes(b"abc")
    found = spec.weights_of("w.pth", tmp_path)
    assert (found.kind, found.name) == ("file", "w.pth")
    assert found.sha256.startswith("sha256:ba7816bf")
    with pytest.raises(Lacking, match="no file of weights"):
        spec.weights_of("nothing.pth", tmp_path)


def test_the_commands_speak_json_and_import_no_torch(plain: Workspace, tmp_path: Path) -> None:
    run = _run(plain, None)
    script = (
        "import sys; from core.commands.shell import main\n"
        "for words in (['runs', '--json'], ['watch', '--json'], ['models', '--json'], ['stop']):\n"
        "    main(['-C', sys.argv[1], *words])\n"
        "assert not {'torch', 'torchvision', 'numpy', 'PIL', 'textual'} & set(sys.modules), sorted(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(plain.root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert run.id in done.stdout
    assert "No training is running." in done.stderr


def test_a_copy_of_a_workspace_does_not_take_its_trainings_for_running_ones(
    plain: Workspace, tmp_path: Path
) -> None:
    _run(plain, proc.Proc(os.getpid(), 1, proc.boot_id(), proc.this_host()))
    shutil.copytree(plain.root, tmp_path / "copy")
    assert runs.running(Workspace.open(tmp_path / "copy")) is None


def test_after_a_clock_was_set_back_the_training_at_work_is_the_one_that_is_meant(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    place = make_workspace(tmp_path / "ws")
    newest = _run(place, None)
    assert runs.get(place).id == newest.id
    older = place.runs / "20200101T000000-offline-detection"
    shutil.copytree(newest.path, older)
    writer = EventWriter(newest.path)
    writer.append("finished", words=[])
    writer.close()
    proc.write(older, _identity(sleeper))
    assert runs.get(place).id == older.name
