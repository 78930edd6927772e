"""Where a version is read from: a folder, or a commit of the repository; and the reading itself.

What always holds: nothing is checked out or fetched to read a version; a Git LFS pointer in place of an image tells
the image's oid and size, so a clone with pointers only reads as well as one with the images.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Protocol

from core.errors import Damaged, Lacking
from core.process import ProcessFailed
from core.storage.hashes import hash_once
from core.storage.lfs import parse_pointer
from core.storage.reading import Reader
from core.tasks import Task
from core.text import safe
from core.versions import manifest
from core.versions.manifest import Info, Item, Version

_POINTER_LIMIT = 1024


class Tree(Protocol):
    """A version's files, wherever they lie; names are POSIX, relative to the version."""

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, None where there is none."""

    def images(self) -> Iterator[str]:
        """Yield `class/name` of every file in a folder of the version."""

    def identity(self, name: str) -> tuple[str, int] | None:
        """Return an image's oid and size, from its pointer or its bytes."""


class FolderTree:
    """A version's folder in the work tree, or anywhere."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def images(self) -> Iterator[str]:
        for folder in sorted(self.path.iterdir()):
            if folder.is_dir() and not folder.is_symlink():
                for entry in sorted(os.scandir(folder), key=lambda e: e.name):
                    if entry.is_file(follow_symlinks=False):
                        yield f"{folder.name}/{entry.name}"

    def identity(self, name: str) -> tuple[str, int] | None:
        path = self.path / name
        try:
            if path.stat().st_size <= _POINTER_LIMIT and (pointer := parse_pointer(path.read_bytes())):
                return pointer.oid, pointer.size
            hashed = hash_once(path)
        except FileNotFoundError:
            return None
        return hashed.oid, hashed.size


class GitTree:
    """A version's folder as a commit has it."""

    def __init__(self, root: Path, revision: str, folder: str) -> None:
        self._git, self.revision, self.folder = Reader(root), revision, folder

    @cached_property
    def _blobs(self) -> dict[str, tuple[str, int]]:
        """Blob id and size of every file, by name."""
        words = ["ls-tree", "-r", "-z", "-l", "--full-tree", self.revision, "--", f"{self.folder}/"]
        try:
            listing = self._git.ask(*words).text
        except ProcessFailed as error:
            raise Lacking(
                f"git has no commit or tag “{safe(self.revision, limit=80)}” here.",
                "Look with: git log --oneline --all; or fetch it first.",
                detail=error.detail,
            ) from error
        found = {}
        for row in filter(None, listing.split("\0")):
            facts, _, path = row.partition("\t")
            _, kind, blob, size = facts.split()
            if kind == "blob" and not size.isdecimal():  # git's word for an object it has lost
                raise Damaged(f"git lacks the object {blob[:12]}.", "Look with: git fsck")
            if kind == "blob":
                found[path.removeprefix(f"{self.folder}/")] = (blob, int(size))
        if not found:
            raise Lacking(
                f"{safe(self.revision, limit=80)} holds no {self.folder}.",
                "See which versions there are: git ls-tree --name-only COMMIT datasets/TASK/",
            )
        return found

    @cached_property
    def _small(self) -> dict[str, bytes]:
        """The bytes of every file that may be a pointer, read by one git process."""
        names = [name for name, (_, size) in self._blobs.items() if "/" in name and size <= _POINTER_LIMIT]
        return dict(zip(names, self._git.cat_file([self._blobs[name][0] for name in names]), strict=True))

    def read(self, name: str) -> bytes | None:
        found = self._blobs.get(name)
        return self._git.cat_file([found[0]])[0] if found else None

    def images(self) -> Iterator[str]:
        return iter(sorted(name for name in self._blobs if name.count("/") == 1))

    def identity(self, name: str) -> tuple[str, int] | None:
        if name not in self._blobs:
            return None
        small = self._small.get(name)
        pointer = parse_pointer(small) if small is not None else None
        if pointer:
            return pointer.oid, pointer.size
        import hashlib

        data = self.read(name) or b""
        return f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)


def read_tree(tree: Tree, task: Task, name: str, path: Path) -> Version:
    """Read a version from a tree. Raises Damaged where its files can't be parsed or are missing."""
    where = f"datasets/{task.name}/{name}" if path.parts[-3:-1] == ("datasets", task.name) else name
    raw_info, raw_items = tree.read(manifest.INFO), tree.read(manifest.METADATA)
    info = manifest.decode_info(raw_info, f"{where}/{manifest.INFO}") if raw_info is not None else None
    if raw_items is not None:
        items = manifest.decode_metadata(raw_items, f"{where}/{manifest.METADATA}")
        if info is None:
            raise Damaged(
                f"{task.name} {name} has metadata.jsonl but no dataset_info.json.",
                f"Get the version as it was released: git checkout -- {safe(where)}",
            )
        return Version(task, name, path, info, items, info.digest)
    raw_labels = tree.read(manifest.LABELS)
    if raw_labels is None:
        raise Damaged(
            f"{task.name} {safe(name)} has neither metadata.jsonl nor labels.json.",
            "It is no dataset version; look into the folder.",
        )
    legacy, problems = _legacy_items(tree, task, where, raw_labels)
    info = info or Info(version=f"{manifest.number_of(name) or 0}.0", dataset_type=task.name)
    if info.total_images and info.total_images != len(legacy):
        problems.append(f"dataset_info.json says {info.total_images} images, there are {len(legacy)}.")
    ordered = tuple(sorted(legacy, key=lambda item: item.file_name))
    return Version(task, name, path, info, ordered, manifest.digest(ordered), True, tuple(problems))


def _legacy_items(tree: Tree, task: Task, where: str, raw: bytes) -> tuple[list[Item], list[str]]:
    """Match a verbatim label file with the images in the class folders, by base name."""
    from core.frames.names import captured_at
    from core.labels.files import parse

    labels = parse(raw, task, f"{where}/{manifest.LABELS}")
    problems = [f"labels.json: {problem.what}" for problem in labels.problems]
    lying: dict[str, list[str]] = {}
    for image in tree.images():
        lying.setdefault(image.split("/", 1)[1], []).append(image)
    items = []
    for key, label in sorted(labels.labels.items()):
        base = key.rsplit("/", 1)[-1]
        here = lying.get(base, [])
        file_name = f"{label}/{base}" if f"{label}/{base}" in here or not here else here[0]
        folder = file_name.split("/", 1)[0]
        if not here:
            problems.append(f"{safe(key)} has a label but no image.")
        else:
            here.remove(file_name)
        if folder != label:
            problems.append(f"{safe(key)} is labelled {label} but lies in {safe(folder)}/.")
        found = tree.identity(file_name)
        at = captured_at(key)
        items.append(
            Item(
                file_name=file_name,
                label=label,
                source=key,
                captured_at=at.isoformat() if at else None,
                oid=found[0] if found else None,
                size=found[1] if found else None,
                labelled_how="imported",
            )
        )
    for image in sorted(image for rest in lying.values() for image in rest):
        problems.append(f"{safe(image)} has no label.")
    return items, problems
