"""A clone without a camera: the frames of its versions are shown and labelled, and what is not set up is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.labels.sync import open_store
from core.versions.held import places
from core.workspace import Workspace
from tests.conftest import CAMERA, git
from tui import glancing


@pytest.fixture
def clone(released, cli, tmp_path) -> Path:
    """A fresh clone of a workspace with a version; nobody ran init there, and images are pointers."""
    place = released()
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(place.root), str(folder))
    return folder


async def test_the_frames_of_its_versions_are_shown_and_labelled_by_their_keys(clone, opened, cli):
    git(clone, "lfs", "pull")
    assert cli(clone, "init").code == 0
    listed = cli(clone, "frames", "--json").json
    async with opened(clone) as page:
        await page.until(lambda: page.frame.startswith(f"{CAMERA}/"), "a frame of a version")
        await page.see("is not here", "of its versions")
        before = page.frame
        await page.label("a")
        await page.until(lambda: page.label_of(before) == "active", "its label")
    assert listed["total"] == len(held(clone))
    labels = json.loads((clone / "data" / "labels.json").read_text())
    assert labels[before] == "active"
    ws = Workspace.open(clone)
    with open_store(ws) as store:
        assert store.labels("offline-detection")[before].sha256 == places(ws)[before].item.oid


async def test_where_only_pointers_are_here_the_command_that_gets_them_is_said(clone, opened):
    async with opened(clone) as page:
        await page.see("Only a pointer", "print-models fetch v1", "this clone is")


def test_a_stretch_of_frames_that_were_not_shown_is_bound_to_the_bytes_of_the_version(clone):
    ws = Workspace.open(clone)
    keys = list(held(clone))
    seen = glancing.at(ws, keys, seconds=30)
    assert {key: bound[2] for key, bound in seen.sizes.items()} == {
        key: places(ws)[key].item.oid for key in keys
    }


def held(root: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(
        (root / "datasets" / "offline-detection" / "v1" / "labels.json").read_text()
    )
    return found
