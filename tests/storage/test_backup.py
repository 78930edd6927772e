"""`status` tells which labels are only on this machine, checked with git alone; and what there is to do next."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Place, git, write_frames


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    return workspace(frames=6)


def told(cli: Cli, place: Place) -> dict[str, Any]:
    done = cli(place.root, "status", "--json")
    assert done.code == 0, done.err
    return {**done.json["backup"], "next": done.json["next"]}


def label(cli: Cli, place: Place, *numbers: int, class_: str = "active") -> None:
    done = cli(place.root, "label", "--as", class_, *(place.keys[number] for number in numbers))
    assert done.code == 0, done.err


def test_labels_without_a_commit_and_without_a_remote(cli: Cli, place: Place) -> None:
    label(cli, place, 0, 1)
    before = told(cli, place)
    assert (before["unsaved"], before["unpushed"], before["saved_at"]) == (2, None, None)
    assert "2 labels in no commit (print-models save) · no remote has a copy" in cli(place.root, "status").out
    cli(place.root, "save")
    after = told(cli, place)
    assert (after["unsaved"], after["unpushed"]) == (0, None)
    assert after["saved_at"] is not None
    assert re.search(
        r"saved (just now|\d+ seconds? ago) · no remote has a copy", cli(place.root, "status").out
    )


def test_labels_that_the_remote_has_not(cli: Cli, place: Place, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(place.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    label(cli, place, 0, 1)
    cli(place.root, "save")
    assert (told(cli, place)["unsaved"], told(cli, place)["unpushed"]) == (0, 2)
    git(place.root, "push", "-q", "-u", "origin", "main")
    assert (told(cli, place)["unsaved"], told(cli, place)["unpushed"]) == (0, 0)
    assert re.search(r"labels +backed up [^·\n]+\n", cli(place.root, "status").out)
    label(cli, place, 1, 2, class_="offline")
    assert (told(cli, place)["unsaved"], told(cli, place)["unpushed"]) == (2, 2)
    said = cli(place.root, "status").out
    assert re.search(r"backed up [^·\n]+ · 2 only on this machine \(print-models sync", said)
    cli(place.root, "save")
    assert (told(cli, place)["unsaved"], told(cli, place)["unpushed"]) == (0, 2)
    assert "2 only on this machine (print-models sync)" in cli(place.root, "status").out


def test_a_label_taken_off_is_a_difference_too(cli: Cli, place: Place) -> None:
    label(cli, place, 0, 1)
    cli(place.root, "save")
    cli(place.root, "unlabel", place.keys[0])
    assert told(cli, place)["unsaved"] == 1


def test_an_entry_that_waits_for_a_decision_comes_first(cli: Cli, place: Place) -> None:
    label(cli, place, 0, 1)
    file = place.root / "data" / "labels.json"
    file.write_text(file.read_text().replace('"active"', '{"ours": "active", "theirs": "offline"}', 1))
    step = told(cli, place)["next"]
    assert step.startswith("decide 1 entry of data/labels.json")
    assert "print-models label" in step


def test_a_camera_that_only_this_clone_knows_is_named_by_save(cli: Cli, place: Place, tmp_path: Path) -> None:
    label(cli, place, 0)
    assert "settings are changed" not in cli(place.root, "save").err
    (tmp_path / "bench").mkdir()
    assert cli(place.root, "source", "add", "bench", str(tmp_path / "bench")).code == 0
    said = cli(place.root, "save").err
    assert 'git commit -m "Settings" -- print-models.toml .gitignore' in said
    git(place.root, "commit", "-q", "-m", "Settings", "--", ".gitignore", "print-models.toml")
    assert "settings are changed" not in cli(place.root, "save").err


def test_a_task_whose_second_class_never_comes_hides_no_other(cli: Cli, place: Place) -> None:
    cli(place.root, "label", "--as", "active", "--filter", "!label")
    assert "label the first frames of failed-print-detection" in told(cli, place)["next"]
    words = ["label", "--task", "failed-print-detection", "--as"]
    cli(place.root, *words, "good", place.keys[0])
    assert "label frames of another class of offline-detection" in told(cli, place)["next"]
    cli(place.root, *words, "failed", place.keys[1])
    assert "review and release failed-print-detection" in told(cli, place)["next"]
    assert cli(place.root, "release", "--task", "failed-print-detection").code == 0
    assert "train a model on failed-print-detection v1" in told(cli, place)["next"]


def test_labels_that_the_selection_leaves_out_are_counted(cli: Cli, workspace: Callable[..., Place]) -> None:
    place = workspace(20)
    cli(place.root, "label", "--as", "active", "--filter", "!label")
    assert "draft    12 images, the first version" in cli(place.root, "status").out
    assert "   8 more with export --all" in cli(place.root, "status").out


def test_a_camera_that_is_away_is_to_be_connected(cli: Cli, place: Place) -> None:
    place.camera.rename(place.camera.with_name("away"))
    assert "source move printer-timelapses" in told(cli, place)["next"]


def test_several_cameras_are_listed_and_one_is_not(cli: Cli, place: Place, tmp_path: Path) -> None:
    assert "the newest" not in cli(place.root, "status").out
    write_frames(tmp_path / "second", 3, start="20251109T080000")
    (place.root / "second").symlink_to(tmp_path / "second")
    with (place.root / "print-models.toml").open("a") as settings:
        settings.write('\n[sources.second]\npath = "second"\n')
    done = cli(place.root, "status", "--json").json
    assert [(camera["name"], camera["frames"], camera["newest"]) for camera in done["cameras"]] == [
        ("printer-timelapses", 6, "20251107"),
        ("second", 3, "20251109"),
    ]
    said = cli(place.root, "status").out
    assert "camera     second  3 frames, the newest 20251109" in said


def test_draft_frames_that_lie_only_on_the_camera_are_counted(cli: Cli, place: Place) -> None:
    settings = place.root / "print-models.toml"
    settings.write_text(settings.read_text().replace("# max = 2.0 ", "max = 0.0 "))
    label(cli, place, 0, 1)
    label(cli, place, 2, 3, class_="offline")
    told = "4 draft frames exist only on the camera, whose oldest day is 20251107; a release keeps them"
    assert told in cli(place.root, "status").out
    done = cli(place.root, "release", "--task", "offline-detection")
    assert done.code == 0, done.err
    assert "only on the camera" not in cli(place.root, "status").out


def test_what_only_the_history_on_the_remote_tells_is_no_loss(cli: Cli, place: Place, tmp_path: Path) -> None:
    """A release brings the labels of its own task, and the history of all."""
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(place.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    label(cli, place, 0, 1)
    label(cli, place, 2, class_="offline")
    failed = ("label", "--task", "failed-print-detection", "--as")
    assert cli(place.root, *failed, "failed", *place.keys[:2]).code == 0
    assert cli(place.root, "release", "--task", "offline-detection", "--push", "--yes").code == 0
    found = told(cli, place)
    assert (found["unpushed"], found["in_history"]) == (2, 2)
    assert re.search(
        r"backed up [^·\n]+ · 2 on origin in its history alone \(print-models sync\)\n",
        cli(place.root, "status").out,
    )
    assert (
        cli(place.root, *failed, "good", place.keys[1]).code == 0
    )  # now the history tells another class of it
    assert cli(place.root, *failed, "good", place.keys[3]).code == 0
    assert told(cli, place)["in_history"] == 1
    said = cli(place.root, "status").out
    assert "2 only on this machine, 1 on origin in its history alone (print-models sync)" in said
    assert cli(place.root, "sync").code == 0
    assert (told(cli, place)["unpushed"], told(cli, place)["in_history"]) == (0, 0)


def test_who_works_on_one_task_alone_is_not_held_up_by_the_other(cli: Cli, place: Place) -> None:
    words = ["label", "--task", "failed-print-detection", "--as"]
    assert "label the first frames of offline-detection" in told(cli, place)["next"]
    cli(place.root, *words, "good", *place.keys[:2])
    cli(place.root, *words, "failed", place.keys[2])
    assert "review and release failed-print-detection" in told(cli, place)["next"]
    assert cli(place.root, "release", "--task", "failed-print-detection").code == 0
    assert "train a model on failed-print-detection v1" in told(cli, place)["next"]
