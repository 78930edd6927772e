"""The ledger: every Git LFS object that the repository's refs hold, each counted once, to the byte.

What always holds: numbers come from the pointers in git's own objects, of every ref and the whole history, so they
are right in a clone without a single image; a working tree or a `fetchexclude` changes nothing. Objects are unique
by oid. Called by `storage`, the Storage screen, release (its price) and status.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.storage.git import Git
from core.storage.lfs import POINTER_LIMIT, ObjectStore, Pointer, parse_pointer, store_of
from core.workspace import Workspace

_VERSION = re.compile(r"datasets/([^/]+)/(v[1-9][0-9]{0,5})")
#: The shortest pointer: the specification's first line, an oid and a size of one digit.
_SHORTEST = 100
_MONTH = 30.44 * 86400


@dataclass(frozen=True, slots=True)
class Row:
    """One version, or all models: files, bytes, and the bytes no other row shares."""

    files: int = 0
    bytes: int = 0
    exclusive: int = 0

    def as_json(self) -> dict[str, int]:
        return {"files": self.files, "bytes": self.bytes, "exclusive": self.exclusive}


@dataclass(frozen=True, slots=True)
class Local:
    """What of the ledger lies in this repository's own store, by presence and size."""

    objects: int = 0
    bytes: int = 0
    missing: int = 0
    missing_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """All LFS objects of all refs. `oids` maps oid → size; `versions` task → version → row.

    `other` holds what is neither in a version nor below models/. `clone_bytes` is what a fresh clone of the current
    branch downloads. `growth` is bytes per month since the first release, None while there is nothing to go by.
    """

    oids: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    models: Row = Row()
    other: Row = Row()
    local: Local = Local()
    clone_bytes: int = 0
    growth: float | None = None

    @property
    def objects(self) -> int:
        return len(self.oids)

    @property
    def bytes(self) -> int:
        return sum(self.oids.values())

    def new_bytes(self, images: Iterable[tuple[str | None, int]]) -> int:
        """Return what images (oid or None, bytes) would add; one whose oid is not known yet counts as new."""
        return new_bytes(images, self.oids)

    def as_json(self) -> dict[str, Any]:
        """Return the keys of FORMATS that need no plan."""
        by: dict[str, Any] = {
            task: {name: row.as_json() for name, row in rows.items()} for task, rows in self.versions.items()
        }
        by["models"] = self.models.as_json()
        if self.other.files:
            by["other"] = self.other.as_json()
        local = {
            "objects": self.local.objects,
            "bytes": self.local.bytes,
            "missing": self.local.missing,
            "missing_bytes": self.local.missing_bytes,
        }
        return {"objects": self.objects, "bytes": self.bytes, "by": by, "local": local}


def new_bytes(images: Iterable[tuple[str | None, int]], known: Mapping[str, int]) -> int:
    """Return what images (oid or None, bytes) add to `known`, each content once; one without an oid counts as new."""
    fresh: dict[str, int] = {}
    unknown = 0
    for oid, size in images:
        if oid is None:
            unknown += size
        elif oid not in known:
            fresh[oid] = size
    return sum(fresh.values()) + unknown


@dataclass(slots=True)
class _History:
    """What one walk over all refs finds: small blobs with the path they were met at, and version trees."""

    blobs: dict[str, str] = field(default_factory=dict)
    trees: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def ledger(workspace: Workspace) -> Ledger:
    """Count what the refs of the workspace's repository hold; an empty ledger before the first commit.

    Raises ProcessFailed where there is no git repository, Lacking where git is missing.
    """
    git = Git(workspace.root)
    history = _walk(git, ["--all"])
    _add_tips(git, history)
    pointers = _pointers(git, history)
    versions = _version_contents(git, history, pointers)
    models = {p.oid: p.size for blob, p in pointers.items() if history.blobs[blob].startswith("models/")}
    oids = {pointer.oid: pointer.size for pointer in pointers.values()}
    kinds: dict[tuple[str, str], Mapping[str, int]] = {**versions, ("", "models"): models}
    kinds["", "other"] = _rest(oids, kinds.values())
    rows = _rows(kinds)
    by: dict[str, dict[str, Row]] = {}
    for task, name in sorted(versions, key=lambda at: (at[0], int(at[1][1:]))):
        by.setdefault(task, {})[name] = rows[task, name]
    return Ledger(
        oids=oids,
        versions=by,
        models=rows["", "models"],
        other=rows["", "other"],
        local=_local(store_of(workspace.root), oids),
        clone_bytes=_clone_bytes(git, pointers),
        growth=_growth(git, versions, oids),
    )


def pointers_of(git: Git, revisions: Sequence[str]) -> set[Pointer]:
    """Return the LFS objects of the commits that `git rev-list REVISIONS` names."""
    return set(_pointers(git, _walk(git, revisions)).values())


