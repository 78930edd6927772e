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
