"""The Versions screen: what changes, in hunks with pictures; labels, lineage, splits; another base."""

from __future__ import annotations

import shutil

import pytest

from core.labels.sync import flush, open_store
from core.releasing.withdrawing import withdraw
from core.workspace import Workspace
from tests.conftest import git
from tui.widgets.hunks import Hunks


@pytest.fixture
def grown(released):
    """v1 of twelve frames, then two of them relabelled in a row: a draft with one hunk."""

    def make():
        place = released()
        ws = Workspace.open(place.root)
        with open_store(ws) as store:
            task = ws.task("offline-detection")
            store.set(task, place.keys[2:3], "active", who="Ana")
            store.set(task, place.keys[9:10], "offline", who="Ana")
            flush(ws, store, task)
        return place

    return make


def _hunks(page) -> Hunks:
    return page.app.screen.query_one(Hunks)


def _pictured(page) -> int:
    """How many small pictures have come, and are pictures."""
    return sum(isinstance(drawn, list) for drawn in _hunks(page)._thumbs.values())


async def test_every_hunk_says_when_how_many_what_and_shows_its_pictures(grown, opened):
    place = grown()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft", "2 relabelled, in 2 stretches", "(d: each with pictures)")
        await page.press("d")
        await page.see("7 Nov", "1 frame · offline → active", "1 frame · active → offline", "1 of 2")
        await page.until(lambda: _pictured(page) == 2, "both pictures")
        await page.until(
            lambda: "…" not in page.text().split("1 of 2")[0].split("hunks")[1], "no place waits"
        )
        await page.press("down")
        await page.see("2 of 2")
        await page.press("enter")
        await page.until(lambda: page.frame == place.keys[9], "the frame in Label")


async def test_another_base_is_chosen_and_the_direction_says_so(grown, opened):
    place = grown()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("b")
        await page.see("compare draft with", "v1", "nothing")
        await page.press("3")
        await page.see("nothing → draft", "+12 added")
        await page.press("b", "1")
        await page.see("v1 → draft", "2 relabelled")


async def test_a_cell_of_the_labels_opens_exactly_its_frames_in_label(grown, opened):
    place = grown()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft", "labels in v1")
        await page.press("m")
        await page.see("5 frames stayed offline")
        await page.press("right")
        await page.see("1 frame: offline → active")
        await page.press("left", "enter")
        await page.until(lambda: len(page.app.state.frames) == 5, "those five frames in Label")
        assert {page.label_of(frame.key) for frame in page.app.state.frames} == {"offline"}
        await page.press("slash", *["backspace"] * 40, "enter")
        await page.until(lambda: len(page.app.state.frames) == 12, "all frames again")


async def test_lineage_and_splits_say_where_it_comes_from_and_what_is_too_few(grown, opened):
    place = grown()
    commit = git(place.root, "rev-parse", "--short", "HEAD").strip()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("l")
        await page.see("where it comes from", "follows", "v1", "becomes", "v2")
        await page.press("down")
        await page.see("nothing: it is the first", commit, "tagged here", "none was trained on it")
        await page.press("s")
        await page.see("how it is split", "offline", "train", "validation", "recordings")


async def test_a_clone_with_pointers_shows_what_its_camera_still_has_and_says_what_it_has_not(
    released, opened, tmp_path, monkeypatch
):
    place = released()
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    git(tmp_path, "clone", "--quiet", str(place.root), "clone")
    root = tmp_path / "clone"
    shutil.copytree(place.camera, root / "printer-timelapses", dirs_exist_ok=True)
    gone, other = (root / key for key in place.keys[4:6])
    gone.unlink()
    other.write_bytes((root / place.keys[0]).read_bytes())
    async with opened(root, size=(150, 48)) as page:
        await page.press("V")
        await page.until(lambda: "v1" in page.text(), "the version")
        await page.press("down")
        await page.see("nothing → v1")
        await page.press("d")
        await page.see("added offline")
        for _ in range(12):
            await page.until(lambda: not _hunks(page).lacking(), "the pictures that are seen")
            await page.press("down")
        drawn = {place.key: found for (place, _), found in _hunks(page)._thumbs.items()}
    said = {key: found for key, found in drawn.items() if isinstance(found, str)}
    assert set(said) == set(place.keys[4:6]), "the other ten are pictures, of pointers"
    assert "not on this machine" in said[place.keys[4]]
    assert "other bytes" in said[place.keys[5]]


async def test_pictures_that_only_the_remote_has_are_fetched_on_demand_after_their_size_was_said(
    released, opened, tmp_path, monkeypatch
):
    place = released()
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    git(tmp_path, "clone", "--quiet", str(place.root), "clone")
    store = tmp_path / "clone/.git/lfs/objects"
    async with opened(tmp_path / "clone", size=(80, 24)) as page:
        await page.press("V")
        await page.until(lambda: "v1" in page.text(), "the version")
        await page.press("down")
        await page.see("nothing → v1")
        await page.press("d")
        await page.see("not on this", "F fetch")
        away = len(_hunks(page).away())
        await page.press("F")
        await page.see(f"Fetch {away} picture", "from origin")
        assert not store.exists(), "not before a yes"
        await page.press("Y")
        await page.until(lambda: not _hunks(page).away() and not _hunks(page).lacking(), "the pictures")
        assert "not on this" not in page.text().split("▸")[1].split("\n", 7)[1]
        await page.until(lambda: "every byte hashed" in page.told, "what came")
    assert len([one for one in store.rglob("*") if one.is_file()]) == away, "exactly those that are shown"
    assert git(tmp_path / "clone", "status", "--porcelain") == ""


