"""What a release carries: the files of one version, and the labels, marks and history that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.durable import hash_file
from core.storage.git import Git
from core.storage.lfs import Pointer
from core.tasks import Task
from core.versions.manifest import CARD, INFO, LABELS, METADATA, Version
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Cargo:
    """The exact paths of a version in the repository: images with their identity, and the text files beside them.

    `folder` is `datasets/<task>/vN`; all paths are POSIX, relative to the workspace.
    """

    folder: str
    images: Mapping[str, Pointer]
    texts: tuple[str, ...]

    @property
    def paths(self) -> list[str]:
        return [*self.texts, *self.images]

    @property
    def pointers(self) -> list[Pointer]:
        """Every object once, in the order of the oids."""
        return sorted(set(self.images.values()))

    @property
    def bytes(self) -> int:
        return sum(pointer.size for pointer in self.images.values())


def cargo_of(workspace: Workspace, version: Version) -> Cargo:
    """Return what a version's own manifest says has to be committed.

    An image whose oid an older manifest does not tell is hashed. Raises FileNotFoundError where such a one is gone.
    """
    folder = version.path.relative_to(workspace.root).as_posix()
    images = {}
    for item in version.items:
        if item.oid is None or item.size is None:
            found = hash_file(version.path / item.file_name)
            images[f"{folder}/{item.file_name}"] = Pointer(found.oid, found.size)
        else:
            images[f"{folder}/{item.file_name}"] = Pointer(item.oid, item.size)
    names = (CARD, INFO, LABELS, METADATA)
    texts = tuple(f"{folder}/{name}" for name in names if (version.path / name).is_file())
    return Cargo(folder, images, texts)


def commit_of(git: Git, cargo: Cargo) -> str | None:
    """Return the last commit of HEAD's history that touched the version, where HEAD holds every file of it."""
    if not set(cargo.paths) <= set(git.ls_tree("HEAD", cargo.folder)):
        return None
    return git.line("log", "-1", "--format=%H", "HEAD", "--", cargo.folder) or None


def companions(workspace: Workspace, git: Git, tasks: list[Task]) -> list[str]:
    """Return the label files of these tasks, the marks and the history: those there are, or that git knows."""
    named = [task.labels_file for task in tasks]
    named.append(workspace.marks_file.relative_to(workspace.root).as_posix())
    history = workspace.history_dir.relative_to(workspace.root).as_posix()
    found = {path for path in named if (workspace.root / path).is_file()}
    if workspace.history_dir.is_dir():
        found |= {
            f"{history}/{path.name}" for path in workspace.history_dir.glob("*.jsonl") if path.is_file()
        }
    return sorted(found | set(git.ls_files(*named, history)))
