"""Many frames labelled at once: a stretch marked by moving, its ends moved, a gap filled, what the model said accepted."""

from __future__ import annotations

import json

from core.labels.sync import open_store
from core.workspace import Workspace
from tests.frames.moving import Look, film, story
from tui.tools import pointing, watching


async def painted(page, keys, class_):
    """Wait until these frames have a class on the screen."""
    await page.until(
        lambda: [page.label_of(key) for key in keys] == [class_] * len(keys), f"{class_} on {keys}"
    )


async def test_a_stretch_is_marked_painted_as_one_step_and_taken_back(workspace, opened):
    place = workspace(frames=8)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("right", "v")
        await page.see("stretch 08:01 · 1 frame")
        await page.press("right", "right", "right")
        await page.see("stretch 08:01–08:04 · 4 frames")
        await page.shown()
        await page.press("a")
        await painted(page, place.keys[1:5], "active")
        await page.see("● active × 4")
        assert "stretch 08:0" not in page.text(), "the stretch is left once it is painted"
        assert page.label_of(place.keys[0]) is page.label_of(place.keys[5]) is None
        await page.press("u")
        await painted(page, place.keys, None)
    with open_store(Workspace.open(place.root)) as store:
        assert [entry.how for entry in store.history(place.keys[2])] == ["stretch", "undo"]


async def test_what_is_labelled_otherwise_is_counted_before_it_is_painted_over(workspace, opened, stored):
    place = workspace(frames=8)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[2:4], "offline", who="Ana")
    async with opened(place.root) as page:
        await page.shown()
        await page.press("v", "right", "right", "right", "right")
        await page.see("stretch 08:00–08:04 · 5 frames: 2 ○ offline, 3 without")
        await page.shown()
        await page.press("a")
        await painted(page, place.keys[:5], "active")
        await page.press("u")
        await painted(page, place.keys[2:4], "offline")
    assert stored(place) == "··oo····", "undo gives back what was painted over"


async def test_a_stretch_is_cleared_by_x_and_left_by_esc_or_v_without_a_label(workspace, opened, stored):
    place = workspace(frames=6)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys, "offline", who="Ana", how="stretch")
    async with opened(place.root) as page:
        for leaving in ("escape", "v"):
            await page.press("home", "v", "right", leaving)
            assert "stretch 08:" not in page.text()
        await page.press("home", "v", "right", "right")
        await page.shown()
        await page.press("x")
        await painted(page, place.keys[:3], None)
    assert stored(place) == "···ooo"


async def test_a_class_key_for_a_stretch_counts_only_when_its_last_frame_is_on_the_screen(
    workspace, opened, stored, monkeypatch
):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.shown()
        await page.rest()  # the neighbours are fetched, so none comes later
        monkeypatch.setattr(page.app.bridge, "picture", lambda *words: None)
        monkeypatch.setattr(page.app.screen._pictures, "get", lambda *words: None)
        await page.press("v", "right", "a")
        await page.until(lambda: "Not shown yet" in page.notice)
        await page.rest()
        await page.see("stretch 08:00–08:01 · 2 frames")
    assert stored(place) == "······"


async def test_labels_of_another_session_are_counted_in_a_stretch_that_is_being_marked(
    workspace, opened, cli
):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("v", "right", "right")
        await page.see("3 frames")
        done = cli(place.root, "label", "--as", "offline", place.keys[1])
        assert done.code == 0, done.err
        await page.see("3 frames: 1 ○ offline, 2 without")


async def test_the_nearer_end_of_a_stretch_moves_by_a_frame_and_says_to_where(workspace, opened, stored):
    place = workspace(frames=8)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[:4], "active", who="Ana", how="stretch")
        store.set("offline-detection", place.keys[4:], "offline", who="Ana", how="stretch")
    async with opened(place.root) as page:
        await page.press("home", "right", "right", "right")
        await page.shown()
        await page.press("greater_than_sign")
        await painted(page, place.keys[:5], "active")
        assert page.frame == place.keys[4], "the cursor goes with the end"
        await page.until(lambda: "active now to 08:04" in page.notice)
        for _ in range(2):
            before = page.frame
            await page.shown()
            await page.press("less_than_sign")
            await page.until(lambda b=before: page.frame != b, "the end to move")
        await page.until(lambda: "active now to 08:02" in page.notice)
        await page.press("end", "greater_than_sign")
        await page.until(lambda: "the recording ends here" in page.notice)
    assert stored(place) == "aaaooooo"


