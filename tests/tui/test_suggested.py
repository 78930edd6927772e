"""What a small model suggests, as a person meets it: facts, keys, queues, what is said when it ends, a damaged file."""

from __future__ import annotations

import json
import os
from typing import Any

from core.labels.sync import open_store
from core.workspace import Workspace
from tests.tui.test_queues import choose, in_queue

TASK = "offline-detection"


def suggest(place: Any, letters: str, **more: Any) -> None:
    """Write what `suggest` would: a run for each row of equal letters ('·' is none), and what else is given."""
    words = {"a": "active", "o": "offline"}
    runs, begin = [], 0
    for at in range(1, len(letters) + 1):
        if at == len(letters) or letters[at] != letters[begin]:
            if letters[begin] in words:
                runs.append({
                    "first": place.keys[begin], "last": place.keys[at - 1], "frames": at - begin,
                    "label": words[letters[begin]], "confidence": 0.87, "why": "as at 07:40", "sure": at - begin > 2,
                })  # fmt: skip
            begin = at
    whole = {
        "format": 1, "task": TASK, "engine": "thumbnails", "engine_text": "small pictures", "labels_seq": 1,
        "labelled": 42, "made_at": "2025-11-20T10:00:00+00:00", "share_right": 0.98, "runs": runs, "next": [],
        "doubts": [], "curve": [], "enough": False, "hint": "", **more,
    }  # fmt: skip
    folder = Workspace.open(place.root).ensure_private() / "assist"
    folder.mkdir(exist_ok=True)
    part = folder / "part"
    part.write_text(json.dumps(whole))
    part.rename(folder / f"{TASK}.json")


def label(place: Any, letters: str, who: str = "Ana") -> None:
    words = {"a": "active", "o": "offline"}
    given = {key: words[one] for key, one in zip(place.keys, letters, strict=False) if one in words}
    with open_store(Workspace.open(place.root)) as store:
        store.set_many(TASK, given, how="hand", who=who, what="by hand")


async def test_a_suggestion_says_what_it_is_and_why_and_is_accepted_for_a_frame_and_a_run(
    workspace, opened, stored
):
    place = workspace(frames=10)
    label(place, "·····o")
    suggest(place, "oooaaaaao·")
    async with opened(place.root) as page:
        await page.see("suggested: offline 87%", "why: as at 07:40 · from 42 labels")
        await page.rest()
        await page.press("home")
        await page.shown()
        await page.press("space")
        await page.until(lambda: page.label_of(place.keys[0]) == "offline", "the frame to be labelled")
        await page.press("home", *["right"] * 6)
        await page.shown()
        await page.press("enter")
        await page.until(lambda: page.label_of(place.keys[7]) == "active", "the run to be labelled")
        await page.see("× 4")
        assert stored(place) == "o··aaoaa··", "what a person said by hand stays"
        await page.press("u")
        await page.until(
            lambda: page.label_of(place.keys[7]) is None, "all of it to be taken back as one step"
        )
        assert stored(place) == "o····o····"
        await page.press("ctrl+r")
        await page.until(lambda: page.label_of(place.keys[7]) == "active", "it to be given again")
    with open_store(Workspace.open(place.root)) as store:
        assert {store.get(TASK, key).how for key in place.keys[3:5]} == {"suggestion"}
        assert store.get(TASK, place.keys[5]).how == "hand"


async def test_a_label_is_never_overwritten_by_a_suggestion(workspace, opened, stored):
    place = workspace(frames=4)
    label(place, "a")
    suggest(place, "oooo")
    async with opened(place.root) as page:
        await page.press("home")
        await page.see("suggested: offline 87% ⚑")
        await page.shown()
        await page.press("space")
        assert page.notice == "The label stays; o makes it offline."
        await page.press("enter")
        await page.until(lambda: page.label_of(place.keys[3]) == "offline", "the others of the run")
    assert stored(place) == "aooo"


async def test_new_suggestions_appear_and_newer_predictions_go_before_them(workspace, opened):
    place = workspace(frames=6)
    async with opened(place.root) as page:
        await page.see("no label")
        suggest(place, "oooooo")
        await page.see("suggested: offline 87%")
        suggest(place, "aaaaaa")
        await page.see("suggested: active 87%")
        said = place.root / "data" / "predictions.json"
        said.write_text(json.dumps({place.keys[0]: {"label": "offline", "confidence": 0.7}}))
        os.utime(said, (4_000_000_000, 4_000_000_000))
        await page.press("home")
        await page.see("model: offline 70%")
        assert "suggested:" not in page.text()
        said.unlink()
        await page.see("suggested: active 87%")


