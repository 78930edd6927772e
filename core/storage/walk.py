"""Through git's own objects: every pointer of some commits, and what the trees of versions hold.

What always holds: each object is listed and read once, by a handful of processes whatever the number of versions; a
working tree and a `fetchexclude` change nothing. Called by the ledger, the known objects and the push of a release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.storage.git import Git
from core.storage.lfs import POINTER_LIMIT, Pointer, parse_pointer

_VERSION = re.compile(r"datasets/([^/]+)/(v[1-9][0-9]{0,5})")
#: The shortest pointer: the specification's first line, an oid and a size of one digit.
_SHORTEST = 100
#: Lets git hand over its list in large pieces, not line by line.
_AT_ONCE = {"GIT_FLUSH": "0"}


@dataclass(slots=True)
class History:
    """What one walk over all refs finds: small blobs with the path they were met at, and version trees."""

    blobs: dict[str, str] = field(default_factory=dict)
    trees: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def pointers_of(git: Git, revisions: Sequence[str]) -> set[Pointer]:
    """Return the LFS objects of the commits that `git rev-list REVISIONS` names."""
    return set(pointers_in(git, walk(git, revisions)).values())


def boundary(git: Git) -> str:
    """Return where the history of a shallow clone ends, as git notes it; '' where all of it is here."""
    try:
        return git.git_path("shallow").read_text("ascii", "replace")
    except OSError:
        return ""


def walk(git: Git, revisions: Sequence[str]) -> History:
    """List every object of these commits once, keep blobs small enough for a pointer, and the trees of versions."""
    found = History()
    listing = git.ask("rev-list", "--objects", *revisions, env=_AT_ONCE).out
    paths = {}
    for line in listing.split(b"\n"):
        name, _, path = line.partition(b" ")
        if name:
            paths[name] = path
    checked = git.ask(
        "cat-file",
        "--buffer",
        "--batch-check=%(objectname) %(objecttype) %(objectsize)",
        stdin=b"\n".join(paths) + b"\n",
    ).out
    for line in checked.split(b"\n"):
        name, _, facts = line.partition(b" ")
        kind, _, size = facts.partition(b" ")
        if kind == b"blob" and _SHORTEST <= int(size) <= POINTER_LIMIT:
            found.blobs[name.decode()] = paths[name].decode("utf-8", "surrogateescape")
        elif kind == b"tree" and (at := _VERSION.fullmatch(paths[name].decode("utf-8", "replace"))):
            found.trees.setdefault((at[1], at[2]), set()).add(name.decode())
    return found


def add_tips(git: Git, found: History) -> None:
    """Add the version trees of HEAD: two versions of equal content share one tree, which the walk met only once."""
    done = git.ask("ls-tree", "-r", "-d", "-z", "--full-tree", "HEAD", "--", "datasets/", check=False)
    for row in filter(None, done.text.split("\0")) if done.code == 0 else ():
        facts, _, path = row.partition("\t")
        if at := _VERSION.fullmatch(path):
            found.trees.setdefault((at[1], at[2]), set()).add(facts.split()[2])


def pointers_in(git: Git, history: History) -> dict[str, Pointer]:
    """Return blob → pointer for the blobs that are one."""
    blobs = list(history.blobs)
    contents = git.cat_file(blobs)
    return {
        blob: pointer
        for blob, data in zip(blobs, contents, strict=True)
        if (pointer := parse_pointer(data)) is not None
    }


class Trees:
    """The files of trees: read level by level, each tree once however many versions share it."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._own: dict[str, tuple[frozenset[bytes], tuple[str, ...]]] = {}
        self._all: dict[str, frozenset[bytes]] = {}

    def blobs(self, tree: str) -> frozenset[bytes]:
        """Return the binary ids of all files of a tree, at any depth. Raises Damaged where an object is missing."""
        if tree not in self._all:
            self.load([tree])
            own, below = self._own[tree]
            self._all[tree] = own.union(*map(self.blobs, below))
        return self._all[tree]

    def load(self, wanted: Sequence[str]) -> None:
        """Read these trees and all below them, a level of all of them at a time."""
        while wanted := [tree for tree in dict.fromkeys(wanted) if tree not in self._own]:
            below: list[str] = []
            for tree, data in zip(wanted, self._git.cat_file(wanted), strict=True):
                entries = _entries(data, len(tree) // 2)
                own = frozenset(name for mode, name in entries if mode in _FILES)
                folders = tuple(name.hex() for mode, name in entries if mode == b"40000")
                self._own[tree] = own, folders
                below += folders
            wanted = below


_FILES = (b"100644", b"100755", b"100664")


def _entries(data: bytes, length: int) -> list[tuple[bytes, bytes]]:
    """Return (mode, binary id) of a tree's entries; an id has `length` bytes."""
    pattern = re.compile(rb"([0-7]{5,6}) [^\0]+\0(.{%d})" % length, re.DOTALL)
    return pattern.findall(data)
