"""The app on a repository that was never made a workspace: everything can be looked at, and nothing is taken as done."""

from __future__ import annotations

import json


async def test_a_key_in_a_repository_that_is_only_read_is_refused_with_the_reason(workspace, opened):
    place = workspace(frames=4)
    (place.root / "print-models.toml").unlink()
    (place.root / "data" / "labels.json").write_text(json.dumps({place.keys[0]: "active"}))
    before = sorted(place.root.rglob("*"))
    async with opened(place.root) as page:
        await page.shown()
        await page.see("1/4", "● active")
        await page.press("o")
        await page.until(lambda: "Not labelled: This repository has no print-models.toml" in page.notice)
        await page.until(lambda: "print-models init" in page.notice)
        await page.press("u")
        await page.until(lambda: "Not undone:" in page.notice)
        await page.rest()
        assert not page.app.state.unsaved
        assert "NOT saved" not in page.text()
        await page.press("V", "R")
        await page.see("✗ This repository has no print-models.toml", "print-models init")
        assert "Press Y" not in page.text()
        await page.press("Y")
        await page.rest()
        assert not page.app.bridge.release.running
        await page.press("escape", "T", "N")
        await page.see("This repository has no print-models.toml")
        assert "enter starts it" not in page.text()
    assert sorted(place.root.rglob("*")) == before