async def test_a_gap_is_filled_where_both_sides_agree(workspace, opened, stored):
    place = workspace(frames=10)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", [place.keys[0], place.keys[5]], "active", who="Ana")
        store.set("offline-detection", [place.keys[9]], "offline", who="Ana")
    async with opened(place.root) as page:
        await page.press("home", "right", "right")
        await page.shown()
        await page.press("quotation_mark")
        await painted(page, place.keys[:6], "active")
        await page.press("end", "left")
        await page.shown()
        await page.press("quotation_mark")
        await page.until(lambda: "active and offline" in page.notice)
    assert stored(place) == "aaaaaa···o"


# --- what a model said ------------------------------------------------------------------------------------------------


def predicted(place, letters):
    """Write predictions: a letter a frame, · for none."""
    words = {"a": "active", "o": "offline"}
    said = {
        key: {"label": words[letter], "confidence": 0.9}
        for key, letter in zip(place.keys, letters, strict=True)
        if letter in words
    }
    (place.root / "data" / "predictions.json").write_text(json.dumps(said))


async def test_what_the_model_said_is_accepted_for_a_frame_and_for_its_stretch(workspace, opened, stored):
    place = workspace(frames=10)
    predicted(place, "oooaaaaao·")
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", [place.keys[5]], "offline", who="Ana")
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.guesses, "the predictions")
        await page.rest()
        await page.shown()
        await page.press("space")
        await page.until(lambda: page.label_of(place.keys[0]) == "offline", "the frame to be labelled")
        await page.press("home", *["right"] * 6)
        await page.shown()
        await page.press("enter")
        await page.until(lambda: page.label_of(place.keys[7]) == "active", "the stretch to be labelled")
        assert page.label_of(place.keys[5]) == "offline", "what a person said by hand stays"
        await page.see("× 4")
        await page.press("end")
        await page.shown()
        await page.press("enter")
        await page.until(lambda: "Nothing is suggested" in page.notice)
    assert stored(place) == "o··aaoaa··"
    with open_store(Workspace.open(place.root)) as store:
        assert store.get("offline-detection", place.keys[7]).how == "suggestion"


async def test_change_points_of_labels_and_predictions_are_walked_along(workspace, opened):
    place = workspace(frames=12)
    predicted(place, "ooooaaaaaaoo")
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[:7], "offline", who="Ana", how="stretch")
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.guesses, "the predictions")
        await page.rest()  # what is known of the pictures to be read
        await page.press("home")
        walked = []
        for _ in range(3):
            await page.press("full_stop")
            walked.append(place.keys.index(page.frame))
        assert walked == [4, 7, 10]
        await page.press("full_stop")
        assert page.notice == "No change is known after this frame: pictures measured 0 %."
        await page.press("comma", "comma")
        assert page.frame == place.keys[4]
        await page.press("v", "full_stop")
        assert page.frame == place.keys[6], "in a stretch the last frame before the change"


async def test_a_wrong_stretch_is_corrected_with_four_keys(workspace, opened, stored):
    place = workspace(frames=20)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys, "active", who="Ana", how="stretch")
        store.set("offline-detection", place.keys[5:15], "offline", who="Ana", how="stretch")
    async with opened(place.root) as page:
        await page.press("home")
        for key in ("full_stop", "v", "full_stop", "a"):
            await page.shown()
            await page.press(key)
        await painted(page, place.keys, "active")
    assert stored(place) == "a" * 20


async def test_undo_names_the_frames_that_somebody_changed_since(workspace, opened, stored, cli):
    place = workspace(frames=5)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("v", "right", "right")
        await page.shown()
        await page.press("a")
        await painted(page, place.keys[:3], "active")
        done = cli(place.root, "label", "--who", "Ben", "--as", "offline", place.keys[1])
        assert done.code == 0, done.err
        await page.until(lambda: page.label_of(place.keys[1]) == "offline", "the other's label")
        await page.press("u")
        await page.until(lambda: page.label_of(place.keys[0]) is None, "the stretch to be undone")
        await page.until(
            lambda: "1 frame keeps a later label: 20251107T080100" in page.notice, "it to be named"
        )
    assert stored(place) == "·o···"


