"""Old workspaces: repositories of an earlier tool, which `init` never saw."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import CAMERA, git

#: As the earlier tool wrote them: an ignore rule for pictures, rules for LFS.
ATTRIBUTES = "models/*.pth filter=lfs diff=lfs merge=lfs -text\ndatasets/**/*.jpg filter=lfs diff=lfs merge=lfs -text\n"
IGNORED = "__pycache__/\n*.jpg\n*.log\n"


def listing(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return size, mtime and inode of everything below a folder, the repository itself included."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files, "."):
            path = Path(folder, name)
            seen = path.lstat()
            found[os.fspath(path.relative_to(root))] = (seen.st_size, seen.st_mtime_ns, seen.st_ino)
    return found


def settle(root: Path) -> None:
    """Let git see files older than its index: of files as young as that it reads the content at every look."""
    for name in git(root, "ls-files", "-z").split("\0"):
        path = root / name
        if name and path.is_file() and not path.is_symlink():
            os.utime(path, (1_700_000_000, 1_700_000_000))
    git(root, "status")


def pointer(data: bytes) -> bytes:
    """Return the Git LFS pointer of some bytes."""
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n".encode()


@dataclass(frozen=True, slots=True)
class Old:
    """An old repository: its `root`, the frames of its label file, the sizes of its LFS objects in bytes."""

    root: Path
    keys: tuple[str, ...]
    sizes: dict[str, tuple[int, ...]]


@pytest.fixture
def old(tmp_path: Path) -> Callable[[], Old]:
    """Make an old repository: eight labels (two of them integers), v1 as pointers, a model, a camera that is gone."""

    def make() -> Old:
        root = tmp_path / "old"
        version = root / "datasets" / "offline-detection" / "v1"
        names = [f"20251107T00{minute:02}01.jpg" for minute in range(8)]
        keys = [f"{CAMERA}/20251107/{name}" for name in names]
        values: list[object] = ["active", "active", 1, "offline", "offline", 0, "active", "offline"]
        classes = ["active", "active", "active", "offline", "offline", "offline", "active", "offline"]
        (root / "data").mkdir(parents=True)
        (root / "models").mkdir()
        sizes: dict[str, tuple[int, ...]] = {"v1": (), "models": (5_000,)}
        for number, (name, class_) in enumerate(zip(names, classes, strict=True)):
            (version / class_).mkdir(parents=True, exist_ok=True)
            (version / class_ / name).write_bytes(pointer(bytes(1000 + number)))
            sizes["v1"] += (1000 + number,)
        labels = json.dumps(dict(zip(keys, values, strict=True)), indent=2)
        (root / "data" / "labels.json").write_text(labels)
        (version / "labels.json").write_text(labels)
        info = {
            "version": "1.0",
            "description": "First",
            "created": "2025-11-12T10:00:00",
            "total_images": 8,
            "classes": {"active": 4, "offline": 4},
            "dataset_type": "offline-detection",
            "source_labels": "data/labels.json",
        }
        (version / "dataset_info.json").write_text(json.dumps(info))
        (root / "models" / "printer_offline_detector.pth").write_bytes(pointer(bytes(5_000)))
        (root / ".gitattributes").write_text(ATTRIBUTES)
        (root / ".gitignore").write_text(IGNORED)
        (root / CAMERA).symlink_to("/srv/gone/timelapses")
        git(root, "init", "-q")
        git(root, "add", "--all", "--force")
        git(root, "commit", "-q", "-m", "As it was")
        settle(root)
        return Old(root, tuple(keys), sizes)

    return make
