"""Versions, Release, Storage, Training, help, log and palette, driven by keys on real repositories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.labels.sync import flush, open_store
from core.training import events, runs
from core.workspace import Workspace
from tests.conftest import git
from tui.screens.confirm import ConfirmScreen
from tui.screens.release import ReleaseScreen
from tui.screens.training import TrainingScreen


@pytest.fixture
def labelled(workspace):
    """A workspace whose twelve frames are labelled by hand, offline and active."""

    def make(frames: int = 12):
        place = workspace(frames=frames, every=20 * 60)
        ws = Workspace.open(place.root)
        with open_store(ws) as store:
            task = ws.task("offline-detection")
            store.set(task, place.keys[::2], "offline", who="Ana")
            store.set(task, place.keys[1::2], "active", who="Ana")
            flush(ws, store, task)
        return place

    return make


async def test_versions_without_a_version_say_what_to_do(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.press("V")
        await page.see("There is no version yet", "✗ not yet", "has no")
        await page.press("R")
        await page.until(lambda: isinstance(page.app.screen, ReleaseScreen), "the release screen")
        await page.until(lambda: "✗" in page.text(), "why it can't be released")
        await page.press("Y")
        assert git(place.root, "tag") == ""


async def test_a_release_is_made_only_by_capital_y(labelled, opened):
    place = labelled()
    async with opened(place.root, size=(110, 36)) as page:
        await page.press("V")
        await page.see("nothing → draft", "+12 added", "R shows")
        await page.press("f")
        await page.see(place.keys[0].rsplit("/", 1)[1])
        await page.press("R")
        await page.see("offline-detection v1", "git tag -a offline-detection/v1", "Press Y")
        for key in ("y", "enter", "R", "space"):
            await page.press(key)
        await page.pilot.pause()
        assert git(place.root, "tag") == "", "nothing but Y releases"
        await page.press("Y")
        await page.see("tagged on this machine", "sha256:")
        assert git(place.root, "tag").split() == ["offline-detection/v1"]
        assert git(place.root, "status", "--porcelain") == ""
        await page.press("escape")
        await page.see("v1", "tagged", "v1 → draft", "the draft equals v1", "nothing to release")
        await page.press("S")
        await page.see("12 objects", "offline-detection v1")
        await page.press("at")
        await page.see("git", "tag", "commit")
    info = json.loads((place.root / "datasets/offline-detection/v1/dataset_info.json").read_text())
    assert info["total_images"] == 12


async def test_a_release_that_cannot_be_says_why(labelled, opened):
    place = labelled()
    git(place.root, "checkout", "--detach")
    async with opened(place.root) as page:
        await page.press("V")
        await page.see("nothing → draft")
        await page.press("R")
        await page.until(lambda: "✗" in page.text(), "the refusal")
        await page.press("Y", "q")
        await page.see("nothing → draft")
        assert git(place.root, "tag") == ""


async def test_a_release_is_pushed_where_that_was_chosen(labelled, opened, tmp_path: Path):
    place = labelled(6)
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--bare", str(remote))
    git(place.root, "remote", "add", "origin", f"file://{remote}")
    async with opened(place.root, size=(110, 36)) as page:
        await page.press("V")
        await page.see("nothing → draft")
        await page.press("R")
        await page.see("Press Y")
        await page.press("p")
        await page.see("upload", "git lfs push")
        await page.press("Y")
        await page.see("released on origin")
    assert "offline-detection/v1" in git(remote, "tag")


async def test_storage_of_an_empty_repository(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.press("S")
        await page.see(
            "stored", "drafts", "here", "nothing is stored yet", "A release puts the first objects there"
        )


async def test_training_without_a_version_says_what_to_do(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    monkeypatch.setattr(runs, "require_torch", lambda: None)
    async with opened(place.root) as page:
        await page.press("T")
        await page.see("There is no training yet")
        await page.press("N")
        await page.see("has no dataset version to train on", "Release one first")
        await page.press("enter", "escape")
        await page.see("There is no training yet")


def _run(root: Path, *, over: bool) -> str:
    """Write the files of a training as its process does, without one."""
    folder = root / ".print-models" / "runs" / "20251112T200000-offline-detection"
    folder.mkdir(parents=True)
    writer = events.EventWriter(folder)
    writer.append("started", epochs=4, task="offline-detection", dataset="v1")
    for epoch in (1, 2, 3):
        writer.append(
            "epoch", epoch=epoch, train_loss=1 / epoch, train_accuracy=0.5 + epoch / 10, loss=1.2 / epoch,
            balanced=0.6 + epoch / 10, accuracy=0.7, recall={}, seconds=2.0, best=True,
        )  # fmt: skip
    if over:
        writer.append("finished", words=["Recognised 9 of [/9] active."], seconds=8.0)
    writer.close()
    (folder / "train.log").write_text("loading\nepoch 1 \x1b[31mred\x1b[0m\n")
    return folder.name


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 16)])
async def test_a_training_is_shown_with_curves_words_and_log(workspace, opened, size):
    place = workspace(frames=2)
    run = _run(place.root, over=True)
    async with opened(place.root, size=size) as page:
        await page.press("T")
        await page.see(run[:15], "finished", "Recognised 9 of [/9]")
        if size[0] >= 80:
            await page.see("loss", "train 0.33", "accuracy", "valid. 90 %")
        assert "\x1b" not in page.text()


async def test_a_training_that_died_says_so_and_stop_asks_first(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    _run(place.root, over=False)
    async with opened(place.root) as page:
        await page.press("T")
        await page.see("✗", "print-models train --resume")
    monkeypatch.setattr(runs, "is_alive", lambda run: True)
    asked = []
    async with opened(place.root) as page:
        monkeypatch.setattr(page.app.bridge, "stop_training", asked.append)
        await page.see("T 75%")
        await page.press("T")
        await page.see("running", "75 %", "2.0 s to go")
        await page.press("K")
        await page.until(lambda: isinstance(page.app.screen, ConfirmScreen), "the question")
        await page.press("n")
        await page.until(lambda: isinstance(page.app.screen, TrainingScreen), "the screen below")
        assert asked == []
        await page.press("K")
        await page.until(lambda: isinstance(page.app.screen, ConfirmScreen), "the question")
        await page.press("Y")
        await page.until(lambda: asked, "the stop")


async def test_help_palette_and_ways_back(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root, size=(100, 50)) as page:
        await page.press("question_mark")
        await page.see("keys on the label screen", "Everyday", "next frame without a label", "○ offline")
        await page.press("escape")
        await page.shown()
        await page.press("colon")
        await page.see("Search")
        await page.press(*"undo")
        await page.see("take your last labelling step back")
        await page.press("escape")
        for key, words in (("V", "draft"), ("S", "stored"), ("T", "trainings"), ("L", "recording")):
            await page.press(key)
            await page.see(words)


async def test_an_idle_app_draws_nothing(labelled, opened):
    place = labelled()
    async with opened(place.root) as page:
        await page.shown()
        app, polls, drawn = page.app, [0], []
        poll, display = app.bridge._work.poll, app._display

        def counted():
            polls[0] += 1
            return poll()

        def noted(screen, renderable):
            drawn.append(polls[0])
            display(screen, renderable)

        app.bridge._work.poll, app._display = counted, noted
        await page.until(
            lambda: polls[0] >= (drawn[-1] if drawn else 0) + 3, "three looks with nothing drawn"
        )