async def test_filters_see_suggestions(workspace, opened):
    place = workspace(frames=6)
    suggest(place, "oooaaa")
    async with opened(place.root) as page:
        await page.see("suggested: offline")
        await page.press("slash")
        await page.press(*"pred:active", "enter")
        await page.until(lambda: len(page.app.state.frames) == 3, "the three")
        assert page.frame == place.keys[3]


async def test_the_frames_asked_for_are_the_first_queue_in_their_order_with_why(workspace, opened):
    place = workspace(frames=8)
    asked = [{"frame": place.keys[at], "why": f"nothing like number {at}"} for at in (5, 2, 7)]
    suggest(place, "oooooooo", next=asked)
    async with opened(place.root) as page:
        await page.see("suggested: offline")
        await choose(page, "the most useful labels next")
        await in_queue(page, "suggested")
        await page.until(lambda: page.frame == place.keys[5], "the most useful one")
        await page.see("asked: nothing like number 5", "queue: suggested 1 of 3")
        await page.label("a")
        assert page.frame == place.keys[2]
        # A label later another one is the most useful: it is what follows, wherever a person stands.
        suggest(place, "oooooooo", next=[asked[2], asked[1]])
        await page.until(lambda: page.app.state.queue and page.app.state.queue.order[0] == 7, "the new order")
        await page.label("a")
        assert page.frame == place.keys[7]


async def test_the_end_of_the_questions_says_what_would_help(workspace, opened):
    place = workspace(frames=4)
    hint = "Record a print at night: none is labelled."
    suggest(place, "oooo", next=[{"frame": place.keys[1], "why": "far from all"}], enough=True, hint=hint)
    async with opened(place.root, size=(110, 30)) as page:
        await page.see("suggested")
        await choose(page, "the most useful labels next")
        await in_queue(page, "suggested")
        await page.until(lambda: page.frame == place.keys[1], "the question")
        await page.label("o")
        await page.until(lambda: hint in page.notice, "what would help")
        await page.press("exclamation_mark")
        await page.see("next: Record a print at night")


async def test_a_damaged_file_is_said_once_and_takes_nothing_away(workspace, opened):
    place = workspace(frames=3)
    suggest(place, "ooo")
    async with opened(place.root, toasts=True) as page:
        await page.see("suggested: offline")
        (place.root / ".print-models" / "assist" / f"{TASK}.json").write_bytes(b"{")
        await page.until(lambda: "suggestions are left out" in page.told, "it to be said")
        await page.until(lambda: not page.app.state.guess(place.keys[0]), "the suggestions to go")
        await page.label("a")


async def test_a_doubted_label_is_shown_beside_the_frames_most_alike_of_each_class(workspace, opened, stored):
    place = workspace(frames=8)
    label(place, "aaaooo")
    keys = place.keys
    doubts = [
        {"frame": keys[1], "frames": 3, "label": "active", "suggested": "offline", "confidence": 0.93, "why": "alone",
         "evidence": [keys[0], keys[3], {"frame": keys[4], "label": "offline"}, keys[7]]},
        {"frame": keys[5], "label": "active", "suggested": "offline", "confidence": 0.99, "evidence": [keys[0]]},
    ]  # fmt: skip
    suggest(place, "oooooooo", doubts=doubts)
    async with opened(place.root, size=(80, 30)) as page:
        await page.see("suggested: offline")
        await choose(page, "the others say another class")
        await in_queue(page, "doubts")
        await page.until(lambda: page.frame == keys[1], "the doubted one; the other has another label since")
        await page.see("likely label errors · 1 left", "doubted: offline 93% (E why)", "why: 3 labels in")
        await page.press("E")
        await page.see(
            "● active by Ana · hand", "suggested ○ offline 93%", "beside ● active", "beside ○ offline"
        )
        times = [line for line in page.text().split("\n") if "this, 08:01:00" in line]
        assert "08:00:00" in times[0]
        assert "08:03:00" in times[1]
        assert "08:04:00" in times[1]
        assert "08:07" not in page.text(), "a frame without a label is no evidence"
        await page.until(lambda: page.text().count("▀") > 100, "the pictures")
        await page.press("escape")
        await page.label("o")
        await page.see("No label is doubted")
        await page.press("E")
        assert "Nobody doubts" in page.notice or "There is no label" in page.notice
    assert stored(place) == "aoaooo··"
    with open_store(Workspace.open(place.root)) as store:
        assert store.get(TASK, keys[1]).how == "hand", "who looked and decided labelled it"


