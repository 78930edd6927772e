"""Git LFS as data: pointers, attributes' filters, and the objects lying in a repository's store.

What always holds: nothing here fetches, pushes or writes; an oid is 'sha256:<hex>'; a pointer is what the Git LFS
specification (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md) calls one. Called by versions, the ledger
and the release.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.durable import hash_file
from core.errors import NotProven
from core.process import run
from core.storage import recent
from core.text import safe

#: What to do where a remote asks for a login: nothing here asks a person for one.
LOGIN = "Store a login for it with git's credential helper, or use an ssh address."
#: No pointer is larger, and a blob of another size is not looked at.
POINTER_LIMIT = 1024
_SPEC = b"version https://git-lfs.github.com/spec/v1\n"
#: A pointer as nearly all are written, read at one glance; all others are looked at closely.
_USUAL = re.compile(re.escape(_SPEC) + rb"oid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,18})\n")
_OID = re.compile(r"oid sha256:([0-9a-f]{64})")
_SIZE = re.compile(r"size (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True, order=True)
class Pointer:
    """The identity of bytes that Git LFS keeps elsewhere: `oid` is 'sha256:<hex>', `size` in bytes."""

    oid: str
    size: int


def parse_pointer(data: bytes) -> Pointer | None:
    """Read a blob as a pointer; None for anything else. Extension lines between version and oid are let be."""
    if usual := _USUAL.fullmatch(data):
        return Pointer(f"sha256:{usual[1].decode()}", int(usual[2]))
    if len(data) > POINTER_LIMIT or not data.startswith(_SPEC):
        return None
    try:
        lines = data.decode("ascii").splitlines()[1:]
    except UnicodeDecodeError:
        return None
    oids = [found[1] for line in lines if (found := _OID.fullmatch(line))]
    sizes = [int(found[1]) for line in lines if (found := _SIZE.fullmatch(line))]
    return Pointer(f"sha256:{oids[0]}", sizes[0]) if len(oids) == len(sizes) == 1 else None


def encode_pointer(pointer: Pointer) -> bytes:
    """Return the canonical bytes of a pointer, as git's clean filter writes them."""
    return _SPEC + f"oid {pointer.oid}\nsize {pointer.size}\n".encode()


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The folder in which a repository keeps its LFS objects, sharded by the first four hex digits."""

    folder: Path

    def path(self, oid: str) -> Path:
        return Path(self.where(oid))

    def where(self, oid: str) -> str:
        """Return the path of an object as text, which takes a tenth of the time: asked for every object of a version."""
        name = oid.removeprefix("sha256:")
        return f"{self.folder}/{name[:2]}/{name[2:4]}/{name}"

    def has(self, pointer: Pointer) -> bool:
        """True where the object is there with the right number of bytes; it is not read."""
        try:
            return os.stat(self.where(pointer.oid)).st_size == pointer.size
        except OSError:
            return False

    def fault(self, pointer: Pointer) -> str | None:
        """Read the object; return in a few words what is wrong with it, None where its bytes are right."""
        try:
            found = hash_file(self.path(pointer.oid))
        except FileNotFoundError:
            return "missing"
        except OSError as error:
            return f"can't be read ({safe((error.strerror or str(error)).lower())})"
        if found.size != pointer.size:
            return f"has {found.size} bytes instead of {pointer.size}"
        return None if found.oid == pointer.oid else "has other bytes than its name says"


def store_of(root: Path) -> ObjectStore:
    """Return where the repository at `root` (work tree or bare) keeps its LFS objects.

    Asks git for the common folder of all work trees and for `lfs.storage`, again only after the repository's own
    configuration was written. Raises what git says for no repository.
    """
    stamp = _stamp(root / ".git" / "config")
    known = _stores.get(root)
    if known is not None and stamp is not None and known[0] == stamp:
        return known[1]
    common = recent.path(root, "common") or Path(
        run(["git", "rev-parse", "--git-common-dir"], cwd=root).text.removesuffix("\n")
    )
    base = (root / common).resolve()
    if (config := recent.config(root)) is not None:
        told = config.get("lfs.storage", "").strip()
    else:
        told = run(["git", "config", "--get", "lfs.storage"], cwd=root, check=False).text.strip()
    folder = (base / told) if told else base / "lfs"
    store = ObjectStore(folder / "objects")
    if stamp is not None:
        _stores[root] = (stamp, store)
    return store


#: Where the stores of repositories are, with what their configuration's file was like when git was asked.
_stores: dict[Path, tuple[tuple[int, ...], ObjectStore]] = {}


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns


def filters_right(config: Mapping[str, str]) -> bool:
    """True where git is told, by that configuration, to run git-lfs on what the attributes name."""
    clean = config.get("filter.lfs.clean", "")
    process = config.get("filter.lfs.process", "")
    return "git-lfs clean" in clean and (not process or "git-lfs filter-process" in process)


@dataclass(frozen=True, slots=True)
class Fault:
    """An object that is not right at some place: which, and in a few words what is wrong."""

    pointer: Pointer
    what: str


def faults_in(store: ObjectStore, pointers: Iterable[Pointer], *, full: bool) -> list[Fault]:
    """Return what is wrong with these objects in a store: by presence and size, or with `full` by their bytes."""
    found = []
    for pointer in pointers:
        what = store.fault(pointer) if full else None if store.has(pointer) else "missing or of another size"
        if what:
            found.append(Fault(pointer, what))
    return found


def remote_folder(url: str, root: Path) -> Path | None:
    """Return the folder a remote's URL means, None where it is a server. `file://` and plain paths are folders."""
    if url.startswith("file://"):
        from urllib.parse import unquote

        return Path(unquote(url.removeprefix("file://").removeprefix("localhost")))
    if "://" in url or re.match(r"[^/]+:", url):
        return None
    return (root / url).resolve()


def remote_store(url: str, root: Path) -> ObjectStore:
    """Return the object store of a folder remote. Raises NotProven where no repository answers there."""
    from core.errors import PrintModelsError

    folder = remote_folder(url, root)
    if folder is None or not folder.is_dir():
        raise NotProven(
            f"The remote {safe(url)} is not there.",
            "Connect the disk or correct its address, then push again.",
        )
    try:
        return store_of(folder)
    except PrintModelsError as error:
        raise NotProven(
            f"The remote {safe(url)} is no git repository one can read: {error.what}",
            "Look at the folder, then push again.",
            detail=error.detail,
        ) from error
