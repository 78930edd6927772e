"""Staging a version's images without git reading them: pointers as blobs, entries with what lstat says.

What always holds: the result is what `git add` would make, to the byte, and where anything is set up in a way that could
make it differ nothing is done, and `git add` does it; every image that is staged was read and hashed by this process, or
shares the bytes of an object that was; the index is the old one or the new one. Called by a release.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence

from core.durable import explain
from core.errors import Damaged
from core.progress import CancelToken, Progress, Report
from core.storage import index_file
from core.storage.git import Git
from core.storage.index_file import Foreign, Staged
from core.storage.lfs import Pointer, encode_pointer, store_of
from core.storage.placing import Shelf, shelf_of
from core.storage.proven import Proven, file_stat, stamp_of, take_links
from core.text import safe
from core.workspace import Workspace

_CLEAN = {"git-lfs clean -- %f", "git-lfs clean %f"}
_PROCESS = {"", "git-lfs filter-process", "git-lfs filter-process --skip"}
#: What an image's attributes have to be, so that its blob is its pointer and nothing else.
WANTED = {
    "filter": {"lfs"},
    "text": {"unset"},
    "ident": {"unspecified", "unset"},
    "working-tree-encoding": {"unspecified", "unset"},
}


def enter(
    workspace: Workspace,
    git: Git,
    images: Mapping[str, Pointer],
    attributes: Mapping[str, Mapping[str, str]],
    report: Report,
    cancel: CancelToken | None,
) -> str:
    """Stage these images, path → pointer, objects included; return '' or why it is left to `git add`.

    `attributes` is what git says of the attributes WANTED for each path, attribute → path → value.
    Raises Damaged where a file has other bytes than its pointer says, Busy where another git holds the index, what
    `explain` says of a full or failing disk.
    """
    config = git.config()
    why = _unusual(config) or _other_attributes(attributes)
    if why or not images:
        return why or "there are none"
    index, hash_name = git.git_path("index"), config.get("extensions.objectformat", "sha1")
    try:
        before = index_file.read(index, hash_name)
        pointers = {path: encode_pointer(pointer) for path, pointer in images.items()}
        names = {path: _blob_name(data, hash_name) for path, data in pointers.items()}
        staged = before.blobs_of({os.fsencode(path) for path in images})
        if any(names[os.fsdecode(path)] != blob for path, blob in staged.items()):
            return "the index has an image of the version otherwise"
        with shelf_of(workspace, store_of(workspace.root)) as shelf:
            stats = _objects(workspace, shelf, images, report, cancel)
        known = before.blobs
        fresh = {names[path]: data for path, data in pointers.items() if names[path] not in known}
        if fresh:
            git.import_blobs(fresh.values(), cancel=cancel)
        files = [Staged(os.fsencode(path), names[path], stats[path]) for path in images]
        with index_file.locked(index) as lock:
            now = index_file.again(before, index)
            lock.put(index_file.with_files(now, files, root=workspace.root, touched=take_links()))
    except Foreign as error:
        return f"the index is written by git alone: {error}"
    except OSError as error:
        raise explain(error, "staging the images") from error
    return ""


def _unusual(config: Mapping[str, str]) -> str:
    """Say what of the configuration is not as `git lfs install` leaves it; '' for nothing."""
    if (
        config.get("filter.lfs.clean", "") not in _CLEAN
        or config.get("filter.lfs.process", "") not in _PROCESS
    ):
        return "the filter is not the one of git-lfs alone"
    if any(key.startswith("lfs.extension.") for key in config) or config.get("lfs.storage"):
        return "git-lfs has extensions or a storage elsewhere"
    odd = ("core.sparsecheckout", "core.ignorecase", "core.splitindex", "core.untrackedcache")
    on = [key for key in odd if config.get(key, "false").lower() not in ("false", "no", "off", "0", "keep")]
    if on or config.get("core.sharedrepository", "umask").lower() not in ("umask", "false", "0"):
        return f"{on[0] if on else 'core.sharedrepository'} is set"
    if config.get("extensions.objectformat", "sha1") not in ("sha1", "sha256"):
        return "its objects have names of another kind"
    return ""


def _other_attributes(attributes: Mapping[str, Mapping[str, str]]) -> str:
    for name, wanted in WANTED.items():
        for path, value in attributes[name].items():
            if value not in wanted:
                return f"{path} has the attribute {name}: {value}"
    return ""


def _blob_name(data: bytes, hash_name: str) -> bytes:
    return hashlib.new(hash_name, b"blob %d\0" % len(data) + data).digest()


def _objects(
    workspace: Workspace,
    shelf: Shelf,
    images: Mapping[str, Pointer],
    report: Report,
    cancel: CancelToken | None,
) -> dict[str, os.stat_result]:
    """Return lstat of every image, path → stat, with its object in the store; what was not read yet is read once."""
    found = {}
    for done, (path, pointer) in enumerate(images.items()):
        at = file_stat(workspace.root / path, pointer.oid)
        if at is None or not shelf.proven.holds(pointer):
            if cancel is not None:
                cancel.check()
            report(Progress("reading the images", done, len(images)))
            at = _taken_in(workspace, shelf, path, pointer)
        found[path] = at
    shelf.publish()
    report(Progress("staging", len(images), len(images)))
    return found


def _taken_in(workspace: Workspace, shelf: Shelf, path: str, pointer: Pointer) -> os.stat_result:
    """Read an image of the work tree, prove its bytes, and put its object where it is lacking; return its lstat."""
    name = os.fspath(workspace.root / path)
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            raise
        gone = "is not there any more" if error.errno == errno.ENOENT else "is no plain file any more"
        raise Damaged(
            f"{safe(path, limit=120)} {gone}: the folder was changed after the export.",
            "Get the file back, or remove the folder and release again.",
        ) from error
    with os.fdopen(fd, "rb", buffering=0) as file:
        before = os.fstat(fd)
        data = file.read() if stat.S_ISREG(before.st_mode) else b""
        same = stamp_of(os.fstat(fd)) == stamp_of(before)
    if not same or f"sha256:{hashlib.sha256(data).hexdigest()}" != pointer.oid:
        raise Damaged(
            f"{safe(path, limit=120)} has other bytes than the manifest says, {pointer.oid[:19]}….",
            "The file was changed after the export: print-models verify shows which; get it back or export again.",
        )
    if not shelf.adopt(pointer):
        shelf.place(pointer, data, (None, name), before.st_mtime_ns, copied=True)
        if not shelf.same(pointer.oid, data):
            raise Damaged(
                f"The Git LFS object of {safe(path, limit=120)} was written with other bytes than were read.",
                "Look at the disk (dmesg), then run it again.",
            )
    return before


def unproven(workspace: Workspace, pointers: Sequence[Pointer]) -> set[Pointer]:
    """Return the objects that are not known to have been read back and left alone since."""
    proven = Proven(workspace, store_of(workspace.root))
    return {pointer for pointer in pointers if not proven.holds(pointer)}