async def test_escape_leads_back_from_every_view(grown, opened):
    place = grown()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("what changes", "stretches that change")
        for key, seen in zip("dfcimls", _VIEWS, strict=True):
            await page.press(key)
            await page.see(seen)
            await page.press("escape")
            await page.see("what changes", "stretches that change")


#: What each view is known by, in the order of its keys: d f c i m l s.
_VIEWS = (
    *("v1 → draft", "frames that change", "README.md of v2", "the worst first"),
    *("m goes back", "where it comes from", "how it is split"),
)


@pytest.mark.parametrize("size", [(80, 24), (40, 16)])
async def test_hunks_fit_where_there_is_little_room(grown, opened, size):
    place = grown()
    async with opened(place.root, size=size) as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("d")
        await page.see("offline → active", "1 of 2", "in Git LFS")
        await page.until(lambda: _pictured(page) == 1, "the picture of the one that is open")
        lines = page.text().split("\n")
        assert all(len(line) == size[0] for line in lines)
        await page.press("down")
        await page.see("active → offline", "2 of 2")
        await page.until(lambda: _pictured(page) == 2, "the other's picture, once it is open")


async def test_the_draft_goes_back_to_a_version_after_a_yes_and_undo_brings_it_forth(grown, opened, stored):
    place = grown()
    before = stored(place)
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft", "2 relabelled")
        await page.press("X")
        await page.until(lambda: "Choose with the arrows" in page.told, "which version is asked")
        await page.press("down")
        await page.see("nothing → v1")
        await page.press("X")
        await page.see("back to v1?", "as one step")
        await page.press("n")
        assert stored(place) == before, "not without a yes"
        await page.press("X", "Y")
        await page.see("v1 → draft", "the draft equals v1")
        assert "2 labels changed" in page.told
        assert stored(place) == "oa" * 6
        await page.press("L")
        await page.shown()
        await page.press("u")
        await page.until(lambda: stored(place) == before, "the step to be taken back")


async def test_a_hunk_held_back_changes_sentence_and_price_and_is_marked_until_it_is_taken_in(grown, opened):
    place = grown()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("~2 relabelled, in 2 stretches")
        await page.press("space")
        await page.until(lambda: "d shows what changes" in page.told, "where it is held back")
        await page.press("d")
        await page.see("+0 −0 ~2", "2 hunks", "space hold back")
        await page.press("space")
        await page.see("+0 −0 ~1", "1 hunk, 1 held back", "⊘ ~", "held back · 1 frame", "space take in")
        await page.press("d")
        await page.see("~1 relabelled, in 1 stretch", "1 stretch held back", "⊘ held back")
        await page.until(lambda: "~1 ·" in page.text().split("\n")[0], "the header to say so too")
        await page.press("d", "space")
        await page.see("+0 −0 ~2", "2 hunks")


async def test_what_is_written_on_a_hunk_stays_with_it(grown, opened):
    place = grown()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("d")
        await page.see("1 of 2")
        await page.press("down", "number_sign", *"warm", "space", *"up", "enter")
        await page.see("# warm up")
    async with opened(place.root, size=(80, 24)) as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("d")
        await page.see("  #", "1 of 2")
        await page.press("down")
        await page.see("# warm up")
        await page.press("number_sign", *["backspace"] * 10, "enter")
        await page.until(lambda: "# warm" not in page.text(), "the comment to be taken off")


async def test_another_base_holds_nothing_back(grown, opened):
    place = grown()
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("b", "3")
        await page.see("nothing → draft")
        await page.press("d")
        await page.see("+12 −0 ~0")
        await page.press("space")
        await page.until(lambda: "against the version it follows" in page.told, "why not")
        assert "held back" not in page.text()


async def test_a_withdrawn_version_is_struck_through_and_says_why(released, opened):
    place = released()
    ws = Workspace.open(place.root)
    withdraw(ws, ws.task("offline-detection"), "v1", "a night was mislabelled", "Ana")
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("V")
        await page.see("withdrawn", "a night was mislabelled", "nothing → draft")
        line = next(
            strip
            for strip in page.app.screen._compositor.render_strips()
            if " v1 " in "".join(segment.text for segment in strip)
        )
        name = next(segment for segment in line if "v1" in segment.text)
        assert name.style is not None
        assert name.style.strike


async def test_in_letters_the_small_pictures_are_letters_too(grown, opened):
    place = grown()
    async with opened(place.root, size=(80, 24), graphics="ascii") as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("d")
        await page.see("1 of 2")
        await page.until(lambda: len(_hunks(page)._thumbs) == 1, "the picture of the one that is open")
        (drawn,) = _hunks(page)._thumbs.values()
        await page.see(max(drawn, key=lambda line: len(line.strip())).strip())
        assert "▀" not in page.text()
