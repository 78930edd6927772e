"""Keys pressed while a tool has the keys, and what happens to it when a person goes elsewhere meanwhile."""

from __future__ import annotations

import json
import threading

from core.labels import queues
from core.labels.sync import open_store
from core.workspace import Workspace

TASK = "offline-detection"


def marks_of(place):
    with open_store(Workspace.open(place.root)) as store:
        return {key: mark.mark for key, mark in store.all_marks().items()}


class Held:
    """The lane for labels, held up as by a slow disk."""

    def __init__(self, page) -> None:
        self._go_on = threading.Event()
        page.app.bridge._labels.ask("held", lambda: self._go_on.wait(60) and None)

    def let_go(self) -> None:
        self._go_on.set()


async def test_w_in_a_bisection_is_about_the_frame_on_the_screen_and_its_neighbour_is_asked_about(
    workspace, opened, stored
):
    place = workspace(frames=12)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("b")
        await page.see("bisect 08:00–08:11 · 12 frames")
        await page.answer("o")
        await page.answer("a")
        await page.shown()
        unsure = page.frame
        await page.press("w")
        await page.until(lambda: page.frame != unsure, "another frame to be asked about")
        assert page.bisecting
        assert abs(place.keys.index(page.frame) - place.keys.index(unsure)) == 1
        await page.rest()
    assert marks_of(place) == {unsure: "unsure"}
    assert stored(place) == "·" * 12


async def test_a_label_given_otherwise_in_a_bisection_is_an_answer(workspace, opened):
    place = workspace(frames=12)
    said = {key: {"label": "offline", "confidence": 0.9} for key in place.keys}
    (place.root / "data" / "predictions.json").write_text(json.dumps(said))
    async with opened(place.root) as page:
        await page.see("model: offline 90%")
        await page.press("b")
        await page.see("bisect 08:00–08:11")
        await page.shown()
        assert page.frame == place.keys[0]
        await page.press("space")
        await page.until(lambda: page.label_of(place.keys[0]) == "offline", "the prediction to be accepted")
        await page.until(lambda: page.frame == place.keys[-1], "the other end to be asked about")
        assert page.bisecting


async def test_who_moved_on_while_a_stretch_was_saved_stays_there(workspace, opened, stored):
    place = workspace(frames=8)
    async with opened(place.root) as page:
        await page.press("right", "right", "v", "right", "right")
        await page.shown()
        held = Held(page)
        await page.press("a", "home")
        await page.shown()
        held.let_go()
        await page.until(lambda: page.label_of(place.keys[4]) == "active", "the stretch to be saved")
        await page.until(lambda: "stretch 08:" not in page.text(), "the stretch to be left")
        assert page.frame == place.keys[0]
    assert stored(place) == "··aaa···"


async def test_who_moved_on_while_a_prediction_was_accepted_stays_there(workspace, opened, stored):
    place = workspace(frames=8)
    said = {key: {"label": "offline", "confidence": 0.9} for key in place.keys[:6]}
    (place.root / "data" / "predictions.json").write_text(json.dumps(said))
    async with opened(place.root) as page:
        await page.see("model: offline 90%")
        await page.shown()
        held = Held(page)
        await page.press("enter", "right", "right")
        await page.shown()
        held.let_go()
        await page.until(lambda: page.label_of(place.keys[5]) == "offline", "the stretch to be saved")
        assert page.frame == place.keys[2]
    assert stored(place) == "oooooo··"


async def test_a_tool_loses_the_keys_where_undo_leads_to_another_task(workspace, opened):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.label("a")
        await page.press("tab")
        await page.shown()
        await page.press("v", "right")
        await page.see("stretch 08:")
        await page.press("u")
        await page.until(lambda: page.app.state.task.name == TASK, "the task of the step")
        await page.until(lambda: "stretch 08:" not in page.text(), "the stretch to be left")


async def test_a_mark_in_a_stretch_whose_beginning_the_filter_hides_is_given_to_what_is_shown(
    workspace, opened
):
    place = workspace(frames=8)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("v", "right", "right", "right")
        await page.press("slash", *"08:02-08:06", "enter")
        await page.until(lambda: len(page.app.state.frames) < 8, "the filter")
        await page.see("stretch 08:00–08:03")
        await page.shown()
        shown = [frame.key for frame in page.app.state.frames]
        await page.press("s")
        await page.until(lambda: page.app.state.mark_word(place.keys[3]) == "skipped", "the mark")
    assert set(marks_of(place)) == {key for key in shown if key <= place.keys[3]}


