"""Workspaces to break: labelled once, copied as often as a sweep needs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Place, connected, run_program
from tests.faults.harness import PROGRAM
from tests.labels.conftest import desk as desk

OFFLINE, ACTIVE = ("08:00", "08:05"), ("08:06", "08:11")


def label(folder: Path, class_: str, begin: str, end: str) -> list[str | Path]:
    """The command that labels a stretch of the test day."""
    return [
        *PROGRAM,
        "-C",
        folder,
        "label",
        "--as",
        class_,
        "--day",
        "20251107",
        "--from",
        begin,
        "--to",
        end,
    ]


def labels_of(folder: Path) -> dict[str, str]:
    """What the store holds, asked by a new process."""
    answer = run_program([*PROGRAM, "frames", "--json", "--limit", "1000"], cwd=folder)
    assert answer.code == 0, answer.err
    return {row["frame"]: row["label"] for row in answer.json["frames"] if row["label"]}


def label_file(folder: Path) -> dict[str, Any]:
    """The label file; it must always be there and whole."""
    found: dict[str, Any] = json.loads((folder / "data" / "labels.json").read_text())
    return found


@pytest.fixture(scope="session")
def template(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A workspace of 12 frames: six offline, six active, all saved."""
    place = connected(bare_workspace, tmp_path_factory.mktemp("labelled"))
    for class_, (begin, end) in (("offline", OFFLINE), ("active", ACTIVE)):
        done = run_program(label(place.root, class_, begin, end), cwd=place.root)
        assert done.code == 0, done.err
    return place


@pytest.fixture
def copies(template: Place, tmp_path: Path) -> Callable[[], Place]:
    """Make a fresh copy of the labelled workspace; the camera is shared and only read."""
    count = 0

    def make() -> Place:
        nonlocal count
        count += 1
        root = tmp_path / f"copy-{count}"
        shutil.copytree(template.root, root, symlinks=True)
        return Place(root, template.camera, template.keys)

    return make


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of small states are laid out in it."""
    memory = Path("/dev/shm")
    if sys.platform != "linux" or not memory.is_dir():
        yield tmp_path / "states"
        return
    import tempfile

    with tempfile.TemporaryDirectory(dir=memory, prefix="print-models-test-") as folder:
        yield Path(folder)
