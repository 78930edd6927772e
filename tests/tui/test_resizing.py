"""A terminal whose size changes: all of the screen is drawn anew, whatever it changed to, and no older size is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual import events
from textual.geometry import Size

from tests.terminals import Terminal
from tui.wire import Whole


async def _resize(page, *sizes: tuple[int, int]) -> None:
    """The terminal says these sizes, each as soon as the app has heard of the one before it.

    Textual waits 8 ms for further sizes before it tells the screen of the last one.
    """
    for size in sizes:
        page.app._driver.send_message(events.Resize(Size(*size), Size(*size)))
        while page.app.size != size:
            await asyncio.sleep(0)


@contextmanager
def _sent(page) -> Iterator[list[tuple[int, int]]]:
    """Gather the sizes of those updates that send every cell."""
    whole: list[tuple[int, int]] = []
    told = page.app.after_update

    def after(update: object) -> None:
        if isinstance(update, Whole):
            whole.append((update.region.width, update.region.height))
        if told is not None:
            told(update)

    page.app.after_update = after
    yield whole


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([(80, 24)], id="the_same_which_two_became"),
        pytest.param([(81, 25), (80, 24)], id="there_and_back"),
        pytest.param([(81, 25), (40, 16), (80, 24), (80, 24)], id="to_and_fro"),
    ],
)
async def test_sizes_that_follow_at_once_and_end_as_before_draw_every_cell(opened, workspace, sizes):
    async with opened(workspace(frames=3).root) as page:
        await page.shown()
        await page.rest()
        with _sent(page) as whole:
            await _resize(page, *sizes)
            await page.until(lambda: (80, 24) in whole, "every cell to be sent")
            await page.rest()
        assert whole[-1] == (80, 24)
        assert all(len(line) == 80 for line in page.text().split("\n"))


async def test_sizes_that_follow_at_once_draw_what_lies_over_the_picture(opened, workspace):
    async with opened(workspace(frames=3).root) as page:
        await page.shown()
        await page.press("question_mark")
        await page.rest()
        with _sent(page) as whole:
            await _resize(page, (81, 25), (80, 24))
            await page.until(lambda: (80, 24) in whole, "every cell to be sent")


async def test_another_size_is_drawn_at_that_size_only(opened, workspace):
    async with opened(workspace(frames=3).root) as page:
        await page.shown()
        await page.rest()
        with _sent(page) as whole:
            await _resize(page, (100, 30))
            await page.until(lambda: (100, 30) in whole, "every cell to be sent")
            await page.rest()
        assert (80, 24) not in whole, "cells for a size that is gone would be all over the place"


def test_a_size_that_a_shell_exported_is_not_believed(workspace):
    """Some shells export the size they began with; a person who then makes the window larger wants to see that."""
    place = workspace(frames=3)
    terminal = Terminal("-C", str(place.root), cwd=place.root, size=(90, 30), COLUMNS="60", LINES="18")
    try:
        terminal.read_until(lambda sent: b"\x1b[30;1H" in sent and b"label" in sent)
        terminal.resize(95, 35)
        terminal.read_until(lambda sent: b"\x1b[35;1H" in sent)
    finally:
        terminal.close()
