"""Faults of the camera's disk and files as a person meets them in the app; a helper that fails on demand decodes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from core.frames import helper
from core.frames.helper import Helpers, Limits
from tests.frames import bad_worker
from tests.frames.test_helper import commented

DAY = "20251107"


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[Helpers]:
    """Helpers whose disk and decoder fail as the names and comments of the files say."""
    made = Helpers(most=1, limits=Limits(cpu_s=1, decode_s=15.0, read_s=20.0, patience_s=0.1))
    made.command = bad_worker.COMMAND
    monkeypatch.setattr(helper, "_shared", made)
    yield made
    made.close()


def put(place, name: str, data: bytes | None = None, *, fresh: bool = False) -> str:
    path = place.camera / DAY / name
    if data is None:
        shutil.copyfile(place.camera / DAY / "20251107T080000.jpg", path)
    else:
        path.write_bytes(data)
    if not fresh:
        os.utime(path, (1762470000, 1762470000))
    return f"printer-timelapses/{DAY}/{name}"


async def flagged(page, frame: str, *words: str) -> None:
    """The frame under the cursor shows why there is no picture, and takes no label."""
    await page.until(lambda: page.frame == frame, f"{frame} under the cursor")
    await page.shown()
    await page.see(*words)
    await page.press("a")
    await page.until(lambda: "can't be shown" in page.notice)
    assert page.label_of(frame) is None


async def test_f_027_a_stale_handle(workspace, opened, bad) -> None:
    """one retry, then message; app lives"""
    place = workspace(frames=1)
    once, stale = put(place, "20251107T080100_once.jpg"), put(place, "20251107T080200_stale.jpg")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("right")
        assert await page.label("a") == once, "the second look mends it"
        await flagged(page, stale, "can't be read", "stale file handle")
        await page.press("home")
        await page.shown()
        await page.see("▀")


async def test_f_028_a_bad_block_under_one_file(workspace, opened, bad) -> None:
    """that image flagged, next works"""
    place = workspace(frames=1)
    broken, after = put(place, "20251107T080100_eio.jpg"), put(place, "20251107T080200.jpg")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("right")
        await flagged(page, broken, "can't be read", "input/output error")
        await page.press("right")
        assert await page.label("a") == after


async def test_f_029_a_share_that_hangs(workspace, opened, bad) -> None:
    """UI keys ≤ 250 ms, spinner, cancellable"""
    place = workspace(frames=1)
    hanging, after = put(place, "20251107T080100_hang.jpg"), put(place, "20251107T080200.jpg")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("right")
        await page.until(lambda: page.frame == hanging, "the frame that hangs")
        await page.see("loading")
        await page.press("a")
        assert "Not shown yet" in page.notice, "keys are answered while the share hangs"
        await page.press("right")
        assert await page.label("a") == after, "who moves on waits for nothing"
        await page.press("left", "left")
        await page.shown()
        assert page.label_of(hanging) is None


async def test_f_029_a_camera_folder_that_hangs(workspace, opened, monkeypatch) -> None:
    """UI keys ≤ 250 ms, spinner, cancellable: also where the list itself hangs"""
    import threading

    from core.frames import index

    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        let_go = threading.Event()
        real = index.FrameIndex.scan
        monkeypatch.setattr(
            index.FrameIndex, "scan", lambda *words, **more: let_go.wait(60) and real(*words, **more)
        )
        page.app.bridge.scan(again=True)
        first = await page.label("a")
        await page.press("V")
        await page.see("draft")
        assert page.label_of(first) == "active"
        let_go.set()


async def test_f_030_a_frame_that_vanishes(workspace, opened) -> None:
    """ "gone", moves on; label not written"""
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        await page.rest()  # the neighbours are fetched
        (place.camera / DAY / "20251107T080200.jpg").unlink()
        page.app.screen._pictures.forget(place.keys[2])
        await page.press("end")
        await flagged(page, place.keys[2], "gone")
        await page.press("left")
        assert await page.label("a") == place.keys[1]


async def test_f_032_a_camera_still_writing(workspace, opened) -> None:
    """ "being written", label disabled until stable"""
    place = workspace(frames=1)
    path = place.camera / DAY / "20251107T080100.jpg"
    whole = (place.camera / DAY / "20251107T080000.jpg").read_bytes()
    growing = put(place, path.name, whole[:-60], fresh=True)
    async with opened(place.root) as page:
        await page.shown()
        os.utime(path)
        await page.press("right")
        await flagged(page, growing, "being written")
        path.write_bytes(whole)
        os.utime(path, (1762470000, 1762470000))
        await page.until(lambda: page.view.readable, "the frame to be taken up by itself, without a key")
        assert await page.label("a") == growing


async def test_f_041_a_decoder_that_crashes_or_loops(workspace, opened, bad) -> None:
    """worker dies, image flagged, app lives"""
    place = workspace(frames=1)
    crashing = put(place, "20251107T080100.jpg", commented(b"CRASH"))
    looping = put(place, "20251107T080200.jpg", commented(b"LOOP"))
    after = put(place, "20251107T080300.jpg")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("right")
        await flagged(page, crashing, "ended the decoder", "SIGSEGV")
        await page.press("right")
        await flagged(page, looping, "did not come to an end")
        await page.press("right")
        assert await page.label("a") == after


async def test_what_is_no_frame_is_counted_beside_good_frames(workspace, opened) -> None:
    place = workspace(frames=2)
    (place.camera / DAY / "20251107T090000.jpg").symlink_to("/etc/passwd")
    (place.camera / DAY / "\x1b[31m.jpg").mkdir()
    async with opened(place.root, (120, 40)) as page:
        await page.shown()
        await page.until(lambda: page.app.state.problems, "what is no frame")
        await page.press("@")
        await page.see("In the camera folders is no frame:", "a symbolic link", "a folder")


async def test_a_camera_that_is_away_is_said_in_the_first_line(workspace, opened) -> None:
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.shown()
    place.camera.rename(place.camera.with_name("away"))
    async with opened(place.root) as page:
        await page.see("is not reachable", "next:")


async def test_what_is_no_frame_is_counted_as_files(workspace, opened) -> None:
    place = workspace(frames=2)
    put(place, "notes.txt", b"x")
    async with opened(place.root) as page:
        await page.see("no frames there: 1 file")
