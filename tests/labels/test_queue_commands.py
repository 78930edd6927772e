"""frames --queues, --queue and the filter language as a person runs them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from core.commands.next_step import next_step
from core.workspace import Workspace
from tests.conftest import Cli, Place

Make = Callable[..., Place]


@pytest.fixture
def predicted(workspace: Make, cli: Cli) -> Place:
    """Twelve frames: four labelled active, all predicted; one prediction is unsure, one is a flip."""
    place = workspace(12)
    assert cli(place.root, "label", "--as", "active", *place.keys[:4]).code == 0
    said = ["active"] * 3 + ["offline"] * 4 + ["active"] + ["offline"] * 4
    sure = [0.99] * 9 + [0.6, 0.99, 0.99]
    rows = {
        key: {"label": class_, "confidence": share}
        for key, class_, share in zip(place.keys, said, sure, strict=True)
    }
    (place.root / "data" / "predictions.json").write_text(json.dumps(rows))
    return place


def queue(cli: Cli, place: Place, name: str, *words: str) -> list[str]:
    found: list[dict[str, Any]] = cli(place.root, "frames", "--queue", name, "--json", *words).json["frames"]
    return [row["frame"] for row in found]


def test_what_waits_is_listed_with_its_count_and_why(predicted: Place, cli: Cli) -> None:
    said = cli(predicted.root, "frames", "--queues")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].split()[:2] == ["uncertain", "1"]
    assert lines[0].endswith("(suggested)")
    assert "suggested" not in "".join(lines[1:])
    rows = {
        row["queue"]: row["frames"]
        for row in cli(predicted.root, "frames", "--queues", "--json").json["queues"]
    }
    assert rows["unlabelled"] == 8
    assert rows["class:active"] == 4
    assert "conflicts" not in rows, "an empty queue is not offered"


def test_a_queue_is_listed_in_the_order_of_work_and_what_a_filter_lets_through(
    predicted: Place, cli: Cli
) -> None:
    keys = predicted.keys
    assert queue(cli, predicted, "uncertain") == [keys[9]]
    assert queue(cli, predicted, "flips") == [keys[7]]
    assert queue(cli, predicted, "disagreements") == [keys[3]]
    assert queue(cli, predicted, "unlabelled", "--filter", "pred:active") == [keys[7]]
    assert queue(cli, predicted, "ACTIVE", "--filter", "08:02-08:09") == keys[2:4]


def test_an_empty_queue_says_that_nothing_is_left(predicted: Place, cli: Cli) -> None:
    assert cli(predicted.root, "label", "--as", "offline", "--filter", "!label").code == 0
    said = cli(predicted.root, "frames", "--queue", "unlabelled")
    assert (said.code, said.out) == (0, "Every frame has a label.\n")


def test_a_queue_that_a_filter_empties_is_not_said_to_be_done(predicted: Place, cli: Cli) -> None:
    words = ("frames", "--queue", "unlabelled")
    assert cli(predicted.root, *words, "--filter", "09:00-10:00").out == "no frames\n"
    shutil.rmtree(predicted.camera / "20251107")
    (predicted.root / "data" / "labels.json").unlink()
    shutil.rmtree(predicted.root / "data" / "history")
    shutil.rmtree(predicted.root / ".print-models")
    assert cli(predicted.root, *words).out == "no frames\n", "there is no frame to have a label"


def test_a_frame_in_conflict_that_no_camera_lists_is_in_its_queue(workspace: Make, cli: Cli) -> None:
    place = workspace(3)
    gone = place.keys[0].replace("T08", "T03")
    (place.root / "data" / "labels.json").write_text(
        json.dumps({gone: {"ours": "active", "theirs": "offline"}})
    )
    assert queue(cli, place, "conflicts") == [gone]


def test_the_answer_has_what_the_model_said(predicted: Place, cli: Cli) -> None:
    row = cli(predicted.root, "frames", "--filter", "conf<.9", "--json").json["frames"][0]
    assert (row["frame"], row["suggestion"], row["confidence"]) == (predicted.keys[9], "offline", 0.6)


def test_frames_are_labelled_by_what_the_model_said(predicted: Place, cli: Cli) -> None:
    said = cli(
        predicted.root, "label", "--as", "offline", "--filter", "!label pred:offline conf>=.9", "--json"
    )
    assert said.json["changed"] == 6
    assert queue(cli, predicted, "unlabelled") == [predicted.keys[7], predicted.keys[9]]


def test_what_can_be_no_queue_is_refused(predicted: Place, cli: Cli) -> None:
    for words, said in (
        (["--queue", "nonsense"], "no queue “nonsense”"),
        (["--queue", "around"], "in the app"),
        (["--queues", "--queue", "all"], "something else"),
        (["--queues", "--problems"], "something else"),
        (["--filter", "label pred:activ"], "column 7: offline-detection has no class “activ”"),
    ):
        done = cli(predicted.root, "frames", *words)
        assert done.code == 2
        assert said in done.err


def test_predictions_that_cant_be_read_are_said_and_stand_in_the_way_of_nothing(
    predicted: Place, cli: Cli
) -> None:
    (predicted.root / "data" / "predictions.json").write_text("{")
    done = cli(predicted.root, "frames", "--filter", "label")
    assert (done.code, len(done.out.splitlines())) == (0, 4)
    assert "predictions.json can't be read; predictions are left out." in done.err


def test_a_range_of_days_over_midnight(workspace: Make, cli: Cli) -> None:
    place = workspace(30, start="20251107T233000", every=120)
    found = cli(place.root, "frames", "--filter", "day:20251107..20251108 23:50-00:10", "--json").json
    assert [row["frame"] for row in found["frames"]] == place.keys[10:21]
    assert cli(place.root, "frames", "--filter", 'day:"8 Nov 2025"..', "--json").json["total"] == 15


def test_two_marks_of_a_frame_wait_in_a_queue_until_it_is_marked(predicted: Place, cli: Cli) -> None:
    key = predicted.keys[6]
    both = {"ours": {"mark": "unsure"}, "theirs": {"mark": "excluded", "reason": "private"}}
    (predicted.root / "data" / "marks.json").write_text(json.dumps({key: both}))
    assert queue(cli, predicted, "marks") == [key]
    said = cli(predicted.root, "frames", "--queues", "--task", "failed-print-detection").out.splitlines()
    assert said[0].split()[:2] == ["marks", "1"], "it holds up every task"
    assert cli(predicted.root, "frames", "--filter", "conflict", "--json").json["total"] == 1
    status = cli(predicted.root, "status").out
    assert "next: decide 1 entry of data/marks.json, named above: print-models mark FRAME" in status
    assert "Mark the frame, or correct" in cli(predicted.root, "export").err
    assert cli(predicted.root, "mark", key, "--unsure").code == 0
    assert queue(cli, predicted, "marks") == []
    assert "marks.json" not in cli(predicted.root, "status").out


def test_what_a_small_model_suggests_asks_and_doubts_is_listed_as_in_the_app(
    workspace: Make, cli: Cli
) -> None:
    place = workspace(8)
    assert cli(place.root, "label", "--as", "active", *place.keys[:2]).code == 0
    keys = place.keys
    said = {
        "format": 1, "task": "offline-detection", "labelled": 2, "made_at": "2025-11-20T10:00:00+00:00",
        "runs": [{"first": keys[1], "last": keys[4], "frames": 4, "label": "offline", "confidence": 0.9}],
        "next": [{"frame": keys[6], "why": "far"}, {"frame": keys[3], "why": "unsure"}, {"frame": keys[0], "why": "x"}],
        "doubts": [{"frame": keys[1], "label": "active", "suggested": "offline", "confidence": 0.9, "evidence": []},
                   {"frame": keys[5], "label": "active", "suggested": "offline", "confidence": 0.9, "evidence": []}],
    }  # fmt: skip
    folder = place.root / ".print-models" / "assist"
    folder.mkdir()
    (folder / "offline-detection.json").write_text(json.dumps(said))
    assert queue(cli, place, "suggested") == [keys[6], keys[3]], "in their order, none that has a label"
    assert queue(cli, place, "doubts") == [keys[1]], "none that has another label or none"
    rows = cli(place.root, "frames", "--filter", "pred:offline", "--json").json["frames"]
    assert [(row["frame"], row["confidence"]) for row in rows] == [(key, 0.9) for key in keys[1:5]]
    (folder / "offline-detection.json").write_text("{")
    done = cli(place.root, "frames", "--filter", "pred:offline")
    assert done.code == 0
    assert "suggestions are left out" in done.err


def test_the_next_step_names_doubts_and_what_to_record(workspace: Make) -> None:
    ws = Workspace.open(workspace(3).root)
    doubted = {"offline-detection": (2, "Record a print at night."), "failed-print-detection": (0, "")}
    said = next_step(ws, (), {}, (), 3, {}, None, suggested=doubted)
    assert said.startswith("look at 2 labels of offline-detection, likely wrong")
    said = next_step(
        ws, (), {}, (), 3, {}, None, suggested={"offline-detection": (0, "Record a print at night.")}
    )
    assert said == "nothing to do: everything labelled is released. Record a print at night."
