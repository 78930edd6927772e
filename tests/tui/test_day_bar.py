"""The bars of the day: which rows there are, what a cell says, how near they look, and that only what is shown is looked at."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames.index import Frame
from core.settings import Settings, tasks_of
from tui import bars
from tui.plain import ascii_of
from tui.tools import watching
from tui.widgets.day_bar import DayBar
from tui.widgets.filmstrip import Filmstrip
from tui.widgets.frame_list import FrameList

TASK = next(iter(tasks_of(Settings()).values()))
MIDNIGHT = datetime(2025, 11, 7)


def _frames(number: int, every: timedelta = timedelta(minutes=1), begin: datetime = MIDNIGHT) -> list[Frame]:
    return [Frame(f"cam/{at:06}.jpg", "cam", begin + at * every, 0, 0) for at in range(number)]


def _bar(page) -> list[str]:
    """The bars' lines as they stand on the screen."""
    region = page.app.screen.query_one(DayBar).content_region
    return [line[region.x : region.right] for line in page.text().split("\n")[region.y : region.bottom]]


def _row(page, name: str) -> str:
    return next((line[8:] for line in _bar(page) if line.startswith(f" {name} ")), "")


async def test_a_row_is_there_when_there_is_something_to_show(workspace, opened, monkeypatch):
    place = workspace(frames=6, every=60 * 60)
    monkeypatch.setattr(watching, "REST_S", 3600.0)
    async with opened(place.root, size=(160, 48)) as page:
        await page.shown()
        assert [line.split()[0] for line in _bar(page)[1:] if line.strip()] == ["label"]
        high = page.view.region.height
        said = {key: {"label": "active", "confidence": 0.99 - 0.1 * at} for at, key in enumerate(place.keys)}
        (place.root / "data" / "predictions.json").write_text(json.dumps(said))
        await page.until(lambda: _row(page, "sure"), "the model's rows")
        assert set(_row(page, "model").strip()) == {"█"}
        heights = [char for char in _row(page, "sure") if char != " "]
        assert heights == sorted(heights, reverse=True)
        assert heights[0] == "█"
        assert not _row(page, "change")
        assert page.view.region.height == high, "the picture keeps its size"


async def test_changes_are_measured_after_a_rest_and_become_rows_and_facts(workspace, opened, monkeypatch):
    place = workspace(frames=6, every=60 * 60)
    monkeypatch.setattr(watching, "REST_S", 0.01)
    async with opened(place.root, size=(160, 48)) as page:
        await page.until(lambda: _row(page, "change").strip() and _row(page, "light").strip(), "the rows")
        await page.see("change ", " light ")
        await page.rest()  # all to be measured
        shown = len(_row(page, "label").replace(" ", ""))
        await page.until(lambda: len(_row(page, "light").replace(" ", "")) == shown, "a cell for each frame")
        assert "%" not in _bar(page)[0]


async def test_two_rows_at_80x24_and_none_on_a_phone(workspace, opened, monkeypatch):
    place = workspace(frames=6, every=60 * 60)
    monkeypatch.setattr(watching, "REST_S", 0.01)
    async with opened(place.root) as page:
        await page.until(lambda: _row(page, "change"), "the change")
        assert len(_bar(page)) == 3
        said = {key: {"label": "active", "confidence": 0.9} for key in place.keys}
        (place.root / "data" / "predictions.json").write_text(json.dumps(said))
        await page.until(lambda: _row(page, "model"), "the model instead of the change")
        assert len(_bar(page)) == 3
        await page.pilot.resize_terminal(40, 16)
        await page.shown()
        assert not any(line.startswith((" label ", " model ")) for line in page.text().split("\n"))
        await page.label("a")


