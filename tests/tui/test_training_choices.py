"""The form of a training: the draft instead of a version, a split of its own, and a choice that can't be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.frames.index import FrameIndex
from core.labels.store import LabelStore
from core.training import readiness, runs
from core.versions.export import export, plan
from core.workspace import Workspace
from tests.conftest import connected
from tui import offering
from tui.screens.start import StartScreen

TASK = "offline-detection"
DRAFT = {"dataset": f"{TASK} draft"}


@pytest.fixture(scope="module")
def released(bare_workspace: Path, tmp_path_factory) -> Path:
    """A workspace with v1 of twenty labelled frames, each a recording, and one label more since."""
    place = connected(bare_workspace, tmp_path_factory.mktemp("released"), 21, every=1500)
    ws = Workspace.open(place.root)
    task = ws.task(TASK)
    with LabelStore(ws) as store, FrameIndex(ws) as index:
        index.scan()
        for number, key in enumerate(place.keys):
            if number == 20:
                export(ws, plan(ws, store, index, task))
            store.set(task, [key], task.classes[number % 2], how="hand", who="ana")
    return place.root


@pytest.fixture
def root(released: Path, tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(readiness, "require_torch", lambda: None)
    return Path(shutil.copytree(released, tmp_path / "ws", symlinks=True))


def _values(offered) -> dict[str, str]:
    return {one.key: one.value for one in offered.settings}


def test_the_draft_may_be_chosen_and_what_is_started_learns_from_it(root: Path, monkeypatch) -> None:
    ws = Workspace.open(root)
    task = ws.task(TASK)
    plain, draft = offering.offered(ws, task, {}), offering.offered(ws, task, DRAFT)
    assert (_values(plain)["dataset"], _values(draft)["dataset"]) == (f"{TASK} v1", f"{TASK} draft")
    assert "20 images" in plain.summary
    assert "21 images" in draft.summary
    choices = next(one.choices for one in draft.settings if one.key == "dataset")
    assert choices == (f"{TASK} v1", f"{TASK} draft")
    started = []

    def start(workspace, what, *, draft=None):
        started.append((what, draft))
        return runs.Run("20251107T080000-offline-detection", root)

    monkeypatch.setattr(runs, "start", start)
    offering.start(ws, task, DRAFT, lambda run: None)
    offering.start(ws, task, {"val_split": "30 % of its own"}, lambda run: None)
    (first, made), (second, none) = started
    assert (first.dataset.version, first.dataset.digest, len(made.items)) == ("draft", made.digest, 21)
    assert first.dataset.digest.startswith("sha256:")
    assert (second.dataset.version, second.val_split, none) == ("v1", 0.3, None)


def test_a_choice_that_cannot_be_says_why_and_can_be_changed_again(root: Path) -> None:
    ws = Workspace.open(root)
    task = ws.task(TASK)
    found = offering.offered(ws, task, {"val_split": "40 % of its own", "weights": "/nowhere/else.pth"})
    assert "no file of weights" in found.problem
    assert _values(found)["weights"] == "/nowhere/else.pth"
    assert _values(found)["val_split"] == "40 % of its own"


async def test_the_arrows_choose_the_draft_and_a_split_of_its_own(root: Path, opened) -> None:
    async with opened(root) as page:
        await page.press("T", "N")
        await page.until(lambda: isinstance(page.app.screen, StartScreen), "the form")
        await page.see(f"{TASK} v1", "20 images")
        await page.press("right")
        await page.see(f"{TASK} draft", "21 images")
        await page.press(*["down"] * 6, "right")
        await page.see("10 % of its own", "no model version can be")
        await page.press(*["up"] * 6, "right")
        await page.see(f"{TASK} v1", "20 images")
