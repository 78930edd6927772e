"""The onset of a change found by answering for a few frames."""

from __future__ import annotations

import os
from math import ceil, log2

from core.labels.sync import open_store
from core.workspace import Workspace


async def searched(page, place, truth):
    """Answer as `truth` (a letter a frame) says until the bisection is left; return the number of answers."""
    answers = 0
    while page.bisecting:
        await page.shown()
        await page.answer(truth[place.keys.index(page.frame)])
        answers += 1
        assert answers < 40
    return answers


async def test_an_onset_is_found_in_few_looks_and_both_sides_are_one_step(workspace, opened, stored):
    place = workspace(frames=100)
    truth = "o" * 37 + "a" * 63
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        await page.see("bisect 08:00–09:39 · 100 frames")
        answers = await searched(page, place, truth)
        assert answers <= ceil(log2(100)) + 2
        assert page.frame == place.keys[37], "the onset is shown"
        await page.see("offline → active at 08:37:00")
        await page.press("u")
        await page.until(lambda: page.label_of(place.keys[50]) is None, "the whole step to be undone")
        await page.press("ctrl+r")
        await page.until(lambda: page.label_of(place.keys[50]) == "active", "redo to give it back")
    assert stored(place) == truth


async def test_the_last_answer_is_taken_back_inside_and_without_one_it_is_left(workspace, opened, stored):
    place = workspace(frames=40)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        await page.see("at most")
        asked = []
        for letter in "oao":
            await page.shown()
            asked.append(page.frame)
            await page.answer(letter)
        await page.press("u")
        await page.until(lambda: page.frame == asked[2], "the third frame again")
        await page.press("u", "u")
        assert page.frame == asked[0]
        await page.press("u")
        assert "at most" not in page.text()
    assert stored(place) == "·" * 40, "nothing is written before all is known"


async def test_an_answer_counts_for_the_frame_that_is_asked_about_only(workspace, opened, stored):
    place = workspace(frames=40)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        await page.shown()
        asked = page.frame
        await page.press("right")
        await page.shown()
        await page.press("a")
        await page.until(lambda: "Not counted" in page.notice)
        assert page.frame == asked
        await page.press("escape")
    assert stored(place) == "·" * 40


async def test_labels_inside_stay_and_only_what_is_open_is_asked_about(workspace, opened, stored):
    place = workspace(frames=40)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[:8], "offline", who="Ana", how="stretch")
        store.set("offline-detection", [place.keys[30]], "active", who="Ana")
    async with opened(place.root) as page:
        await page.press("home", *["down"] * 3)
        await page.shown()
        assert page.frame == place.keys[30], "a lone label"
        await page.press("b")
        await page.see("bisect 08:08–08:39 · 32 frames")
        answers = await searched(page, place, "o" * 21 + "a" * 19)
        assert answers <= 6
    with open_store(Workspace.open(place.root)) as store:
        assert store.get("offline-detection", place.keys[30]).how == "hand", "a label that was there is kept"
    assert stored(place) == "o" * 21 + "a" * 19


async def test_what_is_marked_is_asked_about_anew_and_covered(workspace, opened, stored):
    place = workspace(frames=24)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[:6], "offline", who="Ana", how="stretch")
        store.set("offline-detection", place.keys[6:], "active", who="Ana", how="stretch")
    truth = "o" * 13 + "a" * 11
    async with opened(place.root) as page:
        await page.press("home", "right", "right", "v", "down", "down", "b")
        await page.see("bisect 08:02–08:22 · 21 frames")
        answers = await searched(page, place, truth)
        assert answers <= 6
        await page.press("u")
        await page.until(lambda: page.label_of(place.keys[8]) == "active", "what was covered to be back")
        await page.press("ctrl+r")
        await page.until(lambda: page.label_of(place.keys[8]) == "offline", "redo")
    assert stored(place) == truth


async def test_a_frame_that_cannot_be_read_is_skipped_to_its_neighbour(workspace, opened, stored):
    place = workspace(frames=30)
    (place.root / place.keys[14]).write_bytes(b"<html>no picture</html>")
    os.utime(place.root / place.keys[14], (1_700_000_000, 1_700_000_000))
    truth = "o" * 17 + "a" * 13
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        asked = []
        while page.bisecting:
            await page.until(
                lambda: page.view.readable and page.view.drawn == page.frame, "a frame that can be read"
            )
            asked.append(place.keys.index(page.frame))
            await page.answer(truth[asked[-1]])
        assert 14 not in asked
        assert {13, 15} & set(asked), "its neighbour was asked about"
    assert stored(place) == truth[:14] + "·" + truth[15:], "what is no picture gets no label"


async def test_what_another_session_labels_meanwhile_is_known_and_stays(workspace, opened, stored, cli):
    place = workspace(frames=60)
    truth = "o" * 25 + "a" * 35
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        for _ in range(2):
            await page.answer(truth[place.keys.index(page.frame)])
        asked = page.frame
        done = cli(place.root, "label", "--who", "Ben", "--as", "active", *place.keys[28:40])
        assert done.code == 0, done.err
        await page.until(lambda: page.frame != asked, "another frame to be asked about")
        assert place.keys.index(page.frame) < 28
        await searched(page, place, truth)
    with open_store(Workspace.open(place.root)) as store:
        assert store.get("offline-detection", place.keys[29]).who == "Ben"
    assert stored(place) == truth


async def test_who_leaves_midway_goes_on_with_the_answers_given(workspace, opened, stored):
    place = workspace(frames=100)
    truth = "o" * 37 + "a" * 63
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        for _ in range(4):
            await page.shown()
            await page.answer(truth[place.keys.index(page.frame)])
        await page.press("tab")
        await page.see("Bisection left: 4 answers kept")
        await page.press("tab")
        await page.shown()
        await page.press("b")
        await page.see("4 answers of before counted")
        await page.shown()
        await page.answer(truth[place.keys.index(page.frame)])
        await page.press("q")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        await page.see("5 answers of before counted")
        answers = await searched(page, place, truth)
        assert answers <= ceil(log2(100)) + 2 - 5
        await page.see("offline → active at 08:37:00")
        await page.press("u")
        await page.until(lambda: page.label_of(place.keys[50]) is None, "the whole step to be undone")
        await page.press("b")
        await page.see("at most")
        assert "of before" not in page.notice, "what was painted is over"
        await page.press("b")
    assert stored(place) == "·" * 100
