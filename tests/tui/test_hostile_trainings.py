"""The Training screen over trainings that another machine, a bad disk or a hand in the folder made odd."""

from __future__ import annotations

import json
import shutil

from core.training import events, runs
from tests.tui.test_trainings import RESULTS, _run

_EVIL = "\x1b]0;evil\x07\x1b[2J"


async def test_numbers_that_are_none_and_texts_that_command_a_terminal_are_drawn_as_nothing(
    workspace, opened, monkeypatch
):
    place = workspace(frames=2)
    name = _run(place.root, over=False)
    monkeypatch.setattr(runs, "is_alive", lambda run: True)
    with (place.root / ".print-models/runs" / name / events.FILE).open("a") as file:
        for odd in (_EVIL, [1], 1e308, {"a": 1}, None, 10**30):
            for key in ("loss", "train_loss", "balanced", "epoch", "seconds"):
                told = {
                    "event": "epoch",
                    "epoch": 4,
                    "train_loss": 0.1,
                    "train_accuracy": 0.9,
                    "seconds": 1,
                    key: odd,
                }
                file.write(json.dumps(told) + "\n")
            file.write(
                json.dumps({"event": "heartbeat", "phase": odd, "figures": {"cpu": odd, "free": odd}}) + "\n"
            )
            file.write(
                json.dumps({"event": "checkpoint", "file": odd, "sha256": odd, "words": odd, "results": odd})
                + "\n"
            )
        file.write(json.dumps({"event": "alert", "text": _EVIL}) + "\n")
    async with opened(place.root, size=(120, 40), toasts=True) as page:
        await page.press("T")
        await page.see("running", "! \\x1b]0;evil")
        await page.press("o", "d", "d", "f")
        await page.see("frames to look at in Label")
        assert "\x1b" not in page.text()
        assert "failed" not in page.told


async def test_results_that_are_none_of_ours_are_left_out(workspace, opened):
    place = workspace(frames=2)
    name = _run(place.root, over=False)
    with (place.root / ".print-models/runs" / name / events.FILE).open("a") as file:
        for odd in (
            {**RESULTS, "balanced": "much"},
            {**RESULTS, "classes": {}},
            {**RESULTS, "wrong": [{"frame": 7}]},
        ):
            file.write(json.dumps({"event": "finished", "words": [_EVIL, "Good."], "results": odd}) + "\n")
    async with opened(place.root, toasts=True) as page:
        await page.press("T")
        await page.see("✓ finished", "evil")
        await page.press("d")
        await page.see("Nothing is measured yet")
        assert "failed" not in page.told


async def test_a_training_whose_folder_is_removed_while_it_is_shown_leaves_the_list(workspace, opened):
    place = workspace(frames=2)
    first = _run(place.root, over=True)
    folder = place.root / ".print-models/runs"
    other = folder / f"20251113{first[8:]}"
    shutil.copytree(folder / first, other)
    async with opened(place.root, toasts=True) as page:
        await page.press("T")
        await page.see("▸✓ 13 Nov 20:00", "Recognised 9")
        shutil.rmtree(other)
        page.app.bridge.run(other.name)
        page.app.bridge.runs()
        await page.until(
            lambda: "13 Nov" not in page.text() and "▸✓ 12 Nov" in page.text(), "only the other one"
        )
        await page.see("Recognised 9")
        assert "failed" not in page.told
