"""Proofs of a release: the index, the commit and the objects hold exactly what the version's manifest says.

What always holds: a tag is only made after all three; what is compared are the bytes git and Git LFS hold, not what a
program said it did.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.durable import explain
from core.errors import Damaged, Refused
from core.human import plural
from core.progress import CancelToken, Progress, Report
from core.releasing.cargo import Cargo
from core.storage.git import Entry, Git
from core.storage.lfs import ObjectStore, Pointer, encode_pointer, parse_pointer
from core.text import safe
from core.versions.manifest import CARD


def files(git: Git, cargo: Cargo, entries: Mapping[str, Entry], where: str, *, tagged: bool = False) -> None:
    """Prove that `entries` (of the index or a commit) are the version: every file, nothing else, images as pointers.

    A `tagged` commit may hold an older card than the folder: a promoted model is written into it in a later commit.
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
    _images(git, cargo, entries, where)
    _texts(git, cargo, entries, where, but=CARD if tagged else "")


def _images(git: Git, cargo: Cargo, entries: Mapping[str, Entry], where: str) -> None:
    blobs = git.cat_file([entries[path].blob for path in cargo.images])
    wrong = [
        (path, data)
        for (path, pointer), data in zip(cargo.images.items(), blobs, strict=True)
        if data != encode_pointer(pointer)
    ]
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


def _texts(git: Git, cargo: Cargo, entries: Mapping[str, Entry], where: str, *, but: str) -> None:
    root = git.root
    texts = [path for path in cargo.texts if path.rsplit("/", 1)[-1] != but]
    for path, data in zip(texts, git.cat_file([entries[p].blob for p in texts]), strict=True):
        try:
            same = (root / path).read_bytes() == data
        except OSError as error:
            raise explain(error, f"reading {path}") from error
        if not same:
            raise Damaged(
                f"{safe(path)} in {where} has other bytes than the file.",
                "Look for a filter or line-ending rule with: git check-attr -a that file.",
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
