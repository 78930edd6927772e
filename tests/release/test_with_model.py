"""A release that trains: version, then model, then the push; gone on with wherever it was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core import release
from core.releasing import journal, with_model
from core.training.runs import Run
from core.versions.manifest import read_version
from core.workspace import Workspace
from tests.conftest import Place, git
from tests.release.test_release import TAG
from tests.training.finished import finished

MODEL = "models/versions/offline-detector-v1.pth"


@pytest.fixture(autouse=True)
def no_torch(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Trainings that are over at once, with real files: what they learn is not what these tests are about."""
    begun: list[Run] = []

    def start(workspace: Workspace, what: Any, *, id_: str) -> Run:
        assert git(workspace.root, "tag").split() == [TAG], "it trains on what is tagged"
        version = read_version(workspace, workspace.task(None), what.dataset.version)
        begun.append(finished(workspace, version, len(begun) + 1))
        return begun[-1]

    monkeypatch.setattr(with_model.runs, "start", start)
    monkeypatch.setattr(with_model.runs, "require_torch", lambda: None)
    return begun


def _plan(root: Path, *, push: bool = False) -> release.ReleasePlan:
    workspace = Workspace.open(root)
    return release.plan(workspace, workspace.task(None), message="First", push=push)


def test_version_and_model_are_two_commits_and_the_tag_stays_at_the_first(fresh: Place) -> None:
    made = with_model.run(_plan(fresh.root))
    assert made.model == "offline-detector-v1"
    subjects = git(fresh.root, "log", "-2", "--format=%H %s").splitlines()
    assert subjects[0].startswith(f"{made.model_commit} offline-detection: model offline-detector-v1")
    assert git(fresh.root, "rev-parse", f"{TAG}^{{commit}}").strip() == made.commit == subjects[1].split()[0]
    assert "Model: offline-detector-v1" in (fresh.root / "datasets" / TAG / "README.md").read_text()
    assert journal.read(Workspace.open(fresh.root)) is None
    assert git(fresh.root, "status", "--porcelain") == ""


def test_the_push_comes_last_and_takes_both(fresh: Place, tmp_path: Path) -> None:
    made = with_model.run(_plan(fresh.root, push=True))
    bare = tmp_path / "remote.git"
    assert made.pushed == "origin"
    assert git(bare, "rev-parse", "main") == git(fresh.root, "rev-parse", "HEAD")
    pointer = git(fresh.root, "cat-file", "-p", f"HEAD:{MODEL}").split()
    name = pointer[pointer.index("oid") + 1].removeprefix("sha256:")
    assert (bare / "lfs" / "objects" / name[:2] / name[2:4] / name).is_file()


def test_interrupted_while_it_trains_nothing_is_pushed_and_resume_goes_on_with_that_training(
    fresh: Place, tmp_path: Path, no_torch: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(fresh.root)
    with monkeypatch.context() as patch:

        def interrupted(*given: Any, **more: Any) -> Any:
            raise KeyboardInterrupt

        patch.setattr(with_model.runs, "follow", interrupted)
        with pytest.raises(KeyboardInterrupt):
            with_model.run(_plan(fresh.root, push=True))
    book = journal.read(workspace)
    assert book is not None
    assert (book.doing, book.run, book.train, book.push) == ("train", no_torch[0].id, True, True)
    assert git(tmp_path / "remote.git", "tag") == ""
    made = release.resume(workspace)
    assert len(no_torch) == 1
    assert (made.model, made.pushed) == ("offline-detector-v1", "origin")
    assert journal.read(workspace) is None


def test_killed_right_after_the_training_began_it_is_found_again(
    fresh: Place, no_torch: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is over by the time somebody goes on: were it not known, another one would be begun."""
    workspace = Workspace.open(fresh.root)
    begin = with_model.runs.start
    with monkeypatch.context() as patch:

        def killed(place: Workspace, what: Any, *, id_: str) -> Run:
            run = begin(place, what, id_=id_)
            run.path.rename(run.path.with_name(id_))
            raise KeyboardInterrupt

        patch.setattr(with_model.runs, "start", killed)
        with pytest.raises(KeyboardInterrupt):
            with_model.run(_plan(fresh.root))
    book = journal.read(workspace)
    assert book is not None
    assert (workspace.runs / book.run).is_dir()
    assert release.resume(workspace).model == "offline-detector-v1"
    assert len(no_torch) == 1


def test_interrupted_between_tag_and_training_resume_trains(fresh: Place, no_torch: list[Run]) -> None:
    workspace = Workspace.open(fresh.root)
    release.run(release.ReleasePlan(**{**vars(_plan(fresh.root)), "train": True}))
    assert git(fresh.root, "tag").split() == [TAG]
    assert not no_torch
    assert release.resume(workspace).model == "offline-detector-v1"
    assert len(no_torch) == 1


def test_a_training_that_failed_leaves_the_tag_and_says_how_to_go_on(
    fresh: Place, no_torch: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(fresh.root)
    with monkeypatch.context() as patch:
        real = with_model.runs.follow

        def failed(run: Run, *given: Any) -> Any:
            import dataclasses

            return dataclasses.replace(real(run, *given), state="failed", reason="no memory")

        patch.setattr(with_model.runs, "follow", failed)
        with pytest.raises(
            with_model.NotTrained, match="tagged here, and its model is not there yet"
        ) as caught:
            with_model.run(_plan(fresh.root))
    assert caught.value.exit_code == 6
    assert "release --resume" in caught.value.remedy
    assert git(fresh.root, "tag").split() == [TAG]
    assert release.resume(workspace).model == "offline-detector-v1"
