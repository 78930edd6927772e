"""What stands in the place of a picture whose camera is away: that, and not that the camera deleted it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.workspace import Workspace
from tests.conftest import Place
from tui.looking import picture
from tui.messages import PictureFailed


@pytest.mark.parametrize("how", ["link points nowhere", "not mounted", "one frame deleted"])
def test_a_picture_of_a_camera_that_is_away_says_so(workspace: Callable[..., Place], how: str) -> None:
    place = workspace(frames=2)
    if how == "one frame deleted":
        (place.root / place.keys[0]).unlink()
    else:
        place.camera.rename(place.camera.with_name("elsewhere"))
        if how == "not mounted":
            place.camera.mkdir()
    failed = picture(Workspace.open(place.root), place.keys[0], (40, 40))
    assert isinstance(failed, PictureFailed)
    if how == "one frame deleted":
        assert "is gone" in failed.what
    else:
        assert "is not reachable" in failed.what
        assert "source move" in failed.remedy