async def test_one_key_looks_through_so_many_frames_for_a_change_and_says_where_it_ended(
    workspace, opened, monkeypatch
):
    place = workspace(frames=12)
    with open_store(Workspace.open(place.root)) as store:
        store.set("offline-detection", place.keys[9:], "active", who="Ana", how="stretch")
    monkeypatch.setattr(pointing, "FAR", 4)
    async with opened(place.root) as page:
        await page.rest()
        await page.press("home", "full_stop")
        assert page.frame == place.keys[4]
        await page.until(lambda: "Nothing changes in 4 frames" in page.notice)
        await page.press("full_stop")
        assert page.frame == place.keys[8]
        await page.press("full_stop")
        assert (page.frame, page.notice) == (place.keys[9], "")
        await page.press("full_stop")
        await page.until(lambda: "No change is known after this frame" in page.notice)
        await page.press("left", "left", "comma")
        assert page.frame == place.keys[3]
        await page.press("comma")
        await page.until(lambda: "No change is known before this frame" in page.notice)


async def test_a_stretch_ends_with_its_recording_and_says_how_much_of_it_was_measured(
    workspace, opened, monkeypatch
):
    monkeypatch.setattr(watching, "REST_S", 3600)
    place = workspace(frames=0)
    keys = film(place.camera, story((6, Look())), start="20251107T080000")
    keys += film(place.camera, story((6, Look()), (6, Look(part=True))), start="20251107T140000")
    keys += film(place.camera, story((6, Look())), start="20251107T200000")
    async with opened(place.root) as page:
        await page.until(lambda: len(page.app.state.starts) == 3, "the recordings")
        await page.rest()  # what is known of the pictures to be read
        await page.press("home", *["right"] * 6)
        await page.shown()
        await page.press("v", "full_stop")
        assert page.frame == keys[17]
        assert page.notice == "Pictures measured 0 %: this is the end of the recording."
        await page.press("full_stop")
        assert (page.frame, page.notice) == (keys[17], "The recording ends here.")
        await page.press("comma")
        assert page.frame == keys[6]
        await page.press("comma")
        assert (page.frame, page.notice) == (keys[6], "The recording begins here.")
        page.app.bridge.measure(keys[6])
        await page.until(
            lambda: len(page.app.screen.tools[watching.Watching].here.changes) == 24, "all measured"
        )
        await page.rest()
        await page.press("full_stop")
        assert (page.frame, page.notice) == (keys[11], ""), "the last one before the part was there"
        await page.press("escape", "end", "full_stop")
        assert page.notice == "Nothing changes after this frame."


async def test_a_stretch_ends_where_a_time_or_a_day_leads_and_outlasts_what_is_looked_up(
    workspace, opened, stored
):
    place = workspace(frames=8)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("right", "v", "t", *"08:05", "enter")
        await page.see("stretch 08:01–08:05 · 5 frames")
        for opener in ("t", "slash", "y", "semicolon", "B"):
            before = page.app.focused, page.app.screen
            await page.press(opener)
            await page.until(lambda b=before: (page.app.focused, page.app.screen) != b, opener)
            await page.press("escape")
            await page.until(
                lambda b=before: (page.app.focused, page.app.screen) == b, f"{opener} to be left"
            )
            await page.see("stretch 08:01–08:05 · 5 frames")
        await page.shown()
        await page.press("a")
        await painted(page, place.keys[1:6], "active")
    assert stored(place) == "·aaaaa··"


async def test_what_ends_a_stretch_that_nobody_left_says_so(workspace, opened):
    place = workspace(frames=8)
    async with opened(place.root) as page:
        await page.shown()
        for other, after in (("tab", "tab"), ("z", "z"), ("p", "p")):
            await page.press("home", "v", "right")
            await page.see("stretch 08:00–08:01")
            await page.press(other)
            assert page.notice == "The stretch is no longer marked.", other
            await page.press(after)
