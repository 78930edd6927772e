"""Queues: which there are and what waits in each, going through one, what is said when it is empty, after a restart."""

from __future__ import annotations

import json

from core.labels.sync import open_store
from core.workspace import Workspace
from tui.sorting import QueueRead

TASK = "offline-detection"


def predict(place, said):
    """Write what a model said: frame → (class, how sure)."""
    found = {key: {"label": class_, "confidence": sure} for key, (class_, sure) in said.items()}
    (place.root / "data" / "predictions.json").write_text(json.dumps(found))


def label(place, labels, who="Ana"):
    with open_store(Workspace.open(place.root)) as store:
        store.set_many(TASK, labels, how="hand", who=who, what="by hand")


async def choose(page, name):
    """Choose a queue from the list by its number."""
    await page.press("semicolon")
    await page.see("┌─ queues", name)
    await page.until(lambda: page.app.state.queues and page.app.state.queues.done, "all counts")

    def rows():
        return [line for line in page.text().split("\n") if line.startswith("│") and name in line]

    await page.until(rows, f"a row {name}")
    await page.press(rows()[0].strip("│ ▸").split()[0])


async def in_queue(page, id_):
    await page.until(lambda: page.app.state.queue and page.app.state.queue.kind.id == id_, f"the queue {id_}")


async def test_the_list_shows_what_waits_the_suggested_one_first_and_no_empty_ones(workspace, opened):
    place = workspace(frames=6)
    label(place, {place.keys[0]: "active", place.keys[1]: "offline"})
    predict(place, {place.keys[0]: ("offline", 0.97), place.keys[3]: ("active", 0.6)})
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.guesses, "the predictions")
        await page.press("semicolon")
        await page.see(
            "uncertain ← suggested", "disagreements", "unlabelled (in use)", "label or model is wrong"
        )
        assert "near-duplicates" not in page.text()
        assert "skipped" not in page.text()
        row = next(line for line in page.text().split("\n") if "unlabelled" in line)
        assert row.rstrip("│ ").endswith("4")
        await page.press("escape")
        await page.shown()


async def test_a_queue_is_gone_through_in_its_order_and_the_next_follows_a_label(workspace, opened):
    place = workspace(frames=8)
    label(place, dict.fromkeys(place.keys, "active"))
    sure = {1: 0.7, 4: 0.95, 6: 0.8}
    predict(place, {place.keys[at]: ("offline", share) for at, share in sure.items()})
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.guesses, "the predictions")
        await choose(page, "disagreements")
        await in_queue(page, "disagreements")
        await page.until(lambda: page.frame == place.keys[4], "the surest of them")
        await page.see("queue: disagreements 1 of 3")
        await page.press("n")
        await page.until(lambda: page.frame == place.keys[6], "the next sure one")
        await page.press("N")
        await page.until(lambda: page.frame == place.keys[4], "the one before")
        await page.label("o")
        assert page.frame == place.keys[6], "the next of the queue, not the next frame"
        await page.see("queue: disagreements · 2 left")
        await page.shown()
        await page.press("right")
        await page.label("a")
        assert page.frame == place.keys[7], "a frame that is not in the queue leads to its neighbour"


async def test_an_empty_queue_says_so_and_what_else_waits(workspace, opened):
    place = workspace(frames=4)
    label(place, dict.fromkeys(place.keys[1:], "active"))
    predict(place, {place.keys[2]: ("offline", 0.9)})
    async with opened(place.root, size=(58, 24)) as page:
        await page.until(lambda: page.app.state.guesses, "the predictions")
        await page.rest()
        await page.label("a")
        await page.see("Every frame has a label", "there wait: disagreements 1")
        await page.press("n")
        await page.until(lambda: "Every frame has a label" in page.notice)