async def test_the_evidence_fits_a_phone_and_a_terminal_without_signs(workspace, opened, monkeypatch):
    place = workspace(frames=4)
    label(place, "aoao")
    keys = place.keys
    doubt = {"frame": keys[0], "label": "active", "suggested": "offline", "evidence": [keys[1], keys[2]]}
    suggest(place, "oooo", doubts=[doubt])
    async with opened(place.root, size=(40, 16)) as page:
        await page.see("suggested: offline")
        await page.press("home")
        await page.shown()
        await page.press("E")
        await page.see("beside ○ offline", "beside ● active", "08:01:00", "08:02:00")
        assert max(len(line.rstrip()) for line in page.text().split("\n")) <= 40
    async with opened(place.root, size=(80, 30), graphics="ascii") as page:
        await page.see("suggested: offline")
        await page.press("home")
        await page.shown()
        await page.press("E")
        await page.see("beside ○ offline")
        await page.rest()
        assert "▀" not in page.text()


async def test_what_is_sure_is_taken_unseen_in_one_step_by_the_same_key_twice(workspace, opened, stored):
    place = workspace(frames=12)
    label(place, "··a")
    with open_store(Workspace.open(place.root)) as store:
        store.mark(place.keys[4], mark="unsure", who="Ana", task=TASK)
    suggest(place, "ooooooaaoooo", sure={"least": 0.9, "answers": 117, "right": 116})
    async with opened(place.root, size=(120, 30)) as page:
        await page.until(lambda: page.app.state.guesses, "the suggestions")
        await page.rest()
        await page.see("& sure")
        await page.press("ampersand")
        await page.see("8 frames in 2 runs are sure", "of 117 labelled ones as sure 116 were right")
        await page.press("right")
        await page.until(lambda: "are sure" not in page.text(), "another key to leave it")
        assert stored(place) == "··a·········"
        await page.press("ampersand")
        await page.see("8 frames in 2 runs are sure")
        await page.press("shift+space")
        await page.until(lambda: page.label_of(place.keys[11]) == "offline", "the labels")
        assert stored(place) == "ooao·o··oooo", "no label, no mark, no short run"
        await page.press("u")
        await page.until(lambda: page.label_of(place.keys[11]) is None, "one step back")
        assert stored(place) == "··a·········"
        await page.press("ctrl+r")
        await page.until(lambda: page.label_of(place.keys[11]) == "offline", "and again")
    with open_store(Workspace.open(place.root)) as store:
        assert store.get(TASK, place.keys[0]).how == "suggestion"
        assert store.get(TASK, place.keys[2]).how == "hand"


async def test_where_nothing_is_sure_what_is_missing_is_said(workspace, opened, stored):
    place = workspace(frames=4)
    suggest(place, "oaoa", hint="Label a frame of each class in one more recording.")
    async with opened(place.root, size=(120, 30)) as page:
        await page.until(lambda: page.app.state.guesses, "the suggestions")
        await page.rest()
        await page.press("ampersand")
        await page.until(lambda: "sure enough" in page.notice and "one more recording" in page.notice)
    assert stored(place) == "····"


async def test_a_label_that_another_session_gave_meanwhile_is_not_taken_over(
    workspace, opened, stored, monkeypatch
):
    place = workspace(frames=6)
    suggest(place, "oooooo")
    async with opened(place.root) as page:
        await page.see("suggested: offline")
        await page.rest()
        await page.shown()
        monkeypatch.setattr(page.app.bridge._work, "poll", lambda: None)  # this session does not know yet
        label(place, "··aa", who="Ben")
        await page.press("enter")
        await page.until(lambda: page.label_of(place.keys[5]) == "offline", "the run")
    assert stored(place) == "ooaaoo"
