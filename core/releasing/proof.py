"""Proofs of a release: the index, the commit and the objects hold exactly what the version's manifest says.

What always holds: a tag is only made after all three; what is compared are the bytes git and Git LFS hold, not what a
program said it did. An object's name is the hash of its bytes: where the name is the right one, the index need not be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from core.durable import explain
from core.errors import Damaged, Refused
from core.human import plural
from core.progress import CancelToken, Progress, Report
from core.releasing.cargo import Cargo
from core.storage.git import Entry, Git
from core.storage.lfs import ObjectStore, Pointer, encode_pointer, parse_pointer
from core.text import safe
from core.versions.manifest import CARD


def files(
    git: Git,
    cargo: Cargo,
    entries: Mapping[str, Entry],
    where: str,
    *,
    tagged: bool = False,
    by_name: bool = False,
) -> None:
    """Prove that `entries` (of the index or a commit) are the version: every file, nothing else, images as pointers.

    A `tagged` commit may hold an older card than the folder: a promoted model is written into it in a later commit.
    `by_name` reads of git only what has another name than its bytes would give; else every blob is read.
    Raises Refused where a file is missing or one too many, Damaged where bytes differ from the manifest's.
    """
    wanted = set(cargo.paths)
    missing, extra = sorted(wanted - set(entries)), sorted(set(entries) - wanted)
    if missing:
        raise Refused(
            f"{plural(len(missing), 'file')} of {plural(len(wanted), 'file')} of {cargo.folder} "
            f"{'is' if len(missing) == 1 else 'are'} not in {where}, for example {safe(missing[0], limit=120)}.",
            "Look for an ignore rule with: git check-ignore -v that file; then release again.",
        )
    if extra:
        raise Refused(
            f"{cargo.folder} holds {plural(len(extra), 'file')} in {where} that the version does not have, "
            f"for example {safe(extra[0], limit=120)}.",
            "Take it out with: git rm --cached that file; then release again.",
        )
    odd = [path for path in cargo.paths if entries[path].stage or not entries[path].mode.startswith("100")]
    if odd:
        raise Damaged(
            f"{safe(odd[0])} is no plain file in {where}.", "Add it again with git add; then release."
        )
    texts = [path for path in cargo.texts if not (tagged and path.rsplit("/", 1)[-1] == CARD)]
    wanted_bytes = {path: encode_pointer(pointer) for path, pointer in cargo.images.items()}
    wanted_bytes |= {path: _bytes_of(git, path) for path in texts}
    wrong = _wrong(git, wanted_bytes, entries, by_name=by_name)
    _images(cargo, [(path, data) for path, data in wrong.items() if path in cargo.images], where)
    for path in wrong:
        raise Damaged(
            f"{safe(path)} in {where} has other bytes than the file.",
            "Look for a filter or line-ending rule with: git check-attr -a that file.",
        )


def _bytes_of(git: Git, path: str) -> bytes:
    try:
        return (git.root / path).read_bytes()
    except OSError as error:
        raise explain(error, f"reading {path}") from error


def _wrong(
    git: Git, wanted: Mapping[str, bytes], entries: Mapping[str, Entry], *, by_name: bool
) -> dict[str, bytes]:
    """Return path → the bytes git has, of those that are not the bytes `wanted`; all of them by one process."""
    doubtful = [p for p, data in wanted.items() if not (by_name and _named(data, entries[p].blob))]
    found = git.cat_file([entries[path].blob for path in doubtful])
    return {path: data for path, data in zip(doubtful, found, strict=True) if data != wanted[path]}


def _named(data: bytes, blob: str) -> bool:
    """True where a blob's name is that of these bytes, in either of git's hashes."""
    kind = hashlib.sha256 if len(blob) == 64 else hashlib.sha1
    return kind(b"blob %d\0" % len(data) + data).hexdigest() == blob


def _images(cargo: Cargo, wrong: Sequence[tuple[str, bytes]], where: str) -> None:
    if not wrong:
        return
    path, data = wrong[0]
    told = parse_pointer(data)
    if told is None:
        raise Damaged(
            f"{plural(len(wrong), 'image')} would be committed raw instead of as a Git LFS pointer in {where}, "
            f"for example {safe(path, limit=120)}.",
            f"Stage them anew: git rm -r -q --cached {safe(cargo.folder)}; then release again.",
        )
    raise Damaged(
        f"{safe(path, limit=120)} in {where} points to {told.oid[:19]}…, the manifest says "
        f"{cargo.images[path].oid[:19]}….",
        "The file was changed after the export: print-models verify shows which; get it back or export again.",
    )


def objects(store: ObjectStore, cargo: Cargo, report: Report, cancel: CancelToken | None) -> None:
    """Read every LFS object of the version from the local store and prove its bytes. Raises Damaged."""
    pointers = cargo.pointers
    for done, pointer in enumerate(pointers):
        if cancel is not None:
            cancel.check()
        report(Progress("proving objects", done, len(pointers)))
        fault = store.fault(pointer)
        if fault:
            raise Damaged(
                f"The Git LFS object {_short(pointer)} of {_path_of(cargo, pointer)} {_is(fault)} on this machine.",
                f"Stage its file anew: git rm -q --cached {_path_of(cargo, pointer)}; then release again.",
            )
    report(Progress("proving objects", len(pointers), len(pointers)))


def _short(pointer: Pointer) -> str:
    return pointer.oid.removeprefix("sha256:")[:12]


def _path_of(cargo: Cargo, pointer: Pointer) -> str:
    return safe(next(path for path, known in cargo.images.items() if known == pointer), limit=120)


def _is(fault: str) -> str:
    return f"is {fault}" if fault == "missing" else fault
