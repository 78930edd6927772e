"""Frames that are labelled without having been shown are looked at: which bytes they are, and whether they are pictures."""

from __future__ import annotations

import os
import threading

from core.workspace import Workspace
from tui import glancing


async def test_a_frame_of_a_stretch_that_is_no_whole_picture_gets_no_label_and_the_others_know_their_bytes(
    workspace, opened
):
    place = workspace(frames=6)
    cut = place.root / place.keys[2]
    old = cut.stat().st_mtime
    cut.write_bytes(cut.read_bytes()[:-40])
    os.utime(cut, (old, old))
    async with opened(place.root) as page:
        await page.shown()
        await page.press("v", "right", "right", "right", "right")
        await page.shown()
        await page.press("a")
        await page.until(lambda: "1 frame got no label: no whole picture at 08:02:00." in page.notice)
        assert page.label_of(place.keys[2]) is None
        for at in (0, 1, 3, 4):
            given = page.app.state.of(page.app.state.task)[place.keys[at]]
            assert (given.class_, given.size) == ("active", (place.root / place.keys[at]).stat().st_size)


def test_a_camera_that_hangs_holds_up_no_label(workspace, monkeypatch):
    place, answered = workspace(frames=2), threading.Event()
    monkeypatch.setattr(glancing, "glance", lambda path, root: (answered.wait(60), 1))
    try:
        looked = glancing.at(Workspace.find(place.root), place.keys, seconds=0.05)
    finally:
        answered.set()
    assert (looked.sizes, looked.unusable) == ({}, {}), "labelled all the same, bound to their bytes later"
