"""`import FILE`: labels from elsewhere, shown before they are taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CAMERA, Cli, Place

Make = Callable[..., Place]


def other_file(place: Place, values: dict[str, Any] | str, name: str = "other.json") -> Path:
    path = place.root.parent / name
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return path


def labels(place: Place, name: str = "labels.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place.root / "data" / name).read_text())
    return found


def test_labels_of_a_file_are_taken_as_one_step(workspace: Make, cli: Cli) -> None:
    place = workspace(5)
    cli(place.root, "label", "--as", "active", place.keys[0])
    values = {place.keys[0]: "Active", f"./{place.keys[1]}": 1, place.keys[2]: "0", place.keys[3]: "offline"}
    path = other_file(place, values)
    first = cli(place.root, "import", path, "--dry-run")
    assert first.code == 0, first.err
    assert "3 new, 1 as here, 3 values in an older spelling" in first.out
    assert len(labels(place)) == 1
    taken = cli(place.root, "import", path, "--who", "bo", "--json")
    assert taken.code == 0, taken.err
    assert (taken.json["changed"], taken.json["same"], taken.json["task"]) == (3, 1, "offline-detection")
    assert labels(place) == dict(zip(place.keys, ["active", "active", "offline", "offline"], strict=False))
    entry = cli(place.root, "history", place.keys[1], "--json").json["history"][-1]
    assert (entry["how"], entry["who"]) == ("imported", "bo")
    assert cli(place.root, "undo", "--who", "bo").code == 0
    assert len(labels(place)) == 1


def test_what_contradicts_waits_for_a_word(workspace: Make, cli: Cli) -> None:
    place = workspace(3)
    cli(place.root, "label", "--as", "active", *place.keys[:2])
    path = other_file(place, {place.keys[1]: "offline", place.keys[2]: "offline"})
    refused = cli(place.root, "import", path)
    assert refused.code == 1
    assert f"{place.keys[1]}: active here, offline in the file" in refused.out
    assert len(labels(place)) == 2
    assert cli(place.root, "import", path, "--dry-run").code == 1
    assert cli(place.root, "import", path, "--keep").code == 0
    assert labels(place)[place.keys[1]] == "active"
    assert labels(place)[place.keys[2]] == "offline"
    assert cli(place.root, "import", path, "--replace").code == 0
    assert labels(place)[place.keys[1]] == "offline"
    assert cli(place.root, "import", path, "--replace", "--keep").code == 2


def test_entries_that_cannot_be_taken_are_named_with_their_lines(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    path = other_file(
        place, f'{{\n "{place.keys[0]}": "maybe",\n "../x.jpg": "active",\n "{place.keys[1]}": 1}}'
    )
    refused = cli(place.root, "import", path)
    assert refused.code == 3
    assert f"line 2: {place.keys[0]}" in refused.out
    assert "line 3: ../x.jpg: the key leaves its folder" in refused.out
    assert not (place.root / "data" / "labels.json").exists()
    skipped = cli(place.root, "import", path, "--skip")
    assert skipped.code == 0, skipped.err
    assert labels(place) == {place.keys[1]: "active"}


@pytest.mark.parametrize("words", [["--task", "failed-print-detection"], []])
def test_a_file_of_the_other_task_goes_to_the_other_task(workspace: Make, cli: Cli, words: list[str]) -> None:
    place = workspace(2)
    name = "good.json" if words else "failed_print_labels.json"
    path = other_file(place, {place.keys[0]: "good", place.keys[1]: 1}, name)
    assert cli(place.root, "import", path, *words).code == 0
    assert labels(place, "failed_print_labels.json") == {place.keys[0]: "good", place.keys[1]: "failed"}


@pytest.mark.parametrize(("data", "code"), [("[1]", 3), ("{", 3), (None, 5)])
def test_what_is_no_label_file_is_refused(workspace: Make, cli: Cli, data: str | None, code: int) -> None:
    place = workspace(1)
    path = other_file(place, data) if data else place.root / "no.json"
    answer = cli(place.root, "import", path)
    assert answer.code == code
    assert "Traceback" not in answer.err
    assert "git checkout" not in answer.err, "the file is none of this repository's"


def test_labels_of_frames_that_are_nowhere_here_are_said_before_they_are_taken(
    workspace: Make, cli: Cli
) -> None:
    place = workspace(3)
    nowhere = place.keys[0].replace("20251107", "20240101")
    path = other_file(place, {place.keys[0]: "active", nowhere: "offline"})
    shown = cli(place.root, "import", path, "--dry-run")
    assert "2 new" in shown.out
    assert f"1 new label of frames that no camera or version here has, such as {nowhere}" in shown.out
    assert cli(place.root, "import", path, "--json").json["absent"] == [nowhere]
    (place.root / CAMERA).unlink()
    away = {place.keys[1]: "active"}
    assert "no camera" not in cli(place.root, "import", other_file(place, away), "--dry-run").out
