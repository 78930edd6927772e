"""The ledger: every Git LFS object that the repository's refs hold, each counted once, to the byte.

What always holds: numbers come from the pointers in git's own objects, of every ref and the whole history, so they
are right in a clone without a single image; a working tree or a `fetchexclude` changes nothing. Objects are unique
by oid. Called by `storage`, the Storage screen, release (its price) and status.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.storage.git import Git
from core.storage.lfs import ObjectStore, Pointer, store_of
from core.storage.walk import Trees, add_tips, boundary, pointers_in, walk
from core.workspace import Workspace

_FILE = "ledger.json"
#: Counted up where the way of counting changes, so that an answer of the old way is not taken.
_RULES = b"1"
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


class _Kept(msgspec.Struct):
    """What was counted, and of which refs: all of a ledger but what lies here and what the clock says."""

    refs: str
    oids: dict[str, int]
    versions: dict[str, dict[str, Row]]
    models: Row
    other: Row
    clone_bytes: int
    first_release: int | None
    later_bytes: int


def ledger(workspace: Workspace) -> Ledger:
    """Count what the refs of the workspace's repository hold; an empty ledger before the first commit.

    The answer is kept below `.print-models/cache` for as long as no ref moves; it may be thrown away. Raises
    ProcessFailed where there is no git repository, Lacking where git is missing.
    """
    git = Git(workspace.root)
    # Also in a repository without a commit, and where there is none: that is for git to say.
    seen = _RULES + git.ask("for-each-ref").out + f"{git.head() or ''}\n{boundary(git)}".encode()
    refs = hashlib.sha256(seen).hexdigest()
    kept = _load(workspace, refs)
    if kept is None:
        kept = _counted(git, refs)
        _keep(workspace, kept)
    return Ledger(
        oids=kept.oids,
        versions=kept.versions,
        models=kept.models,
        other=kept.other,
        local=_local(store_of(workspace.root), kept.oids),
        clone_bytes=kept.clone_bytes,
        growth=_growth(kept),
    )


def _load(workspace: Workspace, refs: str) -> _Kept | None:
    try:
        kept = msgspec.json.decode((workspace.cache / _FILE).read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return kept if kept.refs == refs else None


def _keep(workspace: Workspace, kept: _Kept) -> None:
    """Keep it for the next program; a workspace that is only read, or was never written to, stays as it is."""
    if workspace.read_only is not None or not workspace.private.is_dir():
        return
    try:
        workspace.cache.mkdir(exist_ok=True)
        atomic_write(workspace.cache / _FILE, msgspec.json.encode(kept))
    except (OSError, PrintModelsError):  # a full or read-only disk: it is counted again next time
        return


def _counted(git: Git, refs: str) -> _Kept:
    history = walk(git, ["--all"])
    add_tips(git, history)
    trees = Trees(git)
    pointers = {
        bytes.fromhex(blob): (pointer.oid, pointer.size)
        for blob, pointer in pointers_in(git, history).items()
    }
    head = git.rev_parse("HEAD^{tree}")
    trees.load([*(tree for ids in history.trees.values() for tree in ids), *filter(None, [head])])
    versions = {at: found for at, ids in history.trees.items() if (found := _content(trees, ids, pointers))}
    models = dict(
        pointer for blob, pointer in pointers.items() if history.blobs[blob.hex()].startswith("models/")
    )
    oids = dict(pointers.values())
    kinds: dict[tuple[str, str], Mapping[str, int]] = {**versions, ("", "models"): models}
    kinds["", "other"] = _rest(oids, kinds.values())
    rows = _rows(kinds)
    by: dict[str, dict[str, Row]] = {}
    for task, name in sorted(versions, key=lambda at: (at[0], int(at[1][1:]))):
        by.setdefault(task, {})[name] = rows[task, name]
    cloned = _content(trees, [head], pointers) if head else {}
    first, later = _releases(git, versions, oids)
    return _Kept(refs, oids, by, rows["", "models"], rows["", "other"], sum(cloned.values()), first, later)


def _content(trees: Trees, ids: Iterable[str], pointers: Mapping[bytes, tuple[str, int]]) -> dict[str, int]:
    """Return oid → size of the objects that these trees point to."""
    blobs = frozenset[bytes]().union(*map(trees.blobs, ids))
    return dict(map(pointers.__getitem__, blobs.intersection(pointers)))


def _rest(oids: Mapping[str, int], kinds: Iterable[Mapping[str, int]]) -> dict[str, int]:
    known = {oid for kind in kinds for oid in kind}
    return {oid: size for oid, size in oids.items() if oid not in known}


def _rows(kinds: Mapping[tuple[str, str], Mapping[str, int]]) -> dict[tuple[str, str], Row]:
    holders = Counter(chain.from_iterable(kinds.values()))
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


def _releases(
    git: Git, versions: Mapping[tuple[str, str], Mapping[str, int]], oids: Mapping[str, int]
) -> tuple[int | None, int]:
    """Return when the first version was tagged, in seconds, and the bytes that later ones brought; None below two."""
    out = git.ask("for-each-ref", "--format=%(refname:strip=2)%00%(creatordate:unix)", "refs/tags/").text
    dated = []
    for row in out.splitlines():
        name, _, when = row.partition("\0")
        task, _, version = name.rpartition("/")
        if (task, version) in versions and when.isdigit():
            dated.append((int(when), task, version))
    if len(dated) < 2:
        return None, 0
    dated.sort()
    at, task, version = dated[0]
    later = {oid for _, t, v in dated[1:] for oid in versions[t, v]} - set(versions[task, version])
    return at, sum(oids[oid] for oid in later)


def _growth(kept: _Kept) -> float | None:
    """Return bytes a month that came after the first release, by the times of the tags; None before a day of it."""
    if kept.first_release is None:
        return None
    seconds = datetime.now(UTC).timestamp() - kept.first_release
    return None if seconds < 86400 else kept.later_bytes / (seconds / _MONTH)
