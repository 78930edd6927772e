"""Repositories with LFS objects, made by plain git."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import git

ATTRIBUTES = "datasets/**/*.jpg filter=lfs diff=lfs merge=lfs -text\nmodels/*.pth filter=lfs diff=lfs merge=lfs -text\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty workspace with the LFS filters and one commit."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "lfs", "install", "--local")
    (root / ".gitattributes").write_text(ATTRIBUTES)
    (root / "print-models.toml").write_text("format = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "rules")
    return root


@pytest.fixture
def version(repository: Path) -> Callable[..., None]:
    """Commit and tag a version made of named contents: `version("v2", {"a.jpg": b"…"})`."""

    def make(name: str, images: dict[str, bytes], *, task: str = "offline-detection", when: str = "") -> None:
        folder = repository / "datasets" / task / name / "active"
        folder.mkdir(parents=True)
        for file, data in images.items():
            (folder / file).write_bytes(data)
        git(repository, "add", "-A")
        if when:
            os.environ["GIT_COMMITTER_DATE"] = when
        try:
            git(repository, "commit", "-q", "-m", name)
            git(repository, "tag", "-a", "-m", name, f"{task}/{name}")
        finally:
            os.environ.pop("GIT_COMMITTER_DATE", None)

    return make