async def test_the_bars_look_nearer_and_farther_and_stay_so(workspace, opened):
    place = workspace(frames=30)
    async with opened(place.root, size=(160, 48)) as page:
        await page.label("a")
        await page.until(lambda: page.app.state.starts, "the recordings")
        day = len(_row(page, "label").strip())
        await page.press("plus")
        await page.see("06–12 h")
        hours = len(_row(page, "label").strip())
        await page.press("plus")
        await page.see("recording 08:00–08:29")
        assert day < hours < len(_row(page, "label").strip())
        await page.press("plus")
        await page.until(lambda: "nearest" in page.notice)
        await page.press("q")
    async with opened(place.root, size=(160, 48)) as page:
        await page.see("recording 08:00–08:29")
        await page.press("minus", "minus")
        await page.see("─ day ─")
        await page.press("minus")
        await page.until(lambda: "whole day" in page.notice)


async def test_the_scale_shows_the_cursor_and_where_its_stretch_begins_and_ends(workspace, opened):
    place = workspace(frames=30)
    async with opened(place.root, size=(160, 48)) as page:
        for key in "aaaooo":
            await page.label(key)
        await page.until(lambda: page.app.state.starts, "the recordings")
        await page.press("plus", "plus", "home", "right", "right", "right", "right")
        await page.shown()
        scale = _bar(page)[0]
        assert scale.index("[") < scale.index("▾") < scale.index("]")
        label = _bar(page)[1]
        stretch = label[scale.index("[") : scale.index("]") + 1]
        assert set(stretch) == {"░"}, "the brackets hold the stretch of one class"
        await page.press("v", "right", "right")
        await page.until(lambda: "━" in _bar(page)[0], "what is marked")


@given(
    kind=st.sampled_from(bars.ZOOMS),
    width=st.integers(12, 150),
    marks=st.lists(st.integers(0, 1439), min_size=5, max_size=5),
    marking=st.booleans(),
)
def test_no_sign_of_the_scale_leaves_half_of_a_number(kind, width, marks, marking):
    cursor, *ends = (MIDNIGHT + timedelta(minutes=at) for at in marks)
    stretch, marked = tuple(sorted(ends[:2])), tuple(sorted(ends[2:]))
    span = bars.span_of(kind, cursor, stretch)
    said = bars.scale(span, width, cursor, stretch, marked if marking else None).plain
    plain = bars.scale(span, width, None).plain
    assert len(said) == len(plain) == width
    for word in re.finditer(r"[0-9:]+", said):
        assert plain[word.start() : word.end()] == word[0]
        assert re.fullmatch(r"[0-9]{2}(:[0-9]{2})?", word[0])
    if span.begin <= cursor < span.end:
        assert said[span.column(cursor, width)] == "▾"


async def test_which_span_the_bars_show_is_named_beside_the_hours(workspace, opened):
    place = workspace(frames=30)
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.starts, "the recordings")
        await page.rest()
        await page.until(lambda: _bar(page)[0].startswith(" day "), "the day")
        await page.press("plus")
        assert _bar(page)[0].startswith(" 6 h ")
        await page.press("plus")
        assert _bar(page)[0].startswith(" rec 1 ")


async def test_a_label_shows_at_once_and_so_does_its_undo(workspace, opened):
    place = workspace(frames=6, every=60 * 60)
    async with opened(place.root) as page:
        await page.label("a")
        await page.until(lambda: _row(page, "label").strip().startswith("█"), "the label")
        assert _row(page, "label").strip().endswith("·"), "the others have none"
        await page.press("u")
        await page.until(lambda: "█" not in _row(page, "label"), "no label")


