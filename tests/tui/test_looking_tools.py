"""Looking at a frame otherwise: what changed, the frame before, a part of it, frames going by; and what may be labelled then."""

from __future__ import annotations

import io
import json
import os

import pytest
from PIL import Image, ImageDraw

from core.labels.sync import open_store
from core.labels.views import keep_view, read_view
from core.workspace import Workspace
from tui.looks import BEFORE, HEAT
from tui.tools.moving import Moving


@pytest.fixture
def moving(workspace):
    """A workspace whose frames show a bright square that moves on a grey ground."""

    def make(frames: int = 5):
        place = workspace(frames=frames)
        for at, key in enumerate(place.keys):
            image = Image.new("RGB", (640, 360), (90, 90, 90))
            ImageDraw.Draw(image).rectangle((60 * at, 100, 60 * at + 50, 200), fill=(240, 240, 240))
            out = io.BytesIO()
            image.save(out, "JPEG", quality=95)
            path = place.camera / key.split("/", 1)[1]
            stat = path.stat()
            path.write_bytes(out.getvalue())
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return place

    return make


def _looked(page) -> str:
    return page.view.look.lens


async def _drawn(page) -> None:
    await page.until(lambda: page.view.drawn and page.view.drawn == page.view.wanted[0], "a picture")


async def test_what_changed_glows_and_is_no_frame_to_label(moving, opened):
    place = moving()
    async with opened(place.root) as page:
        await page.shown()
        await page.press("d")
        await page.until(lambda: "first frame" in page.notice)
        await page.press("right")
        await page.shown()
        await page.press("d")
        await _drawn(page)
        await page.see("what changed · ")
        assert _looked(page) == HEAT
        await page.press("right")
        await _drawn(page)
        await page.press("a")
        await page.until(lambda: "only what changed was shown" in page.notice, "the refusal")
        assert page.label_of(place.keys[2]) is None
        await page.press("d")
        await page.until(lambda: _looked(page) == "" and page.view.drawn == page.frame, "the frame itself")
        await page.press("d")
        await _drawn(page)
        await page.press("a")
        await page.until(
            lambda: page.label_of(place.keys[2]) == "active", "the label: the frame itself was shown"
        )


async def test_the_frame_before_comes_and_goes_by_keys_and_takes_no_label(moving, opened):
    place = moving()
    async with opened(place.root) as page:
        await page.press("end")
        await page.shown()
        await page.press("c")
        await page.until(lambda: page.view.drawn == place.keys[3], "the frame before")
        await page.see("THE FRAME BEFORE")
        assert page.frame == place.keys[4]
        assert _looked(page) == BEFORE
        await page.press("a")
        await page.until(lambda: "the frame before is on the screen" in page.notice, "the refusal")
        await page.press("c")
        await page.shown()
        assert "THE FRAME BEFORE" not in page.text()
        await page.press("c")
        await page.until(lambda: page.view.drawn == place.keys[3], "the frame before again")
        await page.press("left")
        await page.shown()
        assert _looked(page) == "", "who goes on sees frames again"
        assert page.label_of(place.keys[4]) is None
        assert page.label_of(place.keys[3]) is None
        await page.label("a")


async def test_a_part_is_shown_moved_and_there_again_the_next_time(moving, opened):
    place = moving()
    async with opened(place.root) as page:
        await page.shown()
        await page.press("z")
        await page.see("zoom ×2", "arrows move it")
        first = page.app.state.looks.remembered(page.app.state.source)
        await page.press("plus", "left", "up")
        await page.see("zoom ×4")
        region = page.app.state.looks.remembered(page.app.state.source)
        assert (region.left, region.top) < (first.left + first.size / 4, first.top + first.size / 4)
        assert page.frame == place.keys[0], "the arrows moved the part, not the cursor"
        await page.shown()
        await page.label("a")
        await page.until(lambda: page.frame == place.keys[1], "a label counts, and goes on")
        await page.see("zoom ×4")
        await page.press("q")
    async with opened(place.root) as page:
        await page.see("zoom ×4")
        assert page.app.state.looks.remembered(page.app.state.source) == region
        await page.press("escape")
        await page.until(lambda: "zoom" not in page.text(), "the whole picture")
        await page.press("right")
        await page.until(lambda: page.frame == place.keys[2], "arrows go on to the next frame")
        await page.press("z")
        await page.see("zoom ×4")
        await page.press("z")
        await page.until(lambda: "zoom" not in page.text(), "the whole picture")


async def test_a_part_shows_what_lies_there(moving, opened):
    place = moving()
    async with opened(place.root) as page:
        await page.shown()
        whole = page.app.screen._pictures.get(page.frame, page.view.box).picture
        await page.press("z", "plus", "left", "left", "left", "left", "left", "left")
        await page.shown()
        part = page.app.screen._pictures.get(page.frame, page.view.box, page.view.look.region).picture
        assert (part.columns, part.rows) == (whole.columns, whole.rows)
        bright = [(picture.pixels > 200).mean() for picture in (whole, part)]
        assert bright[1] > 8 * bright[0] > 0, "the square fills four times four times as much"


@pytest.mark.parametrize(
    "looks", [{}, [], {"zoomed": 1, "bar": 7, "regions": 3}, {"regions": {"x": [0, 0, 9]}}]
)
async def test_what_was_kept_and_makes_no_sense_is_left_out(workspace, opened, looks):
    place = workspace(frames=2)
    with open_store(Workspace.open(place.root)) as store:
        keep_view(store, {"place": "label", "task": "offline-detection", "looks": looks})
    async with opened(place.root) as page:
        await page.shown()
        assert not page.app.state.looks.zoomed
        assert page.app.state.looks.bar == "day"
    assert isinstance(json.dumps(read_view(Workspace.open(place.root).labels_db)), str)


async def test_frames_go_by_until_a_key_and_none_is_skipped_or_labelled(moving, opened):
    place = moving(9)
    async with opened(place.root) as page:
        await page.shown()
        drawn: list[str] = []
        page.app.screen.tools[Moving].drawn = lambda: drawn.append(page.frame)
        await page.press("p")
        await page.see("any key stops")
        await page.until(lambda: "last frame" in page.notice, "the end")
        assert [key for key in place.keys[1:] if key in drawn] == place.keys[1:]
        assert page.app.screen.desk.mode is None
        await page.press("home")
        await page.shown()
        await page.press("p")
        await page.press("a")
        await page.until(lambda: page.app.screen.desk.mode is None, "the key to stop it")
        here = page.frame
        await page.rest()
        await page.pilot.pause(0.3)
        assert page.frame == here
        assert not page.app.state.of(page.app.state.task), "the key that stops labels nothing"