def _walk(git: Git, revisions: Sequence[str]) -> _History:
    """List every object of these commits once, keep blobs small enough for a pointer, and the trees of versions."""
    found = _History()
    listing = git.ask("rev-list", "--objects", *revisions).out
    paths = {}
    for line in listing.split(b"\n"):
        name, _, path = line.partition(b" ")
        if name:
            paths[name] = path
    checked = git.ask(
        "cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", stdin=b"\n".join(paths) + b"\n"
    ).out
    for line in checked.split(b"\n"):
        name, _, facts = line.partition(b" ")
        kind, _, size = facts.partition(b" ")
        if kind == b"blob" and _SHORTEST <= int(size) <= POINTER_LIMIT:
            found.blobs[name.decode()] = paths[name].decode("utf-8", "surrogateescape")
        elif kind == b"tree" and (at := _VERSION.fullmatch(paths[name].decode("utf-8", "replace"))):
            found.trees.setdefault((at[1], at[2]), set()).add(name.decode())
    return found


def _add_tips(git: Git, found: _History) -> None:
    """Add the version trees of HEAD: two versions of equal content share one tree, which the walk met only once."""
    done = git.ask("ls-tree", "-r", "-d", "-z", "--full-tree", "HEAD", "--", "datasets/", check=False)
    for row in filter(None, done.text.split("\0")) if done.code == 0 else ():
        facts, _, path = row.partition("\t")
        if at := _VERSION.fullmatch(path):
            found.trees.setdefault((at[1], at[2]), set()).add(facts.split()[2])


def _pointers(git: Git, history: _History) -> dict[str, Pointer]:
    """Return blob → pointer for the blobs that are one."""
    blobs = list(history.blobs)
    contents = git.cat_file(blobs)
    return {
        blob: pointer
        for blob, data in zip(blobs, contents, strict=True)
        if (pointer := parse_pointer(data)) is not None
    }


def _version_contents(
    git: Git, history: _History, pointers: Mapping[str, Pointer]
) -> dict[tuple[str, str], dict[str, int]]:
    """Return (task, version) → oid → size, over every tree that version ever had."""
    contents: dict[tuple[str, str], dict[str, int]] = {}
    for at, trees in history.trees.items():
        inside: dict[str, int] = {}
        for tree in trees:
            for blob in _blobs_of(git, tree):
                pointer = pointers.get(blob)
                if pointer is not None:
                    inside[pointer.oid] = pointer.size
        if inside:
            contents[at] = inside
    return contents


def _blobs_of(git: Git, tree: str) -> set[str]:
    """Return the ids of all files of a tree; none where there is no such tree."""
    done = git.ask("ls-tree", "-r", "--full-tree", tree, check=False)
    return {row[12:].partition("\t")[0] for row in done.text.split("\n")} if done.code == 0 else set()


def _rest(oids: Mapping[str, int], kinds: Iterable[Mapping[str, int]]) -> dict[str, int]:
    known = {oid for kind in kinds for oid in kind}
    return {oid: size for oid, size in oids.items() if oid not in known}


def _rows(kinds: Mapping[tuple[str, str], Mapping[str, int]]) -> dict[tuple[str, str], Row]:
    holders: dict[str, int] = {}
    for content in kinds.values():
        for oid in content:
            holders[oid] = holders.get(oid, 0) + 1
    return {
        at: Row(
            files=len(content),
            bytes=sum(content.values()),
            exclusive=sum(size for oid, size in content.items() if holders[oid] == 1),
        )
        for at, content in kinds.items()
    }


def _local(store: ObjectStore, oids: Mapping[str, int]) -> Local:
    here = {oid: size for oid, size in oids.items() if store.has(Pointer(oid, size))}
    return Local(
        objects=len(here),
        bytes=sum(here.values()),
        missing=len(oids) - len(here),
        missing_bytes=sum(oids.values()) - sum(here.values()),
    )


def _clone_bytes(git: Git, pointers: Mapping[str, Pointer]) -> int:
    found = {pointers[blob] for blob in _blobs_of(git, "HEAD") if blob in pointers}
    inside = {pointer.oid: pointer.size for pointer in found}
    return sum(inside.values())


def _growth(
    git: Git, versions: Mapping[tuple[str, str], Mapping[str, int]], oids: Mapping[str, int]
) -> float | None:
    """Return bytes a month that came after the first release, by the times of the tags; None before a day of it."""
    out = git.ask("for-each-ref", "--format=%(refname:strip=2)%00%(creatordate:unix)", "refs/tags/").text
    dated = []
    for row in out.splitlines():
        name, _, when = row.partition("\0")
        task, _, version = name.rpartition("/")
        if (task, version) in versions and when.isdigit():
            dated.append((int(when), task, version))
    if len(dated) < 2:
        return None
    dated.sort()
    seconds = datetime.now(UTC).timestamp() - dated[0][0]
    if seconds < 86400:
        return None
    _, task, version = dated[0]
    later = {oid for _, t, v in dated[1:] for oid in versions[t, v]} - set(versions[task, version])
    return sum(oids[oid] for oid in later) / (seconds / _MONTH)
