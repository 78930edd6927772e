"""What was measured is kept: over midnight, over a kill, over a deleted index; only what is missing is measured."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.frames.change import Changes, measure, points
from core.frames.check import Unreadable
from core.frames.helper import Helpers
from core.frames.index import FrameIndex
from core.frames.measured import Entry
from core.frames.measuring import in_order
from core.frames.signatures import SMALL, Change
from core.progress import CancelToken, Progress
from core.workspace import Workspace
from tests.frames import bad_worker
from tests.frames.moving import Look, film, jpeg, story

CAMERA = "printer-timelapses"
STILL, PRINTING = Look(), Look(head=0, part=True)


class World:
    """A workspace with one camera, its index and its changes."""

    def __init__(self, root: Path) -> None:
        self.root, self.camera = root, root / CAMERA
        (root / "print-models.toml").write_text("")
        self.camera.mkdir()
        self.open()

    def open(self) -> None:
        self.workspace = Workspace.open(self.root)
        self.index = FrameIndex(self.workspace)
        self.changes = Changes(self.workspace)

    def close(self) -> None:
        self.changes.close()
        self.index.close()

    def measure(self, near: str = "") -> int:
        """Scan, then measure in one helper; return how many frames were."""
        self.index.scan()
        return measure(self.workspace, self.index, changes=self.changes, near=near, workers=1)

    def measured(self) -> dict[str, Change]:
        return dict(self.changes.all())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


_later = count(1_700_000_001)


def aged(path: Path) -> None:
    """Let a file and its folder be old, as one that was written long ago; the folder's time moves on all the same."""
    os.utime(path, (1_600_000_000, 1_600_000_000))
    os.utime(path.parent, (next(_later),) * 2)


def test_every_frame_is_measured_once(world: World) -> None:
    film(world.camera, story((12, STILL)))
    world.index.scan()
    assert world.changes.missing(world.index) == 12
    assert world.measure() == 12
    assert world.changes.missing(world.index) == 0
    assert world.measure() == 0
    assert len(world.measured()) == 12


def test_where_nothing_is_missing_nothing_is_written(world: World) -> None:
    film(world.camera, story((5, STILL)))
    world.measure()
    world.index.scan()
    with sqlite3.connect(world.workspace.index_db) as watcher:
        before = watcher.execute("PRAGMA data_version").fetchone()
        world.measure()
        assert watcher.execute("PRAGMA data_version").fetchone() == before
    watcher.close()


def test_a_print_over_midnight_is_one(world: World) -> None:
    keys = film(
        world.camera, story((20, STILL), (30, PRINTING), (20, Look(part=True))), start="20251107T232500"
    )
    assert {key.split("/")[1] for key in keys} == {"20251107", "20251108"}
    world.measure()
    known = world.measured()
    first = next(key for key in keys if "/20251108/" in key)
    assert known[first].motion > 1, "compared with the last frame of the evening"
    assert points(keys, known, 0.25) == [20, 50]


def test_the_order_of_the_days_does_not_matter(world: World) -> None:
    keys = film(world.camera, story((10, STILL), (20, PRINTING)), start="20251107T235000")
    world.measure(near=keys[-1])
    backwards = world.measured()
    world.close()
    shutil.rmtree(world.root / ".print-models")
    world.open()
    world.measure(near=keys[0])
    assert world.measured() == backwards


def test_a_deleted_index_is_only_measured_again(world: World) -> None:
    film(world.camera, story((6, STILL), (6, PRINTING)))
    world.measure()
    known = world.measured()
    world.close()
    for path in (world.root / ".print-models").glob("index.db*"):
        path.unlink()
    world.open()
    assert world.measure() == 12
    assert world.measured() == known


