"""The Training screen: a run as it is written, its curves and results, and what needs a yes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual.widgets import Static

from core import pretrained
from core.training import events, readiness, runs
from core.workspace import Workspace
from tests.training.small import make_version
from tui.messages import Failed
from tui.screens.confirm import ConfirmScreen
from tui.screens.training import TrainingScreen
from tui.widgets import curves
from tui.widgets.ask_line import AskLine

RESULTS = {
    "images": 10, "right": 9, "recordings": 2, "balanced": 0.9, "balanced_low": 0.7, "balanced_high": 1.0,
    "accuracy": 0.9, "low": 0.6, "high": 1.0,
    "classes": {
        name: {
            "images": 5, "recordings": 2, "right": right, "recall": right / 5, "recall_low": 0.5, "recall_high": 1.0,
            "precision": 0.9, "precision_low": 0.5, "precision_high": 1.0,
        }
        for name, right in (("offline", 5), ("active", 4))
    },
    "confusion": {"offline": {"offline": 5, "active": 0}, "active": {"offline": 1, "active": 4}},
    "by_recording": [],
    "wrong": [{
        "file_name": "active/a.jpg", "frame": "printer-timelapses/20251107/20251107T080000.jpg", "label": "active",
        "answer": "offline", "confidence": 0.71,
    }],
    "baselines": {
        "majority": {"balanced": 0.5, "accuracy": 0.5}, "time_of_day": {"balanced": 0.6, "accuracy": 0.6},
    },
    "better_than_clock": True, "unbeaten": None,
}  # fmt: skip


async def test_training_without_a_version_says_what_to_do(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    monkeypatch.setattr(readiness, "require_torch", lambda: None)
    async with opened(place.root) as page:
        await page.press("T")
        await page.see("There is no training yet")
        await page.press("N")
        await page.see("has no dataset version to train on", "Release one first")
        await page.press("enter", "escape")
        await page.see("There is no training yet")


def _run(root: Path, *, over: bool) -> str:
    """Write the files of a training as its process does, without one."""
    folder = root / ".print-models" / "runs" / "20251112T200000-offline-detection"
    folder.mkdir(parents=True)
    writer = events.EventWriter(folder)
    writer.append("started", epochs=4, task="offline-detection", dataset="v1")
    for epoch in (1, 2, 3):
        writer.append(
            "epoch", epoch=epoch, train_loss=1 / epoch, train_accuracy=0.5 + epoch / 10, loss=1.2 / epoch,
            balanced=0.6 + epoch / 10, accuracy=0.7, recall={}, seconds=2.0, best=True,
        )  # fmt: skip
    if over:
        writer.append("finished", words=["Recognised 9 of [/9] active."], seconds=8.0, results=RESULTS)
    writer.close()
    (folder / "train.log").write_text("loading\nepoch 1 \x1b[31mred\x1b[0m\n")
    return folder.name


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 16)])
async def test_a_training_is_shown_with_curves_words_and_log(workspace, opened, size):
    place = workspace(frames=2)
    _run(place.root, over=True)
    async with opened(place.root, size=size) as page:
        await page.press("T")
        await page.see("12 Nov 20:00", "finished", "Recognised 9 of [/9]")
        if size[0] >= 80:
            await page.see("loss", "accuracy", "train 80 %", "valid. 90 %", "┣")
        if size[0] >= 120:
            await page.see("train 0.33", "valid. 0.40")
        assert "\x1b" not in page.text()


async def test_without_colour_a_training_is_told_by_signs_and_words(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    _run(place.root, over=True)
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("T")
        await page.see("✓", "finished", "t train 80 %", "v valid. 90 %", "|v", "|t")


async def test_a_training_that_died_says_so_and_stop_asks_first(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    _run(place.root, over=False)
    async with opened(place.root) as page:
        await page.press("T")
        await page.see("✗", "r goes on from its last")
    monkeypatch.setattr(runs, "is_alive", lambda run: True)
    asked = []
    async with opened(place.root) as page:
        monkeypatch.setattr(page.app.bridge, "stop_training", asked.append)
        await page.see("T 75%")
        await page.press("T")
        await page.see("running", "75 %", "2.0 s to go")
        await page.press("K")
        await page.until(lambda: isinstance(page.app.screen, ConfirmScreen), "the question")
        await page.press("n")
        await page.until(lambda: isinstance(page.app.screen, TrainingScreen), "the screen below")
        assert asked == []
        await page.press("K")
        await page.until(lambda: isinstance(page.app.screen, ConfirmScreen), "the question")
        await page.press("Y")
        await page.until(lambda: asked, "the stop")


async def test_results_are_behind_a_key_with_every_frame_it_got_wrong(workspace, opened):
    place = workspace(frames=2)
    _run(place.root, over=True)
    async with opened(place.root) as page:
        await page.press("T")
        await page.see("Recognised 9")
        await page.press("d")
        await page.see("10 images of 2 recordings, of validation", "called →", "1 frame it got wrong")
        await page.press("end")
        await page.see("20251107T080000.jpg", "said offline 71 %")
        await page.press("d")
        await page.see("train 80 %")


async def test_where_a_table_has_no_room_results_are_short_lines(workspace, opened):
    place = workspace(frames=2)
    _run(place.root, over=True)
    async with opened(place.root, size=(40, 16)) as page:
        await page.press("T")
        await page.see("Recognised 9")
        await page.press("d")
        await page.see("active: 80 %", "active taken for offline: 1", "majority: 50 %")
        await page.press("end")
        await page.see("said offline 71 %")


async def test_a_setting_is_changed_with_its_reason_before_it_starts(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    make_version(Workspace.open(place.root))
    monkeypatch.setattr(readiness, "require_torch", lambda: None)
    asked = []
    async with opened(place.root) as page:
        monkeypatch.setattr(page.app.bridge, "start_training", lambda task, how: asked.append(how))
        await page.press("T", "N")
        await page.see("of resnet18 on offline-detection v1, 32 images: up to about", "32 images and")
        await page.press("down", "down")
        await page.see("▸network")
        await page.press("right")
        await page.see("of resnet34", "▸network     resnet34")
        await page.press("left", "left")
        await page.see("of efficientnet_b0")
        await page.press("down", "right", "right", "up", "up", "enter")
        await page.until(lambda: asked, "the start")
        assert asked == [{"architecture": "efficientnet_b0", "weights": "random"}]


async def test_other_trainings_lie_beside_the_chosen_one(workspace, opened):
    place = workspace(frames=2)
    first = _run(place.root, over=True)
    shutil.copytree(
        place.root / ".print-models/runs" / first, place.root / f".print-models/runs/20251113{first[8:]}"
    )
    async with opened(place.root, size=(120, 40)) as page:
        await page.press("T")
        await page.see("13 Nov 20:00", "valid. 0.40")
        await page.press("o", "down")
        await page.see("1✓ 13 Nov 20:00", "▸✓ 12 Nov 20:00", "valid. 0.40 ▪ 1 0.40")
        await page.press("up", "o")
        await page.until(
            lambda: "▪ 1 0.40" not in page.text() and "1✓" not in page.text(), "it to be taken away"
        )


async def test_a_training_that_waits_says_why_and_what_is_odd(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    name = _run(place.root, over=False)
    writer = events.EventWriter(place.root / ".print-models/runs" / name)
    writer.append("alert", kind="collapse", text="It recognises no [b]active[/b].")
    writer.append(
        "heartbeat", figures={"cpu": 98, "memory": 1_200_000_000, "free": 3_000_000_000, "temperature": 61.5}
    )
    writer.append("paused", reason="bench is printing.")
    writer.close()
    monkeypatch.setattr(runs, "is_alive", lambda run: True)
    async with opened(place.root) as page:
        await page.see("T paused")
        await page.press("T")
        await page.see(
            "‖ paused", "bench is printing.", "! It recognises no [b]active[/b].", "processor 98 %", "62 °C"
        )


async def test_over_a_slow_link_only_the_line_that_changed_is_drawn(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    name = _run(place.root, over=False)
    monkeypatch.setattr(runs, "is_alive", lambda run: True)
    drawn = []
    async with opened(place.root) as page:
        await page.press("T")
        await page.see("running", "75 %")
        plain = Static.update
        monkeypatch.setattr(
            Static, "update", lambda self, content="", *, layout=True: drawn.append((self.id, layout))
            or plain(self, content, layout=layout),
        )  # fmt: skip
        writer = events.EventWriter(place.root / ".print-models/runs" / name)
        writer.append("batch", epoch=4, batch=2, batches=4, loss=0.5)
        writer.close()
        await page.see("88 %")
        assert [one for one in drawn if one[0].startswith("run-")] == [("run-head", False)]
        assert not [one for one in drawn if one[0].endswith("legend")]


async def test_what_finished_while_you_were_away_is_said_once(workspace, opened):
    place = workspace(frames=2)
    _run(place.root, over=True)
    for expected in (["Finished while you were away"], []):
        async with opened(place.root) as page:
            await page.until(lambda page=page: page.app.state.runs, "the trainings")
            await page.pilot.pause()
            assert [one.title for one in page.app._notifications] == expected


async def test_promoting_asks_and_one_that_is_over_can_go_on(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    run = _run(place.root, over=False)
    async with opened(place.root) as page:
        promoted, resumed = [], []
        monkeypatch.setattr(
            page.app.bridge,
            "promote_training",
            lambda run, current, because="": promoted.append((run, current)),
        )
        monkeypatch.setattr(page.app.bridge, "resume_training", resumed.append)
        await page.press("T")
        await page.see("✗")
        await page.press("P")
        await page.see(f"Promote {run}?", "nothing is pushed")
        for key in ("y", "enter", "P"):
            await page.press(key)
        assert promoted == []
        await page.press("Y")
        await page.until(lambda: promoted == [(run, False)], "the promotion")
        await page.press("colon")
        await page.see("Search")
        await page.press(*"promote and use")
        await page.see("model in use")
        await page.press("enter")
        await page.see("The model in use is replaced")
        await page.press("n")
        assert len(promoted) == 1
        await page.press("r")
        assert resumed == [run]


async def test_a_worse_training_is_promoted_only_with_a_reason(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    run = _run(place.root, over=True)
    async with opened(place.root) as page:
        asked = []

        def promote(run, *, current, because=""):
            asked.append(because)
            if not because:
                page.app.screen.receive(Failed("promote", "It is worse.", "With a reason: --because TEXT"))

        monkeypatch.setattr(page.app.bridge, "promote_training", promote)
        await page.press("T")
        await page.see("Recognised 9")
        for keys in (["escape"], [*"it sees at night", "enter"]):
            await page.press("P")
            await page.see(f"Promote {run}?")
            await page.press("Y")
            await page.until(lambda: page.app.screen.query_one(AskLine).has_focus, "the line for a reason")
            await page.press(*keys)
            await page.until(lambda: not page.app.screen.query_one(AskLine).display, "the line to be closed")
        assert asked == ["", "", "it sees at night"]


def test_a_long_curve_is_thinned_to_two_points_a_cell_and_keeps_its_peaks():
    points = [(float(epoch), 1.0 if epoch == 777 else 0.1) for epoch in range(1, 1001)]
    kept = curves.thinned(points, 40)
    assert len(kept) <= 80
    assert (777.0, 1.0) in kept
    assert list(kept) == sorted(kept)
    assert curves.thinned(points[:50], 40) == points[:50]


@pytest.mark.parametrize(
    ("last", "expected"), [(2, [1, 2]), (3, [1, 2, 3]), (15, [1, 5, 10, 15]), (60, [1, 20, 40, 60])]
)
def test_epochs_on_the_axis_are_round(last, expected):
    assert curves.ticks(last, 5) == expected


def test_weights_on_this_machine_are_found_without_torch(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert "not here yet" in pretrained.describe("resnet18")
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet18-f37072fd.pth").write_bytes(b"")
    assert pretrained.on_this_machine("resnet18") == folder / "resnet18-f37072fd.pth"
    assert pretrained.on_this_machine("resnet101") is None
    assert "on this machine already" in pretrained.describe("resnet18")
