"""The Label screen where a camera's link was led elsewhere, and where there are several cameras."""

from __future__ import annotations

import json

from tests.sources.conftest import camera


async def test_another_camera_behind_the_link_is_a_question_and_never_a_picture(workspace, opened, tmp_path):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.label("a")
        await page.label("a")
        (place.root / "printer-timelapses").unlink()
        (place.root / "printer-timelapses").symlink_to(camera(tmp_path / "other", 6, seed=3))
        await page.press("end")
        await page.see("none with the", "--emptied", "--wrong")
        before = page.frame
        await page.press("o")
        assert page.label_of(before) is None
    assert set(json.loads((place.root / "data" / "labels.json").read_text()).values()) == {"active"}


async def test_cameras_take_turns_and_a_retired_one_has_none(workspace, opened, cli, tmp_path):
    place = workspace(frames=3)
    for name, seed in (("bed", 2), ("nozzle", 3)):
        folder = camera(tmp_path / name, 2, seed=seed, names="frame{n}.jpg")
        assert cli(place.root, "source", "add", name, folder).code == 0
    assert cli(place.root, "source", "retire", "bed").code == 0
    async with opened(place.root) as page:
        await page.shown()
        await page.press("C")
        await page.until(lambda: page.frame.startswith("nozzle/"), "the next camera")
        assert "nozzle" in page.text().split("\n")[0], "the header says which, also at 80 columns"
        first = await page.label("a")
        assert first.startswith("nozzle/frame")
        await page.press("C")
        await page.until(lambda: page.frame in place.keys, "the first camera again")
