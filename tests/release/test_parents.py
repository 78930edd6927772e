"""A released version's parent is one that somebody else can get too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli, Place, git
from tests.release.conftest import label
from tests.release.test_release import TAG

FOLDER = Path("datasets/offline-detection")


@pytest.fixture
def overtaken(labelled: Place, cli: Cli) -> Place:
    """v1 is released, v2 was exported from another label file and is in no commit."""
    assert cli(labelled.root, "release").code == 0
    other = dict.fromkeys(labelled.keys[:3], "offline") | dict.fromkeys(labelled.keys[6:9], "active")
    (labelled.root / "other.json").write_text(json.dumps(other))
    assert cli(labelled.root, "export", "--labels", "other.json").code == 0
    return labelled


def test_a_version_in_no_commit_is_never_the_parent_of_a_released_one(overtaken: Place, cli: Cli):
    answer = cli(overtaken.root, "release")
    assert answer.code == 1
    assert "v2 was exported" in answer.err
    assert "in no commit" in answer.err
    assert "print-models release --abort --task offline-detection" in answer.err
    assert git(overtaken.root, "tag").split() == [TAG]
    assert not (overtaken.root / FOLDER / "v3").exists()
    label(overtaken.root, overtaken.keys[12:13], "active")
    words = ["release", "--abort", "--task", "offline-detection"]
    assert cli(overtaken.root, *words).code == 1  # said first: nobody is there to ask
    assert (overtaken.root / FOLDER / "v2").exists()
    assert cli(overtaken.root, *words, "--yes").code == 0
    assert cli(overtaken.root, "release").code == 0
    info = json.loads((overtaken.root / FOLDER / "v2" / "dataset_info.json").read_text())
    assert info["parent"] == "v1"


@pytest.mark.parametrize("removed", [False, True])
def test_nor_where_the_version_is_exported_already(overtaken: Place, cli: Cli, removed: bool):
    """Its own parent counts, whether the folder is still there or not."""
    root = overtaken.root
    label(root, overtaken.keys[12:13], "active")
    assert cli(root, "export").code == 0
    if removed:
        shutil.rmtree(root / FOLDER / "v2")
    answer = cli(root, "release")
    assert answer.code == 1
    assert "inherits from v2, which is in no commit" in answer.err
    assert git(root, "tag").split() == [TAG]


def test_what_any_version_holds_already_is_not_released_again(overtaken: Place, cli: Cli):
    """v3 holds what v1 holds, though its parent v2 does not."""
    assert cli(overtaken.root, "export").code == 0
    digests = [
        json.loads((overtaken.root / FOLDER / name / "dataset_info.json").read_text())["digest"]
        for name in ("v1", "v3")
    ]
    assert digests[0] == digests[1]
    answer = cli(overtaken.root, "release")
    assert answer.code == 1
    assert "v3 holds exactly what v1 holds" in answer.err


def test_going_back_to_an_older_versions_labels_is_a_version_of_its_own(labelled: Place, cli: Cli):
    root = labelled.root
    assert cli(root, "release").code == 0
    label(root, labelled.keys[:1], "active")
    assert cli(root, "release").code == 0
    label(root, labelled.keys[:1], "offline")
    assert cli(root, "export").code == 0
    answer = cli(root, "release", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["version"] == "v3"


def test_a_parent_that_only_a_tag_holds_can_be_got(labelled: Place, cli: Cli):
    """Released on another branch: the folder is here, HEAD's history has it not."""
    root = labelled.root
    git(root, "branch", "before")
    assert cli(root, "release").code == 0
    shutil.copytree(root / FOLDER / "v1", root / "kept")
    git(root, "checkout", "-q", "before")
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    shutil.copytree(root / "kept", root / FOLDER / "v1")
    label(root, labelled.keys[:1], "active")
    answer = cli(root, "release", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["version"] == "v2"
