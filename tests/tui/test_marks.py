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


def _in_conflict(place, *frames):
    """Let the label file say of these frames what a merge leaves of two sides."""
    both = {"ours": "active", "theirs": "offline"}
    (place.root / "data" / "labels.json").write_text(json.dumps(dict.fromkeys(frames, both)))


async def test_a_conflict_shows_both_sides_on_its_frame_until_a_class_key_decides(workspace, opened):
    place = workspace(frames=4)
    _in_conflict(place, place.keys[0])
    async with opened(place.root) as page:
        await page.shown()
        await page.see("≠ conflict: ours active, theirs offline · a class key decides")
        await page.pilot.resize_terminal(40, 16)
        await page.see("≠ ours active, theirs offline")
        await page.pilot.resize_terminal(160, 48)
        await page.see("≠ conflict", "  ours active", "  theirs offline", "  a class key decides")
        await page.label("o")
        await page.press("home")
        await page.shown()
        await page.until(lambda: "≠" not in page.text(), "nothing to decide any more")
        await page.press("u")
        await page.see("≠ conflict", "  theirs offline")


async def test_a_mark_on_which_two_sides_differ_shows_on_its_frame(workspace, opened):
    place = workspace(frames=2)
    sides = {"ours": {"mark": "excluded", "reason": "a hand, which hides the printer"}, "theirs": None}
    (place.root / "data" / "marks.json").write_text(json.dumps({place.keys[0]: sides}))
    async with opened(place.root) as page:
        await page.see("≠ conflict: ours excluded a hand", "theirs nothing")
        await page.pilot.resize_terminal(160, 48)
        await page.see("≠ conflict", "  theirs nothing", "  a mark decides")


async def test_what_waits_is_told_when_it_comes_and_not_when_some_of_it_is_decided(workspace, opened):
    place = workspace(frames=4)
    _in_conflict(place, *place.keys[:2])
    async with opened(place.root, toasts=True) as page:
        await page.until(lambda: "2 entries waiting" in page.told, "the word on opening")
        await page.label("a")
        await page.until(lambda: "theirs" not in _entry(place, 0), "the file to be written")
        await page.rest()
        assert "1 entry" not in page.told
        assert "theirs" in _entry(place, 1)


def _entry(place, at):
    return str(json.loads((place.root / "data" / "labels.json").read_bytes()).get(place.keys[at]))
