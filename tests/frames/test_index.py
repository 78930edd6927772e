from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.frames.index import FrameIndex
from core.progress import CancelToken, Progress
from tests.frames.conftest import Camera


def stems(index: FrameIndex) -> list[str]:
    return [key.rsplit("/", 1)[1].split(".")[0][-6:] for key in index.keys()]  # noqa: SIM118  # an index is no dict


def test_frames_are_listed_in_order_of_time(camera: Camera) -> None:
    for day, name in (
        ("20251108", "20251108T000100.jpg"),
        ("20251107", "20251107T235900.JPG"),
        ("20251107", "20251107T080000.png"),
    ):
        camera.put(name, day=day)
    with FrameIndex(camera.ws) as index:
        result = index.scan()
        assert (result.frames, result.added, result.removed, result.problems) == (3, 3, 0, ())
        assert stems(index) == ["080000", "235900", "000100"]
        assert [frame.key for frame in index.frames()] == index.keys()
        assert [(day.day, day.frames) for day in index.days()] == [("20251107", 2), ("20251108", 1)]
        assert index.count("printer-timelapses") == 3
        assert camera.key("20251107T235900.JPG") in index
        assert camera.key("20251107T235901.JPG") not in index


def test_only_day_folders_that_changed_are_read_again(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in ("20251107", "20251108"):
        camera.put(f"{day}T080000.jpg", day=day)
    with FrameIndex(camera.ws) as index:
        index.scan()
        read: list[str] = []
        from core.frames import folders as module

        real = module.list_day
        monkeypatch.setattr(module, "list_day", lambda source, day: (read.append(day), real(source, day))[1])
        assert index.scan().changed == 0
        assert read == []
        camera.put("20251108T080100.jpg", day="20251108", fresh=True)
        result = index.scan()
        assert (read, result.added, result.frames) == (["20251108"], 1, 3)


def test_a_second_opening_knows_the_frames_without_scanning(camera: Camera) -> None:
    camera.put("20251107T080000.jpg")
    with FrameIndex(camera.ws) as index:
        index.scan()
    with FrameIndex(camera.ws) as again:
        assert again.count() == 1
        assert again.first(5)[0].key == camera.key("20251107T080000.jpg")


def test_first_frames_come_before_any_scan(camera: Camera) -> None:
    for day in ("20251108", "20251107"):
        for minute in range(5):
            camera.put(f"{day}T08{minute:02}00.jpg", day=day)
    with FrameIndex(camera.ws) as index:
        assert [frame.key[-10:-4] for frame in index.first(3)] == ["080000", "080100", "080200"]
        assert index.count() == 0


def test_a_folder_still_changing_is_looked_at_again_though_its_time_stands_still(camera: Camera) -> None:
    first = camera.put("20251107T080000.jpg", fresh=True)
    with FrameIndex(camera.ws) as index:
        index.scan()
        moment = first.parent.stat().st_mtime_ns
        camera.put("20251107T080100.jpg", fresh=True)
        os.utime(first.parent, ns=(moment, moment))
        assert index.scan().added == 1


def test_a_frame_the_camera_deleted_leaves_the_list(camera: Camera) -> None:
    gone = camera.put("20251107T080000.jpg")
    camera.put("20251107T080100.jpg")
    with FrameIndex(camera.ws) as index:
        index.scan()
        gone.unlink()
        result = index.scan()
        assert (result.removed, result.frames) == (1, 1)
        assert index.get(camera.key("20251107T080000.jpg")) is None


def test_what_is_no_frame_is_counted_with_its_reason_and_never_blocks(camera: Camera) -> None:
    """F-043, F-044: a FIFO, a socket-like node, a folder and links named .jpg are ignored with a count."""
    camera.put("20251107T080000.jpg")
    day = camera.folder / "20251107"
    os.mkfifo(day / "20251107T080100.jpg")
    (day / "20251107T080200.jpg").mkdir()
    (day / "20251107T080300.jpg").symlink_to("/etc/passwd")
    (day / "20251107T080400.jpg").symlink_to("20251107T080400.jpg")
    (day / "notes.txt").write_text("x")
    (day / "IMG_0001.jpg").write_text("x")
    Path(os.fsdecode(os.fsencode(day) + b"/20251107T080500\xff.jpg")).write_text("x")
    (camera.folder / "20251108").symlink_to("/etc")
    (camera.folder / "thumbs").mkdir()
    (camera.folder / "20251107T080000.jpg").write_text("x")
    with FrameIndex(camera.ws) as index:
        result = index.scan()
        assert result.frames == 1
        found = {(problem.what, problem.count) for problem in result.problems}
        assert found == {
            ("neither a file nor a folder", 1),
            ("a folder", 1),
            ("a symbolic link", 2),
            ("a symbolic link", 1),
            ("no picture by its name", 1),
            ("a name that tells no time", 1),
            ("a name that is no valid text", 1),
            ("a folder that is no day", 1),
            ("a picture outside a day folder", 1),
        }


def test_odd_names_are_kept_exactly(camera: Camera) -> None:
    """F-046, F-047: any valid name is listed as it is; names that differ in case or normal form are two frames."""
    names = [
        "20251107T080000\n\x1b[31m[x].jpg",
        "20251107T080000 .jpg",
        "20251107T080000é.jpg",
        "20251107T080000e\u0301.jpg",
    ]
    for name in names:
        camera.put(name)
    with FrameIndex(camera.ws) as index:
        index.scan()
        assert sorted(index.keys()) == sorted(camera.key(name) for name in names)
    with FrameIndex(camera.ws) as again:
        assert all(again.get(camera.key(name)) for name in names)


@pytest.mark.parametrize("how", ["dangling", "empty", "file", "loop"])
def test_a_camera_that_is_not_reachable_keeps_its_frames(camera: Camera, how: str) -> None:
    """F-026: "camera not reachable"; labels and frames are not taken for gone."""
    camera.put("20251107T080000.jpg")
    with FrameIndex(camera.ws) as index:
        index.scan()
        assert index.unreachable("printer-timelapses") is None
        link = camera.ws.root / "printer-timelapses"
        link.unlink()
        if how == "empty":
            link.mkdir()
        elif how == "file":
            link.write_text("")
        else:
            link.symlink_to(link if how == "loop" else "/nowhere/at/all")
        result = index.scan()
        error = index.unreachable("printer-timelapses")
        assert error is not None
        assert error.exit_code == 5
        assert "not reachable" in error.what
        assert (result.frames, result.removed) == (1, 0)
        assert any("not reachable" in problem.what for problem in result.problems)


def test_a_damaged_index_is_made_anew_without_a_word(camera: Camera) -> None:
    """F-012: index.db is disposable."""
    camera.put("20251107T080000.jpg")
    with FrameIndex(camera.ws) as index:
        index.scan()
    for damage in (b"no database at all" * 100, b"", b"SQLite format 3\0" + b"\xff" * 5000):
        camera.ws.index_db.write_bytes(damage)
        with FrameIndex(camera.ws) as index:
            assert index.scan().frames == 1


def test_nothing_is_written_while_nothing_changes(camera: Camera) -> None:
    camera.put("20251107T080000.jpg")
    with FrameIndex(camera.ws) as index:
        index.scan()
    before = camera.ws.index_db.read_bytes()
    with FrameIndex(camera.ws) as index:
        index.scan()
        index.scan()
    assert camera.ws.index_db.read_bytes() == before


def test_a_scan_tells_how_far_it_is_and_can_be_stopped(camera: Camera) -> None:
    for day in range(1, 21):
        camera.put(f"202511{day:02}T080000.jpg", day=f"202511{day:02}")
    told: list[Progress] = []
    token = CancelToken()

    def report(progress: Progress) -> None:
        told.append(progress)
        if progress.done >= 8:
            token.cancel()

    with FrameIndex(camera.ws) as index:
        with pytest.raises(Cancelled):
            index.scan(report, token)
        assert told[0].total == 20
        assert 0 < index.count() < 20
        assert index.scan().frames == 20


def test_two_openings_scan_at_once(camera: Camera) -> None:
    for minute in range(30):
        camera.put(f"20251107T08{minute:02}00.jpg")
    with FrameIndex(camera.ws) as one, FrameIndex(camera.ws) as two:
        assert one.scan().frames == two.scan().frames == 30


def test_the_neighbourhood_of_a_frame_comes_without_the_rest(camera: Camera) -> None:
    for day in range(1, 10):
        for minute in range(3):
            camera.put(f"202511{day:02}T08{minute:02}00.jpg", day=f"202511{day:02}")
    near = camera.key("20251105T080100.jpg", day="20251105")

    def days(index: FrameIndex, n: int) -> list[str]:
        return sorted({frame.key.split("/")[1][-2:] for frame in index.first(n, near=near)})

    with FrameIndex(camera.ws) as index:
        assert days(index, 3) == ["05"], "the folder itself is read where nothing was scanned"
        index.scan()
    with FrameIndex(camera.ws) as warm:
        assert (days(warm, 3), days(warm, 7)) == (["05"], ["04", "05", "06"])
        assert len(warm.frames()) == 27
        assert len(warm.first(100, near=near)) == 27


def test_names_that_turn_out_damaged_are_read_from_the_camera_again(camera: Camera) -> None:
    """F-012: index.db is disposable, also where the damage is met late."""
    for minute in range(3):
        camera.put(f"20251107T08{minute:02}00.jpg")
    with FrameIndex(camera.ws) as index:
        index.scan()
    with sqlite3.connect(camera.ws.index_db) as db:
        db.execute("UPDATE day SET names='20251107T080000.jpg'")
    with FrameIndex(camera.ws) as index:
        assert index.count() == 3
        assert stems(index) == ["080000", "080100", "080200"]


def test_a_folder_that_cannot_be_read_just_now_keeps_its_frames(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera.put("20251107T080000.jpg")
    with FrameIndex(camera.ws) as index:
        index.scan()
        camera.put("20251107T080100.jpg", fresh=True)
        real = os.scandir

        def failing(place: Path | int) -> object:
            if isinstance(place, int):  # a day folder is opened first, and listed by its number
                raise OSError(errno.EIO, "Input/output error")
            return real(place)

        monkeypatch.setattr(os, "scandir", failing)
        result = index.scan()
        assert (result.frames, result.removed) == (1, 0)
        assert [problem.what for problem in result.problems] == [
            "a folder that can't be read (input/output error)"
        ]
        monkeypatch.undo()
        assert index.scan().frames == 2, "it is read again by itself"
