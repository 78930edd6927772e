"""The onset of a change found by answering for a few frames."""

from __future__ import annotations

from math import ceil, log2

from core.labels.sync import open_store
from core.workspace import Workspace


def classes(place, task="offline-detection"):
    """What the store holds: one letter a frame, · for none."""
    with open_store(Workspace.open(place.root)) as store:
        found = store.classes(task)
    return "".join(found.get(key, "·")[0] for key in place.keys)


async def searched(page, place, truth, task=None):
    """Answer as `truth` (a letter a frame) says until the bisection is left; return the number of answers."""
    answers = 0
    while "at most " in page.text():
        await page.shown()
        frame = page.frame
        letter = truth[place.keys.index(frame)]
        before = page.text()
        await page.press(letter)
        answers += 1
        await page.until(lambda: page.frame != frame or page.text() != before, "an answer to be taken")
        await page.until(lambda: not page.app.screen.desk.saving, "the step to be saved")
        assert answers < 40
    return answers


async def test_an_onset_is_found_in_few_looks_and_both_sides_are_one_step(workspace, opened):
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
    assert classes(place) == truth
