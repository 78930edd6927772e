"""`enter` on a frame that Versions or Training names shows it in Label, and the letter of the screen comes back."""

from __future__ import annotations

import json

from tests.tui import test_trainings as trained
from tui.screens.label import LabelScreen


async def test_a_changed_frame_of_versions_opens_in_label(labelled, opened):
    place = labelled()
    async with opened(place.root) as page:
        await page.press("slash", *"label:active", "enter")
        await page.press("V")
        await page.see("+12 added")
        await page.press("f")
        await page.see("12 frames that change", "open it")
        await page.press(*["down"] * 4)
        await page.until(lambda: any("▸" in line and "added" in line for line in page.text().split("\n")))
        await page.press("enter")
        await page.until(lambda: isinstance(page.app.screen, LabelScreen), "Label")
        assert page.frame == place.keys[4], "the filter that hides it is lifted"
        await page.shown()
        await page.press("V")
        await page.see("12 frames that change")


async def test_a_frame_that_a_training_got_wrong_opens_in_label(workspace, opened, monkeypatch):
    place = workspace(frames=4)
    results = json.loads(json.dumps(trained.RESULTS))
    gone = "printer-timelapses/20240101/20240101T080000.jpg"
    results["wrong"] = [
        {"file_name": "active/a.jpg", "frame": key, "label": "active", "answer": "offline", "confidence": 0.7}
        for key in (place.keys[1], place.keys[3], gone)
    ]
    monkeypatch.setattr(trained, "RESULTS", results)
    trained._run(place.root, over=True)
    async with opened(place.root, size=(100, 30)) as page:
        await page.press("T")
        await page.see("finished")
        await page.press("d")
        await page.see("3 frames it got wrong", "open it")
        await page.press("down")
        await page.press("enter")
        await page.until(lambda: isinstance(page.app.screen, LabelScreen), "Label")
        assert page.frame == place.keys[3]
        assert page.app.state.task.name == "offline-detection"
        await page.shown()
        await page.press("T")
        await page.see("3 frames it got wrong")
        await page.press("down", "enter")
        await page.until(lambda: "no camera here has it" in page.told, "why not")
        assert not isinstance(page.app.screen, LabelScreen)


async def test_on_a_phone_the_chosen_frame_of_a_long_list_is_seen(workspace, opened, monkeypatch):
    place = workspace(frames=4)
    results = json.loads(json.dumps(trained.RESULTS))
    results["wrong"] = [
        {"file_name": "active/a.jpg", "frame": f"p/20251107/20251107T08{at:02}00.jpg", "label": "active",
         "answer": "offline", "confidence": 0.7}
        for at in range(30)
    ]  # fmt: skip
    monkeypatch.setattr(trained, "RESULTS", results)
    trained._run(place.root, over=True)
    async with opened(place.root, size=(40, 16)) as page:
        await page.press("T")
        await page.see("finished", "└")
        await page.press("d")
        await page.see("on frames it never")
        for at in (1, 2, 3):
            await page.press("down")
            await page.until(lambda at=at: f"▸7 Nov 08:{at:02}:00" in page.text(), "the chosen frame")
        await page.press("up")
        await page.until(lambda: "▸7 Nov 08:02:00" in page.text(), "the frame before")
