"""What labels would fix and break, in Versions: said with its frames, or why nothing can be; nothing goes on unseen."""

from __future__ import annotations

import threading

from core.assist import impact as core_impact
from core.assist.impact import Impact
from core.errors import Cancelled
from core.labels.sync import open_store
from core.workspace import Workspace


async def test_the_frames_that_labels_fix_and_break_are_named_and_open_in_label(
    released, opened, monkeypatch
):
    place = released()
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[:1], "active", who="Ana")
    asked = []

    def told(workspace, task, base, target, report, cancel):
        asked.append((base, target))
        return Impact(10, 3, 8, 9, (place.keys[4], place.keys[6]), (place.keys[9],))

    monkeypatch.setattr(core_impact, "impact", told)
    async with opened(place.root, size=(100, 30)) as page:
        await page.press("V", "e")
        await page.see(
            "2 fixed, 1 broken: 8 → 9 of 10 validation frames of 3 recordings right", "! 7 Nov 11:00:00"
        )
        assert "A trained network may answer otherwise" in page.text()
        base, target = asked[-1]
        assert (base.name, len(target.entries)) == ("v1", 12)
        assert {entry.split for entry in target.entries.values()} <= {"train", "validation", "embargo"}
        assert target.entries[place.keys[0]].label == "active", "the draft as it is now"
        await page.press("enter")
        await page.until(lambda: page.app.current_mode == "label", "Label")
        await page.until(lambda: len(page.app.state.frames) == 3, "those frames alone")
        assert {frame.key for frame in page.app.state.frames} == {place.keys[at] for at in (4, 6, 9)}


async def test_without_a_version_before_there_is_nothing_to_compare_with(labelled, opened):
    place = labelled()
    async with opened(place.root, size=(100, 30)) as page:
        await page.press("V", "e")
        await page.see("There is no version before it")
        await page.press("e")
        await page.until(lambda: "There is no version before it" not in page.text(), "the summary again")


async def test_it_ends_when_nobody_looks_any_more(released, opened, monkeypatch):
    place = released()
    begun, ended = threading.Event(), threading.Event()

    def slow(workspace, task, base, target, report, cancel):
        begun.set()
        try:
            while True:
                cancel.check()
                begun.wait(0.01)
        except Cancelled:
            ended.set()
            raise

    monkeypatch.setattr(core_impact, "impact", slow)
    async with opened(place.root, size=(100, 30)) as page:
        for leave in (("e",), ("L",)):
            await page.press("V", "e")
            await page.until(begun.is_set, "it to begin")
            await page.press(*leave)
            await page.until(ended.is_set, "it to end")
            begun.clear()
            ended.clear()


async def test_what_really_comes_of_it_is_said_or_why_not(released, opened):
    place = released()
    async with opened(place.root, size=(100, 30)) as page:
        await page.press("V", "e")
        await page.until(
            lambda: any(
                words in page.text() for words in ("right.", "nothing can be", "nothing tells", "Too few")
            ),
            "an answer",
        )
