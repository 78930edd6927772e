"""The process that suggests labels beside the app: when it runs, for which task, at which priority, and that it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import personal
from core.errors import Refused, WrongUsage
from core.labels.sync import open_store
from core.workspace import Workspace
from tui import assisting

TASK = "offline-detection"


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Who was started, as (pid, task), by a process that notes that and waits for its input to close; then notes its end."""
    log = tmp_path / "started"
    log.touch()
    script = f'echo "$$ $0" >> {log}; cat; echo "end $0" >> {log}'
    monkeypatch.setattr(assisting, "command", lambda workspace, task: (["sh", "-c", script, task], {}))
    return lambda: log.read_text().splitlines()


def label(place, number: int) -> None:
    with open_store(Workspace.open(place.root)) as store:
        for at, class_ in enumerate(("offline", "active")):
            store.set(TASK, place.keys[at:number:2], class_, who="Ana")


async def test_it_runs_while_label_is_open_for_a_task_with_enough_labels_and_ends_with_the_app(
    workspace, opened, started
):
    place = workspace(frames=24)
    label(place, assisting.ENOUGH - 1)
    async with opened(place.root) as page:
        page.app._suggests = True
        await page.rest()
        page.app._poll()
        await page.rest()
        assert started() == [], "too little to learn from"
        label(place, assisting.ENOUGH)
        await page.until(lambda: len(started()) == 1, "it to be started")
        pid = int(started()[0].split()[0])
        assert started()[0].endswith(TASK)
        await page.until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == 19, "the lowest priority")
        for _ in range(3):
            page.app._poll()
        await page.rest()
        assert len(started()) == 1, "one is enough"
        await page.press("tab")
        page.app._poll()
        await page.until(lambda: page.app.bridge.assistant._child is None, "it to end with its task")
        await page.press("tab")
        await page.until(lambda: len([line for line in started() if "end" not in line]) == 2, "it again")
        await page.press("V")
        await page.until(lambda: page.app.bridge.assistant._child is None, "it to end with the screen")
        await page.press("L")
        await page.until(lambda: page.app.bridge.assistant._child is not None, "it again")
        last = page.app.bridge.assistant._child
    assert last.returncode is not None


async def test_one_that_ends_by_itself_is_not_started_again_at_once(workspace, opened, monkeypatch, tmp_path):
    place = workspace(frames=24)
    label(place, 24)
    log = tmp_path / "started"
    monkeypatch.setattr(assisting, "command", lambda workspace, task: (["sh", "-c", f"echo x >> {log}"], {}))
    async with opened(place.root) as page:
        page.app._suggests = True
        await page.until(log.exists, "it to be started")
        await page.until(lambda: page.app.bridge.assistant._not_before, "its end to be seen")
        for _ in range(3):
            page.app._poll()
            await page.rest()
        assert log.read_text() == "x\n"


async def test_it_is_wanted_on_label_alone_and_never_where_nothing_may_be_written(
    workspace, opened, monkeypatch
):
    place = workspace(frames=12)
    label(place, 12)
    async with opened(place.root) as page:
        await page.rest()
        state = page.app.state
        assert assisting.wanted(state, "label") == TASK
        assert assisting.wanted(state, "versions") == ""
        monkeypatch.setattr(state.workspace, "read_only", Refused("Only read.", ""))
        assert assisting.wanted(state, "label") == ""


def test_it_ends_when_the_app_is_killed(tmp_path):
    told = tmp_path / "told"
    script = (
        "import sys, time; from pathlib import Path; from core import process\n"
        f"process.spawn_beside(['sh', '-c', 'echo began > {told}; cat; echo ended > {told}'], cwd=Path('/'))\n"
        "time.sleep(600)\n"
    )
    app = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    end = time.monotonic() + 60
    try:
        while not told.exists() and time.monotonic() < end:
            select.select([], [], [], 0.02)
        app.send_signal(signal.SIGKILL)
        while "ended" not in told.read_text() and time.monotonic() < end:
            select.select([], [], [], 0.02)
    finally:
        app.kill()
        app.wait()
    assert told.read_text() == "ended\n"


def test_what_is_started_is_the_command_of_this_program_for_the_task(workspace):
    argv, env = assisting.command(Workspace.open(workspace(frames=1).root), TASK)
    assert argv[0] == sys.executable
    assert argv[-4:] == ["suggest", "--watch", "--task", TASK]
    assert Path(env["PYTHONPATH"].split(os.pathsep)[0], "core").is_dir()


def test_a_setting_turns_it_off(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", os.fspath(tmp_path))
    file = tmp_path / "print-models" / "config.toml"
    file.parent.mkdir()
    assert personal.read().suggestions == ""
    file.write_text('suggestions = "off"\n')
    assert personal.read().suggestions == "off"
    file.write_text('suggestions = "sometimes"\n')
    with pytest.raises(WrongUsage, match="suggestions can't be"):
        personal.read()
