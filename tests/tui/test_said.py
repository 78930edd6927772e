"""What is said in passing: short, few at a time, away from the facts and the day, and gone with the next key."""

from __future__ import annotations

import pytest
from textual.widgets._toast import Toast  # there is no public name for what a notification is drawn as

from tui import careful
from tui.screens.label import LabelScreen
from tui.widgets.day_bar import DayBar


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 48)])
async def test_it_covers_neither_the_facts_nor_the_day(workspace, opened, size):
    place = workspace(frames=4)
    async with opened(place.root, size=size, toasts=True) as page:
        await page.shown()
        page.app.tell(["A label file was changed outside.", "Another line about it."], title="Label files")
        await page.see("Label files", "Another line about it.")
        toast = page.app.screen.query_one(Toast).region
        screen = page.app.screen
        assert isinstance(screen, LabelScreen)
        names = ["#facts", "#just"] if screen.has_class("-roomy") else ["#just-line", "#frame-bottom"]
        for there in (*names, DayBar):
            assert not toast.overlaps(screen.query_one(there).region), there
        assert toast.area > 0


async def test_few_at_a_time_none_twice_and_a_key_takes_them_away(workspace, opened, monkeypatch):
    place = workspace(frames=4)
    async with opened(place.root, toasts=True) as page:
        await page.shown()
        for what in ("one", "two", "two", "three"):
            page.app.tell([f"number {what}"])
        await page.until(lambda: page.told.count("number") == 2, "two of them")
        assert "number one" not in page.told
        page.app.tell([f"line {at}" for at in range(9)], title="Many")
        await page.see("line 2", "… and 6 more")
        assert "line 3" not in page.text()
        await page.press("right")
        assert page.told, "what was said just now stays"
        monkeypatch.setattr(careful, "_READ_S", 0.0)
        await page.press("right")
        await page.until(lambda: not page.told, "nothing to be said any more")
        assert "line 2" not in page.text()
