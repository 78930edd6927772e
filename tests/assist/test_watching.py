"""`suggest --watch` as the app starts it: a process that learns from each label and ends with whoever started it."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.labels.store import LabelStore
from core.labels.suggested import path_of, read_suggestions
from core.workspace import Workspace
from tests.assist.rooms import Room, make_room

REPOSITORY = Path(__file__).resolve().parents[2]
WATCHDOG_S = 120.0


@pytest.fixture
def room(tmp_path: Path) -> Room:
    made = make_room(tmp_path)
    made.fill(40)
    return made


@contextmanager
def watching(ws: Workspace) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "core", "-C", str(ws.root), "suggest", "--watch"]
    child = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(WATCHDOG_S)
        finally:
            child.kill()


def told(ws: Workspace, child: subprocess.Popen[bytes], least: int, frames: int = 40) -> dict[str, Any]:
    """Return the file once it knows the labels up to a step and that many frames."""
    path, until = path_of(ws, ws.task(None)), time.monotonic() + WATCHDOG_S
    while time.monotonic() < until:
        if path.exists():
            data: dict[str, Any] = json.loads(path.read_bytes())
            if data["labels_seq"] >= least and data["known"] >= frames:
                return data
        assert child.poll() is None
        select.select([], [], [], 0.02)
    raise AssertionError("nothing was suggested")


def test_each_label_is_learned_from_and_the_end_of_the_pipe_ends_it(room: Room) -> None:
    ws, task = room.ws, room.ws.task(None)
    with LabelStore(ws) as store, watching(ws) as child:
        assert told(ws, child, 0)["runs"] == []
        keys = [one["frame"] for one in told(ws, child, 0)["next"]]
        assert keys
        for number in range(24):
            key = f"printer-timelapses/20251107/20251107T08{number:02d}00.jpg"
            seq = store.set(task, [key], task.classes[number % 2], who="ana").seq
        found = told(ws, child, seq)
        assert found["labelled"] == 24
        assert sum(run["frames"] for run in found["runs"]) == 40
        read, odd = read_suggestions(path_of(ws, task), task)
        assert odd == ""
        assert read is not None
        assert len(read.runs) == len(found["runs"])
        # Asked meanwhile, the command tells what the watcher wrote.
        command = [sys.executable, "-m", "core", "-C", str(ws.root), "suggest", "--json"]
        other = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, timeout=WATCHDOG_S)
        assert json.loads(other.stdout)["labels_seq"] >= seq
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(WATCHDOG_S) == 0


def test_a_signal_ends_it_and_the_next_may_begin(room: Room) -> None:
    with watching(room.ws) as child:
        told(room.ws, child, 0)
        child.send_signal(signal.SIGTERM)
        assert child.wait(WATCHDOG_S) == 143
    with watching(room.ws) as child:
        told(room.ws, child, 0)
