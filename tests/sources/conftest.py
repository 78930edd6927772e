"""Cameras for the tests of sources: folders whose pictures nobody else's are."""

from __future__ import annotations

import os
import random
import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import CAMERA, Place, connected, run_program


def camera(folder: Path, count: int, *, seed: int, start: str = "20251107T080000", names: str = "") -> Path:
    """Write a camera's day folders of noise, a minute apart, as `seed` says; `names` is a strftime pattern instead."""
    from PIL import Image

    draw, begin = random.Random(seed), datetime.strptime(start, "%Y%m%dT%H%M%S")
    for number in range(count):
        moment = begin + timedelta(minutes=number)
        path = folder / moment.strftime(names or "%Y%m%d/%Y%m%dT%H%M%S.jpg").replace("{n}", f"{number:06}")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", (32, 24), draw.randbytes(32 * 24 * 3)).save(path, quality=60 + seed % 30)
        os.utime(path, (moment.timestamp(),) * 2)
    return folder


@pytest.fixture(scope="session")
def labelled_template(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A workspace whose one camera has twelve frames, six of each class; copied by `place`."""
    place = connected(bare_workspace, tmp_path_factory.mktemp("labelled"))
    for class_, begin, end in (("active", "08:00", "08:05"), ("offline", "08:06", "08:11")):
        words = ["label", "--as", class_, "--day", "20251107", "--from", begin, "--to", end]
        done = run_program([sys.executable, "-m", "core", *words], cwd=place.root)
        assert done.code == 0, done.err
    return place


@pytest.fixture
def place(labelled_template: Place, tmp_path: Path) -> Place:
    """A workspace whose one camera has twelve frames, six of each class."""
    made = Place(tmp_path / "ws", tmp_path / "ws-camera", labelled_template.keys)
    shutil.copytree(labelled_template.root, made.root, symlinks=True)
    shutil.copytree(labelled_template.camera, made.camera)
    (made.root / CAMERA).unlink()
    (made.root / CAMERA).symlink_to(made.camera)
    (made.root / ".print-models" / "sources.json").unlink()
    # As after a first look at it: where it leads is known.
    assert run_program([sys.executable, "-m", "core", "source", "list"], cwd=made.root).code == 0
    return made
