"""What a training says while nobody looks, whom it tells, and what it is refused for. No torch."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Damaged, Lacking, Refused
from core.labels.store import LabelStore
from core.training import alerts, events, figures, launching, printing, proc, readiness, runs, spec
from core.training.alerts import Watched
from core.training.events import EventWriter
from core.training.runs import Run
from core.training.view import describe
from core.versions.manifest import read_version
from core.workspace import Workspace
from tests.conftest import Cli, git, write_frames
from tests.training.small import make_version, make_workspace, small, until
from tests.training.standin import instead_of_torch


def _epoch(number: int, *, loss: float = 0.5, active: float = 0.5, best: bool = False) -> dict[str, object]:
    return {
        "epoch": number, "epochs": 20, "train_loss": loss, "train_accuracy": 0.5, "loss": loss, "balanced": 0.5,
        "accuracy": 0.5, "recall": {"active": active, "offline": 0.9}, "best": best, "seconds": 1.0,
    }  # fmt: skip


def _said(folder: Path) -> list[tuple[str, str]]:
    return [(e["kind"], e["text"]) for e in events.read(folder / events.FILE).events if e["event"] == "alert"]


def test_a_training_that_stands_still_says_so_once_also_across_a_resume(tmp_path: Path) -> None:
    writer = Watched(tmp_path)
    for number in range(1, alerts.STILL + 1):
        writer.append("epoch", **_epoch(number, best=number == 1))
    assert _said(tmp_path) == []
    writer.append("epoch", **_epoch(alerts.STILL + 1))
    writer.close()
    ((kind, text),) = _said(tmp_path)
    assert kind == "plateau"
    assert "epoch 1 stays the best" in text
    writer = Watched(tmp_path)
    writer.append("resumed", epoch=alerts.STILL)
    for number in (alerts.STILL + 1, alerts.STILL + 2):
        writer.append("epoch", **_epoch(number))
    writer.close()
    assert len(_said(tmp_path)) == 1


def test_as_long_as_the_loss_falls_it_does_not_stand_still(tmp_path: Path) -> None:
    writer = Watched(tmp_path)
    for number in range(1, 15):
        writer.append("epoch", **_epoch(number, loss=1 / number, best=number == 1))
    writer.close()
    assert _said(tmp_path) == []


def test_a_class_that_is_never_recognised_is_named(tmp_path: Path) -> None:
    writer = Watched(tmp_path)
    writer.append("epoch", **_epoch(1, active=0.0, best=True))
    writer.append("epoch", **_epoch(2, active=0.0))
    assert _said(tmp_path) == []
    writer.append("epoch", **_epoch(3, active=0.0))
    writer.append("epoch", **_epoch(4, active=0.0))
    writer.close()
    ((kind, text),) = _said(tmp_path)
    assert (kind, "recognises no active" in text) == ("collapse", True)


def test_heat_is_said_when_it_comes_and_again_when_it_comes_back(tmp_path: Path) -> None:
    writer = Watched(tmp_path)
    for degrees in (70.0, 81.0, 83.0, 79.0, 81.0, 60.0, 85.0):
        writer.append("heartbeat", phase="training", figures={"temperature": degrees, "hot": 80.0})
    writer.close()
    assert [text[:24] for _, text in _said(tmp_path)] == [
        "The processor is at 81 °",
        "The processor is at 85 °",
    ]


def test_the_warmest_sensor_counts_and_one_that_tells_nonsense_does_not() -> None:
    assert figures.warmth([]) == {}
    assert figures.warmth([(None, None), (-40.0, 80.0), (255.0, 80.0)]) == {}
    assert figures.warmth([(50.0, 95.0), (61.25, None), (255.0, 9.0)]) == {
        "temperature": 61.2,
        "hot": figures.HOT,
    }


def test_what_a_training_takes_is_seen_in_its_view(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    writer.append("heartbeat", phase="training", figures=figures.Meter().read())
    writer.close()
    seen = events.reduce(events.read(tmp_path / events.FILE).events)
    assert seen.figures["memory"] > 1_000_000
    assert seen.figures["free"] > 0


def test_a_pause_is_a_state_and_what_was_done_stays(tmp_path: Path) -> None:
    rows = [
        {"event": "started", "epochs": 20},
        {"event": "epoch", **_epoch(1, best=True)},
        {"event": "paused", "reason": "It is printing."},
    ]
    seen = events.reduce(rows)
    assert (seen.state, seen.reason, seen.over) == ("paused", "It is printing.", False)
    assert describe(seen) == "epoch 1 of 20 · It is printing."
    seen = events.reduce([{"event": "resumed", "after": "pause", "phase": "training"}], seen)
    assert (seen.state, seen.reason, len(seen.history)) == ("running", "", 1)


# --- who is told ----------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path / "ws")
    make_version(workspace, recordings=4, each=2)
    git(workspace.root, "init", "-q")
    return workspace


HOOK = "import sys; open('told.json', 'w').write(sys.stdin.read()); print(open('/dev/tty').read())"


def _trained(place: Workspace, monkeypatch: pytest.MonkeyPatch, does: str = "epochs") -> Run:
    import sys

    instead_of_torch(monkeypatch, does)
    argv = json.dumps([sys.executable, "-c", HOOK])
    (place.root / "print-models.toml").write_text(f"format = 1\n[hooks]\ntraining_finished = {argv}\n")
    place = Workspace.open(place.root)
    version = read_version(place, place.task(None), "v1")
    run = runs.start(place, small(version))
    until(lambda: runs.view(run).over and not runs.is_alive(run), "its end")
    return run


def test_a_program_is_told_of_the_end_and_has_no_terminal(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(place.root, "config", "print-models.hooks", "true")
    run = _trained(place, monkeypatch, "fail")
    told = json.loads((place.root / "told.json").read_text())
    assert (told["run"], told["state"], told["task"]) == (run.id, "failed", "offline-detection")
    assert "Something unforeseen" in told["reason"]
    # It asked for a terminal and found none: that its program failed is said, and the training's end stays what it is.
    assert runs.view(run).state == "failed"
    assert any("The hook" in text and "failed with code 1" in text for text in runs.view(run).alerts)


def test_a_clone_starts_no_program_before_its_person_allows_it(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _trained(place, monkeypatch)
    assert not (place.root / "told.json").exists()
    seen = runs.view(run)
    assert seen.state == "finished"
    assert any("git config print-models.hooks true" in text for text in seen.alerts)


# --- what it is refused for -----------------------------------------------------------------------------------------


def _refused(place: Workspace, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], match: str) -> None:
    instead_of_torch(monkeypatch, "epochs")
    version = read_version(place, place.task(None), "v1")
    with pytest.raises(kind, match=match):
        runs.start(place, small(version))
    assert not runs.list_runs(place)


def test_without_room_for_three_checkpoints_nothing_starts(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = place.root / "weights.pth"
    weights.write_bytes(b"x" * 400_000)
    monkeypatch.setattr(readiness.pretrained, "on_this_machine", lambda name: weights)
    usage = shutil.disk_usage(place.root)._replace(free=1_500_000)
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda path: usage)
    _refused(place, monkeypatch, Lacking, r"need at least 2 MB and the disk has 1.5 MB left")


def test_too_few_labels_are_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(tmp_path / "few")
    make_version(place, recordings=2, each=1)
    _refused(place, monkeypatch, Refused, "too few labels of offline, active: 1 training image")


def test_a_picture_that_lost_its_end_is_a_reason(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = next((place.datasets / "offline-detection" / "v1" / "active").iterdir())
    picture.write_bytes(picture.read_bytes()[:-40])
    _refused(place, monkeypatch, Damaged, f"1 image .* not what was released, first active/{picture.name}")


# --- whether a print runs -------------------------------------------------------------------------------------------


def test_a_print_runs_while_frames_come_that_nobody_calls_idle(tmp_path: Path) -> None:
    place = make_workspace(tmp_path / "ws")
    assert printing.why_printing(place) == ""
    keys = write_frames(place.root / "printer-timelapses", 20, start="20251107T080000")
    now = datetime(2025, 11, 7, 8, 20)
    place = Workspace.open(place.root)
    assert "nothing says that it is idle" in printing.why_printing(place, now)
    assert printing.why_printing(place, now + timedelta(hours=1)) == ""
    (place.data).mkdir()
    said = {keys[-1]: {"label": "active", "confidence": 0.9}, keys[0]: {"label": "offline"}}
    (place.data / "predictions.json").write_text(json.dumps(said))
    assert "predicted to be active" in printing.why_printing(place, now)
    with LabelStore(place) as store:
        store.set("offline-detection", keys[-1:], "offline", who="ana")
    assert printing.why_printing(place, now) == ""


def test_a_clock_that_was_set_back_makes_no_print_of_frames_that_lie_ahead(tmp_path: Path) -> None:
    place = make_workspace(tmp_path / "ws")
    write_frames(place.root / "printer-timelapses", 20, start="20251107T120000")
    place = Workspace.open(place.root)
    now = datetime(2025, 11, 7, 9, 0)
    assert printing.why_printing(place, now) == ""
    write_frames(place.root / "printer-timelapses", 2, start="20251107T085800")
    assert "nothing says that it is idle" in printing.why_printing(place, now)


def test_the_limit_on_memory_is_what_was_asked_or_three_quarters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "all_memory", lambda: 8_000_000_000)
    assert figures.memory_limit(0) == 6_000_000_000
    assert figures.memory_limit(1.5) == 1_500_000_000


def test_threads_are_chosen_at_the_start_and_bind_what_else_computes(tmp_path: Path) -> None:
    what = spec.make(
        make_workspace(tmp_path / "ws").task(None),
        make_version(Workspace.open(tmp_path / "ws"), recordings=4),
        threads=3,
    )
    _, env = launching.command(tmp_path, what, launching.Keeper(), None)
    assert {env[f"{name}_NUM_THREADS"] for name in ("OMP", "MKL", "OPENBLAS")} == {"3"}


def test_status_says_in_a_line_how_far_a_training_is(place: Workspace, cli: Cli) -> None:
    place.ensure_private()
    folder = place.runs / "20261101T120000-offline-detection"
    folder.mkdir(parents=True)
    spec.write(folder, small(read_version(place, place.task(None), "v1")))
    writer = EventWriter(folder)
    writer.append("started", epochs=20, pid=os.getpid(), task="offline-detection", dataset="v1")
    writer.append("epoch", **_epoch(9, best=True))
    writer.close()
    who = proc.identify(os.getpid())
    assert who is not None
    proc.write(folder, who)
    assert "T 45 %, 11 s to go" in cli(place.root, "status", "--line").out
    assert "45 %" in cli(place.root, "status").out
