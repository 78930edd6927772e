"""A part of a picture: cut where it was asked for, decoded as finely as it is shown, right side up."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.frames.decode import load
from core.frames.helper import Helpers
from core.frames.regions import WHOLE, Region
from tests.frames.conftest import Camera

_SHARES = st.floats(0, 1)


def _chequered(turn: int = 1) -> bytes:
    """A picture of 640 x 320 whose fields of 40 x 40 all have another grey."""
    fields = np.arange(128, dtype=np.uint8).reshape(8, 16) * 2
    image = Image.fromarray(np.kron(fields, np.ones((40, 40), np.uint8)).astype(np.uint8)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, exif=exif.tobytes())
    return out.getvalue()


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_part_is_what_lies_there_in_the_whole_picture_as_it_is_shown(camera: Camera, turn: int) -> None:
    path = camera.put("20251107T080000.jpg", _chequered(turn))
    whole, region = load(path), Region(0.5, 0.25, 0.25)
    part = load(path, region=region)
    left, top, right, bottom = region.pixels(whole.columns, whole.rows)
    wanted = whole.pixels[top:bottom, left:right].astype(int)
    assert np.abs(part.pixels.astype(int) - wanted).max() <= 12
    assert (part.width, part.height, part.oid) == (whole.width, whole.height, whole.oid)


def test_a_part_shows_more_than_the_same_part_of_a_small_picture(camera: Camera) -> None:
    path = camera.put("20251107T080000.jpg", _chequered())
    region = Region(0.5, 0.5, 0.25)
    part = load(path, (80, 80), region=region)
    assert (part.columns, part.rows) == (80, 40), "its own pixels, not those of the small picture enlarged"
    greys = {int(part.pixels[row, column].mean()) // 2 for row in (10, 30) for column in (10, 30, 50, 70)}
    assert len(greys) == 8, "each of the eight fields keeps its own grey"
    assert load(path, (20, 20), region=region).columns == 20


def test_a_helper_cuts_the_same(camera: Camera) -> None:
    path = camera.put("20251107T080000.jpg", _chequered())
    region, helpers = Region(0.1, 0.3, 0.5), Helpers(most=1)
    try:
        assert helpers.load(path, (50, 50), region=region) == load(path, (50, 50), region=region)
    finally:
        helpers.close()


@given(_SHARES, _SHARES, st.floats(1 / 16, 1), st.integers(-9, 9), st.integers(-9, 9), st.floats(0.1, 8))
def test_a_region_stays_within_the_picture_wherever_it_is_moved(left, top, size, across, down, by) -> None:
    region = Region(left, top, size).within().moved(across, down).scaled(by)
    assert region.left >= 0
    assert region.top >= 0
    assert region.left + region.size <= 1 + 1e-9
    assert region.top + region.size <= 1 + 1e-9
    first_x, first_y, end_x, end_y = region.pixels(33, 7)
    assert 0 <= first_x < end_x <= 33
    assert 0 <= first_y < end_y <= 7
    assert Region.of(list(region)) is not None


@pytest.mark.parametrize(
    "numbers", [None, "0.5", [0, 0], [0, 0, 0], [0, 0, 2], [0, -1, 1], [True, 0, 1], [0, 0, float("nan")], {}]
)
def test_numbers_that_make_no_region_are_none(numbers) -> None:
    assert Region.of(numbers) is None


def test_the_whole_picture_is_a_region() -> None:
    assert WHOLE.whole
    assert WHOLE.pixels(1920, 1080) == (0, 0, 1920, 1080)
    assert WHOLE.scaled(0.5).scaled(4) == WHOLE