async def test_undo_puts_the_frame_back_into_the_queue(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await in_queue(page, "unlabelled")
        first = await page.label("a")
        await page.until(lambda: page.app.state.queue.left == 2, "two to be left")
        await page.press("u")
        await page.until(lambda: page.app.state.queue.left == 3, "it to wait again")
        assert page.frame == first


async def test_a_label_that_undo_gives_back_is_not_led_to_as_if_it_waited(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await in_queue(page, "unlabelled")
        first = await page.label("a")
        await page.press("home")
        await page.label("o")
        await page.press("u")
        await page.until(lambda: page.label_of(first) == "active", "the first label again")
        await page.press("ctrl+r")
        await page.until(lambda: page.label_of(first) == "offline", "the second one again")
        await page.press("u")
        await page.until(lambda: page.label_of(first) == "active", "the first label again")
        assert page.app.state.queue.left == 3
        for key in place.keys[1:]:
            await page.press("n")
            assert page.frame == key
        await page.press("n")
        assert page.frame == place.keys[1], "round the end, past the labelled one"


async def test_what_the_queue_held_before_a_label_was_given_comes_too_late(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await in_queue(page, "unlabelled")
        await page.rest()
        app, held, take = page.app, [], page.app.sorter.take

        def hold_back(result):
            held.append(result) if isinstance(result, QueueRead) and not held else take(result)

        app.sorter.take = hold_back
        app.sorter.queue()
        await page.until(lambda: held, "an answer")
        before = app.state.queue
        await page.label("a")
        app.sorter.queue()
        await page.until(lambda: app.state.queue is not before, "the queue without it")
        take(held[0])
        await page.press("home", "end", "n")
        assert page.frame == place.keys[1]


async def test_what_another_session_labels_waits_no_more(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await in_queue(page, "unlabelled")
        label(place, {place.keys[1]: "offline"}, who="Ben")
        await page.until(lambda: page.app.state.queue.left == 3, "the other's label")
        await page.shown()
        await page.press("n")
        assert page.frame == place.keys[2], "the other's frame is passed over"


async def test_a_conflict_is_a_queue_and_labelling_it_decides(workspace, opened):
    place = workspace(frames=4)
    entry = {"conflict": ["active", "offline"]}
    (place.root / "data" / "labels.json").write_text(json.dumps({place.keys[2]: entry}))
    async with opened(place.root) as page:
        await choose(page, "conflicts")
        await in_queue(page, "conflicts")
        await page.until(lambda: page.frame == place.keys[2], "the frame in conflict")
        await page.label("o")
        await page.see("No entry of the label file waits for a decision.")
    with open_store(Workspace.open(place.root)) as store:
        assert store.problems(TASK) == ()
    assert json.loads((place.root / "data" / "labels.json").read_text()) == {place.keys[2]: "offline"}


async def test_new_frames_join_the_queue(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await in_queue(page, "unlabelled")
        await page.label("a")
        source = place.root / place.keys[0]
        source.with_name("20251107T120000.jpg").write_bytes(source.read_bytes())
        page.app.bridge.scan(again=True)
        await page.until(lambda: page.app.state.queue and page.app.state.queue.left == 3, "the new frame")
        assert page.app.state.queue.total == 4
        await page.see("unlabelled · 3 left")


async def test_queue_filter_and_cursor_are_there_after_a_restart(workspace, opened):
    place = workspace(frames=8)
    label(place, dict.fromkeys(place.keys[:6], "active"))
    async with opened(place.root) as page:
        await choose(page, "active")
        await in_queue(page, "class:active")
        await page.press("slash")
        await page.press(*"label", "enter")
        await page.until(lambda: len(page.app.state.frames) == 6, "the filter")
        await page.press("end")
        await page.rest()
        page.app._keep_view()
        await page.rest()  # the view to be kept
    async with opened(place.root) as page:
        await in_queue(page, "class:active")
        await page.until(lambda: len(page.app.state.frames) == 6, "the filter")
        assert page.frame == place.keys[5]
        await page.see("queue: active 6 of 6")


async def test_a_view_is_kept_under_a_name_chosen_and_forgotten(workspace, opened):
    place = workspace(frames=6)
    label(place, {place.keys[0]: "active", place.keys[3]: "active"})
    async with opened(place.root) as page:
        await choose(page, "● active")
        await in_queue(page, "class:active")
        page.app.screen.doing("keep_view")()
        await page.press(*"both", "enter")
        await page.see("kept both")
        await choose(page, "unlabelled")
        await in_queue(page, "unlabelled")
        await choose(page, "both")
        await in_queue(page, "class:active")
        await page.press("semicolon")
        await page.see("kept views", "both")
        await page.press(*["down"] * 12)
        await page.see("X forget view")
        await page.press("X")
        await page.until(lambda: "kept views" not in page.text(), "it to be forgotten")


async def test_the_queue_that_is_in_use_from_the_start_is_kept_under_a_name_that_labels_nothing(
    workspace, opened, stored
):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await in_queue(page, "unlabelled")
        await page.shown()
        page.app.screen.doing("keep_view")()
        await page.press(*"oaoa", "enter")
        await page.see("kept oaoa")
        await page.press("semicolon")
        await page.see("kept views", "oaoa")
    assert stored(place) == "····"


async def test_the_list_can_be_used_on_a_phone(workspace, opened):
    place = workspace(frames=5)
    async with opened(place.root, size=(40, 16)) as page:
        await in_queue(page, "unlabelled")
        await page.press("semicolon")
        # Which of the two is suggested depends on whether the recordings are known by then.
        await page.see("unlabelled", " ← s", "5")
        assert all(len(line) <= 40 for line in page.text().split("\n"))
        await page.press("down", "enter")
        await page.shown()


async def test_what_is_left_of_a_queue_is_said_where_its_whole_count_has_no_room(workspace, opened):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.see("queue: unlabelled 1 of 6")
        await page.label("a")
        await page.label("a")
        await page.see("queue: unlabelled · 4 left")
        await page.pilot.resize_terminal(160, 48)
        await page.see("─ queue: unlabelled ─", "│ 3 of 6 · 2 done ", "─ frames ─")
        lines = page.text().split("\n")
        at = next(number for number, line in enumerate(lines) if "─ frames ─" in line)
        assert "queue: unlabelled" in lines[at - 2]
        assert "08:00:00 ● active" in lines[at + 1], "the list is of the frames, and says so"
