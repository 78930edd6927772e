"""Fault 119: all that git does not hold is gone; what was saved is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CAMERA, Answer, Place, git, run_program, write_frames
from tests.faults.harness import PROGRAM

TASK = "offline-detection"


def ok(answer: Answer) -> Answer:
    assert answer.code == 0, answer.err + answer.out
    return answer


def all_that_is_known(root: Path, keys: list[str]) -> dict[str, Any]:
    """Who gave each label and mark, when and how, and what is in the label files and the draft."""
    call = partial(run_command, root)
    # The frames that were labelled twice, marked, taken back and left alone.
    histories = {
        n: [_fact(e) for e in ok(call("history", keys[n], "--json")).json["history"]] for n in (1, 2, 7, 8)
    }
    labels = {row["frame"]: row["label"] for row in ok(call("frames", "--json")).json["frames"]}
    status = ok(call("status", "--json")).json
    counts = {name: task["classes"] for name, task in status["tasks"].items()}
    return {"histories": histories, "labels": labels, "counts": counts, "draft": _draft(status)}


def run_command(root: Path, *words: str | Path) -> Answer:
    return run_program([*PROGRAM, *words], cwd=root)


def _fact(entry: Any) -> tuple[str, ...]:
    """A step without its number; a mark's moment is kept to the second, as marks.json has it."""
    at = entry["at"][:19] if entry["task"] == "marks" else entry["at"]
    return (at, *(entry[name] for name in ("who", "how", "task", "before", "after", "undone")))


def _draft(status: Any) -> Any:
    draft = status["tasks"][TASK]["draft"]
    return {name: draft[name] for name in ("base", "images", "added", "removed", "relabelled")}


def clean(place: Place) -> Path:
    git(place.root, "clean", "-q", "-xfd")
    return place.root


def new_card(place: Place) -> Path:
    """The machine's card died: the same repository, cloned again to the same place."""
    remote = place.root.with_name("remote.git")
    git(place.root.parent, "clone", "-q", "--bare", str(place.root), str(remote))
    shutil.rmtree(place.root)
    git(remote.parent, "clone", "-q", str(remote), str(place.root))
    return place.root


def fresh_clone(place: Place) -> Path:
    other = place.root.with_name("elsewhere")
    git(place.root.parent, "clone", "-q", str(place.root), str(other))
    return other


@pytest.fixture(scope="module")
def saved(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, dict[str, Any]]:
    """A workspace with labels and marks of two people, a version, all of it saved; and what is known there."""
    root = tmp_path_factory.mktemp("saved") / "ws"
    shutil.copytree(bare_workspace, root, symlinks=True)
    camera = root.with_name("camera")
    keys = write_frames(camera, 10)
    (root / CAMERA).symlink_to(camera)
    for words in (
        ("label", "--as", "offline", "--day", "20251107", "--from", "08:00", "--to", "08:04"),
        ("label", "--as", "active", "--who", "bea", *keys[5:9]),
        ("label", "--as", "active", keys[2]),
        ("undo",),
        ("label", "--task", "failed-print-detection", "--as", "failed", keys[6]),
        ("mark", keys[1], "--unsure"),
        ("mark", keys[7], "--exclude", "a hand", "--note", "ask Bea"),
        ("release", "--task", TASK),
        ("unlabel", keys[8]),
        ("save",),
    ):
        ok(run_command(root, *words))
    known = all_that_is_known(root, keys)
    ok(run_command(root, "label", "--as", "offline", keys[9]))  # never saved
    git(root, "checkout", "-q", "--", "data")
    return Place(root, camera, keys), known


@pytest.mark.parametrize("lose", [clean, new_card, fresh_clone])
def test_f_119_what_git_does_not_hold_is_gone(
    saved: tuple[Place, dict[str, Any]], tmp_path: Path, lose: Callable[[Place], Path]
) -> None:
    """costs undo of what was never saved, and caches; no saved label, mark or provenance"""
    (place, before) = saved
    here = tmp_path / "ws"
    shutil.copytree(place.root, here, symlinks=True)
    root = lose(Place(here, place.camera, place.keys))
    call = partial(run_command, root)
    ok(call("init", "--source", place.camera, "--no-commit"))
    assert git(root, "status", "--porcelain") == ""
    assert all_that_is_known(root, place.keys) == before
    assert ok(call("verify", "v1", "--task", TASK, "--json")).json["ok"]
    # What was saved can still be taken back: the last saved step is the label that was taken off.
    ok(call("undo"))
    assert ok(call("frames", "--json")).json["frames"][8]["label"] == "active"
