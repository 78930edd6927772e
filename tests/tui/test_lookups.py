"""What lies over Label: the history of a frame, the classes with their examples, the days."""

from __future__ import annotations

import shutil
from datetime import date

import pytest

from core.labels.model import HistoryEntry
from core.labels.sync import open_store
from core.workspace import Workspace
from tui.counting import DayCount
from tui.screens.calendar import month
from tui.screens.history import history_lines

TASK = "offline-detection"


async def test_the_history_tells_who_how_and_what_was_undone(workspace, opened):
    place = workspace(frames=3)
    with open_store(Workspace.open(place.root)) as store:
        store.set(TASK, [place.keys[0]], "offline", who="Ben", how="stretch")
        store.mark(place.keys[0], who="Ben", mark="unsure")
    async with opened(place.root, size=(100, 30)) as page:
        await page.label("a")
        await page.press("u")
        await page.see("undone ● active")
        await page.press("B")
        await page.see(
            "history of 20251107T080000.jpg", "● active, was ○ offline  undone", "○ offline", "? unsure",
            "by Ben · stretch · offline-detection", "by Ana · hand · offline-detection",
        )  # fmt: skip
        text = page.text()
        assert text.index("● active, was") < text.index("? unsure") < text.index("by Ben · stretch")
        await page.press("q")
        await page.shown()


async def test_the_history_of_a_mark_shows_what_was_written_with_it(workspace, opened):
    place = workspace(frames=1)
    with open_store(Workspace.open(place.root)) as store:
        store.mark(place.keys[0], who="ana", mark="excluded", reason="a hand", note="left side")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("B")
        await page.see("excluded", "“a hand · left side”", "by ana")


async def test_a_frame_without_a_history_says_so(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root, size=(40, 16)) as page:
        await page.shown()
        await page.press("B")
        await page.see("Nothing was labelled or marked here")
        await page.press("escape")
        await page.shown()


async def test_the_history_follows_what_another_session_does(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("B")
        await page.see("Nothing was labelled")
        with open_store(Workspace.open(place.root)) as store:
            store.set(TASK, [place.keys[0]], "offline", who="Ben")
        await page.see("○ offline", "by Ben · hand")


def test_the_machine_is_named_where_it_was_another(state):
    entries = (
        HistoryEntry(7, "2025-11-07T08:00:00+00:00", "Ana", "hand", TASK, None, "active", False, "cellar"),
    )
    lines = [line.plain for line in history_lines(state, entries, 70)]
    assert "by Ana · hand on cellar · offline-detection" in lines[1]


def test_what_was_undone_is_struck_through(state):
    entries = (HistoryEntry(7, "2025-11-07T08:00:00+00:00", "Ana", "hand", TASK, None, "active", True),)
    first = history_lines(state, entries, 70)[0]
    assert any("strike" in str(span.style) for span in first.spans)
    assert "undone" in first.plain


@pytest.fixture
def state(workspace):
    from tui.state import State

    ws = Workspace.open(workspace(frames=1).root)
    return State(ws, ws.task(None), "printer-timelapses")


@pytest.mark.parametrize("size", [(80, 24), (40, 16), (160, 48)])
async def test_the_calendar_shows_a_month_and_opens_a_day(workspace, opened, size):
    place = workspace(frames=4)
    other = place.root / "printer-timelapses" / "20251109" / "20251109T110000.jpg"
    other.parent.mkdir()
    shutil.copy(place.root / place.keys[0], other)
    with open_store(Workspace.open(place.root)) as store:
        store.set(TASK, place.keys[:2], "offline", who="Ben")
    async with opened(place.root, size=size) as page:
        await page.shown()
        await page.press("y")
        await page.see("November 2025", "Mon", "Sun", "Fri 7 Nov", "4 frames · 2 labelled")
        assert all(len(line) <= size[0] for line in page.text().split("\n"))
        await page.press("right")
        await page.see("Sat 8 Nov no frames")
        await page.press("enter")
        await page.see("Sat 8 Nov no frames")
        await page.press("right", "enter")
        await page.until(lambda: page.frame.endswith("20251109T110000.jpg"), "the day's first frame")
        await page.shown()


async def test_the_calendar_goes_through_the_months(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("y", "pageup")
        await page.see("October 2025", "no frames")
        await page.press("pagedown", "pagedown")
        await page.see("December 2025")
        await page.press("up", "up", "up", "up")
        await page.see("November 2025")
        await page.press("escape")
        await page.shown()


def test_a_day_has_its_prints_and_those_that_failed_in_words():
    found = {date(2025, 11, 7): DayCount("k", 1440, 1440, 720, 6, 2)}
    wide = month(date(2025, 11, 7), found, 76, 22).plain
    assert "▸ 7▄" in wide
    assert "50 %" in wide
    assert "6p ✗2" in wide
    assert "1 440 frames · 720 labelled · 6 prints · ✗ 2 failed" in wide.replace("\u202f", " ").replace(
        "\xa0", " "
    )
    narrow = month(date(2025, 11, 7), found, 36, 10).plain.split("\n")
    assert max(map(len, narrow)) <= 36
    assert len(narrow) <= 10
    assert narrow[-1].strip() == "6 prints · ✗ 2 failed"


async def test_the_classes_are_told_at_any_size(workspace, opened):
    place = workspace(frames=2)
    with open_store(Workspace.open(place.root)) as store:
        store.set(TASK, [place.keys[0]], "offline", who="Ben")
        store.mark(place.keys[0], who="Ben", example="offline", task=TASK)
    async with opened(place.root, size=(40, 16)) as page:
        await page.shown()
        await page.press("i")
        await page.see("○ offline  1 frame", "7 Nov 08:00", "● active  0 frames", "no example: * pins one")
        assert "▀" not in page.text()
        await page.press("escape")
        await page.shown()
