"""Large files are read once while they stay what they are, in this program and in the next."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from core.storage import hashes
from core.training import registry
from core.versions.manifest import read_version
from core.workspace import Workspace
from tests.conftest import Place


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files that are read for their hash, as they are read; files of this moment count as settled."""
    names: list[str] = []
    monkeypatch.setattr(hashes, "_FRESH_NS", 0)
    monkeypatch.setattr(
        hashes, "hash_file", lambda path, true=hashes.hash_file: names.append(path.name) or true(path)
    )
    return names


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another program would begin."""
    for kept in ("_seen", "_recalled", "_unkept"):
        monkeypatch.setattr(hashes, kept, type(getattr(hashes, kept))())


def test_a_model_is_read_again_only_when_its_file_changed(
    workspace: Callable[..., Place], read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace(frames=1).root
    model = root / "models/versions/offline-detector-v1.pth"
    model.write_bytes(b"a" * 2000)
    opened = Workspace.open(root)
    opened.ensure_private()
    first = registry.models(opened)[0].sha256
    assert registry.models(opened)[0].sha256 == first
    forget(monkeypatch)
    assert registry.models(opened)[0].sha256 == first
    assert read == [model.name]
    model.write_bytes(b"b" * 2000)
    assert registry.models(opened)[0].sha256 != first
    assert read == [model.name] * 2


def test_an_older_tools_images_are_read_once_for_all_that_ask(
    workspace: Callable[..., Place], read: list[str]
) -> None:
    root = workspace(frames=1).root
    opened = Workspace.open(root)
    task = opened.task(None)
    folder = opened.version_dir(task, "v1") / "active"
    folder.mkdir(parents=True)
    (folder / "20251107T005601.jpg").write_bytes(b"a" * 2000)
    key = "printer-timelapses/20251107/20251107T005601.jpg"
    (folder.parent / "labels.json").write_text(json.dumps({key: "active"}))
    first, second = (read_version(opened, task, "v1") for _ in range(2))
    assert first.items == second.items
    assert read == ["20251107T005601.jpg"]
