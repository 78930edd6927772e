"""The real photographs are a fair camera folder: whole, in recordings, truth beside them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from tests.real.layout import RealCamera


def test_every_photograph_is_there_once_with_its_bytes(real_camera: RealCamera, real_frames: Path) -> None:
    given = {p.relative_to(real_frames).as_posix() for p in real_frames.rglob("*.jpg")}
    assert set(real_camera.origins.values()) == given
    assert len(real_camera.origins) == len(given)
    for key, origin in list(real_camera.origins.items())[::40]:
        below = Path(key).relative_to("printer-timelapses")
        assert (real_camera.folder / below).read_bytes() == (real_frames / origin).read_bytes()


def test_ranges_of_numbers_are_recordings_hours_apart(real_camera: RealCamera) -> None:
    ends = datetime.min
    for recording in real_camera.recordings:
        moments = [datetime.strptime(Path(key).stem, "%Y%m%dT%H%M%S") for key in recording.keys]
        assert moments[0] - ends > timedelta(hours=1)
        assert {b - a for a, b in pairwise(moments)} <= {timedelta(minutes=1)}
        ends = moments[-1]
    classes = [recording.class_ for recording in real_camera.recordings]
    assert classes.count("good") >= 10
    assert classes.count("failed") >= 5
    assert classes[-1] is None


def test_the_truth_lies_beside_the_folder_not_in_it(real_camera: RealCamera) -> None:
    known = json.loads((real_camera.folder.parent / "camera-truth.json").read_text("utf-8"))
    assert {k: v["class"] for k, v in known.items() if v["class"]} == real_camera.truth
    assert not list(real_camera.folder.rglob("*.json"))
