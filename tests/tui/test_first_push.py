"""The first push to a remote in the app: a contact sheet of what becomes readable there, and a yes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.screen import Screen

from tests.conftest import git


@pytest.fixture
def pushable(labelled, tmp_path: Path):
    """A labelled workspace and the empty remote it knows as origin."""
    place, remote = labelled(), tmp_path / "remote.git"
    git(tmp_path, "init", "--bare", str(remote))
    git(place.root, "remote", "add", "origin", f"file://{remote}")
    return place, remote


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 16)])
async def test_a_first_push_shows_its_pictures_and_nothing_is_sent_before_a_yes(pushable, opened, size):
    place, remote = pushable
    async with opened(place.root, size=size) as page:
        await page.to_release(push=True)
        await page.see("Press Y to see the pictures")
        await page.press("Y")
        await page.see("irst push", "12 pictures of", "6 × active" if size[0] < 60 else "6 frames · active")
        await page.until(lambda: "▀" in page.text() or "▄" in page.text(), "a picture")
        await page.press("y", "n")
        await page.see("Press Y to see the pictures")
        assert git(remote, "for-each-ref") == ""
        assert git(place.root, "tag") == ""
        await page.press("Y")
        await page.see("Y publish them")
        await page.press("Y")
        await page.see("is released")
    assert git(remote, "tag").split() == ["offline-detection/v1"]


async def test_what_was_to_follow_a_drawing_is_let_go_with_the_screen(pushable, opened, monkeypatch):
    """A yes may come between a drawing and what was to be done after it: then nothing of the sheet is left."""
    place, _ = pushable
    async with opened(place.root, size=(40, 16)) as page:
        await page.to_release(push=True)
        await page.see("Press Y to see the pictures")
        await page.press("Y")
        await page.see("Y publish them")
        sheet, late = page.app.screen, []
        with monkeypatch.context() as patched:
            patched.setattr(Screen, "call_after_refresh", lambda self, call, *args: late.append(call))
            sheet._draw()
        sheet.dismiss()
        await page.until(lambda: not sheet.children, "the sheet's parts are gone")
        for call in late:
            call()
        assert late


async def test_a_row_unfolds_to_every_picture_and_back(pushable, opened):
    place, _ = pushable
    async with opened(place.root, size=(80, 24)) as page:
        await page.to_release(push=True)
        await page.see("Press Y to see the pictures")
        await page.press("Y")
        await page.see("6 frames · active", "6 frames · offline", "enter all of it")
        await page.press("enter")
        await page.see("4 frames · active", "2 frames · active")
        await page.press("down", "enter")
        await page.see("6 frames · active")
        assert "2 frames" not in page.text()


async def test_a_push_that_was_interrupted_before_it_was_shown_shows_it_when_it_is_finished(
    pushable, opened, tmp_path: Path
):
    place, remote = pushable
    remote.rename(tmp_path / "away")
    async with opened(place.root, size=(120, 44)) as page:
        await page.to_release(push=True)
        await page.see("the remote does not answer now", "Press Y to do this")
        await page.press("Y")
        await page.see("✗", "Y finishes it, up to origin")
        (tmp_path / "away").rename(remote)
        await page.press("Y")
        await page.see("Y publish them", "12 pictures of")
        assert git(remote, "for-each-ref") == ""
        await page.press("Y")
        await page.see("released on origin")