async def test_what_can_be_pointed_at_leads_there(workspace, opened):
    place = workspace(frames=12, every=60 * 60)
    async with opened(place.root, size=(160, 48)) as page:
        await page.shown()
        at = page.app.screen.query_one(DayBar).content_region
        await page.pilot.click(offset=(at.x + 8 + (at.width - 9) * 12 // 24, at.y + 1))
        await page.until(lambda: page.frame == place.keys[4], "noon")
        listed = page.app.screen.query_one(FrameList)
        rows = [line[listed.content_region.x :] for line in page.text().split("\n")]
        await page.pilot.click(
            offset=(listed.content_region.x + 3, next(y for y, r in enumerate(rows) if "14:00:00" in r))
        )
        await page.until(lambda: page.frame == place.keys[6], "the frame in the list")
        strip = page.app.screen.query_one(Filmstrip).content_region
        await page.pilot.click(offset=(strip.x + 20, strip.y + 2))
        await page.until(lambda: page.frame == place.keys[1], "the second small picture")


# --- cells --------------------------------------------------------------------------------------------------------


def test_a_cell_tells_whole_from_partly_labelled_without_colour():
    def cell(classes, frames):
        return bars.class_cell(TASK, classes, frames)[0]

    active, offline = "active", "offline"
    assert cell({active: 3}, 3) != cell({active: 1}, 3) != cell({}, 3)
    assert cell({active: 2, offline: 1}, 3) == cell({active: 3}, 3)
    assert len({cell({name: 1}, of) for name in (active, offline) for of in (1, 2)}) == 4


@given(st.lists(st.floats(0, 80), min_size=2, max_size=20), st.floats(0.04, 1))
def test_more_motion_is_never_drawn_lower_and_the_threshold_shows(motions, threshold):
    drawn = [bars.motion_mark(motion, threshold)[0] for motion in sorted(motions)]
    assert drawn == sorted(drawn)
    assert bars.motion_mark(threshold, threshold)[0] < bars.motion_mark(threshold * 1.01, threshold)[0]


def test_heights_keep_their_order_in_ascii():
    assert ascii_of(bars.HEIGHTS).isascii()
    assert len(set(ascii_of(bars.HEIGHTS))) == len(bars.HEIGHTS)


@pytest.mark.parametrize("width", [12, 47, 123])
@pytest.mark.parametrize("kind", bars.ZOOMS)
def test_every_frame_of_a_span_is_drawn_in_the_cell_of_its_moment(width, kind):
    frames = _frames(200, timedelta(minutes=7))
    span = bars.span_of(kind, frames[60].captured_at, (frames[50].captured_at, frames[99].captured_at))
    rows = bars.Rows()
    rows.take(frames, span, width)
    seen = []
    rows.row("label", rows, lambda some: (seen.extend(some), ("x", ""))[1])
    first, end = bars.within(frames, span)
    assert seen == frames[first:end]
    assert frames[60] in seen
    for frame in seen:
        assert 0 <= span.column(frame.captured_at, width) < width


def test_a_gap_stays_a_gap_however_near_one_looks():
    frames = _frames(5) + _frames(5, begin=MIDNIGHT + timedelta(minutes=60))
    rows = bars.Rows()
    rows.take(frames, bars.span_of(bars.RECORDING, MIDNIGHT, (MIDNIGHT, frames[-1].captured_at)), 130)
    cells = "".join(glyph for glyph, _ in rows.row("label", rows, lambda some: ("x", "")))
    assert cells.strip("x").strip().count("x") == 0, "nothing between the two runs"
    assert " " * 80 in cells
    assert "x" * 5 in cells, "frames that follow each other closely leave no holes"


def test_only_what_changed_is_worked_out_again():
    frames = _frames(1000)
    rows, looked = bars.Rows(), []

    def draw(some):
        looked.append(len(some))
        return ("x", "")

    rows.take(frames, bars.span_of(bars.DAY, MIDNIGHT, None), 100)
    rows.row("label", rows, draw)
    assert sum(looked) == 1000
    looked.clear()
    rows.take(frames, bars.span_of(bars.DAY, MIDNIGHT, None), 100)
    rows.row("label", rows, draw)
    assert looked == []
    rows.forget("label", [frames[500].captured_at])
    rows.row("label", rows, draw)
    assert 0 < sum(looked) < 60


def test_a_million_frames_are_not_gone_through_for_a_day():
    class Frames(list):
        looked = 0

        def __getitem__(self, at):
            Frames.looked += 1 if isinstance(at, int) else len(range(*at.indices(len(self))))
            return super().__getitem__(at)

    frames = Frames(_frames(200_000, timedelta(minutes=1)))
    middle = frames[100_000].captured_at
    Frames.looked = 0
    begin = perf_counter()
    rows = bars.Rows()
    rows.take(frames, bars.span_of(bars.DAY, middle, None), 120)
    rows.row("label", rows, lambda some: ("x", ""))
    assert Frames.looked < 1440 + 200 * 40
    assert perf_counter() - begin < 30, "a watchdog"
