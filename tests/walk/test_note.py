"""`demo --scenario note`: every number of the story, checked with plain git, git-lfs and sha256sum."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import git, run_program

#: What all of these look at is made once: they stay with one worker.
pytestmark = pytest.mark.xdist_group("note")

OFFLINE, FAILED = "offline-detection", "failed-print-detection"
NAMED = {  # frames that the note's own tree shows
    "active": ("20251107T005601.jpg", "20251110T000537.jpg"),
    "offline": ("20251109T152426.jpg", "20251108T032702.jpg"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """The story once walked: its folder, its remote, a fresh clone with all objects, what was printed."""

    root: Path
    remote: Path
    clone: Path
    said: str


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> Note:
    return walk(tmp_path_factory.mktemp("note"), "--no-train")


def walk(folder: Path, *words: str) -> Note:
    command = ["demo", "shop", "--scenario", "note", "--headless", "--size", "96x54", *words]
    done = run_program([sys.executable, "-m", "core", *command], cwd=folder)
    assert done.code == 0, done.out + done.err
    clone = folder / "clone"
    git(folder, "clone", "-q", (folder / "shop-remote.git").as_uri(), str(clone))
    git(clone, "lfs", "install", "--local")
    git(clone, "lfs", "pull")
    return Note(folder / "shop", folder / "shop-remote.git", clone, done.out)


def images(clone: Path, task: str, version: str) -> list[dict[str, Any]]:
    text = (clone / "datasets" / task / version / "metadata.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("task", "version", "counts"),
    [
        (OFFLINE, "v1", {"active": 60, "offline": 90}),
        (OFFLINE, "v2", {"active": 61, "offline": 90}),
        (FAILED, "v1", {"good": 175, "failed": 21}),
    ],
)
def test_a_clone_holds_the_notes_numbers_of_images_with_the_bytes_recorded(
    note: Note, task: str, version: str, counts: dict[str, int]
) -> None:
    folder = note.clone / "datasets" / task / version
    for class_, number in counts.items():
        assert len(list((folder / class_).glob("*.jpg"))) == number
    recorded = images(note.clone, task, version)
    assert Counter(item["label"] for item in recorded) == counts
    summed = run_program(["sha256sum", "--", *(item["file_name"] for item in recorded)], cwd=folder)
    assert [f"sha256:{line.split()[0]}" for line in summed.out.splitlines()] == [i["oid"] for i in recorded]
    assert json.loads((folder / "dataset_info.json").read_text("utf-8"))["total_images"] == sum(
        counts.values()
    )


def test_the_frames_that_the_note_names_are_in_it(note: Note) -> None:
    for class_, names in NAMED.items():
        for name in names:
            assert (note.clone / "datasets" / OFFLINE / "v1" / class_ / name).is_file()


def test_one_correction_is_all_that_lies_between_the_two_versions(note: Note) -> None:
    first, second = (
        json.loads((note.clone / f"datasets/{OFFLINE}/{v}/labels.json").read_text()) for v in ("v1", "v2")
    )
    assert second == {**first, "printer-timelapses/20251111/20251111T134609.jpg": "active"}
    changed = git(
        note.clone, "diff", "--name-status", f"{OFFLINE}/v1", f"{OFFLINE}/v2", "--", f"datasets/{OFFLINE}/v1"
    )
    assert changed == ""
    truth = json.loads((note.root / "demo-truth.json").read_text("utf-8"))["frames"]
    assert truth["printer-timelapses/20251111/20251111T134609.jpg"]["state"] == "warming"
    assert all(truth[frame][OFFLINE] == class_ for frame, class_ in second.items())


def test_the_tags_are_on_the_remote_and_the_tree_is_clean(note: Note) -> None:
    assert git(note.remote, "tag").split() == [f"{FAILED}/v1", f"{OFFLINE}/v1", f"{OFFLINE}/v2"]
    assert git(note.root, "status", "--porcelain") == ""
    assert git(note.clone, "lfs", "fsck").strip() == "Git LFS fsck OK"
    pointers = git(note.clone, "lfs", "ls-files", "-n").splitlines()
    assert sum(path.startswith(f"datasets/{OFFLINE}/v1/") for path in pointers) == 150
    assert sum(path.startswith(f"datasets/{OFFLINE}/v2/") for path in pointers) == 151
    assert sum(path.startswith(f"datasets/{FAILED}/v1/") for path in pointers) == 196


def test_the_card_speaks_as_the_note_does(note: Note) -> None:
    card = (note.clone / "datasets" / OFFLINE / "v1" / "README.md").read_text("utf-8")
    for line in (
        "# Offline Detection Dataset v1",
        "**Total Images:** 150",
        "- Active: 60 (40%)",
        "- Offline: 90 (60%)",
        "- Some edge cases with the printer warming up are not included.",
    ):
        assert line in card.splitlines()
        assert f"  {line}" in note.said.splitlines()
    assert "from 2025-11-07 to 2025-11-10" in card


def test_each_class_comes_from_where_the_note_says(note: Note) -> None:
    active = [item for item in images(note.clone, OFFLINE, "v1") if item["label"] == "active"]
    assert len({item["recording"] for item in active}) == 3


@pytest.mark.slow
def test_the_models_are_those_of_the_notes_tree(tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="torch is not installed")
    note = walk(tmp_path)
    for name, task, version in (
        ("offline-detector-v1", OFFLINE, "v1"),
        ("offline-detector-v2", OFFLINE, "v2"),
        ("failed-detector-v1", FAILED, "v1"),
    ):
        record = json.loads((note.root / f"models/versions/{name}.json").read_text("utf-8"))
        info = json.loads((note.root / f"datasets/{task}/{version}/dataset_info.json").read_text("utf-8"))
        assert record["dataset"]["digest"] == info["digest"]
        assert (note.root / f"models/versions/{name}.pth").stat().st_size > 1_000_000
        assert name in (note.root / f"datasets/{task}/{version}/README.md").read_text("utf-8")
    assert (note.root / "models/printer_offline_detector.pth").is_file()
    assert (note.root / "models/failed_print_detector.pth").is_file()
    assert git(note.root, "status", "--porcelain") == ""
