"""What `status` says of labels whose frames are nowhere, and of a task that only some frames count for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CAMERA, Cli, Place


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    return workspace(frames=8)


def write_labels(place: Place, *, gone: int) -> None:
    """Write a label file as another tool would: every frame of the camera, and frames it never had or has deleted."""
    found = {key: "active" if number % 2 else "offline" for number, key in enumerate(place.keys)}
    found |= {f"{CAMERA}/20240101/20240101T0800{n:02}.jpg": "active" for n in range(gone)}
    (place.root / "data").mkdir(exist_ok=True)
    (place.root / "data" / "labels.json").write_text(json.dumps(found))
    (place.root / "data" / "failed_print_labels.json").write_text(json.dumps({place.keys[1]: "good"}))


@pytest.mark.parametrize(("gone", "words"), [(1, "1 labelled frame is"), (3, "3 labelled frames are")])
def test_labelled_frames_that_are_nowhere_are_said_before_a_release_is_advised(
    place: Place, cli: Cli, gone: int, words: str
) -> None:
    write_labels(place, gone=gone)
    said = cli(place.root, "status")
    assert f"  missing  {words} in no camera and no version\n" in said.out
    assert said.out.rstrip().endswith(
        f"next: see why {words} in no camera and no version: print-models check --task offline-detection"
    )
    assert cli(place.root, "status", "--json").json["tasks"]["offline-detection"]["draft"]["nowhere"] == gone
    blocked = cli(place.root, "check", "--task", "offline-detection")
    assert (blocked.code, f"{gone} labelled frame" in blocked.out) == (1, True)


def test_frames_that_are_on_the_camera_or_in_a_version_are_not_missing(place: Place, cli: Cli) -> None:
    write_labels(place, gone=0)
    said = cli(place.root, "status").out
    assert "missing" not in said
    assert "next: review and release offline-detection" in said
    assert cli(place.root, "release").code == 0, "what follows needs a version that holds them"
    for key in place.keys[2:5]:
        (place.camera / Path(key).relative_to(CAMERA)).unlink()
    assert "missing" not in cli(place.root, "status").out


def test_a_camera_that_is_away_makes_no_frame_missing(place: Place, cli: Cli) -> None:
    write_labels(place, gone=2)
    place.camera.rename(place.camera.with_name("elsewhere"))
    said = cli(place.root, "status").out
    assert "not reachable" in said
    assert "missing  " not in said
    assert "  labels   10, of frames whose camera is not here   " in said, (
        "how many frames there are nobody knows"
    )


def test_a_task_of_some_frames_says_which_count(place: Place, cli: Cli) -> None:
    assert "  labels   0 of 0 active frames   " in cli(place.root, "status").out
    cli(place.root, "label", "--as", "active", place.keys[0])
    assert "  labels   0 of 1 active frame   " in cli(place.root, "status").out
