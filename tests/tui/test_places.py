"""Versions, Release, Storage, Training, help, log and palette, driven by keys on real repositories."""

from __future__ import annotations

import json
from pathlib import Path

from core.storage import plans
from tests.conftest import git
from tui.screens.release import ReleaseScreen


async def test_versions_without_a_version_say_what_to_do(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.press("V")
        await page.see("There is no version yet", "✗ it holds no image yet", "✗ not yet. Label some")
        await page.press("R")
        await page.until(lambda: isinstance(page.app.screen, ReleaseScreen), "the release screen")
        await page.until(lambda: "✗" in page.text(), "why it can't be released")
        await page.press("Y")
        assert git(place.root, "tag") == ""


async def test_a_release_is_made_only_by_capital_y(labelled, opened):
    place = labelled()
    async with opened(place.root, size=(110, 36)) as page:
        await page.press("V")
        await page.see("nothing → draft", "+12 added", "R shows")
        await page.press("f")
        await page.see(place.keys[0].rsplit("/", 1)[1])
        await page.press("R")
        await page.see("offline-detection v1", "git tag -a", "offline-detection/v1", "Press Y")
        for key in ("y", "enter", "R", "space"):
            await page.press(key)
        await page.pilot.pause()
        assert git(place.root, "tag") == "", "nothing but Y releases"
        await page.press("Y")
        await page.see("tagged on this machine", "sha256:")
        assert git(place.root, "tag").split() == ["offline-detection/v1"]
        assert git(place.root, "status", "--porcelain") == ""
        await page.press("escape")
        await page.see("v1", "tagged", "v1 → draft", "the draft equals v1: nothing", "to release")
        await page.press("S")
        await page.see("12 objects")
        await page.press("enter")
        await page.see("offline-detection v1")
        await page.press("at")
        await page.see("git", "tag", "commit")
    info = json.loads((place.root / "datasets/offline-detection/v1/dataset_info.json").read_text())
    assert info["total_images"] == 12


async def test_a_version_is_chosen_read_again_and_its_card_seen(released, opened):
    place = released()
    async with opened(place.root) as page:
        await page.press("V")
        await page.see("v1 → draft", "the draft equals v1", "nothing to release")
        await page.press("c")
        await page.see("README.md of v2 as it will be", "Offline Detection Dataset v2")
        await page.press("down")
        await page.see("README.md of v1", "Offline Detection Dataset v1")
        await page.press("c")
        await page.see("nothing → v1", "is it sound")
        await page.press("enter")
        await page.see("it is what it says it is")
        image = next((place.root / "datasets/offline-detection/v1/active").iterdir())
        image.chmod(0o644)
        image.write_bytes(image.read_bytes() + b"!")
        await page.press("enter")
        await page.see("✗", image.name, "git checkout")


async def test_the_list_of_frames_never_wraps(labelled, opened):
    place = labelled(8)
    async with opened(place.root) as page:
        await page.press("V")
        await page.see("+8 added")
        await page.press("f")
        await page.see("8 frames that change")
        rows = [line for line in page.text().split("\n") if "added offline" in line or "added active" in line]
        assert len(rows) == 8
        assert all("7 Nov" in row or "20251107T" in row for row in rows), "every row says which frame"


async def test_over_the_plan_needs_another_key_after_the_yes(labelled, opened, tmp_path, monkeypatch):
    place = labelled(6)
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--bare", str(remote))
    git(place.root, "remote", "add", "origin", f"file://{remote}")
    tiny = plans.Plan("github-free", 1000, 1000, "2026", "a thousand bytes")
    monkeypatch.setattr(plans, "plan_for", lambda named, remotes: tiny)
    async with opened(place.root, size=(110, 36)) as page:
        await page.to_release()
        await page.press("O")
        await page.press("p")
        await page.see("upload", "of github-free")
        await page.press("Y")
        await page.see("This goes over the plan", "can't be taken back")
        for key in ("Y", "o", "enter"):
            await page.press(key)
        await page.pilot.pause()
        assert git(place.root, "tag") == "", "nothing but O goes over the plan"
        await page.press("O")
        await page.see("first push to origin")
        await page.press("Y")
        await page.see("released on origin")
    assert "offline-detection/v1" in git(remote, "tag")


async def test_a_release_that_cannot_be_says_why(labelled, opened):
    place = labelled()
    git(place.root, "checkout", "--detach")
    async with opened(place.root) as page:
        await page.press("V")
        await page.see("nothing → draft")
        await page.press("R")
        await page.until(lambda: "✗" in page.text(), "the refusal")
        await page.press("Y", "q")
        await page.see("nothing → draft")
        assert git(place.root, "tag") == ""


async def test_a_release_is_pushed_where_that_was_chosen(labelled, opened, tmp_path: Path):
    place = labelled(6)
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--bare", str(remote))
    git(place.root, "remote", "add", "origin", f"file://{remote}")
    async with opened(place.root, size=(110, 36)) as page:
        await page.to_release(push=True)
        await page.see("upload", "git lfs push")
        await page.press("Y")
        await page.see("first push to origin")
        await page.press("Y")
        await page.see("released on origin")
        await page.press("escape", "S")
        await page.see("every commit, label and version is on a remote")
        git(place.root, "commit", "--allow-empty", "--quiet", "-m", "only here")
        await page.press("r")
        await page.see("1 commit on no remote")
    assert "offline-detection/v1" in git(remote, "tag")


async def test_storage_of_an_empty_repository(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.press("S")
        await page.see("stored", "drafts add", "only here", "there is no remote yet")
        await page.see("nothing is stored yet", "A release puts the first objects there")


async def test_storage_shows_the_ledger_and_the_plans_behind_keys(released, opened):
    place = released()
    async with opened(place.root) as page:
        await page.press("S")
        await page.see("stored", "12 objects", "only here", "everything")
        assert "its own" not in page.text(), "three lines first"
        await page.press("enter")
        await page.see("offline-detection v1", "its own")
        await page.press("p")
        await page.see("github-free", "10 GiB a month", "print-models.toml")
        settings = place.root / "print-models.toml"
        settings.write_text(settings.read_text().replace('# plan = ""', 'plan = "github-free-legacy"'))
        await page.press("r")
        await page.see("▸ github-free-legacy")
        await page.press("p")
        await page.see("of github-free-legacy")
        assert "--" not in page.text(), "no option of the command line is the way"


async def test_help_palette_and_ways_back(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root, size=(100, 50)) as page:
        await page.press("question_mark")
        await page.see("keys on the label screen", "Everyday", "next frame of the queue", "○ offline")
        await page.press("escape")
        await page.shown()
        await page.press("colon")
        await page.see("Search")
        await page.press(*"undo")
        await page.see("take your last labelling step back")
        await page.press("escape")
        for key, words in (("V", "draft"), ("S", "stored"), ("T", "trainings"), ("L", "recording")):
            await page.press(key)
            await page.see(words)


async def test_the_palette_finds_what_is_on_another_screen_and_leads_there(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.shown()
        for typed, found in (("storage", "the Storage screen"), ("train", "new training (on Training)")):
            await page.press("colon")
            await page.see("Search")
            await page.press(*typed)
            await page.see(found)
            await page.press("escape")
        await page.press("colon")
        await page.see("Search")
        await page.press(*"release")
        await page.see("release (on Versions)", "V, then R")
        await page.press("down", "enter")
        await page.until(lambda: page.app.current_mode == "versions", "Versions")
        assert "release: R" in page.told


async def test_a_class_key_away_from_label_says_where_labels_are_given(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.shown()
        for screen, words in (("S", "stored"), ("T", "trainings")):
            await page.press(screen)
            await page.see(words)
            page.app.clear_notifications()
            await page.press("a")
            await page.until(lambda: "Labels are given on the Label screen: L." in page.told, "the notice")
        assert page.label_of(page.frame) is None
        page.app.clear_notifications()
        await page.press("L")
        await page.label("a")
        assert "Labels are given" not in page.told


async def test_an_idle_app_draws_nothing(labelled, opened):
    place = labelled()
    async with opened(place.root) as page:
        await page.shown()
        app, polls, drawn = page.app, [0], []
        poll, display = app.bridge._work.poll, app._display

        def counted():
            polls[0] += 1
            return poll()

        def noted(screen, renderable):
            drawn.append(polls[0])
            display(screen, renderable)

        app.bridge._work.poll, app._display = counted, noted
        await page.until(
            lambda: polls[0] >= (drawn[-1] if drawn else 0) + 3, "three looks with nothing drawn"
        )


async def test_every_command_of_the_git_log_is_seen_to_begin(released, opened):
    place = released()
    async with opened(place.root) as page:
        await page.press("at")
        await page.see("git tag -a -m 'offline-detection v1", "¶", "offline-detection/v1")
        assert "\\x0a" not in page.text()
        await page.pilot.resize_terminal(40, 16)
        await page.see("offline-detection/v1")
