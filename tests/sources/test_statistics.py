"""`stats`: numbers of files, labels and predictions that agree with what was written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from core.frames.statistics import dimensions_of
from tests.conftest import CAMERA, Cli, Place, write_frames
from tests.sources.conftest import camera


def test_the_numbers_of_two_cameras(workspace: Callable[..., Place], cli: Cli, tmp_path: Path) -> None:
    place = workspace(20, start="20251107T235000")
    write_frames(place.camera, 5, start="20251108T060000", every=30)
    (place.camera / "20251107" / "notes.txt").write_text("no frame")
    (place.camera / "20251107" / "snapshot.jpg").write_bytes(b"no time")
    cli(place.root, "source", "add", "bed", camera(tmp_path / "second", 3, seed=2))
    assert cli(place.root, "label", "--as", "active", "--day", "20251107", "--from", "23:50").code == 0
    predictions = {
        place.keys[0]: {"label": "active", "confidence": 0.97},
        place.keys[1]: {"label": "offline", "confidence": 0.55},
        place.keys[15]: {"label": "offline", "confidence": 1.0},
        "gone": {"label": "no such class"},
    }
    (place.root / "data" / "predictions.json").write_text(json.dumps(predictions))
    done = cli(place.root, "stats", "--json")
    assert done.code == 0, done.err
    found = done.json
    first, second = found["sources"]
    assert (first["name"], first["frames"], second["name"], second["frames"]) == (CAMERA, 25, "bed", 3)
    assert first["bytes"] == sum(path.stat().st_size for path in place.camera.rglob("2025*T*.jpg"))
    assert (first["cadence_s"], first["dimensions"]) == (60.0, {"64x36": 25})
    assert [(gap["from"], gap["to"], gap["minutes"]) for gap in first["gaps"]] == [
        ("2025-11-08T00:09:00", "2025-11-08T06:00:00", 351.0)
    ]
    days = [(day["day"], day["frames"], day["cadence_s"], len(day["gaps"])) for day in first["days"]]
    assert days == [("2025-11-07", 10, 60.0, 0), ("2025-11-08", 15, 60.0, 1)]
    assert [day["labels"]["active"] for day in first["days"]] == [10, 0]
    assert [(row["hour"], row["frames"]) for row in first["hours"]] == [(0, 10), (6, 5), (23, 10)]
    others = {row["what"]: row["count"] for row in first["others"]}
    assert others == {"no picture by its name": 1, "a name that tells no time": 1}
    assert found["predictions"]["confusion"]["active"] == {"offline": 1, "active": 1}
    assert found["predictions"]["confusion"]["unlabelled"] == {"offline": 1, "active": 0}
    assert found["predictions"]["confidence"] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 2]
    assert "1 entry left out" in done.err
    text = cli(place.root, "stats").out
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "1 gap over 15 min, the longest 5 h 51 min from 2025-11-08 00:09" in text
    assert [row["name"] for row in cli(place.root, "stats", "--json", "--source", "bed").json["sources"]] == [
        "bed"
    ]
    assert cli(place.root, "stats", "--source", "nothing").code == 2


def test_a_frame_that_cannot_be_read_is_counted_and_a_camera_that_is_away_is_said(
    workspace: Callable[..., Place], cli: Cli
) -> None:
    place = workspace(4)
    assert cli(place.root, "stats").code == 0
    odd = place.camera / "20251107" / "20251107T080100.jpg"
    odd.unlink()
    os.mkfifo(odd)
    found = cli(place.root, "stats", "--json").json["sources"][0]
    assert found["frames"] == 3
    place.camera.rename(place.camera.with_name("elsewhere"))
    done = cli(place.root, "stats")
    assert (done.code, "not reachable" in done.err, "not looked at" in done.out) == (0, True, True)


def test_an_empty_workspace_has_no_numbers(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(0)
    done = cli(place.root, "stats")
    assert (done.code, "no frames" in done.out) == (0, True)
    assert cli(place.root, "stats", "--json").json["sources"][0]["frames"] == 0


def test_dimensions_are_read_from_heads_and_never_beyond_them() -> None:
    from io import BytesIO

    from PIL import Image

    for kind in ("JPEG", "PNG"):
        buffer = BytesIO()
        Image.new("RGB", (321, 123)).save(buffer, kind)
        data = buffer.getvalue()
        assert dimensions_of(data) == "321x123"
        assert {dimensions_of(data[:cut]) for cut in range(len(data))} <= {"", "321x123"}
    assert dimensions_of(b"\xff\xd8" + b"\xff\xe0\0\0" * 100) == ""
