"""`name_pattern`: which files are frames and what tells their moment: the name, EXIF, the file's date; said which."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import WrongUsage
from core.frames.exif import taken_at
from core.frames.index import FrameIndex
from core.frames.patterns import guess, pattern
from core.workspace import Workspace
from tests.conftest import CAMERA, Cli, Place
from tests.sources.conftest import camera


@pytest.mark.parametrize(
    ("text", "path", "moment"),
    [
        ("motion", "01-20251107005601-00.jpg", "2025-11-07T00:56:01"),
        ("motion", "20251107/01-20251107005601-03.JPG", "2025-11-07T00:56:01"),
        ("motion", "01-20251399005601-00.jpg", None),
        ("%Y-%m-%d/cam_%H-%M-%S.jpg", "2025-11-07/cam_00-56-01.jpg", "2025-11-07T00:56:01"),
        ("%Y-%m-%d/cam_%H-%M-%S.jpg", "2025-11-07/cam_00-56-01.png", None),
        ("%Y%m%d/%Y%m%d-%H%M", "20251107/20251107-0056.jpeg", "2025-11-07T00:56:00"),
        ("%Y%m%d/%Y%m%d-%H%M", "20251107/20251108-0056.jpeg", None),
        ("%y%m%d_%H%M%S_*.jpg", "251107_005601_front.jpg", "2025-11-07T00:56:01"),
        ("100%%_%Y%m%d%H%M.jpg", "100%_202511070056.jpg", "2025-11-07T00:56:00"),
    ],
)
def test_a_pattern_tells_the_moment_or_the_name_is_no_frame(text: str, path: str, moment: str | None) -> None:
    made = pattern(text, "bed")
    assert made is not None
    assert made.fits(path) is (moment is not None)
    found = made.moment(path)
    assert (found.isoformat() if found else None) == moment


@pytest.mark.parametrize(
    "text",
    ["%Y", "%H%M", "%y%j_%H%M%S_*.jpg", "../%Y%m%d%H%M.jpg", "/%Y", "frame.jpg", "%Q%Y%m%d%H%M", "a//%Y"],
)
def test_what_is_no_pattern_names_the_key(text: str) -> None:
    with pytest.raises(WrongUsage, match=r"sources\.bed\.name_pattern"):
        pattern(text, "bed")


def test_the_preset_is_guessed_from_names() -> None:
    assert guess(["20251107/20251107T005601.jpg", "thumb1.jpg"]) == ""
    assert guess(["01-20251107005601-00.jpg"] * 3) == "motion"
    assert guess(["frame000001.jpg", "frame000002.jpg"]) == "moonraker"
    assert guess(["benchy_20251107005601-12.jpg"]) == "octoprint"
    assert guess(["notes.txt"]) == ""
    assert guess(["20251107T005601.jpg", "20251107T005701.jpg"]) == "%Y%m%dT%H%M%S*"
    assert guess(["20251107/IMG_20251107_005601.jpg"]) == "*/*%Y%m%d_%H%M%S*"
    assert guess(["Good print (1).jpg", "Good print (2).jpg"]) == "*"
    assert guess(["20251107/20251107T005601.jpg", "20251107/20251107T005701.jpg", "cover (a).jpg"]) == ""


def exif(moment: bytes, *, order: str = "<", offset: int | None = None) -> bytes:
    """The head of a JPEG whose EXIF says a DateTimeOriginal."""
    tiff = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    tiff += struct.pack(f"{order}HHHIII", 1, 0x8769, 4, 1, 26, 0)
    at = 44 if offset is None else offset
    tiff += struct.pack(f"{order}HHHIII", 1, 0x9003, 2, 20, at, 0) + moment + b"\0"
    block = b"Exif\0\0" + tiff
    return (
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xe1" + struct.pack(">H", len(block) + 2) + block + b"\xff\xda\0\x02"
    )


def test_exif_is_read_in_both_byte_orders_and_never_out_of_bounds() -> None:
    when = datetime(2025, 11, 7, 0, 56, 1)
    for order in "<>":
        whole = exif(b"2025:11:07 00:56:01", order=order)
        assert taken_at(whole) == when
        for cut in range(len(whole)):
            assert taken_at(whole[:cut]) in (None, when)
    assert taken_at(exif(b"0000:00:00 00:00:00")) is None
    assert taken_at(exif(b"1980:01:01 00:00:00")) is None
    assert taken_at(exif(b"2025:11:07 00:56:01", offset=2**31)) is None
    assert taken_at(b"\xff\xd8" + b"\xff\xe1\xff\xff" * 1000) is None


def sources(cli: Cli, root: Path) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in cli(root, "source", "list", "--json").json["sources"]}


def test_a_camera_of_dated_names_is_cut_by_them_over_midnight(
    workspace: Callable[..., Place], cli: Cli, tmp_path: Path
) -> None:
    place = workspace(2)
    folder = camera(tmp_path / "bed", 20, seed=2, start="20251107T235000", names="%Y-%m-%d/%H-%M-%S.jpg")
    done = cli(place.root, "source", "add", "bed", folder, "--names", "%Y-%m-%d/%H-%M-%S")
    assert done.code == 0, done.err
    rows = cli(place.root, "frames", "--json", "--filter", "source:bed").json["frames"]
    assert [row["captured_at"] for row in rows][::19] == ["2025-11-07T23:50:00", "2025-11-08T00:09:00"]
    assert {row["recording"] for row in rows} == {"bed/2025-11-07/23-50-00"}
    assert sources(cli, place.root)["bed"]["times"] == {"name": 20}
    assert cli(place.root, "label", "--as", "active", "--day", "2025-11-08").code == 0
    assert cli(place.root, "label", "--as", "offline", f"{CAMERA}/20251107/20251107T080000.jpg").code == 0
    assert cli(place.root, "export").code == 0
    kept = place.root / "datasets" / "offline-detection" / "v1" / "metadata.jsonl"
    found = [json.loads(line) for line in kept.read_text().splitlines()]
    assert {row["recording"] for row in found if row["source"].startswith("bed/")} == {
        "bed/2025-11-07/23-50-00"
    }
    # In a later draft they stay in that recording, and nothing differs.
    assert cli(place.root, "diff", "--exit-code").code == 0
    assert cli(place.root, "frames", "--filter", "source:bed", env={"TZ": "UTC"}).code == 0


def test_times_of_files_are_said_where_they_are_used(
    workspace: Callable[..., Place], cli: Cli, tmp_path: Path
) -> None:
    place = workspace(2)
    folder = camera(tmp_path / "bed", 6, seed=2, start="20251108T100000", names="frame{n}.jpg")
    (folder / "frame000009.jpg").write_bytes(exif(b"2025:11:07 00:56:01"))
    (folder / "notes.txt").write_text("no frame")
    (folder / "preview.jpg").write_bytes(b"no frame either")
    assert 'name_pattern = "moonraker"' in cli(place.root, "source", "add", "bed", folder).out
    row = sources(cli, place.root)["bed"]
    assert (row["frames"], row["times"], row["first"]) == (7, {"exif": 1, "file": 6}, "2025-11-07")
    listed = cli(place.root, "frames", "--filter", "source:bed")
    assert "1 × no name of a frame by moonraker" in listed.err
    assert listed.out.splitlines()[0].startswith("bed/frame000009.jpg")
    assert "times from files' dates for 6 frames" in cli(place.root, "status").out
    assert cli(place.root, "label", "--as", "active", "--day", "2025-11-08").code == 0
    assert cli(place.root, "label", "--as", "offline", f"{CAMERA}/20251107/20251107T080000.jpg").code == 0
    assert cli(place.root, "export").code == 0
    card = (place.root / "datasets" / "offline-detection" / "v1" / "README.md").read_text()
    assert "The times of 6 images of bed are their files' dates" in card
    # The same name with other bytes, as the next print's first frame: its own moment.
    (folder / "frame000000.jpg").write_bytes(exif(b"2025:11:09 12:00:00"))
    fresh = folder / "frame000010.jpg"
    shutil.copyfile(folder / "frame000001.jpg", fresh)
    os.utime(fresh, (1762765200, 1762765200))
    rows = cli(place.root, "frames", "--json", "--filter", "source:bed").json["frames"]
    moments = {row["frame"]: row["captured_at"] for row in rows}
    assert moments["bed/frame000000.jpg"] == "2025-11-09T12:00:00"
    assert len(moments) == 8


def test_a_clone_takes_the_moments_that_a_version_recorded(
    workspace: Callable[..., Place], cli: Cli, tmp_path: Path
) -> None:
    place = workspace(2)
    folder = camera(tmp_path / "bed", 6, seed=2, start="20251108T100000", names="frame{n}.jpg")
    cli(place.root, "source", "add", "bed", folder)
    cli(place.root, "label", "--as", "active", "--day", "2025-11-08")
    cli(place.root, "label", "--as", "offline", f"{CAMERA}/20251107/20251107T080000.jpg")
    assert cli(place.root, "export").code == 0
    shutil.rmtree(place.root / ".print-models")
    (place.root / "bed").unlink()
    rows = cli(place.root, "frames", "--json", "--filter", "source:bed").json["frames"]
    assert [row["captured_at"] for row in rows] == [f"2025-11-08T10:0{n}:00" for n in range(6)]
    assert cli(place.root, "diff", "--exit-code").code == 0


def test_init_finds_out_how_the_frames_are_named(cli: Cli, tmp_path: Path) -> None:
    folder = camera(tmp_path / "motion", 3, seed=2, names="01-%Y%m%d%H%M%S-00.jpg")
    done = cli(tmp_path, "init", "ws", "--source", folder)
    assert (done.code, 'name_pattern = "motion"' in done.out) == (0, True), done.err
    rows = cli(tmp_path / "ws", "frames", "--json").json["frames"]
    assert [row["captured_at"] for row in rows] == [f"2025-11-07T08:0{n}:00" for n in range(3)]
    assert cli(tmp_path, "init", "ws", "--source", folder).code == 0


def test_real_frames_of_octoprint(
    workspace: Callable[..., Place], cli: Cli, tmp_path: Path, real_frames: Path
) -> None:
    place, folder = workspace(2), tmp_path / "octo"
    folder.mkdir()
    for number, path in enumerate(sorted((real_frames / "octoprint").glob("*.jpg"))):
        shutil.copyfile(path, folder / path.name)
        os.utime(folder / path.name, (1762596000 + 20 * number,) * 2)
    assert 'name_pattern = "octoprint"' in cli(place.root, "source", "add", "octo", folder).out
    rows = cli(place.root, "frames", "--json", "--filter", "source:octo").json["frames"]
    assert len(rows) == 12
    assert [row["frame"] for row in rows] == sorted(row["frame"] for row in rows)
    assert {row["recording"] for row in rows} == {"octo/CE3_Salzstreuer_45000000"}


def test_several_lists_may_learn_moments_at_once(tmp_path: Path) -> None:
    for number in range(3000):
        path = tmp_path / "bed" / f"print{number // 40}" / f"frame{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "print-models.toml").write_text('[sources.bed]\nname_pattern = "moonraker"\n')
    ws, found = Workspace.open(tmp_path), list[int]()

    def look() -> None:
        with FrameIndex(ws) as index:
            found.append(index.scan().frames)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == [3000] * 3
    (tmp_path / "bed" / "print0" / "frame0.jpg").unlink()
    look()
    with closing(sqlite3.connect(ws.index_db)) as db:
        assert found[-1] == db.execute("SELECT count(*) FROM moment").fetchone()[0] == 2999
