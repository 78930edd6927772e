"""Real photographs as a camera folder, where they are at hand; every test that asks for them is skipped elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import git, unpack
from tests.real.layout import RealCamera, lay_out
from tests.workspaces.conftest import settle


@pytest.fixture(scope="session")
def real_camera(real_frames: Path, tmp_path_factory: pytest.TempPathFactory) -> RealCamera:
    """All real photographs, laid out once; tests read it and never write there."""
    return lay_out(real_frames, tmp_path_factory.mktemp("real") / "camera")


@pytest.fixture(scope="session")
def real_legacy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a real predecessor's repository, every file of it committed; tests only read it."""
    default = Path(__file__).resolve().parents[3] / "shared" / "real"
    archive = Path(os.environ.get("PRINT_MODELS_REAL", default)) / "legacy.tar.gz"
    if not archive.is_file():
        pytest.skip("no real old repository here (PRINT_MODELS_REAL, or ../shared/real)")
    root = tmp_path_factory.mktemp("legacy") / "ws"
    unpack(archive, root)
    git(root, "init", "-q")
    # Its ignore rules hide pictures; they were committed nevertheless.
    git(root, "add", "--all", "--force")
    git(root, "commit", "-q", "-m", "As it was")
    settle(root)
    return root
