"""The verdict on a whole print: fine in two keys, failed from an onset on, not sure, a name."""

from __future__ import annotations

import pytest

from core.labels.sync import open_store
from core.workspace import Workspace

FAILED = "failed-print-detection"


@pytest.fixture
def printing(workspace):
    """A workspace with two hours of frames of which the printer is active in the middle: frames 4 to 27 of 32."""

    def make():
        place = workspace(frames=32)
        ws = Workspace.open(place.root)
        with open_store(ws) as store:
            store.set(
                "offline-detection", place.keys[:4] + place.keys[28:], "offline", who="Ana", how="stretch"
            )
            store.set("offline-detection", place.keys[4:28], "active", who="Ana", how="stretch")
        return place

    return make


async def at_print(page, at):
    """Go to the task about prints, and to a frame."""
    await page.press("tab")
    await page.see(FAILED)
    await page.press("home", *["right"] * at)
    await page.shown()


async def test_this_print_was_fine_takes_two_keys(printing, opened, stored):
    place = printing()
    async with opened(place.root) as page:
        await at_print(page, 8)
        await page.press("r")
        await page.see("print 1 · 08:04–08:27 · 24 frames")
        await page.see("f failed: its onset", "g fine")
        await page.press("g")
        await page.until(lambda: page.label_of(place.keys[20]) == "good", "the print to be good")
        await page.see("saved ○ good × 24")
        await page.press("u")
        await page.until(
            lambda: page.label_of(place.keys[20]) is None, "the verdict to be taken back as one step"
        )
        await page.press("ctrl+r")
        await page.until(lambda: page.label_of(place.keys[20]) == "good", "and to be given again")
    assert stored(place, FAILED) == "·" * 4 + "g" * 24 + "·" * 4, (
        "frames on which nothing is printed have no verdict"
    )


async def test_frames_labelled_otherwise_are_shown_first_and_stay(printing, opened, stored):
    place = printing()
    with open_store(Workspace.open(place.root)) as store:
        store.set(FAILED, place.keys[10:12], "failed", who="Ana")
    async with opened(place.root) as page:
        await at_print(page, 8)
        await page.press("r", "g")
        await page.see("2 frames labelled otherwise", "22 become")
        assert page.frame == place.keys[10]
        assert page.label_of(place.keys[20]) is None, "nothing was painted yet"
        await page.shown()
        await page.press("g")
        await page.until(lambda: page.label_of(place.keys[20]) == "good", "the rest to be good")
        assert "here is one" not in page.text()
    assert stored(place, FAILED) == "·" * 4 + "g" * 6 + "ff" + "g" * 16 + "·" * 4


async def test_a_failed_print_is_searched_for_its_onset(printing, opened, stored):
    place = printing()
    onset = 19
    async with opened(place.root) as page:
        await at_print(page, 8)
        await page.press("r", "f")
        looks = 0
        while page.bisecting:
            await page.answer("f" if place.keys.index(page.frame) >= onset else "g")
            looks += 1
        assert looks <= 5
        await page.until(lambda: "good → failed at 08:19:00" in page.notice)
    assert stored(place, FAILED) == "·" * 4 + "g" * 15 + "f" * 9 + "·" * 4


async def test_a_print_that_failed_from_its_first_frame_is_said_so_and_the_next_one_follows(
    printing, opened, stored
):
    place = printing()
    async with opened(place.root) as page:
        await at_print(page, 8)
        await page.press("r", "f")
        while page.bisecting:
            await page.answer("f")
        assert page.notice == "Found: failed from its first frame · 24 frames · 4 looks"
        await page.until(
            lambda: page.frame == place.keys[27], "its end, as after any verdict where nothing else waits"
        )
        await page.press("u")
        await page.until(lambda: page.label_of(place.keys[20]) is None, "one step")
        await page.press(*["left"] * 8, "r", "f")
        while page.bisecting:
            await page.answer("g")
        await page.until(lambda: "good to its last frame · 24 frames" in page.notice)
    assert stored(place, FAILED) == "·" * 4 + "g" * 24 + "·" * 4


async def test_a_print_may_be_unsure_and_have_a_name(printing, opened, stored):
    place = printing()
    async with opened(place.root) as page:
        await at_print(page, 8)
        await page.press("r", "i", *"benchy", "enter")
        await page.see("print 1 benchy")
        await page.press("w")
        await page.until(lambda: page.app.state.mark(place.keys[20]), "the print to be marked")
        assert "print 1 benchy" not in page.text()
        assert {page.app.state.mark(key).mark for key in place.keys[4:28]} == {"unsure"}
        assert page.app.state.mark(place.keys[0]).note == "benchy", "a name is the recording's"
        assert page.app.state.mark(place.keys[2]) is None
    assert stored(place, FAILED) == "·" * 32


async def test_a_print_has_its_name_though_the_camera_deleted_its_first_frame(printing, opened, stored):
    place = printing()
    async with opened(place.root) as page:
        await at_print(page, 8)
        await page.press("r", "i", *"benchy", "enter")
        await page.see("print 1 benchy")
    (place.root / place.keys[0]).unlink()
    async with opened(place.root) as page:
        await at_print(page, 8)
        await page.press("r")
        await page.see("print 1 benchy")


async def test_a_frame_of_no_print_says_so_and_esc_leaves(printing, opened, stored):
    place = printing()
    async with opened(place.root) as page:
        await at_print(page, 2)
        await page.press("r")
        await page.until(lambda: "No print here" in page.notice)
        await page.press(*["right"] * 4, "r")
        await page.see("print 1")
        await page.press("escape")
        assert "print 1 " not in page.text()
        await page.shown()
        await page.label("g")
    assert stored(place, FAILED).count("g") == 1, "after esc a class key labels one frame again"


async def test_a_search_asks_about_frames_that_count_for_the_task_and_says_when_those_are(
    workspace, opened, stored
):
    place = workspace(frames=32)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[:4], "offline", who="Ana", how="stretch")
        store.set("offline-detection", place.keys[10:20], "active", who="Ana", how="stretch")
    async with opened(place.root) as page:
        await at_print(page, 12)
        await page.press("b")
        await page.see("bisect 08:10–08:19 · 10 frames")
        while page.bisecting:
            assert 10 <= place.keys.index(page.frame) < 20
            await page.answer("f" if place.keys.index(page.frame) >= 16 else "g")
        await page.until(lambda: "good → failed at 08:16:00" in page.notice)
    assert stored(place, FAILED) == "·" * 10 + "g" * 6 + "f" * 4 + "·" * 12
