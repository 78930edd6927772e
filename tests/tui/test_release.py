"""The Release screen: what a push takes along, and what nothing is released with."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import git


async def test_a_push_says_which_tags_and_commits_of_earlier_go_along(released, opened, tmp_path: Path):
    place = released()
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--bare", str(remote))
    git(place.root, "remote", "add", "origin", f"file://{remote}")
    git(place.root, "push", "--quiet", "--no-verify", "origin", "HEAD~1:refs/heads/main")
    async with opened(place.root, size=(110, 40)) as page:
        await page.label("a" if page.label_of(page.frame) == "offline" else "o")
        await page.press("V")
        await page.see("v1 → draft", "1 relabelled")
        await page.press("R")
        await page.see("offline-detection v2", "sound", "Press Y")
        assert "also" not in page.text(), "without a push nothing goes along"
        await page.press("p")
        await page.see("also", "the tag offline-detection/v1", "the commit", "Press Y")
        await page.press("Y")
        await page.see("released on origin")
    assert git(remote, "tag").split() == ["offline-detection/v1", "offline-detection/v2"]


async def test_one_picture_under_two_labels_is_refused_before_anything_is_written(workspace, opened):
    place = workspace(frames=4, every=20 * 60)
    paths = sorted(path for path in place.camera.rglob("*.jpg"))
    shutil.copy2(paths[0], paths[1])
    async with opened(place.root, size=(130, 40)) as page:
        await page.press("home")
        for key in "aoao":
            await page.label(key)
        await page.press("V")
        await page.see("✗ 1 blocking", "byte for byte", "not yet. Correct one")
        await page.press("R")
        await page.see("Nothing is released as long as", "same-bytes", "Correct one of the two labels")
        await page.press("Y", "y")
        await page.until(lambda: page.app.bridge.idle)
        assert "beginning" not in page.text()
    assert not (place.root / "datasets/offline-detection/v1").exists()
    assert git(place.root, "tag") == ""
