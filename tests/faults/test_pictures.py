"""Faults 49, 51 and 52: a label belongs to a picture, whatever the camera does with the file of that name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Answer, Cli, Place, git

TASK = "offline-detection"


@pytest.fixture
def labelled(workspace: Callable[..., Place]) -> Place:
    """A workspace with twelve frames, not labelled yet."""
    return workspace(frames=12)


def keep_nothing(root: Path) -> None:
    """Switch the copies of labelled pictures off."""
    settings = root / "print-models.toml"
    text = settings.read_text()
    assert "# max = 2.0 " in text
    settings.write_text(text.replace("# max = 2.0 ", "max = 0.0 "))


def label(cli: Cli, place: Place) -> None:
    for class_, keys in (("offline", place.keys[:6]), ("active", place.keys[6:])):
        answer = cli(place.root, "label", "--as", class_, *keys)
        assert answer.code == 0, answer.err


def file_of(place: Place, key: str) -> Path:
    return place.camera / key.split("/", 1)[1]


def no_version(place: Place, answer: Answer) -> None:
    assert answer.code == 1, answer.out + answer.err
    assert not (place.root / f"datasets/{TASK}/v1").exists()
    assert "Traceback" not in answer.err


def test_f_049_a_frame_that_was_overwritten_after_labelling(labelled: Place, cli: Cli) -> None:
    """export stops: "changed since labelled", shows both"""
    keep_nothing(labelled.root)
    label(cli, labelled)
    path, other = file_of(labelled, labelled.keys[0]), file_of(labelled, labelled.keys[3])
    before = path.stat()
    path.write_bytes(other.read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 3_600_000_000_000))
    answer = cli(labelled.root, "export")
    no_version(labelled, answer)
    assert "changed since it was labelled" in answer.err
    assert labelled.keys[0] in answer.err
    assert "labelled: " in answer.err
    assert "now: " in answer.err
    assert "label it anew" in answer.err


def test_f_049_the_picture_that_was_labelled_is_exported_where_a_copy_was_kept(
    labelled: Place, cli: Cli
) -> None:
    """Whatever lies under the name by then: the label's own picture, found by its sha256, or none."""
    label(cli, labelled)
    path = file_of(labelled, labelled.keys[0])
    was = path.read_bytes()
    path.write_bytes(file_of(labelled, labelled.keys[3]).read_bytes())
    assert cli(labelled.root, "export").code == 0
    assert (labelled.root / f"datasets/{TASK}/v1/offline/{path.name}").read_bytes() == was


@pytest.mark.parametrize("place", ["kept copies", "earlier version", "LFS store", "remote"])
def test_f_051_frames_that_the_camera_pruned_before_the_export(
    labelled: Place, cli: Cli, tmp_path: Path, place: str
) -> None:
    """found by sha256 in kept copies, earlier versions, LFS store, remote; only a frame found nowhere is listed, and export stops until it is excluded by name"""
    root, key = labelled.root, labelled.keys[0]
    was = file_of(labelled, key).read_bytes()
    if place != "kept copies":
        keep_nothing(root)
    label(cli, labelled)
    if place != "kept copies":
        git(tmp_path, "init", "-q", "--bare", "remote.git")
        git(root, "remote", "add", "origin", f"file://{tmp_path}/remote.git")
        assert cli(root, "release", "--push").code == 0
    if place in ("LFS store", "remote"):  # the version's folder is checked out without its images
        for image in (root / f"datasets/{TASK}/v1").glob("*/*.jpg"):
            image.write_bytes(git(root, "cat-file", "-p", f"HEAD:{image.relative_to(root)}").encode())
    if place == "remote":
        shutil.rmtree(root / ".git/lfs/objects")
    shutil.rmtree(labelled.camera)
    labelled.camera.mkdir()
    (labelled.camera / "20251107").mkdir()
    answer = cli(root, "export", "--version", "2")
    assert answer.code == 0, answer.err
    assert (root / f"datasets/{TASK}/v2/offline/{key.rsplit('/', 1)[1]}").read_bytes() == was


def test_f_051_a_frame_found_nowhere_is_listed_and_stops_the_export_until_excluded(
    labelled: Place, cli: Cli
) -> None:
    """The others are found; leaving one out is said by name, in the version too."""
    keep_nothing(labelled.root)
    label(cli, labelled)
    file_of(labelled, labelled.keys[0]).unlink()
    answer = cli(labelled.root, "export")
    no_version(labelled, answer)
    assert "1 labelled frame" in answer.err
    assert labelled.keys[0] in answer.err
    assert labelled.keys[1] not in answer.err
    done = cli(labelled.root, "mark", labelled.keys[0], "--exclude", "the camera deleted it")
    assert done.code == 0, done.err
    answer = cli(labelled.root, "export", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["images"] == 11
    info = (labelled.root / f"datasets/{TASK}/v1/dataset_info.json").read_text()
    assert labelled.keys[0] in info
    assert "the camera deleted it" in info


def test_f_052_identical_bytes_under_two_names_with_different_labels(labelled: Place, cli: Cli) -> None:
    """conflict by sha"""
    shutil.copy2(file_of(labelled, labelled.keys[0]), file_of(labelled, labelled.keys[11]))
    label(cli, labelled)
    answer = cli(labelled.root, "export")
    no_version(labelled, answer)
    assert "the same picture, byte for byte" in answer.err
    assert labelled.keys[0] in answer.err
    assert labelled.keys[11] in answer.err
    found = cli(labelled.root, "check", "--json")
    assert found.code == 1
    row = next(row for row in found.json["results"] if row["id"] == "same-bytes" and row["level"] == "block")
    assert set(row["frames"]) == {labelled.keys[0], labelled.keys[11]}
