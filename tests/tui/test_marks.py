"""Marks and waiting entries on the Label screen: shown beside the label, and found by the filter line."""

from __future__ import annotations

import json


async def test_an_excluded_frame_shows_its_mark_and_why(workspace, opened, cli):
    place = workspace(frames=4)
    assert cli(place.root, "mark", place.keys[0], "--exclude", "a hand in it").code == 0
    assert cli(place.root, "mark", place.keys[1], "--unsure", "--note", "look again").code == 0
    async with opened(place.root, size=(120, 40)) as page:
        await page.shown()
        await page.see("⊘ excluded", "  a hand in it", "· no label", "08:00:00 ⊘ excluded")
        first = await page.label("a")
        await page.see("? unsure", "note: look again", "08:00:00 ● active ⊘")
        assert page.label_of(first) == "active", "a mark is beside the label, not in its place"
        await page.press("end")
        await page.see("no label")
        assert "unsure\n" not in page.text()
        assert cli(place.root, "mark", place.keys[3], "--unsure").code == 0
        await page.see("08:03:00 ? unsure")
    async with opened(place.root) as page:
        await page.press("home")
        await page.see("⊘ excluded · ● active")


async def test_the_filter_finds_marks_and_what_waits_for_a_decision(workspace, opened, cli):
    place = workspace(frames=5)
    assert cli(place.root, "mark", place.keys[1], "--unsure").code == 0
    (place.root / "data" / "labels.json").write_text(json.dumps({place.keys[3]: "no such class"}))
    async with opened(place.root) as page:
        await page.press("slash", *"mark:unsure", "enter")
        await page.until(
            lambda: [frame.key for frame in page.app.state.frames] == [place.keys[1]], "the marked"
        )
        await page.press("slash", *["backspace"] * 11, *"conflict", "enter")
        await page.until(
            lambda: [frame.key for frame in page.app.state.frames] == [place.keys[3]], "what waits"
        )
        await page.label("a")
        await page.press("slash", "enter")
        await page.see("No frame fits the filter")
