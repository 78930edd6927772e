"""What tells a training of a program from one of a person's, and one that stands for itself from the others."""

from __future__ import annotations

import pytest

from core.training import runs
from core.training.events import EventWriter
from core.training.view import RunView, describe
from core.workspace import Workspace
from tests.training.finished import finished
from tests.training.small import make_version, small, until
from tests.training.standin import instead_of_torch


def test_a_training_that_reproduces_says_so_wherever_it_is_listed(
    plain: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead_of_torch(monkeypatch, "epochs")
    what = small(make_version(plain), again="offline-detector-v2\x1b[31m")
    run = runs.start(plain, what, id_="20251107T080000-offline-detection")
    assert run.id == "20251107T080000-offline-detection"
    until(lambda: runs.view(run).over, "its end")
    seen = runs.view(run)
    assert describe(seen).startswith("reproduces offline-detector-v2\\x1b[31m · ")
    assert runs.as_json(run, seen)["reproduces"] == what.again
    # The name is taken now: the next one of that name gets another.
    until(lambda: not runs.is_alive(run), "its process")
    other = runs.start(plain, small(make_version(plain, "v2")), id_=run.id)
    assert other.id != run.id
    until(lambda: runs.view(other).over and not runs.is_alive(other), "its end")
    assert runs.as_json(other, runs.view(other))["reproduces"] is None
    assert "reproduces" not in describe(runs.view(other))


def test_one_that_has_not_begun_yet_says_it_too(plain: Workspace) -> None:
    run = finished(plain, make_version(plain), 1, again="offline-detector-v1")
    (run.path / "events.jsonl").unlink()
    EventWriter(run.path).close()
    assert runs.as_json(run, RunView())["reproduces"] == "offline-detector-v1"
