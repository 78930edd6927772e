"""`mark` as a person runs it, and what an export makes of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

import pytest

from core.labels.store import LabelStore
from core.workspace import Workspace
from tests.conftest import Cli, Place

Make = Callable[..., Place]


def marks(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place.root / "data" / "marks.json").read_text())
    return found


def test_marks_stand_in_the_file_and_labels_stay(workspace: Make, cli: Cli) -> None:
    place = workspace(4)
    cli(place.root, "label", "--as", "active", *place.keys)
    assert cli(place.root, "mark", place.keys[0], "--unsure", "--who", "bo").code == 0
    assert cli(place.root, "mark", place.keys[1], "--exclude", "a hand", "--note", "left side").code == 0
    assert cli(place.root, "mark", place.keys[2], "--note", "first layer").code == 0
    task = ["--task", "offline-detection"]
    assert cli(place.root, "mark", place.keys[3], "--example", "Active", *task).code == 0
    found = marks(place)
    assert [found[key]["mark"] for key in place.keys] == ["unsure", "excluded", None, None]
    assert (found[place.keys[0]]["by"], found[place.keys[0]]["task"]) == ("bo", None)
    assert (found[place.keys[1]]["reason"], found[place.keys[1]]["note"]) == ("a hand", "left side")
    assert (found[place.keys[3]]["example"], found[place.keys[3]]["task"]) == ("active", "offline-detection")
    unsure = cli(place.root, "frames", "--filter", "mark:unsure", "--json").json
    assert [row["frame"] for row in unsure["frames"]] == [place.keys[0]]
    assert cli(place.root, "frames", "--filter", "!mark", "--json").json["total"] == 0
    file = json.loads((place.root / "data" / "labels.json").read_text())
    assert file == dict.fromkeys(place.keys, "active")


def test_the_file_and_the_history_tell_of_one_moment(
    workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workspace(1)
    with LabelStore(Workspace.open(place.root)) as store:
        write = store.database.write

        def late(step: Callable[[sqlite3.Connection], Any]) -> Any:
            """The step waits for another session until the clock shows another second."""
            begun = datetime.now().second
            watchdog = monotonic() + 60
            while datetime.now().second == begun and monotonic() < watchdog:
                pass
            return write(step)

        monkeypatch.setattr(store.database, "write", late)
        store.mark(place.keys[0], who="ana", mark="unsure")
        (entry,) = store.history(place.keys[0])
        assert entry.at[:19] == store.all_marks()[place.keys[0]].at[:19]


def test_a_note_added_later_keeps_the_mark_and_clear_and_undo_take_it_off(workspace: Make, cli: Cli) -> None:
    place = workspace(1)
    cli(place.root, "mark", place.keys[0], "--exclude", "private")
    cli(place.root, "mark", place.keys[0], "--note", "the neighbour")
    found = marks(place)[place.keys[0]]
    assert (found["mark"], found["reason"], found["note"]) == ("excluded", "private", "the neighbour")
    assert "so already" in cli(place.root, "mark", place.keys[0], "--note", "the neighbour").out
    assert cli(place.root, "mark", place.keys[0], "--clear").code == 0
    assert marks(place) == {}
    assert cli(place.root, "undo").code == 0
    assert marks(place)[place.keys[0]]["note"] == "the neighbour"
    history = cli(place.root, "history", place.keys[0]).out
    assert "no label → excluded “private · the neighbour”" in history


def test_a_skipped_frame_is_asked_for_until_it_has_a_label(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    assert "skipped" in cli(place.root, "mark", place.keys[0], "--skip", "--note", "too dark").out
    assert marks(place)[place.keys[0]]["mark"] == "skipped"
    asked = ("frames", "--filter", "mark:skipped", "--json")
    assert [row["frame"] for row in cli(place.root, *asked).json["frames"]] == [place.keys[0]]
    cli(place.root, "label", "--as", "active", place.keys[0])
    assert cli(place.root, *asked).json["frames"] == []
    assert cli(place.root, "status", "--json").json["tasks"]["offline-detection"]["draft"]["excluded"] == 0


def test_a_mark_on_what_is_no_frame_says_so(workspace: Make, cli: Cli) -> None:
    place = workspace(1)
    mistyped = place.keys[0].replace("T080000", "T080099")
    answer = cli(place.root, "mark", mistyped, "--exclude", "private")
    assert (answer.code, "is no frame here" in answer.err) == (0, True)
    assert mistyped in marks(place), "the camera may have deleted it"
    assert cli(place.root, "mark", place.keys[0], "--exclude", "private").err == ""


def test_what_is_said_for_one_task_ends_no_mark_for_the_others(workspace: Make, cli: Cli) -> None:
    place = workspace(1)
    key, task = place.keys[0], "offline-detection"
    cli(place.root, "mark", key, "--exclude", "private")
    assert cli(place.root, "mark", key, "--example", "active", "--task", task).code == 0
    assert cli(place.root, "mark", key, "--note", "a face", "--task", "failed-print-detection").code == 0
    found = marks(place)[key]
    assert (found["reason"], found["example"], found["note"]) == ("private", "active", "a face")
    assert found["task"] is None, "it is private for every task"
    refused = cli(place.root, "mark", key, "--unsure", "--task", task)
    assert (refused.code, "every task" in refused.err, "--clear" in refused.err) == (1, True, True)
    assert marks(place)[key] == found
    cli(place.root, "mark", key, "--clear")
    cli(place.root, "mark", key, "--unsure", "--task", task)
    other = cli(place.root, "mark", key, "--exclude", "cut", "--task", "failed-print-detection")
    assert (other.code, task in other.err) == (1, True)
    cli(place.root, "mark", key, "--exclude", "private")
    found = marks(place)[key]
    assert (found["mark"], found["task"]) == ("excluded", None), "said without a task it is for all"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Say which mark"),
        (["--unsure", "--exclude", "x"], "Say which mark"),
        (["--unsure", "--skip"], "Say which mark"),
        (["--clear", "--unsure"], "Say which mark"),
        (["--exclude", " "], "needs a reason"),
        (["--example", "active"], "of a task"),
        (["--example", "on", "--task", "offline-detection"], "no class"),
    ],
)
def test_bad_words_are_refused(workspace: Make, cli: Cli, words: list[str], said: str) -> None:
    place = workspace(1)
    answer = cli(place.root, "mark", place.keys[0], *words)
    assert answer.code == 2
    assert said in answer.err
    assert not (place.root / "data" / "marks.json").exists()


def test_excluded_and_unsure_frames_are_left_out_by_name(workspace: Make, cli: Cli) -> None:
    place = workspace(8)
    cli(place.root, "label", "--as", "offline", *place.keys[:4])
    cli(place.root, "label", "--as", "active", *place.keys[4:])
    cli(place.root, "mark", place.keys[0], "--unsure")
    cli(place.root, "mark", place.keys[5], "--exclude", "private")
    assert "2 excluded" in cli(place.root, "status").out
    told = cli(place.root, "status", "--json").json["tasks"]["offline-detection"]
    assert (told["labelled"], told["draft"]["excluded"]) == (8, 2)
    made = cli(place.root, "export", "--all")
    assert made.code == 0, made.err
    version = place.root / "datasets" / "offline-detection" / "v1"
    info = json.loads((version / "dataset_info.json").read_text())
    assert info["total_images"] == 6
    assert info["excluded"] == [
        {"frame": place.keys[0], "reason": "unsure"},
        {"frame": place.keys[5], "reason": "private"},
    ]
    (place.root / "mine.json").write_bytes((place.root / "data" / "labels.json").read_bytes())
    alone = cli(place.root, "export", "--labels", "mine.json", "--version", "2")
    assert alone.code == 0, alone.err
    held = json.loads((version.parent / "v2" / "labels.json").read_text())
    assert place.keys[5] not in held
    assert len(held) == 7, "a file taken alone leaves out only what is private"


def test_a_mark_that_two_sides_changed_stops_an_export_and_a_mark_decides(workspace: Make, cli: Cli) -> None:
    place = workspace(4)
    cli(place.root, "label", "--as", "offline", *place.keys[:2])
    cli(place.root, "label", "--as", "active", *place.keys[2:])
    conflict = {place.keys[0]: {"ours": {"mark": "unsure"}, "theirs": None}}
    (place.root / "data" / "marks.json").write_text(json.dumps(conflict))
    refused = cli(place.root, "export")
    assert refused.code == 1
    assert "data/marks.json" in refused.err
    assert "ours unsure, theirs nothing" in refused.err
    assert cli(place.root, "mark", place.keys[0], "--clear").code == 0
    assert marks(place) == {}
    assert cli(place.root, "export").code == 0
