"""Where a remote keeps its LFS objects, a folder or a server, behind one face: what it lacks, and whether its bytes are right.

What always holds: nothing is sent or written here. Called by the push of a release, `verify --remote` and `sync`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from core.progress import CancelToken
from core.storage import plans
from core.storage.git import Git
from core.storage.lfs import Fault, ObjectStore, Pointer, faults_in, remote_folder, remote_store

if TYPE_CHECKING:
    from core.storage.lfs_server import Server

#: How objects that came to a remote are proven there: read again and hashed, or asked for by presence and size.
Proof = Literal["full", "presence"]
Done = Callable[[int], None]


class Depot(Protocol):
    """What a remote has of objects; every method raises PrintModelsError where it does not answer or refuses."""

    def wants(self, pointers: Sequence[Pointer]) -> list[Pointer]:
        """Return those it lacks and would take."""

    def absent(self, pointers: Sequence[Pointer]) -> list[Fault]:
        """Return what is missing there or of another size; no bytes are read."""

    def faults(self, pointers: Sequence[Pointer], done: Done) -> list[Fault]:
        """Read all of them there and return what is wrong; `done` is told how many are read."""


class Folder:
    """The store of a repository on a disk."""

    def __init__(self, store: ObjectStore, cancel: CancelToken | None) -> None:
        self.store, self._cancel = store, cancel

    def wants(self, pointers: Sequence[Pointer]) -> list[Pointer]:
        return [fault.pointer for fault in self.absent(pointers)]

    def absent(self, pointers: Sequence[Pointer]) -> list[Fault]:
        return faults_in(self.store, pointers, full=False)

    def faults(self, pointers: Sequence[Pointer], done: Done) -> list[Fault]:
        found = []
        for number, pointer in enumerate(pointers, 1):
            if self._cancel is not None:
                self._cancel.check()
            if what := self.store.fault(pointer):
                found.append(Fault(pointer, what))
            done(number)
        return found


class Behind:
    """A Git LFS server; `ref` is the branch that an upload is for, since a server may decide by it."""

    def __init__(self, server: Server, ref: str) -> None:
        self.server, self._ref = server, ref

    def wants(self, pointers: Sequence[Pointer]) -> list[Pointer]:
        return self.server.wants(pointers, self._ref)

    def absent(self, pointers: Sequence[Pointer]) -> list[Fault]:
        return self.server.absent(pointers)

    def faults(self, pointers: Sequence[Pointer], done: Done) -> list[Fault]:
        return self.server.faults(pointers, done)


def depot(git: Git, url: str, ref: str = "", cancel: CancelToken | None = None) -> Folder | Behind:
    """Return what keeps the objects at an address. Raises NotProven for a folder that is not there."""
    if remote_folder(url, git.root) is None:
        from core.storage.lfs_server import Server  # with all that speaks HTTP, which a folder does not need

        return Behind(Server(git, url, cancel), ref)
    return Folder(remote_store(url, git.root), cancel)


def proof_for(url: str, root: Path, named: str = "") -> Proof:
    """Return how objects at an address are proven: as `named`, else read again but where a host bills for reading."""
    if named == "full":
        return "full"
    if named == "presence":
        return "presence"
    if remote_folder(url, root) is not None:
        return "full"
    hosted = plans.guess({"origin": url})
    return "full" if hosted is not None and hosted.name == "self-hosted" else "presence"
