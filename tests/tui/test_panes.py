"""What stands around the frame on the Label screen, what is remembered, and what others change meanwhile."""

from __future__ import annotations

import json

import pytest

from core.labels.sync import flush, open_store
from core.workspace import Workspace
from tui.screens.confirm import ConfirmScreen
from tui.widgets.ask_line import AskLine
from tui.widgets.filmstrip import Filmstrip
from tui.widgets.halfcells import Still

TASK = "offline-detection"


async def _filter(page, text: str) -> None:
    await page.press("slash")
    page.app.screen.query_one(AskLine).value = text
    await page.press("enter")


async def test_with_room_there_are_facts_a_list_a_filmstrip_and_what_u_undoes(workspace, opened):
    place = workspace(frames=12)
    async with opened(place.root, size=(160, 48)) as page:
        await page.see(
            "20251107T080000.jpg",
            "64×36",
            "queue: unlabelled",
            "1 of 12",
            "filmstrip",
            "day",
            "nothing to undo",
        )
        await page.label("a")
        await page.see("just now", "saved ● active 08:00", "u undoes ● active", "▸08:01:00")
        strip = page.app.screen.query_one(Filmstrip)
        await page.until(
            lambda: sum(still.picture is not None for still in strip.query(Still)) == 7, "the small pictures"
        )


async def test_what_the_model_said_is_a_row_and_a_fact(workspace, opened):
    place = workspace(frames=3)
    said = {
        place.keys[0]: {"label": "Offline", "confidence": 0.87},
        place.keys[1]: {"label": "no class of ours", "confidence": 0.9},
        place.keys[2]: {"label": "active", "confidence": "sure"},
    }
    (place.root / "data" / "predictions.json").write_text(json.dumps(said))
    async with opened(place.root) as page:
        await page.see("model: offline 87%", " model ")
        await page.label("a")
        await page.press("left")
        await page.see("87% ⚑")
        await page.press("right")
        assert page.app.state.guess(place.keys[1]) is None
        (place.root / "data" / "predictions.json").write_text("{")
        await page.until(lambda: page.app.state.guess(place.keys[0]) is None, "a broken file to say nothing")


