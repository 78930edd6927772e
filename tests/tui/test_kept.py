"""The app copies pictures that only the camera has, in the background, while somebody labels."""

from __future__ import annotations

import hashlib


async def test_labelled_pictures_are_copied_while_the_app_is_open(workspace, opened):
    place = workspace(frames=4)
    copies = place.root / ".print-models" / "kept"
    async with opened(place.root) as page:
        await page.label("a")
        second = await page.label("o")
        await page.until(lambda: len(list(copies.glob("*/*"))) == 2, "both pictures to be copied")
        names = {path.name for path in copies.glob("*/*")}
    label = (place.camera / second.split("/", 1)[1]).read_bytes()
    assert hashlib.sha256(label).hexdigest() in names


async def test_a_private_mark_reaches_the_file_and_takes_the_copy_with_it(workspace, opened):
    place = workspace(frames=4)
    copies = place.root / ".print-models" / "kept"
    async with opened(place.root) as page:
        frame = await page.label("a")
        await page.until(lambda: len(list(copies.glob("*/*"))) == 1, "the picture to be copied")
        page.app.bridge.mark(page.app.state.task, [frame], "excluded", "private")
        marks = place.root / "data" / "marks.json"
        await page.until(lambda: marks.exists() and frame in marks.read_text(), "marks.json to be written")
        await page.until(lambda: not list(copies.glob("*/*")), "the copy to go")
        await page.until(lambda: not page.app.state.drafts[page.app.state.task.name].chosen, "a new draft")
