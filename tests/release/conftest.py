"""A labelled workspace with a remote, and a git that kills who calls it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.labels.sync import open_store
from core.workspace import Workspace
from tests.conftest import Place, connected, git


def label(root: Path, frames: list[str], class_: str) -> None:
    """Label frames one by one, as a person would by hand."""
    workspace = Workspace.open(root)
    with open_store(workspace) as store:
        store.set(workspace.task(None), frames, class_, who="ana")


@pytest.fixture
def labelled(workspace: Callable[..., Place]) -> Place:
    """A workspace with twelve frames, half offline, half active, and four more without a label."""
    place = workspace(frames=16)
    label(place.root, place.keys[:6], "offline")
    label(place.root, place.keys[6:12], "active")
    return place


@pytest.fixture(scope="session")
def labelled_once(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The workspace that `fresh` is a copy of: six frames offline, six active."""
    place = connected(bare_workspace, tmp_path_factory.mktemp("labelled-once"))
    label(place.root, place.keys[:6], "offline")
    label(place.root, place.keys[6:12], "active")
    return place


@pytest.fixture
def fresh(labelled_once: Place, tmp_path: Path) -> Place:
    """A labelled workspace of one's own, copied, with a bare repository as origin that has nothing yet."""
    root, bare = tmp_path / "workspace", tmp_path / "remote.git"
    shutil.copytree(labelled_once.root, root, symlinks=True)
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(root, "remote", "add", "origin", f"file://{bare}")
    return Place(root, labelled_once.camera, labelled_once.keys)


@pytest.fixture
def remote(labelled: Place, tmp_path: Path) -> Path:
    """A bare repository that the workspace knows as origin, by a file:// address."""
    bare = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(labelled.root, "remote", "add", "origin", f"file://{bare}")
    return bare


@pytest.fixture
def killing_git(tmp_path: Path) -> Callable[[str, str], dict[str, str]]:
    """Give the environment of a git that kills -9 its caller 'before' or 'after' it runs one verb."""

    def make(verb: str, moment: str) -> dict[str, str]:
        real = shutil.which("git")
        folder = tmp_path / f"bin-{verb.replace(' ', '-')}-{moment}"
        folder.mkdir()
        script = folder / "git"
        strike = "kill -9 $PPID"
        body = f"{strike}; exit 1" if moment == "before" else f'{real} "$@"; {strike}; exit 1'
        script.write_text(f'#!/bin/sh\ncase " $* " in *" {verb} "*) {body};; esac\nexec {real} "$@"\n')
        script.chmod(0o755)
        return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    return make
