"""The Release screen: what a push takes along, and what nothing is released with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core import release
from core.workspace import Workspace
from tests.conftest import git


class _PowerCut(BaseException):
    """Ends a release in the middle, as a kill would: nothing after it runs."""


@pytest.fixture
def cut(labelled):
    """A release of v1 that ended as a step began."""

    def make(at: str):
        place = labelled()
        ws = Workspace.open(place.root)

        def step(id: str, state: str) -> None:
            if (id, state) == (at, "doing"):
                raise _PowerCut

        with pytest.raises(_PowerCut):
            release.run(release.plan(ws, ws.task(None)), step=step)
        journal = ws.private / "release.json"
        # The process that wrote it is gone, as after a kill.
        journal.write_text(journal.read_text().replace('"by"', '"_by"'))
        return place

    return make


async def test_every_step_is_ticked_with_the_commands_git_was_given(labelled, opened):
    place = labelled()
    async with opened(place.root, size=(120, 44)) as page:
        await page.press("V")
        await page.see("nothing → draft")
        await page.press("R")
        await page.see("☐ check the repository", "☐ tag offline-detection/v1", "Press Y")
        await page.press("Y")
        await page.see("tagged on this machine")
        for step in ("checks", "export", "verify", "stage", "commit", "tag"):
            assert any(f" {step} " in line and "✓" in line for line in page.text().split("\n")), step
        log = (place.root / ".print-models/git.log").read_text()
        assert "git commit" in log
        assert "$ git commit" in page.text(), "the command as it ran"


async def test_an_interrupted_release_is_told_on_opening_and_finished_by_y(cut, opened):
    place = cut("tag")
    async with opened(place.root, size=(120, 44), toasts=True) as page:
        await page.until(
            lambda: "was interrupted after commit: V, then R" in page.told, "the word on opening"
        )
        await page.press("V")
        await page.see("draft")
        await page.press("R")
        await page.see(
            "offline-detection v1 was interrupted after commit",
            "Y finishes it · A takes it back",
            "Press Y to finish it",
        )
        await page.press("enter", "y", "R")
        assert git(place.root, "tag") == "", "nothing but Y goes on"
        await page.press("Y")
        await page.see("tagged on this machine", "✓")
    assert git(place.root, "tag").split() == ["offline-detection/v1"]
    assert not (place.root / ".print-models/release.json").exists()


async def test_an_interrupted_release_is_taken_back_by_a_and_a_yes(cut, opened):
    place = cut("commit")
    async with opened(place.root, size=(120, 44)) as page:
        await page.press("V")
        await page.see("draft")
        await page.press("R")
        await page.see("was interrupted after stage", "A takes it back", "Press Y to finish it")
        await page.press("A")
        await page.see("Take offline-detection v1 back?", "what is staged or committed of it")
        await page.press("n")
        assert (place.root / "datasets/offline-detection/v1").exists(), "not without a yes"
        await page.press("A", "Y")
        await page.see("v1 was taken back")
        assert len(page.app.state.labels["offline-detection"]) == 12
    assert not (place.root / "datasets/offline-detection/v1").exists()
    assert git(place.root, "tag") == ""


async def test_a_version_with_its_tag_is_not_taken_back_from_here(labelled, opened, tmp_path: Path):
    place = labelled()
    git(place.root, "remote", "add", "origin", f"file://{tmp_path}/nowhere.git")
    async with opened(place.root, size=(120, 44)) as page:
        await page.to_release(push=True)
        await page.see("push-objects", "can't be taken back", "Press Y")
        await page.press("Y")
        await page.see("✗", "was interrupted after tag", "Y finishes it, up to origin", "Y finish it")
        assert "A takes it back" not in page.text()
        git(tmp_path, "init", "--bare", "nowhere.git")
        await page.press("Y")
        await page.see("first push to origin", "12 pictures")
        await page.press("Y")
        await page.see("released on origin")


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
        await page.see("Y publish them", "12 pictures of 1 day", "v1 · Fri 7 Nov")
        assert "v2 ·" not in page.text(), "a picture that both versions hold is shown once"
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
        await page.see("blocked by same-bytes", "Correct one of the two labels")
        await page.press("Y", "y")
        await page.rest()
        assert "beginning" not in page.text()
    assert not (place.root / "datasets/offline-detection/v1").exists()
    assert git(place.root, "tag") == ""
