"""Frames that are skipped, unsure or left out, noted and pinned: each one step, off again by the same key."""

from __future__ import annotations

import json

import pytest

from core.labels.sync import open_store
from core.workspace import Workspace

TASK = "offline-detection"


def marks(place):
    with open_store(Workspace.open(place.root)) as store:
        return store.all_marks()


async def put(page, key):
    """Press a key of a mark on the frame shown, and wait until it has it."""
    await page.shown()
    await page.rest()
    await page.shown()
    await page.press(key)


@pytest.mark.parametrize(("key", "word", "sign"), [("s", "skipped", "»"), ("w", "unsure", "?")])
async def test_a_mark_is_saved_the_cursor_goes_on_and_the_same_key_takes_it_off(
    workspace, opened, key, word, sign
):
    place = workspace(frames=4)
    async with opened(place.root) as page:
        await put(page, key)
        await page.until(lambda: page.frame == place.keys[1], "the next of the queue")
        await page.see(f"saved {sign} {word}")
        assert page.app.state.mark_word(place.keys[0]) == word
        await page.press("n", "n", "n", "n")
        assert page.frame != place.keys[0], "what is put aside waits no more"
        await page.press("home")
        await page.see(f"{sign} {word}")
        await put(page, key)
        await page.until(lambda: page.app.state.mark_word(place.keys[0]) is None, "it to be off")
        assert page.frame == place.keys[0]
        await page.until(lambda: page.app.state.queue.left == 4, "it to wait again")
    assert marks(place) == {}


async def test_u_takes_a_mark_back_as_one_step(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await put(page, "w")
        await page.see("saved ? unsure", "unsure")
        await page.press("u")
        await page.see("undone ? unsure")
        await page.until(lambda: page.app.state.mark_word(place.keys[0]) is None, "it to be off")
        assert page.frame == place.keys[0]


async def test_a_label_given_to_a_skipped_frame_ends_its_being_put_aside(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await put(page, "s")
        await page.until(lambda: page.frame == place.keys[1], "the next one")
        await page.press("home")
        assert await page.label("a") == place.keys[0]
        await page.until(lambda: page.app.state.mark_word(place.keys[0]) is None, "the mark to be gone")


async def test_a_frame_is_left_out_with_a_usual_reason_or_own_words(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root) as page:
        await put(page, "e")
        await page.see("exclude: why?", "hand in the picture", "private: the picture is never exported")
        await page.press("6")
        await page.until(lambda: page.frame == place.keys[1], "the next one")
        await put(page, "e")
        await page.see("other: write it")
        await page.press("7")
        await page.shown()
        await page.press("enter")
        await page.until(lambda: "needs a reason" in page.notice)
        await page.press(*"spider", "enter")
        await page.until(lambda: page.frame == place.keys[2], "the next one")
        await page.press("left")
        await page.see("excluded")
    found = marks(place)
    assert (found[place.keys[0]].reason, found[place.keys[0]].private) == ("private", True)
    assert (found[place.keys[1]].reason, found[place.keys[1]].task) == ("spider", None)
    written = json.loads((place.root / "data" / "marks.json").read_text())
    assert set(json.dumps(written).split('"')) >= {place.keys[0], place.keys[1], "spider"}


async def test_leaving_the_list_of_reasons_leaves_out_nothing(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await put(page, "e")
        await page.see("exclude: why?")
        await page.press("escape")
        await page.shown()
        await page.rest()
    assert marks(place) == {}


async def test_the_marked_stretch_is_marked_as_one_step(workspace, opened):
    place = workspace(frames=8)
    async with opened(place.root) as page:
        await page.shown()
        await page.press("v", "right", "right", "right")
        await put(page, "w")
        await page.see("saved ? unsure × 4")
        assert page.app.state.marked is None, "the stretch is done"
        await page.until(lambda: page.frame == place.keys[4], "the next of the queue")
        await page.press("u")
        await page.see("undone ? unsure × 4")
        await page.until(lambda: not page.app.state.mark_word(place.keys[2]), "all of it to be off")


async def test_a_weaker_mark_leaves_a_stronger_one_and_that_is_said(workspace, opened):
    place = workspace(frames=3)
    with open_store(Workspace.open(place.root)) as store:
        store.mark(place.keys[0], who="Ana", mark="excluded", reason="hand")
    async with opened(place.root) as page:
        await put(page, "s")
        await page.until(lambda: "kept another mark" in page.notice, "a word")
        assert page.app.state.mark_word(place.keys[0]) == "excluded"


async def test_a_note_is_written_changed_and_taken_off(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root, size=(120, 40)) as page:
        await page.shown()
        await page.press("number_sign", *"warped", "enter")
        await page.see("note: warped")
        await page.press("number_sign")
        await page.press("backspace", "backspace", "enter")
        await page.see("note: warp")
        await page.press("number_sign", "ctrl+u", "enter")
        await page.until(lambda: "note:" not in page.text(), "the note to be gone")
    assert marks(place) == {}


async def test_a_frame_is_pinned_as_an_example_of_its_class(workspace, opened):
    place = workspace(frames=3)
    async with opened(place.root, size=(100, 30)) as page:
        await page.shown()
        await page.press("asterisk")
        await page.until(lambda: "label it first" in page.notice)
        await page.label("a")
        await page.press("home")
        await put(page, "asterisk")
        await page.see("example of active")
        await page.press("i")
        await page.see(
            "classes of offline-detection", "● active  1 frame", "7 Nov 08:00", "no example: * pins one"
        )
        await page.until(lambda: page.text().count("▀") > 10, "the small picture")
        await page.press("escape")
        await page.shown()
        await put(page, "asterisk")
        await page.until(lambda: "example of" not in page.text(), "it to be taken down")
    assert marks(place) == {}


async def test_a_frame_that_is_not_on_the_screen_yet_gets_no_mark(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.shown()
        page.view.want("")
        await page.press("s")
        await page.until(lambda: "Not shown yet" in page.notice)
    assert marks(place) == {}