async def test_what_was_left_as_it_is_stays_said_although_the_queue_is_empty(workspace, opened):
    place = workspace(frames=4)
    with open_store(Workspace.open(place.root)) as store:
        store.set(TASK, place.keys[1:2], "active", who="Ana")
    said = {key: {"label": "offline", "confidence": 0.9} for key in place.keys}
    (place.root / "data" / "predictions.json").write_text(json.dumps(said))
    async with opened(place.root) as page:
        await page.see("model: offline 90%")
        await page.until(lambda: page.app.state.queue and page.app.state.queue.left == 3, "the queue")
        await page.press("home")
        await page.shown()
        await page.press("enter")
        await page.until(lambda: page.app.state.queues and page.app.state.queues.done, "what else waits")
        await page.until(lambda: "1 labelled otherwise" in page.notice)
        await page.press("n")
        await page.until(lambda: "Every frame has a label" in page.notice, "the empty queue")


async def test_nothing_is_said_of_an_empty_queue_after_another_key(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        count = page.app.bridge.sorting.count
        asked = []
        monkeypatch.setattr(page.app.bridge.sorting, "count", asked.append)
        await page.until(lambda: page.app.state.queue, "the queue")
        await page.label("a")
        await page.label("a")
        await page.see("Every frame has a label")
        await page.press("u")
        await page.until(lambda: page.app.state.queue.left == 1, "it to wait again")
        count(asked[0])
        await page.until(lambda: page.app.state.queues and page.app.state.queues.done, "the counts")
        assert page.notice == ""


async def test_on_a_phone_the_footer_of_a_tool_names_every_key_of_it(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root, size=(40, 16)) as page:
        await page.shown()
        await page.press("r")
        await page.see("print 1")
        footer = page.text().rstrip().split("\n")[-1]
        assert footer.split()[-4:] == ["w", "i", "esc", "?"]
        assert "active" in footer
        assert "offline" in footer


async def test_under_capslock_a_class_key_marks_no_print(workspace, opened):
    place = workspace(frames=4)
    settings = place.root / "print-models.toml"
    settings.write_text(settings.read_text() + '\n[tasks.offline-detection]\nkeys = ["o", "w"]\n')
    async with opened(place.root) as page:
        await page.shown()
        assert page.app.state.task.keys == ("o", "w")
        await page.press("r", "W")
        await page.until(lambda: "CapsLock?" in page.notice)
        await page.see("~ not sure")
        await page.press("~")
        await page.until(
            lambda: page.app.state.mark_word(place.keys[0]) == "unsure", "the print to be marked"
        )
        await page.rest()
    assert set(marks_of(place).values()) == {"unsure"}


async def test_why_a_key_was_refused_stays_said_when_the_filter_is_worked_out_anew(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await page.press("slash", *"!label", "enter")
        await page.until(lambda: page.app.state.filtered, "the filter")
        assert page.notice == ""
        await page.press("x")
        assert page.notice == "This frame has no label."
        before = page.app.state.queue
        page.app.sorter.again()
        await page.until(lambda: page.app.state.queue not in (None, before), "the filter and the queue anew")
        assert page.notice == "This frame has no label."


async def test_a_queue_that_is_chosen_is_not_read_behind_the_count_of_the_others(
    workspace, opened, monkeypatch
):
    place = workspace(frames=4)
    offered = queues.counted

    def endless(facts):
        yield from offered(facts)
        while True:
            facts.check()

    monkeypatch.setattr(queues, "counted", endless)
    async with opened(place.root) as page:
        await page.until(lambda: page.app.state.queue, "a queue")
        await page.press("semicolon")
        await page.see("random", "counting")
        line = next(line for line in page.text().split("\n") if "random" in line)
        await page.press(line.strip("│ ▸").split()[0])
        await page.until(lambda: page.app.state.queue and page.app.state.queue.kind.id == "random", "random")
