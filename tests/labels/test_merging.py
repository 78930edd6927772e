"""Two people's files merged by git: two clones, one origin, git's own merge with and without the driver."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.labels.driver import merge
from core.settings import Settings, tasks_of
from tests.conftest import CAMERA, Answer, Cli, Place, git, run_program

Make = Callable[..., Place]


@dataclass
class Pair:
    """Two clones of one origin that see the same camera: Ana's and Bo's."""

    ana: Path
    bo: Path
    keys: list[str]

    def meet(self) -> Answer:
        """Bo saved and pushed; Ana pulls."""
        git(self.bo, "push", "-q", "origin", "main")
        return run_program(["git", "pull", "-q", "--no-rebase", "--no-edit", "origin", "main"], cwd=self.ana)


@pytest.fixture
def pair(workspace: Make, cli: Cli, tmp_path: Path) -> Pair:
    """Four frames labelled active by Ana, saved, and cloned by Bo, who has set his clone up."""
    place = workspace(8)
    cli(place.root, "label", "--as", "active", *place.keys[:4])
    assert cli(place.root, "save").code == 0
    origin, bo = tmp_path / "origin.git", tmp_path / "bo"
    git(tmp_path, "clone", "-q", "--bare", str(place.root), str(origin))
    git(place.root, "remote", "add", "origin", str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(bo))
    (bo / CAMERA).symlink_to(os.path.realpath(place.root / CAMERA))
    assert cli(bo, "init").code == 0
    return Pair(place.root, bo, place.keys)


def labels(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "data" / "labels.json").read_text())
    return found


def told(cli: Cli, root: Path, key: str) -> list[tuple[str, str | None]]:
    rows = cli(root, "history", key, "--json").json["history"]
    return [(row["who"], row["after"]) for row in rows]


def test_different_frames_come_together_with_who_gave_them(pair: Pair, cli: Cli) -> None:
    assert cli(pair.ana, "label", "--as", "offline", pair.keys[4], pair.keys[0]).code == 0
    assert cli(pair.bo, "label", "--as", "offline", "--who", "bo", pair.keys[5], pair.keys[1]).code == 0
    cli(pair.bo, "mark", "--unsure", "--who", "bo", pair.keys[6])
    for root in (pair.ana, pair.bo):
        assert cli(root, "save").code == 0
    met = pair.meet()
    assert met.code == 0, met.err
    both = {0: "offline", 1: "offline", 2: "active", 3: "active", 4: "offline", 5: "offline"}
    wanted = {pair.keys[n]: class_ for n, class_ in both.items()}
    assert labels(pair.ana) == wanted
    shown = cli(pair.ana, "frames", "--json").json["frames"]
    assert {row["frame"]: row["label"] for row in shown if row["label"]} == wanted
    assert told(cli, pair.ana, pair.keys[5]) == [("bo", "offline")]
    assert json.loads((pair.ana / "data" / "marks.json").read_text())[pair.keys[6]]["by"] == "bo"
    taken = cli(pair.ana, "undo", "--dry-run")
    assert taken.out.startswith("would take back: offline × 2"), "her own step, not what git brought"
    assert cli(pair.ana, "status").out.count("waiting for a decision") == 0


def test_undo_after_a_pull_leaves_what_came(pair: Pair, cli: Cli) -> None:
    assert cli(pair.bo, "label", "--as", "offline", "--who", "Bo", *pair.keys[4:6]).code == 0
    assert cli(pair.bo, "save").code == 0
    assert pair.meet().code == 0
    assert cli(pair.ana, "undo").out.startswith("taken back: active × 4")
    assert sorted(labels(pair.ana)) == pair.keys[4:6]
    assert "git log -- data/labels.json" in cli(pair.ana, "undo").err
    assert sorted(labels(pair.ana)) == pair.keys[4:6]


def test_undo_says_that_it_takes_back_what_another_program_changed(pair: Pair, cli: Cli) -> None:
    file = pair.ana / "data" / "labels.json"
    file.write_text(json.dumps({**labels(pair.ana), **dict.fromkeys(pair.keys[4:6], "offline")}))
    brought = "what another program changed in the label file, no labelling step of yours: labels.json"
    assert cli(pair.ana, "undo", "--dry-run").out.startswith(f"would take back, {brought}")
    assert cli(pair.ana, "undo").out.startswith(f"taken back, {brought}")
    assert sorted(labels(pair.ana)) == pair.keys[:4]
    own = cli(pair.ana, "undo", "--dry-run").out
    assert own.startswith("would take back: active × 4")


def test_the_same_frame_becomes_a_conflict_that_a_label_decides(pair: Pair, cli: Cli) -> None:
    cli(pair.ana, "label", "--as", "offline", pair.keys[0])
    cli(pair.bo, "unlabel", "--who", "bo", pair.keys[0])
    cli(pair.bo, "label", "--as", "offline", "--who", "bo", pair.keys[1])
    for root in (pair.ana, pair.bo):
        assert cli(root, "save").code == 0
    met = pair.meet()
    assert met.code == 1
    assert pair.keys[0] in met.err
    assert labels(pair.ana)[pair.keys[0]] == {"ours": "offline", "theirs": None}
    assert labels(pair.ana)[pair.keys[1]] == "offline"
    refused = cli(pair.ana, "export")
    assert refused.code == 1
    assert "conflict: ours offline, theirs nothing" in refused.err
    assert cli(pair.ana, "label", "--as", "active", pair.keys[0]).code == 0
    assert labels(pair.ana)[pair.keys[0]] == "active"
    finish = "git add data, then git commit"
    assert f"next: finish the merge: {finish}" in cli(pair.ana, "status").out
    assert finish in cli(pair.ana, "save").err
    git(pair.ana, "add", "data")
    git(pair.ana, "commit", "-q", "--no-edit")
    assert "finish" not in cli(pair.ana, "status").out
    assert cli(pair.ana, "export").code == 0


def test_without_the_driver_a_clone_is_told_and_a_text_conflict_is_named(pair: Pair, cli: Cli) -> None:
    git(pair.ana, "config", "--local", "--remove-section", "merge.print-models-labels")
    assert "merges label files line by line" in cli(pair.ana, "status").out
    assert "merge" in cli(pair.ana, "doctor").out
    cli(pair.ana, "label", "--as", "offline", pair.keys[0])
    cli(pair.bo, "unlabel", "--who", "bo", pair.keys[0])
    for root in (pair.ana, pair.bo):
        assert cli(root, "save").code == 0
    assert pair.meet().code == 1
    assert "<<<<<<<" in (pair.ana / "data" / "labels.json").read_text()
    said = cli(pair.ana, "label", "--as", "offline", pair.keys[5])
    assert said.code == 3
    assert "conflict markers in lines" in said.err
    assert "The label IS saved" in said.err
    git(pair.ana, "checkout", "-q", "--theirs", "data/labels.json")
    assert cli(pair.ana, "frames").code == 0
    assert cli(pair.ana, "init").code == 0
    assert "line by line" not in cli(pair.ana, "status").out


def test_a_driver_whose_python_is_gone_is_said(pair: Pair, cli: Cli) -> None:
    git(pair.bo, "config", "merge.print-models-labels.driver", "/gone/python -m core merge-labels %O %A %B")
    assert "/gone/python, which is not there" in cli(pair.bo, "status").out
    shutil.rmtree(pair.bo / ".print-models")
    assert cli(pair.bo, "init").code == 0
    assert "/gone/python" not in cli(pair.bo, "status").out


# --- the merge itself -------------------------------------------------------------------------------------------

TASKS = tuple(tasks_of(Settings()).values())


def merged(base: Any, ours: Any, theirs: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    found = merge(
        *(json.dumps(side).encode() if side is not None else b"" for side in (base, ours, theirs)), TASKS
    )
    return json.loads(found.data), found.conflicts


def test_older_spellings_are_no_conflict() -> None:
    data, conflicts = merged(
        {"c/a.jpg": 1, "c/b.jpg": 0},
        {"c/a.jpg": "active", "c/b.jpg": "0"},
        {"./c/a.jpg": "Active", "c/b.jpg": 1},
    )
    assert data == {"c/a.jpg": "active", "c/b.jpg": "active"}
    assert conflicts == ()


def test_both_added_the_file() -> None:
    data, conflicts = merged(None, {"c/a.jpg": "active", "c/b.jpg": "good"}, {"c/a.jpg": "offline"})
    assert data == {"c/a.jpg": {"ours": "active", "theirs": "offline"}, "c/b.jpg": "good"}
    assert conflicts == ("c/a.jpg",)


def test_marks_are_merged_as_whole_entries() -> None:
    base = {"c/a.jpg": {"mark": "unsure"}, "c/b.jpg": {"mark": "unsure"}}
    ours = {"c/a.jpg": {"mark": "excluded", "reason": "hand"}, "c/b.jpg": {"mark": "unsure"}}
    theirs = {"c/a.jpg": {"mark": "unsure", "note": "dark"}}
    data, conflicts = merged(base, ours, theirs)
    assert data == {"c/a.jpg": {"ours": ours["c/a.jpg"], "theirs": theirs["c/a.jpg"]}}
    assert conflicts == ("c/a.jpg",)


def test_a_file_that_cannot_be_read_is_merged_line_by_line(tmp_path: Path, cli: Cli) -> None:
    names = ("base", "ours", "theirs")
    texts = ('{\n"c/a.jpg": 1\n}\n', '{\n"c/a.jpg": 1,\n}\n', '{\n"c/a.jpg": 0\n}\n')
    for name, text in zip(names, texts, strict=True):
        (tmp_path / name).write_text(text)
    said = cli(tmp_path, "merge-labels", *names)
    assert said.code == 1
    assert "line by line" in said.err
    assert "<<<<<<< ours" in (tmp_path / "ours").read_text()


@pytest.mark.parametrize("theirs", ["", "\n", "\0" * 40])
def test_a_side_that_lost_its_bytes_takes_no_label_away(
    workspace: Make, cli: Cli, tmp_path: Path, theirs: str
) -> None:
    place = workspace(3)
    base = dict.fromkeys(place.keys, "active")
    sides = {"O": json.dumps(base, indent=2), "A": json.dumps(base | {place.keys[0]: "offline"}, indent=2)}
    for name, text in (sides | {"B": theirs}).items():
        (tmp_path / name).write_text(text)
    answer = cli(place.root, "merge-labels", *(tmp_path / name for name in "OAB"))
    assert (answer.code, "line by line" in answer.err) == (1, True)
    assert all(key in (tmp_path / "A").read_text() for key in place.keys)


def test_the_same_mark_of_two_people_merges_and_the_note_of_one_waits() -> None:
    mark = {"mark": "unsure", "reason": "", "task": None}
    ana = {"a/1.jpg": {**mark, "by": "ana", "at": "1"}, "a/2.jpg": {**mark, "by": "ana", "at": "1"}}
    bo = {"a/1.jpg": {**mark, "by": "bo", "at": "2", "note": ""}, "a/2.jpg": {**mark, "note": "dark"}}
    merged = merge(b"", json.dumps(ana).encode(), json.dumps(bo).encode(), [])
    assert (merged.conflicts, merged.of_marks) == (("a/2.jpg",), True)
    assert json.loads(merged.data)["a/1.jpg"]["by"] == "ana"
