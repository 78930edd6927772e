"""The Label screen driven by keys: what is shown, what is saved, what is refused."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from core.labels.sync import open_store
from core.workspace import Workspace


async def test_a_frame_is_shown_with_its_day_and_labelled(workspace, opened):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.shown()
        await page.see("Fri 7 Nov 08:00:00", "1/6", "offline-detection", "0/6", "no label", "▀")
        first = await page.label("a")
        await page.see("1/6", "● active 1", "saved ● active")
        assert page.frame == place.keys[1], "after a label the next frame is shown"
        assert page.label_of(first) == "active"
    with open_store(Workspace.open(place.root)) as store:
        label = store.get("offline-detection", first)
    assert label is not None
    assert (label.class_, label.how, label.who) == ("active", "hand", "Ana")
    assert label.sha256, "a label is bound to the bytes that were shown"
    written = json.loads((place.root / "data" / "labels.json").read_text())
    assert written == {first: "active"}, "the label file follows on leaving"


async def test_digits_label_in_class_order(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        first, second = await page.label("0"), await page.label("1")
        assert (page.label_of(first), page.label_of(second)) == ("offline", "active")


async def test_undo_takes_the_last_step_back_and_goes_there(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        first = await page.label("a")
        second = await page.label("o")
        await page.press("u")
        await page.until(lambda: page.label_of(second) is None, "the second label to be gone")
        assert page.label_of(first) == "active"
        assert page.frame == second
        await page.see("undone ○ offline 08:01")
        await page.press("u")
        await page.until(lambda: page.label_of(first) is None, "the first label to be gone")
        await page.press("u")
        await page.see("nothing to undo")


async def test_clearing_takes_the_label_off(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        first = await page.label("a")
        await page.press("left")
        await page.shown()
        await page.press("x")
        await page.until(lambda: page.label_of(first) is None, "the label to be off")
        assert page.frame == first


async def test_next_unlabelled_goes_round_and_says_when_all_is_done(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.label("a")
        await page.press("end")
        await page.label("a")
        await page.press("n")
        assert page.frame == place.keys[1]
        await page.label("o")
        await page.press("n")
        await page.until(lambda: "Every frame has a label" in page.notice)


async def test_moving(workspace, opened):
    place = workspace(frames=25)
    async with opened(place.root) as page:
        await page.shown()
        for key, at in (
            ("right", 1), ("l", 2), ("h", 1), ("down", 11), ("j", 21), ("k", 11), ("up", 1), ("left", 0), ("end", 24),
            ("home", 0),
        ):  # fmt: skip
            await page.press(key)
            assert page.frame == place.keys[at], key


async def test_recordings_are_gone_through_by_page_keys(workspace, opened):
    place = workspace(frames=6)
    for minute in range(3):  # hours later: a recording of its own
        source = place.root / place.keys[minute]
        shutil.copy(source, source.with_name(f"20251107T110{minute}00.jpg"))
    async with opened(place.root) as page:
        await page.shown()
        await page.see("recording 1", "1/6")
        await page.press("pagedown")
        await page.see("recording 2", "1/3")
        await page.press("right", "pageup")
        await page.see("recording 2", "1/3")
        await page.press("pageup")
        await page.see("recording 1", "1/6")


async def test_recordings_outlive_a_change_of_task_and_a_filter(workspace, opened):
    place = workspace(frames=6)
    for minute in range(3):
        source = place.root / place.keys[minute]
        shutil.copy(source, source.with_name(f"20251107T110{minute}00.jpg"))
    async with opened(place.root, size=(120, 40)) as page:
        await page.see("recording 1", "frame 1/6")
        await page.press("tab")
        await page.see("failed-print-detection", "recording 1", "frame 1/6")
        await page.press("pagedown")
        await page.see("recording 2", "frame 1/3")
        await page.press("slash", *"08:02-11:01", "enter")
        await page.see("filtered", "5/6 · 08:02-11:01")
        await page.press("pageup")
        await page.see("1/6 · 08:02-11:01", "filtered · frame 1/6")
        await page.press("pagedown")
        await page.see("5/6 · 08:02-11:01", "filtered · frame 5/6")


async def test_a_task_is_switched_and_counts_only_its_frames(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await page.label("a")
        await page.label("o")
        await page.press("tab")
        await page.see("failed-print-detection", "0/1")
        await page.press("home")
        await page.label("g")
        await page.see("● failed 0", "○ good 1")
        await page.press("tab")
        await page.see("offline-detection", "2/4")


async def test_a_key_before_the_picture_is_refused_visibly(workspace, opened, monkeypatch):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        await page.rest()  # the neighbours are fetched, so none comes later
        monkeypatch.setattr(page.app.bridge, "picture", lambda *asked: None)
        monkeypatch.setattr(page.app.screen._pictures, "get", lambda key, box, region=None: None)
        await page.press("right", "a")
        await page.until(lambda: "Not shown yet" in page.notice)
        await page.rest()
        assert not page.app.state.of(page.app.state.task), "nothing was labelled"
        await page.see("loading")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<html>no picture</html>", ""),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
    ],
)
async def test_a_frame_that_is_no_picture_says_why_and_takes_no_label(workspace, opened, content, words):
    place = workspace(frames=3)
    (place.root / place.keys[0]).write_bytes(content)
    os.utime(place.root / place.keys[0], (1_700_000_000, 1_700_000_000))
    async with opened(place.root) as page:
        await page.shown()
        await page.see(*([words] if words else []))
        assert not page.view.readable
        await page.press("a")
        await page.until(lambda: "can't be shown" in page.notice)
        await page.press("right")
        await page.label("a")
        assert place.keys[0] not in page.app.state.of(page.app.state.task)


async def test_capital_class_keys_label_nothing(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("A")
        await page.until(lambda: "CapsLock?" in page.notice)
        assert not page.app.state.of(page.app.state.task)


async def test_a_label_that_is_not_saved_is_not_shown_as_saved(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        page.app.bridge.store().database.read_only = _full()
        frame = page.frame
        await page.press("a")
        await page.until(lambda: "NOT saved" in page.notice, "the failure to be said")
        assert (page.label_of(frame), page.frame) == (None, frame)
        await page.see("1 NOT saved")
        await page.press("right")
        await page.shown()
        page.app.bridge.store().database.read_only = None
        await page.label("o")
        await page.until(lambda: page.label_of(frame) == "active", "what was not saved to be saved after all")
        assert "NOT saved" not in page.text()


async def test_what_was_not_saved_waits_although_the_same_frame_is_labelled_for_another_task(
    workspace, opened
):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        first = page.app.state.task.name
        await page.shown()
        page.app.bridge.store().database.read_only = _full()
        frame = page.frame
        await page.press("a")
        await page.see("1 NOT saved")
        await page.press("tab")
        await page.shown()
        page.app.bridge.store().database.read_only = None
        assert page.app.state.task.name != first
        assert await page.label("g") == frame
        await page.until(
            lambda: page.label_of(frame, first) == "active", "what was not saved to be saved after all"
        )


def _full():
    from core.errors import Lacking

    return Lacking("disk full — label NOT saved.", "Free some space.")


async def test_labels_of_another_session_appear(workspace, opened, cli):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        done = cli(place.root, "label", "--as", "active", place.keys[2])
        assert done.code == 0, done.err
        await page.until(lambda: page.label_of(place.keys[2]) == "active", "the other's label")
        await page.see("1/3")


async def test_no_camera_and_no_frames_say_what_to_do(workspace, opened):
    place = workspace(frames=0)
    (place.camera / "notes.txt").write_text("no frame")
    async with opened(place.root) as page:
        await page.see("There are no frames yet.", "YYYYMMDDTHHMMSS.jpg", "neither a picture nor")
        await page.press("a")
        await page.until(lambda: "no frame" in page.notice)
    (place.camera / "notes.txt").unlink()
    async with opened(place.root) as page:
        await page.see("its folder is empty", "Mount it")
    place.camera.rmdir()
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.unreachable, "the camera to be missed")
        await page.see("printer-timelapses")


@pytest.mark.parametrize("size", [(40, 16), (80, 24), (160, 48), (20, 6)])
async def test_every_size_can_be_labelled_at(workspace, opened, size):
    place = workspace(frames=3)
    async with opened(place.root, size=size) as page:
        await page.label("a")
        assert all(len(line) <= size[0] for line in page.text().split("\n"))
        for key in "VSTL":
            await page.press(key)
            await page.rest()  # the screen to be filled


async def test_resizing_asks_for_a_picture_that_fits(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.shown()
        before = page.view.box
        await page.pilot.resize_terminal(120, 40)
        await page.until(
            lambda: page.view.box != before and page.view.wanted[1] == page.view.box, "a new box"
        )
        await page.shown()
        await page.see("by", "64×36") if page.label_of(page.frame) else await page.see("64×36")


async def test_while_the_camera_is_away_no_frame_is_called_deleted(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        await page.rest()
        place.camera.rename(place.camera.with_name("unplugged"))
        page.app.screen._pictures.__init__()
        page.app.bridge.scan(again=True)
        await page.until(lambda: page.app.state.unreachable, "the camera is missed")
        await page.press("right")
        await page.see("not reachable")
