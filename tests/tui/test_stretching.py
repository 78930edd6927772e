"""Many frames labelled at once: a stretch marked by moving, its ends moved, a gap filled, what the model said accepted."""

from __future__ import annotations

import pytest

from core.labels.sync import open_store
from core.workspace import Workspace


def classes(place, task="offline-detection"):
    """What the store holds, as a person would tell it: one letter a frame, · for none."""
    with open_store(Workspace.open(place.root)) as store:
        found = store.classes(task)
    return "".join(found.get(key, "·")[0] for key in place.keys)


async def painted(page, keys, class_):
    """Wait until these frames have a class on the screen."""
    await page.until(lambda: [page.label_of(key) for key in keys] == [class_] * len(keys), f"{class_} on {keys}")


async def test_a_stretch_is_marked_painted_as_one_step_and_taken_back(workspace, opened):
    place = workspace(frames=8)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("right", "v")
        await page.see("stretch 08:01 · 1 frame")
        await page.press("right", "right", "right")
        await page.see("stretch 08:01–08:04 · 4 frames")
        await page.shown()
        await page.press("a")
        await painted(page, place.keys[1:5], "active")
        await page.see("● active × 4")
        assert "stretch 08:0" not in page.text(), "the stretch is left once it is painted"
        assert page.label_of(place.keys[0]) is page.label_of(place.keys[5]) is None
        await page.press("u")
        await painted(page, place.keys, None)
    with open_store(Workspace.open(place.root)) as store:
        assert [entry.how for entry in store.history(place.keys[2])] == ["stretch", "undo"]
