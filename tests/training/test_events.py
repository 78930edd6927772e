"""Events: an append-only file, and a view that follows from nothing else."""

import json
import resource
from pathlib import Path

import pytest

from core.errors import Busy, Lacking
from core.training import events
from core.training.events import EventWriter, reduce


def _epoch(number: int, balanced: float, *, best: bool, seconds: float = 2.0) -> dict[str, object]:
    return {
        "event": "epoch",
        "epoch": number,
        "epochs": 4,
        "train_loss": 0.5,
        "train_accuracy": 0.8,
        "loss": 0.4,
        "balanced": balanced,
        "accuracy": 0.9,
        "recall": {"active": 1.0},
        "seconds": seconds,
        "best": best,
        "saving": {"best.pt": f"sha256:{number}"} if best else {},
    }


STARTED = {
    "event": "started",
    "epochs": 4,
    "task": "offline-detection",
    "dataset": "v1",
    "phase": "loading torch",
}


def test_a_view_follows_from_the_events_alone() -> None:
    view = reduce([STARTED, _epoch(1, 0.7, best=True), _epoch(2, 0.9, best=True), _epoch(3, 0.8, best=False)])
    assert (view.state, view.epoch, view.epochs) == ("running", 3, 4)
    assert (view.best, view.best_epoch) == (0.9, 2)
    assert view.eta_s == 2.0
    assert [epoch.number for epoch in view.history] == [1, 2, 3]
    assert view.saved["best.pt"] == ("sha256:1", "sha256:2")


def test_reducing_in_two_parts_gives_the_same_view() -> None:
    lines = [STARTED, _epoch(1, 0.7, best=True), {"event": "alert", "text": "hm"}, _epoch(2, 0.9, best=True)]
    assert reduce(lines[2:], reduce(lines[:2])) == reduce(lines)


def test_an_end_says_its_reason_and_a_resumed_training_runs_again() -> None:
    lines = [STARTED, _epoch(1, 0.7, best=True), {"event": "failed", "reason": "No room.", "exit_code": 5}]
    failed = reduce(lines)
    assert (failed.state, failed.reason, failed.exit_code) == ("failed", "No room.", 5)
    assert failed.over
    again = reduce([{"event": "resumed", "epoch": 0, "phase": "training"}], failed)
    assert (again.state, again.reason, again.history) == ("running", "", ())


def test_a_wish_to_stop_shows_before_the_end() -> None:
    assert reduce([STARTED, {"event": "heartbeat", "phase": "stopping"}]).state == "stopping"


def test_lines_of_another_tool_are_passed_over() -> None:
    view = reduce([STARTED, {"event": "dreamt"}, {"event": "epoch"}, {"event": "epoch", "epoch": "many"}])
    assert (view.state, view.history) == ("running", ())


def test_every_line_has_seq_time_and_event_and_numbers_go_on_in_a_second_process(tmp_path: Path) -> None:
    for _ in range(2):
        writer = EventWriter(tmp_path)
        writer.append("heartbeat", phase="x")
        writer.close()
    lines = [json.loads(line) for line in (tmp_path / events.FILE).read_text().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2]
    assert all({"seq", "time", "event"} <= set(line) for line in lines)
    assert list(lines[0]) == sorted(lines[0])


def test_a_line_cut_by_a_crash_is_passed_over_and_the_next_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / events.FILE
    path.write_bytes(b'{"event":"started","seq":1,"epochs":4}\n{"event":"epo')
    assert len(events.read(path).events) == 1
    writer = EventWriter(tmp_path)
    writer.append("heartbeat")
    writer.close()
    assert [event["event"] for event in events.read(path).events] == ["started", "heartbeat"]
    assert events.read(path).events[-1]["seq"] == 2


def test_a_line_that_only_half_of_had_room_is_an_error_and_the_next_stands_on_its_own(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is nearly full: what is written is cut, without an error."""
    writer = EventWriter(tmp_path)
    writer.append("heartbeat", phase="training")
    size = (tmp_path / events.FILE).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
    try:
        with pytest.raises(Lacking, match="training's events"):
            writer.append("heartbeat", phase="lost")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    writer.append("heartbeat", phase="there is room again")
    writer.close()
    found = events.read(tmp_path / events.FILE).events
    assert [(event["phase"], event["seq"]) for event in found] == [
        ("training", 1),
        ("there is room again", 2),
    ]


def test_reading_goes_on_where_it_was_and_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / events.FILE
    path.write_bytes(b'{"event":"started","epochs":4}\n{"event":"he')
    first = events.read(path)
    with path.open("ab") as file:
        file.write(b'artbeat"}\n')
    second = events.read(path, first.offset)
    assert [event["event"] for event in second.events] == ["heartbeat"]
    assert events.read(path, second.offset).events == ()


def test_there_is_one_writer(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    with pytest.raises(Busy) as caught:
        EventWriter(tmp_path)
    assert caught.value.exit_code == 4
    writer.close()
