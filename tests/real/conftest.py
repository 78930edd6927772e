"""Real photographs as a camera folder, where they are at hand; every test that asks for them is skipped elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.layout import RealCamera, lay_out


@pytest.fixture(scope="session")
def real_camera(real_frames: Path, tmp_path_factory: pytest.TempPathFactory) -> RealCamera:
    """All real photographs, laid out once; tests read it and never write there."""
    return lay_out(real_frames, tmp_path_factory.mktemp("real") / "camera")
