"""A workspace opened for the core calls of versions: labels by hand or by stretch, plan and export in one line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.frames.index import FrameIndex
from core.labels.store import LabelStore
from core.tasks import Task
from core.versions.export import ExportPlan, export, plan
from core.versions.manifest import Version
from core.workspace import Workspace
from tests.conftest import unpack


@dataclass
class House:
    """An open workspace with its store and index; `keys` are its frames in order of time."""

    ws: Workspace
    keys: list[str]
    camera: Path
    store: LabelStore = field(init=False)
    index: FrameIndex = field(init=False)

    def __post_init__(self) -> None:
        self.store = LabelStore(self.ws)
        self.index = FrameIndex(self.ws)
        self.index.scan()

    @property
    def task(self) -> Task:
        return self.ws.task("offline-detection")

    def label(self, frames: list[str], class_: str, how: str = "hand", *, bind: bool = False) -> None:
        sizes = None
        if bind:
            found = [self.ws.frame_path(key).stat() for key in frames]
            sizes = {k: (s.st_size, s.st_mtime_ns, None) for k, s in zip(frames, found, strict=True)}
        self.store.set(self.task, frames, class_, how=how, who="ana", sizes=sizes)

    def plan(self, **words: object) -> ExportPlan:
        words.setdefault("again", True)  # most tests make a version of what they find
        return plan(self.ws, self.store, self.index, self.task, **words)

    def export(self, **words: object) -> Version:
        return export(self.ws, self.plan(**words))

    def frame(self, key: str) -> Path:
        return self.ws.frame_path(key)


@pytest.fixture
def house(workspace: Callable[..., object]) -> Iterator[Callable[..., House]]:
    """Open a fresh workspace with that many frames: `house(frames=40)`."""
    opened: list[House] = []

    def make(frames: int = 24, **words: object) -> House:
        place = workspace(frames=frames, **words)
        made = House(Workspace.open(place.root), place.keys, place.camera)
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.store.close()
        one.index.close()


@pytest.fixture
def exported(house: Callable[..., House]) -> House:
    """A workspace with v1 of 24 frames: twelve offline, an hour and a half, twelve active."""
    made = house(24, every=600)
    made.label(made.keys[:12], "offline")
    made.label(made.keys[12:], "active")
    made.export(description="First")
    return made


@pytest.fixture(scope="session")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a real predecessor repository, unpacked; skips where it is absent."""
    default = Path(__file__).resolve().parents[3] / "shared" / "real"
    archive = Path(os.environ.get("PRINT_MODELS_REAL", default)) / "legacy.tar.gz"
    if not archive.is_file():
        pytest.skip("no real legacy data here (PRINT_MODELS_REAL, or ../shared/real)")
    folder = tmp_path_factory.mktemp("legacy")
    unpack(archive, folder)  # its camera is a link to nowhere
    return folder