async def test_the_next_step_stands_over_the_picture_until_a_key(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.see("next: 3 frames to label (n)")
        await page.press("right")
        assert "next:" not in page.text()
        await page.press("exclamation_mark")
        await page.see("next: 3 frames to label (n)")


async def test_the_next_step_is_no_release_while_there_is_one_class_only(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.label("a")
        await page.label("a")
        await page.see("2 in draft")
        await page.press("exclamation_mark")
        await page.see("next: label a frame of another class")


async def test_a_filter_shows_some_frames_and_says_where_there_are_none(workspace, opened):
    place = workspace(frames=6)
    async with opened(place.root, size=(120, 34)) as page:
        await page.label("a")
        await _filter(page, "label:active")
        await page.see("1/1 · label:active", "frame 1/1")
        assert page.frame == place.keys[0]
        await _filter(page, "label:nonsense")
        await page.until(lambda: "has no class" in page.notice)
        await page.press("escape")
        await page.see("1/1 · label:active")
        await _filter(page, "label:offline")
        await page.see("No frame fits the filter: label:offline", "shows all frames")
        await page.press("a")
        await page.until(lambda: "no frame" in page.notice)
        await _filter(page, "")
        await page.see("5 left · 1 done")


async def test_letters_typed_into_the_filter_label_nothing(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("slash", "a", "o", "V", "q", "0")
        await page.see("aoVq0")
        await page.press("escape")
        await page.rest()
        assert not page.app.state.of(page.app.state.task)


async def test_the_app_begins_where_it_was_left(workspace, opened):
    place = workspace(frames=25)
    async with opened(place.root) as page:
        await page.label("a")
        await page.press("end", "left")
        await page.shown()
        await _filter(page, "!label")
        await page.shown()
        await page.press("V")
        left = page.frame
        await page.press("q")
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.filter == "!label" and page.frame == left, "the same frame")
        assert page.app.current_mode == "versions"
        await page.press("L")
        await page.see("Since", "no new frames")


async def test_a_view_of_things_that_are_gone_begins_at_the_beginning(workspace, opened):
    from core.labels.views import keep_view

    place = workspace(frames=3)
    view = {
        "place": "nowhere",
        "task": "no-task",
        "source": "gone",
        "frame": 7,
        "filter": "label:x",
        "left_at": "?",
    }
    with open_store(Workspace.open(place.root)) as store:
        keep_view(store, view)
    async with opened(place.root) as page:
        await page.shown()
        assert (page.frame, page.app.state.filter) == (place.keys[0], "")
        await page.label("a")


async def test_a_label_file_changed_outside_is_taken_within_a_second_and_undone_by_u(workspace, opened):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.label("a")
        await page.rest()
        file = place.root / "data" / "labels.json"
        await page.until(file.exists, "the label file")
        file.write_text(json.dumps({place.keys[0]: "offline", place.keys[3]: "active"}))
        await page.until(lambda: page.label_of(place.keys[3]) == "active", "the change outside")
        assert page.label_of(place.keys[0]) == "offline"
        assert "2 labels taken from labels.json" in page.told
        await page.press("u")
        await page.until(lambda: page.label_of(place.keys[3]) is None, "it to be taken back")
        assert page.label_of(place.keys[0]) == "active"


@pytest.mark.parametrize("yes", [True, False])
async def test_many_labels_gone_outside_wait_for_a_word(workspace, opened, yes):
    place = workspace(frames=15)
    ws = Workspace.open(place.root)
    with open_store(ws) as store:
        store.set(TASK, place.keys, "active", who="Ana")
        flush(ws, store, ws.task(TASK))
    async with opened(place.root) as page:
        await page.shown()
        file = place.root / "data" / "labels.json"
        file.write_text(json.dumps({place.keys[0]: "active"}))
        await page.until(lambda: isinstance(page.app.screen, ConfirmScreen), "the question")
        await page.see("−14", "u brings them back")
        assert len(page.app.state.of(page.app.state.task)) == 15
        await page.press("Y" if yes else "n")
        if yes:
            await page.until(lambda: len(page.app.state.of(page.app.state.task)) == 1, "them to go")
            await page.press("u")
            await page.until(lambda: len(page.app.state.of(page.app.state.task)) == 15, "them to come back")
        else:
            assert "The labels stay" in page.told
            assert len(page.app.state.of(page.app.state.task)) == 15
    if not yes:
        assert json.loads(file.read_text()) == {place.keys[0]: "active"}


async def test_a_frame_that_is_being_written_says_so_and_appears_by_itself(workspace, opened):
    place = workspace(frames=3)
    file = place.root / place.keys[0]
    whole = file.read_bytes()
    async with opened(place.root) as page:
        await page.press("end")
        await page.shown()
        page.app.screen._pictures.__init__()
        file.write_bytes(whole[: len(whole) // 2])
        await page.press("home")
        await page.see("is being written")
        await page.press("a")
        assert page.label_of(place.keys[0]) is None
        file.write_bytes(whole)
        await page.until(lambda: page.view.readable and page.frame == place.keys[0], "the picture")


async def test_two_sessions_see_each_other_and_undo_their_own(workspace, opened):
    place = workspace(frames=6)
    async with opened(place.root) as one, opened(place.root) as two:
        first = await one.label("a")
        await two.until(lambda: two.label_of(first) == "active", "the other's label")
        await two.press("end")
        last = await two.label("o")
        await one.until(lambda: one.label_of(last) == "offline", "the other's label")
        await one.press("u")
        await two.until(lambda: two.label_of(first) is None, "its own step to be taken back")
        assert one.label_of(last) == "offline"
        await one.press("u")
        await one.see("nothing to undo", "Your last step (offline", "press u there")
        assert one.label_of(last) == "offline"


@pytest.mark.parametrize("size", [(40, 16), (59, 20)])
async def test_on_a_phone_there_is_one_column_and_every_decision(workspace, opened, size):
    place = workspace(frames=3)
    async with opened(place.root, size=size) as page:
        await page.see(TASK, "0/3", "· no label", " a active  o offline  u undo", " ? ", " q ")
        first = await page.label("a")
        await page.press("left")
        await page.see("● active")
        await page.press("u")
        await page.until(lambda: page.label_of(first) is None, "the label to be off")
        await page.press("n", "x")
        assert all(len(line) <= size[0] for line in page.text().split("\n"))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_footer_names_the_screens_help_and_the_way_out(workspace, opened, size):
    place = workspace(frames=2)
    async with opened(place.root, size=size) as page:
        await page.see("a active", "u undo", "n next", "V S T screens", "? help", "q quit")


async def test_of_many_classes_four_are_named_in_their_order_and_a_key_shows_all(workspace, opened):
    place = workspace(frames=2)
    classes = ["golf", "delta", "kilo", "alpha", "mike", "hotel", "lima", "echo", "yankee", "zulu"]
    with (place.root / "print-models.toml").open("a") as settings:
        settings.write(f"\n[tasks.a-state]\nclasses = {json.dumps(classes)}\n")
    async with opened(place.root) as page:
        await page.shown()
        for _ in page.app.state.workspace.tasks:
            if page.app.state.task.name != "a-state":
                await page.press("tab")
        await page.see("a-state")
        await page.see(" g golf  d delta  k kilo  a alpha  … i all  u undo")
        await page.press("v")
        await page.see(" g golf  d delta  k kilo  a alpha")


async def test_a_frame_with_a_mark_and_no_label_says_both_with_one_dot(workspace, opened, cli):
    place = workspace(frames=2)
    assert cli(place.root, "mark", place.keys[0], "--skip", "--task", TASK).code == 0
    async with opened(place.root) as page:
        await page.see("» skipped · no label")