@pytest.mark.parametrize("spot", [0.1, 0.35, 0.6, 0.9])
def test_a_damaged_index_is_made_anew_without_a_word(world: World, spot: float) -> None:
    film(world.camera, story((300, Look(noise=0.5))))
    world.measure()
    known = world.measured()
    world.close()
    path = world.root / ".print-models" / "index.db"
    data = bytearray(path.read_bytes())
    begin = 100 + int(spot * (len(data) - 4200))
    data[begin : begin + 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    for _ in range(3):  # who notices damage leaves it to the next one to open the file
        world.open()
        world.measure()
        if world.measured() == known:
            return
        world.close()
    world.open()
    assert world.measured() == known


def test_a_frame_that_appears_between_others_changes_what_follows(world: World) -> None:
    keys = film(world.camera, story((10, STILL)))
    world.measure()
    late = world.camera / "20251107" / "20251107T080430.jpg"
    late.write_bytes(jpeg(Look(head=4)))
    aged(late)
    assert world.measure() == 3, "itself, and the two frames that are compared with it"
    known = world.measured()
    assert known[keys[5]].motion > 0.25
    late.unlink()
    os.utime(late.parent, (next(_later),) * 2)
    assert world.measure() == 2
    assert world.measured()[keys[5]].motion < 0.25
    assert len(world.measured()) == 10


def test_another_picture_under_the_same_name_is_measured_again(world: World) -> None:
    keys = film(world.camera, story((10, STILL)))
    world.measure()
    path = world.camera / "20251107" / "20251107T080500.jpg"
    path.write_bytes(jpeg(Look(head=4)))
    aged(path)
    assert world.measure() >= 1
    known = world.measured()
    assert known[keys[5]].motion > 0.25
    assert known[keys[6]].motion > 0.25, "the frame after it is compared with the new one"


def test_a_broken_frame_is_named_and_passed_over(world: World) -> None:
    keys = film(world.camera, story((5, STILL), (5, Look(head=4))))
    path = world.camera / "20251107" / "20251107T080500.jpg"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    aged(path)
    assert world.measure() == 10
    assert dict(world.changes.unreadable()) == {keys[5]: "The picture is cut off: its end is missing."}
    known = world.measured()
    assert keys[5] not in known
    assert known[keys[6]].motion > 0.25, "compared with the last frame that can be read"
    assert world.changes.missing(world.index) == 0
    assert world.measure() == 0, "it is not tried again and again"
    path.write_bytes(whole)
    aged(path)
    assert world.measure() >= 1
    assert not world.changes.unreadable()
    assert set(world.measured()) == set(keys)


def test_a_frame_that_is_being_written_is_measured_later(world: World) -> None:
    keys = film(world.camera, story((4, STILL)))
    path = world.camera / "20251107" / "20251107T080300.jpg"
    os.utime(path)
    assert world.measure() == 3
    assert world.changes.missing(world.index) == 1
    assert not world.changes.unreadable()
    aged(path)
    world.index.scan()
    assert world.measure() == 1
    assert set(world.measured()) == set(keys)


def test_a_retired_camera_is_left_alone_and_what_is_known_stays(world: World, tmp_path: Path) -> None:
    film(world.camera, story((4, STILL)))
    world.measure()
    film(world.camera, story((4, STILL)), start="20251108T080000")
    world.close()
    (world.root / "print-models.toml").write_text(f'[sources."{CAMERA}"]\nretired = true\n')
    world.open()
    assert world.measure() == 0
    assert world.changes.missing(world.index) == 0
    assert len(world.changes.all(CAMERA)) == 4


def test_a_camera_that_is_away_is_left_out_and_loses_nothing(world: World) -> None:
    film(world.camera, story((4, STILL)))
    world.measure()
    film(world.camera, story((4, STILL)), start="20251108T080000")
    world.index.scan()
    world.camera.rename(world.root / "elsewhere")
    assert measure(world.workspace, world.index, changes=world.changes, workers=1) == 0
    assert len(world.measured()) == 4
    (world.root / "elsewhere").rename(world.camera)
    assert world.measure() == 4


def test_who_stops_keeps_what_is_done(world: World) -> None:
    film(world.camera, story((30, STILL)))
    world.index.scan()
    token = CancelToken()

    def report(progress: Progress) -> None:
        if progress.done >= 16:
            token.cancel()

    with pytest.raises(Cancelled):
        measure(world.workspace, world.index, changes=world.changes, workers=1, report=report, cancel=token)
    done = len(world.measured())
    assert 16 <= done < 30
    assert world.measure() == 30 - done


def test_nothing_is_begun_while_something_goes_first(world: World) -> None:
    film(world.camera, story((20, STILL)))
    world.index.scan()
    token, asked = CancelToken(), []

    def pause() -> bool:
        asked.append(len(world.measured()))
        if len(asked) == 5:
            token.cancel()
        return True

    with pytest.raises(Cancelled):
        measure(world.workspace, world.index, changes=world.changes, workers=1, cancel=token, pause=pause)
    assert asked == [0] * 5
    assert not world.measured()
    waiting = iter([True, True, False])
    done = measure(
        world.workspace, world.index, changes=world.changes, workers=1, pause=lambda: next(waiting, False)
    )
    assert done == 20


def test_killed_while_it_measures_it_goes_on_from_there(world: World) -> None:
    film(world.camera, story((700, Look(noise=0.5))))
    code = (
        "import sys; from pathlib import Path; from core.workspace import Workspace\n"
        "from core.frames.index import FrameIndex; from core.frames.change import measure\n"
        f"w = Workspace.open(Path({str(world.root)!r})); i = FrameIndex(w); i.scan()\n"
        "def report(p):\n"
        "    if p.done >= 400: sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()\n"
        "measure(w, i, workers=1, report=report)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert child.stdout is not None
    assert child.stdout.read(1) == b"."
    child.send_signal(signal.SIGKILL)
    child.communicate()
    kept = len(world.measured())
    assert kept >= 256
    assert world.measure() == 700 - kept
    assert world.changes.missing(world.index) == 0


def test_two_who_measure_the_same_day_keep_what_both_did(world: World) -> None:
    film(world.camera, story((4, STILL)))
    world.index.scan()
    names = [frame.key.rpartition("/")[2] for frame in world.index.frames()]
    one, other = Entry(Change(1.0, 50.0, 1), 1, 1), Entry(Change(2.0, 60.0, (1 << 64) - 1, 3.0, 4.0), 2, 2)
    with Changes(world.workspace) as neighbour:
        world.changes.put(CAMERA, "20251107", -1, {names[0]: one}, names)
        neighbour.put(CAMERA, "20251107", -1, {names[1]: other}, names)
        assert world.changes.entries(CAMERA, "20251107").entries == {names[0]: one, names[1]: other}
        assert [change.motion for change in neighbour.day(CAMERA, "20251107").values()] == [1.0, 2.0]


def test_days_are_measured_around_the_cursor_first(world: World) -> None:
    for day in range(1, 8):
        film(world.camera, [STILL], start=f"2025110{day}T080000")
    world.index.scan()
    days = world.index.days()
    assert [one.day[-1] for one in in_order(days, "")] == ["7", "6", "5", "4", "3", "2", "1"]
    near = [one.day[-1] for one in in_order(days, f"{CAMERA}/20251103/20251103T080000.jpg")]
    assert near[0] == "3"
    assert set(near[1:3]) == {"2", "4"}
    assert set(near) == set("1234567")


def test_the_threshold_is_each_cameras_own(world: World) -> None:
    film(world.camera, story((60, STILL), (60, PRINTING)))
    world.measure()
    found = world.changes.threshold(CAMERA)
    known = list(world.measured().values())
    assert max(change.motion for change in known[1:60]) < found
    assert sum(change.motion > found for change in known[60:]) > 55
    assert world.changes.threshold("another") == 0.25


def test_a_frame_that_ends_the_decoder_costs_only_itself(world: World) -> None:
    keys = film(world.camera, story((9, STILL)))
    path = world.camera / "20251107" / "20251107T080500.jpg"
    whole = path.read_bytes()
    path.write_bytes(whole[:2] + b"\xff\xfe\x00\x07CRASH" + whole[2:])
    aged(path)
    helpers = Helpers(most=1)
    helpers.command = bad_worker.COMMAND
    paths = [world.workspace.frame_path(key) for key in keys]
    answers = helpers.greys(paths, SMALL, root=world.camera)
    helpers.close()
    assert [isinstance(one, Unreadable) for one in answers] == [at == 5 for at in range(9)]
    assert "ended the decoder" in str(answers[5])
    assert all(len(one[0]) == SMALL[0] * SMALL[1] for one in answers if isinstance(one, tuple))
