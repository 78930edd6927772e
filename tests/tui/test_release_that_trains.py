"""A release that trains and was interrupted, as the app tells of it and finishes it: nobody waits in front of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from core import release
from core.releasing import with_model
from core.training.runs import Run
from core.versions.manifest import read_version
from core.workspace import Workspace
from tests.conftest import git
from tests.training.finished import finished
from tui.release_messages import Interrupted

TAG = "offline-detection/v1"


class _Trainings:
    """Trainings with real files and no process: `state` is what is said of each."""

    def __init__(self, monkeypatch) -> None:
        self.begun: list[Run] = []
        self.again: list[str] = []
        self.state = "running"
        real = with_model.runs.view
        monkeypatch.setattr(
            with_model.runs, "view", lambda run: dataclasses.replace(real(run), state=self.state)
        )
        monkeypatch.setattr(with_model.runs, "start", self._start)
        monkeypatch.setattr(with_model.runs, "resume", self._resume)
        monkeypatch.setattr(with_model.runs, "require_torch", lambda: None)

    def _start(self, workspace: Workspace, what, *, id_: str) -> Run:
        version = read_version(workspace, workspace.task(None), what.dataset.version)
        run = finished(workspace, version, len(self.begun) + 1)
        run.path.rename(path := run.path.with_name(id_))
        self.begun.append(Run(id_, path))
        return self.begun[-1]

    def _resume(self, workspace: Workspace, run: Run) -> Run:
        self.again.append(run.id)
        self.state = "running"
        return run


@pytest.fixture
def trainings(monkeypatch) -> _Trainings:
    return _Trainings(monkeypatch)


@pytest.fixture
def interrupted(labelled) -> Path:
    """A release with a training that ended right after its tag, as a kill would end it."""
    place = labelled()
    ws = Workspace.open(place.root)
    release.run(dataclasses.replace(release.plan(ws, ws.task(None)), train=True))
    _forget_process(place.root)
    return place.root


def _forget_process(root: Path) -> None:
    journal = root / ".print-models/release.json"
    journal.write_text(journal.read_text().replace('"by"', '"_by"'))


async def _to_release(page) -> None:
    await page.press("V")
    await page.see("v1")
    await page.press("R")


async def test_y_begins_the_training_and_when_it_is_over_makes_its_model(interrupted, opened, trainings):
    async with opened(interrupted, size=(100, 40)) as page:
        await _to_release(page)
        await page.see("Press Y to finish it", "train on v1", "make it a model version")
        await page.press("Y")
        await page.see("its model is being trained", "T shows how far it is", "When it has ended, R here")
        assert "Press Y" not in page.text()
        assert not list((interrupted / "models/versions").glob("*.pth"))
        await page.press("escape")
        await page.press("R")
        await page.see("its model is being trained")
        assert len(trainings.begun) == 1
        trainings.state = "finished"
        await page.press("escape", "R")
        await page.see("Press Y to finish it")
        await page.press("Y")
        await page.see("is tagged on this machine", "model   offline-detector-v1")
    assert "model offline-detector-v1" in git(interrupted, "log", "-1", "--format=%s")
    assert not (interrupted / ".print-models/release.json").exists()
    assert len(trainings.begun) == 1


async def test_on_opening_it_is_said_that_a_release_waits_for_its_training(interrupted, opened, trainings):
    ws = Workspace.open(interrupted)
    with pytest.raises(with_model.StillTraining, match="is at work"):
        release.resume(ws, wait=False)
    _forget_process(interrupted)
    async with opened(interrupted, toasts=True) as page:
        await page.until(
            lambda: any("its model is being trained: T shows it" in one.message for one in page.app._notifications),
            "what waits",
        )  # fmt: skip


def test_a_training_that_was_killed_is_gone_on_with(interrupted, trainings):
    ws = Workspace.open(interrupted)
    with pytest.raises(with_model.StillTraining):
        release.resume(ws, wait=False)
    named = json.loads((interrupted / ".print-models/release.json").read_text())["run"]
    trainings.state = "interrupted"
    with pytest.raises(with_model.StillTraining):
        release.resume(ws, wait=False)
    assert trainings.again == [named] == [run.id for run in trainings.begun]
    trainings.state = "finished"
    assert release.resume(ws, wait=False).model == "offline-detector-v1"


def test_a_finished_training_becomes_a_model_where_torch_is_missing(interrupted, trainings, monkeypatch):
    ws = Workspace.open(interrupted)
    with pytest.raises(with_model.StillTraining):
        release.resume(ws, wait=False)
    trainings.state = "finished"
    monkeypatch.setattr(with_model.runs, "require_torch", lambda: pytest.fail("torch was asked for"))
    assert release.resume(ws, wait=False).model == "offline-detector-v1"


@pytest.mark.parametrize(
    ("done", "way"), [({"commit"}, "R finishes it or takes it back."), ({"tag", "commit"}, "R finishes it.")]
)
def test_what_has_its_tag_is_not_said_to_be_taken_back(done, way):
    found = Interrupted("offline-detection", "v2", "tag", frozenset(done), "", running=False)
    assert found.hint.endswith(way)
