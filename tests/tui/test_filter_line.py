"""The filter line as it is written, completed, refused and taken; and where t goes."""

from __future__ import annotations

import shutil
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from core.labels.sync import open_store
from core.workspace import Workspace
from tui.widgets.ask_line import AskLine, word_begin

TASK = "offline-detection"


def label(place, labels, who="Ana"):
    with open_store(Workspace.open(place.root)) as store:
        store.set_many(TASK, labels, how="hand", who=who, what="by hand")


def line(page) -> AskLine:
    return page.app.screen.query_one(AskLine)


async def typed(page, text):
    await page.press(*({" ": "space", ":": "colon", "!": "exclamation_mark"}.get(c, c) for c in text))


async def test_tab_and_the_arrow_complete_and_candidates_are_shown(workspace, opened):
    place = workspace(frames=4)
    label(place, {place.keys[1]: "active"})
    async with opened(place.root, size=(100, 30)) as page:
        await page.shown()
        await page.press("slash")
        await typed(page, "la")
        await page.see("tab label:  label")
        await page.press("tab")
        assert line(page).value == "label:"
        await page.see("label:offline  label:active")
        await typed(page, "a")
        await page.press("right")
        assert line(page).value == "label:active "
        await typed(page, "!da")
        await page.press("tab")
        assert line(page).value == "label:active !day:"
        await page.see("!day:20251107")
        await page.press("tab", "enter")
        await page.see("No frame fits the filter")


async def test_a_name_with_a_space_is_completed_in_quotes(workspace, opened):
    place = workspace(frames=3)
    label(place, {place.keys[1]: "active"}, who="Ana Maria")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("slash")
        await typed(page, "by:an")
        await page.press("tab", "enter")
        await page.until(lambda: page.app.state.filter == 'by:"Ana Maria"', "the filter")
        await page.until(lambda: [f.key for f in page.app.state.frames] == [place.keys[1]], "her frame")


async def test_an_error_names_the_column_and_the_cursor_goes_there(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("slash")
        await typed(page, "label pred:x")
        await page.press("enter")
        await page.until(lambda: "column 7" in page.notice)
        assert line(page).display
        assert line(page).cursor_position == 6
        assert page.app.state.filter == ""
        await page.press("escape")
        assert not line(page).display


async def test_the_filter_is_found_while_keys_work_and_frames_stay_until_then(workspace, opened):
    place = workspace(frames=9)
    label(place, dict.fromkeys(place.keys[3:6], "active"))
    async with opened(place.root) as page:
        await page.shown()
        await page.rest()
        sorter = page.app.sorter
        sorter.filter("label:active")
        assert len(page.app.state.frames) == 9, "nothing is looked through before the key is done with"
        assert page.app.state.filtering
        await page.until(lambda: len(page.app.state.frames) == 3, "the frames")
        sorter.filter("!label")
        sorter.filter("label:active 08:04-08:04")
        await page.until(
            lambda: [f.key for f in page.app.state.frames] == [place.keys[4]], "the last one asked"
        )
        await page.rest()
        assert len(page.app.state.frames) == 1, "the one before does not come after"


async def test_a_filter_of_another_task_is_lifted_with_the_task(workspace, opened):
    place = workspace(frames=4)
    label(place, {place.keys[0]: "active"})
    async with opened(place.root) as page:
        await page.shown()
        await page.press("slash")
        await typed(page, "label:active")
        await page.press("enter")
        await page.until(lambda: len(page.app.state.frames) == 1, "the filter")
        await page.press("tab")
        await page.until(lambda: len(page.app.state.frames) == 4, "all frames")
        assert page.app.state.filter == ""


@pytest.mark.parametrize(
    ("words", "at"),
    [("08:02", 2), ("7 Nov 08:01", 1), ("20251108", 4), ("8 Nov 11:01:30", 6), ("08:59", 3)],
)
async def test_t_goes_to_a_day_or_a_time(workspace, opened, words, at):
    place = workspace(frames=4)
    keys = list(place.keys)
    for minute in range(3):
        source = place.root / place.keys[minute]
        other = source.parent.with_name("20251108") / f"20251108T110{minute}00.jpg"
        other.parent.mkdir(exist_ok=True)
        shutil.copy(source, other)
        keys.append(str(other.relative_to(place.root)))
    async with opened(place.root) as page:
        await page.shown()
        await page.press("t")
        await typed(page, words)
        await page.press("enter")
        assert page.frame == keys[at]
        assert ("nearest" in page.notice) == (words == "08:59")


async def test_t_says_what_it_does_not_understand_and_keeps_the_line(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("t")
        await typed(page, "soon")
        await page.press("enter")
        await page.until(lambda: "“soon” is no day" in page.notice)
        assert line(page).display


@given(st.lists(st.text("ab:!\"' ", max_size=6), max_size=4).map(" ".join), st.integers(0, 30))
def test_a_word_begins_at_or_before_the_cursor_and_holds_no_bare_space(text, at):
    at = min(at, len(text))
    begin = word_begin(text, at)
    assert 0 <= begin <= at
    word = text[begin:at]
    if '"' not in word and "'" not in word:
        assert " " not in word


async def test_a_line_takes_what_a_slow_line_brings_at_once_whatever_it_begins_with(workspace, opened):
    """The keys come within a millisecond, as in one packet; elsewhere what follows `[` so soon is no person's."""
    place = workspace(frames=2)
    async with opened(place.root, size=(100, 30)) as page:
        await page.shown()
        await page.press("slash")
        at = monotonic()
        for letter in "a[b^cd":
            event = events.Key(
                {"[": "left_square_bracket", "^": "circumflex_accent"}.get(letter, letter), letter
            )
            event.time = at
            page.app.post_message(event)
        await page.until(lambda: line(page).value == "a[b^cd")
