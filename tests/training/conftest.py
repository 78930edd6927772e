"""A workspace without git, and one real training that all tests share which only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.durable import lock
from core.training import runs
from core.training.runs import Run
from core.workspace import Workspace
from tests.training.small import PATIENCE_S, make_version, make_workspace, small, until


@pytest.fixture
def plain(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Workspace, Run]:
    """One real training to its end; with several test processes the first makes it and the others wait for it."""
    pytest.importorskip("torch", reason="training needs torch")
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with lock(shared / "trained.lock", what="the shared training", timeout=PATIENCE_S):
        root = shared / "trained"
        if not root.exists():
            workspace = make_workspace(root)
            run = runs.start(workspace, small(make_version(workspace), architecture="resnet18", epochs=4))
            until(lambda: runs.view(run).over, "the end of the shared training")
    workspace = Workspace.open(root)
    return workspace, runs.get(workspace)
